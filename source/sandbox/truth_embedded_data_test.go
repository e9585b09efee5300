package sandbox

import (
	"encoding/json"
	"maps"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// Every value of an export that the response schema calls embedded data is in the truth,
// with its text.
func TestTruth_OfEmbeddedDataHasEveryFieldOfExports(t *testing.T) {
	t.Parallel()
	for _, odd := range []bool{false, true} {
		compareFields(t, testWorld(t, worldOptions{Surveys: 12, Responses: 400, Contacts: 20, OddFields: odd}))
	}
}

func compareFields(t *testing.T, w *world) {
	t.Helper()
	got := make(map[string]map[string]string)
	numbers := 0
	lines, _ := w.truth("response_embedded_data")
	for line := range lines {
		var row struct {
			ResponseID  string      `json:"response_id"`
			Field       string      `json:"field"`
			ValueText   string      `json:"value_text"`
			ValueNumber json.Number `json:"value_number"`
		}
		if err := json.Unmarshal(line, &row); err != nil {
			t.Fatal(err)
		}
		if got[row.ResponseID] == nil {
			got[row.ResponseID] = make(map[string]string)
		}
		if _, twice := got[row.ResponseID][row.Field]; twice {
			t.Fatalf("the field %s of %s comes twice", row.Field, row.ResponseID)
		}
		got[row.ResponseID][row.Field] = row.ValueText
		if row.ValueNumber != "" {
			numbers++
			if row.ValueNumber.String() != row.ValueText {
				t.Errorf("the field %s has the text %s and the number %s", row.Field, row.ValueText, row.ValueNumber)
			}
		}
	}
	fields := 0
	for _, s := range w.listed() {
		if !s.canExport() {
			continue
		}
		schema := s.responseSchema().(map[string]any)["properties"].(map[string]any)["values"].(map[string]any)["properties"].(map[string]any)
		for _, r := range rows(t, s, exportQuery{Sort: true}) {
			want := make(map[string]string)
			for key, value := range r.Values {
				if of, ok := schema[key].(map[string]any); ok && of["dataType"] == "embeddedData" {
					text := string(value)
					_ = json.Unmarshal(value, &text) // a number stays as it is written
					want[key] = text
				}
			}
			if diff := cmp.Diff(want, got[r.ResponseID]); diff != "" && len(want)+len(got[r.ResponseID]) > 0 {
				t.Fatalf("embedded data of %s (-export +truth):\n%s", r.ResponseID, diff)
			}
			fields += len(want)
			delete(got, r.ResponseID)
		}
	}
	if fields < 400 || numbers < 50 || len(got) > 0 {
		t.Errorf("%d fields, %d of them numbers, and some of the unknown responses %v", fields, numbers, slices.Sorted(maps.Keys(got)))
	}
}
