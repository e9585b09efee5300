package responses

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"

	"github.com/birdie-ai/source-qualtrics/source/feed"
)

// goneSurvey ends the read of a survey that Qualtrics does not show any more.
type goneSurvey struct {
	*scope
	state  *checkpointer
	reader *reader
}

// missing ends the read of a survey that has a position and that disappeared from the
// account's list.
func (g *goneSurvey) missing(request *feed.Request) error {
	verdict := g.partition.Missing
	var (
		gone      *feed.GoneError
		withdrawn *feed.WithdrawnError
		unknown   *feed.UnknownError
	)
	switch {
	case errors.As(verdict, &unknown):
		return verdict
	case len(request.Positions()) == 0:
		return nil
	case errors.As(verdict, &gone):
		return g.bury(request)
	case errors.As(verdict, &withdrawn) && g.env.Selection.SkipWithdrawn:
		return &feed.Skipped{Reason: fmt.Sprintf("survey %s is not shown to this account any more: %v", g.partition, withdrawn.Err), Withdrawn: true}
	default:
		return verdict
	}
}

// notFound finds the reason why Qualtrics answered "not found" about a survey that is listed
// or named.
func (g *goneSurvey) notFound(ctx context.Context, request *feed.Request, err error) error {
	if g.partition.Named && !g.reader.exported && !g.env.SurveyExists(g.partition.Key) {
		return &feed.UnknownError{Setting: "surveys.ids", What: "survey " + g.partition.String(), Near: nil, Err: err}
	}
	verdict := g.env.ConfirmSurveyGone(ctx, g.partition.Key)
	var gone *feed.GoneError
	switch {
	case ctx.Err() != nil:
		return context.Cause(ctx)
	case errors.As(verdict, &gone):
		return g.bury(request)
	case verdict == nil, errors.Is(verdict, feed.ErrShownAgain):
		return fmt.Errorf("survey %s exists, but Qualtrics answers calls about it as if it did not: %w", g.partition, err)
	default:
		return errors.Join(verdict, err)
	}
}

// bury reports the responses of a survey that is gone as deleted, as far as the positions
// name them. The positions are dropped when the streams of this run have read to their end.
// After an interruption all responses are reported again.
func (g *goneSurvey) bury(request *feed.Request) error {
	ids, others, err := g.reportAll(request)
	if err != nil {
		return err
	}
	reason := "survey " + g.partition.String() + " is gone"
	if g.env.AuditEvery == 0 {
		reason += "; its responses stay at the destination, because deletions.mode is off"
	} else {
		g.report.Unresolved = others
		reason += fmt.Sprintf("; %d of its responses are reported as deleted", len(ids))
		if others > 0 {
			reason += fmt.Sprintf(", and about %d that the state does not name stay at the destination: leave them out by surveys.deleted_at", others)
		}
	}
	g.env.MarkGone(g.partition.Key)
	if g.partition.Named {
		g.env.Log.Warn("a survey that surveys.ids names is gone", "survey", g.survey, "reason", reason)
		return &feed.UnknownError{Setting: "surveys.ids", What: "survey " + g.partition.String(), Near: nil, Err: feed.ErrDeleted}
	}
	return &feed.Skipped{Reason: reason, Gone: true}
}

// reportAll reports the responses that the positions name as deleted, if deletions are
// followed. It returns their ids and an estimate of the responses without a known id.
func (g *goneSurvey) reportAll(request *feed.Request) (ids []string, others int64, err error) {
	g.to, _ = g.env.Client.ServerTime()
	named, newest := make(map[string]bool), &tracker{}
	for _, position := range request.Positions() {
		one := *request
		one.Position = position
		var p surveyPosition
		if err := one.Understand(&p); err != nil {
			return nil, 0, err
		}
		t, err := newTracker(p.Tracker, g.env.SurveyCount())
		if err != nil {
			return nil, 0, &feed.PositionError{Partition: g.partition, Err: err}
		}
		known, more := t.all()
		for _, id := range known {
			named[id] = true
		}
		others, newest.newest = max(others, more), max(newest.newest, t.newest)
	}
	if g.env.AuditEvery == 0 {
		return nil, 0, nil
	}
	ids = slices.Sorted(maps.Keys(named))
	return ids, others, g.tombstones(newest, ids)
}

// tombstones reports responses as deleted.
func (g *goneSurvey) tombstones(t *tracker, ids []string) error {
	if len(ids) == 0 {
		return nil
	}
	at := t.tombstoneTime(g.to)
	for _, id := range ids {
		if err := g.state.out.Document(&feed.Document{Partition: g.partition, ID: id, DeletedAt: at, ReadAt: g.to}); err != nil {
			return err
		}
		g.report.Deleted++
	}
	return nil
}
