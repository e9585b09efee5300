//go:build unix

package integration_tests_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/santhosh-tekuri/jsonschema/v6"

	"github.com/birdie-ai/source-qualtrics/source/airbyte/airbytetest"
	"github.com/birdie-ai/source-qualtrics/source/sandbox"
)

// What any source of Airbyte has to do, of the built program: the rules of its
// acceptance tests that its standard tests have no more, and what its platform
// and PyAirbyte hand over. Every output is held against the protocol, too.

// conformer is a user of a tenant that does not change by itself.
type conformer struct {
	*user
	*site
	discovered []airbyteStream
}

// airbyteStream is a stream of a catalog as far as the rules need it.
type airbyteStream struct {
	Name       string          `json:"name"`
	Namespace  *string         `json:"namespace"`
	JSONSchema json.RawMessage `json:"json_schema"`
	Modes      []string        `json:"supported_sync_modes"`
	Cursor     []string        `json:"default_cursor_field"`
	Key        [][]string      `json:"source_defined_primary_key"`
}

func newConformer(t *testing.T) *conformer {
	t.Helper()
	c := &conformer{user: newUser(t), site: serveSite(t, sandbox.Options{Seed: 7, Surveys: 5, Responses: 300, Contacts: 60})}
	_, messages := c.runs(0, "discover", "--config", c.file("config.json", mustEncode(c.config(nil))))
	var catalog struct{ Streams []airbyteStream }
	if err := json.Unmarshal(messages[len(messages)-1].Catalog, &catalog); err != nil || len(catalog.Streams) == 0 {
		t.Fatalf("%d streams were discovered: %v", len(catalog.Streams), err)
	}
	c.discovered = catalog.Streams
	return c
}

// another is a user of the same tenant, for a test of its own.
func (c *conformer) another(t *testing.T) *conformer {
	t.Helper()
	return &conformer{user: newUser(t), site: c.site, discovered: c.discovered}
}

// runs runs the program, which has to end with the code, and checks its output.
func (c *conformer) runs(code int, args ...string) (finished, []airbytetest.Message) {
	c.t.Helper()
	end := c.silent(c.command(args...))
	messages := airbytetest.Validate(c.t, end.all)
	if end.code != code || len(end.stderr) > 0 {
		c.t.Fatalf("%s ended with code %d, want %d\n%s\n%s", args[0], end.code, code, end.stderr, trimmed(string(end.all)))
	}
	return end, messages
}

// conformed is what a read emitted.
type conformed struct {
	records []airbyteRecord
	states  []emitted
	newest  map[string]json.RawMessage // the message's own object, by stream
}

type airbyteRecord struct {
	stream, key string
	data        map[string]json.RawMessage
	at          int64
}

// emitted is a state with how many records were out before it.
type emitted struct {
	stream string
	before int
	file   []byte // the states of all streams by then, as a platform hands them over
}

// read reads with a catalog and a state file, both as they are; no state file
// is nil.
func (c *conformer) reads(catalog, state []byte) *conformed {
	c.t.Helper()
	args := []string{"read", "--config", c.file("config.json", mustEncode(c.config(nil))), "--catalog", c.file("catalog.json", catalog)}
	if state != nil {
		args = append(args, "--state", c.file("state.json", state))
	}
	end, messages := c.runs(0, args...)
	read := &conformed{newest: make(map[string]json.RawMessage)}
	lines := slices.Collect(bytes.Lines(end.all))
	for i, message := range messages {
		switch {
		case message.Record != nil:
			var parts []string
			for _, path := range c.stream(message.Record.Stream).Key {
				parts = append(parts, scalarOf(message.Record.Data[path[0]]))
			}
			read.records = append(read.records, airbyteRecord{message.Record.Stream, message.Record.Stream + "/" + strings.Join(parts, "/"), message.Record.Data, message.Record.EmittedAt})
		case message.State != nil:
			var line struct{ State json.RawMessage }
			if err := json.Unmarshal(lines[i], &line); err != nil {
				c.t.Fatal(err)
			}
			name := message.State.Stream.Descriptor.Name
			read.newest[name] = line.State
			read.states = append(read.states, emitted{name, len(read.records), read.stateFile()})
		}
	}
	return read
}

// stateFile is what a platform hands over to the next run.
func (r *conformed) stateFile() []byte {
	list := make([]json.RawMessage, 0, len(r.newest))
	for _, name := range sortedKeys(r.newest) {
		list = append(list, r.newest[name])
	}
	return mustEncode(list)
}

