package source_test

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/birdie-ai/source-qualtrics/integration_tests/testkit"
	"github.com/birdie-ai/source-qualtrics/source/sandbox"
)

// catalogEntry is a stream of a tap's catalog, to be changed.
type catalogEntry map[string]any

func (e catalogEntry) schema() map[string]any { return e["schema"].(map[string]any) }

func (e catalogEntry) properties() map[string]any { return e.schema()["properties"].(map[string]any) }

func (e catalogEntry) property(name string) map[string]any {
	return e.properties()[name].(map[string]any)
}

// A catalog's schema chooses columns as its metadata do: people take a column
// with personal data out of it, and expect that it does not go out.
func TestTap_LeavesOutWhatTheSchemaOfTheCatalogLeavesOut(t *testing.T) {
	const lacks = "columns are left out because the schema of the catalog lacks them stream=responses columns="
	for name, test := range map[string]struct {
		change func(e catalogEntry)
		out    bool   // ip_address does not go out
		said   string // on stderr; "": no warning
		config map[string]any
	}{
		"nothing":                 {change: func(catalogEntry) {}},
		"a property is taken out": {change: func(e catalogEntry) { delete(e.properties(), "ip_address") }, out: true, said: lacks + "ip_address"},
		"a property has selected: false in the schema, and there are no metadata": {
			change: func(e catalogEntry) {
				e["metadata"], e.schema()["selected"] = []any{}, true
				e.property("ip_address")["selected"] = false
			}, out: true,
		},
		"a property has selected: false in the schema beside metadata": {change: func(e catalogEntry) { e.property("ip_address")["selected"] = false }, out: true},
		"the key is taken out": {
			change: func(e catalogEntry) {
				delete(e.properties(), "response_id")
				delete(e.properties(), "last_modified_date")
			}, said: `columns of the key and the replication key cannot be left out: [\"last_modified_date\" \"response_id\"]`,
		},
		"the key has selected: false": {
			change: func(e catalogEntry) { e.property("survey_id")["selected"] = false }, said: `the replication key cannot be left out: [\"survey_id\"]`,
		},
		"another type": {
			change: func(e catalogEntry) { e.property("duration")["type"] = []any{"null", "string"} },
			said:   `the types of its schema are ignored; records have the types that --discover prints: [\"duration\"]`,
		},
		"another format": {
			change: func(e catalogEntry) { delete(e.property("recorded_date"), "format") }, said: `the types that --discover prints: [\"recorded_date\"]`,
		},
		"the same types in another order": {change: func(e catalogEntry) {
			e.property("duration")["type"] = []any{"null", "integer"}
			e.property("survey_id")["type"] = []any{"string", "null"}
		}},
		"types of a tap that was configured otherwise": {change: func(catalogEntry) {}, config: map[string]any{"nested_as_text": true}, said: `[\"answer_labels\"`},
		"no properties":                  {change: func(e catalogEntry) { e.schema()["properties"] = map[string]any{} }},
		"no schema":                      {change: func(e catalogEntry) { delete(e, "schema") }},
		"a property that does not exist": {change: func(e catalogEntry) { e.properties()["ip"] = map[string]any{} }, said: "names a column that does not exist stream=responses column=ip"},
		"parts of a column": {change: func(e catalogEntry) {
			e.property("answer_values")["properties"] = map[string]any{"QID1": map[string]any{"selected": false}}
		}, said: "parts of a column cannot be chosen"},
		"another key":                       {change: func(e catalogEntry) { e["key_properties"] = []any{"response_id"} }, said: `its key_properties [\"response_id\"] are ignored`},
		"another replication key":           {change: func(e catalogEntry) { e["replication_key"] = "recorded_date" }, said: `its replication key \"recorded_date\" is ignored`},
		"a column of a setting is not here": {change: func(catalogEntry) {}, config: map[string]any{"sdc_deleted_at": true}},
	} {
		t.Run(name, func(t *testing.T) {
			insideBubble(t, func(t *testing.T) {
				tn := newTenant(t, sandbox.Options{Seed: 62, Surveys: 1, Responses: 10, Contacts: 1})
				var catalog struct {
					Streams []catalogEntry `json:"streams"`
				}
				if err := json.Unmarshal([]byte(tn.run(t, "tap", "--discover").stdout), &catalog); err != nil {
					t.Fatal(err)
				}
				for _, entry := range catalog.Streams {
					entry["selected"] = entry["tap_stream_id"] == "responses"
					if entry["selected"] == true {
						test.change(entry)
					}
				}
				tn.files["catalog.json"] = testkit.Encode(catalog)
				for key, value := range test.config {
					tn.config[key] = value
				}
				got := tn.tap(t, "--config", "config.json", "--properties", "catalog.json")
				rows := got.records["responses"]
				if got.result.code != 0 || len(rows) == 0 {
					t.Fatalf("code %d, %d rows: %s", got.result.code, len(rows), got.stderr)
				}
				for column, want := range map[string]bool{
					"ip_address": !test.out, "survey_id": true, "response_id": true, "last_modified_date": true, "duration": true, "_sdc_deleted_at": test.config["sdc_deleted_at"] == true,
				} { // the harness holds records against their SCHEMA message
					if _, has := rows[0][column]; has != want {
						t.Errorf("that a row has %s is %v, want %v", column, has, want)
					}
				}
				warned := strings.Contains(got.stderr, "warn: ")
				if !strings.Contains(got.stderr, test.said) || (test.said == "" || strings.HasPrefix(test.said, lacks)) && warned {
					t.Errorf("want %q, and no other warning: %s", test.said, got.stderr)
				}
			})
		})
	}
}

// The old form marks streams, too.
func TestTap_LeavesOutAStreamThatItsSchemaMarks(t *testing.T) {
	insideBubble(t, func(t *testing.T) {
		tn := newTenant(t, sandbox.Options{Seed: 62, Surveys: 1, Responses: 3, Contacts: 1})
		tn.files["catalog.json"] = []byte(`{"streams":[{"stream":"surveys","schema":{"selected":true}},{"stream":"contacts","schema":{"selected":false}}]}`)
		got := tn.tap(t, "--config", "config.json", "--properties", "catalog.json")
		if len(got.records["surveys"]) == 0 || len(got.records) != 1 {
			t.Errorf("got records of %d streams, %d of surveys: %s", len(got.records), len(got.records["surveys"]), got.stderr)
		}
		tn.files["catalog.json"] = []byte(`{"streams":[{"stream":"surveys","schema":["name"]}]}`)
		if refused := tn.run(t, "tap", "--config", "config.json", "--catalog", "catalog.json"); refused.code != 1 || !strings.Contains(refused.stderr, `the schema of stream "surveys" is not an object`) {
			t.Errorf("a schema that is a list: code %d, %s", refused.code, refused.stderr)
		}
	})
}
