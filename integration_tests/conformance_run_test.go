//go:build unix

package integration_tests_test

import (
	"encoding/json"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/birdie-ai/source-qualtrics/integration_tests/testkit"
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
	_, messages := c.runs(0, "discover", "--config", c.file("config.json", testkit.Encode(c.config(nil))))
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
	newest  testkit.States
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
	args := []string{"read", "--config", c.file("config.json", testkit.Encode(c.config(nil))), "--catalog", c.file("catalog.json", catalog)}
	if state != nil {
		args = append(args, "--state", c.file("state.json", state))
	}
	end, _ := c.runs(0, args...)
	output, err := testkit.ReadAirbyte(end.all, nil)
	if err != nil {
		c.t.Fatal(err)
	}
	read := &conformed{newest: make(testkit.States)}
	for _, line := range output.Lines {
		switch line.Type {
		case "RECORD":
			var data map[string]json.RawMessage
			if err := json.Unmarshal(line.Data, &data); err != nil {
				c.t.Fatal(err)
			}
			var parts []string
			for _, path := range c.stream(line.Stream).Key {
				parts = append(parts, testkit.Scalar(data[path[0]]))
			}
			read.records = append(read.records, airbyteRecord{line.Stream, line.Stream + "/" + strings.Join(parts, "/"), data, line.EmittedAt})
		case "STATE":
			read.newest[line.Stream] = line.State
			read.states = append(read.states, emitted{line.Stream, len(read.records), read.newest.File()})
		}
	}
	return read
}

// keysOf are the keys of records with their content. A row of sync_audit is of
// its run.
func keysOf(records []airbyteRecord) map[string]string {
	keys := make(map[string]string)
	for _, record := range records {
		if record.stream == "sync_audit" {
			continue
		}
		data := maps.Clone(record.data)
		if _, dated := data["creation_date"]; !dated && string(data["deleted_at"]) == "null" {
			delete(data, "last_modified") // the time of the read
		}
		keys[record.key] = string(testkit.Encode(data))
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
	return testkit.Encode(map[string]any{"streams": entries})
}
