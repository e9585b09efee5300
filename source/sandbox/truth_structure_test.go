package sandbox_test

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/birdie-ai/source-qualtrics/source/sandbox"
)

// structureKeys are the kinds of truth of definitions beside questions, with their keys.
var structureKeys = map[string][]string{
	"blocks":               {"survey_id", "block_id"},
	"block_questions":      {"survey_id", "block_id", "element_id"},
	"survey_flow_elements": {"survey_id", "flow_id"},
	"embedded_data_fields": {"survey_id", "flow_id", "field"},
	"scoring_categories":   {"survey_id", "category_id"},
	"survey_languages":     {"survey_id", "language"},
	"survey_definitions":   {"survey_id"},
}

// named is a member of an object, or an element of an array.
type named struct {
	name  string
	value map[string]any
}

// inOrder lists the members of an object as they are written, or the elements of an array.
func inOrder(t testing.TB, raw json.RawMessage) (all []named) {
	t.Helper()
	decoder := json.NewDecoder(strings.NewReader(string(raw)))
	first, _ := decoder.Token()
	for i := 0; decoder.More(); i++ {
		one := named{name: fmt.Sprint(i)}
		if first == json.Delim('{') {
			name, err := decoder.Token()
			if err != nil {
				t.Fatal(err)
			}
			one.name = name.(string)
		}
		if err := decoder.Decode(&one.value); err != nil {
			t.Fatal(err)
		}
		all = append(all, one)
	}
	return all
}

// unlocked replaces the credentials of the sandbox, in the forms that the truth has.
func unlocked(value any) any {
	text := string(encoded(value))
	address := "https://hooks.example.com/services/" + sandbox.WebServiceSecret + "?key=" + sandbox.WebServiceSecret
	text = strings.ReplaceAll(text, address, "https://hooks.example.com/[redacted]")
	text = strings.ReplaceAll(text, "Bearer "+sandbox.WebServiceSecret, "[redacted]")
	text = strings.ReplaceAll(text, sandbox.WebServiceSecret, "[redacted]")
	var masked any
	_ = json.Unmarshal([]byte(text), &masked)
	return masked
}

func encoded(value any) []byte {
	text, _ := json.Marshal(value)
	return text
}

// orNil is nil for an object without members.
func orNil(object map[string]any) any {
	if len(object) == 0 {
		return nil
	}
	return object
}

// rowsOfStructure takes a definition apart as API §2.2 describes it.
func rowsOfStructure(c *client, raw map[string]json.RawMessage, keep func(kind string, row map[string]any)) {
	c.t.Helper()
	whole := decode[map[string]any](c.t, encoded(raw))
	survey := whole["SurveyID"]
	add := func(kind string, row map[string]any) {
		row["survey_id"] = survey
		keep(kind, row)
	}
	for i, one := range inOrder(c.t, raw["Blocks"]) {
		b := one.value
		add("blocks", map[string]any{"block_id": b["ID"], "description": b["Description"], "block_type": b["Type"], "sub_type": shown(b["SubType"]), "position": float64(i + 1), "options": b["Options"]})
		for j, value := range b["BlockElements"].([]any) {
			element := value.(map[string]any)
			id := element["QuestionID"]
			if id == nil {
				id = fmt.Sprintf("#%d", j+1)
			}
			add("block_questions", map[string]any{"block_id": b["ID"], "element_id": id, "position": float64(j + 1), "element_type": element["Type"], "question_id": element["QuestionID"]})
		}
	}
	var walk func(element map[string]any, parent any, depth, position int)
	walk = func(element map[string]any, parent any, depth, position int) {
		row := map[string]any{
			"flow_id": element["FlowID"], "flow_type": element["Type"], "parent_flow_id": parent, "depth": float64(depth), "position": float64(position),
			"block_id": element["ID"], "description": element["Description"],
		}
		rest := make(map[string]any)
		for name, value := range element {
			if !slices.Contains([]string{"FlowID", "Type", "ID", "Description", "Flow", "EmbeddedData"}, name) {
				rest[name] = value
			}
		}
		row["properties"] = unlocked(orNil(rest))
		add("survey_flow_elements", row)
		for i, value := range entriesInOrder(element["EmbeddedData"]) {
			item := value.(map[string]any)
			name := item["Field"]
			if name == nil {
				name = item["Description"]
			}
			add("embedded_data_fields", map[string]any{
				"flow_id": element["FlowID"], "field": name, "position": float64(i + 1), "field_type": item["Type"], "description": item["Description"],
				"variable_type": item["VariableType"], "value": unlocked(item["Value"]), "analyze_text": item["AnalyzeText"], "flow_only": item["FlowOnly"],
			})
		}
		for i, inner := range entriesInOrder(element["Flow"]) {
			walk(inner.(map[string]any), element["FlowID"], depth+1, i+1)
		}
	}
	walk(whole["SurveyFlow"].(map[string]any), nil, 0, 1)
	scoring := whole["Scoring"].(map[string]any)
	for i, value := range scoring["ScoringCategories"].([]any) {
		category := value.(map[string]any)
		var groups any
		for _, group := range scoring["ScoringCategoryGroups"].([]any) {
			if g := group.(map[string]any); slices.Contains(g["Categories"].([]any), category["ID"]) {
				groups = []any{map[string]any{"id": g["ID"], "name": g["Name"]}}
			}
		}
		add("scoring_categories", map[string]any{
			"category_id": category["ID"], "name": category["Name"], "description": shown(category["Description"]), "position": float64(i + 1),
			"is_default": category["ID"] == scoring["DefaultScoringCategory"], "category_groups": groups,
		})
	}
	options := whole["SurveyOptions"].(map[string]any)
	languages := entries(options["AvailableLanguages"])
	if options["AvailableLanguages"] == nil {
		languages = map[string]any{options["SurveyLanguage"].(string): nil}
	}
	for code := range languages {
		titles, _ := entries(options["MetaDataTranslations"])[code].(map[string]any)
		add("survey_languages", map[string]any{
			"language": code, "is_base": code == options["SurveyLanguage"], "survey_title": titles["SurveyTitle"], "survey_meta_description": titles["SurveyMetaDescription"],
		})
	}
	add("survey_definitions", map[string]any{
		"definition_last_modified": whole["LastModified"], "survey_name": whole["SurveyName"], "survey_status": whole["SurveyStatus"], "definition": unlocked(whole),
	})
}

