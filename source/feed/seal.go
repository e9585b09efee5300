package feed

import (
	"maps"
	"slices"
	"strings"
)

// capacities are the sizes of sketches in cells, each with how many
// differences it names in 99 of 100 cases.
var capacities = map[int]int{48: 12, 96: 40, 300: 180, 1000: 660}

// sealBytes is what the seals of all partitions may take in a state.
const sealBytes = 192 << 10

// seal is the set of the responses that were recorded before a moment. It
// does not change until the next one is made. Small sets are kept as they
// are, large ones as a sketch; nil stands for a set there was no room for.
type seal struct {
	ids   map[string]bool
	table *sketch
}

// sealing makes a seal of a set whose size is known at its end: it is kept in
// every form that may be chosen then.
type sealing struct {
	bytes  int // what the seal may take
	count  int64
	ids    map[string]bool // nil: too many
	tables map[int]*sketch // by cells; nil: an id that no sketch can hold
}

const (
	explicitBytes = 3 << 10 // of a set that is kept as it is
	idBytes       = 18      // of an id and what parts it from the next one
)

func newSealing(bytes int) *sealing {
	s := &sealing{bytes: bytes, ids: make(map[string]bool), tables: make(map[int]*sketch)}
	for cells := range capacities {
		if cells*cellBytes*4/3 <= bytes {
			s.tables[cells] = newSketch(cells)
		}
	}
	return s
}

func (s *sealing) put(id string) {
	s.count++
	if s.ids != nil {
		s.ids[id] = true
		if len(s.ids)*idBytes > min(s.bytes, explicitBytes) || strings.ContainsAny(id, " \t\r\n") {
			s.ids = nil
		}
	}
	packed, ok := packID(id)
	if !ok {
		s.tables = nil
	}
	for _, table := range s.tables {
		table.add(packed, 1)
	}
}

// seal returns the set in the form that suits its size, nil where there is no
// room for any.
func (s *sealing) seal() *seal {
	if s.ids != nil {
		return &seal{ids: s.ids}
	}
	wanted := 96
	switch {
	case s.count > 300_000:
		wanted = 1000
	case s.count > 20_000:
		wanted = 300
	}
	for _, cells := range slices.Backward(slices.Sorted(maps.Keys(s.tables))) {
		if cells <= wanted {
			return &seal{table: s.tables[cells]}
		}
	}
	return nil
}

// comparison holds a seal against what exists now.
type comparison struct {
	seal    *seal
	rest    *sketch
	unnamed map[string]bool // of an explicit seal: not seen so far
	fresh   []string        // seen and not sealed
}

// compare begins a comparison; it leaves the seal as it is.
func (s *seal) compare() *comparison {
	c := &comparison{seal: s}
	if s.ids != nil {
		c.unnamed = maps.Clone(s.ids)
	} else {
		c.rest = s.table.clone()
	}
	return c
}

// see takes an id that exists.
func (c *comparison) see(id string) {
	switch packed, ok := packID(id); {
	case c.rest != nil && ok:
		c.rest.add(packed, -1)
	case c.unnamed != nil && c.seal.ids[id]:
		delete(c.unnamed, id)
	default:
		c.fresh = append(c.fresh, id)
	}
}

// result names what was sealed and is gone, and what exists and was not
// sealed. With errSketch the named ids are right, and net says how many more
// are gone than came.
func (c *comparison) result() (gone, fresh []string, net int64, err error) {
	if c.rest == nil {
		gone = slices.Sorted(maps.Keys(c.unnamed))
		return gone, c.fresh, int64(len(gone) - len(c.fresh)), nil
	}
	gone, fresh, err = c.rest.decode()
	return gone, append(fresh, c.fresh...), c.rest.net(), err
}

// clone returns a copy.
func (s *seal) clone() *seal {
	if s.ids != nil {
		return &seal{ids: maps.Clone(s.ids)}
	}
	return &seal{table: s.table.clone()}
}

// remove takes an id out of a set, if there is one. A sketch cannot tell
// whether the id was in.
func (s *seal) remove(id string) {
	if s == nil {
		return
	}
	if s.ids != nil {
		delete(s.ids, id)
	} else if packed, ok := packID(id); ok {
		s.table.add(packed, -1)
	}
}

// left names what is in the set after others were taken out, about how many
// more there are that cannot be named, and what was taken out of a sketch that
// was not in, or twice.
func (s *seal) left() (in []string, more int64, out []string) {
	if s.ids != nil {
		return slices.Sorted(maps.Keys(s.ids)), 0, nil
	}
	in, out, err := s.table.decode()
	if err != nil {
		more = max(0, s.table.net()-int64(len(in)-len(out)))
	}
	return in, more, out
}

// encode writes the set: its ids, or its cells.
func (s *seal) encode() (ids, cells string) {
	switch {
	case s == nil:
		return "", ""
	case s.ids != nil:
		return strings.Join(slices.Sorted(maps.Keys(s.ids)), " "), ""
	default:
		return "", s.table.encode()
	}
}

// decodeSeal reads what encode wrote; an empty set is an explicit one.
func decodeSeal(ids, cells string) (*seal, error) {
	if cells != "" {
		table, err := decodeSketch(cells)
		return &seal{table: table}, err
	}
	s := &seal{ids: make(map[string]bool)}
	for id := range strings.FieldsSeq(ids) {
		s.ids[id] = true
	}
	return s, nil
}

// holds is how many differences the set can name.
func (s *seal) holds() int64 {
	if s.table == nil {
		return 1 << 40
	}
	return int64(capacities[len(s.table.cells)])
}
