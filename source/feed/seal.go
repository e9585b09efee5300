package feed

import (
	"maps"
	"slices"
	"strings"

	"github.com/birdie-ai/source-qualtrics/source/sketch"
)

// seal is the set of the responses that were recorded before a moment. It
// does not change until the next one is made. Small sets are kept as they
// are, others as a sketch; nil stands for a set of ids that no sketch can hold.
type seal struct {
	ids   map[string]bool
	pins  *sketch.PinSketch
	table *sketch.Table
}

const (
	explicitBytes = 3 << 10 // of a set that is kept as it is
	idBytes       = 18      // of an id and what parts it from the next one
	// A set that grows beyond goes into a table, for the sake of time, where
	// there is room for one.
	mostPinned = 20_000
	leastPins  = 4   // responses that every survey's sketch can name
	mostPins   = 100 // and that the largest can
)

// sealing makes a seal of a set whose size is known at its end: it is kept in
// every form that may be chosen then.
type sealing struct {
	bytes   int // what the seal may take
	count   int64
	ids     map[string]bool       // nil: too many
	packed  []sketch.ID           // for pins
	tables  map[int]*sketch.Table // by cells; nil: not yet
	strange bool                  // there is an id that no sketch can hold
}

// newSealing begins a set that is later held against what exists.
func newSealing(bytes int) *sealing { return &sealing{bytes: bytes, ids: make(map[string]bool)} }

// newTally begins a set out of which ids are taken one by one, some perhaps
// twice or without being in: that takes a table.
func newTally(bytes int) *sealing {
	s := newSealing(bytes)
	s.tabulate(96, 300, 1000)
	return s
}

// tabulate goes over to tables, those that there is room for.
func (s *sealing) tabulate(sizes ...int) {
	for _, cells := range sizes {
		if sketch.TableBytes(cells) > s.bytes {
			continue
		}
		if s.tables == nil {
			s.tables = make(map[int]*sketch.Table)
		}
		table := sketch.NewTable(cells)
		for _, id := range s.packed {
			table.Add(id, 1)
		}
		s.tables[cells] = table
	}
	if s.tables != nil {
		s.packed = nil
	}
}

func (s *sealing) put(id string) {
	s.count++
	if s.ids != nil {
		s.ids[id] = true
		if len(s.ids)*idBytes > min(s.bytes, explicitBytes) || strings.ContainsAny(id, " \t\r\n") {
			s.ids = nil
		}
	}
	packed, ok := sketch.Pack(id)
	switch {
	case !ok:
		s.strange = true
	case s.tables != nil:
		for _, table := range s.tables {
			table.Add(packed, 1)
		}
	default:
		s.packed = append(s.packed, packed)
		if len(s.packed) == mostPinned {
			s.tabulate(300, 1000)
		}
	}
}

// seal returns the set in the form that suits its size.
func (s *sealing) seal() *seal {
	switch {
	case s.count > 300_000:
		return s.sealAs(1000)
	case s.count > mostPinned:
		return s.sealAs(300)
	default:
		return s.sealAs(96)
	}
}

// sealAs is seal; should it be a table, then the largest that has no more than
// so many cells.
func (s *sealing) sealAs(cells int) *seal {
	switch {
	case s.ids != nil:
		return &seal{ids: s.ids}
	case s.strange:
		return nil
	case s.tables == nil:
		pins := sketch.NewPinSketch(min(max(sketch.PinCapacity(s.bytes), leastPins), mostPins))
		pins.Add(distinct(s.packed)...)
		return &seal{pins: pins}
	}
	sizes := slices.Sorted(maps.Keys(s.tables))
	at, exact := slices.BinarySearch(sizes, cells)
	if !exact {
		at = max(0, at-1)
	}
	return &seal{table: s.tables[sizes[at]]}
}

// distinct sorts ids and leaves each once: of exports that show one twice a
// sketch would take it for none.
func distinct(ids []sketch.ID) []sketch.ID {
	slices.SortFunc(ids, sketch.ID.Compare)
	return slices.Compact(ids)
}

// comparison holds a seal against what exists now.
type comparison struct {
	seal    *seal
	unnamed map[string]bool // of an explicit seal: not seen so far
	pinned  []sketch.ID     // seen, of a seal of pins
	rest    *sketch.Table   // of a table: what was not seen
	fresh   []string        // seen and not sealed
}

