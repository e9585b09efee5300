// Package reconcile has the parts of finding deleted objects and of preventing duplicates. Qualtrics
// reports no deletion, so audits compare the ids that exist with an id snapshot. All parts are kept
// in positions, with a limited size.
package reconcile

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/birdie-ai/source-qualtrics/source/sketch"
	"github.com/birdie-ai/source-qualtrics/source/wording"
)

// Snapshot is the set of the ids that existed at a time, such as the last audit. It has one of three
// forms: a list of ids if they are few, a PinSketch, or an invertible Bloom lookup table (IBLT). A
// sketch has a fixed size, and can list a limited number of changes since.
//
// A nil *Snapshot stands for a set that no sketch can hold, because it has an id of unknown form.
type Snapshot struct {
	list  map[string]bool
	pins  *sketch.PinSketch
	table *sketch.IBLT
}

const (
	listBytes  = 3 << 10 // limit of a list
	idBytes    = 18      // size of an id in a list, with its separator
	leastPins  = 4       // capacity of the smallest PinSketch
	mostPins   = 100     // capacity of the largest PinSketch
	mostPinned = 20_000  // ids in a PinSketch; for more, it takes too much time
	addedCells = 300     // size of a table that replaces a list in [Snapshot.Add]
)

// SnapshotOf returns a list of some ids, in which each is kept by itself.
func SnapshotOf(ids ...string) *Snapshot {
	s := &Snapshot{list: make(map[string]bool)}
	for _, id := range ids {
		s.list[id] = true
	}
	return s
}

// SnapshotBuilder makes a snapshot. The form depends on the number of ids, which is known at the
// end only, so it prepares all forms that are still possible.
type SnapshotBuilder struct {
	bytes   int // limit of the snapshot
	count   int64
	ids     map[string]bool      // nil: too many for a list
	packed  []sketch.ID          // for a PinSketch
	tables  map[int]*sketch.IBLT // by number of cells; nil: no table is needed yet
	unknown bool                 // there is an id of unknown form
}

// NewSnapshotBuilder begins a snapshot of at most so many bytes in a state. With very few bytes, the
// snapshot has the size of the smallest PinSketch.
func NewSnapshotBuilder(bytes int) *SnapshotBuilder {
	return &SnapshotBuilder{bytes: bytes, ids: make(map[string]bool)}
}

// NewTableBuilder is like [NewSnapshotBuilder], but the sketch is a table. Unlike a PinSketch, a table
// supports [Snapshot.Remove] of an id that is not in it.
func NewTableBuilder(bytes int) *SnapshotBuilder {
	s := NewSnapshotBuilder(bytes)
	s.tabulate(96, 300, 1000)
	return s
}

// tabulate replaces the PinSketch by tables of these numbers of cells, if one of them fits.
func (s *SnapshotBuilder) tabulate(sizes ...int) {
	for _, cells := range sizes {
		if sketch.IBLTBytes(cells) > s.bytes {
			continue
		}
		if s.tables == nil {
			s.tables = make(map[int]*sketch.IBLT)
		}
		table := sketch.NewIBLT(cells)
		for _, id := range s.packed {
			table.Add(id, 1)
		}
		s.tables[cells] = table
	}
	if s.tables != nil {
		s.packed = nil
	}
}

