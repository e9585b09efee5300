package responses

import (
	"context"
	"errors"
	"time"

	"github.com/birdie-ai/source-qualtrics/source/feed"
	"github.com/birdie-ai/source-qualtrics/source/feed/reconcile"
	"github.com/birdie-ai/source-qualtrics/source/frame"
	"github.com/birdie-ai/source-qualtrics/source/qualtrics"
)

// load reads a survey for the first time. A large survey is read in windows of about
// loadRows rows. Each window is verified and checkpointed, so that the next run continues
// an interrupted load. The last window has no end.
func (f *surveyFetch) load(ctx context.Context) error {
	f.mode, f.report.Reason = firstLoad, feed.FirstLoad
	if err := f.state.noteAttempt(); err != nil {
		return err
	}
	from, begin := f.env.Responses.Start, reconcile.Later(f.env.Responses.Start, f.counters.created).Truncate(time.Second)
	if !f.position.Loading {
		f.position.Floor = reconcile.Epoch(f.env.Responses.Start)
		f.floor = f.position.Floor
	}
	if f.resyncDue() {
		if resync := f.resync(); f.position.Loading && f.position.Watermark > resync.Unix() {
			f.env.Log.Info("reading the survey again", "survey", f.survey, "from", resync)
			f.state.rewind(resync.Unix())
			f.state.rows.Forget()
		}
		f.position.Resynced = f.env.Responses.Resync[string(f.survey)].Unix()
	}
	if f.position.Loading {
		begin = time.Unix(f.position.Watermark, 0)
		from = begin.Add(-f.env.Lookback)
	}
	f.report.From = from
	again := f.tracker != nil && f.tracker.hasSnapshot() && (!f.position.Loading || f.tracker.undelivered == nil)
	f.auditor.listedApart = f.position.Loading || again
	if again {
		// An earlier load was interrupted, or is repeated. Responses that it announced, or that
		// its snapshot holds, may be gone by now.
		if err := f.auditor.audit(ctx, time.Time{}); err != nil {
			return err
		}
	}
	if err := f.count(ctx, again); err != nil {
		return err
	}
	large := f.counters.total > f.loadRows()+f.loadRows()/2 && !f.to.IsZero() && (!begin.IsZero() || f.counters.uncounted)
	f.auditor.listedApart = f.auditor.listedApart || large
	if f.auditor.listedApart {
		if err := f.auditor.snapshotFirst(ctx); err != nil {
			return err
		}
	}
	if large {
		var err error
		if from, err = f.loadWindows(ctx, from, reconcile.Later(begin, oldest)); err != nil {
			return err
		}
	}
	if _, err := f.windows.read(ctx, from, time.Time{}); err != nil {
		return err
	}
	f.mode = windowRead
	if f.left.incomplete() {
		return errors.Join(f.state.checkpoint(f.to), f.confirmer.confirmPending(ctx))
	}
	return f.endLoad(ctx)
}

// endLoad stores the position of a complete load, and reads the responses that the windows
// of the load did not bring.
func (f *surveyFetch) endLoad(ctx context.Context) error {
	f.position.Loading, f.position.AttemptedAt = false, 0
	if f.learned.unsorted.Load() && !f.to.IsZero() {
		f.position.Buckets = &buckets{At: f.to.Unix()}
	}
	if err := f.state.checkpoint(f.to); err != nil {
		return err
	}
	if err := f.readGap(ctx); err != nil { // the load may have begun with a later start date
		return err
	}
	if err := f.completeLoad(ctx); err != nil {
		return err
	}
	return f.confirmer.confirmPending(ctx)
}

// count finds the number of responses in a list of their ids, if the counters cannot be
// read. A load of several windows needs that list anyway.
func (f *surveyFetch) count(ctx context.Context, listed bool) error {
	var err error
	switch {
	case !f.counters.uncounted || f.to.IsZero():
		return nil
	case f.position.Loading:
		f.counters.total = 16 * f.loadRows() // an earlier run found the survey to be large
		return nil
	case listed: // by an audit
	case f.tracker == nil:
		f.auditor.scanned = 0
		err = f.reader.listIDs(ctx, f.floor, func(ids *frame.File) error {
			return f.reader.eachIDRow(ctx, ids, func(idRow) { f.auditor.scanned++ })
		})
	default:
		f.auditor.listedApart = true
		err = f.auditor.snapshotFirst(ctx)
	}
	var unlisted *listError
	switch {
	case errors.As(err, &unlisted) && !qualtrics.IsForbidden(err) && !qualtrics.IsNotFound(err):
		f.env.Log.Warn("neither the counters nor a list of ids say how large the survey is: it is read as a small one", "survey", f.survey, "error", err)
		f.auditor.listedApart = f.position.Loading
		return nil
	case err == nil:
		f.counters.total = f.auditor.scanned
	}
	return err
}

