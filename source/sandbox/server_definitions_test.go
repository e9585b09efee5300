package sandbox_test

import (
	"maps"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/birdie-ai/source-qualtrics/source/sandbox"
)

func TestDefinitions_HaveTheirPartsUnderOwnPaths(t *testing.T) {
	t.Parallel()
	c := newClient(t, sandbox.Options{})
	for _, survey := range c.surveyIDs() {
		path := "/API/v3/survey-definitions/" + survey
		whole := result[map[string]any](t, c.get(path))
		questions := result[map[string]any](t, c.get(path+"/questions"))
		elements := make(map[string]any)
		for _, element := range questions["elements"].([]any) {
			elements[element.(map[string]any)["QuestionID"].(string)] = element
		}
		if diff := cmp.Diff(whole["Questions"], any(elements)); diff != "" || len(questions) != 1 {
			t.Errorf("questions, beside %v (-definition +got):\n%s", slices.Sorted(maps.Keys(questions)), diff)
		}
		if diff := cmp.Diff(whole["SurveyFlow"], result[any](t, c.get(path+"/flow"))); diff != "" {
			t.Errorf("flow (-definition +got):\n%s", diff)
		}
		metadata := result[map[string]any](t, c.get(path+"/metadata"))
		want := []string{
			"CreatorID", "Deleted", "DivisionID", "LastAccessed", "LastActivated", "LastModified", "SurveyActiveResponseSet", "SurveyBrandID",
			"SurveyCreationDate", "SurveyDescription", "SurveyExpirationDate", "SurveyID", "SurveyLanguage", "SurveyName", "SurveyOwnerID", "SurveyStartDate", "SurveyStatus",
		}
		if diff := cmp.Diff(want, slices.Sorted(maps.Keys(metadata))); diff != "" || metadata["SurveyID"] != survey || metadata["SurveyStatus"] != whole["SurveyStatus"] {
			t.Errorf("metadata of %v, %v (-want +got):\n%s", metadata["SurveyID"], metadata["SurveyStatus"], diff)
		}
	}
	for _, part := range []string{"/questions", "/flow", "/metadata"} {
		wantError(t, c.get("/API/v3/survey-definitions/SV_x"+part), 404, "GSI_2", "Survey not found.")
	}
}

// Recordings are no part of this repository.
func TestDefinitions_QuestionsHaveTheRecordedMembers(t *testing.T) {
	t.Parallel()
	folder := os.Getenv("QUALTRICS_PAYLOADS")
	if folder == "" {
		t.Skip("QUALTRICS_PAYLOADS does not name the folder of the recorded payloads")
	}
	content, err := os.ReadFile(filepath.Join(folder, "questions_collection_slice.json"))
	if err != nil {
		t.Fatal(err)
	}
	recorded := decode[struct{ Result map[string][]map[string]any }](t, content).Result
	c := newClient(t, sandbox.Options{})
	have := make(map[string]map[string]bool)
	for _, survey := range c.surveyIDs() {
		for _, question := range result[listing](t, c.get("/API/v3/survey-definitions/"+survey+"/questions")).Elements {
			kind := question["QuestionType"].(string)
			if have[kind] == nil {
				have[kind] = make(map[string]bool)
			}
			for member := range question {
				have[kind][member] = true
			}
		}
	}
	if len(recorded) != 1 || len(recorded["elements"]) == 0 {
		t.Fatalf("the recording has the members %v", slices.Sorted(maps.Keys(recorded)))
	}
	for _, question := range recorded["elements"] {
		kind := question["QuestionType"].(string)
		for _, member := range []string{"QuestionText", "DataExportTag", "QuestionType", "Selector", "Configuration", "QuestionDescription", "Validation", "Language", "QuestionID", "QuestionText_Unsafe", "Choices", "ChoiceOrder", "Answers", "AnswerOrder"} {
			if question[member] != nil && have[kind] != nil && !have[kind][member] {
				t.Errorf("no %s question has %s", kind, member)
			}
		}
	}
}

