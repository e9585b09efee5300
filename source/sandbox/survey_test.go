package sandbox

import (
	"encoding/json"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"testing"
)

// object is v as a client decodes it.
func object(t testing.TB, v any) map[string]any {
	t.Helper()
	encoded, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	var decoded map[string]any
	if err := json.Unmarshal(encoded, &decoded); err != nil {
		t.Fatal(err)
	}
	return decoded
}

func TestSurvey_DefinitionHasTheRecordedTypeInstabilities(t *testing.T) {
	t.Parallel()
	w := testWorld(t, worldOptions{Surveys: 24, Responses: 100})
	seen := map[string]bool{}
	for _, s := range w.listed() {
		body := object(t, s.definitionBody())
		_, list := body["Blocks"].([]any)
		seen["blocks as a list"] = seen["blocks as a list"] || list
		questions, filled := body["Questions"].(map[string]any)
		seen["no questions"] = seen["no questions"] || !filled
		for _, each := range questions {
			q := each.(map[string]any)
			note := func(what string, is bool) { seen[what] = seen[what] || is }
			choices, isList := q["Choices"].([]any)
			note("choices as a list for "+q["Selector"].(string), isList && len(choices) == 11)
			note("carried-forward choices", isList && len(choices) == 0)
			note("validation as a string", q["Validation"] == "None")
			_, empty := q["RecodeValues"].([]any)
			note("recodes as a list", empty)
			_, recodes := q["RecodeValues"].(map[string]any)
			note("recodes as an object", recodes)
			if order, _ := q["ChoiceOrder"].([]any); len(order) > 0 {
				_, number := order[0].(float64)
				note("order of numbers", number)
				note("order of strings", !number)
			}
			note("randomization false", q["Randomization"] == false)
			note("side by side", q["AdditionalQuestions"] != nil)
		}
	}
	for _, what := range []string{
		"blocks as a list", "no questions", "choices as a list for NPS", "carried-forward choices", "validation as a string",
		"recodes as a list", "recodes as an object", "order of numbers", "order of strings", "randomization false", "side by side",
	} {
		if !seen[what] {
			t.Errorf("no definition has %s", what)
		}
	}
}

func TestSurvey_BodiesHaveTheRecordedKeys(t *testing.T) {
	t.Parallel()
	folder := os.Getenv("QUALTRICS_PAYLOADS")
	if folder == "" {
		t.Skip("QUALTRICS_PAYLOADS names no folder with recorded payloads")
	}
	w := testWorld(t, worldOptions{Surveys: 12, Responses: 100})
	s := w.listed()[0]
	for file, body := range map[string]any{
		"survey_legacy_cx.json":                  s.legacyBody(),
		"survey_legacy_many_question_types.json": s.legacyBody(),
		"survey_definition_cx.json":              s.definitionBody(),
	} {
		encoded, err := os.ReadFile(filepath.Join(folder, file))
		if err != nil {
			t.Fatal(err)
		}
		var recorded struct {
			Result map[string]any `json:"result"`
		}
		if err := json.Unmarshal(encoded, &recorded); err != nil {
			t.Fatal(err)
		}
		got := object(t, body)
		for _, key := range slices.Sorted(maps.Keys(recorded.Result)) {
			if _, has := got[key]; !has {
				t.Errorf("%s: key %s is recorded, ours lacks it", file, key)
			}
		}
	}
}
