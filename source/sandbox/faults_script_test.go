package sandbox_test

import (
	"archive/zip"
	"bytes"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"

	"github.com/google/go-cmp/cmp"

	"github.com/birdie-ai/source-qualtrics/source/sandbox"
)

// plan scripts a fault over the admin face.
func (c *client) plan(body string) {
	c.t.Helper()
	if got := c.do(http.MethodPost, "/sandbox/faults", body); got.status != 200 {
		c.t.Fatalf("planning %s: got %d %s", body, got.status, got.body)
	}
}

func TestScript_EachVarietyStrikesInTurn(t *testing.T) {
	t.Parallel()
	for class, want := range map[string][]string{
		"rate":     {"429 application/json", "429 application/json"},
		"server":   {"500 application/json", "503 application/json", "504 application/json", "502 text/html", "503 text/html", "504 empty", "500 application/json"},
		"reset":    {"reset before", "reset within", "reset before", "reset before", "reset before", "reset within"},
		"html":     {"html"},
		"redirect": {"302 text/html"},
		"clock":    {"clock"},
		"dateless": {"clock"},
		"slow":     {"fine"},
	} {
		t.Run(class, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				c := newClient(t, sandbox.Options{})
				before := c.tenant.Now()
				c.plan(fmt.Sprintf(`{"class":%q,"count":%d}`, class, len(want)))
				var met []string
				for range len(want) + 2 {
					met = append(met, outcome(c.try(http.MethodGet, "/API/v3/surveys", "")))
				}
				if diff := cmp.Diff(append(want, "fine", "fine"), met); diff != "" {
					t.Errorf("calls met (-want +got):\n%s", diff)
				}
				if took := c.tenant.Now().Sub(before).Seconds(); (class == "slow") != (took >= 1) {
					t.Errorf("the calls took %v s", took)
				}
			})
		})
	}
}

