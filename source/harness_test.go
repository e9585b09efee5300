package source_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/birdie-ai/source-qualtrics/integration_tests/testkit"
	"github.com/birdie-ai/source-qualtrics/source"
	"github.com/birdie-ai/source-qualtrics/source/airbyte/airbytetest"
	"github.com/birdie-ai/source-qualtrics/source/landing"
	"github.com/birdie-ai/source-qualtrics/source/qualtrics"
	"github.com/birdie-ai/source-qualtrics/source/sandbox"
	"github.com/birdie-ai/source-qualtrics/source/stream"
)

// tenant is a sandbox with the files and the environment of its user.
type tenant struct {
	*sandbox.Sandbox
	config    map[string]any
	files     map[string][]byte
	env       map[string]string
	transport http.RoundTripper
	spool     func() (qualtrics.Spool, error)
	root      func(dir string) (landing.FS, error)
	stdout    func(io.Writer) io.Writer // what the program writes to, in front of what is kept
	sizes     source.Sizes
	jitter    func(time.Duration) time.Duration // nil: at random
	// noModified is set when rows carry no modified date.
	noModified bool
	ignored    []string // columns that are not compared with the truth
	equal      map[string]equalRow
}

// equalRow is a row that had no difference from the truth in any column.
type equalRow struct {
	row   map[string]any
	truth string
}

func (e equalRow) is(row map[string]any, truth []byte) bool {
	return reflect.ValueOf(e.row).Pointer() == reflect.ValueOf(row).Pointer() && e.truth == string(truth)
}

// newTenant makes a tenant with a configuration that works.
func newTenant(t testing.TB, options sandbox.Options) *tenant {
	t.Helper()
	world, err := sandbox.New(options)
	if err != nil {
		t.Fatal(err)
	}
	return &tenant{
		Sandbox:   world,
		config:    testkit.Config(world, nil),
		files:     make(map[string][]byte),
		env:       make(map[string]string),
		transport: world.RoundTripper(),
	}
}

// withOAuth makes the tenant's user sign in with the OAuth client.
func (tn *tenant) withOAuth() *tenant {
	tn.config["credentials"] = testkit.OAuth(tn.Credentials().ClientID, tn.Credentials().ClientSecret)
	return tn
}

// disk is the file system of the tenant's user.
func (tn *tenant) disk() *testkit.Files {
	return &testkit.Files{Content: tn.files, MakeSpool: tn.spool, OpenRoot: tn.root}
}

// result is what a command left behind.
type result struct {
	code           int
	stdout, stderr string
}

// run runs a command.
func (tn *tenant) run(t testing.TB, args ...string) result {
	t.Helper()
	if _, ok := tn.files["config.json"]; !ok || tn.config != nil {
		tn.files["config.json"] = testkit.Encode(tn.config)
	}
	var stdout testkit.Buffer
	program := &source.Program{
		Stdout: &stdout, Transport: tn.transport, Files: tn.disk(), Jitter: tn.jitter,
	}
	if tn.stdout != nil {
		program.Stdout = tn.stdout(&stdout)
	}
	if tn.Sandbox != nil {
		program.Clock = tn.Now
	}
	end := testkit.Run(t.Context(), program, tn.sizes, tn.env, args...)
	return result{end.Code, stdout.String(), string(end.Stderr)}
}

// reading is what one read emitted.
type reading struct {
	code     int
	records  map[string][]map[string]any // by stream, in order
	states   []byte                      // newest state of every stream, as a platform stores them
	errors   []traceError
	statuses map[string]string // last status by stream
	logs     []string
	output   string
}

type traceError struct{ stream, kind, message, internal string }

// read reads streams, given as "name" or "name:full_refresh".
func (tn *tenant) read(t testing.TB, state []byte, streams ...string) *reading {
	t.Helper()
	if len(streams) == 0 {
		streams = []string{"surveys", "responses", "contacts"}
	}
	args := []string{"read", "--config", "config.json", "--catalog", "catalog.json"}
	tn.files["catalog.json"] = testkit.Catalog(streams...)
	if state != nil {
		tn.files["state.json"] = state
		args = append(args, "--state", "state.json")
	}
	got := tn.run(t, args...)
	return parseReading(t, got, state)
}

// parseReading checks every line against the protocol and collects them.
func parseReading(t testing.TB, got result, before []byte) *reading {
	t.Helper()
	airbytetest.Validate(t, []byte(got.stdout))
	return collectReading(t, got, before)
}

