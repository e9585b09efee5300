package source_test

import (
	"bytes"
	"encoding/json"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/santhosh-tekuri/jsonschema/v6"

	"github.com/birdie-ai/source-qualtrics/integration_tests/testkit"
	"github.com/birdie-ai/source-qualtrics/integration_tests/thorough"
	"github.com/birdie-ai/source-qualtrics/source/sandbox"
)

// tapSettings are settings that change what a tap writes.
var tapSettings = map[string]map[string]any{
	"as it is":       {},
	"nested as text": {"nested_as_text": true, "sdc_deleted_at": true},
	"flattened":      {"flattening_enabled": true, "flattening_max_depth": 2},
}

type catalogStream struct {
	ID          string   `json:"tap_stream_id"`
	Stream      string   `json:"stream"`
	Keys        []string `json:"key_properties"`
	Method      string   `json:"replication_method"`
	Replication string   `json:"replication_key"`
	Schema      struct {
		Type       string                    `json:"type"`
		Properties map[string]map[string]any `json:"properties"`
	} `json:"schema"`
	Metadata []struct {
		Breadcrumb []string       `json:"breadcrumb"`
		Metadata   map[string]any `json:"metadata"`
	} `json:"metadata"`
}

var (
	singerName = regexp.MustCompile(`^[a-z][a-z0-9_]{0,62}$`)
	// notUnderstood are words of a schema that some targets do not know.
	notUnderstood = regexp.MustCompile(`"(\$ref|anyOf|oneOf|allOf|\$schema|patternProperties|pattern|enum|maxLength|minimum|airbyte_type)"`)
)

// What Meltano and targets want of a catalog holds for all streams.
func TestTap_CatalogKeepsTheRules(t *testing.T) {
	t.Parallel()
	for name, settings := range tapSettings {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			tn := newTenant(t, small)
			maps.Copy(tn.config, settings)
			got := tn.run(t, "tap", "--config", "config.json", "--discover")
			var catalog struct{ Streams []catalogStream }
			if err := json.Unmarshal([]byte(got.stdout), &catalog); err != nil || len(catalog.Streams) < 5 {
				t.Fatalf("%d streams, %v", len(catalog.Streams), err)
			}
			for line := range strings.Lines(got.stdout) {
				if len(line) > 4096 { // Meltano takes 64 KiB
					t.Errorf("a line has %d bytes", len(line))
				}
			}
			for _, s := range catalog.Streams {
				checkCatalogStream(t, &s)
			}
		})
	}
}

func checkCatalogStream(t *testing.T, s *catalogStream) {
	t.Helper()
	if s.ID != s.Stream || !singerName.MatchString(s.Stream) || len(s.Keys) == 0 || s.Schema.Type != "object" {
		t.Errorf("the stream %q (%q) has the keys %v and is an %s", s.ID, s.Stream, s.Keys, s.Schema.Type)
	}
	if (s.Method == "INCREMENTAL") != (s.Replication != "") {
		t.Errorf("%s is read %s by %q", s.Stream, s.Method, s.Replication)
	}
	described := make(map[string]int)
	for _, m := range s.Metadata {
		if len(m.Breadcrumb) == 0 {
			described[""]++
			continue
		}
		column := m.Breadcrumb[1]
		described[column]++
		// The version says which rows of a response count.
		version := slices.Contains([]string{"answers", "feedback", "response_embedded_data", "response_files"}, s.Stream) && column == "response_version"
		automatic := slices.Contains(s.Keys, column) || column == s.Replication || version
		if len(m.Breadcrumb) != 2 || m.Breadcrumb[0] != "properties" || (m.Metadata["inclusion"] == "automatic") != automatic {
			t.Errorf("%s: %v is %v", s.Stream, m.Breadcrumb, m.Metadata)
		}
	}
	if described[""] != 1 || len(described) != len(s.Schema.Properties)+1 {
		t.Errorf("%s: the metadata are of %v", s.Stream, described)
	}
	lower := make(map[string]bool)
	for name, property := range s.Schema.Properties {
		if (!singerName.MatchString(name) && name != "_sdc_deleted_at") || lower[strings.ToLower(name)] || described[name] != 1 {
			t.Errorf("%s: the column %q", s.Stream, name)
		}
		lower[strings.ToLower(name)] = true
		text, err := json.Marshal(property)
		if err != nil || notUnderstood.Match(text) {
			t.Errorf("%s.%s: %s", s.Stream, name, text)
		}
		types, several := property["type"].([]any)
		switch key := slices.Contains(s.Keys, name); {
		case key && property["type"] != "string":
			t.Errorf("%s.%s is a key of type %v", s.Stream, name, property["type"])
		case several && (len(types) != 2 || types[0] == "null" || types[1] != "null"):
			t.Errorf("%s.%s has the types %v", s.Stream, name, types)
		}
		if format := property["format"]; format != nil && format != "date-time" {
			t.Errorf("%s.%s has the format %v", s.Stream, name, format)
		}
		if property["properties"] != nil { // a target that flattens would spread it
			t.Errorf("%s.%s has members", s.Stream, name)
		}
	}
}

