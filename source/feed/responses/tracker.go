package responses

import (
	"cmp"
	"maps"
	"slices"
	"time"

	"github.com/birdie-ai/source-qualtrics/source/feed/reconcile"
)

// Limits of the tracked responses. Beyond them an audit is due.
const (
	trackerEntries   = 8192           // delivered since the snapshot, over all partitions
	leastEntries     = 128            // of one partition
	deliveredSince   = 24 * time.Hour // deliveries before the snapshot that are kept
	leastSnapshotAge = 6 * time.Hour  // between audits that a counter asks for
	unknownVersion   = 0              // the version of a response that is delivered, but not at a known one
)

// tracker holds the ids of delivered responses, to find out later that they are gone:
// Qualtrics does not report deletions (API §0.6).
type tracker struct {
	reconcile.Candidates
	listedAt    time.Time           // the snapshot holds every response that existed and was recorded before
	floor       int64               // start date of the snapshot's file, epoch seconds
	snapshot    *reconcile.Snapshot // nil: there is none yet, or its ids have no known form
	undelivered *reconcile.Snapshot // ids of the snapshot that no window of a load has delivered; nil: no load is at work
	deleted     int64               // Qualtrics' own counter at the time of the snapshot
	since       time.Time           // delivered holds every version that was modified since and delivered
	due         bool                // the next run has to audit
	newest      int64               // epoch seconds of the newest date of a row or tombstone; the next tombstone is later
	undated     bool                // rows carry no modified date

	delivered map[string]int64 // id → modified date in epoch milliseconds, or the time of the read if rows have no such date
	inFlight  map[string]bool  // ids of rows that may be delivered, because the run ended before that was stored
	backfill  map[string]int64 // id → modified date in epoch milliseconds, of those in flight that an audit found
	entries   int              // limit of delivered
}

// trackerState is a tracker in a position. It leaves out values that follow from the others,
// because a state may hold thousands of surveys.
type trackerState struct {
	ListedAt    int64                    `json:"c,omitempty"`
	Floor       int64                    `json:"f,omitempty"`
	NoRoom      bool                     `json:"n,omitempty"`
	Deleted     int64                    `json:"d,omitempty"`
	Since       int64                    `json:"s,omitempty"`
	Due         bool                     `json:"a,omitempty"`
	Newest      int64                    `json:"m,omitempty"`
	Undated     bool                     `json:"u,omitempty"`
	Undelivered *reconcile.SnapshotState `json:"l,omitempty"`
	Delivered   map[string]int64         `json:"x,omitempty"`
	InFlight    []string                 `json:"q,omitempty"`
	Backfill    map[string]int64         `json:"z,omitempty"`
	reconcile.SnapshotState
	reconcile.CandidateState
}

// newTracker decodes the tracker of a position; nil is an empty one. The partitions share the
// limit of entries.
func newTracker(state *trackerState, partitions int) (*tracker, error) {
	t := &tracker{
		delivered: make(map[string]int64), inFlight: make(map[string]bool), backfill: make(map[string]int64),
		entries: max(leastEntries, trackerEntries/max(1, partitions)),
	}
	if state == nil {
		state = &trackerState{}
	}
	t.Candidates = reconcile.NewCandidates(state.CandidateState)
	if state.ListedAt > 0 {
		t.listedAt = time.Unix(state.ListedAt, 0).UTC()
		if !state.NoRoom {
			var err error
			if t.snapshot, err = reconcile.NewSnapshot(state.SnapshotState); err != nil {
				return nil, err
			}
		}
	}
	if state.Undelivered != nil {
		var err error
		if t.undelivered, err = reconcile.NewSnapshot(*state.Undelivered); err != nil {
			return nil, err
		}
	}
	t.floor, t.deleted, t.due, t.undated = state.Floor, state.Deleted, state.Due, state.Undated
	t.newest = max(state.Newest, state.ListedAt)
	switch {
	case state.Since > 0:
		t.since = time.Unix(state.Since, 0).UTC()
	case t.hasSnapshot():
		t.since = t.listedAt.Add(-deliveredSince)
	}
	maps.Copy(t.delivered, state.Delivered)
	maps.Copy(t.backfill, state.Backfill)
	for _, id := range state.InFlight {
		t.inFlight[id] = true
	}
	return t, nil
}

// state encodes the tracker.
func (t *tracker) state() *trackerState {
	maps.DeleteFunc(t.backfill, func(id string, _ int64) bool { return !t.inFlight[id] })
	s := &trackerState{
		ListedAt: reconcile.Epoch(t.listedAt), Floor: t.floor, NoRoom: t.hasSnapshot() && t.snapshot == nil, Deleted: t.deleted, Since: reconcile.Epoch(t.since), Due: t.due,
		Newest: t.newest, Undated: t.undated,
		Delivered: t.delivered, InFlight: slices.Sorted(maps.Keys(t.inFlight)), Backfill: t.backfill, CandidateState: t.State(),
	}
	if t.hasSnapshot() {
		if t.since.Equal(t.listedAt.Add(-deliveredSince)) {
			s.Since = 0
		}
		if s.Newest <= s.ListedAt {
			s.Newest = 0
		}
	}
	s.SnapshotState = t.snapshot.State()
	if t.undelivered != nil {
		undelivered := t.undelivered.State()
		s.Undelivered = &undelivered
	}
	return s
}

