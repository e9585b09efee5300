package sandbox_test

import (
	"encoding/json"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/birdie-ai/source-qualtrics/source/sandbox"
)

// recordedAfter returns the values and labels of responses that were recorded after a moment.
func (c *client) recordedAfter(survey string, at time.Time) (values, labels []map[string]any) {
	c.t.Helper()
	for _, record := range c.exported(survey, `{"format":"ndjson"}`) {
		if record.Values["recordedDate"].(string) > at.Format(time.RFC3339Nano) {
			values, labels = append(values, record.Values), append(labels, record.Labels)
		}
	}
	return values, labels
}

// Responses that were recorded before an edit stay as they are. Later ones answer the edited
// survey.
func TestEdits_LaterResponsesFollowTheDefinition(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		edit func(tenant *sandbox.Sandbox, survey string) bool
		want func(values, labels map[string]any) bool // of some response that is recorded later
		none func(values map[string]any) bool         // of every one
	}{
		"a question is added": {
			edit: func(s *sandbox.Sandbox, survey string) bool { return s.AddQuestion(survey, "New?") == "QID68" },
			want: func(values, _ map[string]any) bool { return values["QID68_TEXT"] != nil },
		},
		"a question is deleted": {
			edit: func(s *sandbox.Sandbox, survey string) bool { return s.RemoveQuestion(survey, "QID1") },
			none: func(values map[string]any) bool { return values["QID1"] == nil },
		},
		"a question moves to the trash": {
			edit: func(s *sandbox.Sandbox, survey string) bool { return s.TrashQuestion(survey, "QID1") },
			none: func(values map[string]any) bool { return values["QID1"] == nil },
		},
		"a choice is recoded": {
			edit: func(s *sandbox.Sandbox, survey string) bool { return s.RecodeChoice(survey, "QID1", "2", 77) },
			want: func(values, labels map[string]any) bool { return values["QID1"] == 77.0 && labels["QID1"] == "Legal" },
			none: func(values map[string]any) bool { return values["QID1"] != 2.0 },
		},
		"the text of a choice changes": {
			edit: func(s *sandbox.Sandbox, survey string) bool {
				return s.RewordChoice(survey, "QID1", sandbox.KindChoice, "2", "Law")
			},
			want: func(values, labels map[string]any) bool { return values["QID1"] == 2.0 && labels["QID1"] == "Law" },
		},
		"a choice is deleted": {
			edit: func(s *sandbox.Sandbox, survey string) bool {
				return s.RemoveChoice(survey, "QID1", sandbox.KindChoice, "2")
			},
			none: func(values map[string]any) bool { return values["QID1"] != 2.0 },
		},
		"a field is added": {
			edit: func(s *sandbox.Sandbox, survey string) bool { return s.AddEmbeddedField(survey, "Wave 2") },
			want: func(values, _ map[string]any) bool { return values["Wave 2"] != nil },
		},
		"a question gets another tag": {
			edit: func(s *sandbox.Sandbox, survey string) bool { return s.RetagQuestion(survey, "QID1", "q36") },
			want: func(values, _ map[string]any) bool { return values["QID1"] != nil },
		},
		"a block moves": {
			edit: func(s *sandbox.Sandbox, survey string) bool {
				return s.MoveBlock(survey, truthOf(s, "blocks")[1]["block_id"].(string), 0) && truthOf(s, "block_questions")[0]["question_id"] == "QID63"
			},
			want: func(values, _ map[string]any) bool { return values["QID1"] != nil },
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c := newClient(t, sandbox.Options{Surveys: 1, Responses: 100, Contacts: 1})
			survey := c.surveyIDs()[0]
			before, was := c.exported(survey, `{"format":"ndjson"}`), c.listed()[survey]["lastModified"].(string)
			if !test.edit(c.tenant, survey) {
				t.Fatal("there was no edit")
			}
			if now := c.listed()[survey]["lastModified"].(string); now <= was {
				t.Errorf("the survey was modified at %s, and before the edit at %s", now, was)
			}
			if diff := cmp.Diff(before, c.exported(survey, `{"format":"ndjson"}`)); diff != "" {
				t.Errorf("older responses changed:\n%s", diff)
			}
			at := c.tenant.Now()
			c.tenant.SetActivity(40, 0, 0)
			c.tenant.Advance(3*time.Hour, false)
			c.tenant.Advance(time.Hour, true)
			values, labels := c.recordedAfter(survey, at)
			found := test.want == nil
			for i := range values {
				if test.none != nil && !test.none(values[i]) {
					t.Errorf("a later response has %v", values[i])
				}
				found = found || test.want(values[i], labels[i])
			}
			if !found || len(values) < 50 {
				t.Errorf("no response of %d follows the edit", len(values))
			}
			c.agrees(survey)
		})
	}
}

