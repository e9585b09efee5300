package sandbox

import (
	"cmp"
	"maps"
	"slices"
)

// overlay holds the changes to the responses of a survey since the start of the
// world. It is guarded by the world's mutex.
type overlay struct {
	history  history
	arrivals []arrival // append-only; indexes follow those of the history
	changes  map[int]change
	sessions []session
	opened   int // sessions ever opened
	deleted  int // responses ever deleted

	damaged map[int]RecordDamage // damaged records in exports, by index

	hidden    int // arrivals that are not visible yet
	generated int // visible generated responses; -1 until counted
}

// change holds the differences of a response from its initial version.
type change struct {
	revision int   // visible revision, 0 = not edited
	latest   int   // latest revision, visible or not
	empty    int   // the revision without values, 0 = none
	spam     bool  // a user marked it as spam
	modified int64 // of the visible revision, Unix milliseconds
	hidden   bool
	gone     bool
}

func (o *overlay) total() int { return o.history.count + len(o.arrivals) }

func (o *overlay) pristine(index int) facts {
	if index < o.history.count {
		return o.history.facts(index)
	}
	return o.arrivals[index-o.history.count].facts(index)
}

// current returns the visible version of a response.
func (o *overlay) current(index int) (facts, bool) {
	if index < 0 || index >= o.total() {
		return facts{}, false
	}
	f := o.pristine(index)
	c, changed := o.changes[index]
	if !changed {
		return f, true
	}
	return c.apply(f), !c.gone && !c.hidden
}

func (c change) apply(f facts) facts {
	if c.revision > 0 {
		f.revision, f.modified = c.revision, c.modified
		f.empty = c.empty == c.revision
	}
	if c.spam {
		f.status |= statusSpam
	}
	return f
}

// visible returns the number of responses in an export of the whole survey.
func (o *overlay) visible() int { return o.total() - o.hidden - o.goneCount() }

func (o *overlay) goneCount() int { return o.deleted - o.history.goneBefore() }

// goneBefore returns the number of responses that were deleted before the world
// began. Only the counts include them.
func (h history) goneBefore() int { return h.count / 300 }

func (o *overlay) set(index int, c change) {
	if o.changes == nil {
		o.changes = make(map[int]change)
	}
	o.changes[index] = c
}

// arrive adds a response. A hidden response becomes visible with show.
func (o *overlay) arrive(a arrival, hidden bool) int {
	index := o.total()
	o.arrivals = append(o.arrivals, a)
	if hidden {
		o.set(index, change{hidden: true})
		o.hidden++
	} else {
		o.count(index, 1)
	}
	return index
}

// show makes an arrival visible.
func (o *overlay) show(index int) {
	c := o.changes[index]
	if !c.hidden {
		return
	}
	c.hidden = false
	o.set(index, c)
	o.hidden--
	o.count(index, 1)
}

// promise reserves the next revision of a response, and apply makes it visible.
func (o *overlay) promise(index int) (revision int) {
	c, changed := o.changes[index]
	if !changed {
		f := o.pristine(index)
		c.revision, c.latest, c.modified = f.revision, f.revision, f.modified
	}
	c.latest++
	o.set(index, c)
	return c.latest
}

// edit makes a revision visible unless a later one is visible already. Two
// revisions never have the same date (assumed): clients could not distinguish
// them.
func (o *overlay) edit(index, revision int, modified int64) {
	c := o.changes[index]
	if revision <= c.revision {
		return
	}
	c.revision, c.modified = revision, max(modified, c.modified+1)
	o.set(index, c)
}

// clear edits a response so that it has no values. A later edit brings them back.
func (o *overlay) clear(index int, modified int64) {
	revision := o.promise(index)
	c := o.changes[index]
	c.empty = revision
	o.set(index, c)
	o.edit(index, revision, modified)
}

// markSpam edits a response so that it is spam from now on. Its modified date moves (assumed).
func (o *overlay) markSpam(index int, modified int64) {
	revision := o.promise(index)
	c := o.changes[index]
	c.spam = true
	o.set(index, c)
	o.edit(index, revision, modified)
}

func (o *overlay) delete(index int) {
	c := o.changes[index]
	c.gone = true
	o.set(index, c)
	o.deleted++
	o.count(index, -1)
}

// count updates the number of generated responses.
func (o *overlay) count(index, by int) {
	if o.generated >= 0 && o.pristine(index).generated() {
		o.generated += by
	}
}

// countGenerated returns the number of visible generated responses. The first
// call reads the whole history.
func (o *overlay) countGenerated() int {
	if o.generated < 0 {
		o.generated = 0
		for i := range o.total() {
			if f, visible := o.current(i); visible && f.generated() {
				o.generated++
			}
		}
	}
	return o.generated
}

// snapshot holds the responses at one moment. Later changes do not affect it.
type snapshot struct {
	history  history
	changed  []version // changed responses of the history, by index
	arrived  []version // visible arrivals, by index
	sessions []session
	damaged  map[int]RecordDamage
	at       int64 // Unix milliseconds
}

// version is a response in the snapshot.
type version struct {
	facts
	gone bool
}

func (o *overlay) snapshot() snapshot {
	s := snapshot{history: o.history, sessions: slices.Clone(o.sessions), damaged: maps.Clone(o.damaged)}
	for index, c := range o.changes {
		if index < o.history.count {
			s.changed = append(s.changed, version{c.apply(o.history.facts(index)), c.gone})
		}
	}
	slices.SortFunc(s.changed, func(a, b version) int { return cmp.Compare(a.index, b.index) })
	for i := range o.arrivals {
		if f, visible := o.current(o.history.count + i); visible {
			s.arrived = append(s.arrived, version{facts: f})
		}
	}
	return s
}
