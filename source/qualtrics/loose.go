package qualtrics

import (
	"bytes"
	"cmp"
	"encoding/json"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/birdie-ai/source-qualtrics/source/dates"
	"github.com/birdie-ai/source-qualtrics/source/frame"
)

// members are an object's members by their exact names. A map is used, because
// encoding/json ignores the case of names for the fields of a struct.
type members map[string]json.RawMessage

// membersOf reads the members of an object. It returns nil for every other value, such
// as the empty array that PHP writes for an empty object.
func membersOf(raw json.RawMessage) members {
	var object members
	if json.Unmarshal(raw, &object) != nil {
		return nil
	}
	return object
}

// emptyList reports whether a value is an array without elements.
func emptyList(raw json.RawMessage) bool {
	var elements []json.RawMessage
	return json.Unmarshal(raw, &elements) == nil && elements != nil && len(elements) == 0
}

// first returns the value of the first of several names that exists and is not null.
func (m members) first(names ...string) json.RawMessage {
	for _, name := range names {
		if raw := m[name]; len(raw) > 0 && string(raw) != "null" {
			return raw
		}
	}
	return nil
}

func (m members) text(names ...string) *string { return textOf(m.first(names...)) }

func (m members) boolean(names ...string) *bool {
	if is, ok := booleanOf(m.first(names...)); ok {
		return &is
	}
	return nil
}

func (m members) count(name string) *int64 { return countOf(m.first(name)) }

func (m members) time(names ...string) *time.Time {
	if at, ok := timeOf(m.first(names...)); ok {
		return &at
	}
	return nil
}

// The functions below read one value. They accept none, too.

// textOf reads a text, or a number as it is written.
func textOf(raw json.RawMessage) *string {
	if raw == nil {
		return nil
	}
	if inner, ok := plainText(raw); ok {
		text := string(inner)
		return &text
	}
	var text string
	if json.Unmarshal(raw, &text) != nil {
		return nil
	}
	return &text
}

// plainText reads a number, or a text without escapes, which need no decoding.
func plainText(raw json.RawMessage) (text []byte, ok bool) {
	switch frame.Kind(raw) {
	case '"':
		text = raw[1 : len(raw)-1]
		return text, bytes.IndexByte(text, '\\') < 0 && utf8.Valid(text)
	case '0':
		return raw, true
	}
	return nil, false
}

// booleanOf reads true and false, 1 and 0, also as texts (API §4.6: "0").
func booleanOf(raw json.RawMessage) (is, ok bool) {
	switch string(bytes.Trim(raw, `"`)) {
	case "true", "1":
		return true, true
	case "false", "0":
		return false, true
	}
	return false, false
}

// countOf reads a count: a whole number, a text, or a number with a fraction of zeros.
// The fraction is *assumed* to be possible: the API writes a percentage as 100.0 (API
// §3.2). For every other value it returns nil, which means unknown and not zero.
func countOf(raw json.RawMessage) *int64 {
	number := strings.Trim(string(raw), `"`)
	if whole, fraction, ok := strings.Cut(number, "."); ok && strings.Trim(fraction, "0") == "" {
		number = whole
	}
	n, err := strconv.ParseInt(number, 10, 64)
	if err != nil || n < 0 {
		return nil
	}
	return &n
}

// list reads the elements of a list. Every other value has none.
func (m members) list(name string) []json.RawMessage {
	elements, _ := listOf(m.first(name))
	return elements
}

// listOf reads the elements of a list, which is valid JSON. PHP writes a filtered list
// with gaps as an object whose names are the positions. That Qualtrics does so is
// *assumed*. Such elements come in the order of their positions.
func listOf(raw json.RawMessage) ([]json.RawMessage, bool) {
	if frame.Kind(raw) == '[' {
		elements := []json.RawMessage{}
		frame.ValidElements(raw, func(element []byte) { elements = append(elements, element) })
		return elements, true
	}
	gapped := membersOf(raw)
	if gapped == nil {
		return nil, false
	}
	keys := slices.SortedFunc(maps.Keys(gapped), func(a, b string) int { return cmp.Or(cmp.Compare(len(a), len(b)), cmp.Compare(a, b)) })
	elements := make([]json.RawMessage, 0, len(keys))
	for _, key := range keys {
		elements = append(elements, gapped[key])
	}
	return elements, true
}

// timeOf reads a date of the years 1 to 9999: a text, or a number of milliseconds since
// 1970. The first second of the year 1 is no date, because programs write it for a
// missing one.
func timeOf(raw json.RawMessage) (at time.Time, ok bool) {
	text, plain := plainText(raw)
	if !plain {
		decoded := textOf(raw)
		if decoded == nil {
			return at, false
		}
		text = []byte(*decoded)
	}
	if millis, whole := wholeNumber(text); whole {
		at, ok = dates.InYears(time.UnixMilli(millis))
	} else {
		at, ok = dates.Parse(string(text))
	}
	return at, ok && !at.IsZero()
}

// wholeNumber reads a whole number that fits 64 bits.
func wholeNumber(text []byte) (n int64, ok bool) {
	if len(text) == 0 || len(bytes.TrimLeft(text[1:], "0123456789")) > 0 {
		return 0, false
	}
	n, err := strconv.ParseInt(string(text), 10, 64)
	return n, err == nil
}