// truthOf returns the rows of a kind.
func truthOf(s *sandbox.Sandbox, kind string) (rows []map[string]any) {
	all, _ := s.Truth(kind)
	for row := range all {
		var one map[string]any
		if json.Unmarshal(row, &one) == nil {
			rows = append(rows, one)
		}
	}
	return rows
}

// agrees checks that the response schema and the header of tables have the keys of an export,
// and that the definition has the questions that are not deleted.
func (c *client) agrees(survey string) {
	c.t.Helper()
	schema := result[map[string]any](c.t, c.get("/API/v3/surveys/"+survey+"/response-schema"))
	properties := schema["properties"].(map[string]any)["values"].(map[string]any)["properties"].(map[string]any)
	keys := make(map[string]bool)
	for _, record := range c.exported(survey, `{"format":"ndjson"}`) {
		for key := range record.Values {
			keys[key] = true
		}
	}
	columns, _ := c.csv(survey, `,"includeDisplayOrder":true`)
	headers := map[string]bool{"_lastModifiedDate": true}
	for _, column := range columns {
		headers[column.ImportID] = true
	}
	for _, key := range slices.Sorted(maps.Keys(keys)) {
		if properties[key] == nil {
			c.t.Errorf("the response schema lacks %s", key)
		}
		if !headers[key] {
			c.t.Errorf("the table lacks %s", key)
		}
	}
}

// After many edits of each kind, every value of every export is in the response schema and in
// the table of answers.
func TestEdits_ExportsAgreeWithTheSchemaAfterMany(t *testing.T) {
	t.Parallel()
	c := newClient(t, sandbox.Options{Seed: 4, Surveys: 10, Responses: 100, Contacts: 1})
	tried, made := 0, 0 // not each draw is an edit that applies
	for range 6 {
		for _, survey := range c.surveyIDs() {
			for range 4 {
				c.tenant.EditSurvey(survey)
				c.tenant.EditStructure(survey)
				if tried++; c.tenant.ArrangeSurvey(survey) {
					made++
				}
			}
		}
		c.tenant.Advance(2*time.Hour, false)
	}
	if made < tried*9/10 {
		t.Errorf("%d of %d edits were made", made, tried)
	}
	c.tenant.Advance(time.Hour, true)
	for _, survey := range c.surveyIDs() {
		c.agrees(survey)
	}
	c.compareQuestions("after the edits")
}

func TestTopics_ComeLateAndMoveNoDate(t *testing.T) {
	t.Parallel()
	for _, after := range []time.Duration{0, 6 * time.Hour} {
		c := newClient(t, sandbox.Options{Surveys: 3, Responses: 90, Contacts: 1, Doubt: sandbox.Doubt{TopicsAfter: after}})
		survey := c.surveyIDs()[2] // with Text iQ
		at := c.tenant.Now()
		c.tenant.SetActivity(20, 0, 0)
		c.tenant.Advance(5*time.Hour, false)
		c.tenant.Advance(10*time.Minute, true)
		results := func() (texts, analyzed int, dates []any) {
			for _, record := range c.exported(survey, `{"format":"ndjson","sortByLastModifiedDate":true}`) {
				if record.Values["recordedDate"].(string) < at.Format(time.RFC3339Nano) {
					continue
				}
				dates = append(dates, record.Values["_lastModifiedDate"])
				for key := range record.Values {
					if strings.HasSuffix(key, "_TEXT") {
						texts++
					} else if strings.HasSuffix(key, "SenPol") {
						analyzed++
					}
				}
			}
			return texts, analyzed, dates
		}
		texts, early, before := results()
		if want := texts; texts < 5 || after == 0 && early != want || after > 0 && early != 0 {
			t.Errorf("after %s: %d texts of %d have results", after, early, texts)
		}
		c.tenant.SetActivity(0, 0, 0)
		c.tenant.Advance(12*time.Hour, false)
		_, late, dates := results()
		if late != texts || !cmp.Equal(before, dates) {
			t.Errorf("after %s: %d texts of %d have results later, with the dates %v, want %v", after, late, texts, dates, before)
		}
	}
}
