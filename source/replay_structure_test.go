package source_test

import (
	"encoding/json"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/birdie-ai/source-qualtrics/integration_tests/testkit"
)

// recordedDefinition returns a recorded definition. Of a survey file (QSF) it is made of the
// elements, whose payloads are the same objects (API §2.2).
func recordedDefinition(t *testing.T, name string) object {
	t.Helper()
	recorded := payload[object](t, name)
	for _, outer := range []string{"response", "body", "result"} {
		if inner, ok := recorded[outer].(object); ok {
			recorded = inner
		}
	}
	elements, ok := recorded["SurveyElements"].([]any)
	if !ok {
		return recorded
	}
	entry := at[object](t, recorded, "SurveyEntry")
	questions := object{}
	definition := object{
		"SurveyID": entry["SurveyID"], "SurveyName": entry["SurveyName"], "SurveyStatus": entry["SurveyStatus"], "LastModified": "2019-03-08T06:12:17Z",
		"BrandID": entry["SurveyBrandID"], "Questions": questions,
	}
	for _, each := range elements {
		element := each.(object)
		switch element["Element"] {
		case "BL":
			definition["Blocks"] = element["Payload"]
		case "FL":
			definition["SurveyFlow"] = element["Payload"]
		case "SO":
			definition["SurveyOptions"] = element["Payload"]
		case "SCO":
			definition["Scoring"] = element["Payload"]
		case "SQ":
			questions[element["PrimaryAttribute"].(string)] = element["Payload"]
		}
	}
	return definition
}

// entriesOf are the members of an object, or the elements of an array.
func entriesOf(value any) (all []any) {
	switch value := value.(type) {
	case []any:
		return value
	case object:
		for _, member := range value {
			all = append(all, member)
		}
	}
	return all
}

// Every recorded definition becomes rows, and none of its blocks, flow elements and fields
// is left out.
func TestReplay_RecordedDefinitionsBecomeRows(t *testing.T) {
	names := []string{"survey_definition_cx.json", "survey_definition_qsf_many_question_types.json", "qsf_question_types_2.json", "qsf_quota_trigger.json"}
	for _, name := range names {
		t.Run(name, func(t *testing.T) {
			insideRecording(t, func(t *testing.T) {
				definition := recordedDefinition(t, name)
				survey := at[string](t, definition, "SurveyID")
				list := object{"result": object{"elements": []any{object{"id": survey, "name": "A", "lastModified": "2020-02-20T01:19:11Z"}}, "nextPage": nil}, "meta": object{}}
				tn, p := replaying(t, map[string][]exchange{
					"GET /surveys":                      {answered(list)},
					"GET /survey-definitions/" + survey: {answered(object{"result": definition, "meta": object{"httpStatus": "200 - OK"}})},
				})
				got := tn.readComplete(t, nil, definitionStreams...)
				if calls := p.calls["GET /survey-definitions/"+survey]; calls != 1 {
					t.Errorf("the definition was read %d times", calls)
				}
				want := map[string]int{"survey_definitions": 1, "questions": len(at[object](t, definition, "Questions"))}
				for _, block := range entriesOf(definition["Blocks"]) {
					want["blocks"]++
					want["block_questions"] += len(entriesOf(block.(object)["BlockElements"]))
				}
				var walk func(step object)
				walk = func(step object) {
					want["survey_flow_elements"]++
					want["embedded_data_fields"] += len(entriesOf(step["EmbeddedData"]))
					for _, inner := range entriesOf(step["Flow"]) {
						walk(inner.(object))
					}
				}
				walk(at[object](t, definition, "SurveyFlow"))
				if options := at[object](t, definition, "SurveyOptions"); options["AvailableLanguages"] != nil {
					want["survey_languages"] = len(at[object](t, options, "AvailableLanguages"))
				}
				for _, stream := range definitionStreams {
					rows := got.records[stream]
					// Columns of side-by-side questions are questions, too.
					rows = slices.DeleteFunc(slices.Clone(rows), func(row map[string]any) bool { return row["parent_question_id"] != nil })
					if stream != "question_choices" && len(rows) != want[stream] {
						t.Errorf("%s: got %d rows, want %d", stream, len(rows), want[stream])
					}
					for _, row := range rows {
						if kind := map[string]string{"blocks": "block_type", "block_questions": "element_type", "survey_flow_elements": "flow_type", "embedded_data_fields": "field_type"}[stream]; kind != "" && row[kind] == nil {
							t.Errorf("%s: %v has no type", stream, row)
						}
					}
				}
				whole := at[object](t, got.records["survey_definitions"][0], "definition")
				for _, member := range []string{"Questions", "Blocks", "Scoring", "LastModified"} {
					if !reflect.DeepEqual(whole[member], definition[member]) {
						t.Errorf("the member %s differs from the recording", member)
					}
				}
				if flow, _ := json.Marshal(whole["SurveyFlow"]); strings.Contains(string(flow), "[redacted]") {
					t.Errorf("the flow has no credentials, got %s", flow)
				}
			})
		})
	}
}

// The list of this test is complete: every recording of a definition is in it.
func TestReplay_NoRecordedDefinitionIsLeftOut(t *testing.T) {
	files, err := filepath.Glob(filepath.Join(testkit.Recordings(t), "*.json"))
	if err != nil || len(files) == 0 {
		t.Fatalf("%d recordings, %v", len(files), err)
	}
	known := 0
	for _, file := range files {
		content, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		if strings.Contains(string(content), `"SurveyElements"`) || strings.Contains(string(content), `"SurveyFlow"`) {
			known++
			if name := filepath.Base(file); len(entriesOf(recordedDefinition(t, name)["Blocks"])) == 0 {
				t.Errorf("%s has a definition that the tests do not read", name)
			}
		}
	}
	if known != 4 {
		t.Errorf("%d recordings have definitions, 4 are tested", known)
	}
}
