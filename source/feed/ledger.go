package feed

import (
	"cmp"
	"maps"
	"slices"
	"time"
)

// Sizes of what a ledger keeps. Beyond them an audit is due.
const (
	ledgerEntries  = 8192           // over all partitions, of what was delivered since the seal
	leastEntries   = 128            // of one partition
	deliveredSince = 24 * time.Hour // what is kept of delivered rows behind a seal
	leastSealAge   = 6 * time.Hour  // between audits that a counter asks for
	mostQuestions  = 200            // single responses asked for by one run
	lastSecond     = 253402300799   // that a date can name
	unknownVersion = 0              // of a response that is delivered
)

// ledger is what has to be remembered of delivered responses to find out
// later that they are gone: Qualtrics tells of no deletion (API §0.6).
type ledger struct {
	pending
	sealedAt time.Time // every response recorded before is in the set, if it existed then
	floor    int64     // start date of the file that the set was made of, epoch seconds
	set      *seal     // nil: there is none yet, or its ids have no known form
	lacking  *seal     // of a set that is being loaded: what no window has brought yet; nil: no load is at work
	deleted  int64     // Qualtrics' own counter at the seal
	since    time.Time // delivered holds every version that was modified since and delivered
	due      bool      // the next run has to audit
	newest   int64     // epoch seconds of the newest date that a row or a tombstone may carry: a later tombstone has to win
	undated  bool      // rows carry no modified date

	delivered map[string]int64 // id → modified (when it was read, where rows carry no such date), in epoch milliseconds: is delivered
	intended  map[string]bool  // may be delivered: their rows were about to go out
	owed      map[string]int64 // epoch milliseconds of the version that an audit found, of intended ones that come one by one
	entries   int              // most of delivered, by the share of this partition
}

// ledgerState is a ledger in a position. Of accounts with very many surveys each
// byte counts: what follows from the rest is left out.
type ledgerState struct {
	SealedAt  int64            `json:"c,omitempty"`
	Floor     int64            `json:"f,omitempty"`
	NoRoom    bool             `json:"n,omitempty"`
	Deleted   int64            `json:"d,omitempty"`
	Since     int64            `json:"s,omitempty"`
	Due       bool             `json:"a,omitempty"`
	Newest    int64            `json:"m,omitempty"`
	Undated   bool             `json:"u,omitempty"`
	Lacking   *sealState       `json:"l,omitempty"`
	Delivered map[string]int64 `json:"x,omitempty"`
	Intended  []string         `json:"q,omitempty"`
	Owed      map[string]int64 `json:"z,omitempty"`
	sealState
	pendingState
}

// newLedger understands what a position holds; nil is an empty ledger. Each of
// so many partitions has its share of the state.
func newLedger(state *ledgerState, partitions int) (*ledger, error) {
	l := &ledger{
		delivered: make(map[string]int64), intended: make(map[string]bool), owed: make(map[string]int64),
		entries: max(leastEntries, ledgerEntries/max(1, partitions)),
	}
	if state == nil {
		state = &ledgerState{}
	}
	l.pending = newPending(state.pendingState)
	if state.SealedAt > 0 {
		l.sealedAt = time.Unix(state.SealedAt, 0).UTC()
		if !state.NoRoom {
			var err error
			if l.set, err = newSeal(state.sealState); err != nil {
				return nil, err
			}
		}
	}
	if state.Lacking != nil {
		var err error
		if l.lacking, err = newSeal(*state.Lacking); err != nil {
			return nil, err
		}
	}
	l.floor, l.deleted, l.due, l.undated = state.Floor, state.Deleted, state.Due, state.Undated
	l.newest = max(state.Newest, state.SealedAt)
	switch {
	case state.Since > 0:
		l.since = time.Unix(state.Since, 0).UTC()
	case l.sealed():
		l.since = l.sealedAt.Add(-deliveredSince)
	}
	maps.Copy(l.delivered, state.Delivered)
	maps.Copy(l.owed, state.Owed)
	for _, id := range state.Intended {
		l.intended[id] = true
	}
	return l, nil
}

// state writes the ledger.
func (l *ledger) state() *ledgerState {
	maps.DeleteFunc(l.owed, func(id string, _ int64) bool { return !l.intended[id] })
	s := &ledgerState{
		SealedAt: epoch(l.sealedAt), Floor: l.floor, NoRoom: l.sealed() && l.set == nil, Deleted: l.deleted, Since: epoch(l.since), Due: l.due,
		Newest: l.newest, Undated: l.undated,
		Delivered: l.delivered, Intended: slices.Sorted(maps.Keys(l.intended)), Owed: l.owed, pendingState: l.pending.state(),
	}
	if l.sealed() {
		if l.since.Equal(l.sealedAt.Add(-deliveredSince)) {
			s.Since = 0
		}
		if s.Newest <= s.SealedAt {
			s.Newest = 0
		}
	}
	s.sealState = l.set.state()
	if l.lacking != nil {
		lacking := l.lacking.state()
		s.Lacking = &lacking
	}
	return s
}

// sealed reports whether a seal was made, with or without room for its set.
func (l *ledger) sealed() bool { return !l.sealedAt.IsZero() }

// lacks reports whether a response is not in the set for sure, however old it
// is: the file that the set was made from missed it.
func (l *ledger) lacks(id string) bool { return l.set != nil && l.set.ids != nil && !l.set.ids[id] }

// has reports whether this version of a response is known to be delivered.
func (l *ledger) has(id string, modified time.Time) bool {
	at, ok := l.delivered[id]
	return ok && (modified.IsZero() || at == modified.UnixMilli())
}

// dated takes the dates of a response that is about to be delivered.
func (l *ledger) dated(one present) {
	l.newest = max(l.newest, epoch(later(one.modified, one.recorded)))
}

// after is when something happened after all that may be delivered, by a clock
// that may have gone back.
func (l *ledger) after(now time.Time) time.Time {
	l.newest = stamp(now, l.newest)
	return time.Unix(l.newest, 0).UTC()
}

// note takes a response that was delivered, as of date; it is as good as
// sealed if it is older than what the ledger keeps.
func (l *ledger) note(id string, date, recorded time.Time) {
	delete(l.intended, id)
	delete(l.absent, id)
	if date.Before(l.since) && date.Unix() >= l.floor && recorded.Before(l.sealedAt) && !l.lacks(id) {
		return // sealed
	}
	l.delivered[id] = date.UnixMilli()
	if len(l.delivered) > 2*l.entries {
		// Too many at once: the oldest of them are as good as sealed, for the
		// next run makes a seal that holds them.
		l.due = true
		l.trim()
	}
}

// trim forgets what was delivered before since, and moves since as far as the
// room demands.
func (l *ledger) trim() {
	type entry struct {
		id string
		at int64
	}
	var entries []entry
	kept := make(map[string]int64)
	for id, at := range l.delivered {
		switch {
		case at == unknownVersion: // the next audit finds its date
			kept[id] = at
		case at >= l.since.UnixMilli():
			entries = append(entries, entry{id, at})
		}
	}
	slices.SortFunc(entries, func(a, b entry) int { return cmp.Or(cmp.Compare(b.at, a.at), cmp.Compare(a.id, b.id)) })
	if most := l.entries / 2; len(entries) > most {
		// Versions of the same second are kept together or not at all.
		l.since = time.UnixMilli(entries[most].at).UTC().Truncate(time.Second).Add(time.Second)
		entries = slices.DeleteFunc(entries, func(e entry) bool { return e.at < l.since.UnixMilli() })
	}
	for _, e := range entries {
		kept[e.id] = e.at
	}
	l.delivered = kept
}
