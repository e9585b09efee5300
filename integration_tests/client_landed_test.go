//go:build clients && unix

package integration_tests_test

import (
	"bytes"
	"encoding/json"
	"io/fs"
	"strings"
	"testing"
	"time"

	"github.com/birdie-ai/source-qualtrics/integration_tests/testkit"
	"github.com/birdie-ai/source-qualtrics/schemas"
	"github.com/birdie-ai/source-qualtrics/source/frame"
)

// columnsOf are the columns of a stream as they are published.
func columnsOf(t *testing.T, stream string) map[string]column {
	t.Helper()
	text, err := fs.ReadFile(schemas.Files(), stream+".json")
	var schema struct {
		Properties map[string]column `json:"properties"`
	}
	if err == nil {
		err = json.Unmarshal(text, &schema)
	}
	if err != nil {
		t.Fatal(err)
	}
	return schema.Properties
}

// destination is what a client's destination holds.
type destination struct {
	tables    map[string]testkit.Table
	rows      map[string]int // by stream, all versions of a key counted
	deletions int            // rows that say that theirs is deleted
	decimals  int            // that it keeps of a number; 0: all
	seconds   bool           // it keeps no fractions of seconds
	ignored   []string       // columns that were not asked for
}

// landed takes in what a destination printed of itself: lines of
// {"stream": …, "row": {…}}. Where it holds objects as text they are opened, and
// times are taken as UTC. Of several versions of a key the newest counts.
func landed(t *testing.T, output []byte) *destination {
	t.Helper()
	d := &destination{tables: make(map[string]testkit.Table), rows: make(map[string]int)}
	columns := make(map[string]map[string]column)
	for line := range bytes.Lines(output) {
		var one struct {
			Stream string                     `json:"stream"`
			Row    map[string]json.RawMessage `json:"row"`
		}
		if err := json.Unmarshal(line, &one); err != nil || one.Stream == "" {
			t.Fatalf("no row: %v: %.300s", err, line)
		}
		if columns[one.Stream] == nil {
			columns[one.Stream], d.tables[one.Stream] = columnsOf(t, one.Stream), make(testkit.Table)
		}
		for name, c := range columns[one.Stream] {
			if value, ok := one.Row[name]; ok {
				one.Row[name] = plainValue(c, value)
			}
		}
		row, err := testkit.ParseRow(one.Stream, testkit.Encode(one.Row))
		if err != nil || row.Key == "" {
			t.Fatalf("a row of %s: %v: %.300s", one.Stream, err, line)
		}
		d.rows[one.Stream]++
		row.Order = d.rows[one.Stream]
		d.tables[one.Stream].Put(row)
	}
	for stream, table := range d.tables {
		for _, row := range table {
			if row.Deleted && stream != "response_deletions" { // its rows are about rows of another table
				d.deletions++
			}
		}
	}
	return d
}

// timeLayouts are how destinations write a time.
var timeLayouts = []string{time.RFC3339Nano, "2006-01-02 15:04:05.999999999Z07:00", "2006-01-02 15:04:05.999999999-07", "2006-01-02T15:04:05.999999999", "2006-01-02 15:04:05.999999999"}

// plainValue is a value as our records have it.
func plainValue(c column, value json.RawMessage) json.RawMessage {
	if frame.Kind(value) != '"' {
		return value
	}
	text, ok := frame.String(value)
	switch {
	case !ok:
	case (c.is("object") || c.is("array")) && json.Valid([]byte(text)):
		return []byte(text)
	case c.is("date-time"):
		for _, layout := range timeLayouts {
			if at, err := time.Parse(layout, text); err == nil {
				return testkit.Encode(at.UTC())
			}
		}
	}
	return value
}

// holds demands that a destination has what exists, as it is, and nothing else
// but rows that say that they are deleted, if it keeps those, and ones that
// existed earlier, as long as no audit looked for them. It returns how many
// rows were compared.
func (d *destination) holds(t *testing.T, truth, earlier map[string]testkit.Table) (compared int) {
	t.Helper()
	rows := &testkit.Comparer{Rounded: d.decimals, Seconds: d.seconds, Ignored: make(map[string]bool)}
	for _, name := range d.ignored {
		rows.Ignored[name] = true
	}
	for _, stream := range sortedKeys(truth) {
		var problems []string
		for key, row := range truth[stream] {
			compared++
			if got := d.tables[stream][key]; got == nil {
				problems = append(problems, key+" is missing")
			} else if got.Deleted {
				problems = append(problems, key+" is deleted")
			} else if found := rows.Difference(stream, row, got); found != "" {
				problems = append(problems, key+": "+found)
			}
		}
		for key, row := range d.tables[stream] {
			if truth[stream][key] == nil && earlier[stream][key] == nil && !row.Deleted {
				problems = append(problems, key+" does not exist")
			}
		}
		if len(problems) > 0 {
			t.Errorf("%s: %d of %d rows are wrong, such as %s", stream, len(problems), len(truth[stream]), strings.Join(problems[:min(3, len(problems))], "; "))
		}
	}
	return compared
}

// among demands that what a destination has exists, as it is. It returns how
// many rows were compared.
func (d *destination) among(t *testing.T, truth map[string]testkit.Table) (compared int) {
	t.Helper()
	rows := &testkit.Comparer{Rounded: d.decimals}
	for stream, table := range d.tables {
		for key, row := range table {
			compared++
			if want := truth[stream][key]; want == nil {
				t.Errorf("%s %s does not exist", stream, key)
			} else if found := rows.Difference(stream, want, row); found != "" {
				t.Errorf("%s %s: %s", stream, key, found)
			}
		}
	}
	return compared
}

// once demands that an upserting destination holds each key once.
func (d *destination) once(t *testing.T) {
	t.Helper()
	for stream, table := range d.tables {
		if d.rows[stream] != len(table) {
			t.Errorf("%s has %d rows of %d keys", stream, d.rows[stream], len(table))
		}
	}
}
