package sandbox

import (
	"encoding/json"
	"iter"
	"slices"
)

func (w *world) directoryTruth() iter.Seq[[]byte] {
	w.mutex.RLock()
	defer w.mutex.RUnlock()
	var rows [][]byte
	for _, d := range w.directoriesLocked() {
		var row rowWriter
		row.text("directory_id", d.ident)
		row.textOrNull("name", d.title)
		row.number("contact_count", d.total()-d.gone)
		row.yes("is_default", d.number == 0)
		row.json("deduplication_criteria", json.RawMessage(deduplication))
		rows = append(rows, row.done())
	}
	return slices.Values(rows)
}

// listedListsLocked returns the mailing lists that the account can see.
func (w *world) listedListsLocked() []*mailingList {
	var all []*mailingList
	for _, d := range w.directoriesLocked() {
		if !w.lacking[RightMailingLists] {
			all = append(all, d.mailingListsLocked()...)
		}
	}
	return all
}

func (w *world) mailingListTruth() iter.Seq[[]byte] {
	w.mutex.RLock()
	defer w.mutex.RUnlock()
	var rows [][]byte
	for _, m := range w.listedListsLocked() {
		var row rowWriter
		row.text("directory_id", m.directory.ident)
		row.text("mailing_list_id", m.ident)
		row.text("name", m.title)
		row.text("owner_id", m.owner)
		row.date("creation_date", m.created)
		row.date("last_modified_date", m.modified)
		row.number("contact_count", m.countLocked())
		rows = append(rows, row.done())
	}
	return slices.Values(rows)
}

func (w *world) memberTruth() iter.Seq[[]byte] {
	w.mutex.RLock()
	defer w.mutex.RUnlock()
	var all []iter.Seq[*contact]
	for _, m := range w.listedListsLocked() {
		all = append(all, m.membersLocked())
	}
	return func(yield func([]byte) bool) {
		var row rowWriter
		for _, members := range all {
			for c := range members {
				row = row[:0]
				c.appendMemberTruth(&row)
				if !yield(row.done()) {
					return
				}
			}
		}
	}
}

// appendMemberTruth writes the columns of a membership. Names and addresses are
// in the truth of contacts. Two columns are null if the endpoint lacks them.
func (c *contact) appendMemberTruth(row *rowWriter) {
	row.text("directory_id", c.directory.ident)
	row.text("mailing_list_id", c.list.ident)
	row.text("contact_id", c.id())
	if c.directory.world.doubt.PlainMembers {
		row.null("contact_lookup_id")
	} else {
		row.text("contact_lookup_id", c.lookupID(c.list))
	}
	row.yes("unsubscribed", c.optOut() != 0)
	if c.directory.world.doubt.PlainMembers {
		row.null("mailing_list_unsubscribed")
	} else {
		row.yes("mailing_list_unsubscribed", c.listOptOut != 0)
	}
}

func (w *world) userTruth() iter.Seq[[]byte] {
	w.mutex.RLock()
	defer w.mutex.RUnlock()
	if w.lacking[RightUsers] {
		return slices.Values([][]byte{})
	}
	var rows [][]byte
	for _, u := range w.people.listLocked() {
		first, last := u.name()
		var row rowWriter
		row.text("user_id", u.id())
		row.textOrNull("division_id", u.division())
		row.text("username", u.username())
		row.text("first_name", first)
		row.text("last_name", last)
		row.text("user_type", u.kind())
		row.text("email", u.email())
		row.text("account_status", u.status())
		rows = append(rows, row.done())
	}
	return slices.Values(rows)
}
