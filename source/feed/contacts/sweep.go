package contacts

import (
	"context"
	"time"

	"github.com/birdie-ai/source-qualtrics/source/feed/reconcile"
)

// windowTarget is the wanted number of contacts in a window of a sweep. It is well below the limit
// of a search.
const windowTarget = 4000

// sweep reads all contacts in windows of their creation dates, which never change. After the first
// sweep, the modified window begins at the start of the sweep: it reads the contacts that were
// modified meanwhile.
func (f *fetch) sweep(ctx context.Context) error {
	if f.position.SweepStart == 0 {
		f.position.SweepStart, f.position.SweepThrough = f.to.Unix(), 0
	}
	f.swept = true
	if f.position.SweepThrough == 0 {
		f.sweepShown = reconcile.SnapshotOf()
	}
	return f.sweepWindows(ctx)
}

// sweepWindows reads the windows from the position of the sweep until now. The width of a window
// follows from the number of contacts in the window before.
func (f *fetch) sweepWindows(ctx context.Context) error {
	from := time.Unix(f.position.SweepThrough, 0)
	width := f.to.Sub(firstContact)
	for {
		window := contactWindow{field: createdField, from: from, before: from.Add(width).Truncate(time.Second)}
		if from.Unix() == 0 {
			window.before = firstContact.Add(width).Truncate(time.Second)
		}
		last := !window.before.Before(f.to)
		if last {
			window.before = time.Time{}
		}
		ids, err := f.search.passes(ctx, window)
		switch {
		case refused(err):
			f.search.incomplete = err
			return nil
		case unreadable(err):
			if width > time.Second {
				width = max(time.Second, (width / 8).Truncate(time.Second))
				continue
			}
			f.search.giveUp(window, err)
		case err != nil:
			return err
		}
		if last {
			f.lastShown = ids
			return nil
		}
		from = window.before
		if f.search.unread[createdField].IsZero() && f.nameless.First == nil {
			f.position.SweepThrough = from.Unix()
			for id := range ids {
				f.sweepShown = f.sweepShown.Add(id)
			}
		}
		if err := f.checkpoint(); err != nil {
			return err
		}
		width = reconcile.AdaptWidth(width, int64(len(ids)), windowTarget, reconcile.MaxGrowth)
	}
}

// compareSweep ends a sweep. Searches may show a contact late, or never, so it delivers the contacts
// that only the directory's list shows. whole says that this run made all searches of the sweep.
// If searches are refused or too deep, deliverUnreached delivers these contacts instead.
func (f *fetch) compareSweep(ctx context.Context, whole bool) error {
	if complete := f.search.incomplete == nil && f.search.unread[createdField].IsZero(); !complete {
		return nil
	}
	listed, err := f.list.ids(ctx)
	if f.compares = f.list.err != nil; err != nil || listed == nil {
		return err
	}
	f.search.shown.Sort()
	if whole {
		return f.list.deliverEach(ctx, f.unsearched(listed))
	}
	missing, known := f.unsearchedByAll(listed)
	if !known {
		// The position cannot list that many differences: this run makes all searches.
		f.position.SweepThrough = 0
		if err := f.sweep(ctx); err != nil {
			return err
		}
		return f.compareSweep(ctx, true)
	}
	return f.list.deliverEach(ctx, missing)
}

// unsearched returns the listed contacts that no search of this run showed.
func (f *fetch) unsearched(listed *reconcile.IDSet) (missing []string) {
	for id := range listed.All() {
		if !f.search.shown.Has(id) {
			missing = append(missing, id)
		}
	}
	return missing
}

// unsearchedByAll returns the listed contacts that no search of the sweep showed, in this run or an
// earlier one. known is false if they are too many.
func (f *fetch) unsearchedByAll(listed *reconcile.IDSet) (missing []string, known bool) {
	if f.sweepShown == nil {
		return nil, false
	}
	comparison := f.sweepShown.Compare()
	for id := range listed.All() {
		if !f.lastShown[id] {
			comparison.See(id)
		}
	}
	_, fresh, _, err := comparison.Result()
	for _, id := range fresh {
		if !f.search.shown.Has(id) {
			missing = append(missing, id)
		}
	}
	return missing, err == nil
}