// keysOf are the keys of records with their content. A row of sync_audit is of
// its run.
func keysOf(records []airbyteRecord) map[string]string {
	keys := make(map[string]string)
	for _, record := range records {
		if record.stream != "sync_audit" {
			keys[record.key] = string(mustEncode(record.data))
		}
	}
	return keys
}

func (c *conformer) stream(name string) airbyteStream {
	c.t.Helper()
	at := slices.IndexFunc(c.discovered, func(s airbyteStream) bool { return s.Name == name })
	if at < 0 {
		c.t.Fatalf("a message is of the stream %q, which was not discovered", name)
	}
	return c.discovered[at]
}

// all configures every stream that was discovered, as it was discovered.
func (c *conformer) all(mode string) []byte {
	var entries []any
	for _, s := range c.discovered {
		entries = append(entries, map[string]any{
			"stream":    map[string]any{"name": s.Name, "json_schema": s.JSONSchema, "supported_sync_modes": s.Modes, "default_cursor_field": s.Cursor, "source_defined_primary_key": s.Key},
			"sync_mode": mode, "destination_sync_mode": "append_dedup", "cursor_field": s.Cursor, "primary_key": s.Key,
		})
	}
	return mustEncode(map[string]any{"streams": entries})
}

var (
	strictInteger = regexp.MustCompile(`^(null|-?\d+)$`)
	strictTime    = regexp.MustCompile(`^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)$`)
)

func TestConformance_RecordsAreWhatTheCatalogSays(t *testing.T) {
	t.Parallel()
	c := newConformer(t)
	schemas, columns := make(map[string]*jsonschema.Schema), make(map[string]map[string]column)
	for _, s := range c.discovered {
		schemas[s.Name] = airbytetest.CompileSchema(t, s.JSONSchema)
		var schema struct{ Properties map[string]column }
		if err := json.Unmarshal(s.JSONSchema, &schema); err != nil {
			t.Fatal(err)
		}
		columns[s.Name] = schema.Properties
		for _, path := range append(slices.Clone(s.Key), s.Cursor) {
			if len(path) != 1 || schema.Properties[path[0]].Type != "string" {
				t.Errorf("%s: a key or cursor is %v, want a column of text that is never null", s.Name, path)
			}
		}
		if s.Namespace != nil || len(s.Key) == 0 || len(s.Cursor) == 0 || !slices.Equal(s.Modes, []string{"full_refresh", "incremental"}) {
			t.Errorf("%s is discovered as %+v", s.Name, s)
		}
	}
	read := c.reads(c.all("full_refresh"), nil)
	seen, of := make(map[string]bool), make(map[string]int)
	for _, record := range read.records {
		value, err := jsonschema.UnmarshalJSON(bytes.NewReader(mustEncode(record.data)))
		if err == nil {
			err = schemas[record.stream].Validate(value)
		}
		if err != nil {
			t.Fatalf("%s: %v", record.key, err)
		}
		for name, value := range record.data {
			column, known := columns[record.stream][name]
			switch {
			case !known:
				t.Fatalf("%s has %s, which a platform takes out", record.key, name)
			case column.is("integer") && !strictInteger.Match(value):
				t.Fatalf("%s: %s is %s, which is no integer for everybody", record.key, name, value)
			case column.is("date-time") && string(value) != "null" && !strictTime.MatchString(scalarOf(value)):
				t.Fatalf("%s: %s is %s, which is no time for everybody", record.key, name, value)
			}
		}
		if seen[record.key] || strings.Contains(record.key, "//") || strings.HasSuffix(record.key, "/") {
			t.Fatalf("the key %q comes twice or has a hole", record.key)
		}
		seen[record.key] = true
		of[record.stream]++
	}
	for _, s := range c.discovered {
		if want := s.Name != "response_deletions"; of[s.Name] > 0 != want { // nothing is deleted yet
			t.Errorf("%s has %d records", s.Name, of[s.Name])
		}
		if read.newest[s.Name] == nil {
			t.Errorf("%s has no state", s.Name)
		}
	}
}

// column is what a schema says of one.
type column struct {
	Type   any    `json:"type"` // a string, or two of which one is "null"
	Format string `json:"format"`
}

// is reports whether the column is of a type, such as "object" or "date-time".
func (c column) is(kind string) bool {
	types, _ := c.Type.([]any)
	return c.Format == kind || c.Format == "" && (c.Type == kind || slices.Contains(types, any(kind)))
}

