package sandbox_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/birdie-ai/source-qualtrics/source/sandbox"
)

func TestQuestions_GoToTheTrashAndAreDeleted(t *testing.T) {
	t.Parallel()
	c := newClient(t, sandbox.Options{Surveys: 2, Responses: 60, Contacts: 1})
	survey := c.surveyIDs()[1] // an NPS question and a text
	definition := func() map[string]any {
		return result[map[string]any](t, c.get("/API/v3/survey-definitions/"+survey))
	}
	trash := func() (ids []any) {
		for _, block := range entries(definition()["Blocks"]) {
			if block.(map[string]any)["Type"] == "Trash" {
				for _, element := range block.(map[string]any)["BlockElements"].([]any) {
					ids = append(ids, element.(map[string]any)["QuestionID"])
				}
			}
		}
		return ids
	}
	before := c.listed()[survey]["lastModified"].(string)
	responses := c.exported(survey, `{"format":"ndjson"}`)
	if !c.tenant.TrashQuestion(survey, "QID2") || c.tenant.TrashQuestion(survey, "QID2") || c.listed()[survey]["lastModified"].(string) <= before {
		t.Error("want the question in the trash once, and the modified date moved")
	}
	if got := trash(); !slices.Equal(got, []any{"QID2"}) || entries(definition()["Questions"])["QID2"] == nil {
		t.Errorf("the trash has %v", got)
	}
	if got := c.truth("questions", "survey_id", "question_id")[survey+" QID2"]; got["block_type"] != "Trash" {
		t.Errorf("the truth has %v", got)
	}
	if !c.tenant.RemoveQuestion(survey, "QID2") || c.tenant.RemoveQuestion(survey, "QID2") {
		t.Error("want the question deleted once")
	}
	if got := trash(); len(got) != 0 || entries(definition()["Questions"])["QID2"] != nil || c.truth("questions", "survey_id", "question_id")[survey+" QID2"] != nil {
		t.Errorf("the question is still there: the trash has %v", got)
	}
	if diff := cmp.Diff(responses, c.exported(survey, `{"format":"ndjson"}`)); diff != "" {
		t.Errorf("exports (-before +after):\n%s", diff)
	}
	if id := c.tenant.AddQuestion(survey, "<b>New?</b>"); id != "QID3" || c.truth("questions", "survey_id", "question_id")[survey+" QID3"]["question_description"] != "New?" {
		t.Errorf("the new question is %s, whose number is not used before", id)
	}
	if c.tenant.RemoveQuestion("SV_none", "QID1") || c.tenant.AddQuestion("SV_none", "x") != "" || c.tenant.RewordQuestion(survey, "QID99", "x") {
		t.Error("something was edited that does not exist")
	}
	c.compareQuestions("after the edits")
}

func TestQuestions_ChoicesAreAddedRewordedAndRemoved(t *testing.T) {
	t.Parallel()
	c := newClient(t, sandbox.Options{Surveys: 2, Responses: 60, Contacts: 1})
	survey := c.surveyIDs()[0]
	question := func(id string) map[string]any {
		definition := result[map[string]any](t, c.get("/API/v3/survey-definitions/"+survey))
		return entries(definition["Questions"])[id].(map[string]any)
	}
	// NPS: an array until a choice in its middle is missing.
	if _, ok := question("QID18")["Choices"].([]any); !ok {
		t.Fatalf("Choices of the NPS question are %v", question("QID18")["Choices"])
	}
	if !c.tenant.RemoveChoice(survey, "QID18", sandbox.KindChoice, "4") || c.tenant.RemoveChoice(survey, "QID18", sandbox.KindChoice, "4") {
		t.Error("want the choice removed once")
	}
	if got, ok := question("QID18")["Choices"].(map[string]any); !ok || len(got) != 10 || got["4"] != nil || len(question("QID18")["ChoiceOrder"].([]any)) != 10 {
		t.Errorf("Choices are %v", got)
	}
	// Matrix: statements are choices, scale points answers.
	next := question("QID67")["NextAnswerId"].(float64)
	id := c.tenant.AddChoice(survey, "QID67", sandbox.KindAnswer, "Very")
	if id != fmt.Sprint(next) || question("QID67")["NextAnswerId"] != next+1 || len(entries(question("QID67")["Answers"])) != 6 || len(entries(question("QID67")["Choices"])) != 4 {
		t.Errorf("the new answer is %s of %v", id, question("QID67"))
	}
	// IDs of later choices are texts among numbers.
	added := c.tenant.AddChoice(survey, "QID63", sandbox.KindChoice, "Never")
	if diff := cmp.Diff([]any{1.0, 2.0, 3.0, 4.0, added}, question("QID63")["ChoiceOrder"]); diff != "" {
		t.Errorf("ChoiceOrder (-want +got):\n%s", diff)
	}
	if !c.tenant.RewordChoice(survey, "QID63", sandbox.KindChoice, added, "<i>Hardly</i>") || c.truth("question_choices", "survey_id", "question_id", "kind", "choice_id")[survey+" QID63 choice "+added]["display"] != "<i>Hardly</i>" {
		t.Error("the choice has not its new text")
	}
	if !c.tenant.RemoveChoice(survey, "QID63", sandbox.KindChoice, added) || c.tenant.AddChoice(survey, "QID63", sandbox.KindChoice, "Again") == added {
		t.Error("an id was used twice")
	}
	for _, none := range []bool{
		c.tenant.RemoveChoice(survey, "QID99", sandbox.KindChoice, "1"), c.tenant.RemoveChoice(survey, "QID63", sandbox.KindGroup, "1"),
		c.tenant.AddChoice(survey, "QID27", sandbox.KindChoice, "x") != "", c.tenant.RewordChoice(survey, "QID63", sandbox.KindAnswer, "1", "x"),
	} {
		if none {
			t.Error("something was edited that does not exist")
		}
	}
	c.compareQuestions("after the edits")
}