func entriesInOrder(value any) []any {
	all, _ := value.([]any)
	return all
}

// compareStructure compares the truth with the definitions of the listed surveys, and
// returns it.
func (c *client) compareStructure(when string) map[string]map[string]map[string]any {
	c.t.Helper()
	want, got := make(map[string]map[string]map[string]any), make(map[string]map[string]map[string]any)
	for kind, keys := range structureKeys {
		want[kind], got[kind] = make(map[string]map[string]any), c.truth(kind, keys...)
	}
	_, surveys := c.pages("/API/v3/surveys")
	for _, survey := range surveys {
		answer := c.get("/API/v3/survey-definitions/" + survey["id"].(string))
		if answer.status == 403 {
			continue
		}
		rowsOfStructure(c, result[map[string]json.RawMessage](c.t, answer), func(kind string, row map[string]any) { c.keep(want[kind], row, structureKeys[kind]) })
	}
	for kind := range structureKeys {
		if diff := cmp.Diff(want[kind], got[kind]); diff != "" {
			c.t.Errorf("%s, %s (-definition +truth):\n%.3000s", when, kind, diff)
		}
	}
	return got
}

func TestTruth_OfTheStructureIsThatOfTheDefinitions(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		c := newClient(t, sandbox.Options{Seed: 8, Surveys: 9, Responses: 9, Contacts: 1, KeepSurveys: 100})
		before := c.compareStructure("at the start")
		c.tenant.SetActivity(0, 0, 8)
		c.tenant.Advance(20*time.Hour, false)
		later := c.compareStructure("later")
		for kind := range structureKeys {
			if added, _, _ := changes(before[kind], later[kind]); added == 0 {
				t.Errorf("%s: none were added by the authors of surveys", kind)
			}
		}
		for _, survey := range c.surveyIDs() {
			for range 40 {
				c.tenant.EditSurvey(survey)
				c.tenant.EditStructure(survey)
				c.tenant.ArrangeSurvey(survey)
			}
		}
		after := c.compareStructure("after many edits")
		for kind := range structureKeys {
			if added, changed, gone := changes(later[kind], after[kind]); changed == 0 || (added == 0 || gone == 0) && kind != "survey_definitions" {
				t.Errorf("%s: %d were added, %d changed, %d went; want some of each", kind, added, changed, gone)
			}
		}
		types, deepest := make(map[any]int), 0.0
		for _, element := range after["survey_flow_elements"] {
			types[element["flow_type"]]++
			deepest = max(deepest, element["depth"].(float64))
		}
		for _, kind := range []string{"Root", "Block", "Standard", "EmbeddedData", "Branch", "BlockRandomizer", "Group", "WebService", "EndSurvey"} {
			if types[kind] == 0 {
				t.Errorf("no element of the flow is a %s: %v", kind, types)
			}
		}
		if deepest < 3 {
			t.Errorf("the flow is nested %v deep, want 3", deepest)
		}
		trash := 0
		for _, block := range after["blocks"] {
			if block["block_type"] == "Trash" {
				trash++
			}
		}
		if trash == 0 {
			t.Error("no block is a trash")
		}
	})
}