// compare begins a comparison; it leaves the seal as it is.
func (s *seal) compare() *comparison {
	c := &comparison{seal: s}
	switch {
	case s.ids != nil:
		c.unnamed = maps.Clone(s.ids)
	case s.table != nil:
		c.rest = s.table.Clone()
	}
	return c
}

// see takes an id that exists.
func (c *comparison) see(id string) {
	switch packed, ok := sketch.Pack(id); {
	case c.rest != nil && ok:
		c.rest.Add(packed, -1)
	case c.seal.pins != nil && ok:
		c.pinned = append(c.pinned, packed)
	case c.unnamed != nil && c.seal.ids[id]:
		delete(c.unnamed, id)
	default:
		c.fresh = append(c.fresh, id)
	}
}

// result names what was sealed and is gone, and what exists and was not
// sealed. With [sketch.ErrTooMany] the named ids are right, and net says how
// many more are gone than came.
func (c *comparison) result() (gone, fresh []string, net int64, err error) {
	switch {
	case c.rest != nil:
		gone, fresh, err = c.rest.Decode()
		net = c.rest.Net()
	case c.seal.pins != nil:
		seen, rest := distinct(c.pinned), c.seal.pins.Clone()
		rest.Remove(seen...)
		gone, fresh, err = rest.Decode(func(id sketch.ID) bool {
			_, found := slices.BinarySearchFunc(seen, id, sketch.ID.Compare)
			return found
		})
		net = rest.Net()
	default:
		gone = slices.Sorted(maps.Keys(c.unnamed))
		net = int64(len(gone) - len(c.fresh))
	}
	return gone, append(fresh, c.fresh...), net, err
}

// clone returns a copy.
func (s *seal) clone() *seal {
	c := &seal{ids: maps.Clone(s.ids)}
	if s.pins != nil {
		c.pins = s.pins.Clone()
	}
	if s.table != nil {
		c.table = s.table.Clone()
	}
	return c
}

// remove takes an id out of a set, if there is one. A sketch cannot tell
// whether the id was in.
func (s *seal) remove(id string) {
	if s == nil {
		return
	}
	switch packed, ok := sketch.Pack(id); {
	case s.ids != nil:
		delete(s.ids, id)
	case !ok:
	case s.pins != nil:
		s.pins.Remove(packed)
	default:
		s.table.Add(packed, -1)
	}
}

// left names what is in a tally after others were taken out, about how many
// more there are that cannot be named, and what was taken out of a table that
// was not in, or twice.
func (s *seal) left() (in []string, more int64, out []string) {
	if s.table == nil {
		return slices.Sorted(maps.Keys(s.ids)), 0, nil
	}
	in, out, err := s.table.Decode()
	if err != nil {
		more = max(0, s.table.Net()-int64(len(in)-len(out)))
	}
	return in, more, out
}

// sealState is a seal in a position, in one of its forms.
type sealState struct {
	IDs   string `json:"i,omitempty"`
	Pins  string `json:"p,omitempty"`
	Cells string `json:"k,omitempty"`
}

// state writes the set.
func (s *seal) state() sealState {
	switch {
	case s == nil:
		return sealState{}
	case s.ids != nil:
		return sealState{IDs: strings.Join(slices.Sorted(maps.Keys(s.ids)), " ")}
	case s.pins != nil:
		return sealState{Pins: s.pins.Encode()}
	default:
		return sealState{Cells: s.table.Encode()}
	}
}

// newSeal understands what state wrote; an empty set is an explicit one.
func newSeal(state sealState) (s *seal, err error) {
	s = &seal{}
	switch {
	case state.Cells != "":
		s.table, err = sketch.DecodeTable(state.Cells)
	case state.Pins != "":
		s.pins, err = sketch.DecodePinSketch(state.Pins)
	default:
		s.ids = make(map[string]bool)
		for id := range strings.FieldsSeq(state.IDs) {
			s.ids[id] = true
		}
	}
	return s, err
}

// holds is how many differences the set can name.
func (s *seal) holds() int64 {
	switch {
	case s.pins != nil:
		return int64(s.pins.Capacity())
	case s.table != nil:
		return int64(s.table.Capacity())
	default:
		return 1 << 40
	}
}
