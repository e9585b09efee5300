package sandbox_test

import (
	"bytes"
	"maps"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/birdie-ai/source-qualtrics/source/sandbox"
)

func TestSurvey_IsReadByItsFourRoutes(t *testing.T) {
	t.Parallel()
	c := newClient(t, sandbox.Options{})
	survey := c.surveyIDs()[0]
	if got := c.get("/API/v3/survey-definitions/" + survey); got.status != 200 || !bytes.HasPrefix(got.body, []byte(`{"meta":`)) {
		t.Errorf("definition: got %d %.60s", got.status, got.body)
	}
	legacy := result[map[string]any](t, c.get("/API/v3/surveys/"+survey))
	if legacy["id"] != survey || legacy["responseCounts"] == nil {
		t.Errorf("legacy: got id %v, counts %v", legacy["id"], legacy["responseCounts"])
	}
	if got := c.get("/API/v3/surveys/" + survey + "/response-schema"); got.status != 200 {
		t.Errorf("schema: got %d", got.status)
	}
	languages := result[map[string][]string](t, c.get("/API/v3/surveys/"+survey+"/languages"))
	if len(languages["AvailableLanguages"]) == 0 {
		t.Errorf("languages: got %v", languages)
	}
	for _, route := range []string{"/API/v3/surveys/SV_x", "/API/v3/survey-definitions/SV_x", "/API/v3/surveys/SV_x/languages", "/API/v3/surveys/SV_x/response-schema", "/API/v3/surveys/SV_x/responses/R_x"} {
		wantError(t, c.get(route), 404, "GSI_2", "Survey not found.")
	}
}

func TestSingleResponse_IsTheExportedOne(t *testing.T) {
	t.Parallel()
	c := newClient(t, sandbox.Options{})
	survey := c.surveyIDs()[0]
	for _, want := range c.exported(survey, `{"format":"ndjson","limit":5}`) {
		got := result[record](t, c.get("/API/v3/surveys/"+survey+"/responses/"+want.ResponseID))
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s (-exported +single):\n%s", want.ResponseID, diff)
		}
	}
	wantError(t, c.get("/API/v3/surveys/"+survey+"/responses/R_unknown"), 404, "UNF_9", "")
}

func TestBodies_HaveTheRecordedMembers(t *testing.T) {
	t.Parallel()
	c := newClient(t, sandbox.Options{})
	issued, _ := c.token(true, grantForm("read:tickets"))
	for name, one := range map[string]*client{"API token": c, "a scope that has nothing to do with it": c.with("X-API-TOKEN", "").with("Authorization", "Bearer "+issued.AccessToken)} {
		got := slices.Sorted(maps.Keys(result[map[string]any](t, one.get("/API/v3/whoami"))))
		want := []string{"accountType", "brandId", "datacenter", "email", "firstName", "lastName", "userId", "userName"}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("whoami, with %s (-want +got):\n%s", name, diff)
		}
	}
	for _, element := range result[listing](t, c.get("/API/v3/surveys")).Elements {
		want := []string{"creationDate", "id", "isActive", "lastModified", "name", "ownerId"}
		if diff := cmp.Diff(want, slices.Sorted(maps.Keys(element))); diff != "" {
			t.Errorf("a survey of the list (-want +got):\n%s", diff)
		}
	}
}

func TestSurvey_CountersCanPromiseMore(t *testing.T) {
	t.Parallel()
	auditable := func(doubt sandbox.Doubt) float64 {
		c := newClient(t, sandbox.Options{Doubt: doubt})
		survey := result[map[string]any](t, c.get("/API/v3/surveys/"+c.surveyIDs()[0]))
		return survey["responseCounts"].(map[string]any)["auditable"].(float64)
	}
	if plain, inflated := auditable(sandbox.Doubt{}), auditable(sandbox.Doubt{InflatedCounts: 7}); inflated != plain+7 {
		t.Errorf("got %v responses, and %v with 7 more", plain, inflated)
	}
}
