package contacts

import (
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/birdie-ai/source-qualtrics/source/feed"
	"github.com/birdie-ai/source-qualtrics/source/feed/reconcile"
)

// Limits of the tracker of one directory. An account has few directories.
const (
	snapshotBytes = 40 << 10
	mostDelivered = 2048 // ids; with more an audit is due, and at most twice as many are kept
	mostAbsent    = 4096 // candidates for deletion
	// createdLate is the longest time after its creation in which a list may not show a contact yet.
	createdLate = 24 * time.Hour
)

// tracker has the delivered contacts that an audit compares with the directory's list, because
// Qualtrics reports no deletion of a contact (API §4.2). A contact that may have been delivered counts
// as delivered: after an interrupted run, the next one reads the same windows again.
type tracker struct {
	reconcile.Candidates
	snapshot    *reconcile.Snapshot // contacts of the last list; nil: there is none yet, or its ids have no known form
	snapshotAt  time.Time           // server time of the run that read that list; zero: unknown, or it did not end
	hasSnapshot bool                // a list was read, even if snapshot is nil
	created     int64               // newest creation date of any contact, epoch seconds
	through     int64               // newest creation date that a contact in the snapshot may have, epoch seconds
	newest      int64               // newest date that a row or a tombstone may have, epoch seconds
	delivered   map[string]bool     // id → whether the snapshot lacks it for sure: contacts since the snapshot that may be delivered
	counted     int64               // Qualtrics' own count of contacts at the snapshot; 0: unknown
	notFound    map[string]bool     // candidates that their own call did not find once

	listed *reconcile.IDSet // the list from which this run made the snapshot; nil: it made none
	later  map[string]bool  // contacts that this run read and that were created after the snapshot
}

// trackerState is a tracker in a position.
type trackerState struct {
	SnapshotAt  int64  `json:"c,omitempty"`
	HasSnapshot bool   `json:"z,omitempty"`
	NoSnapshot  bool   `json:"n,omitempty"` // its ids have no known form
	Created     int64  `json:"e,omitempty"`
	Through     int64  `json:"t,omitempty"`
	Newest      int64  `json:"m,omitempty"`
	Delivered   string `json:"x,omitempty"` // that the snapshot lacks
	Uncertain   string `json:"u,omitempty"` // delivered, and perhaps in the snapshot
	NotFound    string `json:"d,omitempty"`
	Counted     int64  `json:"b,omitempty"`
	reconcile.SnapshotState
	reconcile.CandidateState
}

// newTracker decodes the tracker of a position; nil is an empty one.
func newTracker(state *trackerState) (*tracker, error) {
	if state == nil {
		state = &trackerState{}
	}
	t := &tracker{
		Candidates: reconcile.NewCandidates(state.CandidateState), hasSnapshot: state.HasSnapshot,
		created: state.Created, through: state.Through, newest: state.Newest, counted: state.Counted,
		delivered: make(map[string]bool), notFound: make(map[string]bool), later: make(map[string]bool),
	}
	if state.SnapshotAt > 0 {
		t.snapshotAt = time.Unix(state.SnapshotAt, 0).UTC()
	}
	if state.HasSnapshot && !state.NoSnapshot {
		var err error
		if t.snapshot, err = reconcile.NewSnapshot(state.SnapshotState); err != nil {
			return nil, err
		}
	}
	for id := range strings.FieldsSeq(state.NotFound) {
		if _, absent := t.Absent[id]; absent {
			t.notFound[id] = true
		}
	}
	for id := range strings.FieldsSeq(state.Uncertain) {
		t.delivered[id] = false
	}
	for id := range strings.FieldsSeq(state.Delivered) {
		t.delivered[id] = true
	}
	return t, nil
}

// state returns the tracker for a position.
func (t *tracker) state() *trackerState {
	s := &trackerState{
		SnapshotAt: reconcile.Epoch(t.snapshotAt), HasSnapshot: t.hasSnapshot, NoSnapshot: t.hasSnapshot && t.snapshot == nil,
		Created: t.created, Through: t.through, Newest: t.newest, Counted: t.counted,
		SnapshotState: t.snapshot.State(), CandidateState: t.State(),
	}
	var certain, uncertain []string
	for _, id := range slices.Sorted(maps.Keys(t.delivered)) {
		if t.delivered[id] {
			certain = append(certain, id)
		} else {
			uncertain = append(uncertain, id)
		}
	}
	s.Delivered, s.Uncertain = strings.Join(certain, " "), strings.Join(uncertain, " ")
	s.NotFound = strings.Join(slices.Sorted(maps.Keys(t.notFound)), " ")
	return s
}

// replaceSnapshot makes the snapshot of a list that was read until now. Its date is set when the run
// ends: while the run delivers contacts, the list itself says which contacts the snapshot has. The
// list may show contacts that are newer than all that searches have shown so far.
func (t *tracker) replaceSnapshot(listed *reconcile.IDSet, now time.Time) {
	made := reconcile.NewTableBuilder(snapshotBytes)
	for id := range listed.All() {
		made.Add(id)
	}
	cells := 300
	if made.Len() >= 5000 {
		cells = 1000
	}
	t.snapshot, t.hasSnapshot, t.Doubted, t.listed = made.BuildAs(cells), true, 0, listed
	t.snapshotAt, t.through = time.Time{}, max(t.created, reconcile.Epoch(now))
	clear(t.delivered)
}

