// Package responses reads the responses of each selected survey, and finds the ones that were
// deleted.
package responses

import (
	"context"
	"errors"
	"fmt"
	"iter"

	"github.com/birdie-ai/source-qualtrics/source/feed"
)

var _ = feed.Register(Feed{})

// Feed reads the responses of surveys.
type Feed struct{}

// Kind returns the kind of the feed.
func (Feed) Kind() feed.Kind { return feed.Responses }

// Partitions yields the selected surveys, then those that left the selection since they
// were read last, and those that disappeared from the account's list.
func (Feed) Partitions(ctx context.Context, env *feed.Env) iter.Seq2[feed.Partition, error] {
	return func(yield func(feed.Partition, error) bool) {
		surveys, err := env.Surveys(ctx)
		if err != nil {
			yield(feed.Partition{}, err)
			return
		}
		for i := range surveys {
			survey := &surveys[i]
			partition := feed.Partition{Kind: feed.Responses, Key: string(survey.ID), Name: survey.Name, Named: len(env.Selection.IDs) > 0, Survey: survey}
			if !yield(partition, nil) {
				return
			}
		}
		for partition := range env.UnselectedSurveys() {
			if !yield(partition, nil) {
				return
			}
		}
		if err := env.SurveyWithoutID(); err != nil {
			yield(feed.Partition{}, err)
		}
	}
}

// Fetch delivers the responses that were modified since the position, less the look-back.
// The first load delivers all responses.
func (Feed) Fetch(ctx context.Context, env *feed.Env, request feed.Request, out feed.Out) error {
	f := newSurveyFetch(env, request, out)
	switch {
	case f.partition.Missing != nil:
		return f.gone.missing(&request)
	case f.partition.Left != "" && !f.readsLeft(&request):
		return nil
	}
	err := f.prepare(ctx, &request)
	if err == nil {
		err = f.run(ctx)
	}
	switch {
	case errors.Is(err, errLoadAgain):
		f.env.Log.Warn("more responses changed than the audit can identify: reading the survey again", "survey", f.survey)
		err = f.loadAgain(ctx)
	case errors.Is(err, errRenamed) && len(f.auditor.beside) > 0:
		err = fmt.Errorf("%w: the meaning of names has changed", feed.ErrCannotJoin)
	case errors.Is(err, errRenamed):
		err = f.readAgain(ctx)
	}
	if err = f.finish(f.boundary(ctx, &request, err)); err == nil && f.partition.Left != "" {
		return f.endLeft()
	}
	return f.state.denied(err)
}
