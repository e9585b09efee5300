package frame

import (
	"bytes"
	"errors"
	"fmt"
	"io"

	"github.com/go-json-experiment/json/jsontext"
)

var lenient = []jsontext.Options{jsontext.AllowDuplicateNames(true), jsontext.AllowInvalidUTF8(true)}

// Kind returns what a raw value is: '{', '[', '"', '0' for a number, 't', 'f'
// or 'n'; 0 where there is nothing.
func Kind(value []byte) byte {
	value = bytes.TrimLeft(value, " \t\r\n")
	switch {
	case len(value) == 0:
		return 0
	case value[0] == '-' || (value[0] >= '0' && value[0] <= '9'):
		return '0'
	default:
		return value[0]
	}
}

// String decodes a raw JSON string.
func String(value []byte) (string, bool) {
	value = bytes.TrimSpace(value)
	if len(value) < 2 || value[0] != '"' || value[len(value)-1] != '"' {
		return "", false
	}
	if inner := value[1 : len(value)-1]; bytes.IndexByte(inner, '\\') < 0 && bytes.IndexByte(inner, '"') < 0 {
		return string(inner), true
	}
	if !jsontext.Value(value).IsValid(lenient...) {
		return "", false
	}
	// The error is about what lenient allows: U+FFFD stands in its place.
	text, _ := jsontext.AppendUnquote(nil, value)
	return string(text), true
}

// Members calls each with every member of an object, in order: the name
// decoded and exactly as it was written, the value raw and valid as long as
// the object is. Names that occur twice come twice. An empty array counts as
// an object without members, because that is how PHP writes one.
func Members(object []byte, each func(name string, value []byte) error) error {
	return members(object, func(name, value []byte) error {
		text, _ := String(name)
		return each(text, value)
	})
}

// members is Members with the name as it was written, quotes included.
func members(object []byte, each func(name, value []byte) error) error {
	decoder := jsontext.NewDecoder(bytes.NewReader(object), lenient...)
	opening, err := decoder.ReadToken()
	if err != nil {
		return cannot("an object", err)
	}
	if opening.Kind() == '[' && decoder.PeekKind() == ']' {
		return nil
	}
	if opening.Kind() != '{' {
		return cannot("an object", fmt.Errorf("it starts with %s", opening.Kind()))
	}
	for decoder.PeekKind() != '}' {
		name, err := decoder.ReadValue()
		if err != nil {
			return cannot("an object", err)
		}
		end := decoder.InputOffset()
		name = object[end-int64(len(name)) : end]
		value, err := decoder.ReadValue()
		if err != nil {
			return cannot("an object", err)
		}
		end = decoder.InputOffset()
		if err := each(name, object[end-int64(len(value)):end]); err != nil {
			return err
		}
	}
	return nil
}

// Elements calls each with every element of an array, raw and valid as long
// as the array is.
func Elements(array []byte, each func(value []byte) error) error {
	decoder := jsontext.NewDecoder(bytes.NewReader(array), lenient...)
	opening, err := decoder.ReadToken()
	if err != nil {
		return cannot("an array", err)
	}
	if opening.Kind() != '[' {
		return cannot("an array", fmt.Errorf("it starts with %s", opening.Kind()))
	}
	for decoder.PeekKind() != ']' {
		value, err := decoder.ReadValue()
		if err != nil {
			return cannot("an array", err)
		}
		end := decoder.InputOffset()
		if err := each(array[end-int64(len(value)) : end]); err != nil {
			return err
		}
	}
	return nil
}

func cannot(what string, err error) error {
	if errors.Is(err, io.EOF) {
		err = io.ErrUnexpectedEOF
	}
	return &Error{Kind: NotJSON, Detail: "reading " + what, Err: err}
}
