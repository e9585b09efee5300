package feed

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/birdie-ai/source-qualtrics/source/feed/reconcile"
)

// makePosition makes the next position.
func (f *listFetch[T]) makePosition() {
	for i := range f.elements {
		f.next.Newest = max(f.next.Newest, reconcile.Epoch(f.modified(i)))
	}
	for _, i := range f.changed {
		if f.modified(i).IsZero() {
			f.next.Newest = max(f.next.Newest, reconcile.Epoch(f.readAt)) // the date of its row
		}
	}
	before := f.before.Summary
	switch {
	case f.fits(slices.Collect(maps.Keys(f.kept))):
		hashes := make(map[string]string, len(f.elements)+len(f.kept))
		for i, e := range f.elements {
			hashes[e.id] = encodeHash(e.hash)
			if i >= len(f.now.elements) {
				hashes[e.id] = unselected + hashes[e.id]
			}
		}
		maps.Copy(hashes, f.kept)
		f.setHashes(&f.next, hashes)
	case before != nil && len(f.changed)+len(f.gone) == 0 && f.unnamed == 0 && before.size() <= 2*f.list.snapshotShare(f.env):
		f.next.Summary = before
	default:
		f.next.Summary = summarize(f.elements, slices.Sorted(maps.Keys(f.kept)), f.list.snapshotShare(f.env))
	}
}

// modified returns the date of the last change of an element; zero: unknown.
func (f *listFetch[T]) modified(i int) time.Time {
	if f.list.Modified == nil {
		return time.Time{}
	}
	return f.list.Modified(f.at(i))
}

// fits reports whether a position has room for a hash of each element and each other id. Otherwise
// it has a summary.
func (f *listFetch[T]) fits(others []string) bool {
	return f.list.exact() || f.list.fitsExact(f.env, func(yield func(string) bool) {
		for _, e := range f.elements {
			if !yield(e.id) {
				return
			}
		}
		for _, id := range others {
			if !yield(id) {
				return
			}
		}
	})
}

func (f *listFetch[T]) setHashes(p *listPosition, hashes map[string]string) {
	if f.list.exact() {
		p.Surveys = hashes
		return
	}
	p.IDs = hashes
}

// announced returns the position while the changes are delivered. If the run is interrupted, some
// of them may have arrived. The next run delivers them again, and reports those that are deleted
// by then.
func (f *listFetch[T]) announced() listPosition {
	p := f.before
	p.Newest, p.Unnamed, p.ParentMissed, p.Version = f.next.Newest, f.unnamed, 0, ""
	if p.Summary == nil && f.fits(f.absent) {
		hashes := maps.Clone(p.hashes())
		if hashes == nil {
			hashes = make(map[string]string, len(f.changed))
		}
		for _, i := range f.changed {
			hashes[f.elements[i].id] = ""
		}
		f.setHashes(&p, hashes)
		return p
	}
	p.IDs, p.Summary = nil, summarize(f.elements, f.absent, f.list.snapshotShare(f.env)).deliveredOr(f.before.Summary, f.elements)
	return p
}

// deliver delivers the changes and the tombstones, and then the position.
func (f *listFetch[T]) deliver() error {
	if f.unnamed > 0 {
		f.env.Log.Warn("more elements were deleted at once than the state can name: their rows stay", "list", f.list.Name, "partition", f.partition.String(), "about", f.unnamed)
	}
	if len(f.changed) > 0 {
		if err := f.send(f.announced(), f.out.Announce); err != nil {
			return err
		}
	}
	for _, i := range f.changed {
		if f.now.load != nil {
			if err := f.now.load(f.at(i)); err != nil {
				return err
			}
		}
		if err := f.out.Document(&Document{Partition: f.partition, ID: f.elements[i].id, Content: f.at(i), ReadAt: f.readAt}); err != nil {
			return err
		}
	}
	if len(f.gone) > 0 {
		now, _ := f.env.Client.ServerTime()
		f.next.Newest = reconcile.TombstoneTime(now, f.next.Newest)
	}
	at := time.Unix(f.next.Newest, 0).UTC()
	for _, id := range f.gone {
		if err := f.out.Document(&Document{Partition: f.partition, ID: id, DeletedAt: at, ReadAt: at}); err != nil {
			return err
		}
	}
	if err := f.send(f.next, f.out.Checkpoint); err != nil {
		return err
	}
	problems := append(f.problems, f.now.withoutID())
	if f.unnamed > 0 {
		problems = append(problems, &UnresolvedError{fmt.Sprintf("%s of %s", f.list.Name, f.partition), f.unnamed})
	}
	return joinFirst(problems)
}

func (f *listFetch[T]) send(position listPosition, to func(Position) error) error {
	encoded, err := position.encode(f.list.Name)
	if err != nil {
		return err
	}
	return to(encoded)
}

// joinFirst joins the errors, but not more than three.
func joinFirst(problems []error) error {
	const most = 3
	problems = slices.DeleteFunc(problems, func(err error) bool { return err == nil })
	if len(problems) <= most {
		return errors.Join(problems...)
	}
	return fmt.Errorf("%w; and %d more (the log names each)", errors.Join(problems[:most]...), len(problems)-most)
}