func TestEditStructure_MakesAnEditThatTheSeedDecides(t *testing.T) {
	t.Parallel()
	edited := func(seed uint64) string {
		c := newClient(t, sandbox.Options{Seed: seed, Surveys: 11, Responses: 11, Contacts: 1})
		before := c.listed()
		for _, survey := range c.surveyIDs() {
			for range 30 {
				if !c.tenant.EditStructure(survey) {
					t.Fatalf("%s was not edited", survey)
				}
			}
			if c.listed()[survey]["lastModified"].(string) <= before[survey]["lastModified"].(string) {
				t.Errorf("the modified date of %s did not move", survey)
			}
		}
		return string(encoded(c.compareStructure("after thirty edits each")["survey_definitions"]))
	}
	if one := edited(1); one != edited(1) || one == edited(2) {
		t.Error("the seed does not decide the edits")
	}
}

func TestFlowElements_AreAddedAndRemoved(t *testing.T) {
	t.Parallel()
	c := newClient(t, sandbox.Options{Surveys: 2, Responses: 5, Contacts: 1})
	survey := c.surveyIDs()[1]
	kind := func(id string) any {
		return c.truth("survey_flow_elements", "survey_id", "flow_id")[survey+" "+id]["flow_type"]
	}
	ids := make(map[string]bool)
	for _, of := range []string{"WebService", "EmbeddedData", "Branch", "BlockRandomizer", "Group"} {
		id := c.tenant.AddFlowElement(survey, of)
		if kind(id) != of || ids[id] {
			t.Errorf("the new %s is %q, a %v", of, id, kind(id))
		}
		ids[id] = true
		c.compareStructure("with a " + of)
	}
	for id := range ids {
		if !c.tenant.RemoveFlowElement(survey, id) || c.tenant.RemoveFlowElement(survey, id) || kind(id) != nil {
			t.Errorf("want %s removed once", id)
		}
	}
	if again := c.tenant.AddFlowElement(survey, "Group"); ids[again] {
		t.Errorf("the id %s is used twice", again)
	}
	if c.tenant.AddFlowElement("SV_none", "Group") != "" || c.tenant.EditStructure("SV_none") {
		t.Error("a survey was edited that does not exist")
	}
	c.compareStructure("at the end")
}

func TestTranslations_AreThoseOfTheTruth(t *testing.T) {
	t.Parallel()
	c := newClient(t, sandbox.Options{Seed: 4, Surveys: 10, Responses: 10, Contacts: 1})
	for _, survey := range c.surveyIDs() {
		for range 10 {
			c.tenant.EditStructure(survey)
			c.tenant.EditSurvey(survey)
		}
	}
	want, got := c.truth("survey_translations", "survey_id", "language", "text_key"), 0
	for _, survey := range c.surveyIDs() {
		path := "/API/v3/surveys/" + survey
		questions := entries(result[map[string]any](t, c.get("/API/v3/survey-definitions/"+survey))["Questions"])
		for i, language := range result[map[string][]string](t, c.get(path+"/languages"))["AvailableLanguages"] {
			texts := entries(result[any](t, c.get(path+"/translations/"+language)))
			for key, text := range texts {
				got++
				if row := want[survey+" "+language+" "+key]; row["text"] != text {
					t.Errorf("%s, %s: got the text %v, the truth is %v", survey, key, text, row)
				}
			}
			for id, q := range questions {
				text := q.(map[string]any)["QuestionText"].(string)
				if shown, _ := texts[id+"_QuestionText"].(string); i == 0 && shown != text || i > 0 && shown != "["+language+"] "+text {
					t.Errorf("%s, %s: got the text %q of %q", survey, id, shown, text)
				}
			}
		}
		wantError(t, c.get(path+"/translations/XX"), 404, "UNF_9", "Resource not found")
	}
	if got != len(want) || got == 0 {
		t.Errorf("got %d texts, the truth has %d", got, len(want))
	}
}

// The route of the languages answers with those of the definition.
func TestLanguages_AreThoseOfTheDefinition(t *testing.T) {
	t.Parallel()
	c := newClient(t, sandbox.Options{Seed: 3, Surveys: 3, Responses: 5, Contacts: 1})
	for _, survey := range c.surveyIDs() {
		for range 20 {
			c.tenant.EditStructure(survey)
		}
		want := 0
		for _, row := range c.truth("survey_languages", "survey_id", "language") {
			if row["survey_id"] == survey {
				want++
			}
		}
		got := result[map[string][]string](t, c.get("/API/v3/surveys/"+survey+"/languages"))["AvailableLanguages"]
		if len(got) != want || want < 2 {
			t.Errorf("%s: got %v, want %d languages", survey, got, want)
		}
	}
}
