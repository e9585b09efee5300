package sandbox

import "slices"

// sessionLifetime is the time without activity after which a session ends, in seconds. A
// week is *assumed*: a survey can choose another time, and record such sessions instead.
const sessionLifetime = 7 * 24 * 3600

// changeSessions lets respondents go on in open sessions, so that these have more answers.
// Sessions without activity for a week end without a response.
func (p *progressing) changeSessions() {
	dice := newRandom(p.seed, kindSessionAdvance, p.advances, uint64(p.from))
	resume := int(min(60, 4*p.hours*p.activity.responses))
	for _, s := range p.surveys {
		open := slices.Clone(s.responses.sessions)
		for i := range open {
			at := max(open[i].start, p.from/second+1) + dice.span(max(1, (p.to-p.from)/second))
			further := dice.between(1, 30)
			if dice.chance(resume) && s.active && at <= p.to/second {
				open[i].resumed = at
				open[i].progress = uint8(min(95, int(open[i].progress)+further))
			}
		}
		s.responses.sessions = slices.DeleteFunc(open, func(one session) bool { return one.lastSeen()+sessionLifetime <= p.to/second })
	}
}
