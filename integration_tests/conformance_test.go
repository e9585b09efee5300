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

	"github.com/birdie-ai/source-qualtrics/integration_tests/testkit"
	"github.com/birdie-ai/source-qualtrics/integration_tests/thorough"
	"github.com/birdie-ai/source-qualtrics/source/airbyte/airbytetest"
)

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
		value, err := jsonschema.UnmarshalJSON(bytes.NewReader(testkit.Encode(record.data)))
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
			case column.is("date-time") && string(value) != "null" && !strictTime.MatchString(testkit.Scalar(value)):
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
		// Nothing is deleted yet, and no survey of this tenant has scores.
		if want := s.Name != "response_deletions" && s.Name != "scoring_categories"; of[s.Name] > 0 != want {
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
		if i%thorough.Number(1, 12) > 0 {
			continue
		}
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
	last := c.reads(catalog, first.newest.File())
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
	for what, state := range map[string][]byte{"no state": nil, "the state of the one before": first.newest.File()} {
		second := c.reads(catalog, state)
		if got := keysOf(second.records); !maps.Equal(got, want) {
			t.Errorf("with %s, %d records are not the %d of before", what, len(got), len(want))
		}
		if newest, oldest := first.records[len(first.records)-1].at, second.records[0].at; oldest < newest {
			t.Errorf("with %s, records are of %d, before %d of the run before", what, oldest, newest)
		}
	}
}
