package sandbox_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/birdie-ai/source-qualtrics/source/sandbox"
)

// disturb begins a disturbance.
func (c *client) disturb(d sandbox.Disturbance) (lift func()) {
	c.t.Helper()
	lift, err := c.tenant.Disturb(d)
	if err != nil {
		c.t.Fatal(err)
	}
	return lift
}

const (
	startOfExport = "POST /surveys/{id}/export-responses"
	fileOfExport  = "GET /surveys/{id}/export-responses/{fileId}/file"
)

func TestDisturb_RefusesTheCallsOfOneObject(t *testing.T) {
	t.Parallel()
	c := newClient(t, sandbox.Options{})
	surveys := c.surveyIDs()
	start := func(survey string) answer { return c.do("POST", exportPath(survey), `{"format":"ndjson"}`) }
	for status, code := range map[int]string{400: "GPR_1", 403: "QMST_2.1", 404: "UNF_9", 500: ""} {
		lift := c.disturb(sandbox.Disturbance{Endpoint: startOfExport, Object: surveys[0], Status: status})
		wantError(t, start(surveys[0]), status, code, "")
		if got := c.get("/API/v3/surveys/" + surveys[0]); got.status != 200 {
			t.Errorf("while exports answer %d, the survey itself answers %d", status, got.status)
		}
		if got := start(surveys[1]); got.status != 200 {
			t.Errorf("another survey answers %d", got.status)
		}
		lift()
		if got := start(surveys[0]); got.status != 200 {
			t.Errorf("afterwards the survey answers %d", got.status)
		}
	}
	c.disturb(sandbox.Disturbance{Endpoint: startOfExport, Status: 403, Code: "X_1", Message: "no export for anybody"})
	for _, survey := range surveys {
		wantError(t, start(survey), 403, "X_1", "no export for anybody")
	}
	c.tenant.StopFaults()
	if got := start(surveys[0]); got.status != 200 {
		t.Errorf("after StopFaults the survey answers %d", got.status)
	}
}

func TestDisturb_EndsAfterItsTimeOrItsCalls(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		c := newClient(t, sandbox.Options{})
		path := "/API/v3/surveys/" + c.surveyIDs()[0] + "/response-schema"
		c.disturb(sandbox.Disturbance{Endpoint: "GET /surveys/{id}/response-schema", Status: 500, For: time.Hour})
		c.disturb(sandbox.Disturbance{Endpoint: "GET /surveys/{id}/response-schema", Status: 503, Calls: 2})
		var got []int
		for _, wait := range []time.Duration{0, 59 * time.Minute, time.Minute, 0, 0} {
			c.tenant.Advance(wait, true)
			got = append(got, c.get(path).status)
		}
		if want := "[500 500 503 503 200]"; fmt.Sprint(got) != want {
			t.Errorf("got %v, want %s", got, want)
		}
	})
}

func TestDisturb_KnowsTheRowsOfAnExport(t *testing.T) {
	t.Parallel()
	c := newClient(t, sandbox.Options{Surveys: 1, Responses: 60})
	survey := c.surveyIDs()[0]
	lift := c.disturb(sandbox.Disturbance{Endpoint: startOfExport, MoreRows: 20, Status: 413})
	if got := c.do("POST", exportPath(survey), `{"format":"ndjson","limit":21}`); got.status != 413 {
		t.Errorf("an export of 21 rows answered %d, want 413", got.status)
	}
	if got := len(c.exported(survey, `{"format":"ndjson","limit":20}`)); got != 20 {
		t.Errorf("got %d rows, want 20", got)
	}
	lift()
	c.disturb(sandbox.Disturbance{Endpoint: fileOfExport, MoreRows: 20, Status: 504})
	if got := c.export(survey, `{"format":"ndjson","limit":21}`); got.status != 504 {
		t.Errorf("a file of 21 rows answered %d, want 504", got.status)
	}
	if got := len(c.exported(survey, `{"format":"ndjson","limit":20}`)); got != 20 {
		t.Errorf("got %d rows, want 20", got)
	}
}

