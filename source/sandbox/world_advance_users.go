package sandbox

// leastUsers is the number of users that always stay. The account is the first
// of them.
const leastUsers = 3

// changeUsers adds, changes and deletes users, at the rate of contacts. It has
// a generator of its own, so that the draws for contacts do not change.
func (p *progressing) changeUsers() {
	const most = 500
	own, u := p.drawing(kindUserAdvance), p.people
	number := func(perHour float64) int {
		return min(own.dice.count(perHour*p.hours*p.activity.contacts), most)
	}
	u.arrivals = append(u.arrivals, own.seconds(number(0.2))...)
	for range own.seconds(number(0.4)) {
		u.change(&own.dice, func(_ int, c *userChange) {
			switch own.dice.intn(3) {
			case 0:
				c.kind = pick(&own.dice, userKinds)
			case 1:
				c.status = pick(&own.dice, userStatuses)
			default:
				c.division = pick(&own.dice, u.divisions())
			}
		})
	}
	for range own.seconds(number(0.1)) {
		u.change(&own.dice, func(number int, c *userChange) { c.gone = number >= leastUsers })
	}
}

// change changes an existing user, but not the account.
func (u *users) change(dice *random, apply func(number int, c *userChange)) {
	for range 8 {
		number := dice.intn(u.total())
		c := u.changes[number]
		if c.gone || number == 0 {
			continue
		}
		apply(number, &c)
		u.setLocked(number, c)
		return
	}
}

func (u *users) setLocked(number int, c userChange) {
	if u.changes == nil {
		u.changes = make(map[int]userChange)
	}
	u.changes[number] = c
}
