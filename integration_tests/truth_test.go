//go:build unix

package integration_tests

import (
	"bytes"
	"io"
	"net/http"
	"testing"

	"github.com/birdie-ai/source-qualtrics/integration_tests/testkit"
	"github.com/birdie-ai/source-qualtrics/source/airbyte/airbytetest"
)

// allStreams are the streams that are read by default and of which a tenant over
// HTTP tells the truth.
var allStreams = []string{
	"contacts", "directories", "mailing_list_memberships", "mailing_lists", "question_choices", "questions", "responses", "surveys",
}

// output is what one read emitted.
type output struct {
	tables   map[string]testkit.Table
	records  int
	state    []byte // the newest one of every stream, as platforms store them
	statuses map[string]string
	failures []string // failure types
}

// collect checks every line against the protocol and takes it in, over the
// states that the read began with.
func collect(t testing.TB, before, stdout []byte) *output {
	t.Helper()
	airbytetest.Validate(t, stdout)
	read, err := testkit.ReadAirbyte(stdout, before)
	if err != nil {
		t.Fatal(err)
	}
	o := outputOf(t, read)
	o.state, o.statuses = read.States.File(), read.Statuses
	for _, failure := range read.Failures {
		o.failures = append(o.failures, failure.Kind)
	}
	return o
}

func outputOf(t testing.TB, read *testkit.Output) *output {
	t.Helper()
	tables, err := read.Tables(allStreams...)
	if err != nil {
		t.Fatal(err)
	}
	return &output{tables: tables, records: read.Records}
}

// merge puts a read's rows over those of the reads before. A row that says
// that it was deleted takes its key out.
func merge(tables map[string]testkit.Table, o *output) map[string]testkit.Table {
	if tables == nil {
		tables = make(map[string]testkit.Table)
	}
	for stream, rows := range o.tables {
		if tables[stream] == nil {
			tables[stream] = make(testkit.Table)
		}
		for id, row := range rows {
			if row.Deleted {
				delete(tables[stream], id)
				continue
			}
			tables[stream][id] = row
		}
	}
	return tables
}

// truth asks the tenant what exists now.
func (tn *tenant) truth(t testing.TB) map[string]testkit.Table {
	t.Helper()
	all := make(map[string]testkit.Table)
	for _, stream := range allStreams {
		response, err := http.Get(tn.url + "/sandbox/truth/" + stream)
		if err != nil {
			t.Fatal(err)
		}
		text, err := io.ReadAll(response.Body)
		_ = response.Body.Close()
		if err != nil || response.StatusCode != http.StatusOK {
			t.Fatalf("the truth of %s: %s %v", stream, response.Status, err)
		}
		all[stream] = make(testkit.Table)
		for line := range bytes.Lines(text) {
			row, err := testkit.ParseRow(stream, bytes.Clone(line))
			if err != nil {
				t.Fatal(err)
			}
			all[stream][row.Key] = row
		}
		if len(all[stream]) == 0 {
			t.Fatalf("the truth of %s is empty", stream)
		}
	}
	return all
}

// compareTruth demands that every row that exists was read as it is, member by
// member of the truth.
func compareTruth(t testing.TB, truth, read map[string]testkit.Table) {
	t.Helper()
	compare := &testkit.Comparer{}
	for _, stream := range allStreams {
		wrong := 0
		for id, want := range truth[stream] {
			problem := "it was not read"
			if got := read[stream][id]; got != nil {
				problem = compare.Difference(stream, want, got)
			}
			if problem == "" {
				continue
			}
			if wrong++; wrong <= 3 {
				t.Errorf("%s %s: %s", stream, id, problem)
			}
		}
		if wrong > 0 {
			t.Fatalf("%d of %d %s are missing or differ", wrong, len(truth[stream]), stream)
		}
	}
}
