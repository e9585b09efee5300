package sandbox

import (
	"sync"
	"time"
)

// mailingList is a mailing list of a directory (API §4.4). Its members are a
// function of their index, except for the contacts in changed. The fields above
// the blank line never change. The world's mutex guards the others.
type mailingList struct {
	directory *directory
	number    int
	ident     string
	owner     string
	share     int   // members per hundred contacts
	contacts  int   // share applies to contacts below this index; 0 = to all
	created   int64 // Unix seconds

	title    string
	modified int64 // Unix seconds
	deleted  bool
	changed  map[int]membership

	mutex    sync.Mutex
	counted  int // members by share among the first examined contacts
	examined int
}

// membership holds whether a contact is in a list, and its opt-out of the list
// in Unix seconds, 0 for none.
type membership struct {
	in     bool
	optOut int64
}

// newMailingLists makes the initial lists of a directory.
func newMailingLists(d *directory) {
	plans := []struct {
		title string
		share int
	}{{"All customers", 80}, {"Newsletter / Français", 35}, {"VIP \"gold\"", 5}, {"Empty list", 0}}
	for i, plan := range plans {
		created := d.start + int64(i)*24*3600
		d.lists = append(d.lists, d.newList(plan.title, plan.share, created))
		d.lists[i].modified = created + 3600
	}
}

// newList makes the next list of the directory.
func (d *directory) newList(title string, share int, created int64) *mailingList {
	number := len(d.lists)
	return &mailingList{
		directory: d, number: number, ident: d.world.listIDs.format(d.number, number), owner: d.world.userID(number % 2),
		share: share, created: created, title: title, modified: created,
	}
}

func (m *mailingList) id() string { return m.ident }

// has reports whether a contact is a member by share. The contacts in changed
// do not follow it.
func (m *mailingList) has(index int) bool {
	if m.contacts > 0 && index >= m.contacts {
		return false
	}
	r := newRandom(m.directory.key, kindMembership, uint64(m.number), uint64(index))
	return r.chance(m.share)
}

// optOutPercent is the share of members that opted out of a list before the
// world began.
const optOutPercent = 3

// membershipLocked returns the present membership of an existing contact.
func (m *mailingList) membershipLocked(index int) membership {
	return m.membership(index, m.changed, m.directory.arrivals)
}

func (m *mailingList) membership(index int, changed map[int]membership, arrivals []int64) membership {
	if one, ok := changed[index]; ok {
		return one
	}
	one := membership{in: m.has(index)}
	if d := m.directory; one.in && index < d.base && m.created < d.end {
		if r := newRandom(d.key, kindListOptOut, uint64(m.number), uint64(index)); r.chance(optOutPercent) {
			since := max(m.created, d.created(index, arrivals))
			one.optOut = since + r.span(d.end-since+1)
		}
	}
	return one
}

// setLocked changes the membership of a contact at a moment.
func (m *mailingList) setLocked(index int, one membership, at int64) {
	if m.changed == nil {
		m.changed = make(map[int]membership)
	}
	m.changed[index] = one
	if m.directory.world.doubt.MembersMoveList {
		m.modified = max(m.modified, at)
	}
}

// element returns an element of …/mailinglists. The count is 0 unless
// requested.
func (m *mailingList) element(withCount bool) any {
	m.directory.world.mutex.RLock()
	defer m.directory.world.mutex.RUnlock()
	count := 0
	if withCount {
		count = m.countLocked()
	}
	return map[string]any{
		"mailingListId": m.ident, "name": m.title, "ownerId": m.owner,
		"creationDate": m.date(m.created), "lastModifiedDate": m.date(m.modified), "contactCount": count,
	}
}

// date returns epoch milliseconds (*documented*), or a text in the layout of
// Doubt.MailingListDates.
func (m *mailingList) date(unix int64) any {
	if layout := m.directory.world.doubt.MailingListDates; layout != "" {
		return time.Unix(unix, 0).UTC().Format(layout)
	}
	return unix * second
}

// countLocked returns the number of members. The API's is approximate
// (*documented*). That it can count deleted contacts is *assumed*
// (Doubt.StaleMemberCounts).
func (m *mailingList) countLocked() int {
	d := m.directory
	total := d.total()
	m.mutex.Lock()
	for ; m.examined < total; m.examined++ {
		if m.has(m.examined) {
			m.counted++
		}
	}
	count := m.counted
	m.mutex.Unlock()
	for index, one := range m.changed {
		count += asNumber(one.in) - asNumber(m.has(index))
	}
	if d.world.doubt.StaleMemberCounts {
		return count
	}
	for index, c := range d.changes {
		if c.gone && m.membershipLocked(index).in {
			count--
		}
	}
	return count
}

func asNumber(is bool) int {
	if is {
		return 1
	}
	return 0
}

// mailingLists returns the existing lists, the oldest first.
func (d *directory) mailingLists() []*mailingList {
	d.world.mutex.RLock()
	defer d.world.mutex.RUnlock()
	return d.mailingListsLocked()
}

func (d *directory) mailingListsLocked() []*mailingList {
	var all []*mailingList
	for _, list := range d.lists {
		if !list.deleted {
			all = append(all, list)
		}
	}
	return all
}

// listLocked returns nil if no list has the id.
func (d *directory) listLocked(id string) *mailingList {
	for _, list := range d.lists {
		if list.ident == id && !list.deleted {
			return list
		}
	}
	return nil
}
