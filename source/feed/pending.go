package feed

import (
	"maps"
	"slices"
	"time"
)

// pending is what an audit is not sure of: it is looked at again when a
// look-back has passed on the server's clock, which may have been wrong then or
// may be now. Where ours does not agree on what passed, the wait begins anew;
// twice, for it may be ours that is wrong, or a tenant's that is made to leap.
type pending struct {
	absent  map[string]int64 // id → epoch seconds since when it was not found, with how often that began anew; 0: the next run's beginning
	doubted int64            // the same of an audit that lacked more than it could name; 0: none
	skew    int64            // seconds by which our clock was ahead when those moments were taken

	first time.Time // time on the server when this run looked first; zero: not known
	begun time.Time // when that was
}

// pendingState is pending in a position.
type pendingState struct {
	Absent  map[string]int64 `json:"y,omitempty"`
	Doubted int64            `json:"o,omitempty"`
	Skew    int64            `json:"j,omitempty"`
}

func newPending(state pendingState) pending {
	p := pending{absent: make(map[string]int64), doubted: state.Doubted, skew: state.Skew}
	maps.Copy(p.absent, state.Absent)
	return p
}

func (p *pending) state() pendingState {
	s := pendingState{Absent: p.absent, Doubted: p.doubted}
	if len(p.absent) > 0 || p.doubted != 0 {
		s.Skew = p.skew
	}
	return s
}

// mostAhead is by how many seconds a moment may lie ahead and be waited for all
// the same.
const mostAhead = 48 * 3600

// steadySkew is by how many seconds clocks may differ from one run to the next
// and still agree on what passed in between.
const steadySkew = 30

// begin takes the time on the server and here.
func (p *pending) begin(now, local time.Time) {
	if now.IsZero() {
		return
	}
	p.first, p.begun = now, time.Now()
	skew := local.Unix() - now.Unix()
	set := max(skew, p.skew)-min(skew, p.skew) > steadySkew
	from := func(since int64) int64 {
		switch {
		case since == 0:
			return now.Unix()
		case moment(since) > now.Unix()+mostAhead:
			return now.Unix() + mostAnew<<anewShift
		case set && anew(since) < mostAnew && moment(since) < now.Unix(): // else it is now, rather, that is dated too early
			return now.Unix() + (anew(since)+1)<<anewShift
		}
		return since
	}
	p.skew = skew
	for id, since := range p.absent {
		p.absent[id] = from(since)
	}
	if p.doubted != 0 {
		p.doubted = from(p.doubted)
	}
}

// miss takes what was not found; now may be unknown.
func (p *pending) miss(id string, now time.Time) {
	if _, waiting := p.absent[id]; !waiting {
		p.absent[id] = epoch(p.since(now))
	}
}

// since is when a wait begins that begins now. The server's time may be known to
// be no more than that of the beginning of a run, which may take long.
func (p *pending) since(now time.Time) time.Time {
	if now.IsZero() || p.first.IsZero() {
		return now
	}
	return later(now, p.first.Add(time.Since(p.begun)))
}

// ripe are those to be asked for, as many as one run may.
func (p *pending) ripe(now time.Time, lookback time.Duration) []string {
	var ids []string
	for _, id := range slices.Sorted(maps.Keys(p.absent)) {
		if since := p.absent[id]; since != 0 && waited(now, since, lookback) && len(ids) < mostQuestions {
			ids = append(ids, id)
		}
	}
	return ids
}

// doubt notes that an audit lacked too much.
func (p *pending) doubt(now time.Time) {
	if p.doubted == 0 {
		p.doubted = max(1, epoch(p.since(now)))
	}
}

// waited reports whether a look-back has passed since.
func waited(now time.Time, since int64, lookback time.Duration) bool {
	return now.Sub(time.Unix(moment(since), 0)) >= lookback
}

const (
	mostAnew  = 2
	anewShift = 40 // of how often a wait began anew, above the epoch seconds
)

// moment is when a wait began, in epoch seconds.
func moment(since int64) int64 { return max(since, -since) & (1<<anewShift - 1) }

// anew is how often a wait began anew; negative ones are of earlier states.
func anew(since int64) int64 {
	if since < 0 {
		return 1
	}
	return since >> anewShift
}