// Add adds an id. Tables need distinct ids; the other forms ignore a duplicate.
func (s *SnapshotBuilder) Add(id string) {
	s.count++
	if s.ids != nil {
		s.ids[id] = true
		if len(s.ids)*idBytes > min(s.bytes, listBytes) || !listable(id) {
			s.ids = nil
		}
	}
	packed, ok := sketch.Pack(id)
	switch {
	case !ok:
		s.unknown = true
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

// listable reports whether an id can be in a list, whose separator is white space.
func listable(id string) bool { return !strings.ContainsAny(id, " \t\r\n") }

// Len returns the number of added ids, including duplicates.
func (s *SnapshotBuilder) Len() int64 { return s.count }

// Build returns the snapshot; a table has a size that suits the number of ids. It returns nil if an
// id has an unknown form and the ids are too many for a list.
func (s *SnapshotBuilder) Build() *Snapshot {
	switch {
	case s.count > 300_000:
		return s.BuildAs(1000)
	case s.count > mostPinned:
		return s.BuildAs(300)
	default:
		return s.BuildAs(96)
	}
}

// BuildAs is like [SnapshotBuilder.Build], but a table has at most the given number of cells, or
// the smallest size if all are larger.
func (s *SnapshotBuilder) BuildAs(cells int) *Snapshot {
	switch {
	case s.ids != nil:
		return &Snapshot{list: s.ids}
	case s.unknown:
		return nil
	case s.tables == nil:
		pins := sketch.NewPinSketch(min(max(sketch.PinCapacity(s.bytes), leastPins), mostPins))
		pins.Add(distinct(s.packed)...)
		return &Snapshot{pins: pins}
	}
	sizes := slices.Sorted(maps.Keys(s.tables))
	at, exact := slices.BinarySearch(sizes, cells)
	if !exact {
		at = max(0, at-1)
	}
	return &Snapshot{table: s.tables[sizes[at]]}
}

// Comparison compares a snapshot with the ids that exist now.
type Comparison struct {
	snapshot *Snapshot
	unseen   map[string]bool // ids of a list that were not seen yet
	pinned   []sketch.ID     // ids that were seen, for a PinSketch
	rest     *sketch.IBLT    // the table without the ids that were seen
	fresh    []string        // ids that were seen and are not in the snapshot
}

// Compare begins a comparison. It does not change the snapshot.
func (s *Snapshot) Compare() *Comparison {
	c := &Comparison{snapshot: s}
	switch {
	case s.list != nil:
		c.unseen = maps.Clone(s.list)
	case s.table != nil:
		c.rest = s.table.Clone()
	}
	return c
}

// See adds an id that exists. A table needs distinct ids.
func (c *Comparison) See(id string) {
	switch packed, ok := sketch.Pack(id); {
	case c.rest != nil && ok:
		c.rest.Add(packed, -1)
	case c.snapshot.pins != nil && ok:
		c.pinned = append(c.pinned, packed)
	case c.unseen != nil && c.snapshot.list[id]:
		delete(c.unseen, id)
	default:
		c.fresh = append(c.fresh, id)
	}
}

// Result returns the ids of the snapshot that were not seen, and the seen ids that are not in the
// snapshot. net is the difference of their numbers. With [sketch.ErrTooMany] the ids are correct
// but not complete, while net still counts all. Other errors do not occur.
func (c *Comparison) Result() (gone, fresh []string, net int64, err error) {
	switch {
	case c.rest != nil:
		gone, fresh, err = c.rest.Decode()
		net = c.rest.Net()
	case c.snapshot.pins != nil:
		seen, rest := distinct(c.pinned), c.snapshot.pins.Clone()
		rest.Remove(seen...)
		gone, fresh, err = rest.Decode(func(id sketch.ID) bool {
			_, found := slices.BinarySearchFunc(seen, id, sketch.ID.Compare)
			return found
		})
		net = rest.Net()
	default:
		gone = slices.Sorted(maps.Keys(c.unseen))
		net = int64(len(gone) - len(c.fresh))
	}
	return gone, append(fresh, c.fresh...), net, err
}

// IsList reports whether the snapshot is a list, which knows of each id whether it is in the set.
func (s *Snapshot) IsList() bool { return s != nil && s.list != nil }

// Lacks reports whether an id is certainly not in the set. Only a list is certain.
func (s *Snapshot) Lacks(id string) bool { return s.IsList() && !s.list[id] }

// IDs returns the ids of a list, sorted. A sketch cannot list its ids.
func (s *Snapshot) IDs() []string { return slices.Sorted(maps.Keys(s.list)) }

// Clone returns a copy.
func (s *Snapshot) Clone() *Snapshot {
	c := &Snapshot{list: maps.Clone(s.list)}
	if s.pins != nil {
		c.pins = s.pins.Clone()
	}
	if s.table != nil {
		c.table = s.table.Clone()
	}
	return c
}

// Add adds an id, and returns the set. A list that is too long becomes a table. A sketch cannot hold an
// id of unknown form: then the set becomes nil. The id must not be in the sketch yet.
func (s *Snapshot) Add(id string) *Snapshot {
	packed, ok := sketch.Pack(id)
	switch {
	case s == nil:
		return nil
	case s.list != nil && (len(s.list)+1)*idBytes <= listBytes && listable(id):
		s.list[id] = true
		return s
	case !ok:
		return nil
	case s.pins != nil:
		s.pins.Add(packed)
		return s
	case s.list != nil:
		before := s.list
		s = &Snapshot{table: sketch.NewIBLT(addedCells)}
		for id := range before {
			if s = s.Add(id); s == nil {
				return nil
			}
		}
	}
	s.table.Add(packed, 1)
	return s
}

// Remove removes an id. It must be in a PinSketch; a table counts the removal of an id that is not
// in it, see [Snapshot.Remaining].
func (s *Snapshot) Remove(id string) {
	if s == nil {
		return
	}
	switch packed, ok := sketch.Pack(id); {
	case s.list != nil:
		delete(s.list, id)
	case !ok:
	case s.pins != nil:
		s.pins.Remove(packed)
	default:
		s.table.Add(packed, -1)
	}
}

// Remaining returns the ids of a list or a table that were not removed. more estimates the ids that
// the table cannot list. out has the ids that were removed twice, or were not in the table.
func (s *Snapshot) Remaining() (in []string, more int64, out []string) {
	if s.table == nil {
		return s.IDs(), 0, nil
	}
	in, out, err := s.table.Decode()
	if err != nil {
		more = max(0, s.table.Net()-int64(len(in)-len(out)))
	}
	return in, more, out
}

// SnapshotState is a snapshot in a position. At most one field is set.
type SnapshotState struct {
	IDs   string `json:"i,omitempty"` // a list, separated by spaces
	Pins  string `json:"p,omitempty"` // a PinSketch
	Cells string `json:"k,omitempty"` // an IBLT
}

// Size returns the bytes of the snapshot in a state.
func (s SnapshotState) Size() int { return len(s.IDs) + len(s.Pins) + len(s.Cells) }

// State encodes the set. The states of nil and of an empty list are equal, so a caller has to note
// that its snapshot is nil.
func (s *Snapshot) State() SnapshotState {
	switch {
	case s == nil:
		return SnapshotState{}
	case s.list != nil:
		return SnapshotState{IDs: strings.Join(s.IDs(), " ")}
	case s.pins != nil:
		return SnapshotState{Pins: s.pins.Encode()}
	default:
		return SnapshotState{Cells: s.table.Encode()}
	}
}

// NewSnapshot decodes a set. An empty state is an empty list. The error says that a sketch cannot
// be decoded.
func NewSnapshot(state SnapshotState) (s *Snapshot, err error) {
	s = &Snapshot{}
	switch {
	case state.Cells != "":
		s.table, err = sketch.DecodeIBLT(state.Cells)
	case state.Pins != "":
		s.pins, err = sketch.DecodePinSketch(state.Pins)
	default:
		s = SnapshotOf(strings.Fields(state.IDs)...)
	}
	return s, err
}

// Capacity returns the number of changes that the set can list. A list has no limit, for which a
// very large number stands.
func (s *Snapshot) Capacity() int64 {
	switch {
	case s.pins != nil:
		return int64(s.pins.Capacity())
	case s.table != nil:
		return int64(s.table.Capacity())
	default:
		return 1 << 40
	}
}

// Words describes the form of the set for users, to continue "The state keeps".
func (s *Snapshot) Words() string {
	switch {
	case s == nil:
		return "no ids, because there was no room for them"
	case s.list != nil:
		return "a list of " + wording.Number(len(s.list), "id")
	default:
		return fmt.Sprintf("a sketch of the ids, which can name up to %d deletions", s.Capacity())
	}
}
