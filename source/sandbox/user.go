package sandbox

import (
	"strconv"
	"sync"
)

// users holds the users of the brand (API §6). A user is a function of the seed
// and its number, except for the members in changes. The world's mutex guards
// the fields below the first blank line.
type users struct {
	world *world
	base  int
	end   int64 // Unix seconds: the initial accounts are older

	arrivals []int64 // creation of users since the start, Unix seconds
	changes  map[int]userChange

	lock sync.Mutex // guards byID
	byID map[string]int
}

// userChange holds the changes of a user since the start of the world. An empty
// text means no change.
type userChange struct {
	kind, status, division string
	gone                   bool
}

// noDivision is the division of a user that has none.
const noDivision = "-"

// user is a user at one moment.
type user struct {
	all    *users
	number int
	change userChange
	born   int64 // creation of a user made since the start, Unix seconds
}

func newUsers(w *world, count int) *users {
	return &users{world: w, base: count, end: w.epoch.Unix() - 3600}
}

func (u *users) total() int { return u.base + len(u.arrivals) }

func (u *users) atLocked(number int) *user {
	one := &user{all: u, number: number, change: u.changes[number]}
	if number >= u.base {
		one.born = u.arrivals[number-u.base]
	}
	return one
}

// list returns the existing users. New users are last.
func (u *users) list() []*user {
	u.world.mutex.RLock()
	defer u.world.mutex.RUnlock()
	return u.listLocked()
}

func (u *users) listLocked() []*user {
	var all []*user
	for number := range u.total() {
		if one := u.atLocked(number); !one.change.gone {
			all = append(all, one)
		}
	}
	return all
}

func (u *users) user(id string) (*user, bool) {
	u.world.mutex.RLock()
	defer u.world.mutex.RUnlock()
	number, ok := u.numberLocked(id)
	if !ok {
		return nil, false
	}
	return u.atLocked(number), true
}

// numberLocked returns the number of an existing user.
func (u *users) numberLocked(id string) (int, bool) {
	u.lock.Lock()
	defer u.lock.Unlock()
	if u.byID == nil {
		u.byID = make(map[string]int)
	}
	for number := len(u.byID); number < u.total(); number++ {
		u.byID[u.id(number)] = number
	}
	number, ok := u.byID[id]
	return number, ok && !u.changes[number].gone
}

// id returns UR_…, or for some users URH_… (*documented*). The owners of
// surveys and lists are among the first three users.
func (u *users) id(number int) string {
	id := u.world.userID(number)
	if number > 2 && number%7 == 5 {
		return "URH_" + id[len("UR_"):]
	}
	return id
}

func (u *user) id() string { return u.all.id(u.number) }

// dice returns a generator for values that do not depend on changes.
func (u *user) dice(purpose uint64) random {
	return newRandom(u.all.world.seed, kindUser, purpose, uint64(u.number))
}

// Types, states and divisions of users. UT_BRANDADMIN and the states are
// *documented*. The other types are *assumed*.
var (
	userKinds    = []string{"UT_STANDARD", "UT_STANDARD", "UT_PARTICIPANT", "UT_BRANDADMIN", "UT_DIVISIONADMIN"}
	userStatuses = []string{"active", "active", "active", "disabled", "notVerified"}
)

func divisionID(seed, number uint64) string {
	return "DV_" + token(idDigits, seed, kindUser, 1<<32+number)
}

// divisions returns the divisions of the brand. Users without a division have
// null.
func (u *users) divisions() []string {
	return []string{noDivision, divisionID(u.world.seed, 0), divisionID(u.world.seed, 1), divisionID(u.world.seed, 2)}
}

// kind returns the type of the account.
func (u *user) kind() string {
	if u.change.kind != "" {
		return u.change.kind
	}
	if u.number == 0 {
		return u.all.world.account().AccountType
	}
	r := u.dice(1)
	return pick(&r, userKinds)
}

func (u *user) status() string {
	if u.change.status != "" {
		return u.change.status
	}
	if u.number < 3 {
		return userStatuses[0]
	}
	r := u.dice(2)
	return pick(&r, userStatuses)
}

// division returns "" for none.
func (u *user) division() string {
	division := u.change.division
	if division == "" {
		r := u.dice(3)
		division = pick(&r, u.all.divisions())
	}
	if division == noDivision {
		return ""
	}
	return division
}

// name returns the first and last name.
func (u *user) name() (first, last string) {
	if u.number == 0 {
		a := u.all.world.account()
		return a.FirstName, a.LastName
	}
	r := u.dice(4)
	return pick(&r, firstNames), pick(&r, lastNames)
}

func (u *user) email() string {
	if u.number == 0 {
		return u.all.world.account().Email
	}
	return "user" + strconv.Itoa(u.number) + "@example.com"
}

func (u *user) username() string {
	if u.number == 0 {
		return u.all.world.account().UserName
	}
	return "user" + strconv.Itoa(u.number) + "#" + u.all.world.brandID()
}

// created returns the creation date of the account, Unix seconds.
func (u *user) created() int64 {
	if u.born != 0 {
		return u.born
	}
	r := u.dice(5)
	return u.all.end - r.span(6*365*24*3600)
}
