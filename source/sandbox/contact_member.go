package sandbox

import (
	"iter"
	"maps"
	"time"
)

// members yields the members of a list at the moment of the call. An unknown
// list has no members.
func (d *directory) members(listID string) iter.Seq[*contact] {
	d.world.mutex.RLock()
	defer d.world.mutex.RUnlock()
	list := d.listLocked(listID)
	if list == nil {
		return func(func(*contact) bool) {}
	}
	return list.membersLocked()
}

func (m *mailingList) membersLocked() iter.Seq[*contact] {
	everybody, changed, arrivals := m.directory.contactsLocked(), maps.Clone(m.changed), m.directory.arrivals
	return func(yield func(*contact) bool) {
		for c := range everybody {
			one := m.membership(c.index, changed, arrivals)
			if !one.in {
				continue
			}
			if c.list, c.listOptOut = m, one.optOut; !yield(c) {
				return
			}
		}
	}
}

// inList reports whether the contact is in an existing list.
func (c *contact) inList(listID string) bool {
	c.directory.world.mutex.RLock()
	defer c.directory.world.mutex.RUnlock()
	list := c.directory.listLocked(listID)
	return list != nil && list.membershipLocked(c.index).in
}

// lookupID returns the id of the membership. It stays the same if a contact
// leaves and joins again (*assumed*).
func (c *contact) lookupID(m *mailingList) string {
	// The owner number of the id combines the numbers of the directory and the
	// list.
	owner := m.number>>8<<16 | c.directory.number<<8 | m.number&0xff
	return c.directory.world.lookupIDs.format(owner, c.index)
}

// memberships returns the lists of the contact for its detail.
func (c *contact) memberships() map[string]any {
	c.directory.world.mutex.RLock()
	defer c.directory.world.mutex.RUnlock()
	lists := map[string]any{}
	for _, list := range c.directory.mailingListsLocked() {
		one := list.membershipLocked(c.index)
		if !one.in {
			continue
		}
		lists[list.ident] = map[string]any{
			"contactLookupId": c.lookupID(list), "name": list.title, "unsubscribed": one.optOut != 0,
			"unsubscribeDate": millisOrNull(one.optOut), "ownerId": list.owner,
		}
	}
	return lists
}

// memberElement returns a contact of …/mailinglists/{m}/contacts (API §4.4).
// The last two members are missing in the official text. Clients in use rely on
// them.
func (c *contact) memberElement(embedded bool) any {
	element := c.listElement(embedded).(map[string]any)
	if !c.directory.world.doubt.PlainMembers {
		element["contactLookupId"] = c.lookupID(c.list)
		element["mailingListUnsubscribed"] = c.listOptOut != 0
	}
	return element
}

// memberDetail returns …/mailinglists/{m}/contacts/{c} (API §4.4). The opt-out
// of the directory is a text here.
func (c *contact) memberDetail() any {
	detail := c.detail().(map[string]any)
	detail["contactLookupId"] = c.lookupID(c.list)
	detail["mailingListUnsubscribed"], detail["mailingListUnsubscribeDate"] = c.listOptOut != 0, millisOrNull(c.listOptOut)
	if at := c.optOut(); at != 0 {
		detail["directoryUnsubscribeDate"] = time.Unix(at, 0).UTC().Format(time.RFC3339)
	}
	return detail
}
