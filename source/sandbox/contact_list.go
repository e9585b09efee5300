package sandbox

import (
	"iter"
	"sync"
)

// mailingList is a mailing list of a directory (API §4.4). Whether a contact is
// a member is a function of its index.
type mailingList struct {
	directory *directory
	number    int
	ident     string
	title     string
	owner     string
	share     int   // members per hundred contacts
	created   int64 // Unix seconds

	mutex    sync.Mutex
	counted  int // members among the first examined contacts
	examined int
}

func newMailingLists(d *directory) []*mailingList {
	plans := []struct {
		title string
		share int
	}{{"All customers", 80}, {"Newsletter / Français", 35}, {"VIP \"gold\"", 5}, {"Empty list", 0}}
	lists := make([]*mailingList, len(plans))
	for i, plan := range plans {
		lists[i] = &mailingList{
			directory: d, number: i, ident: d.world.listIDs.format(d.number, i), title: plan.title,
			owner: d.world.userID(i % 2), share: plan.share, created: d.start + int64(i)*24*3600,
		}
	}
	return lists
}

func (m *mailingList) id() string { return m.ident }

func (m *mailingList) has(index int) bool {
	r := newRandom(m.directory.key, kindMembership, uint64(m.number), uint64(index))
	return r.chance(m.share)
}

// element is an element of …/mailinglists: the count is 0 unless asked for,
// and approximate, because deleted contacts still count (API §4.4).
func (m *mailingList) element(withCount bool) any {
	count := 0
	if withCount {
		count = m.count()
	}
	return map[string]any{
		"mailingListId": m.ident, "name": m.title, "ownerId": m.owner,
		"creationDate": m.created * second, "lastModifiedDate": (m.created + 3600) * second, "contactCount": count,
	}
}

func (m *mailingList) count() int {
	m.directory.world.mutex.RLock()
	total := m.directory.total()
	m.directory.world.mutex.RUnlock()
	m.mutex.Lock()
	defer m.mutex.Unlock()
	for ; m.examined < total; m.examined++ {
		if m.has(m.examined) {
			m.counted++
		}
	}
	return m.counted
}

func (d *directory) mailingLists() []*mailingList { return d.lists }

// members yields the members of a list at the moment of the call; an unknown
// list has none.
func (d *directory) members(listID string) iter.Seq[*contact] {
	everybody, list := d.contacts(), d.list(listID)
	return func(yield func(*contact) bool) {
		if list == nil {
			return
		}
		for c := range everybody {
			if !list.has(c.index) {
				continue
			}
			if c.list = list; !yield(c) {
				return
			}
		}
	}
}

// list is nil when there is none of that id.
func (d *directory) list(id string) *mailingList {
	for _, list := range d.lists {
		if list.ident == id {
			return list
		}
	}
	return nil
}

func (c *contact) inList(listID string) bool {
	list := c.directory.list(listID)
	return list != nil && list.has(c.index)
}

// lookupID is the id of the membership.
func (c *contact) lookupID(m *mailingList) string {
	return c.directory.world.lookupIDs.format(c.directory.number<<8|m.number, c.index)
}