func TestDisturb_ASilentEndpointHangsUntilTheClientLeaves(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		c := newClient(t, sandbox.Options{})
		c.disturb(sandbox.Disturbance{Endpoint: "GET /surveys", Silent: true})
		ctx, cancel := context.WithTimeout(t.Context(), time.Hour)
		defer cancel()
		request, err := http.NewRequestWithContext(ctx, http.MethodGet, home+"/API/v3/surveys", nil)
		if err != nil {
			t.Fatal(err)
		}
		request.Header = c.header.Clone()
		before := time.Now()
		if _, err := c.tenant.RoundTripper().RoundTrip(request); !errors.Is(err, context.DeadlineExceeded) || time.Since(before) != time.Hour {
			t.Errorf("got %v after %v, want the deadline after an hour", err, time.Since(before))
		}
	})
}

func TestDisturb_AnswersAListInAnotherForm(t *testing.T) {
	t.Parallel()
	c := newClient(t, sandbox.Options{PageSize: 5})
	second := *result[listing](t, c.get("/API/v3/surveys")).NextPage
	for _, test := range []struct {
		form sandbox.ListForm
		want func(elements any) string // what is wrong with the member
	}{
		{sandbox.ListWithoutMember, func(e any) string {
			if e != "missing" {
				return "elements are there"
			}
			return ""
		}},
		{sandbox.ListWithoutAnyPage, func(e any) string {
			if e != "missing" {
				return "elements are there"
			}
			return ""
		}},
		{sandbox.ListOfNull, func(e any) string {
			if e != nil {
				return "elements are not null"
			}
			return ""
		}},
		{sandbox.ListByPosition, func(e any) string {
			object, _ := e.(map[string]any)
			if len(object) != 5 || object["0"] == nil || object["4"] == nil || object["3"] != nil {
				return "elements are no object with holes"
			}
			return ""
		}},
		{sandbox.ListLacksOneID, func(e any) string {
			list, _ := e.([]any)
			without := 0
			for _, one := range list {
				if one.(map[string]any)["id"] == nil {
					without++
				}
			}
			if len(list) != 5 || without != 1 {
				return "not one of five elements lacks its id"
			}
			return ""
		}},
	} {
		for page, sound := range map[sandbox.Page]string{sandbox.FirstPage: second, sandbox.LaterPages: "/API/v3/surveys?offset=0"} {
			lift := c.disturb(sandbox.Disturbance{Endpoint: "GET /surveys", Page: page, List: test.form})
			for address, disturbed := range map[string]bool{sound: false, second: page == sandbox.LaterPages, "/API/v3/surveys": page == sandbox.FirstPage} {
				members := result[map[string]any](t, c.get(address))
				elements, ok := members["elements"]
				if !ok {
					elements = "missing"
				}
				_, linked := members["nextPage"]
				if linked == (disturbed && test.form == sandbox.ListWithoutAnyPage) {
					t.Errorf("form %d of %s: nextPage is %v", test.form, address, linked)
				}
				if wrong := test.want(elements); (wrong == "") != disturbed {
					t.Errorf("form %d of page %d, %s: got %q, disturbed is %v", test.form, page, address, wrong, disturbed)
				}
			}
			lift()
		}
	}
	c.disturb(sandbox.Disturbance{Endpoint: "POST /directories/{id}/contacts/search", List: sandbox.ListWithoutMember})
	directory := result[listing](t, c.get("/API/v3/directories")).Elements[0]["directoryId"].(string)
	found := result[map[string]any](t, c.do("POST", "/API/v3/directories/"+directory+"/contacts/search", `{"filter":{"filterType":"email","comparison":"neq","value":"x"}}`))
	if found["elements"] != nil || found["skipToken"] == nil {
		t.Errorf("the search answered %v", found)
	}
}

func TestDisturb_RefusesADisturbanceThatCouldChangeNothing(t *testing.T) {
	t.Parallel()
	c := newClient(t, sandbox.Options{})
	for want, d := range map[string]sandbox.Disturbance{
		"unknown endpoint":    {Endpoint: "GET /elsewhere", Status: 404},
		"exactly one":         {Endpoint: "GET /surveys"},
		"exactly one of":      {Endpoint: "GET /surveys", Status: 404, Silent: true},
		"not an error status": {Endpoint: "GET /surveys", Status: 204},
		"negative":            {Endpoint: "GET /surveys", Status: 404, Calls: -1},
		"MoreRows needs":      {Endpoint: "GET /surveys", Status: 404, MoreRows: 1},
		"List and Page need":  {Endpoint: startOfExport, List: sandbox.ListOfNull},
		"returns a list":      {Endpoint: "GET /whoami", Status: 404, Page: sandbox.FirstPage},
	} {
		if _, err := c.tenant.Disturb(d); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%+v: got %v, want %q", d, err, want)
		}
	}
}
