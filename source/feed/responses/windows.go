package responses

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/birdie-ai/source-qualtrics/source/feed/reconcile"
	"github.com/birdie-ai/source-qualtrics/source/frame"
	"github.com/birdie-ai/source-qualtrics/source/qualtrics"
	"github.com/birdie-ai/source-qualtrics/source/response"
)

// windows reads windows of a survey and delivers their responses.
type windows struct {
	*scope
	state   *checkpointer
	reader  *reader
	emitter *emitter
	auditor *auditor
}

// oldest is before every response: Qualtrics was founded in 2002.
var oldest = time.Date(2000, time.January, 1, 0, 0, 0, 0, time.UTC)

// read exports the responses that were modified from (zero: ever) until (zero: now) and
// delivers them. If the export fails, as it does when a file would be too large (API §3.3),
// it reads the window in parts.
func (w *windows) read(ctx context.Context, from, until time.Time) (rows int64, err error) {
	open := &w.reader.window
	open.began = from
	open.keepFrom = reconcile.Later(endOf(w.to, until), time.Unix(w.position.Watermark, 0)).Add(-w.env.Lookback)
	if w.position.LeftOut != "" {
		open.keepFrom = from // the next run may have to read all of it again
	}
	begin, end := reconcile.Later(from, reconcile.Later(w.counters.created, oldest)).Truncate(time.Second), endOf(w.to, until)
	width := time.Duration(w.position.Width) * time.Second
	if width == 0 || !begin.Add(width).Before(end) {
		rows, err = w.part(ctx, from, until, false)
		if !tooLarge(err) || !begin.Add(reconcile.ShortestWindow).Before(end) {
			return rows, err
		}
		w.env.Log.Warn("the export failed, perhaps because it is too large or too slow: reading its window in parts", "survey", w.survey, "from", begin, "until", end, "error", err)
	} else {
		w.env.Log.Info("wider windows were too large in an earlier run: reading this one in parts", "survey", w.survey, "from", begin, "until", end, "width", width)
	}
	if w.mode.isLoad() && w.tracker != nil && !w.tracker.hasSnapshot() {
		w.auditor.listedApart = true // the file of the first part does not hold all responses
		listErr := w.auditor.snapshotFirst(ctx)
		if listErr != nil && err != nil {
			listErr = fmt.Errorf("%w; the responses can be read in parts only after that list, and exporting them at once failed before: %w", listErr, err)
		}
		if listErr != nil {
			return rows, listErr
		}
	}
	return w.parts(ctx, from, begin, end, until)
}

// tooLarge reports whether a smaller window may help.
func tooLarge(err error) bool {
	var unreadable *UnreadableError
	return qualtrics.IsTooLarge(err) ||
		errors.As(err, &unreadable) && unreadable.Err.Kind == frame.TooLarge && unreadable.Err.Record == 0
}

// parts reads a window in parts. The first part is as wide as one that succeeded in an
// earlier run, else a second. If a second fails, size is not the reason, and the error is
// returned.
//
// Parts grow while they succeed, and are halved when they fail. After each failure more parts
// keep their width, because a part that is too large can take minutes to fail. Parts overlap by a second, as the windows of a load do. The last one
// ends as the window does. The position keeps the width of the last success.
func (w *windows) parts(ctx context.Context, from, begin, end, until time.Time) (rows int64, err error) {
	width, most := max(reconcile.ShortestWindow, time.Duration(w.position.Width)*time.Second), reconcile.MaxGrowth
	begun := false         // a part succeeded
	steady, longer := 0, 1 // parts that keep their width, now and after the next failure
	const longest = 4
	for {
		next := begin.Add(width)
		last := !next.Before(end)
		if last {
			next = until
		}
		n, err := w.part(ctx, from, next, begun && width > reconcile.ShortestWindow)
		rows += n
		switch {
		case tooLarge(err) && width > reconcile.ShortestWindow && !begun:
			width = reconcile.ShortestWindow
			continue
		case tooLarge(err) && width > reconcile.ShortestWindow:
			width, most = max(reconcile.ShortestWindow, min(width, end.Sub(begin))/2).Truncate(time.Second), reconcile.MaxGrowth/2
			steady, longer = longer, min(2*longer, longest)
			continue
		case err != nil:
			return rows, err
		case last:
			return rows, nil
		}
		begun = true
		if err := w.state.noteWidth(width); err != nil {
			return rows, err
		}
		if steady > 0 {
			steady--
		} else {
			width = reconcile.AdaptWidth(width, n, w.loadRows(), most)
		}
		from, begin = next.Add(-time.Second), next
	}
}

// part exports a window, checks the whole file, and only then delivers its rows. divisible
// means that smaller parts succeeded, so that this one is abandoned early if it is slow.
func (w *windows) part(ctx context.Context, from, until time.Time, divisible bool) (rows int64, err error) {
	request := w.reader.windowRequest(from, until, divisible)
	w.reader.window.check = w.reader.newWindowCheck(from)
	defer func() { w.reader.window.check = nil }()
	return w.reader.export(ctx, request, func(file *frame.File) (int64, error) {
		if err := w.inspect(ctx, file); err != nil {
			return 0, err
		}
		rows, err := w.deliver(ctx, file)
		if err == nil && !from.After(w.state.verifiedUntil) && !w.left.incomplete() {
			w.state.verifiedUntil = reconcile.Later(w.state.verifiedUntil, endOf(w.to, until))
		}
		return rows, err
	})
}

// inspect reads the dates of a file, and announces its rows, before they are delivered.
func (w *windows) inspect(ctx context.Context, file *frame.File) error {
	check := w.reader.window.check
	if check != nil {
		check.found = wrongWindowError{}
	}
	switch {
	case w.tracker != nil:
		return w.auditor.announceRows(ctx, file)
	case check == nil:
		return nil
	}
	if err := w.reader.eachIDRow(ctx, file, check.see); err != nil {
		return err
	}
	return w.reader.inWindow(ctx)
}

// deliver delivers the responses of a file.
func (w *windows) deliver(ctx context.Context, file *frame.File) (rows int64, err error) {
	rest := w.auditor.undeliveredRest()
	clear(w.emitter.versions)
	err = w.reader.eachRow(ctx, file, func(row *response.Response, value frame.Value) error {
		rest.remove(row)
		rows++
		return w.emitter.process(row, value)
	})
	var lines *damagedLinesError
	switch {
	case errors.As(err, &lines):
		w.reader.unfinished = lines.pass
	case err == nil && !w.left.incomplete():
		rest.store()
	}
	return rows, err
}

// endOf returns the end of a window: its own, or that of the read.
func endOf(to, until time.Time) time.Time {
	if until.IsZero() {
		return to
	}
	return reconcile.Earlier(to, until)
}
