package sandbox

import (
	"bytes"
	"encoding/json"
	"strconv"
)

// RecordDamage is an error of format in the record of a response in JSON and
// NDJSON exports. Reads of the single response are not affected.
type RecordDamage int

// The damages of records (*assumed*, all of them).
const (
	Undamaged         RecordDamage = iota
	RecordWithoutID                // neither responseId nor values._recordId
	RecordWithNumber               // responseId and values._recordId are the number of NumericID
	RecordWithControl              // a text ends with U+001A and TAB, not escaped; the truth has them, too
	RecordNotJSON                  // the line of the record ends in its middle
)

// DamageResponse damages the record of a response in every later export.
// Undamaged repairs it. Exports that have begun do not change. It reports
// whether it found the response.
func (s *Sandbox) DamageResponse(responseID string, damage RecordDamage) bool {
	survey, index, ok := s.world.responseIDs.parse(responseID)
	s.world.mutex.Lock()
	defer s.world.mutex.Unlock()
	if !ok || survey >= len(s.world.surveys) || index >= s.world.surveys[survey].responses.total() {
		return false
	}
	o := &s.world.surveys[survey].responses
	if o.damaged == nil {
		o.damaged = make(map[int]RecordDamage)
	}
	o.damaged[index] = damage
	return true
}

// NumericID returns the id that RecordWithNumber gives to a response: the
// digits of a number that a float64 cannot represent exactly.
func NumericID(responseID string) string {
	return strconv.FormatUint(1<<60|textKey(responseID)>>4|1, 10)
}

// controlEscaped is appended to a text in the truth, controlRaw in files.
const (
	controlEscaped = `\u001a\t`
	controlRaw     = "\x1a\t"
)

// appendControl appends control characters to the last text among the answers and
// embedded data, which follow the first metadata bytes of values. Values without
// such a text stay unchanged.
func appendControl(values []byte, metadata int) []byte {
	decoder := json.NewDecoder(bytes.NewReader(values))
	depth, isKey, end := 0, false, 0
	for {
		token, err := decoder.Token()
		if err != nil {
			break // io.EOF: the sandbox writes valid JSON
		}
		switch token := token.(type) {
		case json.Delim:
			if token == '{' || token == '[' {
				depth++
			} else {
				depth--
			}
			isKey = depth == 1
			continue
		case string:
			if depth == 1 && !isKey && int(decoder.InputOffset()) > metadata {
				end = int(decoder.InputOffset()) - 1
			}
		}
		if depth == 1 {
			isKey = !isKey
		}
	}
	if end == 0 {
		return values
	}
	damaged := append(bytes.Clone(values[:end]), controlEscaped...)
	return append(damaged, values[end:]...)
}

// ofRow returns the damaged row of a record. The id is the JSON of its id.
func (d RecordDamage) ofRow(row, id []byte) []byte {
	remove := func(head string) {
		at := bytes.Index(row, append([]byte(head), id...))
		if at < 0 {
			return
		}
		end := at + len(head) + len(id)
		switch { // one comma is removed with the member
		case row[end] == ',':
			end++
		case row[at-1] == ',':
			at--
		}
		row = append(row[:at], row[end:]...)
	}
	switch d {
	case RecordWithoutID:
		remove(`"responseId":`)
		remove(`"_recordId":`)
	case RecordWithNumber:
		number := NumericID(string(bytes.Trim(id, `"`)))
		for _, head := range []string{`"responseId":`, `"_recordId":`} {
			row = bytes.Replace(row, append([]byte(head), id...), []byte(head+number), 1)
		}
	case RecordWithControl:
		row = bytes.Replace(row, []byte(controlEscaped), []byte(controlRaw), 1)
	case RecordNotJSON:
		row = row[:len(row)/2]
	}
	return row
}
