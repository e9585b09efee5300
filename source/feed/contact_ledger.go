package feed

import (
	"maps"
	"slices"
	"strings"
	"time"
)

// Sizes of what is kept of one directory. An account has few of them.
const (
	contactSealBytes = 40 << 10
	mostAdded        = 2048 // ids; with more an audit is due, and none above twice as many are kept
	mostAbsent       = 4096
	// createdLate is how late a contact may show, and be missing from a set by
	// that.
	createdLate = 24 * time.Hour
)

// contactLedger is what has to be remembered of delivered contacts to find out
// later that they are gone: no feed tells it (API §4.2). Unlike that of
// responses it does not tell what is delivered from what may be: whatever the
// windows miss, the position makes them read again.
type contactLedger struct {
	pending
	sealedAt time.Time       // server time of the run whose list made the set; zero: unknown, or it did not end
	set      *seal           // contacts that were listed then; nil: there is none yet, or no room for one
	sealed   bool            // there was a list
	created  int64           // newest creation date that was seen, epoch seconds
	through  int64           // nothing in the set was created later, epoch seconds
	newest   int64           // newest date that a row or a tombstone may carry, epoch seconds
	added    map[string]bool // id → whether the set lacks it for sure: may be delivered, and need not be in the set
}

// contactLedgerState is a contactLedger in a position.
type contactLedgerState struct {
	SealedAt int64  `json:"c,omitempty"`
	Sealed   bool   `json:"z,omitempty"`
	NoRoom   bool   `json:"n,omitempty"`
	Created  int64  `json:"e,omitempty"`
	Through  int64  `json:"t,omitempty"`
	Newest   int64  `json:"m,omitempty"`
	Added    string `json:"x,omitempty"` // that the set lacks
	Unsure   string `json:"u,omitempty"` // that it may hold
	sealState
	pendingState
}

// newContactLedger understands what a position holds; nil is an empty ledger.
func newContactLedger(state *contactLedgerState) (*contactLedger, error) {
	if state == nil {
		state = &contactLedgerState{}
	}
	l := &contactLedger{pending: newPending(state.pendingState), added: make(map[string]bool)}
	l.sealed, l.newest, l.created, l.through = state.Sealed, state.Newest, state.Created, state.Through
	if state.SealedAt > 0 {
		l.sealedAt = time.Unix(state.SealedAt, 0).UTC()
	}
	if state.Sealed && !state.NoRoom {
		var err error
		if l.set, err = newSeal(state.sealState); err != nil {
			return nil, err
		}
	}
	for id := range strings.FieldsSeq(state.Unsure) {
		l.added[id] = false
	}
	for id := range strings.FieldsSeq(state.Added) {
		l.added[id] = true
	}
	return l, nil
}

// state writes the ledger.
func (l *contactLedger) state() *contactLedgerState {
	s := &contactLedgerState{
		SealedAt: epoch(l.sealedAt), Sealed: l.sealed, NoRoom: l.sealed && l.set == nil, Created: l.created, Through: l.through,
		Newest: l.newest, pendingState: l.pending.state(),
	}
	s.sealState = l.set.state()
	var added, unsure []string
	for _, id := range slices.Sorted(maps.Keys(l.added)) {
		if l.added[id] {
			added = append(added, id)
		} else {
			unsure = append(unsure, id)
		}
	}
	s.Added, s.Unsure = strings.Join(added, " "), strings.Join(unsure, " ")
	return s
}

// reseal makes the set of what a list showed, which ended by now. It has no date
// before the run that read the list ends, if rows follow: until then the contacts
// of the set can be told by that list only. What searches have shown so far may
// be much older than what the list did.
func (l *contactLedger) reseal(shown *listing, now time.Time) {
	made := newTally(contactSealBytes)
	for id := range shown.all() {
		made.put(id)
	}
	wanted := 300
	if made.count >= 5000 {
		wanted = 1000
	}
	l.set, l.sealed, l.doubted = made.sealAs(wanted), true, 0
	l.sealedAt, l.through = time.Time{}, max(l.created, epoch(now))
	clear(l.added)
}

// compare names what may be delivered and was not listed; young are contacts
// that came after the set was made. With [sketch.ErrTooMany] there are others that it
// cannot name: so many more are gone than came.
func (l *contactLedger) compare(shown *listing, young map[string]bool) (gone []string, more int64, err error) {
	var c *comparison
	if l.set != nil {
		c = l.set.compare()
	}
	for id := range shown.all() {
		if c != nil && !l.added[id] && !young[id] {
			c.see(id)
		}
	}
	// Of what was added the list itself tells; whether the set held it does
	// not matter.
	missing := make(map[string]bool)
	for id := range l.added {
		missing[id] = !shown.has(id)
	}
	if c != nil {
		named, fresh, net, failed := c.result()
		for _, id := range named {
			missing[id] = !shown.has(id)
		}
		if err = failed; err != nil {
			more = net - int64(len(named)-len(fresh))
		}
	}
	for _, id := range slices.Sorted(maps.Keys(missing)) {
		if missing[id] {
			gone = append(gone, id)
		}
	}
	return gone, more, err
}

// miss takes a contact that the list does not show; false: there is no room.
func (l *contactLedger) miss(id string, since time.Time) bool {
	delete(l.added, id)
	if _, waiting := l.absent[id]; !waiting && len(l.absent) >= mostAbsent {
		return false
	}
	l.pending.miss(id, since)
	return true
}

// due reports whether it is time for an audit.
func (l *contactLedger) due(now time.Time, every, lookback time.Duration) bool {
	switch {
	case now.IsZero():
		return false
	case l.doubted != 0:
		return waited(now, l.doubted, lookback)
	}
	age := now.Sub(l.sealedAt)
	return age >= every || age < -time.Minute || len(l.added) > mostAdded
}