// hasSnapshot reports whether a snapshot was taken, even if its ids had an unknown form.
func (t *tracker) hasSnapshot() bool { return !t.listedAt.IsZero() }

// lacks reports whether a response is certainly not in the snapshot: the snapshot's file
// missed it.
func (t *tracker) lacks(id string) bool {
	return t.snapshot.Lacks(id)
}

// has reports whether this version of a response is known to be delivered.
func (t *tracker) has(id string, modified time.Time) bool {
	at, ok := t.delivered[id]
	return ok && (modified.IsZero() || at == modified.UnixMilli())
}

// hasDelivered reports whether a response that exists was delivered at this version. A
// response that was recorded before the snapshot is in it, so only a later change is new.
func (t *tracker) hasDelivered(one idRow) bool {
	if t.has(one.id, one.modified) {
		return true
	}
	_, known := t.delivered[one.id]
	changed := known || (!one.modified.IsZero() && !one.modified.Before(t.since))
	return one.recorded.Before(t.listedAt) && !changed
}

// noteDate notes the newest date of responses that are about to be delivered.
func (t *tracker) noteDate(newest time.Time) { t.newest = max(t.newest, reconcile.Epoch(newest)) }

// tombstoneTime returns a date that is later than those of all rows. So a tombstone replaces
// its row even if the server's clock went back.
func (t *tracker) tombstoneTime(now time.Time) time.Time {
	t.newest = reconcile.TombstoneTime(now, t.newest)
	return time.Unix(t.newest, 0).UTC()
}

// markInFlight notes responses that are about to be delivered.
func (t *tracker) markInFlight(ids []string) {
	for _, id := range ids {
		t.inFlight[id] = true
	}
}

// record notes a response that was delivered, with the date of its version. A response that
// is older than since is in the snapshot, and is not noted.
func (t *tracker) record(id string, date, recorded time.Time) {
	delete(t.inFlight, id)
	delete(t.Absent, id)
	if date.Before(t.since) && date.Unix() >= t.floor && recorded.Before(t.listedAt) && !t.lacks(id) {
		return
	}
	t.delivered[id] = date.UnixMilli()
	if len(t.delivered) > 2*t.entries {
		// The oldest ones can be dropped, because the next run takes a snapshot that holds them.
		t.due = true
		t.trim()
	}
}

// trim drops deliveries from before since. If the others are too many, it moves since.
func (t *tracker) trim() {
	type entry struct {
		id string
		at int64
	}
	var entries []entry
	kept := make(map[string]int64)
	for id, at := range t.delivered {
		switch {
		case at == unknownVersion: // the next audit finds its date
			kept[id] = at
		case at >= t.since.UnixMilli():
			entries = append(entries, entry{id, at})
		}
	}
	slices.SortFunc(entries, func(a, b entry) int { return cmp.Or(cmp.Compare(b.at, a.at), cmp.Compare(a.id, b.id)) })
	if most := t.entries / 2; len(entries) > most {
		// Versions of the same second are kept together or not at all.
		t.since = time.UnixMilli(entries[most].at).UTC().Truncate(time.Second).Add(time.Second)
		entries = slices.DeleteFunc(entries, func(e entry) bool { return e.at < t.since.UnixMilli() })
	}
	for _, e := range entries {
		kept[e.id] = e.at
	}
	t.delivered = kept
}

// expect adds the responses that another tracker waits for.
func (t *tracker) expect(other *tracker, now time.Time) {
	for id := range other.Absent {
		t.Miss(id, now)
	}
	maps.Copy(t.backfill, other.backfill)
	maps.Copy(t.inFlight, other.inFlight)
	t.newest = max(t.newest, other.newest)
	t.undated = t.undated || other.undated
}

// absorb adds the responses that another tracker knows to be delivered. Both were compared
// with the same list of ids before, so both streams have delivered them, or will.
func (t *tracker) absorb(other *tracker) {
	for id, at := range other.delivered {
		if _, known := t.delivered[id]; !known {
			t.delivered[id] = at
		}
	}
	t.since = reconcile.Later(t.since, other.since)
}

// all returns the ids of the responses that may be delivered, and an estimate of those that
// a sketch holds and cannot name.
func (t *tracker) all() (ids []string, others int64) {
	named := make(map[string]bool)
	for id := range t.inFlight {
		named[id] = true
	}
	for id := range t.Absent {
		named[id] = true
	}
	if t.snapshot != nil {
		listed, _, net, err := t.snapshot.Compare().Result()
		for _, id := range listed {
			named[id] = true
		}
		if err != nil {
			others = net - int64(len(listed))
		}
	}
	for id, modified := range t.delivered {
		if !named[id] && modified < t.listedAt.UnixMilli() {
			others-- // the sketch holds it, too
		}
		named[id] = true
	}
	return slices.Sorted(maps.Keys(named)), max(0, others)
}
