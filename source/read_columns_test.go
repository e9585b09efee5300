package source_test

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/birdie-ai/source-qualtrics/integration_tests/testkit"
	"github.com/birdie-ai/source-qualtrics/source/sandbox"
)

// Airbyte takes the columns out of a configured catalog's schema that a user
// does not select, and drops them behind us; other runners drop nothing.
func TestRead_LeavesOutWhatTheSchemaOfTheCatalogLacks(t *testing.T) {
	for name, test := range map[string]struct {
		change func(properties map[string]any)
		out    bool
		said   string
	}{
		"nothing":                {func(map[string]any) {}, false, ""},
		"a column":               {func(p map[string]any) { delete(p, "ip_address") }, true, "columns are left out because the schema of the catalog lacks them stream=responses columns=ip_address"},
		"the key and the cursor": {func(p map[string]any) { delete(p, "response_id"); delete(p, "last_modified_date") }, false, "columns of the key and the cursor cannot be left out stream=responses columns="},
		"every column": {func(p map[string]any) {
			for name := range p {
				delete(p, name)
			}
		}, false, ""},
		"a column of another name": {func(p map[string]any) { p["ip"] = p["ip_address"]; delete(p, "ip_address") }, true, "the catalog names a column that does not exist stream=responses column=ip"},
	} {
		t.Run(name, func(t *testing.T) {
			insideBubble(t, func(t *testing.T) {
				tn := newTenant(t, sandbox.Options{Seed: 62, Surveys: 1, Responses: 10, Contacts: 1})
				var properties map[string]any
				for line := range strings.Lines(tn.run(t, "discover", "--config", "config.json").stdout) {
					var message struct {
						Catalog struct {
							Streams []struct {
								Name   string         `json:"name"`
								Schema map[string]any `json:"json_schema"`
							} `json:"streams"`
						} `json:"catalog"`
					}
					if err := json.Unmarshal([]byte(line), &message); err != nil {
						t.Fatal(err)
					}
					for _, s := range message.Catalog.Streams {
						if s.Name == "responses" {
							properties = s.Schema["properties"].(map[string]any)
						}
					}
				}
				test.change(properties)
				got := tn.readCatalog(t, string(testkit.Encode(map[string]any{"streams": []any{map[string]any{
					"stream":    map[string]any{"name": "responses", "json_schema": map[string]any{"type": "object", "properties": properties}},
					"sync_mode": "incremental", "destination_sync_mode": "append",
				}}})))
				rows := got.records["responses"]
				if got.code != 0 || len(rows) == 0 {
					t.Fatalf("code %d, %d rows: %v", got.code, len(rows), got.errors)
				}
				for column, want := range map[string]bool{"ip_address": !test.out, "response_id": true, "survey_id": true, "last_modified_date": true, "duration": true} {
					if _, has := rows[0][column]; has != want {
						t.Errorf("that a row has %s is %v, want %v", column, has, want)
					}
				}
				if logs := strings.Join(got.logs, "\n"); !strings.Contains(logs, test.said) || test.said == "" && strings.Contains(logs, "schema of the catalog") {
					t.Errorf("want %q in the log:\n%s", test.said, logs)
				}
			})
		})
	}
}
