package sandbox

import (
	"encoding/json"
	"maps"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// Every value of an export that is neither metadata nor embedded data has its answers in the
// truth, one for each element of a list.
func TestTruth_OfAnswersHasEveryValueOfExports(t *testing.T) {
	t.Parallel()
	w := testWorld(t, worldOptions{Surveys: 12, Responses: 400, Contacts: 20})
	type one struct {
		ResponseID string `json:"response_id"`
		AnswerKey  string `json:"answer_key"`
		ValueKey   string `json:"value_key"`
		ValueText  string `json:"value_text"`
	}
	got, keys := make(map[string]map[string]int), make(map[string]bool)
	lines, _ := w.truth("answers")
	for line := range lines {
		var row one
		if err := json.Unmarshal(line, &row); err != nil {
			t.Fatal(err)
		}
		if got[row.ResponseID] == nil {
			got[row.ResponseID] = make(map[string]int)
		}
		got[row.ResponseID][row.ValueKey]++
		if key := row.ResponseID + " " + row.AnswerKey; keys[key] {
			t.Fatalf("the answer %s comes twice", key)
		} else {
			keys[key] = true
		}
	}
	for _, s := range w.listed() {
		if !s.canExport() {
			continue
		}
		questions := make(map[string]any)
		for i := range s.kind.questions {
			for j := range s.kind.questions[i].parts {
				s.kind.questions[i].parts[j].schema(&s.kind.questions[i], questions)
			}
		}
		for _, r := range rows(t, s, exportQuery{Sort: true}) {
			want := make(map[string]int)
			for key, value := range r.Values {
				var list []json.RawMessage
				switch {
				case questions[key] == nil:
				case json.Unmarshal(value, &list) == nil:
					want[key] = len(list)
				default:
					want[key] = 1
				}
			}
			if diff := cmp.Diff(want, got[r.ResponseID]); diff != "" && len(want)+len(got[r.ResponseID]) > 0 {
				t.Fatalf("answers of %s (-export +truth):\n%s", r.ResponseID, diff)
			}
			delete(got, r.ResponseID)
		}
	}
	if len(keys) < 1000 || len(got) > 0 {
		t.Errorf("the truth has %d answers, and some of the unknown responses %v", len(keys), slices.Sorted(maps.Keys(got)))
	}
}
