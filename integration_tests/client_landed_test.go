//go:build clients && unix

package integration_tests_test

import (
	"bytes"
	"encoding/json"
	"io/fs"
	"strings"
	"testing"
	"time"

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
	tables    map[string]simTable
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
	d := &destination{tables: make(map[string]simTable), rows: make(map[string]int)}
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
			columns[one.Stream], d.tables[one.Stream] = columnsOf(t, one.Stream), make(simTable)
		}
		for name, c := range columns[one.Stream] {
			if value, ok := one.Row[name]; ok {
				one.Row[name] = plainValue(c, value)
			}
		}
		row, err := rowOf(mustEncode(one.Row))
		if err != nil || row.key == "" {
			t.Fatalf("a row of %s: %v: %.300s", one.Stream, err, line)
		}
		d.rows[one.Stream]++
		row.order = d.rows[one.Stream]
		d.tables[one.Stream].put(row)
	}
	for stream, table := range d.tables {
		for _, row := range table {
			if row.deleted && deletedColumns[stream] != "" {
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
				return mustEncode(at.UTC())
			}
		}
	}
	return value
}

// holds demands that a destination has what exists, as it is, and nothing else
// but rows that say that they are deleted, if it keeps those, and ones that
// existed earlier, as long as no audit looked for them. It returns how many
// rows were compared.
func (d *destination) holds(t *testing.T, truth, earlier map[string]simTable) (compared int) {
	t.Helper()
	rows := &comparer{rounded: d.decimals, seconds: d.seconds, ignored: make(map[string]bool), known: make(map[string]string)}
	for _, name := range d.ignored {
		rows.ignored[name] = true
	}
	for _, stream := range sortedKeys(truth) {
		var problems []string
		for key, row := range truth[stream] {
			compared++
			if got := d.tables[stream][key]; got == nil {
				problems = append(problems, key+" is missing")
			} else if got.deleted {
				problems = append(problems, key+" is deleted")
			} else if found := rows.difference(stream, row, got); found != "" {
				problems = append(problems, key+": "+found)
			}
		}
		for key, row := range d.tables[stream] {
			if truth[stream][key] == nil && earlier[stream][key] == nil && !row.deleted {
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
func (d *destination) among(t *testing.T, truth map[string]simTable) (compared int) {
	t.Helper()
	rows := &comparer{rounded: d.decimals, known: make(map[string]string)}
	for stream, table := range d.tables {
		for key, row := range table {
			compared++
			if want := truth[stream][key]; want == nil {
				t.Errorf("%s %s does not exist", stream, key)
			} else if found := rows.difference(stream, want, row); found != "" {
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
