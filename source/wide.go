package source

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"slices"

	"github.com/birdie-ai/source-qualtrics/source/config"
	"github.com/birdie-ai/source-qualtrics/source/engine"
	"github.com/birdie-ai/source-qualtrics/source/failures"
	"github.com/birdie-ai/source-qualtrics/source/feed"
	"github.com/birdie-ai/source-qualtrics/source/qualtrics"
	"github.com/birdie-ai/source-qualtrics/source/stream"
)

// wideSurveys are the surveys of an account, for their wide streams.
type wideSurveys struct {
	client  *qualtrics.Client
	tags    bool            // names of columns begin with export tags
	surveys []feed.Survey   // those that may have a wide stream
	exist   map[string]bool // names of the streams that all surveys of the account would have
	before  columnsBefore
}

// columnsBefore returns the columns of value keys that a stream had in an earlier run.
type columnsBefore func(stream string) ([]stream.WideColumn, error)

// noColumns is for outputs without such a memory.
func noColumns(string) ([]stream.WideColumn, error) { return nil, nil }

// wideSurveys lists the selected surveys.
func (r *invocation) wideSurveys(ctx context.Context, s *config.Settings, client *qualtrics.Client, before columnsBefore) (*wideSurveys, error) {
	account := r.viewer(s, client)
	account.Log = slog.New(slog.DiscardHandler) // check and read review the selection
	selected, err := account.Surveys(ctx)
	if err != nil {
		return nil, hinted(client, err)
	}
	all, err := account.AllSurveys(ctx)
	if err != nil {
		return nil, err
	}
	r.warnAboutPatterns(s, all)
	w := &wideSurveys{client: client, tags: s.ResponsesWide.ColumnNames == config.NamesOfTags, surveys: selected, exist: make(map[string]bool), before: before}
	ids := make([]string, len(all))
	for i := range all {
		ids[i] = string(all[i].ID)
	}
	for _, name := range stream.WideNames(ids) {
		w.exist[name] = true
	}
	return w, nil
}

// chosen lists the names of the streams that the configuration asks for, with their surveys.
func (w *wideSurveys) chosen(patterns feed.Patterns) (names []string, surveys []feed.Survey) {
	var ids []string
	for i := range w.surveys {
		if patterns.Match(&w.surveys[i]) {
			surveys, ids = append(surveys, w.surveys[i]), append(ids, string(w.surveys[i].ID))
		}
	}
	return stream.WideNames(ids), surveys
}

// stream makes the stream of a survey by its response schema. A stream that cannot be made
// comes with the columns of an earlier run, and with an error.
func (w *wideSurveys) stream(ctx context.Context, name string, survey *feed.Survey) (*stream.Stream, error) {
	before, err := w.before(name)
	if err != nil {
		return nil, err
	}
	schema, err := w.client.ResponseSchema(ctx, survey.ID)
	switch {
	case ctx.Err() != nil:
		return nil, context.Cause(ctx)
	case err != nil:
		err = fmt.Errorf("reading the response schema of survey %s (%.60q), which names the columns: %w", survey.ID, survey.Name, err)
	default:
		var made *stream.Stream
		if made, err = stream.Wide(name, stream.MergeWide(before, stream.WideColumns(schema, w.tags))); err == nil {
			return made, nil
		}
	}
	if tooWide(err) {
		err = failures.Config("survey %s (%.60q): %w", survey.ID, survey.Name, err)
	}
	made, beforeErr := stream.Wide(name, before)
	return made, errors.Join(err, beforeErr)
}

// earlier makes a stream with the columns of an earlier run.
func (w *wideSurveys) earlier(name string) (*stream.Stream, error) {
	columns, err := w.before(name)
	if err != nil {
		return nil, err
	}
	return stream.Wide(name, columns)
}

func tooWide(err error) bool {
	var wide *stream.TooWideError
	return errors.As(err, &wide)
}

