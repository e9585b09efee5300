package frame

import (
	"cmp"
	"slices"
	"sync"

	"github.com/go-json-experiment/json/jsontext"
)

// Canonical appends a value in a form that is equal for equal content: members
// sorted by name at every level, no insignificant white space, one safe line,
// and every number as it was written. Members of one name keep their order.
func Canonical(dst, value []byte) ([]byte, error) {
	c := canonicals.Get().(*canonicalizer)
	defer canonicals.Put(c)
	return c.append(dst, value)
}

var canonicals = sync.Pool{New: func() any { return new(canonicalizer) }}

type canonicalizer struct{ line []byte }

// namedValue is a member as it was found.
type namedValue struct {
	name   string
	quoted []byte
	value  []byte
}

func (c *canonicalizer) append(dst, value []byte) ([]byte, error) {
	if !jsontext.Value(value).IsValid(lenient...) {
		return dst, &Error{Kind: NotJSON, Detail: "making a value canonical"}
	}
	c.line, _ = appendSafe(c.line[:0], value)
	return sorted(dst, c.line)
}

// sorted appends a compact, valid value.
func sorted(dst, value []byte) ([]byte, error) {
	switch Kind(value) {
	case '{':
		var found []namedValue
		if err := members(value, func(quoted, value []byte) error {
			name, _ := String(quoted)
			found = append(found, namedValue{name, quoted, value})
			return nil
		}); err != nil {
			return dst, err
		}
		slices.SortStableFunc(found, func(a, b namedValue) int { return cmp.Compare(a.name, b.name) })
		dst = append(dst, '{')
		for i, member := range found {
			if i > 0 {
				dst = append(dst, ',')
			}
			var err error
			dst = append(append(dst, member.quoted...), ':')
			if dst, err = sorted(dst, member.value); err != nil {
				return dst, err
			}
		}
		return append(dst, '}'), nil
	case '[':
		dst = append(dst, '[')
		first := true
		if err := Elements(value, func(value []byte) (err error) {
			if !first {
				dst = append(dst, ',')
			}
			first = false
			dst, err = sorted(dst, value)
			return err
		}); err != nil {
			return dst, err
		}
		return append(dst, ']'), nil
	default:
		return append(dst, value...), nil
	}
}
