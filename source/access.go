package source

import (
	"context"
	"encoding/json"
	"errors"
	"iter"
	"slices"

	"github.com/birdie-ai/source-qualtrics/source/config"
	"github.com/birdie-ai/source-qualtrics/source/engine"
	"github.com/birdie-ai/source-qualtrics/source/feed"
	"github.com/birdie-ai/source-qualtrics/source/qualtrics"
	"github.com/birdie-ai/source-qualtrics/source/stream"
)

// readsFrom returns the feed whose calls a stream needs permission for. sync_audit
// needs the permission to read responses.
func readsFrom(s *stream.Stream) feed.Kind {
	if s.Feed == feed.SyncAudit {
		return feed.Responses
	}
	return s.Feed
}

// readable lists the streams that are read by default: all but those that the
// account cannot read. Where the user merely has no permission to export, the
// responses stay: reading them says so, and nobody takes no rows for none.
//
// Wide streams come with the columns that their surveys have now.
func (r *invocation) readable(ctx context.Context, s *config.Settings, client *qualtrics.Client, states map[string]json.RawMessage, before columnsBefore) ([]*stream.Stream, []engine.Want, error) {
	denied := make(map[feed.Kind]error)
	for survey, err := range client.Surveys(ctx) {
		var nameless *qualtrics.ElementError
		switch {
		case errors.As(err, &nameless):
			continue
		case err != nil:
			return nil, nil, hinted(client, err)
		case !s.Selection.Takes(&survey):
			continue
		}
		if err := tryResponses(ctx, client, survey.ID); qualtrics.IsMissingScope(err) {
			denied[feed.Responses] = err
		}
		break
	}
	note := func(kind feed.Kind, err error) error {
		switch {
		case ctx.Err() != nil:
			return context.Cause(ctx)
		case isAuth(err):
			return err
		case qualtrics.Kind(err) == qualtrics.KindConfig:
			denied[kind] = err
		}
		return nil
	}
	if err := note(feed.Contacts, tryContacts(ctx, client, s.Selection.Directories)); err != nil {
		return nil, nil, err
	}
	for kind, err := range probes(ctx, client, &s.Selection) {
		if err := note(kind, err); err != nil {
			return nil, nil, err
		}
	}
	r.warn(denied)
	streams := slices.DeleteFunc(byDefault(), func(each *stream.Stream) bool { return denied[readsFrom(each)] != nil })
	if denied[feed.Responses] != nil {
		return streams, nil, nil
	}
	wide, err := r.wideWants(ctx, s, client, states, before)
	return streams, wide, err
}

// byDefault are the streams that are read unless the user names others.
func byDefault() []*stream.Stream {
	return slices.DeleteFunc(stream.All(), (*stream.Stream).OnRequest)
}

// probes tries the list of each stream that is read by default, and yields the error of each.
// The surveys have been listed before.
func probes(ctx context.Context, client *qualtrics.Client, selection *feed.Selection) iter.Seq2[feed.Kind, error] {
	return func(yield func(feed.Kind, error) bool) {
		for _, each := range byDefault() {
			source, _ := feed.ByKind(each.Feed)
			list, ok := source.(feed.ListFeed)
			if !ok || each.Feed == feed.SurveyList {
				continue
			}
			if err := list.Probe(ctx, client, selection); err != nil && !yield(each.Feed, err) {
				return
			}
		}
	}
}

// warn logs which streams cannot be read.
func (r *invocation) warn(denied map[feed.Kind]error) {
	for _, each := range stream.All() {
		if err := denied[readsFrom(each)]; err != nil {
			r.log.Warn("the account cannot read a stream", "stream", each.Name, "error", err)
		}
	}
}

// tryResponses asks for a response that does not exist. An OAuth client without
// the scope for responses is told so before the response is looked for (*assumed*).
func tryResponses(ctx context.Context, client *qualtrics.Client, survey qualtrics.SurveyID) error {
	_, err := client.Response(ctx, survey, "R_000000000000000")
	return err
}

// tryContacts reads the first contact of the first directory of those that are
// chosen; none chosen means all.
func tryContacts(ctx context.Context, client *qualtrics.Client, chosen []string) error {
	for directory, err := range client.Directories(ctx) {
		if err != nil {
			return err
		}
		if len(chosen) > 0 && !slices.Contains(chosen, string(directory.ID)) {
			continue
		}
		for _, err := range client.Contacts(ctx, directory.ID) {
			return err
		}
		return nil
	}
	return nil
}

// isAuth reports whether the credentials were refused.
func isAuth(err error) bool {
	var auth *qualtrics.AuthError
	return errors.As(err, &auth)
}