// Every record is what its schema says, as strict targets check it: with
// formats, and with integers that are written as such.
func TestTap_RecordsKeepTheirSchemas(t *testing.T) {
	for name, settings := range tapSettings {
		t.Run(name, func(t *testing.T) {
			insideBubble(t, func(t *testing.T) {
				tn := newTenant(t, sandbox.Options{Seed: 69, Surveys: 6, Responses: thorough.Number(120, 60), Contacts: thorough.Number(30, 15)})
				maps.Copy(tn.config, settings)
				first := tn.tap(t, "--config", "config.json")
				tn.Advance(10*24*time.Hour, false)
				tn.Advance(time.Hour, true)
				tn.files["state.json"] = first.state
				second := tn.tap(t, "--config", "config.json", "--state", "state.json")
				schemas, checked := make(map[string]*jsonschema.Schema), make(map[string]int)
				integers := make(map[string][]string)
				output, err := testkit.ReadSinger([]byte(first.stdout + second.stdout))
				if err != nil {
					t.Fatal(err)
				}
				for _, line := range output.Lines {
					switch line.Type {
					case "SCHEMA":
						schemas[line.Stream], integers[line.Stream] = strictSchema(t, line.Schema)
					case "RECORD":
						value, err := jsonschema.UnmarshalJSON(bytes.NewReader(line.Data))
						if err != nil {
							t.Fatal(err)
						}
						if err := schemas[line.Stream].Validate(value); err != nil {
							t.Fatalf("%s: %v\n%s", line.Stream, err, line.Data)
						}
						row := parseRow(t, line.Data)
						for _, column := range integers[line.Stream] {
							if number, ok := row[column].(json.Number); ok && strings.ContainsAny(string(number), ".eE") {
								t.Fatalf("%s: %s is %s", line.Stream, column, number)
							}
						}
						if _, err := time.Parse(time.RFC3339, line.Extracted); err != nil {
							t.Fatal(err)
						}
						checked[line.Stream]++
					}
				}
				for _, stream := range []string{"surveys", "responses", "contacts", "sync_audit"} {
					if checked[stream] == 0 || (stream == "responses" && len(integers[stream]) == 0) {
						t.Errorf("no record of %s was checked", stream)
					}
				}
			})
		})
	}
}

// Where one thing is done at a time, two runs over the same tenant say the same.
func TestTap_RepeatsItself(t *testing.T) {
	t.Parallel()
	var outputs []string
	for range 2 {
		synctest.Test(t, func(t *testing.T) {
			tn := newTenant(t, sandbox.Options{Seed: 76, Surveys: 4, Responses: 60, Contacts: 20})
			tn.config["limits"].(map[string]any)["parallel_exports"] = 1
			tn.jitter = func(wait time.Duration) time.Duration { return wait }
			got := tn.tap(t, "--config", "config.json")
			if got.result.code != 0 {
				t.Fatalf("code %d: %s", got.result.code, got.stderr)
			}
			outputs = append(outputs, got.stdout)
		})
	}
	if diff := cmp.Diff(strings.Split(outputs[0], "\n"), strings.Split(outputs[1], "\n")); diff != "" {
		t.Errorf("the second run differs: %.1000s", diff)
	}
}

// strictSchema compiles a schema, and lists the columns of integers.
func strictSchema(t *testing.T, text []byte) (schema *jsonschema.Schema, integers []string) {
	t.Helper()
	document, err := jsonschema.UnmarshalJSON(strings.NewReader(string(text)))
	if err != nil {
		t.Fatal(err)
	}
	compiler := jsonschema.NewCompiler()
	compiler.AssertFormat()
	if err := compiler.AddResource("schema.json", document); err != nil {
		t.Fatal(err)
	}
	if schema, err = compiler.Compile("schema.json"); err != nil {
		t.Fatal(err)
	}
	for name, property := range schema.Properties {
		if slices.Contains(property.Types.ToStrings(), "integer") {
			integers = append(integers, name)
		}
	}
	return schema, integers
}

// The lines of the log are those of Meltano's SDK, by its own schema.
func TestTap_LogLinesAreThoseOfTheSDK(t *testing.T) {
	folder := os.Getenv(schemasVariable)
	if folder == "" {
		t.Skipf("%s is not set: log lines are not checked against the schema of the SDK", schemasVariable)
	}
	schema, err := jsonschema.NewCompiler().Compile(filepath.Join(folder, "singer-sdk-logs.schema.json"))
	if err != nil {
		t.Fatal(err)
	}
	insideBubble(t, func(t *testing.T) {
		tn := newTenant(t, sandbox.Options{Seed: 70, Surveys: 2, Responses: 20, Contacts: 3})
		tn.files["logging.json"] = []byte(`{"root":{"level":"DEBUG"},"formatters":{"structured":{"()":"singer_sdk.logging.StructuredFormatter"}}}`)
		tn.env["SINGER_SDK_LOG_CONFIG"] = "logging.json"
		tn.files["catalog.json"] = []byte(`{"streams":[{"tap_stream_id":"gone"},{"tap_stream_id":"responses"}]}`)
		fine := tn.tap(t, "--config", "config.json", "--catalog", "catalog.json")
		tn.config["credentials"] = map[string]any{"auth_type": "api_token", "api_token": "a-token-that-is-wrong"}
		failing := tn.run(t, "tap", "--config", "config.json")
		levels := make(map[string]int)
		for line := range strings.Lines(fine.stderr + failing.stderr) {
			value, err := jsonschema.UnmarshalJSON(strings.NewReader(line))
			if err != nil {
				t.Fatal(err)
			}
			if err := schema.Validate(value); err != nil {
				t.Errorf("%v\n%s", err, line)
			}
			levels[value.(map[string]any)["level"].(string)]++
		}
		if levels["info"] == 0 || levels["warning"] == 0 || levels["error"] == 0 {
			t.Errorf("the levels are %v: they say little", levels)
		}
	})
}
