package frame

import (
	"bytes"
	"slices"
	"sync"

	"github.com/go-json-experiment/json/jsontext"
)

// Canonical appends a value in a form that is equal for equal content: members
// sorted by name at every level, no insignificant white space, one safe line,
// and every number and escape as it was written. Members of one name keep
// their order. An error is of type [*Error]; dst then comes back as it was.
func Canonical(dst, value []byte) ([]byte, error) {
	if !jsontext.Value(value).IsValid(lenient...) {
		return dst, &Error{Kind: NotJSON, Detail: "making a value canonical"}
	}
	c := canonicals.Get().(*canonicalizer)
	defer canonicals.Put(c)
	if !plain(value) {
		c.line, _ = appendSafe(c.line[:0], value)
		value = c.line
	}
	dst, _ = c.append(dst, value, 0)
	return dst, nil
}

var canonicals = sync.Pool{New: func() any { return new(canonicalizer) }}

// canonicalizer holds the buffers of one call; none is in use between calls.
type canonicalizer struct {
	line    []byte       // the value, made compact
	members []namedRange // of all the objects that are open
	moved   []byte       // the members of an object, before they are sorted
}

// namedRange is where a member lies in the output.
type namedRange struct {
	name       []byte // decoded
	start, end int
}

// append appends the value at src[at:], which is valid and compact, and
// returns the offset behind it.
func (c *canonicalizer) append(dst, src []byte, at int) (appended []byte, end int) {
	switch src[at] {
	case '{':
		return c.appendObject(dst, src, at)
	case '[':
		dst = append(dst, '[')
		for at++; src[at] != ']'; {
			if src[at] == ',' {
				dst = append(dst, ',')
				at++
			}
			dst, at = c.append(dst, src, at)
		}
		return append(dst, ']'), at + 1
	case '"':
		end = stringEnd(src, at)
	default:
		end = scalarEnd(src, at)
	}
	return append(dst, src[at:end]...), end
}

func (c *canonicalizer) appendObject(dst, src []byte, at int) (appended []byte, end int) {
	dst = append(dst, '{')
	body, outer := len(dst), len(c.members)
	sorted := true
	for at++; src[at] != '}'; {
		if src[at] == ',' {
			dst = append(dst, ',')
			at++
		}
		start, colon := len(dst), stringEnd(src, at)
		name := unquoted(src[at:colon])
		dst = append(dst, src[at:colon+1]...)
		dst, at = c.append(dst, src, colon+1)
		if last := len(c.members); last > outer && bytes.Compare(c.members[last-1].name, name) > 0 {
			sorted = false
		}
		c.members = append(c.members, namedRange{name, start, len(dst)})
	}
	if members := c.members[outer:]; !sorted {
		slices.SortStableFunc(members, func(a, b namedRange) int { return bytes.Compare(a.name, b.name) })
		c.moved = append(c.moved[:0], dst[body:]...)
		dst = dst[:body]
		for i, m := range members {
			if i > 0 {
				dst = append(dst, ',')
			}
			dst = append(dst, c.moved[m.start-body:m.end-body]...)
		}
	}
	clear(c.members[outer:])
	c.members = c.members[:outer]
	return append(dst, '}'), at + 1
}
