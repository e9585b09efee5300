package sandbox

import (
	"slices"
	"sync"
)

const (
	contactsPerPage    = 100  // default (*documented*, API §4.2)
	mostContacts       = 1000 // the largest page; *assumed*
	mostMembers        = 50   // default and largest page of a mailing list (*documented*, API §4.4)
	directoriesPerPage = 5    // *documented*, API §4.1
)

// listDirectories is *documented* (API §4.1).
func (s *Sandbox) listDirectories(x *exchange) (any, error) {
	return paged(x, s.world.directories(), directoriesPerPage, mostContacts,
		func(d *directory) any { return d.element() }, func(d *directory) string { return d.ident })
}

func (s *Sandbox) pathDirectory(x *exchange) (*directory, error) {
	found, ok := s.world.directory(x.params["id"])
	switch {
	case !ok:
		return nil, errNotFound()
	case !found.readable():
		return nil, errForbidden()
	}
	return found, nil
}

// listContacts lists a directory. An XMD Lite directory is *assumed* to have
// this endpoint, although the documentation excludes it.
func (s *Sandbox) listContacts(x *exchange) (any, error) {
	found, err := s.pathDirectory(x)
	if err != nil {
		return nil, err
	}
	embedded := x.r.URL.Query().Get("includeEmbedded") == "true"
	all := s.contacts.list(x.params["id"], func() []*contact { return slices.Collect(found.contacts()) })
	return paged(x, all, contactsPerPage, mostContacts,
		func(c *contact) any { return c.listElement(embedded) }, (*contact).id)
}

func (s *Sandbox) singleContact(x *exchange) (any, error) {
	found, err := s.pathDirectory(x)
	if err != nil {
		return nil, err
	}
	person, ok := found.contact(x.params["contactId"])
	if !ok {
		return nil, errNotFound()
	}
	return person.detail(), nil
}

// listMailingLists counts members only on request (*documented*).
func (s *Sandbox) listMailingLists(x *exchange) (any, error) {
	found, err := s.pathDirectory(x)
	if err != nil {
		return nil, err
	}
	counted := x.r.URL.Query().Get("includeCount") == "true"
	return paged(x, found.mailingLists(), contactsPerPage, mostContacts,
		func(m *mailingList) any { return m.element(counted) }, (*mailingList).id)
}

// mailingList returns an existing list. The answer to an unknown id is
// *assumed*.
func (d *directory) mailingList(id string) (*mailingList, error) {
	d.world.mutex.RLock()
	defer d.world.mutex.RUnlock()
	if list := d.listLocked(id); list != nil {
		return list, nil
	}
	return nil, errNotFound()
}

// pathMailingList returns the mailing list that a path names, and its directory.
func (s *Sandbox) pathMailingList(x *exchange) (*directory, *mailingList, error) {
	found, err := s.pathDirectory(x)
	if err != nil {
		return nil, nil, err
	}
	list, err := found.mailingList(x.params["mailingListId"])
	return found, list, err
}

func (s *Sandbox) singleMailingList(x *exchange) (any, error) {
	_, list, err := s.pathMailingList(x)
	if err != nil {
		return nil, err
	}
	return list.element(true), nil
}

func (s *Sandbox) listMembers(x *exchange) (any, error) {
	found, list, err := s.pathMailingList(x)
	if err != nil {
		return nil, err
	}
	embedded := x.r.URL.Query().Get("includeEmbedded") == "true"
	members := s.contacts.list(x.params["id"]+"/"+list.id(), func() []*contact { return slices.Collect(found.members(list.id())) })
	return paged(x, members, mostMembers, mostMembers,
		func(c *contact) any { return c.memberElement(embedded) }, (*contact).id)
}

// singleMember returns a contact of a list. The answer to other contacts is
// *assumed*.
func (s *Sandbox) singleMember(x *exchange) (any, error) {
	found, list, err := s.pathMailingList(x)
	if err != nil {
		return nil, err
	}
	for member := range found.members(list.id()) {
		if member.id() == x.params["contactId"] {
			return member.memberDetail(), nil
		}
	}
	return nil, errNotFound()
}

// contactLists keeps the newest listings for the calls of their other pages.
// Without it, each page would read the whole directory.
type contactLists struct {
	lock       sync.Mutex
	generation int
	keys       []string
	lists      map[string][]*contact
}

const keptLists = 4

func newContactLists() *contactLists { return &contactLists{lists: make(map[string][]*contact)} }

func (l *contactLists) list(key string, collect func() []*contact) []*contact {
	l.lock.Lock()
	list, ok := l.lists[key]
	generation := l.generation
	l.lock.Unlock()
	if ok {
		return list
	}
	list = collect()
	l.lock.Lock()
	defer l.lock.Unlock()
	if _, ok := l.lists[key]; ok || generation != l.generation {
		return list
	}
	if len(l.keys) == keptLists {
		delete(l.lists, l.keys[0])
		l.keys = l.keys[1:]
	}
	l.keys = append(l.keys, key)
	l.lists[key] = list
	return list
}

// forget drops the listings after a change of the world.
func (l *contactLists) forget() {
	l.lock.Lock()
	defer l.lock.Unlock()
	l.generation++
	l.keys = nil
	clear(l.lists)
}
