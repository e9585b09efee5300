package sandbox

import (
	"iter"
	"maps"
	"strconv"
)

// directory is an XM directory (API §4.1). Contacts below base are functions of
// the seed and their index; arrivals and changes are stored and guarded by the
// world's mutex.
type directory struct {
	world      *world
	number     int
	ident      string
	key        uint64
	title      string
	base       int
	start, end int64 // Unix seconds of the base contacts' creation
	lists      []*mailingList

	arrivals []int64 // creation of contacts made since the start, Unix seconds
	changes  map[int]contactChange
	gone     int
}

// contactChange is what happened to a contact since the start of the world.
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
	d.lists = newMailingLists(d)
	return d
}

func (w *world) directories() []*directory { return w.pools }

func (w *world) directory(id string) (*directory, bool) {
	for _, d := range w.pools {
		if d.ident == id {
			return d, true
		}
	}
	return nil, false
}

// element is an element of GET /directories (API §4.1); a name can be null.
func (d *directory) element() any {
	d.world.mutex.RLock()
	defer d.world.mutex.RUnlock()
	return map[string]any{
		"directoryId":  d.ident,
		"name":         nullable(d.title),
		"contactCount": d.total() - d.gone,
		"isDefault":    d.number == 0,
		"deduplicationCriteria": map[string]any{
			"email": true, "firstName": false, "lastName": false, "externalDataReference": true, "phone": false,
		},
	}
}

func (d *directory) total() int { return d.base + len(d.arrivals) }

// contacts yields the contacts that exist at the moment of the call, in a
// stable order; newcomers are last.
func (d *directory) contacts() iter.Seq[*contact] {
	d.world.mutex.RLock()
	changes, arrivals := maps.Clone(d.changes), d.arrivals
	d.world.mutex.RUnlock()
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

// created is when a contact was created, Unix seconds; it never decreases with
// the index.
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

// identity is how records and directories name a person.
type identity struct{ first, last, email, reference string }

// identity of a contact depends on its index alone, so that responses keep
// pointing at contacts whatever is edited. Names or references can be missing.
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
