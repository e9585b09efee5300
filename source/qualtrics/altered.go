package qualtrics

import (
	"bytes"
	"encoding/json"
	"io"
	"strconv"
	"strings"
)

// Altered says that a field differs from the member of the answer that it was read from.
type Altered struct {
	Field string // name of the Go field
	How   Alteration
}

// Alteration is the way in which a member was changed.
type Alteration int

// The alterations of members.
const (
	Unreadable Alteration = iota // the field is nil, zero or false
	Repaired                     // text that is no Unicode became U+FFFD
	Renamed                      // the second of two equal names of an object was changed
)

// fields reads the members of an object into the fields of a struct. It notes each
// field that differs from its member, because the row has to report that.
type fields struct {
	members
	altered []Altered
}

func (f *fields) note(field string, how Alteration) {
	f.altered = append(f.altered, Altered{field, how})
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

func (f *fields) text(field string, names ...string) *string {
	value := f.members.text(names...)
	switch raw := f.first(names...); {
	case value == nil && raw != nil:
		f.note(field, Unreadable)
	case value != nil && repaired(raw, *value):
		f.note(field, Repaired)
	}
	return value
}

func (f *fields) object(field, name string) json.RawMessage {
	value, renamed := f.members.object(name)
	switch raw := f.sent(name); {
	case value == nil && raw != nil:
		f.note(field, Unreadable)
	case repaired(raw, string(value)):
		f.note(field, Repaired)
	}
	if renamed {
		f.note(field, Renamed)
	}
	return value
}

// count reads a count. A count that is sent as a text is not noted as altered.
func (f *fields) count(field, name string) *int64 {
	return valueOf(f, field, func(names ...string) *int64 { return f.members.count(names[0]) }, name)
}

// repaired reports whether decoding JSON has put U+FFFD in place of text that is no
// Unicode.
func repaired(raw []byte, decoded string) bool {
	const replacement = "\ufffd"
	if !strings.Contains(decoded, replacement) {
		return false
	}
	sent := bytes.Count(raw, []byte(replacement)) + bytes.Count(bytes.ToLower(raw), []byte(`\ufffd`))
	return strings.Count(decoded, replacement) > sent
}

// valueOf reads a member with a function that returns nil for an unreadable value.
func valueOf[T any](f *fields, field string, read func(...string) *T, names ...string) *T {
	value := read(names...)
	if value == nil && f.sent(names...) != nil {
		f.note(field, Unreadable)
	}
	return value
}

// distinctNames copies the next value without white space. It changes the second of two
// equal names of an object, because readers would keep only one of the two.
func distinctNames(decoder *json.Decoder, out *bytes.Buffer) (renamed bool, err error) {
	token, err := decoder.Token()
	if err != nil {
		return false, err
	}
	open, nested := token.(json.Delim)
	if !nested {
		encoded, err := json.Marshal(token)
		out.Write(encoded)
		return false, err
	}
	out.WriteString(open.String())
	seen := make(map[string]bool)
	for first := true; decoder.More(); first = false {
		if !first {
			out.WriteByte(',')
		}
		if open == '{' {
			token, err := decoder.Token()
			if err != nil {
				return false, err
			}
			name, _ := token.(string)
			given := name
			for n := 1; seen[name]; n++ {
				name, renamed = given+"_dup", true
				if n > 1 {
					name += strconv.Itoa(n)
				}
			}
			seen[name] = true
			encoded, err := json.Marshal(name)
			if err != nil {
				return false, err
			}
			out.Write(encoded)
			out.WriteByte(':')
		}
		within, err := distinctNames(decoder, out)
		if err != nil {
			return false, err
		}
		renamed = renamed || within
	}
	token, err = decoder.Token()
	if err != nil {
		return false, err
	}
	closing, ok := token.(json.Delim)
	if !ok {
		return false, io.ErrUnexpectedEOF
	}
	out.WriteString(closing.String())
	return renamed, nil
}