func TestSurveys_HaveQuotasAndFilters(t *testing.T) {
	t.Parallel()
	c := newClient(t, sandbox.Options{Responses: 1000})
	surveys := c.surveyIDs()
	quotas := result[listing](t, c.get("/API/v3/surveys/"+surveys[0]+"/quotas"))
	if len(quotas.Elements) != 2 || quotas.NextPage != nil {
		t.Fatalf("got %d quotas and the next page %v", len(quotas.Elements), quotas.NextPage)
	}
	for _, quota := range quotas.Elements {
		if diff := cmp.Diff([]string{"combinations", "count", "id", "logicType", "name", "quota"}, slices.Sorted(maps.Keys(quota))); diff != "" {
			t.Errorf("a quota (-want +got):\n%s", diff)
		}
		sum := 0.0
		for _, combination := range quota["combinations"].([]any) {
			sum += combination.(map[string]any)["count"].(float64)
		}
		if quota["count"].(float64) < 100 || quota["logicType"] == "Cross" && sum != quota["count"] {
			t.Errorf("the quota %v counts %v, its combinations %v", quota["name"], quota["count"], sum)
		}
	}
	if none := result[listing](t, c.get("/API/v3/surveys/"+surveys[1]+"/quotas")); none.Elements == nil || len(none.Elements) != 0 {
		t.Errorf("a survey without quotas lists %v", none.Elements)
	}

	filters := result[listing](t, c.get("/API/v3/surveys/"+surveys[0]+"/filters")).Elements
	kept := make(map[string]func(values map[string]any) bool)
	for _, filter := range filters {
		if _, err := time.Parse(time.RFC3339, filter["creationDate"].(string)); err != nil || !uuid.MatchString(filter["filterId"].(string)) {
			t.Errorf("a filter is %v", filter)
		}
	}
	kept["Finished"] = func(values map[string]any) bool { return values["finished"] == 1.0 }
	kept["No previews / tests"] = func(values map[string]any) bool { return values["status"] != 1.0 && values["status"] != 2.0 }
	for _, filter := range filters {
		keeps := kept[filter["filterName"].(string)]
		var want []record
		for _, r := range c.exported(surveys[0], `{"format":"ndjson"}`) {
			if keeps(r.Values) {
				want = append(want, r)
			}
		}
		got := c.exported(surveys[0], `{"format":"ndjson","filterId":"`+filter["filterId"].(string)+`"}`)
		if diff := cmp.Diff(want, got); diff != "" || len(got) == 0 || len(got) == c.count(surveys[0]) {
			t.Errorf("%v keeps %d of %d responses (-want +got):\n%s", filter["filterName"], len(got), c.count(surveys[0]), diff)
		}
	}
	wantError(t, c.do("POST", exportPath(surveys[1]), `{"format":"csv","filterId":"`+filters[0]["filterId"].(string)+`"}`), 400, "GPR_1", "filterId")
}

// count is the number of responses of a survey.
func (c *client) count(survey string) int {
	c.t.Helper()
	return len(c.exported(survey, `{"format":"ndjson","questionIds":[],"embeddedDataIds":[]}`))
}

func TestRequests_NameTheShapeOfUnknownPaths(t *testing.T) {
	t.Parallel()
	c := newClient(t, sandbox.Options{})
	for path, shape := range map[string]string{
		"/API/v3/surveys/SV_012345678912345/wordings/EN":                         "GET (unknown) /surveys/{id}/wordings/EN",
		"/API/v3/distributions?surveyId=SV_012345678912345":                      "GET (unknown) /distributions",
		"/API/v3/distributions/EMD_012345678912345/history":                      "GET (unknown) /distributions/{id}/history",
		"/API/v3/survey-definitions/SV_012345678912345/questions/QID12":          "GET (unknown) /survey-definitions/{id}/questions/{id}",
		"/API/v3/surveys/SV_1/versions/9223372":                                  "GET (unknown) /surveys/SV_1/versions/{id}",
		"/API/v3/x/f2ee4fd3-6ca5-4254-b92d-5a419e73e24a-def/y/someone@example.c": "GET (unknown) /x/{id}/y/{id}",
		"/elsewhere/": "GET (unknown) /elsewhere",
	} {
		c.get(path)
		if got := c.tenant.Requests()[shape]["404"]; got != 1 {
			t.Errorf("%s is not counted as %q: %v", path, shape, c.tenant.Requests())
		}
	}
	for i := range 300 {
		c.get("/API/v3/nothing/called/name" + string(rune('A'+i%26)) + string(rune('a'+i/26)))
	}
	if got := c.tenant.Requests(); len(got) > 210 || got["GET (unknown)"]["404"] < 50 {
		t.Errorf("%d paths are kept apart, %v are not", len(got), got["GET (unknown)"])
	}
}

func TestMailingLists_DatesAreInDoubt(t *testing.T) {
	t.Parallel()
	first := func(doubt sandbox.Doubt) map[string]any {
		c := newClient(t, sandbox.Options{Doubt: doubt})
		directory, _ := c.directory()
		return result[listing](t, c.get(directory+"/mailinglists")).Elements[0]
	}
	plain, text := first(sandbox.Doubt{}), first(sandbox.Doubt{MailingListDates: time.RFC3339})
	for _, name := range []string{"creationDate", "lastModifiedDate"} {
		millis, _ := plain[name].(float64)
		if want := time.UnixMilli(int64(millis)).UTC().Format(time.RFC3339); millis == 0 || text[name] != want {
			t.Errorf("%s is %v, and as text %v", name, plain[name], text[name])
		}
	}
}