func TestScript_StrikesTheEndpointThatWasNamed(t *testing.T) {
	t.Parallel()
	c := newClient(t, sandbox.Options{})
	survey := c.surveyIDs()[0]
	c.plan(`{"class":"server","variant":2,"endpoint":"GET /survey-definitions/{id}"}`)
	c.plan(`{"class":"rate","endpoint":"POST /oauth2/token"}`)
	if got := c.get("/API/v3/surveys"); got.status != 200 {
		t.Errorf("another endpoint: got %d", got.status)
	}
	if _, status := c.token(true, grantForm()); status != 429 {
		t.Errorf("the token endpoint: got %d, want 429", status)
	}
	planned := decode[struct {
		Planned []sandbox.ScriptedFault
		Struck  map[string]int
	}](t, c.get("/sandbox/faults").body)
	if diff := cmp.Diff([]sandbox.ScriptedFault{{Class: "server", Endpoint: "GET /survey-definitions/{id}", Count: 1, Variant: 2}}, planned.Planned); diff != "" {
		t.Errorf("planned (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff(map[string]int{"rate": 1}, planned.Struck); diff != "" {
		t.Errorf("struck (-want +got):\n%s", diff)
	}
	if got := c.get("/API/v3/survey-definitions/" + survey); got.status != 504 {
		t.Errorf("the named endpoint: got %d, want 504", got.status)
	}
	if got := c.get("/API/v3/survey-definitions/" + survey); got.status != 200 {
		t.Errorf("the named endpoint, again: got %d, want 200", got.status)
	}
	c.plan(`{"class":"html","count":100}`)
	c.do(http.MethodDelete, "/sandbox/faults", "")
	if got := outcome(c.get("/API/v3/surveys")); got != "fine" {
		t.Errorf("got %s after the plan was forgotten", got)
	}
}

// A connection breaks before the call is carried out, or after it.
func TestScript_ABrokenCallIsCarriedOutOrNot(t *testing.T) {
	t.Parallel()
	issued := func(script string) string {
		c := newClient(t, sandbox.Options{})
		if script != "" {
			c.plan(script)
			form := c.with("X-API-TOKEN", "").with("Content-Type", "application/x-www-form-urlencoded")
			credentials := grantForm()
			credentials.Set("client_id", c.tenant.Credentials().ClientID)
			credentials.Set("client_secret", c.tenant.Credentials().ClientSecret)
			if got := outcome(form.try(http.MethodPost, "/oauth2/token", credentials.Encode())); got != "reset before" {
				t.Errorf("%s: got %q", script, got)
			}
		}
		got, _ := c.token(true, grantForm())
		return got.AccessToken
	}
	first := issued("")
	if got := issued(`{"class":"reset","variant":0,"endpoint":"POST /oauth2/token"}`); got != first {
		t.Error("a call that broke at once was carried out")
	}
	if got := issued(`{"class":"reset","variant":2,"endpoint":"POST /oauth2/token"}`); got == first {
		t.Error("a call whose answer was lost was not carried out")
	}
}

func TestScript_StrikesJobsFilesAndBearerTokens(t *testing.T) {
	t.Parallel()
	c := newClient(t, sandbox.Options{})
	survey := c.surveyIDs()[0]
	c.plan(`{"class":"jobfail"}`)
	c.plan(`{"class":"jobvanish","count":2}`)
	c.plan(`{"class":"jobstuck"}`)
	var ends []string
	for range 5 {
		ends = append(ends, c.runJob(survey))
	}
	if diff := cmp.Diff([]string{"failed", "gone", "gone", "stuck", "complete"}, ends); diff != "" {
		t.Errorf("jobs ended (-want +got):\n%s", diff)
	}
	c.plan(`{"class":"jobnull"}`)
	if got := string(c.do(http.MethodPost, exportPath(survey), `{"format":"ndjson"}`).body); !strings.Contains(got, `"progressId":null`) {
		t.Errorf("got %s for a job without an id", got)
	}
	for _, class := range []string{"truncate", "corrupt"} {
		c.plan(fmt.Sprintf(`{"class":%q}`, class))
		file := c.export(survey, `{"format":"ndjson"}`).body
		if err := readArchive(file); err == nil {
			t.Errorf("%s: the file is whole", class)
		}
		if err := readArchive(c.export(survey, `{"format":"ndjson"}`).body); err != nil {
			t.Errorf("%s: the next file: %v", class, err)
		}
	}
	c.plan(`{"class":"auth"}`)
	if got := c.get("/API/v3/surveys"); got.status != 200 {
		t.Errorf("an API token met %d", got.status)
	}
	issued, _ := c.token(true, grantForm())
	bearer := c.with("X-API-TOKEN", "").with("Authorization", "Bearer "+issued.AccessToken)
	if got := bearer.get("/API/v3/surveys"); got.status != 401 {
		t.Errorf("a bearer token met %d, want 401", got.status)
	}
}

func readArchive(file []byte) error {
	archive, err := zip.NewReader(bytes.NewReader(file), int64(len(file)))
	if err != nil {
		return err
	}
	member, err := archive.File[0].Open()
	if err != nil {
		return err
	}
	_, err = new(bytes.Buffer).ReadFrom(member)
	return err
}

func TestScript_RefusesWhatCouldNeverStrike(t *testing.T) {
	t.Parallel()
	c := newClient(t, sandbox.Options{})
	for body, want := range map[string]string{
		``:                                "body must be",
		`{"class":"rain"}`:                "unknown class",
		`{"class":"outage"}`:              "unknown class",
		`{"class":"rate","count":-1}`:     "count",
		`{"class":"rate","variant":-1}`:   "variant",
		`{"class":"rate","often":1}`:      "body must be",
		`{"class":"rate","endpoint":"/"}`: "does not affect",
		`{"class":"truncate","endpoint":"GET /surveys"}`:   "GET /surveys/{id}/export-responses/{fileId}/file",
		`{"class":"jobfail","endpoint":"GET /surveys"}`:    "POST /surveys/{id}/export-responses",
		`{"class":"html","endpoint":"POST /oauth2/token"}`: "does not affect",
	} {
		if got := c.do(http.MethodPost, "/sandbox/faults", body); got.status != 400 || !strings.Contains(string(got.body), want) {
			t.Errorf("%s: got %d %s, want 400 and %q", body, got.status, got.body, want)
		}
	}
	if planned := c.tenant.Scripted(); len(planned) != 0 {
		t.Errorf("planned: %v", planned)
	}
}
