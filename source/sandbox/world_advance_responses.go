package sandbox

import "slices"

// newArrival returns a response that was recorded at a moment. One in ten is an
// import, and one in twenty-five a partial closed a week late. A few are
// previews or spam.
func (p *progressing) newArrival(at int64) arrival {
	f := facts{recorded: at, end: at / second, progress: 100}
	f.start = f.end - int64(p.dice.between(20, 1200))
	switch n := p.dice.intn(100); {
	case n < 10:
		f.importFrom(&p.dice)
	case n < 14:
		f.closeLate(&p.dice)
	case n < 16:
		f.status = statusPreview
	case n < 17:
		f.status = statusSpam
	}
	if f.status == statusImported && p.doubt.BackdatedImports {
		f.recorded = f.end * second
	}
	return arrival{
		start: f.start, end: f.end, recorded: f.recorded, modified: at,
		status: uint8(f.status), progress: uint8(f.progress),
	}
}

// delay returns the time until an event becomes visible; 0 = at once.
func (p *progressing) delay() int64 {
	if !p.dice.chance(latePercent) {
		return 0
	}
	return 100 + p.dice.span(p.scale.LateMost.Milliseconds()-100)
}

func (p *progressing) arrive(s *survey, at int64, a arrival) {
	late := p.delay()
	index := s.responses.arrive(a, late > 0)
	if late > 0 {
		p.pending = append(p.pending, pendingChange{visibleAt: at + late, survey: s, index: index, modified: at})
		return
	}
	s.touch(at)
}

// close turns the oldest session into a response.
func (p *progressing) close(s *survey, at int64) {
	if len(s.responses.sessions) == 0 {
		return
	}
	open := s.responses.sessions[0]
	s.responses.sessions = slices.Clone(s.responses.sessions[1:])
	end := max(at/second-int64(p.dice.intn(3)), open.start+1)
	p.arrive(s, at, arrival{start: open.start, end: end, recorded: at, progress: 100})
}

// victim returns a visible response of the survey, in half of the calls a
// recent one.
func (p *progressing) victim(s *survey) (index int, found bool) {
	total := s.responses.total()
	for range 8 {
		if total == 0 {
			return 0, false
		}
		index = p.dice.intn(total)
		if p.dice.chance(50) {
			index = total - 1 - p.dice.intn(min(total, 50))
		}
		if _, visible := s.responses.current(index); visible {
			return index, true
		}
	}
	return 0, false
}

func (p *progressing) edit(s *survey, at int64) {
	if index, found := p.victim(s); found {
		p.revise(s, index, at)
	}
}

// revise edits a visible response, now or late.
func (p *progressing) revise(s *survey, index int, at int64) {
	revision := s.responses.promise(index)
	if late := p.delay(); late > 0 {
		p.pending = append(p.pending, pendingChange{
			visibleAt: at + late, survey: s, index: index, revision: revision, modified: at,
		})
		return
	}
	s.responses.edit(index, revision, at)
}
