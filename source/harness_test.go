package source_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/http"
	"os"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/birdie-ai/source-qualtrics/source"
	"github.com/birdie-ai/source-qualtrics/source/airbyte/airbytetest"
	"github.com/birdie-ai/source-qualtrics/source/landing"
	"github.com/birdie-ai/source-qualtrics/source/qualtrics"
	"github.com/birdie-ai/source-qualtrics/source/sandbox"
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
	loadRows  int64
	exportAll int
	jitter    func(time.Duration) time.Duration // nil: at random
	// noModified is set when rows carry no modified date.
	noModified bool
	ignored    []string // columns that are not compared with the truth
}

// newTenant makes a tenant with a configuration that works.
func newTenant(t testing.TB, options sandbox.Options) *tenant {
	t.Helper()
	world, err := sandbox.New(options)
	if err != nil {
		t.Fatal(err)
	}
	return &tenant{
		Sandbox: world,
		config: map[string]any{
			"data_center": "sandbox1",
			"credentials": map[string]any{"auth_type": "api_token", "api_token": world.Credentials().APIToken},
			"limits":      map[string]any{"requests_per_minute": 1000000, "exports_per_minute": 1000000},
		},
		files:     make(map[string][]byte),
		env:       make(map[string]string),
		transport: world.RoundTripper(),
	}
}

// withOAuth makes the tenant's user sign in with the OAuth client.
func (tn *tenant) withOAuth() *tenant {
	credentials := tn.Credentials()
	tn.config["credentials"] = map[string]any{
		"auth_type": "oauth2_client_credentials", "client_id": credentials.ClientID, "client_secret": credentials.ClientSecret,
	}
	return tn
}

// ReadFile, Spool, TempDir and Root make the tenant the program's file system.
func (tn *tenant) ReadFile(name string) ([]byte, error) {
	content, ok := tn.files[name]
	if !ok {
		return nil, &fs.PathError{Op: "open", Path: name, Err: fs.ErrNotExist}
	}
	return content, nil
}

func (tn *tenant) Spool() (qualtrics.Spool, error) {
	if tn.spool != nil {
		return tn.spool()
	}
	file, err := os.CreateTemp("", "test-*.spool")
	if err != nil {
		return nil, err
	}
	return file, os.Remove(file.Name())
}

func (tn *tenant) Publish(string, []byte) (source.Published, error) {
	return source.Published{}, errors.ErrUnsupported
}

func (tn *tenant) TempDir() (string, error) { return os.MkdirTemp("", "test-*") }

func (tn *tenant) Root(dir string) (landing.FS, error) {
	if tn.root != nil {
		return tn.root(dir)
	}
	return landing.OpenRoot(dir)
}

// result is what a command left behind.
type result struct {
	code           int
	stdout, stderr string
}

// run runs a command.
func (tn *tenant) run(t testing.TB, args ...string) result {
	t.Helper()
	var stdout, stderr lockedBuffer
	if _, ok := tn.files["config.json"]; !ok || tn.config != nil {
		tn.files["config.json"] = mustJSON(t, tn.config)
	}
	var out io.Writer = &stdout
	if tn.stdout != nil {
		out = tn.stdout(out)
	}
	program := &source.Program{
		Stdout: out, Stderr: &stderr,
		Getenv:    func(name string) string { return tn.env[name] },
		Transport: tn.transport, Files: tn, LoadRows: tn.loadRows, ExportAll: tn.exportAll, Jitter: tn.jitter,
	}
	if tn.Sandbox != nil {
		program.Clock = tn.Now
	}
	code := program.Run(t.Context(), args)
	return result{code, stdout.String(), stderr.String()}
}

type lockedBuffer struct {
	lock   sync.Mutex
	buffer bytes.Buffer
}

func (b *lockedBuffer) Write(p []byte) (int, error) {
	b.lock.Lock()
	defer b.lock.Unlock()
	return b.buffer.Write(p)
}

