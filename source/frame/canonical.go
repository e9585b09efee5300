package frame

import (
	"bytes"
	"slices"
	"sync"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/birdie-ai/source-qualtrics/source/jsonsafe"
)

// Canonical appends a value in a form that is equal for equal content. Members are
// sorted by name at every level, and white space between tokens is removed. For
// example {"b":1, "a":2} becomes {"a":2,"b":1}. Numbers and escapes are unchanged;
// members with the same name keep their order. The result is one safe line. An
// error is of type [*Error]; dst is then unchanged.
func Canonical(dst, value []byte) ([]byte, error) {
	if !jsontext.Value(value).IsValid(lenient...) {
		return dst, &Error{Kind: NotJSON, Detail: "sorting the members of a value"}
	}
	c := canonicals.Get().(*canonicalizer)
	defer canonicals.Put(c)
	if !jsonsafe.IsCompact(value) || !jsonsafe.IsSafe(value) {
		c.line, _ = jsonsafe.Repair(c.line[:0], value)
		value = c.line
	}
	dst, _ = c.append(dst, value, 0)
	return dst, nil
}

var canonicals = sync.Pool{New: func() any { return new(canonicalizer) }}

// canonicalizer holds the buffers of one call.
type canonicalizer struct {
	line    []byte       // the repaired value
	members []namedRange // of all enclosing objects
	moved   []byte       // the members of an object before sorting
}

// namedRange is the place of a member in the output.
type namedRange struct {
	name       []byte // decoded
	start, end int
}

// append appends the value at src[at:], which is valid and compact, and returns
// the offset after it.
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
		end = jsonsafe.StringEnd(src, at)
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
		start, colon := len(dst), jsonsafe.StringEnd(src, at)
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
