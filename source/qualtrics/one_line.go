package qualtrics

import (
	"bytes"
	"encoding/json"
	"slices"
	"strconv"
	"unicode/utf8"
)

// oneLine copies objects without white space, in the same memory. Each string is encoded
// by encoding/json. Most strings are written in this form already and are copied. The
// second of two equal names of an object is changed, because readers would keep only one
// of the two. Numbers and the order of members stay.
type oneLine struct {
	raw     []byte
	out     []byte
	names   [][]byte // of the members so far, in all enclosing objects, encoded
	changed bool
	renamed bool
}

// copy copies a valid object. An object that needs no change is returned as it is.
func (l *oneLine) copy(object []byte) (copied []byte, renamed bool) {
	l.raw, l.out, l.names, l.changed, l.renamed = object, l.out[:0], l.names[:0], false, false
	l.value(0)
	if !l.changed {
		return object, false
	}
	return bytes.Clone(l.out), l.renamed
}

// The methods below copy the part at an offset, and return the offset after it.

func (l *oneLine) value(at int) int {
	switch l.raw[at] {
	case '"':
		return l.text(at)
	case '{':
		return l.object(at)
	case '[':
		return l.array(at)
	}
	end := at // of a number or a literal
	for end < len(l.raw) && l.raw[end] > ' ' && l.raw[end] != ',' && l.raw[end] != ']' && l.raw[end] != '}' {
		end++
	}
	l.out = append(l.out, l.raw[at:end]...)
	return end
}

func (l *oneLine) object(at int) int {
	var many map[string]bool // the names, if they are many
	outer := len(l.names)
	at = l.mark(at)
	for l.raw[at] != '}' {
		begin := len(l.out)
		at = l.space(l.text(at))
		many = l.distinct(begin, outer, many)
		if at = l.value(l.mark(at)); l.next(&at) {
			at = l.mark(at)
		}
	}
	l.names = l.names[:outer]
	l.out = append(l.out, '}')
	return at + 1
}

func (l *oneLine) array(at int) int {
	for at = l.mark(at); l.raw[at] != ']'; {
		if at = l.value(at); l.next(&at) {
			at = l.mark(at)
		}
	}
	l.out = append(l.out, ']')
	return at + 1
}

// mark copies one byte and skips the white space after it.
func (l *oneLine) mark(at int) int {
	l.out = append(l.out, l.raw[at])
	return l.space(at + 1)
}

// next skips white space and reports whether a comma follows.
func (l *oneLine) next(at *int) bool {
	*at = l.space(*at)
	return l.raw[*at] == ','
}

func (l *oneLine) space(at int) int {
	for at < len(l.raw) && l.raw[at] <= ' ' {
		l.changed = true
		at++
	}
	return at
}

func (l *oneLine) text(at int) int {
	end, same, wide := at+1, true, false
	for ; l.raw[end] != '"'; end++ {
		switch c := l.raw[end]; {
		case c >= utf8.RuneSelf:
			wide = true
		case c == '\\':
			same = false
			end++
		case c == '<' || c == '>' || c == '&':
			same = false
		}
	}
	end++
	quoted := l.raw[at:end]
	if wide && same {
		same = utf8.Valid(quoted) && !bytes.Contains(quoted, []byte("\u2028")) && !bytes.Contains(quoted, []byte("\u2029"))
	}
	if !same {
		quoted = encoded(quoted)
		l.changed = l.changed || !bytes.Equal(quoted, l.raw[at:end])
	}
	l.out = append(l.out, quoted...)
	return end
}

// encoded decodes a valid string and encodes it again.
func encoded(quoted []byte) []byte {
	var text string
	_ = json.Unmarshal(quoted, &text) // it is valid
	again, _ := json.Marshal(text)    // as every text
	return again
}

// distinct changes the name that was just written, from begin on, if its object has it
// already. It returns the names of the object as a set, once they are many.
func (l *oneLine) distinct(begin, outer int, many map[string]bool) map[string]bool {
	const few = 32
	if len(l.names)-outer == few {
		many = make(map[string]bool)
		for _, other := range l.names[outer:] {
			many[string(other)] = true
		}
	}
	taken := func(name []byte) bool {
		if many != nil {
			return many[string(name)]
		}
		return slices.ContainsFunc(l.names[outer:], func(other []byte) bool { return string(other) == string(name) })
	}
	end := len(l.out) - 1 // without the quote
	for n := 1; taken(l.out[begin:]); n++ {
		l.changed, l.renamed = true, true
		l.out = append(l.out[:end], "_dup"...)
		if n > 1 {
			l.out = strconv.AppendInt(l.out, int64(n), 10)
		}
		l.out = append(l.out, '"')
	}
	name := l.out[begin:len(l.out):len(l.out)]
	l.names = append(l.names, name)
	if many != nil {
		many[string(name)] = true
	}
	return many
}
