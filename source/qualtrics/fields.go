package qualtrics

import (
	"bytes"
	"encoding/json"
	"strings"
	"time"

	"github.com/birdie-ai/source-qualtrics/source/frame"
)

// fields reads the members of an object into the fields of a struct. It notes each
// field that differs from its member, because the row has to report that.
type fields struct {
	raw     json.RawMessage
	members []frame.Member // none if it is no object
	altered []Altered
	kept    *kept

	line oneLine
}

// fieldsOf takes an object apart.
func fieldsOf(raw json.RawMessage) *fields {
	var scanner frame.Scanner
	f := &fields{raw: raw}
	if object, ok := scanner.Object(raw); ok {
		f.members = object.Members
	}
	return f
}

// take goes on with the next object.
func (f *fields) take(raw json.RawMessage, members []frame.Member) {
	f.raw, f.members, f.altered, f.kept = raw, members, nil, nil
}

// values returns the values that are kept for the object.
func (f *fields) values() *kept {
	if f.kept == nil {
		f.kept = new(kept)
	}
	return f.kept
}

// first returns the value of the first of several names that exists and is not null. Of
// two members with a name, the last one counts.
func (f *fields) first(names ...string) json.RawMessage {
	for _, name := range names {
		for i := len(f.members) - 1; i >= 0; i-- {
			if m := &f.members[i]; string(m.Name) == name {
				if string(m.Value) != "null" {
					return m.Value
				}
				break
			}
		}
	}
	return nil
}

// sent returns the first of several members that has a value. The empty text is no
// value: PHP writes it for a missing one.
func (f *fields) sent(names ...string) json.RawMessage {
	raw := f.first(names...)
	if string(raw) == `""` {
		return nil
	}
	return raw
}

func (f *fields) note(field string, how Alteration) {
	f.altered = append(f.altered, Altered{field, how})
}

// id reads the id of an object, "" if it has none.
func (f *fields) id(names ...string) string {
	raw := f.first(names...)
	if plain, ok := plainText(raw); ok {
		return string(plain)
	}
	return text(textOf(raw))
}

func (f *fields) text(field string, names ...string) *string {
	raw := f.first(names...)
	if raw == nil {
		return nil
	}
	if plain, ok := plainText(raw); ok {
		return f.values().text(plain)
	}
	value := textOf(raw)
	switch {
	case value == nil:
		f.note(field, Unreadable)
	case repaired(raw, []byte(*value)):
		f.note(field, Repaired)
	}
	return value
}

func (f *fields) boolean(field string, names ...string) *bool {
	raw := f.sent(names...)
	if is, ok := booleanOf(raw); ok {
		return f.values().boolean(is)
	}
	f.unreadable(field, raw)
	return nil
}

func (f *fields) time(field string, names ...string) *time.Time {
	raw := f.sent(names...)
	if at, ok := timeOf(raw); ok {
		return f.values().time(at)
	}
	f.unreadable(field, raw)
	return nil
}

// count reads a count. A count that is sent as a text is not noted as altered.
func (f *fields) count(field, name string) *int64 {
	raw := f.sent(name)
	n := countOf(raw)
	if n == nil {
		f.unreadable(field, raw)
	}
	return n
}

// unreadable notes a field without a value that was sent.
func (f *fields) unreadable(field string, sent json.RawMessage) {
	if sent != nil {
		f.note(field, Unreadable)
	}
}

// object returns an object on one line, {} for PHP's empty array, and nil for every
// other value.
func (f *fields) object(field, name string) json.RawMessage {
	raw := f.sent(name)
	switch {
	case raw == nil:
		return nil
	case raw[0] == '[' && len(bytes.TrimSpace(raw[1:len(raw)-1])) == 0:
		return json.RawMessage("{}")
	case raw[0] != '{':
		f.note(field, Unreadable)
		return nil
	}
	value, renamed := f.line.copy(raw)
	if repaired(raw, value) {
		f.note(field, Repaired)
	}
	if renamed {
		f.note(field, Renamed)
	}
	return value
}

// kept holds the values of one element, so that an element takes few allocations. It has
// room for the values of a contact.
type kept struct {
	words strings.Builder // all texts

	texts                              [8]string
	times                              [4]time.Time
	booleans                           [2]bool
	someTexts, someTimes, someBooleans int
}

// keep puts a value behind those that are taken.
func keep[T any](values []T, taken *int, value T) *T {
	if *taken == len(values) {
		further := value
		return &further
	}
	values[*taken] = value
	*taken++
	return &values[*taken-1]
}

func (k *kept) time(at time.Time) *time.Time { return keep(k.times[:], &k.someTimes, at) }

func (k *kept) boolean(is bool) *bool { return keep(k.booleans[:], &k.someBooleans, is) }

// text keeps a text with the others.
func (k *kept) text(text []byte) *string {
	if k.words.Cap() == 0 {
		k.words.Grow(len(text) + 120) // about the texts of a contact
	}
	begin := k.words.Len()
	k.words.Write(text)
	return keep(k.texts[:], &k.someTexts, k.words.String()[begin:])
}
