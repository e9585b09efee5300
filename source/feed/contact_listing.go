package feed

import (
	"iter"
	"slices"

	"github.com/birdie-ai/source-qualtrics/source/sketch"
)

// listing is the ids that a directory's list showed. A million of them take
// 16 MB.
type listing struct {
	packed []sketch.ID
	other  []string // that cannot be packed
}

func (l *listing) put(id string) {
	if packed, ok := sketch.Pack(id); ok {
		l.packed = append(l.packed, packed)
	} else {
		l.other = append(l.other, id)
	}
}

// close ends the list. Pages that shift while the directory changes can show
// an id twice, which a sketch does not bear.
func (l *listing) close() {
	l.packed = distinct(l.packed)
	slices.Sort(l.other)
	l.other = slices.Compact(l.other)
}

func (l *listing) has(id string) bool {
	if packed, ok := sketch.Pack(id); ok {
		_, found := slices.BinarySearchFunc(l.packed, packed, sketch.ID.Compare)
		return found
	}
	_, found := slices.BinarySearch(l.other, id)
	return found
}

// all yields each id once.
func (l *listing) all() iter.Seq[string] {
	return func(yield func(string) bool) {
		for _, packed := range l.packed {
			if id, ok := packed.Unpack(); ok && !yield(id) {
				return
			}
		}
		for _, id := range l.other {
			if !yield(id) {
				return
			}
		}
	}
}