// compare returns the contacts that may be delivered and are not listed, and the listed ones that
// were not delivered. With [sketch.ErrTooMany] there are others that it cannot list; more is the
// number of deleted ones among them minus the number of new ones.
func (t *tracker) compare(listed *reconcile.IDSet) (gone, fresh []string, more int64, err error) {
	var c *reconcile.Comparison
	if t.snapshot != nil {
		c = t.snapshot.Compare()
	}
	for id := range listed.All() {
		if c != nil && !t.delivered[id] && !t.later[id] {
			c.See(id)
		}
	}
	// For contacts delivered since the snapshot the list decides, whether or not the snapshot
	// has them.
	missing := make(map[string]bool)
	for id := range t.delivered {
		missing[id] = !listed.Has(id)
	}
	if c != nil {
		var (
			named []string
			net   int64
		)
		named, fresh, net, err = c.Result()
		for _, id := range named {
			missing[id] = !listed.Has(id)
		}
		if err != nil {
			more = net - int64(len(named)-len(fresh))
		}
	}
	for _, id := range slices.Sorted(maps.Keys(missing)) {
		if missing[id] {
			gone = append(gone, id)
		}
	}
	return gone, fresh, more, err
}

// observe notes the creation date of a contact that was read.
func (t *tracker) observe(contact *feed.Contact) {
	if contact.CreatedAt == nil {
		return
	}
	created := contact.CreatedAt.Unix()
	t.created = max(t.created, created)
	switch id := string(contact.ID); {
	case created <= t.through, t.through == 0 && t.listed == nil:
	case t.listed == nil:
		t.later[id] = true
	case t.listed.Has(id):
		t.through = created
	}
}

// intend notes a contact with its date before it is delivered, because it may have arrived even if the
// run is interrupted. to is the server time of the run. It reports whether the state has to go out
// before the contact.
func (t *tracker) intend(contact *feed.Contact, date, to time.Time) (changed bool) {
	if fresh, certain := t.isFresh(contact); fresh {
		// Above the limit an id is not needed: this run's audit makes a snapshot that has it.
		if id := string(contact.ID); len(t.delivered) < 2*mostDelivered {
			t.delivered[id], changed = certain, true
		}
		t.Found(string(contact.ID))
	}
	if modified := date.Unix(); modified > t.newest {
		// Larger steps than needed keep the number of states low. Most rows are older than to.
		const step = int64(time.Hour / time.Second)
		t.newest, changed = modified, true
		if modified <= to.Unix() {
			t.newest = to.Unix()
		} else if modified < reconcile.LastSecond-step {
			t.newest = modified + step - modified%step
		}
	}
	return changed
}

// isFresh reports whether the snapshot may lack a contact that was not noted yet, and whether it lacks
// the contact for certain. A list of ids decides, or the list from which this run made the
// snapshot. Without both, the creation date does.
func (t *tracker) isFresh(contact *feed.Contact) (fresh, certain bool) {
	id := string(contact.ID)
	_, noted := t.delivered[id]
	_, absent := t.Absent[id]
	switch {
	case noted:
		return false, false
	case absent, t.snapshot == nil:
		return true, true
	case t.snapshot.IsList():
		lacks := t.snapshot.Lacks(id)
		return lacks, lacks
	case t.listed != nil:
		lacks := !t.listed.Has(id)
		return lacks, lacks
	case contact.CreatedAt == nil:
		return true, false
	}
	created := contact.CreatedAt.Unix()
	return created > t.through-int64(createdLate/time.Second), created > t.through
}

// Found removes a candidate that exists, or that was reported as deleted.
func (t *tracker) Found(id string) {
	t.Candidates.Found(id)
	delete(t.notFound, id)
}

// questions returns the candidates to ask for. first was not asked for yet. The own call of each in
// second did not find it, at least a look-back ago.
func (t *tracker) questions(now time.Time, lookback time.Duration) (first, second []string) {
	for _, id := range slices.Sorted(maps.Keys(t.Absent)) {
		if !t.notFound[id] && len(first) < reconcile.MaxSingleCalls {
			first = append(first, id)
		}
	}
	second = slices.DeleteFunc(t.Ripe(now, lookback), func(id string) bool { return !t.notFound[id] })
	return first, second
}

// miss adds a candidate that the list does not show. It reports false if there are too many.
func (t *tracker) miss(id string, since time.Time) bool {
	delete(t.delivered, id)
	if _, waiting := t.Absent[id]; !waiting && len(t.Absent) >= mostAbsent {
		return false
	}
	t.Miss(id, since)
	return true
}

// due reports whether it is time for an audit.
func (t *tracker) due(now time.Time, every, lookback time.Duration) bool {
	switch {
	case now.IsZero():
		return false
	case t.Doubted != 0:
		return t.DoubtWaited(now, lookback)
	}
	age := now.Sub(t.snapshotAt)
	return age >= every || age < -time.Minute || len(t.delivered) > mostDelivered
}
