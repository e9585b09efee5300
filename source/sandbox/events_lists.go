package sandbox

// The methods of this file change mailing lists and their members at once, like
// another user of the account. Each returns false if the list or the contact
// does not exist.

// RenameDirectory gives a directory another name; "" makes it null.
func (s *Sandbox) RenameDirectory(directoryID, name string) bool {
	return s.changeDirectory(directoryID, func(one *directory) { one.title = name })
}

// AddMailingList creates an empty mailing list and returns its id, or "" if the
// directory does not exist.
func (s *Sandbox) AddMailingList(directoryID, name string) (id string) {
	s.changeDirectory(directoryID, func(one *directory) {
		list := one.newList(name, 0, s.Now().Unix())
		one.lists = append(one.lists, list)
		id = list.ident
	})
	return id
}

// RenameMailingList gives a list another name and moves its modified date.
func (s *Sandbox) RenameMailingList(mailingListID, name string) bool {
	return s.changeList(mailingListID, func(m *mailingList) bool {
		m.title = name
		m.modified = max(m.modified, s.Now().Unix())
		return true
	})
}

// RemoveMailingList deletes a list. Its members stay contacts. All calls that
// name it return 404 (*assumed*).
func (s *Sandbox) RemoveMailingList(mailingListID string) bool {
	return s.changeList(mailingListID, func(m *mailingList) bool {
		m.deleted = true
		return true
	})
}

// AddMember adds a contact to a list.
func (s *Sandbox) AddMember(mailingListID, contactID string) bool {
	return s.changeMember(mailingListID, contactID, false, membership{in: true})
}

// RemoveMember removes a member from a list. It stays a contact.
func (s *Sandbox) RemoveMember(mailingListID, contactID string) bool {
	return s.changeMember(mailingListID, contactID, true, membership{})
}

// OptOutMember opts a member out of a list, but not out of the directory.
func (s *Sandbox) OptOutMember(mailingListID, contactID string) bool {
	return s.changeMember(mailingListID, contactID, true, membership{in: true, optOut: s.Now().Unix()})
}

// changeList changes an existing list.
func (s *Sandbox) changeList(id string, change func(*mailingList) bool) bool {
	defer s.contacts.forget()
	s.world.mutex.Lock()
	defer s.world.mutex.Unlock()
	for _, d := range s.world.pools {
		if list := d.listLocked(id); list != nil && !d.deleted {
			return change(list)
		}
	}
	return false
}

// changeMember changes the membership of an existing contact. It changes nothing
// and returns false unless the contact's present membership equals in.
func (s *Sandbox) changeMember(listID, contactID string, in bool, to membership) bool {
	at := s.Now().Unix()
	return s.changeList(listID, func(m *mailingList) bool {
		d := m.directory
		owner, index, ok := s.world.contactIDs.parse(contactID)
		if !ok || owner != d.number || index >= d.total() || d.changes[index].gone || m.membershipLocked(index).in != in {
			return false
		}
		m.setLocked(index, to, at)
		return true
	})
}
