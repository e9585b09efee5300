package sandbox

import (
	"fmt"
	"math"
)

// changeSurveys renames and edits, creates and, rarely, deletes surveys.
func (p *progressing) changeSurveys() {
	listed := p.listedLocked()
	if len(listed) == 0 {
		return
	}
	whole := math.Min(p.hours, 48) * p.activity.surveys
	for _, at := range p.seconds(p.dice.count(0.3 * whole)) {
		s := pick(&p.dice, listed)
		s.title = fmt.Sprintf("%s (v%d)", shorten(s.title, 200), p.dice.between(2, 99))
		s.modified = max(s.modified, at)
		s.editQuestions()
		s.editStructure()
		s.arrange()
		s.publish(at * second)
	}
	for _, at := range p.seconds(min(p.dice.count(0.2*whole), int(math.Ceil(whole)))) {
		s := p.addSurvey(len(p.surveys), 0)
		s.created, s.modified, s.active = at, at, true
		// The history is empty. Its end is the earliest date of changes.
		s.responses.history.start, s.responses.history.end = at*second-1, at*second-1
		s.exportable, s.legible = true, true
	}
	keep := p.scale.KeepSurveys
	if len(listed) > keep && p.dice.count(0.02*whole) > 0 {
		// The first surveys stay, so that users can work with them.
		gone := listed[keep/2+p.dice.intn(len(listed)-keep/2)]
		gone.deleted = true
	}
}

// changeContacts adds, edits, opts out and deletes contacts.
func (p *progressing) changeContacts() {
	const most = 5000
	for _, d := range p.pools {
		number := func(share, least float64) int {
			if d.base == 0 {
				return 0
			}
			return min(p.dice.count(max(float64(d.base)*share, least)*p.hours*p.activity.contacts), most)
		}
		d.arrivals = append(d.arrivals, p.seconds(number(1.0/5000, 1))...)
		for _, at := range p.seconds(number(1.0/2000, 2)) {
			d.edit(&p.dice, func(c *contactChange, created int64) {
				c.revision++
				c.modified = max(c.modified, at, created)
			})
		}
		for _, at := range p.seconds(number(1.0/20000, 0.7)) {
			d.edit(&p.dice, func(c *contactChange, created int64) {
				if c.unsubscribed != 0 {
					return
				}
				c.unsubscribed = max(at, created)
				if !p.doubt.OptOutKeepsModified {
					c.modified = max(c.modified, at, created)
				}
			})
		}
		for range p.seconds(number(1.0/30000, 0.5)) {
			if p.scale.KeepContacts {
				continue
			}
			d.edit(&p.dice, func(c *contactChange, _ int64) {
				c.gone = true
				d.gone++
			})
		}
	}
}

// edit changes an existing contact. Apply also gets its creation date.
func (d *directory) edit(dice *random, apply func(c *contactChange, created int64)) {
	for range 8 {
		index := dice.intn(d.total())
		c := d.changes[index]
		if c.gone {
			continue
		}
		apply(&c, d.created(index, d.arrivals))
		if d.changes == nil {
			d.changes = make(map[int]contactChange)
		}
		d.changes[index] = c
		return
	}
}
