package qualtrics

import (
	"cmp"
	"errors"
	"fmt"
	"iter"
)

// mostPasses is the largest number of passes over a list that changes in every pass.
const mostPasses = 5

// UnsettledError reports that a list changed in every pass over its pages. None of the
// passes is known to be complete.
type UnsettledError struct {
	List   string // the name of the list
	Passes int
}

// Error names the list and says that a later run may succeed.
func (e *UnsettledError) Error() string {
	return fmt.Sprintf("%s changed in each of %d passes over its pages: an element may have slipped from one page to another; try again later", e.List, e.Passes)
}

func (e *UnsettledError) kind() ErrorKind { return KindTransient }

// untilStable returns all elements of a paged list. Pages are cut by position. If an
// element is deleted during a pass, the later elements move up. One of them moves to a
// page that was read already, and the pass lacks it. A list of one page is read once. A
// longer list is read until a pass has all elements of the pass before. Then nothing
// was deleted meanwhile, and nothing moved. New elements do no harm. An element that
// comes twice is returned once. With an [ElementError] it returns all elements but
// those without an id.
func untilStable[T any, ID ~string](list string, pass func(pages *int) iter.Seq2[T, error], id func(T) ID) ([]T, error) {
	var before map[ID]bool
	for range mostPasses {
		pages, shown := 0, make(map[ID]bool)
		var (
			elements []T
			nameless error
		)
		for element, err := range pass(&pages) {
			var without *ElementError
			if errors.As(err, &without) {
				nameless = cmp.Or(nameless, err)
				continue
			}
			if err != nil {
				return nil, err
			}
			if key := id(element); !shown[key] {
				shown[key] = true
				elements = append(elements, element)
			}
		}
		if pages <= 1 || before != nil && holds(shown, before) {
			return elements, nameless
		}
		before = shown
	}
	return nil, &UnsettledError{list, mostPasses}
}

// holds reports whether a set has all keys of another one.
func holds[K comparable](set, keys map[K]bool) bool {
	for key := range keys {
		if !set[key] {
			return false
		}
	}
	return true
}
