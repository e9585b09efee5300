package sandbox_test

import (
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/birdie-ai/source-qualtrics/source/sandbox"
)

// listed are the surveys of the list by id.
func (c *client) listed() map[string]map[string]any {
	c.t.Helper()
	all := make(map[string]map[string]any)
	for _, element := range result[listing](c.t, c.get("/API/v3/surveys")).Elements {
		all[element["id"].(string)] = element
	}
	return all
}

// truthIDs are the values of a member in the truth of a kind.
func (c *client) truthIDs(kind, member string) map[string]bool {
	c.t.Helper()
	rows, _ := c.tenant.Truth(kind)
	ids := make(map[string]bool)
	for row := range rows {
		ids[decode[map[string]any](c.t, row)[member].(string)] = true
	}
	return ids
}

func TestEvents_ASurveyIsRenamedClosedAndGivenAway(t *testing.T) {
	t.Parallel()
	c := newClient(t, sandbox.Options{})
	survey := c.surveyIDs()[0]
	before := c.listed()[survey]
	if !c.tenant.RenameSurvey(survey, "Another name") || !c.tenant.CloseSurvey(survey) || !c.tenant.GiveSurvey(survey, "UR_another") {
		t.Fatal("the survey was not found")
	}
	got := c.listed()[survey]
	if got["name"] != "Another name" || got["isActive"] != false || got["ownerId"] != "UR_another" || got["lastModified"].(string) <= before["lastModified"].(string) {
		t.Errorf("got %v, before %v", got, before)
	}
	definition := result[map[string]any](t, c.get("/API/v3/survey-definitions/"+survey))
	if definition["SurveyName"] != "Another name" || definition["SurveyStatus"] != "Inactive" || definition["OwnerID"] != "UR_another" {
		t.Errorf("the definition says %v, %v, %v", definition["SurveyName"], definition["SurveyStatus"], definition["OwnerID"])
	}
	if !c.tenant.ReopenSurvey(survey) || c.listed()[survey]["isActive"] != true {
		t.Error("the survey is not active again")
	}
	if c.tenant.RenameSurvey("SV_none", "x") {
		t.Error("a survey that does not exist was renamed")
	}
}

func TestEvents_ASurveyLeavesTheListAndReturns(t *testing.T) {
	t.Parallel()
	c := newClient(t, sandbox.Options{})
	survey := c.surveyIDs()[1]
	for _, test := range []struct {
		name   string
		event  func(string) bool
		status int // of calls that name the survey
	}{
		{"unlisted", c.tenant.UnlistSurvey, 200},
		{"withdrawn", c.tenant.WithdrawSurvey, 403},
		{"removed", c.tenant.RemoveSurvey, 404},
	} {
		if !test.event(survey) {
			t.Fatalf("%s: the survey was not found", test.name)
		}
		if c.listed()[survey] != nil || c.truthIDs("surveys", "survey_id")[survey] || c.truthIDs("responses", "survey_id")[survey] {
			t.Errorf("%s: the survey is still there", test.name)
		}
		for _, path := range []string{"/API/v3/surveys/" + survey, "/API/v3/survey-definitions/" + survey, "/API/v3/surveys/" + survey + "/response-schema"} {
			if got := c.get(path); got.status != test.status {
				t.Errorf("%s: GET %s answered %d, want %d", test.name, path, got.status, test.status)
			}
		}
		if got := c.do("POST", exportPath(survey), `{"format":"ndjson"}`); got.status != test.status {
			t.Errorf("%s: an export answered %d, want %d", test.name, got.status, test.status)
		}
		if restored := c.tenant.RestoreSurvey(survey); restored != (c.listed()[survey] != nil) || restored == (test.name == "removed") {
			t.Errorf("%s: restored is %v", test.name, restored)
		}
	}
}