// collectReading collects the whole lines of an output that may have been cut. The
// states of before stay where no message replaces them.
func collectReading(t testing.TB, got result, before []byte) *reading {
	t.Helper()
	o, err := testkit.ReadAirbyte([]byte(got.stdout), before)
	if err != nil {
		t.Fatal(err)
	}
	r := &reading{code: got.code, records: make(map[string][]map[string]any), states: o.States.File(), statuses: o.Statuses, logs: o.Logs}
	r.output = got.stdout[:strings.LastIndexByte(got.stdout, '\n')+1]
	for _, line := range o.Lines {
		if line.Data != nil {
			r.records[line.Stream] = append(r.records[line.Stream], parseRow(t, line.Data))
		}
	}
	for _, failure := range o.Failures {
		r.errors = append(r.errors, traceError{failure.Stream, failure.Kind, failure.Message, failure.Internal})
	}
	return r
}

func (r *reading) count() int {
	total := 0
	for _, records := range r.records {
		total += len(records)
	}
	return total
}

// table is what a destination that keeps the newest version of each key holds.
type table map[string]map[string]any

func key(name string, row map[string]any) string {
	var parts []string
	if of, ok := stream.ByName(name); ok {
		for _, column := range of.Key {
			parts = append(parts, fmt.Sprint(row[column]))
		}
	}
	return strings.Join(parts, "/")
}

// merge applies a reading to the destination's tables.
func merge(tables map[string]table, r *reading) map[string]table {
	if tables == nil {
		tables = make(map[string]table)
	}
	for stream, records := range r.records {
		if tables[stream] == nil {
			tables[stream] = make(table)
		}
		for _, record := range records {
			if record["deleted_at"] != nil {
				delete(tables[stream], key(stream, record))
				continue
			}
			tables[stream][key(stream, record)] = record
		}
	}
	return tables
}

func parseRow(t testing.TB, line []byte) map[string]any {
	t.Helper()
	decoder := json.NewDecoder(bytes.NewReader(line))
	decoder.UseNumber()
	row := make(map[string]any)
	if err := decoder.Decode(&row); err != nil {
		t.Fatal(err)
	}
	return row
}

// compareTruth compares a stream's table with what exists, member by member of
// the truth. Rows that the tenant deleted may remain where their stream does
// not follow deletions.
func (tn *tenant) compareTruth(t testing.TB, name string, got table) {
	t.Helper()
	truth, err := testkit.Truth(tn.Sandbox, name)
	if err != nil || len(truth) == 0 {
		t.Fatalf("%d %s exist: %v", len(truth), name, err)
	}
	compare := &testkit.Comparer{Ignored: make(map[string]bool)}
	for _, column := range tn.ignored {
		compare.Ignored[column] = true
	}
	if tn.noModified && name == "responses" {
		compare.Ignored["last_modified_date"] = true
	}
	if tn.equal == nil {
		tn.equal = make(map[string]equalRow)
	}
	wrong := 0
	for id, want := range truth {
		problem, record, known := "it was not read", got[id], name+" "+id
		if record != nil && tn.equal[known].is(record, want.Data) {
			continue // neither of them has changed since
		}
		if record != nil {
			row, err := testkit.ParseRow(name, testkit.Encode(record))
			if err != nil {
				t.Fatal(err)
			}
			problem = compare.Difference(name, want, row)
		}
		if problem == "" {
			if len(compare.Ignored) == 0 {
				tn.equal[known] = equalRow{record, string(want.Data)}
			}
			continue
		}
		if wrong++; wrong <= 3 {
			t.Errorf("%s %s: %s", name, id, problem)
		}
	}
	if wrong > 0 {
		t.Errorf("%s: %d of %d rows are missing or differ", name, wrong, len(truth))
	}
}

// normal makes dates comparable and nulls absent.
func normal(value any) any {
	switch value := value.(type) {
	case string:
		if at, err := time.Parse(time.RFC3339, value); err == nil {
			return at.UTC().Format(time.RFC3339Nano)
		}
		return value
	case map[string]any:
		normalised := make(map[string]any)
		for name, member := range value {
			if member != nil {
				normalised[name] = normal(member)
			}
		}
		return normalised
	case []any:
		normalised := make([]any, 0, len(value))
		for _, element := range value {
			normalised = append(normalised, normal(element))
		}
		return normalised
	default:
		return value
	}
}
