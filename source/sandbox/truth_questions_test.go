package sandbox_test

import (
	"fmt"
	"slices"
	"strconv"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/birdie-ai/source-qualtrics/source/sandbox"
)

// entries are the members of an object, or the elements of an array by position.
func entries(value any) map[string]any {
	all := make(map[string]any)
	switch value := value.(type) {
	case map[string]any:
		return value
	case []any:
		for i, element := range value {
			all[strconv.Itoa(i)] = element
		}
	}
	return all
}

// shown is the text of a value that is a text or a number; nil of nothing.
func shown(value any) any {
	if value == nil || value == "" {
		return nil
	}
	return fmt.Sprint(value)
}

// rowsOfDefinition takes a definition apart as API §2.2 describes it.
func rowsOfDefinition(c *client, definition map[string]any, questions, choices map[string]map[string]any) {
	c.t.Helper()
	places := make(map[string]map[string]any)
	for _, value := range entries(definition["Blocks"]) {
		block := value.(map[string]any)
		for _, element := range block["BlockElements"].([]any) {
			if id, ok := element.(map[string]any)["QuestionID"]; ok {
				places[id.(string)] = block
			}
		}
	}
	var add func(q map[string]any, parent any)
	add = func(q map[string]any, parent any) {
		id := q["QuestionID"].(string)
		placed := id
		if parent != nil {
			placed = parent.(string)
		}
		c.keep(questions, map[string]any{
			"survey_id": definition["SurveyID"], "question_id": id, "parent_question_id": parent, "block_id": places[placed]["ID"], "block_type": places[placed]["Type"],
			"data_export_tag": q["DataExportTag"], "question_type": q["QuestionType"], "selector": shown(q["Selector"]), "sub_selector": shown(q["SubSelector"]),
			"question_text": q["QuestionText"], "question_description": q["QuestionDescription"],
		}, []string{"survey_id", "question_id"})
		for kind, member := range map[string]string{"choice": "Choices", "answer": "Answers", "group": "Groups", "dynamic_choice": "DynamicChoicesData"} {
			for choice, value := range entries(q[member]) {
				row := choiceRow(q, kind, choice, value)
				row["survey_id"], row["question_id"], row["kind"], row["choice_id"] = definition["SurveyID"], id, kind, choice
				c.keep(choices, row, []string{"survey_id", "question_id", "kind", "choice_id"})
			}
		}
		for _, column := range entries(q["AdditionalQuestions"]) {
			add(column.(map[string]any), id)
		}
	}
	for key, value := range entries(definition["Questions"]) {
		if q := value.(map[string]any); q["QuestionID"] != key {
			c.t.Errorf("the question %v has the key %s", q["QuestionID"], key)
		}
		add(value.(map[string]any), nil)
	}
}

func choiceRow(q map[string]any, kind, id string, value any) map[string]any {
	row := map[string]any{"recode_value": nil, "variable_name": nil, "export_tag": nil, "analyzed": true, "position": nil, "text_entry": false, "exclusive_answer": false}
	if element, ok := value.(map[string]any); ok {
		row["display"] = fmt.Sprint(element["Display"])
		row["text_entry"] = slices.Contains([]any{"true", true, 1.0}, element["TextEntry"])
		row["exclusive_answer"] = element["ExclusiveAnswer"] == true
	} else {
		row["display"] = value
	}
	order := map[string]string{"choice": "ChoiceOrder", "answer": "AnswerOrder"}[kind]
	if ids, ok := q[order].([]any); ok {
		if at := slices.IndexFunc(ids, func(one any) bool { return fmt.Sprint(one) == id }); at >= 0 {
			row["position"] = float64(at + 1)
		}
	}
	holder := "choice"
	if len(entries(q["Answers"])) > 0 {
		holder = "answer"
	}
	if kind == holder {
		row["recode_value"], row["variable_name"] = shown(entries(q["RecodeValues"])[id]), shown(entries(q["VariableNaming"])[id])
		row["analyzed"] = entries(q["AnalyzeChoices"])[id] != "No"
	}
	if kind == "choice" {
		row["export_tag"] = shown(entries(q["ChoiceDataExportTags"])[id])
	}
	return row
}