func TestEvents_ADirectoryLeavesTheListAndReturns(t *testing.T) {
	t.Parallel()
	c := newClient(t, sandbox.Options{})
	directories := func() (ids []string) {
		for _, element := range result[listing](t, c.get("/API/v3/directories")).Elements {
			ids = append(ids, element["directoryId"].(string))
		}
		return ids
	}
	all := directories()
	for _, test := range []struct {
		name   string
		event  func(string) bool
		status int
	}{{"withdrawn", c.tenant.WithdrawDirectory, 403}, {"removed", c.tenant.RemoveDirectory, 404}} {
		if !test.event(all[0]) {
			t.Fatalf("%s: the directory was not found", test.name)
		}
		if got := directories(); !slices.Equal(got, all[1:]) {
			t.Errorf("%s: the list has %v, want %v", test.name, got, all[1:])
		}
		for _, path := range []string{"/contacts", "/mailinglists"} {
			if got := c.get("/API/v3/directories/" + all[0] + path); got.status != test.status {
				t.Errorf("%s: GET %s answered %d, want %d", test.name, path, got.status, test.status)
			}
		}
		if got := slices.Collect(maps.Keys(c.truthIDs("contacts", "directory_id"))); !slices.Equal(got, all[1:]) {
			t.Errorf("%s: the truth has contacts of %v, want %v", test.name, got, all[1:])
		}
		if restored := c.tenant.RestoreDirectory(all[0]); restored != (len(directories()) == len(all)) || restored == (test.name == "removed") {
			t.Errorf("%s: restored is %v", test.name, restored)
		}
	}
}

func TestDamage_ExportsHoldARecordAgainstTheFormat(t *testing.T) {
	t.Parallel()
	c := newClient(t, sandbox.Options{Surveys: 1, Responses: 60})
	survey := c.surveyIDs()[0]
	lines := func(body string) (lines []string) {
		_, content := unzip(t, c.export(survey, body).body)
		for line := range strings.Lines(string(content)) {
			if line = strings.TrimSuffix(line, "\n"); line != "" && line != "{}" {
				lines = append(lines, line)
			}
		}
		return lines
	}
	const everything, ids = `{"format":"ndjson"}`, `{"format":"ndjson","questionIds":[],"embeddedDataIds":[],"surveyMetadataIds":["_recordId"]}`
	whole, wholeIDs := lines(everything), lines(ids)
	id := decode[record](t, []byte(whole[7])).ResponseID
	for _, test := range []struct {
		damage   sandbox.RecordDamage
		line, of string // what becomes of the line, and of that of an export of ids
	}{
		{
			sandbox.RecordWithoutID,
			strings.NewReplacer(`"responseId":"`+id+`",`, "", `"_recordId":"`+id+`",`, "").Replace(whole[7]),
			`{"values":{},"labels":{},"displayedFields":[],"displayedValues":{}}`,
		},
		{
			sandbox.RecordWithNumber,
			strings.ReplaceAll(whole[7], `"`+id+`"`, sandbox.NumericID(id)),
			strings.ReplaceAll(wholeIDs[7], `"`+id+`"`, sandbox.NumericID(id)),
		},
		{sandbox.RecordNotJSON, whole[7][:len(whole[7])/2], wholeIDs[7][:len(wholeIDs[7])/2]},
		{sandbox.Undamaged, whole[7], wholeIDs[7]},
	} {
		if !c.tenant.DamageResponse(id, test.damage) {
			t.Fatal("the response was not found")
		}
		for body, want := range map[string][]string{
			everything: slices.Concat(whole[:7], []string{test.line}, whole[8:]),
			ids:        slices.Concat(wholeIDs[:7], []string{test.of}, wholeIDs[8:]),
		} {
			if diff := cmp.Diff(want, lines(body)); diff != "" {
				t.Errorf("damage %d, %s (-want +got):\n%s", test.damage, body, diff)
			}
		}
		if got := result[record](t, c.get("/API/v3/surveys/"+survey+"/responses/"+id)); got.ResponseID != id {
			t.Errorf("the single response has the id %q", got.ResponseID)
		}
	}
	c.tenant.DamageResponse(id, sandbox.RecordWithControl)
	if got := lines(everything)[7]; len(got) != len(whole[7])+2 || strings.Replace(got, "\x1a\t", "", 1) != whole[7] {
		t.Errorf("got %q, want control characters in %q", got, whole[7])
	}
	if got := lines(ids); !slices.Equal(got, wholeIDs) {
		t.Errorf("an export of ids is damaged: %v", got)
	}
	rows, _ := c.tenant.Truth("responses")
	held := 0
	for row := range rows {
		if strings.Contains(string(row), `\u001a\t"`) {
			held++
			decode[map[string]any](t, row)
		}
	}
	if held != 1 {
		t.Errorf("the truth of %d responses has the control characters, want 1", held)
	}
	if c.tenant.DamageResponse("R_none", sandbox.RecordNotJSON) {
		t.Error("a response that does not exist was damaged")
	}
}