func TestConformance_EveryStateIsOneToGoOnFrom(t *testing.T) {
	t.Parallel()
	c := newConformer(t)
	catalog := c.all("incremental")
	first := c.reads(catalog, nil)
	want := keysOf(first.records)
	if len(first.states) < len(c.discovered)+2 {
		t.Fatalf("%d states came: the test says little", len(first.states))
	}
	for i, state := range first.states {
		t.Run(fmt.Sprint(i+1), func(t *testing.T) {
			t.Parallel()
			next := c.another(t).reads(catalog, state.file)
			got := keysOf(append(slices.Clone(first.records[:state.before]), next.records...))
			for key, row := range want {
				if got[key] != row {
					t.Fatalf("from the state of %s after %d records: %s is %q, want %q", state.stream, state.before, key, got[key], row)
				}
			}
			if len(next.records) >= len(first.records) && state.before > 0 {
				t.Errorf("from the state after %d records all is read again", state.before)
			}
		})
	}
	last := c.reads(catalog, first.stateFile())
	if n := len(keysOf(last.records)); n > 0 {
		t.Errorf("after the end %d records come again", n)
	}
}

func TestConformance_AFullRefreshComesToTheSame(t *testing.T) {
	t.Parallel()
	c := newConformer(t)
	catalog := c.all("full_refresh")
	first := c.reads(catalog, nil)
	want := keysOf(first.records)
	// What is left of a refresh that was completed begins another one.
	for what, state := range map[string][]byte{"no state": nil, "the state of the one before": first.stateFile()} {
		second := c.reads(catalog, state)
		if got := keysOf(second.records); !maps.Equal(got, want) {
			t.Errorf("with %s, %d records are not the %d of before", what, len(got), len(want))
		}
		if newest, oldest := first.records[len(first.records)-1].at, second.records[0].at; oldest < newest {
			t.Errorf("with %s, records are of %d, before %d of the run before", what, oldest, newest)
		}
	}
}

// Catalogs as they are written by those who run a source.
func (c *conformer) catalogs() map[string][]byte {
	schema := `{"type":"object","properties":{"survey_id":{"type":"string"}}}`
	return map[string][]byte{
		"the platform": []byte(`{"streams":[{"stream":{"name":"surveys","json_schema":` + schema + `,"supported_sync_modes":["full_refresh","incremental"],"source_defined_cursor":true,
			"default_cursor_field":["last_modified"],"source_defined_primary_key":[["survey_id"]],"is_resumable":true,"is_file_based":false},"sync_mode":"incremental",
			"destination_sync_mode":"append_dedup","cursor_field":["last_modified"],"primary_key":[["survey_id"]],"generation_id":4,"minimum_generation_id":0,"sync_id":812,"include_files":false}]}`),
		"acceptance tests": []byte(`{"streams":[{"stream":{"name":"surveys","json_schema":` + schema + `,"supported_sync_modes":["full_refresh","incremental"],"source_defined_cursor":null,
			"default_cursor_field":null,"source_defined_primary_key":null,"namespace":null,"is_resumable":null,"is_file_based":null},"sync_mode":"full_refresh","destination_sync_mode":"append",
			"cursor_field":null,"primary_key":null,"generation_id":null,"minimum_generation_id":null,"sync_id":null,"destination_object_name":null,"include_files":null}]}`),
		"PyAirbyte": []byte(`{"streams":[{"stream":{"name":"surveys","json_schema":` + schema + `,"supported_sync_modes":["full_refresh","incremental"]},"sync_mode":"incremental",
			"destination_sync_mode":"overwrite"}]}`),
		"a newer platform": []byte(`{"streams":[{"stream":{"name":"surveys","json_schema":` + schema + `,"supported_sync_modes":["full_refresh"],"new":{"a":[1]}},"sync_mode":"full_refresh",
			"destination_sync_mode":"soft_delete","new":true}],"new":[null]}`),
	}
}

