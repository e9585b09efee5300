package stream_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/santhosh-tekuri/jsonschema/v6"

	"github.com/birdie-ai/source-qualtrics/schemas"
	"github.com/birdie-ai/source-qualtrics/source/airbyte/airbytetest"
	"github.com/birdie-ai/source-qualtrics/source/feed"
	"github.com/birdie-ai/source-qualtrics/source/frame"
	"github.com/birdie-ai/source-qualtrics/source/record"
	"github.com/birdie-ai/source-qualtrics/source/response"
	"github.com/birdie-ai/source-qualtrics/source/stream"
)

var readAt = time.Date(2026, 3, 4, 5, 6, 7, 0, time.UTC)

// row is what a stream emitted: its columns as JSON, and its changes.
type row struct {
	columns map[string]json.RawMessage
	changes []record.Change
}

// cell returns a column as JSON; a column that is missing fails the test.
func (r row) cell(t *testing.T, column string) string {
	t.Helper()
	value, ok := r.columns[column]
	if !ok {
		t.Errorf("the row has no column %q", column)
	}
	return string(value)
}

// compare compares cells, as JSON.
func (r row) compare(t *testing.T, want map[string]string) {
	t.Helper()
	for column, value := range want {
		if got := r.cell(t, column); got != value {
			t.Errorf("%s: got %s, want %s", column, got, value)
		}
	}
}

// nulls returns the names of the columns that are null, sorted.
func (r row) nulls() []string {
	var names []string
	for column, value := range r.columns {
		if string(value) == "null" {
			names = append(names, column)
		}
	}
	slices.Sort(names)
	return names
}

func byName(t testing.TB, name string) *stream.Stream {
	t.Helper()
	s, ok := stream.ByName(name)
	if !ok {
		t.Fatalf("there is no stream %s", name)
	}
	return s
}

// project returns the one row that a stream makes of a document. It has to be
// one line, hold exactly the stream's columns, and fit the stream's schema.
func project(t *testing.T, name string, doc *feed.Document) row {
	t.Helper()
	s := byName(t, name)
	var rows []row
	emitted, err := s.Projector(record.Format{NUL: true}).Rows(doc)
	for _, emitted := range emitted {
		line, err := emitted.AppendJSON(nil)
		if err != nil {
			t.Fatal(err)
		}
		if bytes.ContainsAny(line, "\r\n") || strings.ContainsAny(string(line), "\u0085\u2028\u2029") {
			t.Errorf("the row breaks its line: %q", line)
		}
		validate(t, s, line)
		columns := make(map[string]json.RawMessage)
		if err := json.Unmarshal(line, &columns); err != nil {
			t.Fatal(err)
		}
		if len(columns) != len(s.Table().Columns) {
			t.Errorf("got %d columns, want %d", len(columns), len(s.Table().Columns))
		}
		rows = append(rows, row{columns, slices.Clone(emitted.Changes)})
	}
	if err != nil || len(rows) != 1 {
		t.Fatalf("got %d rows, %v, want one", len(rows), err)
	}
	return rows[0]
}

// textsOf are the columns of a row that are not null. The row fits the schema of its stream.
func textsOf(t *testing.T, s *stream.Stream, row record.Row) map[string]string {
	t.Helper()
	line, err := row.AppendJSON(nil)
	if err != nil {
		t.Fatal(err)
	}
	validate(t, s, line)
	var columns map[string]json.RawMessage
	if err := json.Unmarshal(line, &columns); err != nil {
		t.Fatal(err)
	}
	texts := make(map[string]string)
	for column, value := range columns {
		if string(value) != "null" {
			texts[column] = string(value)
		}
	}
	return texts
}

// rowsOf are the rows of a document, each with the columns that are not null, and
// with its changes.
func rowsOf(t *testing.T, name string, doc *feed.Document) (all []map[string]string, changes [][]record.Change) {
	t.Helper()
	s := byName(t, name)
	rows, err := s.Projector(record.Format{NUL: true}).Rows(doc)
	if err != nil {
		t.Fatal(err)
	}
	for _, row := range rows {
		all, changes = append(all, textsOf(t, s, row)), append(changes, slices.Clone(row.Changes))
	}
	return all, changes
}

// validate checks a line against the stream's published schema.
func validate(t *testing.T, s *stream.Stream, line []byte) {
	t.Helper()
	text, err := schemas.Record(s.Record, schemas.Published())
	if err != nil {
		t.Fatal(err)
	}
	schema := airbytetest.CompileSchema(t, text)
	value, err := jsonschema.UnmarshalJSON(bytes.NewReader(line))
	if err != nil {
		t.Fatalf("the row is not JSON: %v\n%s", err, line)
	}
	if err := schema.Validate(value); err != nil {
		t.Errorf("the row does not fit its schema: %v\n%s", err, line)
	}
}

// parsed takes the record of a response apart. Its names have the form of answers or of
// embedded data, or they are among the survey's embedded data.
func parsed(t testing.TB, line string, embedded ...string) *response.Response {
	t.Helper()
	value, err := frame.Record([]byte(line))
	if err != nil {
		t.Fatal(err)
	}
	got := new(response.Response)
	if err := got.Parse(value.Object, response.NewKeys(embedded, nil, nil)); err != nil {
		t.Fatal(err)
	}
	got.Repaired = value.Repaired
	return got
}

func pointer[T any](value T) *T { return &value }

// headsOf takes the columns out of the rows that all rows of a response share, which have to
// be those of the response, and demands that no row is changed.
func headsOf(t *testing.T, doc *feed.Document, rows []map[string]string, changes [][]record.Change, modified, recorded string) {
	t.Helper()
	for i, row := range rows {
		for column, want := range map[string]string{
			"survey_id": `"SV_1"`, "response_id": `"R_1"`, "last_modified_date": modified, "recorded_date": recorded,
			"response_version": fmt.Sprintf("%q", doc.Content.(*response.Response).AppendVersion(nil)),
		} {
			if row[column] != want {
				t.Errorf("%s of row %d is %s, want %s", column, i, row[column], want)
			}
			delete(row, column)
		}
		if changes[i] != nil {
			t.Errorf("row %d has the changes %v", i, changes[i])
		}
	}
}
