package contacts

import (
	"context"
	"maps"
	"slices"
	"time"

	"github.com/birdie-ai/source-qualtrics/source/feed"
	"github.com/birdie-ai/source-qualtrics/source/feed/reconcile"
	"github.com/birdie-ai/source-qualtrics/source/qualtrics"
)

// auditor compares the delivered contacts with the directory's list, and confirms deletions.
type auditor struct {
	*directory
	emit   *emitter
	search *searcher
	list   *lister

	done       bool  // this run has audited, or tried to
	unresolved int64 // deleted contacts that could not be identified
}

// first audits before the first contact is delivered, if there is no complete snapshot. Until its run
// has ended, only the list from which it was made says which contacts a snapshot has.
func (a *auditor) first(ctx context.Context) error {
	if a.tracker == nil || !a.tracker.snapshotAt.IsZero() {
		return nil
	}
	return a.run(ctx)
}

// ifDue audits if it is time. It follows the windows, so that the tracker has all contacts that were
// created since the snapshot.
func (a *auditor) ifDue(ctx context.Context) error {
	t := a.tracker
	if !a.done && (t.due(a.to, a.env.AuditEvery, a.env.Lookback) || a.grew()) {
		if err := a.run(ctx); err != nil {
			return err
		}
	}
	if t.listed != nil {
		t.snapshotAt = a.to
	}
	return nil
}

// grew reports whether the directory has more contacts than searches showed, by Qualtrics' own
// counter. It is *assumed* that the counter counts the contacts of the list; with another count,
// the difference stays the same. A long list is read at most once a day for this.
func (a *auditor) grew() bool {
	const short = 2000
	t, count := a.tracker, a.partition.Contacts
	if t.counted == 0 || count <= t.counted+int64(len(t.delivered)) {
		return false
	}
	return count <= short || a.to.Sub(t.snapshotAt) >= 24*time.Hour
}

// run audits. Delivered contacts that the list lacks become candidates for deletion. Listed contacts
// that were not delivered are delivered. Then all listed contacts are the new snapshot, and the state
// with it goes out. If the list cannot be read, contacts are delivered all the same.
func (a *auditor) run(ctx context.Context) error {
	t := a.tracker
	a.done = true
	listed, err := a.list.ids(ctx)
	if err != nil || listed == nil {
		if a.list.err == nil && !t.hasSnapshot {
			a.tracker = nil // the list is refused: no audit could ever empty the tracker
		}
		return err
	}
	gone, fresh, more, err := t.compare(listed)
	if err := a.deliverFresh(ctx, fresh); err != nil {
		return err
	}
	switch {
	case err == nil:
	case more <= 0:
		a.env.Log.Warn("more contacts were created since the last audit than it can tell from deleted ones: deletions may be missed", "directory", a.id)
		if a.position.SweepStart == 0 && !a.to.IsZero() {
			// The audit cannot list contacts that no search showed either, but the next sweep can.
			a.position.SweepStart, a.position.SweepThrough = a.to.Unix(), 0
		}
	case t.DoubtWaited(a.to, a.env.Lookback):
		a.unresolved += more
	default:
		// A truncated list looks like mass deletion: a second audit decides.
		a.env.Log.Warn("the directory's list lacks more contacts than can be named: it is read again by a later run", "directory", a.id, "contacts", more)
		t.Doubt(a.to)
		return a.announce()
	}
	now, _ := a.env.Client.ServerTime()
	t.replaceSnapshot(listed, now)
	t.counted = a.partition.Contacts
	if t.snapshot == nil {
		a.env.Log.Info("deletions of the directory cannot be followed: the ids of its contacts have no known form", "directory", a.id)
	}
	for _, id := range slices.Sorted(maps.Keys(t.Absent)) {
		if listed.Has(id) {
			t.Found(id)
		}
	}
	for _, id := range gone {
		if !t.miss(id, a.to) {
			a.unresolved++
		}
	}
	return a.announce()
}

