package sandbox

import (
	"encoding/json"
	"iter"
	"regexp"
	"strconv"
)

// embeddedDataTruth yields the fields of the embedded data of all visible responses. Their
// survey declares all of them. No field has true, false or a date.
func (w *world) embeddedDataTruth() iter.Seq[[]byte] {
	return w.recordTruth(func(s *survey) func(*answered, func([]byte) bool) bool {
		return func(one *answered, yield func([]byte) bool) bool {
			for _, f := range s.kind.fields {
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
	if f.value != valueLarge { // all others are texts
		_ = json.Unmarshal(value, &text)
	}
	row.text("value_text", text)
	if _, err := strconv.ParseFloat(text, 64); err == nil && numeral.MatchString(text) {
		row.json("value_number", json.RawMessage(text))
	} else {
		row.null("value_number")
	}
	row.null("value_boolean")
	row.null("value_date")
	if a.form != nil {
		row.yes("is_declared", true)
	}
	return row.done()
}
