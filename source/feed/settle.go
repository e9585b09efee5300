package feed

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/birdie-ai/source-qualtrics/source/frame"
	"github.com/birdie-ai/source-qualtrics/source/qualtrics"
)

// settle asks for single responses: those that were announced and did not come
// with a window, and those that were not found for a while.
func (f *responseFetch) settle(ctx context.Context) error {
	if f.ledger == nil || f.to.IsZero() || len(f.ledger.intended)+len(f.ledger.absent) == 0 {
		return f.resolved()
	}
	err := errors.Join(f.fetchOwed(ctx), f.confirm(ctx))
	if err != nil && ctx.Err() != nil {
		return err
	}
	return errors.Join(err, f.checkpoint(time.Time{}), f.resolved())
}

// UnresolvedError says that an audit found more deletions than the state can
// name: those rows stay at the destination until it is filled anew.
type UnresolvedError struct {
	Survey string
	Count  int64 // about how many
}

// Error says what is left at the destination and what to do.
func (e *UnresolvedError) Error() string {
	return fmt.Sprintf("about %d rows of %s were deleted in Qualtrics and cannot be named: too many at once. Refresh the stream to get rid of them", e.Count, e.Survey)
}

func (f *responseFetch) resolved() error {
	if f.report.Missing != nil {
		*f.report.Missing = int64(len(f.ledger.intended))
	}
	if f.report.Unresolved == 0 {
		return f.unlisted
	}
	return errors.Join(f.unlisted, &UnresolvedError{f.partition.String(), f.report.Unresolved})
}

// fetchOwed delivers what was announced, or found by an audit, and did not
// come with a window. One that is gone meanwhile may have arrived before.
func (f *responseFetch) fetchOwed(ctx context.Context) error {
	ids := slices.Sorted(maps.Keys(f.ledger.intended))
	var failed error
	for _, id := range ids[:min(len(ids), mostQuestions)] {
		switch err := f.single(ctx, id); {
		case err == nil:
		case qualtrics.IsNotFound(err):
			delete(f.ledger.intended, id)
			f.miss(id)
		case ctx.Err() != nil:
			return err
		default:
			failed = fmt.Errorf("%d responses are still to be read: %w", len(f.ledger.intended), err)
		}
	}
	if failed == nil && len(f.ledger.intended) > 0 {
		failed = &qualtrics.ExportError{Survey: f.survey, Reason: fmt.Sprintf("%d responses are left for the next run", len(f.ledger.intended))}
	}
	return failed
}

// miss notes that a response was not found.
func (f *responseFetch) miss(id string) {
	f.ledger.miss(id, f.to)
}

// confirm asks for the responses that were not found at least a look-back ago:
// only Qualtrics' own word that a response does not exist makes it deleted.
func (f *responseFetch) confirm(ctx context.Context) error {
	var (
		at      time.Time // of the tombstones
		untold  int
		problem error
	)
	defer func() {
		if untold > 0 {
			f.env.Log.Warn("whether responses were deleted cannot be told yet", "survey", f.survey, "responses", untold, "error", problem)
		}
	}()
	for _, id := range f.ledger.ripe(f.to, f.env.Lookback) {
		switch _, err := f.env.Client.Response(ctx, f.survey, qualtrics.ResponseID(id)); {
		case err == nil:
			// An export missed it. It was delivered, and is no seal's: the next
			// audit looks at its version. Delivered now it would be dated by
			// this read, and win over an edit that shows late.
			f.env.probed.Store(true)
			delete(f.ledger.absent, id)
			f.ledger.delivered[id] = unknownVersion
		case qualtrics.IsGone(err) && f.trusted(ctx):
			delete(f.ledger.absent, id)
			delete(f.ledger.delivered, id)
			f.report.Deleted++
			if at.IsZero() {
				at = f.ledger.after(f.to)
			}
			if err := f.out.Document(&Document{Partition: f.partition, ID: id, DeletedAt: at, ReadAt: f.to}); err != nil {
				return err
			}
		case ctx.Err() != nil:
			return err
		default:
			untold, problem = untold+1, err
		}
	}
	return nil
}

// mostProbes is how many responses are asked for that should exist.
const mostProbes = 3

// trusted reports whether single responses can be read here at all, so that one
// that is not found does not exist: one that does has to be found. That is asked
// once per run, of responses that are known to be delivered.
func (f *responseFetch) trusted(ctx context.Context) bool {
	if f.env.probed.Load() {
		return true
	}
	known := slices.Sorted(maps.Keys(f.ledger.delivered))
	if len(known) == 0 && f.ledger.set != nil {
		known = slices.Sorted(maps.Keys(f.ledger.set.ids))
	}
	known = slices.DeleteFunc(known, func(id string) bool { _, waiting := f.ledger.absent[id]; return waiting })
	for _, id := range known[:min(len(known), mostProbes)] {
		if _, err := f.env.Client.Response(ctx, f.survey, qualtrics.ResponseID(id)); err == nil {
			f.env.probed.Store(true)
			return true
		}
	}
	return len(known) == 0 // nothing speaks against it
}

// single delivers one response. Its answer carries no modified date: the one
// that an audit saw stands in, or the time of the read, unless the export's
// rows carry none either.
func (f *responseFetch) single(ctx context.Context, id string) error {
	raw, err := f.env.Client.Response(ctx, f.survey, qualtrics.ResponseID(id))
	if err != nil {
		return err
	}
	f.env.probed.Store(true)
	value, err := frame.Record(raw)
	if err != nil {
		return fmt.Errorf("reading response %s of %s: %w", id, f.survey, err)
	}
	if err := f.response.parse(value.Raw, f.keys); err != nil {
		return fmt.Errorf("survey %s: %w", f.survey, err)
	}
	f.response.Repaired = value.Repaired
	if f.response.ID != id {
		return &qualtrics.ExportError{Survey: f.survey, Reason: fmt.Sprintf("asked for response %s, got %s", id, f.response.ID)}
	}
	if f.response.ModifiedAt.IsZero() {
		if f.response.ModifiedAt = f.modified[id]; f.response.ModifiedAt.IsZero() && !f.ledger.undated {
			f.response.ModifiedAt = later(f.to, time.Unix(f.position.Watermark, 0))
		}
	}
	recorded := f.response.time(RecordedDate)
	f.ledger.dated(present{recorded: recorded, modified: f.response.ModifiedAt})
	if err := f.forget(); err != nil {
		return err
	}
	if err := f.hand(); err != nil {
		return err
	}
	f.ledger.note(id, f.date(recorded), recorded)
	// It is delivered whatever the seal says.
	f.ledger.delivered[id] = f.date(recorded).UnixMilli()
	return nil
}