// deliverFresh delivers listed contacts that were not delivered. A sweep of this run, or the delivery
// of the whole list, includes them anyway.
func (a *auditor) deliverFresh(ctx context.Context, fresh []string) error {
	if a.search.incomplete == nil && !a.swept && !a.sweepDue() {
		a.search.shown.Sort()
		return a.list.deliverEach(ctx, slices.DeleteFunc(fresh, a.search.shown.Has))
	}
	return nil
}

// confirm asks Qualtrics for the candidates. A contact is deleted only if neither the list nor its
// own call finds it, twice, at least a look-back apart. The same call must find another contact,
// which exists.
func (a *auditor) confirm(ctx context.Context) error {
	t := a.tracker
	if t == nil {
		return nil
	}
	first, second := t.questions(a.to, a.env.Lookback)
	if len(first)+len(second) == 0 {
		return nil
	}
	if trusted, err := a.trusted(ctx); err != nil || !trusted {
		return err
	}
	a.search.shown.Sort()
	for _, id := range first {
		if exists, err := a.exists(ctx, id); err != nil || exists {
			continue
		}
		t.notFound[id] = true
		t.WaitAgain(id, a.to)
	}
	var at time.Time
	for _, id := range second {
		if exists, err := a.exists(ctx, id); err != nil || exists {
			continue
		}
		if at.IsZero() {
			t.newest = reconcile.TombstoneTime(a.to, t.newest)
			at = time.Unix(t.newest, 0).UTC()
		}
		t.Found(id)
		if err := a.out.Document(&feed.Document{Partition: a.partition, ID: id, DeletedAt: at, ReadAt: a.to}); err != nil {
			return err
		}
	}
	return ctx.Err()
}

// exists reports whether the list, a search of this run, or the contact's own call shows a
// candidate. If one does, it is no candidate any more.
func (a *auditor) exists(ctx context.Context, id string) (exists bool, err error) {
	if exists = a.list.listed.Has(id) || a.search.shown.Has(id); !exists {
		exists, err = a.env.Client.HasContact(ctx, a.id, qualtrics.ContactID(id))
	}
	switch {
	case err != nil:
		a.env.Log.Info("whether a contact was deleted cannot be told yet", "directory", a.id, "contact", id, "error", err)
	case exists:
		// Its row is delivered already; windows bring its edits.
		a.tracker.Found(id)
		a.tracker.delivered[id] = true // the list of the snapshot lacked it
	}
	return exists, err
}

// trusted reports whether the list and single calls are reliable. A listed contact must be found by
// its own call; of an empty directory, no search may show a contact.
func (a *auditor) trusted(ctx context.Context) (bool, error) {
	listed, err := a.list.ids(ctx)
	if err != nil || listed == nil {
		return a.distrusted(ctx, "the list cannot be read", err)
	}
	var known []string
	for id := range listed.All() {
		if known = append(known, id); len(known) == feed.MaxProbes {
			break
		}
	}
	var last error
	ask := func(ctx context.Context, id string) error {
		_, last = a.env.Client.Contact(ctx, a.id, qualtrics.ContactID(id))
		return last
	}
	switch {
	case feed.CanTrustNotFound(ctx, known, ask):
		return true, nil
	case len(known) > 0:
		return a.distrusted(ctx, "listed contacts are not found by their own calls", last)
	}
	for _, err := range a.env.Client.SearchContacts(ctx, a.id, qualtrics.ContactFilter{}) {
		switch {
		case err == nil:
			return a.distrusted(ctx, "the list is empty, and a search shows contacts", nil)
		case !refused(err):
			return a.distrusted(ctx, "the list is empty, and searches fail", err)
		}
	}
	return true, nil
}

func (a *auditor) distrusted(ctx context.Context, why string, err error) (bool, error) {
	if ctx.Err() != nil {
		return false, context.Cause(ctx)
	}
	a.env.Log.Warn("deleted contacts cannot be confirmed yet: "+why, "directory", a.id, "error", err)
	return false, nil
}

// err returns an error if deleted contacts could not be identified.
func (a *auditor) err() error {
	if a.unresolved == 0 {
		return nil
	}
	return &feed.UnresolvedError{Survey: a.partition.String(), Count: a.unresolved}
}
