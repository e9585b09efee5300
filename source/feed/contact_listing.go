package feed

import (
	"cmp"
	"iter"
	"slices"
)

// listing is the ids that a directory's list showed. A million of them take
// 16 MB.
type listing struct {
	packed []sketchID
	other  []string // that cannot be packed
}

func (l *listing) put(id string) {
	if packed, ok := packID(id); ok {
		l.packed = append(l.packed, packed)
	} else {
		l.other = append(l.other, id)
	}
}

// close ends the list. Pages that shift while the directory changes can show
// an id twice, which a sketch does not bear.
func (l *listing) close() {
	slices.SortFunc(l.packed, compareIDs)
	l.packed = slices.Compact(l.packed)
	slices.Sort(l.other)
	l.other = slices.Compact(l.other)
}

func compareIDs(a, b sketchID) int {
	return cmp.Or(cmp.Compare(a.high, b.high), cmp.Compare(a.low, b.low))
}

func (l *listing) has(id string) bool {
	if packed, ok := packID(id); ok {
		_, found := slices.BinarySearchFunc(l.packed, packed, compareIDs)
		return found
	}
	_, found := slices.BinarySearch(l.other, id)
	return found
}

func (l *listing) size() int { return len(l.packed) + len(l.other) }

// all yields each id once.
func (l *listing) all() iter.Seq[string] {
	return func(yield func(string) bool) {
		for _, packed := range l.packed {
			if id, ok := packed.id(); ok && !yield(id) {
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
