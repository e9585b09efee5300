package frame

import (
	"bytes"
	"unicode/utf8"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/birdie-ai/source-qualtrics/source/jsonsafe"
)

// lenient accepts JSON that exports hold although strict readers refuse it.
var lenient = []jsontext.Options{jsontext.AllowDuplicateNames(true), jsontext.AllowInvalidUTF8(true)}

const whiteSpace = " \t\r\n"

// Kind returns the kind of a raw value by its first byte: '{', '[', '"', '0' for
// a number, 't', 'f' or 'n'. It returns 0 for empty text.
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
// replaces invalid UTF-8 and lone surrogates.
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

// isVerbatim reports whether the inside of a string is printable ASCII without
// escapes.
func isVerbatim(inner []byte) bool {
	for _, c := range inner {
		if c < ' ' || c == '"' || c == '\\' || c >= utf8.RuneSelf {
			return false
		}
	}
	return true
}

// unquoted decodes a valid string, without a copy if it has no escapes.
func unquoted(quoted []byte) []byte {
	if inner := quoted[1 : len(quoted)-1]; isVerbatim(inner) || bytes.IndexByte(inner, '\\') < 0 && utf8.Valid(inner) {
		return inner
	}
	// The error is about text that lenient allows: U+FFFD replaces it.
	text, _ := jsontext.AppendUnquote(nil, quoted)
	return text
}

// ValidMembers calls each with the members of a valid object, such as a record
// of this package, in order. It does not validate the object again. The name is
// decoded in its own case; the value is raw, and valid as long as the object is.
// Names that occur twice come twice.
//
// An empty array counts as an object without members, because PHP writes one so
// (API §0.10). Any other value is an [*Error]. An error of each ends the walk and
// is returned as it is.
func ValidMembers(object []byte, each func(name string, value []byte) error) error {
	switch Kind(object) {
	case '{':
	case '[':
		if at := skip(object, 0, '['); at < len(object) && object[at] == ']' {
			return nil
		}
		fallthrough
	default:
		return &Error{Kind: NotJSON, Detail: "expected a JSON object"}
	}
	for at := skip(object, 0, '{'); object[at] != '}'; {
		end := jsonsafe.StringEnd(object, at)
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

// Elements calls each with the elements of an array, raw, and valid as long as
// the array is. Any other value, and invalid JSON, is an [*Error]. An error of
// each ends the walk and is returned as it is.
func Elements(array []byte, each func(value []byte) error) error {
	if Kind(array) != '[' {
		return &Error{Kind: NotJSON, Detail: "expected a JSON array"}
	}
	if !jsontext.Value(array).IsValid(lenient...) {
		return &Error{Kind: NotJSON, Detail: "reading an array"}
	}
	for at := skip(array, 0, '['); array[at] != ']'; {
		end := valueEnd(array, at)
		if err := each(array[at:end]); err != nil {
			return err
		}
		at = skip(array, end, ',')
	}
	return nil
}
