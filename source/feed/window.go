package feed

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/birdie-ai/source-qualtrics/source/frame"
	"github.com/birdie-ai/source-qualtrics/source/qualtrics"
)

// window exports what was modified from (zero: ever) until (zero: now) and
// delivers it, in parts if Qualtrics says that this failed, as it does when a
// file would be too large (API §3.3).
func (f *responseFetch) window(ctx context.Context, from, until time.Time) (rows int64, err error) {
	f.keepFrom = later(keepUntil(f.to, until), time.Unix(f.position.Watermark, 0)).Add(-f.env.Lookback)
	rows, err = f.part(ctx, from, until)
	if !tooLarge(err) {
		return rows, err
	}
	begin, end := later(from, later(f.created, oldest)).Truncate(time.Second), keepUntil(f.to, until)
	if !begin.Add(shortest).Before(end) {
		return rows, err
	}
	f.env.Log.Warn("the export failed: reading its window in parts", "survey", f.survey, "from", begin, "until", end, "error", err)
	if f.loading && f.ledger != nil && !f.ledger.sealed() {
		f.apart = true // the first of the parts does not hold all that exists
		if f.sealFirst(ctx) != nil {
			return rows, err
		}
	}
	return f.parts(ctx, from, begin, end, until)
}

// shortest is the smallest window; the API filters by whole seconds at best.
const shortest = time.Second

// oldest is before every response: Qualtrics was founded in 2002.
var oldest = time.Date(2000, time.January, 1, 0, 0, 0, 0, time.UTC)

// tooLarge reports whether a smaller window may help.
func tooLarge(err error) bool {
	var (
		failed     *qualtrics.ExportError
		unreadable *UnreadableError
	)
	return errors.As(err, &failed) && failed.Failed ||
		errors.As(err, &unreadable) && unreadable.Err.Kind == frame.TooLarge && unreadable.Err.Record == 0
}

// parts reads a window in parts. The first is a second: if that fails, too,
// size is not the reason, and nothing more is tried. From there on parts grow as
// long as they succeed, and are halved when they fail. They overlap as slices
// do; the last one ends as the window does.
func (f *responseFetch) parts(ctx context.Context, from, begin, end, until time.Time) (rows int64, err error) {
	width, most, halved := shortest, grows, false
	for {
		next := begin.Add(width)
		last := !next.Before(end)
		if last {
			next = until
		}
		n, err := f.part(ctx, from, next)
		rows += n
		switch {
		case tooLarge(err) && width > shortest:
			width, most, halved = max(shortest, min(width, end.Sub(begin))/2).Truncate(time.Second), grows/2, true
			continue
		case err != nil, last:
			return rows, err
		case !halved: // what was too large before may still be
			width = adapt(width, n, f.env.loadRows(), most)
		}
		halved = false
		from, begin = next.Add(-time.Second), next
	}
}

// part exports a window, checks the whole file, and only then delivers it.
func (f *responseFetch) part(ctx context.Context, from, until time.Time) (rows int64, err error) {
	request := qualtrics.ExportRequest{Survey: f.survey, Start: from, End: until, SortByModified: !f.env.unsorted.Load()}
	f.strays = f.straysOf(from)
	defer func() { f.strays = nil }()
	return f.export(ctx, request, func(file *frame.File) (int64, error) {
		if err := f.inspect(ctx, file); err != nil {
			return 0, err
		}
		rows, err := f.deliver(ctx, file)
		if err == nil && !from.After(f.covered) {
			f.covered = later(f.covered, keepUntil(f.to, until))
		}
		return rows, err
	})
}

// inspect looks at a file before anything of it is delivered.
func (f *responseFetch) inspect(ctx context.Context, file *frame.File) error {
	if f.strays != nil {
		f.strays.found = misfiledError{}
	}
	switch {
	case f.ledger != nil:
		return f.intend(ctx, file)
	case f.strays == nil:
		return nil
	}
	if err := scan(ctx, file, f.strays.see); err != nil {
		return err
	}
	return f.filed(ctx)
}

// exportAttempts is how often a file that cannot be used is exported anew.
const exportAttempts = 5

// export runs an export and hands its verified file over. A file that fails
// the check, or turns out to be damaged or another's while it is used, is
// exported anew.
func (f *responseFetch) export(ctx context.Context, request qualtrics.ExportRequest, use func(*frame.File) (int64, error)) (rows int64, err error) {
	for attempt := 1; ; attempt++ {
		file, err := f.env.Client.Export(ctx, request)
		if request.SortByModified && qualtrics.IsSortRefused(err) {
			f.env.refuseSort()
			request.SortByModified = false
			file, err = f.env.Client.Export(ctx, request)
		}
		if err != nil {
			return 0, err
		}
		f.exports = true
		rows, err = f.verified(ctx, file, attempt > 1, use)
		if closeErr := file.Close(); err == nil && closeErr != nil {
			err = fmt.Errorf("closing the export of %s: %w", f.partition, closeErr)
		}
		var (
			damaged  *frame.Error
			misfiled *misfiledError
		)
		again := errors.As(err, &misfiled) || errors.As(err, &damaged) && damaged.Kind != frame.TooLarge
		if !again || attempt == exportAttempts {
			return rows, f.gaveUp(err, attempt)
		}
		f.env.Log.Warn("the export file cannot be used: exporting again", "survey", f.survey, "attempt", attempt, "error", err)
	}
}

