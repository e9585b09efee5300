package source_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/birdie-ai/source-qualtrics/source/sandbox"
)

// largeQuestions are as many questions as the largest recorded definition has, which are
// about as long. Tags come twice and differ in case only, and texts have piped text that
// nobody resolved and line breaks.
func largeQuestions() map[string]any {
	questions := make(map[string]any)
	filler := strings.Repeat("How far do you agree? ", 50)
	for n := range 684 {
		id, tag := fmt.Sprint("QID", 1000+n), []string{"Q1", "q1", "Q1", ""}[n%4]
		questions[id] = object{
			"QuestionID": id, "DataExportTag": tag, "QuestionType": "MC", "Selector": "SAVR",
			"QuestionText": "${q://QID" + fmt.Sprint(n) + "/ChoiceGroup/SelectedChoices}\r\n" + filler,
			"Choices":      object{"1": object{"Display": "two\nlines \u2028 ${e://Field/x}"}, "2": object{"Display": "<b>"}},
			"ChoiceOrder":  []any{"1", 2, "9"},
			"RecodeValues": object{"1": 10.0, "2": "10"},
		}
	}
	return questions
}

// A definition that is large, odd or contradicts the responses is read with all its rows, and
// the answers of its survey come. Those of other surveys are as without it.
func TestRead_BadDefinitions(t *testing.T) {
	for name, test := range map[string]struct {
		change    func(questions map[string]any) map[string]any
		questions int // 0: any
	}{
		"large, with repeated tags and piped text": {func(map[string]any) map[string]any { return largeQuestions() }, 684},
		"all questions are others": {func(questions map[string]any) map[string]any {
			for _, q := range questions {
				one := q.(map[string]any)
				one["QuestionType"], one["Selector"], one["Choices"], one["Answers"] = "DB", "TB", "none", 7
				one["RecodeValues"] = object{"1": []any{}, "2": nil, "": "x"}
			}
			return questions
		}, 0},
		"no question is left": {func(map[string]any) map[string]any { return object{} }, -1},
	} {
		t.Run(name, func(t *testing.T) {
			insideBubble(t, func(t *testing.T) {
				tn := newTenant(t, sandbox.Options{Seed: 83, Surveys: 3, Responses: 30, Contacts: 1})
				tn.SetActivity(0, 0, 0)
				tn.Advance(time.Hour, true)
				survey, size := keysOfTruth(t, tn, "surveys")[0], 0
				tn.rewriting("/survey-definitions/"+survey, func(definition map[string]any) any {
					definition["Questions"] = test.change(definition["Questions"].(map[string]any))
					encoded, _ := json.Marshal(definition)
					size = len(encoded)
					return definition
				})
				streams := []string{"questions", "question_choices", "survey_definitions", "answers", "response_embedded_data"}
				got := tn.read(t, nil, streams...)
				if test.questions == 684 && size < 850_000 {
					t.Errorf("the definition has %d bytes", size)
				}
				for _, stream := range streams {
					if got.statuses[stream] != "COMPLETE" {
						t.Errorf("%s is %s: %v", stream, got.statuses[stream], got.logs)
					}
				}
				of := func(stream string) (count int) {
					for _, row := range got.records[stream] {
						if row["survey_id"] == survey {
							count++
						}
					}
					return count
				}
				if count := of("questions"); test.questions > 0 && (count != test.questions || of("question_choices") != 2*test.questions) || test.questions < 0 && count != 0 {
					t.Errorf("%d questions of the survey came, with %d choices", count, of("question_choices"))
				}
				tables := merge(nil, got)
				for _, stream := range []string{"answers", "response_embedded_data"} {
					missing := 0
					for _, key := range keysOfTruth(t, tn, stream) {
						if tables[stream][key] == nil {
							missing++
						}
					}
					if extra := len(tables[stream]) - len(keysOfTruth(t, tn, stream)); missing > 0 || of(stream) == 0 || extra > 30 { // a marker per response
						t.Errorf("%s: %d rows are missing, and %d are too many", stream, missing, extra)
					}
				}
			})
		})
	}
}
