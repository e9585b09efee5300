package frame

import (
	"bytes"
	"unicode/utf8"

	"github.com/go-json-experiment/json/jsontext"
)

// lenient accepts JSON that exports hold although strict readers refuse it.
var lenient = []jsontext.Options{jsontext.AllowDuplicateNames(true), jsontext.AllowInvalidUTF8(true)}

const whiteSpace = " \t\r\n"

// Kind returns the kind of a raw value by its first byte: '{', '[', '"', '0' for
// a number, 't', 'f' or 'n'. It returns 0 for empty text.
func Kind(value []byte) byte {
	if len(value) > 0 && value[0] <= ' ' {
		value = bytes.TrimLeft(value, whiteSpace)
	}
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
	if inner, ok := Verbatim(value); ok {
		return string(inner), true
	}
	if !jsontext.Value(value).IsValid(lenient...) {
		return "", false
	}
	return string(unquoted(value)), true
}

// Verbatim returns the text of a raw JSON string of printable ASCII without escapes. For
// every other value, ok is false.
func Verbatim(value []byte) (text []byte, ok bool) {
	if len(value) < 2 || value[0] != '"' || value[len(value)-1] != '"' {
		return nil, false
	}
	text = value[1 : len(value)-1]
	return text, isVerbatim(text)
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

// ValidElements calls each with the raw elements of a valid array, such as one of a record.
// They are valid as long as the array is.
func ValidElements(array []byte, each func(value []byte)) {
	for at := skip(array, 0, '['); array[at] != ']'; {
		end := valueEnd(array, at)
		each(array[at:end])
		at = skip(array, end, ',')
	}
}
