package feed

import (
	"context"
	"errors"
	"time"

	"github.com/birdie-ai/source-qualtrics/source/qualtrics"
)

// load reads a survey for the first time. A large one is cut into windows of
// about loadRows rows, each verified and checkpointed, so that an interrupted
// load goes on where it was; the last window is open-ended.
func (f *responseFetch) load(ctx context.Context) error {
	f.loading, f.report.Reason = true, FirstLoad
	if err := f.try(); err != nil {
		return err
	}
	from, begin := f.env.Start, later(f.env.Start, f.created).Truncate(time.Second)
	if !f.position.Loading {
		f.position.Floor = epoch(f.env.Start)
		f.floor = f.position.Floor
	}
	if f.again() {
		if resync := f.resync(); f.position.Loading && f.position.Watermark > resync.Unix() {
			f.env.Log.Info("reading the survey again", "survey", f.survey, "from", resync)
			f.rewind(resync.Unix())
			f.rows.known = nil
		}
		f.position.Resynced = f.env.Resync[string(f.survey)].Unix()
	}
	if f.position.Loading {
		begin = time.Unix(f.position.Watermark, 0)
		from = begin.Add(-f.env.Lookback)
	}
	f.report.From = from
	large := f.total > f.env.loadRows()+f.env.loadRows()/2 && !f.to.IsZero() && !begin.IsZero()
	again := f.ledger != nil && f.ledger.sealed() && (!f.position.Loading || f.ledger.lacking == nil)
	f.apart = large || f.position.Loading || again
	if again {
		// A load was interrupted before its end, or is to be made once more:
		// what was announced, or sealed, may be gone by now.
		if err := f.audit(ctx, time.Time{}); err != nil {
			return err
		}
	}
	if f.apart {
		if err := f.sealFirst(ctx); err != nil {
			return err
		}
	}
	if large {
		var err error
		if from, err = f.slices(ctx, from, begin); err != nil {
			return err
		}
	}
	if _, err := f.window(ctx, from, time.Time{}); err != nil {
		return err
	}
	f.position.Loading, f.position.Tried, f.loading = false, 0, false
	if f.env.unsorted.Load() && !f.to.IsZero() {
		f.position.Swept = &stretches{At: f.to.Unix()}
	}
	if err := f.checkpoint(f.to); err != nil {
		return err
	}
	if err := f.lowerFloor(ctx); err != nil { // the load may have begun with a later start date
		return err
	}
	if err := f.complete(ctx); err != nil {
		return err
	}
	return f.settle(ctx)
}

// try notes that a load begins. Should it come to nothing, as one whose job
// never ends, the next run shall not spend all of its time on it again.
func (f *responseFetch) try() error {
	if f.env.exportsAll() || f.to.IsZero() {
		return nil
	}
	f.position.Tried = f.to.Unix()
	encoded, err := f.encode()
	if err != nil {
		return err
	}
	return f.out.Checkpoint(encoded)
}

// startOver makes the position one of a load that has read nothing.
func (f *responseFetch) startOver() {
	f.rewind(epoch(later(f.env.Start, f.created)))
	f.position.Loading = true
}

// loadAgain reads a survey from its beginning that cannot be told from what was
// delivered of it.
func (f *responseFetch) loadAgain(ctx context.Context) error {
	f.env.Log.Warn("the audit cannot name what came to light: reading the survey again", "survey", f.survey)
	f.startOver()
	f.covered = f.from()
	f.ledger.lacking, f.seals = nil, false
	err := f.load(ctx)
	if errors.Is(err, errLoadAgain) {
		return &qualtrics.ExportError{Survey: f.survey, Reason: "more came to light while it was read again: the next run goes on", Attempts: 1}
	}
	return err
}

// slices reads all but the last, open-ended window and returns where that one
// starts. Nothing says how the rows are spread over time, so the width follows
// what the windows before held. Neighbors overlap by one second, for whether
// the bounds are inclusive is a matter of trust; the row hashes take the
// overlap out again.
func (f *responseFetch) slices(ctx context.Context, from, begin time.Time) (last time.Time, err error) {
	width := max(shortest, (f.to.Sub(begin) / time.Duration(1+f.total/f.env.loadRows())).Truncate(time.Second))
	for {
		until := begin.Add(width)
		if !until.Before(f.to.Add(-f.env.Lookback)) {
			return from, nil
		}
		rows, err := f.window(ctx, from, until)
		if err != nil {
			return from, err
		}
		f.env.Log.Info("a window of the first load is complete", "survey", f.survey, "until", until, "rows", rows)
		f.position.Loading, f.position.Tried = true, 0
		if err := f.checkpoint(until); err != nil {
			return from, err
		}
		width = adapt(width, rows, f.env.loadRows(), grows)
		from, begin = until.Add(-time.Second), until
	}
}

// grows is how many times wider, or narrower, than the one before a window may
// be.
const grows = 4.0

// adapt scales a window's width towards the wanted number of rows, by so many
// times at most.
func adapt(width time.Duration, rows, wanted int64, most float64) time.Duration {
	factor := min(most, max(1/most, float64(wanted)/float64(max(rows, 1))))
	return max(shortest, time.Duration(float64(width)*factor).Truncate(time.Second))
}

func later(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}
