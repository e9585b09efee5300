package reconcile

import (
	"iter"
	"slices"

	"github.com/birdie-ai/source-qualtrics/source/sketch"
)

// IDSet is a set of ids in memory, such as those of a directory's list. A million ids take 16 MB.
// The zero value is empty.
type IDSet struct {
	packed []sketch.ID
	other  []string // ids that cannot be packed
}

// Add adds an id. It may be in the set already. Call [IDSet.Sort] afterwards.
func (s *IDSet) Add(id string) {
	if packed, ok := sketch.Pack(id); ok {
		s.packed = append(s.packed, packed)
	} else {
		s.other = append(s.other, id)
	}
}

// Sort prepares the set for [IDSet.Has] and [IDSet.All], and removes duplicates. A list may show an
// id on two pages if the directory changes while it is read.
func (s *IDSet) Sort() {
	s.packed = distinct(s.packed)
	slices.Sort(s.other)
	s.other = slices.Compact(s.other)
}

// Has reports whether an id is in the sorted set.
func (s *IDSet) Has(id string) bool {
	if packed, ok := sketch.Pack(id); ok {
		_, found := slices.BinarySearchFunc(s.packed, packed, sketch.ID.Compare)
		return found
	}
	_, found := slices.BinarySearch(s.other, id)
	return found
}

// All returns each id of the sorted set once.
func (s *IDSet) All() iter.Seq[string] {
	return func(yield func(string) bool) {
		for _, packed := range s.packed {
			if id, ok := packed.Unpack(); ok && !yield(id) {
				return
			}
		}
		for _, id := range s.other {
			if !yield(id) {
				return
			}
		}
	}
}

// distinct sorts ids and removes duplicates: adding an id to a PinSketch twice removes it.
func distinct(ids []sketch.ID) []sketch.ID {
	slices.SortFunc(ids, sketch.ID.Compare)
	return slices.Compact(ids)
}
