package sandbox

import (
	"cmp"
	"slices"
)

// overlay holds what happened to the responses of a survey since the start of
// the world. It is guarded by the world's mutex.
type overlay struct {
	history  history
	arrivals []arrival // only ever appended to; indexes follow the history's
	changes  map[int]change
	sessions []session
	opened   int // sessions ever opened
	deleted  int // responses ever deleted

	hidden    int // arrivals that are not visible yet
	generated int // visible generated responses; -1 until counted
}

// change is how a response differs from its pristine state.
type change struct {
	revision int   // visible revision, 0 = not edited
	latest   int   // latest revision, visible or not
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

// current is the visible version of a response.
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
	}
	return f
}

// visible is the number of responses that an export of everything holds.
func (o *overlay) visible() int { return o.total() - o.hidden - o.goneCount() }

func (o *overlay) goneCount() int { return o.deleted - o.history.goneBefore() }

// goneBefore is the number of responses that were deleted before the world
// began; they only show in the counts.
func (h history) goneBefore() int { return h.count / 300 }

func (o *overlay) set(index int, c change) {
	if o.changes == nil {
		o.changes = make(map[int]change)
	}
	o.changes[index] = c
}

// arrive adds a response; a hidden one waits for show.
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

// promise reserves the next revision of a response; apply makes it visible.
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

// edit makes a revision visible unless a later one already is. No two of them
// have one date (assumed): nothing could tell them apart.
func (o *overlay) edit(index, revision int, modified int64) {
	c := o.changes[index]
	if revision <= c.revision {
		return
	}
	c.revision, c.modified = revision, max(modified, c.modified+1)
	o.set(index, c)
}

func (o *overlay) delete(index int) {
	c := o.changes[index]
	c.gone = true
	o.set(index, c)
	o.deleted++
	o.count(index, -1)
}

// count keeps the number of generated responses current.
func (o *overlay) count(index, by int) {
	if o.generated >= 0 && o.pristine(index).generated() {
		o.generated += by
	}
}

// countGenerated is the number of visible generated responses. The first call
// walks through the history.
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

// snapshot is the responses of a moment; it is not touched by later changes.
type snapshot struct {
	history  history
	changed  []version // changed responses of the history, by index
	arrived  []version // visible arrivals, by index
	sessions []session
}

// version is a response as of the snapshot.
type version struct {
	facts
	gone bool
}

func (o *overlay) snapshot() snapshot {
	s := snapshot{history: o.history, sessions: slices.Clone(o.sessions)}
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