// loadAgain reads a survey from its beginning, because an audit could not say which
// responses are missing at the destination.
func (f *surveyFetch) loadAgain(ctx context.Context) error {
	f.state.startOver()
	f.state.verifiedUntil = f.from()
	if f.auditor.needsSnapshot = false; f.tracker != nil {
		f.tracker.undelivered = nil
	}
	f.left.rows, f.left.listed = nil, nil
	err := f.load(ctx)
	if errors.Is(err, errLoadAgain) {
		return f.unfinishedError(nil, "responses changed while it was read again")
	}
	return err
}

// loadWindows reads all windows of a load but the last one, which has no end, and returns
// the beginning of the last one. Nothing says how the rows are spread over time, so each
// width follows from the rows of the windows before. Neighbors overlap by one second,
// because bounds may be inclusive or not. The row hashes remove the duplicates of that
// second.
func (f *surveyFetch) loadWindows(ctx context.Context, from, begin time.Time) (last time.Time, err error) {
	width := max(reconcile.ShortestWindow, (f.to.Sub(begin) / time.Duration(1+f.counters.total/f.loadRows())).Truncate(time.Second))
	if most := time.Duration(f.position.Width) * time.Second; most > 0 {
		width = min(width, most) // wider windows were too large
	}
	for {
		until := begin.Add(width)
		if !until.Before(f.to.Add(-f.env.Lookback)) {
			return from, nil
		}
		rows, err := f.windows.read(ctx, from, until)
		if err != nil {
			return from, err
		}
		f.env.Log.Info("a window of the first load is complete", "survey", f.survey, "until", until, "rows", rows)
		if !f.left.incomplete() {
			f.position.Loading, f.position.AttemptedAt = true, 0
		}
		if err := f.state.checkpoint(until); err != nil {
			return from, err
		}
		width = reconcile.AdaptWidth(width, rows, f.loadRows(), reconcile.MaxGrowth)
		from, begin = until.Add(-time.Second), until
	}
}

// readGap reads the responses between a start date that was moved back and the previous
// one.
func (f *surveyFetch) readGap(ctx context.Context) error {
	if !f.startMovedBack() {
		return nil
	}
	gap := time.Unix(f.position.Floor, 0).Add(time.Second)
	f.env.Log.Info("the start date was moved back: reading the gap", "survey", f.survey, "from", f.env.Responses.Start, "until", gap)
	if f.tracker != nil && f.to.IsZero() {
		// Without a server time no snapshot can hold these responses: the next run that has one
		// reads them again.
		_, err := f.windows.read(ctx, f.env.Responses.Start, gap)
		return err
	}
	f.gap, f.floor, f.mode = gap, reconcile.Epoch(f.env.Responses.Start), startDateGap
	if f.tracker != nil {
		// A snapshot has to hold the responses of the gap before they are delivered.
		snapshot := func() error { return f.auditor.audit(ctx, f.from()) }
		if !f.tracker.hasSnapshot() {
			snapshot = func() error { return f.auditor.snapshotFirst(ctx) }
		}
		if err := snapshot(); err != nil {
			return err
		}
	}
	if _, err := f.windows.read(ctx, f.env.Responses.Start, f.gap); err != nil {
		return err
	}
	f.mode = windowRead
	if !f.left.incomplete() {
		f.position.Floor = f.floor
	}
	return f.state.checkpoint(time.Time{})
}

// completeLoad reads the responses that a load did not deliver. The snapshot forgets them,
// so that an audit finds the ones that exist, with their modified dates. If the sketch
// cannot name them, the next run reads the survey again.
func (f *surveyFetch) completeLoad(ctx context.Context) error {
	t := f.tracker
	if t == nil || t.undelivered == nil || f.to.IsZero() {
		return nil
	}
	ids, more, unlisted := t.undelivered.Remaining()
	t.undelivered = nil
	for _, id := range unlisted {
		if _, known := t.delivered[id]; !known {
			t.delivered[id] = unknownVersion
		}
	}
	if more > 0 {
		f.state.startOver()
		if err := f.state.checkpoint(time.Time{}); err != nil {
			return err
		}
		return f.unfinishedError(nil, "about %d responses exist that no export showed, so it has to be read again", more+int64(len(ids)))
	}
	if len(ids) == 0 {
		return nil
	}
	f.env.Log.Warn("responses that exist came with no window: looking for them", "survey", f.survey, "responses", len(ids))
	for _, id := range ids {
		t.snapshot.Remove(id)
		t.inFlight[id] = true
	}
	from := f.from()
	if err := f.auditor.audit(ctx, from); err != nil {
		return err
	}
	if err := f.readSince(ctx, reconcile.Earlier(from, f.from())); err != nil {
		return err
	}
	return f.state.checkpoint(f.to)
}
