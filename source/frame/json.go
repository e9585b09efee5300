package frame

import (
	"bytes"
	"errors"
	"unicode/utf8"

	"github.com/go-json-experiment/json/jsontext"
)

var lenient = []jsontext.Options{jsontext.AllowDuplicateNames(true), jsontext.AllowInvalidUTF8(true)}

const whiteSpace = " \t\r\n"

// Kind returns what a raw value is: '{', '[', '"', '0' for a number, 't', 'f'
// or 'n'; 0 where there is nothing. It looks at the first byte only.
func Kind(value []byte) byte {
	value = bytes.TrimLeft(value, whiteSpace)
	switch {
	case len(value) == 0:
		return 0
	case value[0] == '-' || (value[0] >= '0' && value[0] <= '9'):
		return '0'
	default:
		return value[0]
	}
}

// String decodes a raw JSON string; ok is false for every other value. U+FFFD
// stands for what is no text, such as half a surrogate pair.
func String(value []byte) (text string, ok bool) {
	value = bytes.Trim(value, whiteSpace)
	if len(value) < 2 || value[0] != '"' || value[len(value)-1] != '"' {
		return "", false
	}
	if inner := value[1 : len(value)-1]; isVerbatim(inner) {
		return string(inner), true
	}
	if !jsontext.Value(value).IsValid(lenient...) {
		return "", false
	}
	return string(unquoted(value)), true
}

// isVerbatim reports whether the inside of a string is printable ASCII that
// stands for itself.
func isVerbatim(inner []byte) bool {
	for _, c := range inner {
		if c < ' ' || c == '"' || c == '\\' || c >= utf8.RuneSelf {
			return false
		}
	}
	return true
}

// unquoted decodes a valid string, in place where that is possible.
func unquoted(quoted []byte) []byte {
	if inner := quoted[1 : len(quoted)-1]; isVerbatim(inner) || bytes.IndexByte(inner, '\\') < 0 && utf8.Valid(inner) {
		return inner
	}
	// The error is about what lenient allows: U+FFFD stands in its place.
	text, _ := jsontext.AppendUnquote(nil, quoted)
	return text
}

// Members calls each with every member of an object, in order: the name
// decoded and in the case it was written in, the value raw and valid as long
// as the object is. Names that occur twice come twice. An empty array counts
// as an object without members, because that is how PHP writes one (API §0.10).
// An error of each ends the walk and is returned as it is; what is no valid
// object is an [*Error] before the first call.
func Members(object []byte, each func(name string, value []byte) error) error {
	at, err := enter(object, '{', "an object")
	if err != nil {
		if array, other := enter(object, '[', "an array"); other == nil && object[array] == ']' {
			return nil
		}
		return err
	}
	return walk(object, at, each)
}

// ValidMembers is [Members] for an object that is known to be valid, as a
// record that this package made is, and every object in it: it is not
// validated once more.
func ValidMembers(object []byte, each func(name string, value []byte) error) error {
	if Kind(object) != '{' {
		return Members(object, each)
	}
	return walk(object, skip(object, 0, '{'), each)
}

// walk calls each with the members of a valid object from an offset on.
func walk(object []byte, at int, each func(name string, value []byte) error) error {
	for object[at] != '}' {
		end := stringEnd(object, at)
		name := string(unquoted(object[at:end]))
		at = skip(object, end, ':')
		end = valueEnd(object, at)
		if err := each(name, object[at:end]); err != nil {
			return err
		}
		at = skip(object, end, ',')
	}
	return nil
}

// Elements calls each with every element of an array, raw and valid as long
// as the array is. Errors are those of [Members].
func Elements(array []byte, each func(value []byte) error) error {
	at, err := enter(array, '[', "an array")
	if err != nil {
		return err
	}
	for array[at] != ']' {
		end := valueEnd(array, at)
		if err := each(array[at:end]); err != nil {
			return err
		}
		at = skip(array, end, ',')
	}
	return nil
}

// enter validates a value of a kind and returns the offset of what is first in
// it, or of its end.
func enter(value []byte, kind byte, what string) (at int, err error) {
	switch {
	case Kind(value) != kind:
		return 0, &Error{Kind: NotJSON, Detail: "reading " + what, Err: errors.New("it is none")}
	case !jsontext.Value(value).IsValid(lenient...):
		return 0, &Error{Kind: NotJSON, Detail: "reading " + what}
	}
	return skip(value, 0, kind), nil
}
