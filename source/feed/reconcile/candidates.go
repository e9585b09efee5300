package reconcile

import (
	"maps"
	"slices"
	"time"
)

// MaxSingleCalls limits the objects of a partition that a run reads by a call for each.
const MaxSingleCalls = 200

// Candidates are ids that may be deleted: an audit did not find them. Each is checked again
// when one look-back has passed on the server's clock.
//
// Either clock may be wrong. If the server's clock and the local clock disagree on the time
// between two runs, the wait restarts. It restarts at most [MaxRestarts] times, because a clock
// may be wrong in every run.
type Candidates struct {
	// Absent has the start of the wait by id: epoch seconds, and the number of restarts in the
	// bits above them (see [WaitBegan] and [Restarts]). 0 stands for an unknown start, which
	// becomes the beginning of the next run.
	Absent map[string]int64
	// Doubted is the start of the wait for a second audit, in the same form. The first audit
	// found more ids missing than it could list. 0: no audit is doubted.
	Doubted int64
	skew    int64 // seconds by which the local clock was ahead in the last run

	first time.Time // server time at the beginning of this run; zero: unknown
	begun time.Time // local time of the same moment
}

// CandidateState has the candidates of a position.
type CandidateState struct {
	Absent  map[string]int64 `json:"y,omitempty"`
	Doubted int64            `json:"o,omitempty"`
	Skew    int64            `json:"j,omitempty"`
}

// NewCandidates returns the candidates of a position.
func NewCandidates(state CandidateState) Candidates {
	p := Candidates{Absent: make(map[string]int64), Doubted: state.Doubted, skew: state.Skew}
	maps.Copy(p.Absent, state.Absent)
	return p
}

// State returns the candidates for a position.
func (p *Candidates) State() CandidateState {
	s := CandidateState{Absent: p.Absent, Doubted: p.Doubted}
	if len(p.Absent) > 0 || p.Doubted != 0 {
		s.Skew = p.skew
	}
	return s
}

const (
	mostAhead  = 48 * 3600 // seconds; a wait whose start is further in the future starts now
	steadySkew = 30        // seconds by which the difference of the clocks may change between runs
)

// Begin starts a run: now is the server time, local is the local time. Without a server time
// all waits stay as they are.
func (p *Candidates) Begin(now, local time.Time) {
	if now.IsZero() {
		return
	}
	p.first, p.begun = now, time.Now()
	skew := local.Unix() - now.Unix()
	set := max(skew, p.skew)-min(skew, p.skew) > steadySkew // a clock was set
	from := func(since int64) int64 {
		switch {
		case since == 0:
			return now.Unix()
		case WaitBegan(since) > now.Unix()+mostAhead:
			return now.Unix() + MaxRestarts<<restartShift
		case set && Restarts(since) < MaxRestarts && WaitBegan(since) < now.Unix(): // a start in the future is later than now anyway
			return now.Unix() + (Restarts(since)+1)<<restartShift
		}
		return since
	}
	p.skew = skew
	for id, since := range p.Absent {
		p.Absent[id] = from(since)
	}
	if p.Doubted != 0 {
		p.Doubted = from(p.Doubted)
	}
}

// Miss adds an id that was not found at a server time, which may be zero. The wait of an id that
// is a candidate already continues.
func (p *Candidates) Miss(id string, now time.Time) {
	if _, waiting := p.Absent[id]; !waiting {
		p.Absent[id] = Epoch(p.waitFrom(now))
	}
}

// Found removes an id that exists, or that was reported as deleted.
func (p *Candidates) Found(id string) { delete(p.Absent, id) }

// WaitAgain restarts the wait of a candidate at a server time, after a first check confirmed that
// it is not found.
func (p *Candidates) WaitAgain(id string, now time.Time) { p.Absent[id] = Epoch(p.waitFrom(now)) }

// waitFrom returns the start of a wait that begins now. A caller may pass the server time at the
// beginning of the run, so the duration of the run is added to that.
func (p *Candidates) waitFrom(now time.Time) time.Time {
	if now.IsZero() || p.first.IsZero() {
		return now
	}
	return Later(now, p.first.Add(time.Since(p.begun)))
}

// Ripe returns the ids that have waited for a look-back, sorted, at most [MaxSingleCalls].
func (p *Candidates) Ripe(now time.Time, lookback time.Duration) []string {
	var ids []string
	for _, id := range slices.Sorted(maps.Keys(p.Absent)) {
		if since := p.Absent[id]; since != 0 && Waited(now, since, lookback) && len(ids) < MaxSingleCalls {
			ids = append(ids, id)
		}
	}
	return ids
}

// Doubt starts the wait for a second audit, unless it has started.
func (p *Candidates) Doubt(now time.Time) {
	if p.Doubted == 0 {
		p.Doubted = max(1, Epoch(p.waitFrom(now)))
	}
}

// DoubtWaited reports whether an audit is doubted and the wait for the second one is over. Without
// a server time it is not over.
func (p *Candidates) DoubtWaited(now time.Time, lookback time.Duration) bool {
	return p.Doubted != 0 && !now.IsZero() && Waited(now, p.Doubted, lookback)
}

// Waited reports whether a look-back has passed since a value of [Candidates].Absent.
func Waited(now time.Time, since int64, lookback time.Duration) bool {
	return now.Sub(time.Unix(WaitBegan(since), 0)) >= lookback
}

// MaxRestarts limits the restarts of a wait.
const MaxRestarts = 2

const restartShift = 40 // the restarts are in the bits above the epoch seconds

// WaitBegan returns the epoch seconds of a value of [Candidates].Absent.
func WaitBegan(since int64) int64 { return max(since, -since) & (1<<restartShift - 1) }

// Restarts returns the number of restarts in a value of [Candidates].Absent. Old states have
// negative values, which stand for one restart.
func Restarts(since int64) int64 {
	if since < 0 {
		return 1
	}
	return since >> restartShift
}
