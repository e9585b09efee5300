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
)

// members are an object's members by their exact names: encoding/json matches
// the fields of a struct without regard to case, a map does not.
type members map[string]json.RawMessage

// membersOf takes an object, or the empty array that PHP writes for one.
func membersOf(raw json.RawMessage) members {
	var object members
	if json.Unmarshal(raw, &object) != nil {
		return nil
	}
	return object
}

// first returns the first of several names that is there and not null.
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

// plainText reads the usual text, which is as it is written.
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

// integer reads a count, also as a text, or as a whole float: *assumed* to be
// possible because the API writes a percentage so (API §3.2: 100.0).
func (m members) integer(name string) int64 {
	number := strings.Trim(string(m.first(name)), `"`)
	if whole, fraction, ok := strings.Cut(number, "."); ok && strings.Trim(fraction, "0") == "" {
		number = whole
	}
	n, err := strconv.ParseInt(number, 10, 64)
	if err != nil {
		return 0
	}
	return n
}

// list reads the elements of a list. PHP writes a list with gaps as an object;
// that Qualtrics does so is *assumed*. Its elements come in the order of the keys.
func (m members) list(name string) []json.RawMessage {
	var elements []json.RawMessage
	if json.Unmarshal(m.first(name), &elements) == nil {
		return elements
	}
	gapped := membersOf(m.first(name))
	keys := slices.SortedFunc(maps.Keys(gapped), func(a, b string) int { return cmp.Or(cmp.Compare(len(a), len(b)), cmp.Compare(a, b)) })
	for _, key := range keys {
		elements = append(elements, gapped[key])
	}
	return elements
}

// object returns an object on one line, {} for PHP's empty array, nil for
// everything else.
func (m members) object(name string) json.RawMessage {
	raw := bytes.TrimSpace(m.first(name))
	switch {
	case len(raw) == 0:
		return nil
	case raw[0] == '[':
		if len(bytes.TrimSpace(raw[1:len(raw)-1])) == 0 {
			return json.RawMessage("{}")
		}
		return nil
	case raw[0] != '{':
		return nil
	case string(raw) == "{}":
		return json.RawMessage("{}")
	}
	var value any
	decoder := json.NewDecoder(bytes.NewReader(raw))
	decoder.UseNumber()
	if decoder.Decode(&value) != nil {
		return nil
	}
	encoded, err := json.Marshal(value)
	if err != nil {
		return nil
	}
	return encoded
}

// timeLayouts are the forms of dates in answers but for epoch milliseconds;
// those without a zone are UTC (API §0.16, §4.2).
var timeLayouts = []string{time.RFC3339Nano, "2006-01-02T15:04:05", time.DateTime, time.DateOnly}

// time reads a date: a text, or a number of milliseconds since 1970.
func (m members) time(names ...string) *time.Time {
	value := m.text(names...)
	if value == nil || *value == "" {
		return nil
	}
	if millis, err := strconv.ParseInt(*value, 10, 64); err == nil {
		at := time.UnixMilli(millis).UTC()
		return &at
	}
	for _, layout := range timeLayouts {
		if at, err := time.Parse(layout, *value); err == nil && at.Year() >= 1 && at.Year() <= 9999 {
			at = at.UTC()
			return &at
		}
	}
	return nil
}