// discoverWide makes the streams of the surveys that the configuration chooses. A survey that
// cannot have one is logged. An error that may pass ends it: without a stream in the catalog,
// a platform would remove its table.
func (r *invocation) discoverWide(ctx context.Context, s *config.Settings) (made []*stream.Stream, err error) {
	if len(s.Wide) == 0 {
		return nil, nil
	}
	client, err := r.client(s, nil)
	if err != nil {
		return nil, err
	}
	account, err := r.wideSurveys(ctx, s, client, noColumns)
	if err != nil {
		return nil, err
	}
	names, surveys := account.chosen(s.Wide)
	for i, name := range names {
		one, err := account.stream(ctx, name, &surveys[i])
		switch {
		case err == nil:
			made = append(made, one)
		case tooWide(err), qualtrics.IsPermanent(err) && !isAuth(err):
			r.log.Warn("a survey has no wide stream", "stream", name, "reason", err)
		default:
			return nil, err
		}
	}
	slices.SortFunc(made, func(a, b *stream.Stream) int { return cmp.Compare(a.Name, b.Name) })
	return made, nil
}

// wideWants are the wide streams that a run without a catalog reads. A survey that was read
// before and is not listed any more is among them: its responses may have been deleted.
func (r *invocation) wideWants(ctx context.Context, s *config.Settings, client *qualtrics.Client, states map[string]json.RawMessage, before columnsBefore) (wants []engine.Want, err error) {
	if len(s.Wide) == 0 {
		return nil, nil
	}
	account, err := r.wideSurveys(ctx, s, client, before)
	if err != nil {
		return nil, err
	}
	names, surveys := account.chosen(s.Wide)
	for i, name := range names {
		one, err := account.stream(ctx, name, &surveys[i])
		if one == nil {
			return nil, err
		}
		wants = append(wants, engine.Want{Stream: one, Err: err})
	}
	for _, name := range slices.Sorted(maps.Keys(states)) {
		if !stream.IsWide(name) || account.exist[name] || slices.Contains(names, name) {
			continue
		}
		state, err := engine.ParseState(name, states[name])
		if err != nil {
			return nil, err
		}
		if len(state.Positions) == 0 {
			continue
		}
		one, err := account.earlier(name)
		if err != nil {
			return nil, err
		}
		wants = append(wants, engine.Want{Stream: one})
	}
	return wants, nil
}

// streamOf returns the stream that a catalog names; nil: there is none. A wide stream has the
// columns of the catalog, so that it can be read without another call. It is bare if the
// catalog names no columns.
func streamOf(name string, properties map[string]json.RawMessage) (known *stream.Stream, bare bool, err error) {
	if !stream.IsWide(name) || len(properties) == 0 {
		known, _ = stream.ByName(name)
		return known, known != nil && known.Takes != nil, nil
	}
	known, err = stream.Wide(name, stream.WideColumnsOf(properties))
	return known, false, err
}

// completeWide gives the columns of value keys to wide streams that were selected by their
// names alone. Without a survey or a state, such a name is a mistake.
func (r *invocation) completeWide(ctx context.Context, s *config.Settings, wants []engine.Want, bare map[string]bool, states map[string]json.RawMessage, before columnsBefore) error {
	if !slices.ContainsFunc(wants, func(w engine.Want) bool { return bare[w.Stream.Name] }) {
		return nil
	}
	client, err := r.client(s, nil)
	if err != nil {
		return err
	}
	account, err := r.wideSurveys(ctx, s, client, before)
	if err != nil {
		return err
	}
	for i := range wants {
		want := &wants[i]
		name := want.Stream.Name
		if !bare[name] {
			continue
		}
		at := slices.IndexFunc(account.surveys, func(survey feed.Survey) bool { return want.Stream.Takes(string(survey.ID)) })
		switch {
		case at >= 0:
			made, err := account.stream(ctx, name, &account.surveys[at])
			if made == nil {
				return err
			}
			want.Stream, want.Err = made, err
		case states[name] != nil:
			if want.Stream, err = account.earlier(name); err != nil {
				return err
			}
		default:
			want.Err = failures.Config("there is no stream %.80q: no selected survey has it; discover lists the streams of responses_wide.surveys", name)
		}
	}
	return nil
}
