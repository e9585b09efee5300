package sandbox

import (
	"cmp"
	"encoding/base64"
	"slices"
	"strconv"
	"strings"
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
	if !ok {
		return nil, errNotFound()
	}
	return found, nil
}

// listContacts lists a directory. An XMD Lite directory is *documented* to
// lack this route too, but *assumed* to have it.
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

// listMailingLists counts members only when asked to (*documented*).
func (s *Sandbox) listMailingLists(x *exchange) (any, error) {
	found, err := s.pathDirectory(x)
	if err != nil {
		return nil, err
	}
	counted := x.r.URL.Query().Get("includeCount") == "true"
	return paged(x, found.mailingLists(), contactsPerPage, mostContacts,
		func(m *mailingList) any { return m.element(counted) }, (*mailingList).id)
}

func (d *directory) mailingList(id string) (*mailingList, error) {
	for _, list := range d.mailingLists() {
		if list.id() == id {
			return list, nil
		}
	}
	return nil, errNotFound()
}

func (s *Sandbox) singleMailingList(x *exchange) (any, error) {
	found, err := s.pathDirectory(x)
	if err != nil {
		return nil, err
	}
	list, err := found.mailingList(x.params["mailingListId"])
	if err != nil {
		return nil, err
	}
	return list.element(true), nil
}

func (s *Sandbox) listMembers(x *exchange) (any, error) {
	found, err := s.pathDirectory(x)
	if err != nil {
		return nil, err
	}
	list, err := found.mailingList(x.params["mailingListId"])
	if err != nil {
		return nil, err
	}
	embedded := x.r.URL.Query().Get("includeEmbedded") == "true"
	members := s.contacts.list(x.params["id"]+"/"+list.id(), func() []*contact { return slices.Collect(found.members(list.id())) })
	return paged(x, members, mostMembers, mostMembers,
		func(c *contact) any { return c.memberElement(embedded) }, (*contact).id)
}

// paged cuts a page by skipToken: a plain number, or an opaque text with
// useNewPaginationScheme=true (*documented*; the forms are *assumed*). Either is
// always understood, and nextPage repeats the parameters (*assumed*). A pageSize
// over the maximum is cut to it: clients that send more get away with it
// (*documented* for members).
func paged[T any](x *exchange, all []T, size, most int, element func(T) any, id func(T) string) (any, error) {
	query := x.r.URL.Query()
	size, err := pageSize(query.Get("pageSize"), cmp.Or(x.tenant.options.PageSize, size), most)
	if err != nil {
		return nil, err
	}
	from, last, ok := parseSkipToken(query.Get("skipToken"))
	if !ok {
		return nil, badRequest("Invalid request. Missing or invalid parameter skipToken.")
	}
	if last != "" && (from > len(all) || id(all[from-1]) != last) {
		// The set changed since; the opaque form goes on after its element.
		if at := slices.IndexFunc(all, func(e T) bool { return id(e) == last }); at >= 0 {
			from = at + 1
		}
	}
	from = min(from, len(all))
	to := min(from+size, len(all))
	result := page{Elements: make([]any, 0, to-from)}
	for _, e := range all[from:to] {
		result.Elements = append(result.Elements, element(e))
	}
	if to < len(all) {
		token := strconv.Itoa(to)
		if query.Get("useNewPaginationScheme") == "true" {
			token = base64.RawURLEncoding.EncodeToString([]byte(token + "." + id(all[to-1])))
		}
		query.Set("skipToken", token)
		result.NextPage = x.link(query)
	}
	return result, nil
}

func pageSize(text string, size, most int) (int, error) {
	if text == "" {
		return size, nil
	}
	number, err := strconv.Atoi(text)
	if err != nil || number < 1 {
		return 0, badRequest("Invalid request. Missing or invalid parameter pageSize.")
	}
	return min(number, most), nil
}

// parseSkipToken returns the offset and, of an opaque token, the element
// before it.
func parseSkipToken(token string) (offset int, last string, ok bool) {
	if token == "" {
		return 0, "", true
	}
	if number, err := strconv.Atoi(token); err == nil {
		return number, "", number >= 0
	}
	plain, err := base64.RawURLEncoding.DecodeString(token)
	if err != nil {
		return 0, "", false
	}
	number, last, _ := strings.Cut(string(plain), ".")
	offset, err = strconv.Atoi(number)
	return offset, last, err == nil && offset > 0 && last != ""
}

// contactLists keeps the newest listings between the calls for their pages,
// which would otherwise each go through the whole directory.
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

// forget drops the listings after the world changed.
func (l *contactLists) forget() {
	l.lock.Lock()
	defer l.lock.Unlock()
	l.generation++
	l.keys = nil
	clear(l.lists)
}