func (b *lockedBuffer) String() string {
	b.lock.Lock()
	defer b.lock.Unlock()
	return b.buffer.String()
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

type traceError struct{ stream, kind, message string }

// read reads streams, given as "name" or "name:full_refresh".
func (tn *tenant) read(t testing.TB, state []byte, streams ...string) *reading {
	t.Helper()
	if len(streams) == 0 {
		streams = []string{"surveys", "responses", "contacts"}
	}
	args := []string{"read", "--config", "config.json", "--catalog", "catalog.json"}
	tn.files["catalog.json"] = catalogOf(t, streams...)
	if state != nil {
		tn.files["state.json"] = state
		args = append(args, "--state", "state.json")
	}
	got := tn.run(t, args...)
	return parseReading(t, got, state)
}

func catalogOf(t testing.TB, streams ...string) []byte {
	t.Helper()
	var entries []any
	for _, entry := range streams {
		name, mode, ok := strings.Cut(entry, ":")
		if !ok {
			mode = "incremental"
		}
		entries = append(entries, map[string]any{
			"stream":    map[string]any{"name": name, "json_schema": map[string]any{}, "supported_sync_modes": []string{mode}},
			"sync_mode": mode, "destination_sync_mode": "append", "cursor_field": nil,
		})
	}
	return mustJSON(t, map[string]any{"streams": entries})
}

// parseReading checks every line against the protocol and collects them.
func parseReading(t testing.TB, got result, before []byte) *reading {
	t.Helper()
	airbytetest.Validate(t, []byte(got.stdout))
	return collectReading(t, got, before)
}

// collectReading collects what every whole line says.
func collectReading(t testing.TB, got result, before []byte) *reading {
	t.Helper()
	got.stdout = got.stdout[:strings.LastIndexByte(got.stdout, '\n')+1]
	r := &reading{code: got.code, output: got.stdout, records: make(map[string][]map[string]any), statuses: make(map[string]string)}
	newest := make(map[string]json.RawMessage)
	var stored []struct {
		Stream struct {
			Descriptor struct {
				Name string `json:"name"`
			} `json:"stream_descriptor"`
		} `json:"stream"`
	}
	var raws []json.RawMessage
	if json.Unmarshal(before, &stored) == nil && json.Unmarshal(before, &raws) == nil {
		for i, s := range stored {
			newest[s.Stream.Descriptor.Name] = raws[i]
		}
	}
	for line := range strings.Lines(got.stdout) {
		var message struct {
			Type   string `json:"type"`
			Record struct {
				Stream string         `json:"stream"`
				Data   map[string]any `json:"data"`
			} `json:"record"`
			State json.RawMessage `json:"state"`
			Log   struct {
				Message string `json:"message"`
			} `json:"log"`
			Trace struct {
				Error *struct {
					Message     string `json:"message"`
					FailureType string `json:"failure_type"`
					Stream      struct {
						Name string `json:"name"`
					} `json:"stream_descriptor"`
				} `json:"error"`
				StreamStatus *struct {
					Stream struct {
						Name string `json:"name"`
					} `json:"stream_descriptor"`
					Status string `json:"status"`
				} `json:"stream_status"`
			} `json:"trace"`
		}
		decoder := json.NewDecoder(strings.NewReader(line))
		decoder.UseNumber()
		if err := decoder.Decode(&message); err != nil {
			t.Fatalf("line %q: %v", line, err)
		}
		switch message.Type {
		case "RECORD":
			r.records[message.Record.Stream] = append(r.records[message.Record.Stream], message.Record.Data)
		case "STATE":
			var s struct {
				Stream struct {
					Descriptor struct {
						Name string `json:"name"`
					} `json:"stream_descriptor"`
				} `json:"stream"`
			}
			if err := json.Unmarshal(message.State, &s); err != nil {
				t.Fatal(err)
			}
			newest[s.Stream.Descriptor.Name] = message.State
		case "LOG":
			r.logs = append(r.logs, message.Log.Message)
		case "TRACE":
			if e := message.Trace.Error; e != nil {
				r.errors = append(r.errors, traceError{e.Stream.Name, e.FailureType, e.Message})
			}
			if s := message.Trace.StreamStatus; s != nil {
				r.statuses[s.Stream.Name] = s.Status
			}
		}
	}
	names := make([]string, 0, len(newest))
	for name := range newest {
		names = append(names, name)
	}
	slices.Sort(names)
	list := make([]json.RawMessage, 0, len(names))
	for _, name := range names {
		list = append(list, newest[name])
	}
	r.states = mustJSON(t, list)
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

var keysOf = map[string][]string{
	"surveys":   {"survey_id"},
	"responses": {"survey_id", "response_id"},
	"contacts":  {"directory_id", "contact_id"},
}

func key(stream string, row map[string]any) string {
	var parts []string
	for _, name := range keysOf[stream] {
		parts = append(parts, fmt.Sprint(row[name]))
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
func (tn *tenant) compareTruth(t testing.TB, stream string, got table) {
	t.Helper()
	truth, ok := tn.Truth(stream)
	if !ok {
		t.Fatalf("no truth of %s", stream)
	}
	want, held := make(table), make(table)
	for line := range truth {
		row := parseRow(t, line)
		for _, column := range tn.ignored {
			delete(row, column)
		}
		id := key(stream, row)
		if actual, ok := got[id]; ok {
			shown := make(map[string]any)
			for name := range row {
				shown[name] = actual[name]
			}
			if stream == "responses" {
				shown["values"] = exportedValues(actual, row["values"])
				if tn.noModified {
					delete(shown, "last_modified_date")
					delete(row, "last_modified_date")
				}
			}
			held[id] = normal(shown).(map[string]any)
		}
		want[id] = normal(row).(map[string]any)
	}
	if len(want) == 0 {
		t.Fatalf("the truth of %s is empty", stream)
	}
	wrong := 0
	for id := range want {
		if diff := cmp.Diff(want[id], held[id]); diff != "" {
			if wrong++; wrong <= 3 {
				t.Errorf("%s %s (-truth +read):\n%s", stream, id, diff)
			}
		}
	}
	if wrong > 0 {
		t.Errorf("%s: %d of %d rows are missing or differ", stream, wrong, len(want))
	}
}

// metadataColumns are the columns of what an export calls metadata.
var metadataColumns = map[string]string{
	"startDate": "start_date", "endDate": "end_date", "status": "status", "ipAddress": "ip_address", "progress": "progress", "duration": "duration",
	"finished": "finished", "recordedDate": "recorded_date", "_recordId": "response_id", "locationLatitude": "location_latitude",
	"locationLongitude": "location_longitude", "recipientLastName": "recipient_last_name", "recipientFirstName": "recipient_first_name",
	"recipientEmail": "recipient_email", "externalDataReference": "external_data_reference", "distributionChannel": "distribution_channel",
	"userLanguage": "user_language", "_lastModifiedDate": "last_modified_date", "lastModifiedDate": "last_modified_date",
}

// exportedValues puts a row's columns together again as the export had them.
func exportedValues(row map[string]any, truth any) map[string]any {
	values := make(map[string]any)
	for _, column := range []string{"values", "embedded_data"} {
		members, _ := row[column].(map[string]any)
		for name, value := range members {
			values[name] = value
		}
	}
	exported, _ := truth.(map[string]any)
	for name := range exported {
		column, ok := metadataColumns[name]
		if !ok || values[name] != nil {
			continue
		}
		switch value := row[column].(type) {
		case bool:
			values[name] = json.Number("0")
			if value {
				values[name] = json.Number("1")
			}
		case json.Number:
			values[name] = value
			if _, text := exported[name].(string); text {
				values[name] = value.String()
			}
		default:
			values[name] = value
		}
	}
	return values
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

func mustJSON(t testing.TB, value any) []byte {
	t.Helper()
	encoded, err := json.Marshal(value)
	if err != nil {
		t.Fatal(err)
	}
	return encoded
}
