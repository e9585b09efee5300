package sandbox

import (
	"encoding/json"
	"iter"
	"regexp"
	"strconv"
)

// embeddedDataTruth yields the fields of the embedded data of all visible responses. Their
// survey declares them, except those that are marked as undeclared.
func (w *world) embeddedDataTruth() iter.Seq[[]byte] {
	return w.recordTruth(func(s *survey) func(*answered, func([]byte) bool) bool {
		fields := s.everySheet().fields
		return func(one *answered, yield func([]byte) bool) bool {
			for _, f := range fields {
				if value, ok := one.values[f.name]; ok && !yield(one.field(f, value)) {
					return false
				}
			}
			return true
		}
	})
}

// numeral matches the texts that are numbers.
var numeral = regexp.MustCompile(`^-?(0|[1-9]\d*)(\.\d+)?([eE][+-]?\d+)?$`)

func (a *answered) field(f field, value json.RawMessage) []byte {
	row := a.begin()
	row.text("field", f.name)
	text := string(value)
	_ = json.Unmarshal(value, &text) // numbers and booleans stay as they are written
	row.text("value_text", text)
	if _, err := strconv.ParseFloat(text, 64); err == nil && numeral.MatchString(text) {
		row.json("value_number", json.RawMessage(text))
	} else {
		row.null("value_number")
	}
	if f.value == valueBoolean {
		row.json("value_boolean", value)
	} else {
		row.null("value_boolean")
	}
	switch f.value {
	case valueMoment:
		row.text("value_date", text)
	case valueDay:
		row.text("value_date", text+"T00:00:00Z")
	default:
		row.null("value_date")
	}
	if a.form != nil {
		row.yes("is_declared", !f.undeclared)
	}
	return row.done()
}
