package sandbox

import (
	"cmp"
	"slices"
	"time"
)

// pendingChange is a new response or an edit that is not visible yet.
type pendingChange struct {
	visibleAt int64 // Unix milliseconds
	survey    *survey
	index     int
	revision  int   // 0 = the response itself
	modified  int64 // of the edit, Unix milliseconds
}

// Shares and limits of one advance. Rates are per hour.
const (
	arrivalsPerResponse = 1.0 / 5000
	leastArrivals       = 5
	mostArrivals        = 20000
	editShare           = 0.4 // edits per arrival
	deletionShare       = 0.1
	sessionShare        = 0.3
	latePercent         = 25
	lateMost            = 10 * 60 * second
)

// progressing is one advance: its generator, and its interval in Unix
// milliseconds, which excludes the start and includes the end.
type progressing struct {
	*world
	from, to int64
	hours    float64
	dice     random
}

// advance changes the data for the interval (from, to]. Pending changes that
// are due become visible. Quiet makes all pending changes visible and adds
// none. Otherwise responses arrive, are edited and deleted,
// and sessions open and close. Contacts, members, users and, rarely, surveys
// and mailing lists are added, changed and removed. A quarter of the responses
// and edits becomes visible late.
func (w *world) advance(from, to time.Time, quiet bool) {
	w.mutex.Lock()
	defer w.mutex.Unlock()
	w.showDue(to.UnixMilli(), quiet)
	if quiet || !to.After(from) {
		return
	}
	p := &progressing{
		world: w, from: from.UnixMilli(), to: to.UnixMilli(), hours: to.Sub(from).Hours(),
		dice: newRandom(w.seed, kindAdvance, w.advances, uint64(from.UnixMilli())),
	}
	w.advances++
	if p.to == p.from {
		return
	}
	p.changeSurveys()
	p.changeResponses()
	p.changeContacts()
	p.changeLists()
	p.changeUsers()
	p.changeSessions()
	w.showDue(p.to, false)
}

// showDue makes pending changes visible in the order of their events: those
// that are due at now, or all.
func (w *world) showDue(now int64, everything bool) {
	waiting := w.pending[:0]
	for _, c := range w.pending {
		switch {
		case !everything && c.visibleAt > now:
			waiting = append(waiting, c)
		case c.revision == 0:
			c.survey.responses.show(c.index)
			c.survey.touch(c.modified)
		default:
			c.survey.responses.edit(c.index, c.revision, c.modified)
		}
	}
	clear(w.pending[len(waiting):])
	w.pending = waiting
}

// touch moves the survey's modified date, if Doubt.ResponsesMoveSurvey.
func (s *survey) touch(modified int64) {
	if s.world.doubt.ResponsesMoveSurvey {
		s.modified = max(s.modified, modified/second)
	}
}

// dates returns n dates in the interval, ascending, in milliseconds.
func (p *progressing) dates(n int) []int64 {
	all := make([]int64, n)
	for i := range all {
		all[i] = p.from + 1 + p.dice.span(p.to-p.from)
	}
	slices.Sort(all)
	return all
}

// seconds returns n dates in the interval that are whole seconds, ascending. It
// returns none if the interval contains no whole second.
func (p *progressing) seconds(n int) []int64 {
	var all []int64
	for _, date := range p.dates(n) {
		at := min((date+second-1)/second, p.to/second)
		if at*second > p.from {
			all = append(all, at)
		}
	}
	return all
}

// event is one change of responses.
type event struct {
	at   int64 // Unix milliseconds
	kind eventKind
}

type eventKind uint8

const (
	eventArrival eventKind = iota
	eventEdit
	eventDoubleEdit // two edits in one second
	eventDeletion
	eventOpen
	eventClose
)

func (p *progressing) changeResponses() {
	if len(p.listedLocked()) == 0 {
		return
	}
	arrivals := min(p.dice.count(max(float64(p.scale.Responses)*arrivalsPerResponse, leastArrivals)*p.hours*p.activity.responses), mostArrivals)
	counts := map[eventKind]int{
		eventArrival:    arrivals,
		eventEdit:       p.dice.count(float64(arrivals) * editShare),
		eventDoubleEdit: p.dice.count(float64(arrivals) * editShare / 10),
		eventDeletion:   p.dice.count(float64(arrivals) * deletionShare),
		eventOpen:       p.dice.count(float64(arrivals) * sessionShare),
		eventClose:      p.dice.count(float64(arrivals) * sessionShare),
	}
	var events []event
	for kind := eventArrival; kind <= eventClose; kind++ {
		for _, at := range p.dates(counts[kind]) {
			events = append(events, event{at, kind})
		}
	}
	slices.SortStableFunc(events, func(a, b event) int { return cmp.Compare(a.at, b.at) })
	targets := p.targets()
	if len(targets) == 0 {
		return
	}
	for _, e := range events {
		p.happen(e, targets)
	}
}

// targets returns the surveys that get responses. They are active and not among
// the empty ones. At least half of the events concern the first one.
func (p *progressing) targets() []*survey {
	var all []*survey
	for _, s := range p.surveys {
		if !s.deleted && s.active && !isEmpty(s.index) {
			all = append(all, s)
		}
	}
	return all
}

func (p *progressing) happen(e event, targets []*survey) {
	s := targets[0]
	if p.dice.chance(50) {
		s = pick(&p.dice, targets)
	}
	if s.created*second > e.at {
		return // the survey did not exist yet
	}
	switch e.kind {
	case eventArrival:
		p.arrive(s, e.at, p.newArrival(e.at))
	case eventEdit:
		p.edit(s, e.at)
	case eventDoubleEdit:
		if index, found := p.victim(s); found {
			p.revise(s, index, e.at)
			// Within the same second and the interval.
			p.revise(s, index, min(e.at+1+p.dice.span(300), e.at/second*second+999, p.to))
		}
	case eventDeletion:
		if index, found := p.victim(s); found {
			s.responses.delete(index)
		}
	case eventOpen:
		s.responses.sessions = append(slices.Clip(s.responses.sessions), session{
			number: s.responses.opened, start: e.at / second, progress: uint8(p.dice.between(5, 60)),
		})
		s.responses.opened++
	case eventClose:
		p.close(s, e.at)
	}
}
