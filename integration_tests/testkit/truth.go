// Package testkit compares the output of the program with the truth of a simulated
// tenant.
package testkit

import (
	"bytes"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/birdie-ai/source-qualtrics/source/frame"
	"github.com/birdie-ai/source-qualtrics/source/jsonsafe"
	"github.com/birdie-ai/source-qualtrics/source/sandbox"
	"github.com/birdie-ai/source-qualtrics/source/stream"
)

// Row is a version of a row: of a record, or of the truth.
type Row struct {
	Key     string // the primary key, with slashes between its columns
	Cursor  int64  // Unix nanoseconds
	Deleted bool
	Data    []byte // a JSON object; nil: only the version is known
	Order   int    // among all records that a test reads
}

// Table holds the newest version of each row by its key.
type Table map[string]*Row

// Put keeps the version with the greatest cursor, of equal ones the last.
func (t Table) Put(row *Row) {
	if held := t[row.Key]; held == nil || row.Cursor > held.Cursor || (row.Cursor == held.Cursor && row.Order >= held.Order) {
		t[row.Key] = row
	}
}

// Truth returns the rows that exist and are visible now.
func Truth(tenant *sandbox.Sandbox, name string) (Table, error) {
	truth, ok := tenant.Truth(name)
	if !ok {
		return nil, fmt.Errorf("there is no truth of %s", name)
	}
	table := make(Table)
	for line := range truth {
		row, err := ParseRow(name, bytes.Clone(line))
		if err != nil {
			return nil, err
		}
		table[row.Key] = row
	}
	return table, nil
}

// ParseRow makes a row of a JSON object with the columns of a stream, in any
// order.
func ParseRow(name string, data []byte) (*Row, error) {
	of, ok := stream.ByName(name)
	if !ok {
		return nil, fmt.Errorf("there is no stream %s", name)
	}
	object, err := frame.Record(bytes.Clone(data))
	if err != nil {
		return nil, fmt.Errorf("the row of %s: %w: %.200q", name, err, data)
	}
	row, ids := &Row{Data: data}, make([]string, len(of.Key))
	deletion := of.Table().Deletion()
	for _, m := range object.Object.Members {
		column := string(m.Name)
		if at := slices.Index(of.Key, column); at >= 0 {
			ids[at] = Scalar(m.Value)
		}
		switch column {
		case deletion:
			row.Deleted = frame.Kind(m.Value) == '"'
		case of.Cursor:
			at, err := time.Parse(time.RFC3339Nano, Scalar(m.Value))
			if err != nil {
				return nil, err
			}
			row.Cursor = at.UnixNano()
		}
	}
	row.Key = strings.Join(ids, "/")
	return row, nil
}

// Comparer compares rows with the truth, each pair once.
type Comparer struct {
	Ignored map[string]bool // columns that may differ
	// Later accepts a later modified date: that of the read of a single response.
	Later   bool
	Rounded int  // decimals that a destination keeps of a number; 0: all
	Seconds bool // a destination keeps no fractions of seconds

	known map[string]string // differences by pair of rows
}

// Difference says how a row differs from the truth, or nothing.
func (c *Comparer) Difference(name string, truth, row *Row) string {
	pair := string(truth.Data) + "\n" + string(row.Data)
	found, ok := c.known[pair]
	if !ok {
		found = c.compare(name, truth, row)
		if c.known == nil {
			c.known = make(map[string]string)
		}
		c.known[pair] = found
	}
	return found
}

func (c *Comparer) compare(name string, truth, row *Row) string {
	columns, err := Members(row.Data)
	if err != nil {
		return err.Error()
	}
	wanted, err := Members(truth.Data)
	if err != nil {
		return err.Error()
	}
	later := c.Later && name == "responses" && row.Cursor > truth.Cursor
	for column, want := range wanted {
		switch {
		case c.Ignored[column], later && column == "last_modified_date":
		case column == "answer_values" && (name == "responses" || name == "responses_in_progress"):
			if found := c.compareValues(name, want, columns, later); found != "" {
				return found
			}
		case !c.sameColumn(column, want, columns[column]):
			return fmt.Sprintf("%s is %.80s, not %.80s", column, columns[column], want)
		}
	}
	return ""
}