func TestEditSurvey_MakesAnEditThatTheSeedDecides(t *testing.T) {
	t.Parallel()
	edited := func(seed uint64) string {
		c := newClient(t, sandbox.Options{Seed: seed, Surveys: 11, Responses: 11, Contacts: 1})
		var all strings.Builder
		for _, survey := range c.surveyIDs() {
			for range 40 {
				if !c.tenant.EditSurvey(survey) {
					t.Fatalf("%s was not edited", survey)
				}
			}
		}
		c.compareQuestions("after forty edits each")
		for _, kind := range []string{"questions", "question_choices"} {
			rows, _ := c.tenant.Truth(kind)
			for row := range rows {
				all.Write(row)
			}
		}
		return all.String()
	}
	if one := edited(1); one != edited(1) || one == edited(2) {
		t.Error("the seed does not decide the edits")
	}
}

// Side-by-side, pick-group-rank, drill-down and MaxDiff questions have the members of
// the recorded ones.
func TestQuestions_HaveTheTablesOfTheirTypes(t *testing.T) {
	t.Parallel()
	c := newClient(t, sandbox.Options{Surveys: 10, Responses: 60, Contacts: 1})
	byType := make(map[any]map[string]any)
	for _, survey := range c.surveyIDs() {
		for _, q := range result[listing](t, c.get("/API/v3/survey-definitions/"+survey+"/questions")).Elements {
			byType[q["QuestionType"]], byType[q["Selector"]] = q, q
		}
	}
	column := entries(byType["SBS"]["AdditionalQuestions"])["2"].(map[string]any)
	if column["QuestionID"] != "QID8#2" || column["DataExportTag"] != "sidebyside#2" || !cmp.Equal(column["Choices"], byType["SBS"]["Choices"]) || column["Answers"] == nil || column["AnswerOrder"] != nil {
		t.Errorf("a column of the side-by-side question is %v", column)
	}
	if diff := cmp.Diff([]any{"Keep", "Drop"}, byType["PGR"]["Groups"]); diff != "" || byType["PGR"]["Answers"] != nil {
		t.Errorf("groups (-want +got):\n%s", diff)
	}
	want := any(map[string]any{"1": map[string]any{"2": map[string]any{"3": nil}}, "4": map[string]any{"5": nil}})
	if diff := cmp.Diff(want, byType["DD"]["AnswerMap"]); diff != "" || byType["DD"]["AnswerOrder"] != nil {
		t.Errorf("the drill-down (-want +got):\n%s", diff)
	}
	for _, table := range []string{"Choices", "Answers"} {
		for id, choice := range entries(byType["MaxDiff"][table]) {
			if choice.(map[string]any)["ExclusiveAnswer"] != true {
				t.Errorf("MaxDiff, %s: %s is %v", table, id, choice)
			}
		}
	}
}