// verified hands a file over that inflates to what it says it holds. Where one
// before was damaged it is parsed to its end first, for what is in front of a
// bad record may have been delivered once already.
func (f *responseFetch) verified(ctx context.Context, file *qualtrics.ExportFile, whole bool, use func(*frame.File) (int64, error)) (int64, error) {
	opened, err := frame.Open(file, file.Size(), f.env.Frame)
	if err != nil {
		return 0, fmt.Errorf("opening the export of %s: %w", f.partition, err)
	}
	if err := opened.Verify(ctx); err != nil {
		return 0, fmt.Errorf("verifying the export of %s: %w", f.partition, err)
	}
	if whole {
		for _, err := range opened.Values(ctx) {
			if err != nil {
				return 0, fmt.Errorf("reading the export of %s: %w", f.partition, err)
			}
		}
	}
	clear(f.shown)
	return use(opened)
}

// deliver hands the file's responses over.
func (f *responseFetch) deliver(ctx context.Context, file *frame.File) (rows int64, err error) {
	brought := f.bringing()
	err = f.eachRow(ctx, file, func(value frame.Value) error {
		brought.take()
		rows++
		return f.take(value)
	})
	if err == nil {
		brought.done()
	}
	return rows, err
}

// take delivers the response that was read last, unless it is known to be
// delivered already.
func (f *responseFetch) take(value frame.Value) error {
	f.response.Repaired, f.response.Shortened = value.Repaired, value.Shortened
	if f.shown.outdated(f.response.ID, f.response.ModifiedAt) {
		f.report.Suppressed++
		f.env.Log.Warn("an export lists an older version of a response after a newer one: it is left out", "survey", f.survey, "record", value.Number)
		return nil
	}
	suppressed, err := f.known()
	if err != nil {
		return err
	}
	recorded := f.response.time(RecordedDate)
	if !suppressed {
		if err := f.hand(); err != nil {
			return err
		}
		if !recorded.Before(time.Unix(f.position.Watermark, 0)) {
			if recorded.Before(f.to.Add(-f.env.Lookback)) {
				f.arrived++ // and it was time to count it
			}
		} else if f.report.Reason == Window && recorded.Before(f.report.From) {
			f.report.Edited++
		}
	} else {
		f.report.Suppressed++
	}
	if f.ledger != nil {
		f.ledger.note(f.response.ID, f.date(recorded), recorded)
	}
	return nil
}

// date is the date by which the ledger knows the response that was read last.
// One that carries none is as new as this read, but for those of a first load,
// which a seal holds.
func (f *responseFetch) date(recorded time.Time) time.Time {
	switch {
	case !f.response.ModifiedAt.IsZero():
		return f.response.ModifiedAt
	case f.loading:
		return recorded
	default:
		return later(f.to, later(recorded, f.ledger.since))
	}
}

// hand gives the response that was read last to the streams.
func (f *responseFetch) hand() error {
	f.report.Delivered++
	return f.out.Document(&Document{
		Partition: f.partition, ID: f.response.ID, Content: &f.response, ReadAt: f.to,
	})
}

// known reports whether the row was delivered before, and remembers it where
// a later window will meet it again.
func (f *responseFetch) known() (bool, error) {
	modified := f.response.ModifiedAt
	again := modified.IsZero() || !modified.Before(f.keepFrom)
	if len(f.rows.known) == 0 && !again {
		return false, nil
	}
	canonical, err := f.response.canonical(f.canonical[:0])
	if err != nil {
		return false, fmt.Errorf("survey %s: hashing a response: %w", f.survey, err)
	}
	f.canonical = canonical
	hash := f.rows.hash(f.response.ID, canonical)
	if again {
		f.rows.keep(hash, later(cmp.Or(modified, f.response.time(RecordedDate)), f.keepFrom))
	}
	if f.rows.known[hash] {
		return true, nil
	}
	return false, f.forget()
}

// forget takes the row hashes out of the state before a row without a date
// goes out: should this run be interrupted after it, and the response be
// edited back to what it was, the row is not to be taken for the one that was
// delivered then.
func (f *responseFetch) forget() error {
	if !f.response.ModifiedAt.IsZero() || f.forgot || len(f.rows.known) == 0 {
		return nil
	}
	f.forgot, f.position.Rows = true, ""
	return f.sendBefore()
}

// keepUntil is the bound of a window: its end, or this run's.
func keepUntil(to, until time.Time) time.Time {
	if until.IsZero() {
		return to
	}
	return earlier(to, until)
}
