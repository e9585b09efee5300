package sandbox

import (
	"cmp"
	"sort"
)

// facts holds the metadata of one version of a response. Start and end are Unix
// seconds, recorded and modified Unix milliseconds.
type facts struct {
	index    int
	revision int
	start    int64
	end      int64
	recorded int64
	modified int64
	status   int
	progress int
	session  bool // still open: FS_ id, no recorded date
	empty    bool // an edit removed all values
}

// Response states (API §3.5).
const (
	statusNormal   = 0
	statusPreview  = 1
	statusTest     = 2
	statusImported = 4
	statusSpam     = 8
)

const (
	second = int64(1000) // milliseconds
	hour   = 3600 * second
	day    = 24 * hour

	// longestEdit is the longest time between the recording and the edit of a
	// response of the initial world, in milliseconds.
	longestEdit = 60 * day
)

// history holds the initial responses of a survey as a function of the index.
// Modified dates grow with the index. So a window of dates is a range of
// indexes, and no response has to be stored.
type history struct {
	key        uint64
	count      int
	start, end int64 // Unix milliseconds
}

// modified returns the modified date of response i. It never decreases with i.
func (h history) modified(i int) int64 {
	span := h.end - h.start
	jitter := int64(hash2(h.key, uint64(i)) >> 1 % uint64(span))
	return h.start + (int64(i)*span+jitter)/int64(h.count)
}

// first returns the first index whose modified date is at or after t.
func (h history) first(t int64) int {
	return sort.Search(h.count, func(i int) bool { return h.modified(i) >= t })
}

// facts returns the metadata of response i. Of a thousand responses, 30 were
// edited long after they were recorded. 10 are partials closed a week after the
// respondent left, and 10 are imports with earlier dates. 10 are previews and
// tests, and 5 are spam.
func (h history) facts(i int) facts {
	r := newRandom(h.key, kindResponse, uint64(i))
	f := facts{index: i, modified: h.modified(i), progress: 100}
	f.recorded = f.modified
	if r.chance(20) {
		f.recorded -= r.span(2 * second)
	}
	f.end = f.recorded / second
	f.start = f.end - int64(r.between(20, 1200))
	switch n := r.intn(1000); {
	case n < 30:
		f.revision = 1
		f.recorded -= r.span(min(longestEdit, f.modified-h.start+hour)) / 2
		f.end = f.recorded / second
		f.start = f.end - int64(r.between(20, 1200))
	case n < 40:
		f.closeLate(&r)
	case n < 50:
		f.importFrom(&r)
	case n < 56:
		f.status = statusPreview
	case n < 60:
		f.status = statusTest
	case n < 65:
		f.status = statusSpam
	}
	return f
}

// closeLate makes the response a partial: recorded a week after its end.
func (f *facts) closeLate(r *random) {
	f.end -= 7 * 24 * 3600
	f.start = f.end - int64(r.between(10, 300))
	f.progress = r.between(5, 90)
}

// importFrom makes the response an import: its answers are dated long before
// the recorded date (assumed, API §3.4).
func (f *facts) importFrom(r *random) {
	f.status = statusImported
	f.end -= int64(r.between(30, 1000)) * 24 * 3600
	f.start = f.end - int64(r.between(30, 900))
}

// generated reports whether the counts of Qualtrics include the response as
// generated instead of auditable (API §2.3).
func (f facts) generated() bool { return f.status&(statusPreview|statusTest) != 0 }

// arrival is a response recorded after the start of the world.
type arrival struct {
	start, end int64 // Unix seconds
	recorded   int64 // Unix milliseconds
	modified   int64 // likewise; 0: the recorded date
	status     uint8
	progress   uint8
}

func (a arrival) facts(index int) facts {
	return facts{
		index: index, start: a.start, end: a.end, recorded: a.recorded, modified: cmp.Or(a.modified, a.recorded),
		status: int(a.status), progress: int(a.progress),
	}
}

// session is a response in progress.
type session struct {
	number   int
	start    int64 // Unix seconds
	resumed  int64 // when the respondent last came back, Unix seconds; 0: never
	progress uint8
}

// lastSeen returns the time of the last page, in Unix seconds.
func (s session) lastSeen() int64 { return max(s.start, s.resumed) + 30 }

func (s session) facts() facts {
	return facts{index: s.number, start: s.start, end: s.lastSeen(), progress: int(s.progress), session: true}
}
