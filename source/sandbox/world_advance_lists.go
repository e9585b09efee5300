package sandbox

import "fmt"

// Mailing lists are created while a directory has fewer than mostLists, and deleted
// while it has more than leastLists; the first one always stays.
const (
	leastLists = 3
	mostLists  = 12
)

// changeLists creates, renames and deletes mailing lists. Members join, leave
// and opt out. It has a generator of its own, so that the draws for contacts do
// not change.
func (p *progressing) changeLists() {
	own := p.drawing(kindListAdvance)
	for _, d := range p.pools {
		if d.base > 0 {
			own.changeListsOf(d)
			own.changeMembersOf(d)
		}
	}
}

// drawing returns the same advance with a generator of its own.
func (p *progressing) drawing(kind uint64) *progressing {
	own := *p
	own.dice = newRandom(p.seed, kind, p.advances, uint64(p.from))
	return &own
}

func (p *progressing) changeListsOf(d *directory) {
	number := func(perHour float64) int { return min(p.dice.count(perHour*p.hours*p.activity.contacts), mostLists) }
	for _, at := range p.seconds(number(0.1)) {
		if len(d.mailingListsLocked()) < mostLists {
			list := d.newList(fmt.Sprintf("Import %d / %s", len(d.lists), pick(&p.dice, regions)), p.dice.between(1, 60), at)
			list.contacts = d.total()
			d.lists = append(d.lists, list)
		}
	}
	for _, at := range p.seconds(number(0.15)) {
		list := pick(&p.dice, d.mailingListsLocked())
		list.title = fmt.Sprintf("%s (v%d)", shorten(list.title, 90), p.dice.between(2, 99)) // at most 100 characters (*documented*)
		list.modified = max(list.modified, at)
	}
	for range p.seconds(number(0.05)) {
		if all := d.mailingListsLocked(); len(all) > leastLists {
			pick(&p.dice, all[1:]).deleted = true
		}
	}
}

func (p *progressing) changeMembersOf(d *directory) {
	const most = 5000
	number := func(share, least float64) int {
		return min(p.dice.count(max(float64(d.base)*share, least)*p.hours*p.activity.contacts), most)
	}
	change := func(dates []int64, changed func(one membership, at int64) (membership, bool)) {
		for _, at := range dates {
			p.changeMember(d, at, changed)
		}
	}
	change(p.seconds(number(1.0/5000, 1)), func(one membership, _ int64) (membership, bool) {
		return membership{in: true}, !one.in
	})
	change(p.seconds(number(1.0/10_000, 0.7)), func(one membership, _ int64) (membership, bool) {
		return membership{}, one.in
	})
	change(p.seconds(number(1.0/10_000, 0.7)), func(one membership, at int64) (membership, bool) {
		return membership{true, at}, one.in && one.optOut == 0
	})
}

// changeMember draws contacts until it finds one whose membership can change,
// and changes it.
func (p *progressing) changeMember(d *directory, at int64, changed func(one membership, at int64) (membership, bool)) {
	for range 16 {
		list, index := pick(&p.dice, d.mailingListsLocked()), p.dice.intn(d.total())
		if d.changes[index].gone {
			continue
		}
		if one, ok := changed(list.membershipLocked(index), at); ok {
			list.setLocked(index, one, at)
			return
		}
	}
}
