package sandbox

import (
	"encoding/json"
	"iter"
	"maps"
	"strconv"
)

// directory is an XM directory (API §4.1). Contacts below base are functions of
// the seed and their index. The fields below the blank line change and are
// guarded by the world's mutex.
type directory struct {
	world      *world
	number     int
	ident      string
	key        uint64
	base       int
	start, end int64 // Unix seconds of the base contacts' creation

	title    string
	lists    []*mailingList // by number, deleted ones included
	arrivals []int64        // creation of contacts made since the start, Unix seconds
	changes  map[int]contactChange
	gone     int

	withdrawn, deleted bool // guarded by the world's mutex
}

// contactChange holds the changes of a contact since the start of the world.
type contactChange struct {
	revision     int
	modified     int64 // Unix seconds, 0 = as before
	unsubscribed int64 // Unix seconds of an opt-out, 0 = as before
	gone         bool
}

func newDirectories(w *world, contacts int) []*directory {
	if contacts < 50 {
		return []*directory{newDirectory(w, 0, contacts)}
	}
	smaller := contacts / 10
	return []*directory{newDirectory(w, 0, contacts-smaller), newDirectory(w, 1, smaller)}
}

func newDirectory(w *world, number, contacts int) *directory {
	const year = 365 * 24 * 3600
	d := &directory{
		world: w, number: number, ident: "POOL_" + token(idDigits, w.seed, kindDirectory, uint64(number)),
		key: hash(w.seed, kindDirectory, uint64(number)), base: contacts,
		start: w.epoch.Unix() - 4*year, end: w.epoch.Unix() - 3600,
	}
	if number == 0 {
		d.title = "Default Directory"
	}
	newMailingLists(d)
	return d
}

// directories returns the directories that the account can list.
func (w *world) directories() []*directory {
	w.mutex.RLock()
	defer w.mutex.RUnlock()
	return w.directoriesLocked()
}

func (w *world) directoriesLocked() []*directory {
	var all []*directory
	for _, d := range w.pools {
		if !d.withdrawn && !d.deleted {
			all = append(all, d)
		}
	}
	return all
}

// directory finds an existing directory, listed or not.
func (w *world) directory(id string) (*directory, bool) {
	w.mutex.RLock()
	defer w.mutex.RUnlock()
	for _, d := range w.pools {
		if d.ident == id && !d.deleted {
			return d, true
		}
	}
	return nil, false
}

// readable returns false if every call that names the directory is forbidden.
func (d *directory) readable() bool {
	d.world.mutex.RLock()
	defer d.world.mutex.RUnlock()
	return !d.withdrawn
}

// element returns an element of GET /directories (API §4.1). Its name can be
// null.
func (d *directory) element() any {
	d.world.mutex.RLock()
	defer d.world.mutex.RUnlock()
	return map[string]any{
		"directoryId":           d.ident,
		"name":                  nullable(d.title),
		"contactCount":          d.total() - d.gone,
		"isDefault":             d.number == 0,
		"deduplicationCriteria": json.RawMessage(deduplication),
	}
}

// deduplication names the contact fields by which a directory finds duplicates
// (*documented*).
const deduplication = `{"email":true,"externalDataReference":true,"firstName":false,"lastName":false,"phone":false}`

func (d *directory) total() int { return d.base + len(d.arrivals) }

// contacts yields the contacts that exist at the moment of the call, in a
// stable order: new contacts are last.
func (d *directory) contacts() iter.Seq[*contact] {
	d.world.mutex.RLock()
	defer d.world.mutex.RUnlock()
	return d.contactsLocked()
}

func (d *directory) contactsLocked() iter.Seq[*contact] {
	changes, arrivals := maps.Clone(d.changes), d.arrivals
	return func(yield func(*contact) bool) {
		for i := range d.base + len(arrivals) {
			change := changes[i]
			if change.gone {
				continue
			}
			created := d.created(i, arrivals)
			if !yield(&contact{directory: d, index: i, created: created, change: change}) {
				return
			}
		}
	}
}

func (d *directory) contact(id string) (*contact, bool) {
	owner, index, ok := d.world.contactIDs.parse(id)
	if !ok || owner != d.number {
		return nil, false
	}
	d.world.mutex.RLock()
	defer d.world.mutex.RUnlock()
	if index >= d.total() || d.changes[index].gone {
		return nil, false
	}
	return &contact{directory: d, index: index, created: d.created(index, d.arrivals), change: d.changes[index]}, true
}

// Contacts come in blocks: first an import that creates many in one second,
// then single ones until the next import.
const (
	contactBlock  = 5000
	contactImport = 4000
)

// created returns the creation date of a contact in Unix seconds. It never
// decreases with the index.
func (d *directory) created(index int, arrivals []int64) int64 {
	if index >= d.base {
		return arrivals[index-d.base]
	}
	block := min(contactBlock, d.base)
	number, at := index/block, index%block
	blocks := (d.base + block - 1) / block
	length := (d.end - d.start) / int64(blocks)
	r := newRandom(d.key, kindDirectory, uint64(number))
	size := min(r.between(contactImport/4, contactImport), block/3+r.intn(block/3+1))
	begin := d.start + int64(number)*length
	if at < size {
		return begin
	}
	return begin + 1 + int64(at-size)*(length-2)/int64(block-size)
}

func nullable(s string) any {
	if s == "" {
		return nil
	}
	return s
}

// identity holds the names of a person in responses and directories.
type identity struct{ first, last, email, reference string }

// identity depends on the index of the contact alone. So an edit of the contact
// does not change the respondent in its responses. Names or references can be
// missing.
func (d *directory) identity(index int) identity {
	r := newRandom(d.key, kindContact, uint64(index))
	number := strconv.Itoa(index)
	who := identity{
		first: pick(&r, firstNames), last: pick(&r, lastNames),
		email: "person" + number + ".d" + strconv.Itoa(d.number) + "@example.com",
	}
	if r.chance(70) {
		who.reference = "CRM-" + strconv.Itoa(d.number) + "-" + number
	}
	switch n := r.intn(100); {
	case n < 2:
		who.email = ""
	case n < 5:
		who.first = ""
	case n < 8:
		who.first, who.last = "", ""
	}
	return who
}
