package feed

import (
	"context"
	"fmt"
	"time"

	"github.com/birdie-ai/source-qualtrics/source/qualtrics"
)

// Turn is when a partition is best read, the earliest first.
type Turn int

// The turns. What comes after News can wait, and takes turns with asking
// others for their news.
const (
	None     Turn = iota // there is nothing to read, or it cannot be read
	First                // it was never read to its end
	News                 // something is new, for all that is known
	Overdue              // it is out of its turn for long
	Settling             // what is new may have come to light since it was read
	Sweep                // its turn has come
	Audit                // it is to be compared with what exists, or came to nothing when it was read first
	Turns                // how many there are
)

// Plan says when a partition is best read.
type Plan struct {
	Turn Turn
	// Of a partition without a turn: why it cannot be read, as Fetch would
	// say, and the position if it is another one.
	Err      error
	Position Position
}

// Planner is a feed that knows before it reads a partition whether that is
// worth while, at the price of one call at most.
type Planner interface {
	Plan(ctx context.Context, env *Env, request Request) Plan
}

var _ Planner = responses{}

// late is by how much a survey misses its turn before it gets ahead of those
// that were read not long ago.
const late = 2 * time.Hour

// Plan reads the counters of a survey that has some, unless it rests.
func (responses) Plan(ctx context.Context, env *Env, request Request) Plan {
	f := newResponseFetch(env, request, nil)
	switch err := request.understand(&f.position); {
	case err != nil:
		return Plan{Turn: News} // reading it says what is wrong
	case env.exportsAll():
		return Plan{Turn: News}
	case f.position.Denied != 0:
		insisted := f.partition.Named || env.Selection.FailOnDenied
		if now, ok := env.Client.ServerTime(); ok && !insisted && !f.turned(f.position.Denied, now) {
			return Plan{Turn: None, Err: &Skipped{fmt.Sprintf("survey %s may not be exported by this account; it is asked for once a day", f.partition), false}}
		}
		return Plan{Turn: First}
	case f.position.Watermark == 0, f.position.Loading:
		if now, ok := env.Client.ServerTime(); ok && f.position.Tried != 0 && now.Sub(time.Unix(f.position.Tried, 0)) < sweepEvery {
			return Plan{Turn: Audit}
		}
		return Plan{Turn: First}
	}
	if f.rests() {
		f.report.To, f.report.Reason = f.to, Unchanged
		return Plan{Turn: None}
	}
	before := f.position.Rested
	f = newResponseFetch(env, request, nil)
	if err := f.prepare(ctx, &request); err != nil {
		return Plan{Turn: None, Err: f.boundary(err)}
	}
	turn := f.turn()
	if turn != None {
		return Plan{Turn: turn}
	}
	f.report.To, f.report.Reason = f.to, Unchanged
	if f.position.Rested == before {
		return Plan{Turn: None}
	}
	position, err := f.encode()
	return Plan{Turn: None, Position: position, Err: err}
}

// turn is the turn of a survey by its counters and its position.
func (f *responseFetch) turn() Turn {
	p := &f.position
	since := f.to.Sub(time.Unix(p.Watermark, 0))
	switch {
	case p.Watermark == 0: // it was not to be trusted
		return First
	case f.again(), f.uncovered(), f.to.IsZero():
		return News
	case f.idle() && !f.owes():
		return None
	case f.moved:
		return News
	case since >= sweepEvery+late:
		return Overdue
	case f.owes(), p.Changed != 0, p.Untrusted, f.blind:
		return Settling
	case f.swept():
		return Sweep
	default:
		return Audit
	}
}

// rests reports whether the survey took no responses when its counters were
// read last, was not touched since, and is not to be exported for another
// reason. It then costs no call: its counters come with its whole definition.
func (f *responseFetch) rests() bool {
	survey := f.partition.Survey
	if survey == nil || !f.position.rested(survey) {
		return false
	}
	to, ok := f.env.Client.ServerTime()
	if !ok {
		return false
	}
	f.to = to
	if f.env.AuditEvery > 0 {
		var err error
		if f.ledger, err = newLedger(f.position.Ledger, len(f.env.listed)); err != nil {
			return false
		}
	}
	return !f.again() && !f.uncovered() && f.idle() && !f.owes()
}

func (p *responsePosition) rested(survey *qualtrics.Survey) bool {
	return !survey.IsActive && !survey.LastModified.IsZero() && p.Rested == survey.LastModified.Unix()
}

// owes reports whether single responses are to be asked for.
func (f *responseFetch) owes() bool {
	if f.ledger == nil {
		return false
	}
	return len(f.ledger.intended)+len(f.ledger.ripe(f.to, f.env.Lookback)) > 0
}
