package sandbox

import (
	"cmp"
	"iter"
	"math"
	"slices"
	"time"
)

// exportQuery selects the responses and columns of an export (API §3.1).
type exportQuery struct {
	Start, End time.Time // zero = unbounded; compared with the recorded date, or with the modified date if Sort
	Sort       bool      // filter and order by the modified date, and add it
	InProgress bool      // only open sessions
	Limit      int       // 0 = none
	Questions  *[]string // QIDs; nil = all, empty = none
	Embedded   *[]string // embedded data names
	Metadata   *[]string // metadata ids
	Table      bool      // the records become a table

	Keep func(facts) bool // filter of a saved filter or a continuation token; nil = none
}

// window is a range of Unix milliseconds, low inclusive, high exclusive.
type window struct{ low, high int64 }

func (w window) holds(t int64) bool { return w.low <= t && t < w.high }

// window applies the doubts about the bounds. Bounds between two milliseconds
// are rounded such that the result does not change.
func (q exportQuery) window(d Doubt) window {
	w := window{math.MinInt64, math.MaxInt64}
	ceiling := func(t time.Time) int64 {
		ms := t.UnixMilli()
		if t.After(time.UnixMilli(ms)) {
			ms++
		}
		return ms
	}
	if !q.Start.IsZero() {
		w.low = ceiling(q.Start)
		if d.StartExclusive {
			w.low = q.Start.UnixMilli() + 1
		}
	}
	if !q.End.IsZero() {
		w.high = ceiling(q.End)
		if d.EndInclusive {
			w.high = q.End.UnixMilli() + 1
		}
	}
	return w
}

// exported is the content of an export. Both sequences can be iterated repeatedly
// and yield the same each time.
type exported struct {
	versions iter.Seq[facts]
	records  iter.Seq[[]byte] // compact JSON (API §3.6); a slice is valid until the next one
}

// export returns the responses that match a query at the moment of the call.
func (s *survey) export(q exportQuery) exported {
	s.world.mutex.RLock()
	shot := s.snapshot()
	s.world.mutex.RUnlock()
	return s.selected(shot, q, nil)
}

// snapshot returns the responses at the moment. The caller holds the world's mutex.
func (s *survey) snapshot() snapshot {
	shot := s.responses.snapshot()
	shot.at = s.world.now()
	return shot
}

// now returns the time of the server in Unix milliseconds.
func (w *world) now() int64 {
	if w.clock == nil {
		return math.MaxInt64
	}
	return w.clock().UnixMilli()
}

// selected returns the responses of a snapshot that match a query, except those
// whose index is in without.
func (s *survey) selected(shot snapshot, q exportQuery, without map[int]bool) exported {
	versions := func(yield func(facts) bool) {
		left := q.Limit
		for f := range shot.query(q, s.world.doubt) {
			if without[f.index] || (q.Keep != nil && !q.Keep(f)) {
				continue
			}
			if !yield(f) {
				return
			}
			if left--; left == 0 {
				return
			}
		}
	}
	return exported{versions, func(yield func([]byte) bool) {
		record := newRecord(s, q)
		record.damaged, record.at = shot.damaged, shot.at
		for f := range versions {
			if !yield(record.json(f)) {
				return
			}
		}
	}}
}

// query yields the responses of q in order: by modified date with Sort, else in
// the order in which they were recorded (assumed).
func (s snapshot) query(q exportQuery, d Doubt) iter.Seq[facts] {
	w := q.window(d)
	switch {
	case q.InProgress:
		return s.open(w)
	case q.Sort:
		return s.byModified(w)
	}
	return s.byRecorded(w)
}

// open yields the open sessions. The bounds apply to their start (assumed).
func (s snapshot) open(w window) iter.Seq[facts] {
	return func(yield func(facts) bool) {
		for _, o := range s.sessions {
			if w.holds(o.start*second) && !yield(o.facts()) {
				return
			}
		}
	}
}

// byModified yields the responses by modified date. It yields the unchanged
// history first, because every change has a date after the history.
func (s snapshot) byModified(w window) iter.Seq[facts] {
	return func(yield func(facts) bool) {
		i := s.history.first(w.low)
		next, _ := slices.BinarySearchFunc(s.changed, i, func(v version, i int) int { return cmp.Compare(v.index, i) })
		for ; i < s.history.count; i++ {
			if next < len(s.changed) && s.changed[next].index == i {
				next++
				if v := s.changed[next-1]; v.gone || v.modified > s.history.end {
					continue
				}
			}
			f := s.history.facts(i)
			if f.modified >= w.high {
				break
			}
			if !yield(f) {
				return
			}
		}
		for _, f := range s.since(w) {
			if !yield(f) {
				return
			}
		}
	}
}

// since returns the versions inside w that were made after the history, by
// modified date.
func (s snapshot) since(w window) []facts {
	var late []facts
	for _, list := range [][]version{s.changed, s.arrived} {
		for _, v := range list {
			if !v.gone && v.modified > s.history.end && w.holds(v.modified) {
				late = append(late, v.facts)
			}
		}
	}
	slices.SortFunc(late, func(a, b facts) int {
		return cmp.Or(cmp.Compare(a.modified, b.modified), cmp.Compare(a.index, b.index))
	})
	return late
}

func (s snapshot) byRecorded(w window) iter.Seq[facts] {
	return func(yield func(facts) bool) {
		i := s.history.first(w.low)
		stop := s.history.count
		if w.high < math.MaxInt64-longestEdit {
			stop = s.history.first(w.high + longestEdit)
		}
		next, _ := slices.BinarySearchFunc(s.changed, i, func(v version, i int) int { return cmp.Compare(v.index, i) })
		for ; i < stop; i++ {
			var f facts
			if next < len(s.changed) && s.changed[next].index == i {
				next++
				if s.changed[next-1].gone {
					continue
				}
				f = s.changed[next-1].facts
			} else {
				f = s.history.facts(i)
			}
			if w.holds(f.recorded) && !yield(f) {
				return
			}
		}
		for _, v := range s.arrived {
			if w.holds(v.recorded) && !yield(v.facts) {
				return
			}
		}
	}
}