func TestConformance_TakesWhatOthersHandOver(t *testing.T) {
	t.Parallel()
	c := newConformer(t)
	valid := c.reads(c.all("incremental"), nil)
	state := string(valid.newest["surveys"])
	inner := strings.TrimSuffix(strings.TrimPrefix(state, "{"), "}")
	states := map[string]struct {
		text  string
		knows bool // where it was: nothing is new
	}{
		"none":                         {"[]", false},
		"an empty file":                {"", false},
		"a platform's":                 {`[{` + inner + `,"id":12,"global":null,"data":null,"destinationStats":{"recordCount":5.0}}]`, true},
		"with streams of others":       {`[` + state + `,{"type":"STREAM","stream":{"stream_descriptor":{"name":"tickets","namespace":null},"stream_state":{"a":1}}}]`, true},
		"one that was reset":           {`[{"type":"STREAM","global":null,"stream":{"stream_descriptor":{"name":"surveys","namespace":null},"stream_state":null}}]`, false},
		"with a global part":           {`[{"type":"GLOBAL","global":{"shared_state":{},"stream_states":[]}},` + state + `]`, true},
		"in the envelope of a message": {`[{"type":"STATE","state":` + state + `}]`, true},
		"an object of long ago":        {`{"surveys":` + string(streamState(t, state)) + `}`, true},
	}
	for producer, catalog := range c.catalogs() {
		for name, state := range states {
			read := c.reads(catalog, []byte(state.text))
			knows := state.knows && bytes.Contains(catalog, []byte(`"sync_mode":"incremental"`))
			if read.newest["surveys"] == nil || len(read.newest) != 1 || len(read.records) == 0 != knows {
				t.Errorf("a catalog of %s with the state %q: %d records and the states of %v", producer, name, len(read.records), sortedKeys(read.newest))
			}
		}
	}
}

// streamState is the opaque part of a state.
func streamState(t *testing.T, state string) json.RawMessage {
	t.Helper()
	var message struct {
		Stream struct {
			State json.RawMessage `json:"stream_state"`
		}
	}
	if err := json.Unmarshal([]byte(state), &message); err != nil {
		t.Fatal(err)
	}
	return message.Stream.State
}

// Platforms decide by the code, and by the first error whether to try again.
func TestConformance_FailuresHaveTheirCodeAndType(t *testing.T) {
	t.Parallel()
	c := newConformer(t)
	secrets := c.tenant.Credentials()
	token := map[string]any{"credentials": map[string]any{"auth_type": "api_token", "api_token": "a-token-of-nobody"}}
	narrow := serveSite(t, sandbox.Options{Seed: 7, Surveys: 2, Responses: 20, Contacts: 5, Scopes: []string{"read:surveys", "read:survey_responses"}})
	oauth := map[string]any{"credentials": map[string]any{"auth_type": "oauth2_client_credentials", "client_id": secrets.ClientID, "client_secret": secrets.ClientSecret}}
	all, nothing := catalogText(killedStreams), []byte(`{"streams":[{"stream":{"name":"__AIRBYTE__stream_that_does_not_exist"},"sync_mode":"INVALID","destination_sync_mode":"INVALID"}]}`)
	tests := map[string]struct {
		site            *site
		other           map[string]any
		command         string
		catalog, states []byte
		code            int
		failure, of     string // of the first error; "" for of is the whole run
	}{
		"a wrong token":               {c.site, token, "read", all, nil, 1, "config_error", ""},
		"a setting of a wrong type":   {c.site, map[string]any{"lookback_minutes": "many"}, "read", all, nil, 1, "config_error", ""},
		"the same, discovering":       {c.site, map[string]any{"lookback_minutes": "many"}, "discover", nil, nil, 1, "config_error", ""},
		"a catalog nobody can follow": {c.site, nil, "read", nothing, nil, 1, "config_error", ""},
		"a catalog that is none":      {c.site, nil, "read", []byte("{"), nil, 1, "config_error", ""},
		"a state that is none":        {c.site, nil, "read", all, []byte(`[{"type":"STREAM"`), 1, "config_error", ""},
		"a state of another product":  {c.site, nil, "read", all, []byte(`[{"type":"STREAM","stream":{"stream_descriptor":{"name":"responses"},"stream_state":{"cursor":"2024-01-01"}}}]`), 1, "config_error", ""},
		"a stream without its scope":  {narrow, oauth, "read", all, nil, 4, "config_error", "contacts"},
		"an unknown stream":           {c.site, nil, "read", catalogText([]string{"surveys", "tickets"}), nil, 4, "config_error", "tickets"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			u := &conformer{user: newUser(t), site: test.site}
			args := []string{test.command, "--config", u.file("config.json", mustEncode(test.site.config(test.other)))}
			if test.catalog != nil {
				args = append(args, "--catalog", u.file("catalog.json", test.catalog))
			}
			if test.states != nil {
				args = append(args, "--state", u.file("state.json", test.states))
			}
			_, messages := u.runs(test.code, args...)
			at := slices.IndexFunc(messages, func(m airbytetest.Message) bool { return m.Trace != nil && m.Trace.Error != nil })
			if at < 0 {
				t.Fatal("no error came")
			}
			if first := messages[at].Trace.Error; first.FailureType != test.failure || first.Stream.Name != test.of || first.Message == "" {
				t.Errorf("the first error is %+v, want a %s of %q", *first, test.failure, test.of)
			}
		})
	}
}
