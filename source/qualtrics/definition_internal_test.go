package qualtrics

import (
	"encoding/json"
	"os"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func ptr[T any](value T) *T { return &value }

func TestQuestionsOf_ReadsEveryShape(t *testing.T) {
	t.Parallel()
	definition := membersOf([]byte(`{
		"Blocks": [{"Type": "Trash", "ID": "BL_2", "BlockElements": [{"Type": "Question", "QuestionID": "QID10"}]},
			{"Type": "Default", "ID": "BL_1", "BlockElements": [{"Type": "Page Break"}, {"Type": "Question", "QuestionID": "QID2"}, {"Type": "Question", "QuestionID": "QID8"}]}],
		"Questions": {
			"QID10": {"QuestionID": "QID10", "QuestionType": "MC", "Selector": "NPS", "SubSelector": "", "Choices": [{"Display": "0"}, {"Display": 1}], "ChoiceOrder": [0, 1], "RecodeValues": []},
			"QID2": {"QuestionType": "Matrix", "Selector": "Likert", "SubSelector": "SingleAnswer", "QuestionText": "<b>How</b>?", "QuestionDescription": "How?", "DataExportTag": "Q2",
				"Choices": {"10": {"Display": "Price"}, "2": {"Display": "Speed", "TextEntry": 1}}, "ChoiceOrder": ["2", "10"], "ChoiceDataExportTags": {"2": "Q2_speed"},
				"Answers": {"1": {"Display": "Bad"}, "2": {"Display": "Good", "ExclusiveAnswer": true}}, "AnswerOrder": ["2", 1],
				"RecodeValues": {"1": "-1", "2": 1}, "VariableNaming": {"2": "good"}, "AnalyzeChoices": {"1": "No", "2": "Yes"}},
			"QID8": {"QuestionID": "QID8", "QuestionType": "SBS", "Choices": [], "AdditionalQuestions": {"1": {"QuestionID": "QID8#1", "QuestionType": "Matrix"}}},
			"QID9": {"QuestionID": "QID9", "QuestionType": "PGR", "Groups": ["Must", "May"], "ChoiceDataExportTags": false, "Choices": null}
		}}`))
	want := []Question{
		{ID: "QID2", Block: ptr("BL_1"), BlockType: ptr("Default"), ExportTag: ptr("Q2"), Type: ptr("Matrix"), Selector: ptr("Likert"), SubSelector: ptr("SingleAnswer"), Text: ptr("<b>How</b>?"), Description: ptr("How?"), Choices: []Choice{
			{Kind: PlainChoice, ID: "2", Display: ptr("Speed"), Position: ptr(int64(1)), ExportTag: ptr("Q2_speed"), TextEntry: true, Analyze: true},
			{Kind: PlainChoice, ID: "10", Display: ptr("Price"), Position: ptr(int64(2)), Analyze: true},
			{Kind: AnswerChoice, ID: "1", Display: ptr("Bad"), Position: ptr(int64(2)), Recode: ptr("-1")},
			{Kind: AnswerChoice, ID: "2", Display: ptr("Good"), Position: ptr(int64(1)), Recode: ptr("1"), VariableName: ptr("good"), Exclusive: true, Analyze: true},
		}},
		{ID: "QID8", Block: ptr("BL_1"), BlockType: ptr("Default"), Type: ptr("SBS")},
		{ID: "QID9", Type: ptr("PGR"), Choices: []Choice{
			{Kind: GroupChoice, ID: "0", Display: ptr("Must"), Analyze: true}, {Kind: GroupChoice, ID: "1", Display: ptr("May"), Analyze: true},
		}},
		{ID: "QID10", Block: ptr("BL_2"), BlockType: ptr("Trash"), Type: ptr("MC"), Selector: ptr("NPS"), Choices: []Choice{
			{Kind: PlainChoice, ID: "0", Display: ptr("0"), Position: ptr(int64(1)), Analyze: true}, {Kind: PlainChoice, ID: "1", Display: ptr("1"), Position: ptr(int64(2)), Analyze: true},
		}},
		{ID: "QID8#1", Parent: ptr("QID8"), Block: ptr("BL_1"), BlockType: ptr("Default"), Type: ptr("Matrix")},
	}
	if diff := cmp.Diff(want, questionsOf(definition)); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
}

func TestQuestionsOf_SurvivesDefinitionsWithoutQuestions(t *testing.T) {
	t.Parallel()
	for _, text := range []string{`{}`, `{"Questions":[],"Blocks":[]}`, `{"Questions":null,"Blocks":"none"}`, `{"Questions":{"QID1":[]},"Blocks":{"BL_1":7}}`} {
		if got := questionsOf(membersOf([]byte(text))); len(got) > 1 {
			t.Errorf("%s: got %+v", text, got)
		}
	}
}

// The recorded definition has every question of the recording, each with a type.
func TestQuestionsOf_ReadsARecordedDefinition(t *testing.T) {
	t.Parallel()
	folder := os.Getenv("QUALTRICS_PAYLOADS")
	if folder == "" {
		t.Skip("QUALTRICS_PAYLOADS is not set")
	}
	text, err := os.ReadFile(filepath.Join(folder, "survey_definition_cx.json"))
	if err != nil {
		t.Fatal(err)
	}
	result := membersOf(text)
	for _, name := range []string{"response", "body", "result"} {
		if inner := membersOf(result[name]); inner != nil {
			result = inner
		}
	}
	recorded := membersOf(result["Questions"])
	if len(recorded) == 0 {
		t.Fatalf("the recording has no questions: %.300s", text)
	}
	got := make(map[string]Question)
	for _, question := range questionsOf(result) {
		got[question.ID] = question
	}
	for id, raw := range recorded {
		question, ok := got[id]
		if !ok || question.Type == nil || question.Text == nil || question.Block == nil {
			t.Errorf("%s: got %+v", id, question)
		}
		var choices map[string]json.RawMessage
		if json.Unmarshal(membersOf(raw)["Choices"], &choices) == nil && len(choices) > len(question.Choices) {
			t.Errorf("%s: got %d choices of %d", id, len(question.Choices), len(choices))
		}
	}
}