// compareQuestions compares the truth with the definitions of the listed surveys,
// and returns it.
func (c *client) compareQuestions(when string) (questions, choices map[string]map[string]any) {
	c.t.Helper()
	wantQuestions, wantChoices := make(map[string]map[string]any), make(map[string]map[string]any)
	_, surveys := c.pages("/API/v3/surveys")
	for _, survey := range surveys {
		got := c.get("/API/v3/survey-definitions/" + survey["id"].(string))
		if got.status == 403 {
			continue
		}
		rowsOfDefinition(c, result[map[string]any](c.t, got), wantQuestions, wantChoices)
	}
	questions = c.truth("questions", "survey_id", "question_id")
	choices = c.truth("question_choices", "survey_id", "question_id", "kind", "choice_id")
	if diff := cmp.Diff(wantQuestions, questions); diff != "" {
		c.t.Errorf("%s, questions (-definition +truth):\n%.4000s", when, diff)
	}
	if diff := cmp.Diff(wantChoices, choices); diff != "" {
		c.t.Errorf("%s, choices (-definition +truth):\n%.4000s", when, diff)
	}
	return questions, choices
}

func TestTruth_OfQuestionsIsThatOfTheDefinitions(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		c := newClient(t, sandbox.Options{Seed: 8, Surveys: 41, Responses: 41, Contacts: 1, KeepSurveys: 100})
		questions, choices := c.compareQuestions("at the start")
		kinds := make(map[any]int)
		for _, choice := range choices {
			kinds[choice["kind"]]++
		}
		for _, kind := range []sandbox.ChoiceKind{sandbox.KindChoice, sandbox.KindAnswer, sandbox.KindGroup, sandbox.KindDynamicChoice} {
			if kinds[string(kind)] == 0 {
				t.Errorf("no choice is a %s: %v", kind, kinds)
			}
		}
		c.tenant.SetActivity(0, 0, 8)
		c.tenant.Advance(20*time.Hour, false)
		laterQuestions, laterChoices := c.compareQuestions("later")
		for kind, pair := range map[string][2]map[string]map[string]any{"questions": {questions, laterQuestions}, "question_choices": {choices, laterChoices}} {
			if added, changed, gone := changes(pair[0], pair[1]); added == 0 || changed < 10 || gone == 0 {
				t.Errorf("%s: %d were added, %d changed, %d went; want some of each", kind, added, changed, gone)
			}
		}
	})
}

// A survey whose questions changed has moved its modified date: a client needs only
// the definitions of such surveys.
func TestQuestions_ChangeOnlyWithTheModifiedDate(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		c := newClient(t, sandbox.Options{Seed: 6, Surveys: 8, Responses: 8, Contacts: 1})
		snapshot := func() map[string]string {
			all := make(map[string]string)
			for _, kind := range []string{"questions", "question_choices", "blocks", "survey_flow_elements", "embedded_data_fields", "scoring_categories", "survey_languages"} {
				rows, _ := c.tenant.Truth(kind)
				for row := range rows {
					all[decode[map[string]any](t, row)["survey_id"].(string)] += string(row)
				}
			}
			return all
		}
		surveys, before := c.listed(), snapshot()
		edited, untouched := 0, 0
		for range 10 {
			c.tenant.Advance(4*time.Hour, false)
			now, after := c.listed(), snapshot()
			for survey, old := range surveys {
				switch moved := now[survey]["lastModified"].(string) > old["lastModified"].(string); {
				case before[survey] != after[survey] && !moved:
					t.Errorf("the questions of %s changed, its modified date did not", survey)
				case before[survey] != after[survey]:
					edited++
				default:
					untouched++
				}
			}
			surveys, before = now, after
		}
		if edited < 3 || untouched < 50 {
			t.Errorf("surveys were edited %d times, and %d times not", edited, untouched)
		}
	})
}