// compareValues compares the values of an export with the columns that hold them in
// a row.
func (c *Comparer) compareValues(stream string, exported []byte, columns map[string][]byte, later bool) string {
	wanted, err := Members(exported)
	if err != nil {
		return err.Error()
	}
	got, err := Members(columns["answer_values"])
	if err != nil {
		return err.Error()
	}
	embedded, err := Members(columns["embedded_data"])
	if err != nil {
		return err.Error()
	}
	spread := len(got) + len(embedded)
	for name, want := range wanted {
		actual, ok := got[name]
		if !ok {
			actual, ok = embedded[name]
		}
		column, isMetadata := MetadataColumns[name]
		if name == "_recordId" && stream == "responses_in_progress" {
			column = "session_id"
		}
		switch {
		case ok:
			spread--
		case isMetadata && (c.Ignored[column] || later && column == "last_modified_date"):
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

// MetadataColumns are the columns of a response by the metadata key of an export.
var MetadataColumns = map[string]string{
	"startDate": "start_date", "endDate": "end_date", "status": "status", "ipAddress": "ip_address", "progress": "progress", "duration": "duration",
	"finished": "finished", "recordedDate": "recorded_date", "_recordId": "response_id", "locationLatitude": "location_latitude",
	"locationLongitude": "location_longitude", "recipientLastName": "recipient_last_name", "recipientFirstName": "recipient_first_name",
	"recipientEmail": "recipient_email", "externalDataReference": "external_data_reference", "distributionChannel": "distribution_channel",
	"userLanguage": "user_language", "_lastModifiedDate": "last_modified_date", "lastModifiedDate": "last_modified_date",
}

// sameColumn compares a value of the truth with a column that is no map.
func (c *Comparer) sameColumn(name string, want, got []byte) bool {
	if sameValue(want, got) {
		return true
	}
	if at, err := time.Parse(time.RFC3339Nano, Scalar(want)); err == nil && c.Seconds {
		other, err := time.Parse(time.RFC3339Nano, Scalar(got))
		return err == nil && at.Truncate(time.Second).Equal(other)
	}
	if c.Rounded == 0 || name != "location_latitude" && name != "location_longitude" {
		return false
	}
	a, err := strconv.ParseFloat(Scalar(want), 64)
	b, err2 := strconv.ParseFloat(Scalar(got), 64)
	return err == nil && err2 == nil && math.Abs(a-b) < math.Pow10(-c.Rounded)
}

// Members are the members of a JSON object, undecoded; of null there are none.
func Members(object []byte) (map[string][]byte, error) {
	members := make(map[string][]byte)
	if len(object) == 0 || string(object) == "null" {
		return members, nil
	}
	value, err := frame.Record(bytes.Clone(object))
	if err != nil {
		return nil, fmt.Errorf("%w: %.200q", err, object)
	}
	for _, m := range value.Object.Members {
		members[string(m.Name)] = m.Value
	}
	return members, nil
}

// sameValue compares a value of the truth with a column of any type.
func sameValue(want, got []byte) bool {
	if bytes.Equal(want, got) {
		return true
	}
	if frame.Kind(want) == '{' || frame.Kind(want) == '[' {
		a, err := frame.Canonical(nil, want)
		b, err2 := frame.Canonical(nil, got)
		return err == nil && err2 == nil && (bytes.Equal(a, b) || bytes.Equal(unescaped(a), unescaped(b)))
	}
	a, b := Scalar(want), Scalar(got)
	if a == b {
		return true
	}
	at, err := time.Parse(time.RFC3339Nano, a)
	other, err2 := time.Parse(time.RFC3339Nano, b)
	return err == nil && err2 == nil && at.Equal(other)
}

// unescaped is a canonical value with each text written in one way. Numbers keep their
// digits, and repeated names stay.
func unescaped(value []byte) []byte {
	object, err := jsonsafe.AppendObject(nil, slices.Concat([]byte(`{"":`), value, []byte("}")))
	if err != nil {
		return value // which differs from the other one
	}
	return object
}

// Scalar is the text of a value that is no object or list: "1" of true, "" of null.
func Scalar(value []byte) string {
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
