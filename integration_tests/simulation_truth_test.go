package integration_tests_test

import (
	"bytes"
	"fmt"
	"math"
	"slices"
	"strconv"
	"time"

	"github.com/birdie-ai/source-qualtrics/source/frame"
	"github.com/birdie-ai/source-qualtrics/source/sandbox"
)

// simTable holds the newest version of each row by its key.
type simTable map[string]*simRow

// put keeps the version with the greatest cursor, of equal ones the last.
func (t simTable) put(row *simRow) {
	if held := t[row.key]; held == nil || row.cursor > held.cursor || (row.cursor == held.cursor && row.order >= held.order) {
		t[row.key] = row
	}
}

// truthOf is what exists and is visible now.
func truthOf(tenant *sandbox.Sandbox, stream string) (simTable, error) {
	truth, ok := tenant.Truth(stream)
	if !ok {
		return nil, fmt.Errorf("there is no truth of %s", stream)
	}
	table := make(simTable)
	for line := range truth {
		row, err := rowOf(bytes.Clone(line))
		if err != nil {
			return nil, err
		}
		table[row.key] = row
	}
	return table, nil
}

// idColumns are those that make the keys, in the order in which they do.
var idColumns = []string{"survey_id", "response_id", "directory_id", "contact_id"}

// rowOf makes a row of a JSON object with the columns of a stream, in any
// order.
func rowOf(data []byte) (*simRow, error) {
	row := &simRow{data: data}
	var ids [4]string
	err := frame.Members(data, func(name string, value []byte) error {
		switch name {
		case "deleted_at":
			row.deleted = frame.Kind(value) == '"'
		case "last_modified", "last_modified_date":
			at, err := time.Parse(time.RFC3339Nano, string(bytes.Trim(value, `"`)))
			row.cursor = at.UnixNano()
			return err
		default:
			if i := slices.Index(idColumns, name); i >= 0 {
				ids[i] = string(bytes.Trim(value, `"`))
			}
		}
		return nil
	})
	for _, id := range ids {
		if id != "" && row.key != "" {
			row.key += "/"
		}
		row.key += id
	}
	return row, err
}

// comparer compares rows with the truth, each pair once.
type comparer struct {
	ignored map[string]bool // columns that need not agree
	later   bool            // the modified date of a row that was read by itself is that of the read
	rounded int             // decimals that a destination keeps of a number; 0: all
	seconds bool            // a destination keeps no fractions of seconds
	known   map[string]string
}

// difference says how a row differs from the truth, or nothing.
func (c *comparer) difference(stream string, truth, row *simRow) string {
	pair := string(truth.data) + "\n" + string(row.data)
	found, ok := c.known[pair]
	if !ok {
		found = c.compare(stream, truth, row)
		c.known[pair] = found
	}
	return found
}

func (c *comparer) compare(stream string, truth, row *simRow) string {
	columns, err := membersOf(row.data)
	if err != nil {
		return err.Error()
	}
	wanted, err := membersOf(truth.data)
	if err != nil {
		return err.Error()
	}
	later := c.later && stream == "responses" && row.cursor > truth.cursor
	for name, want := range wanted {
		switch {
		case c.ignored[name], later && name == "last_modified_date":
		case name == "values" && stream == "responses":
			if found := c.compareValues(want, columns, later); found != "" {
				return found
			}
		case !c.sameColumn(name, want, columns[name]):
			return fmt.Sprintf("%s is %.80s, not %.80s", name, columns[name], want)
		}
	}
	return ""
}

// compareValues compares what an export calls values with the columns that
// they were spread over.
func (c *comparer) compareValues(exported []byte, columns map[string][]byte, later bool) string {
	wanted, err := membersOf(exported)
	if err != nil {
		return err.Error()
	}
	got, err := membersOf(columns["values"])
	if err != nil {
		return err.Error()
	}
	embedded, err := membersOf(columns["embedded_data"])
	if err != nil {
		return err.Error()
	}
	spread := len(got) + len(embedded)
	for name, want := range wanted {
		actual, ok := got[name]
		if !ok {
			actual, ok = embedded[name]
		}
		column, isMetadata := columnsOfValues[name]
		switch {
		case ok:
			spread--
		case isMetadata && (c.ignored[column] || later && column == "last_modified_date"):
			continue
		case isMetadata:
			if actual = columns[column]; c.sameColumn(column, want, actual) {
				continue
			}
		}
		if !sameValue(want, actual) {
			return fmt.Sprintf("the value %s is %.80s, not %.80s", name, actual, want)
		}
	}
	if spread != 0 {
		return fmt.Sprintf("it has %d values more than the export", spread)
	}
	return ""
}

// columnsOfValues are the columns of the metadata of a response.
var columnsOfValues = map[string]string{
	"startDate": "start_date", "endDate": "end_date", "status": "status", "ipAddress": "ip_address", "progress": "progress", "duration": "duration",
	"finished": "finished", "recordedDate": "recorded_date", "_recordId": "response_id", "locationLatitude": "location_latitude",
	"locationLongitude": "location_longitude", "recipientLastName": "recipient_last_name", "recipientFirstName": "recipient_first_name",
	"recipientEmail": "recipient_email", "externalDataReference": "external_data_reference", "distributionChannel": "distribution_channel",
	"userLanguage": "user_language", "_lastModifiedDate": "last_modified_date", "lastModifiedDate": "last_modified_date",
}

// sameColumn compares a value of the truth with a column that is no map.
func (c *comparer) sameColumn(name string, want, got []byte) bool {
	if sameValue(want, got) {
		return true
	}
	if at, err := time.Parse(time.RFC3339Nano, scalarOf(want)); err == nil && c.seconds {
		other, err := time.Parse(time.RFC3339Nano, scalarOf(got))
		return err == nil && at.Truncate(time.Second).Equal(other)
	}
	if c.rounded == 0 || name != "location_latitude" && name != "location_longitude" {
		return false
	}
	a, err := strconv.ParseFloat(scalarOf(want), 64)
	b, err2 := strconv.ParseFloat(scalarOf(got), 64)
	return err == nil && err2 == nil && math.Abs(a-b) < math.Pow10(-c.rounded)
}

func membersOf(object []byte) (map[string][]byte, error) {
	members := make(map[string][]byte)
	if len(object) == 0 || string(object) == "null" {
		return members, nil
	}
	return members, frame.Members(object, func(name string, value []byte) error {
		members[name] = value
		return nil
	})
}

// sameValue compares a value of the truth with a column, whatever its type.
func sameValue(want, got []byte) bool {
	if bytes.Equal(want, got) {
		return true
	}
	if frame.Kind(want) == '{' || frame.Kind(want) == '[' {
		a, err := frame.Canonical(nil, want)
		b, err2 := frame.Canonical(nil, got)
		return err == nil && err2 == nil && bytes.Equal(a, b)
	}
	a, b := scalarOf(want), scalarOf(got)
	if a == b {
		return true
	}
	at, err := time.Parse(time.RFC3339Nano, a)
	other, err2 := time.Parse(time.RFC3339Nano, b)
	return err == nil && err2 == nil && at.Equal(other)
}

// scalarOf is a value's text; nothing is null or absent.
func scalarOf(value []byte) string {
	switch frame.Kind(value) {
	case '"':
		text, _ := frame.String(value)
		return text
	case 't':
		return "1"
	case 'f':
		return "0"
	case 'n', 0:
		return ""
	default:
		return string(value)
	}
}
