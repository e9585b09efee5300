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

// text reads a text, or a number as it is written.
func (m members) text(names ...string) *string {
	raw := m.first(names...)
	if raw == nil {
		return nil
	}
	if plain, ok := plainText(raw); ok {
		return &plain
	}
	var value string
	if json.Unmarshal(raw, &value) != nil {
		var number json.Number
		if json.Unmarshal(raw, &number) != nil {
			return nil
		}
		value = number.String()
	}
	return &value
}

// plainText reads a text without escapes, which needs no decoding.
func plainText(raw json.RawMessage) (string, bool) {
	if len(raw) < 2 || raw[0] != '"' || bytes.IndexByte(raw, '\\') >= 0 || !utf8.Valid(raw) {
		return "", false
	}
	return string(raw[1 : len(raw)-1]), true
}

// boolean reads true and false, 1 and 0, also as texts (API §4.6: "0").
func (m members) boolean(names ...string) *bool {
	raw := m.first(names...)
	var is bool
	switch strings.Trim(string(raw), `"`) {
	case "true", "1":
		is = true
	case "false", "0":
	default:
		return nil
	}
	return &is
}

// count reads a count: a whole number, a text, or a number with a fraction of zeros.
// The fraction is *assumed* to be possible: the API writes a percentage as 100.0 (API
// §3.2). For every other value it returns nil, which means unknown and not zero.
func (m members) count(name string) *int64 {
	number := strings.Trim(string(m.first(name)), `"`)
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

// listOf reads the elements of a list. PHP writes a filtered list with gaps as an
// object whose names are the positions. That Qualtrics does so is *assumed*. Such
// elements come in the order of their positions.
func listOf(raw json.RawMessage) ([]json.RawMessage, bool) {
	var elements []json.RawMessage
	if json.Unmarshal(raw, &elements) == nil {
		return elements, elements != nil
	}
	gapped := membersOf(raw)
	if gapped == nil {
		return nil, false
	}
	keys := slices.SortedFunc(maps.Keys(gapped), func(a, b string) int { return cmp.Or(cmp.Compare(len(a), len(b)), cmp.Compare(a, b)) })
	for _, key := range keys {
		elements = append(elements, gapped[key])
	}
	return elements, true
}

// object returns an object on one line, {} for PHP's empty array, and nil for every
// other value. renamed reports that a name came twice and was changed.
func (m members) object(name string) (object json.RawMessage, renamed bool) {
	raw := bytes.TrimSpace(m.first(name))
	switch {
	case len(raw) == 0:
		return nil, false
	case raw[0] == '[':
		if len(bytes.TrimSpace(raw[1:len(raw)-1])) == 0 {
			return json.RawMessage("{}"), false
		}
		return nil, false
	case raw[0] != '{':
		return nil, false
	case string(raw) == "{}":
		return json.RawMessage("{}"), false
	}
	decoder := json.NewDecoder(bytes.NewReader(raw))
	decoder.UseNumber()
	var out bytes.Buffer
	renamed, err := distinctNames(decoder, &out)
	if err != nil {
		return nil, false
	}
	return out.Bytes(), renamed
}

// time reads a date of the years 1 to 9999: a text, or a number of milliseconds since
// 1970. The first second of the year 1 is no date, because programs write it for a
// missing one.
func (m members) time(names ...string) *time.Time {
	value := m.text(names...)
	if value == nil || *value == "" {
		return nil
	}
	at, ok := dates.Parse(*value)
	if millis, err := strconv.ParseInt(*value, 10, 64); err == nil {
		at, ok = dates.InYears(time.UnixMilli(millis))
	}
	if !ok || at.IsZero() {
		return nil
	}
	return &at
}
