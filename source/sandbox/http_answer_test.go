package sandbox_test

import (
	"bytes"
	"compress/gzip"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/birdie-ai/source-qualtrics/source/sandbox"
)

var uuid = regexp.MustCompile(`^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$`)

func TestAnswer_HasEnvelopeAndRecordedHeaders(t *testing.T) {
	t.Parallel()
	c := newClient(t, sandbox.Options{})
	first, second := c.get("/API/v3/whoami"), c.get("/API/v3/whoami")
	e, again := first.envelope(t), second.envelope(t)
	if e.Meta.HTTPStatus != "200 - OK" || !uuid.MatchString(e.Meta.RequestID) || e.Meta.RequestID == again.Meta.RequestID {
		t.Errorf("got meta %+v, then %+v", e.Meta, again.Meta)
	}
	if got := first.header.Get("Content-Type"); got != "application/json" {
		t.Errorf("got content type %q", got)
	}
	if got, want := first.header.Get("Content-Length"), strconv.Itoa(len(first.body)); got != want {
		t.Errorf("got content length %s, want %s", got, want)
	}
	if date, err := http.ParseTime(first.header.Get("Date")); err != nil || c.tenant.Now().Sub(date).Seconds() > 60 || date.Year() != 2026 {
		t.Errorf("got date %q while the clock says %v", first.header.Get("Date"), c.tenant.Now())
	}
	for _, name := range []string{
		"Request-Time", "Strict-Transport-Security", "X-Frame-Options", "X-Content-Type-Options",
		"X-XSS-Protection", "X-Permitted-Cross-Domain-Policies", "Referrer-Policy", "Permissions-Policy",
	} {
		if first.header.Get(name) == "" {
			t.Errorf("the header %s is missing", name)
		}
	}
}

func TestAnswer_IsCompressedOnRequest(t *testing.T) {
	t.Parallel()
	c := newClient(t, sandbox.Options{}).with("Accept-Encoding", "br, gzip;q=0.5")
	got := c.get("/API/v3/surveys")
	if encoding := got.header.Get("Content-Encoding"); encoding != "gzip" {
		t.Fatalf("got encoding %q", encoding)
	}
	reader, err := gzip.NewReader(bytes.NewReader(got.body))
	if err != nil {
		t.Fatal(err)
	}
	plain, err := io.ReadAll(reader)
	if err != nil {
		t.Fatal(err)
	}
	if page := result[listing](t, answer{status: 200, body: plain}); len(page.Elements) != 12 {
		t.Errorf("got %d surveys, want 12", len(page.Elements))
	}
	if got := c.with("Accept-Encoding", "gzip;q=0").get("/API/v3/surveys"); got.header.Get("Content-Encoding") != "" {
		t.Errorf("compressed against the client's wish")
	}
}

func TestPaths_AreCaseSensitiveAndTakeSlashes(t *testing.T) {
	t.Parallel()
	c := newClient(t, sandbox.Options{})
	for path, want := range map[string]int{
		"/API/v3/surveys/":             200,
		"/API/v3/whoami/":              200,
		"/api/v3/surveys":              404,
		"/API/v3/Surveys":              404,
		"/API/v3/nothing":              404,
		"/API/v3/surveys//":            200,
		"//API/v3//surveys":            200,
		"/API/v3/directories/POOL_x":   404,
		"/elsewhere":                   404,
		"/API/v3/survey-definitions/x": 404,
	} {
		if got := c.get(path); got.status != want {
			t.Errorf("%s: got %d, want %d", path, got.status, want)
		}
	}
	wantError(t, c.get("/API/v3/nothing"), 404, "UNF_9", "Resource not found")
	wantError(t, c.do(http.MethodDelete, "/API/v3/surveys", ""), 405, "", "not allowed")
	wantError(t, c.do(http.MethodPost, "/API/v3/directories", strings.Repeat(" ", 2<<20)), 413, "", "too large")
}

func TestForeignHost_AnswersWithNoticeAndRefusesExports(t *testing.T) {
	t.Parallel()
	const notice = "Request proxied. For faster response times, use this host instead: sandbox1.qualtrics.com"
	for _, allowed := range []bool{false, true} {
		c := newClient(t, sandbox.Options{ForeignHosts: []string{"far1.qualtrics.com"}, Doubt: sandbox.Doubt{ForeignExport200: allowed}})
		survey := c.surveyIDs()[0]
		far := c.at("https://far1.qualtrics.com")
		if e := far.get("/API/v3/surveys").envelope(t); e.Meta.Notice != notice || e.Meta.HTTPStatus != "200 - OK" {
			t.Errorf("got meta %+v", e.Meta)
		}
		if e := far.get("/API/v3/nothing").envelope(t); e.Meta.Notice != notice {
			t.Errorf("got meta %+v", e.Meta)
		}
		if e := c.get("/API/v3/surveys").envelope(t); e.Meta.Notice != "" {
			t.Errorf("got a notice at home: %q", e.Meta.Notice)
		}
		want := map[bool]int{false: 400, true: 200}[allowed]
		if got := far.do(http.MethodPost, exportPath(survey), `{"format":"ndjson"}`); got.status != want {
			t.Errorf("got %d for an export with ForeignExport200=%v, want %d", got.status, allowed, want)
		}
	}
}

func TestSurveys_ComeInPagesOf100(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		doubt sandbox.Doubt
		next  string
	}{
		"absolute": {sandbox.Doubt{}, home + "/API/v3/surveys?offset=100"},
		"relative": {sandbox.Doubt{NextPageRelative: true}, "/API/v3/surveys?offset=100"},
		"foreign":  {sandbox.Doubt{NextPageForeignHost: true}, "https://az9.qualtrics.com/API/v3/surveys?offset=100"},
	} {
		c := newClient(t, sandbox.Options{Surveys: 230, Responses: 500, Doubt: test.doubt})
		page := result[listing](t, c.get("/API/v3/surveys"))
		if page.NextPage == nil || *page.NextPage != test.next {
			t.Errorf("%s: got nextPage %v", name, page.NextPage)
		}
		seen := make(map[any]bool)
		sizes := []int{}
		for _, offset := range []int{0, 100, 200, 300} {
			page = result[listing](t, c.get(fmt.Sprintf("/API/v3/surveys?offset=%d", offset)))
			sizes = append(sizes, len(page.Elements))
			for _, element := range page.Elements {
				seen[element["id"]] = true
			}
		}
		if diff := cmp.Diff([]int{100, 100, 30, 0}, sizes); diff != "" || len(seen) != 230 || page.NextPage != nil {
			t.Errorf("%s: %d surveys, last nextPage %v, sizes (-want +got):\n%s", name, len(seen), page.NextPage, diff)
		}
		wantError(t, c.get("/API/v3/surveys?offset=x"), 400, "", "offset")
	}
}

func TestHandler_LinksNameTheHostThatWasCalled(t *testing.T) {
	t.Parallel()
	tenant, err := sandbox.New(sandbox.Options{Surveys: 101, Responses: 1})
	if err != nil {
		t.Fatal(err)
	}
	server := httptest.NewServer(tenant.Handler())
	defer server.Close()
	request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, server.URL+"/API/v3/surveys", nil)
	if err != nil {
		t.Fatal(err)
	}
	request.Header.Set("x-api-token", tenant.Credentials().APIToken)
	response, err := server.Client().Do(request)
	if err != nil {
		t.Fatal(err)
	}
	body, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatal(err)
	}
	if err := response.Body.Close(); err != nil {
		t.Fatal(err)
	}
	page := result[listing](t, answer{status: response.StatusCode, body: body})
	if page.NextPage == nil || *page.NextPage != server.URL+"/API/v3/surveys?offset=100" {
		t.Errorf("got nextPage %v", page.NextPage)
	}
}

// TestErrors_HaveTheRecordedShape compares with real answers, which are no
// part of this repository.
func TestErrors_HaveTheRecordedShape(t *testing.T) {
	t.Parallel()
	folder := os.Getenv("QUALTRICS_PAYLOADS")
	if folder == "" {
		t.Skip("QUALTRICS_PAYLOADS does not name the folder of the recorded payloads")
	}
	content, err := os.ReadFile(filepath.Join(folder, "errors.json"))
	if err != nil {
		t.Fatal(err)
	}
	c := newClient(t, sandbox.Options{})
	calls := map[string]answer{
		"no credentials at all": c.with("X-API-TOKEN", "").get("/API/v3/surveys"),
		"unknown API token":     c.with("X-API-TOKEN", "wrong").get("/API/v3/surveys"),
		"unknown path or id":    c.get("/API/v3/nothing"),
	}
	compared := 0
	for _, recorded := range decode[[]struct {
		When string
		HTTP int
		Body json.RawMessage
	}](t, content) {
		got, ok := calls[recorded.When]
		if !ok {
			continue
		}
		compared++
		want, have := decode[map[string]map[string]any](t, recorded.Body), decode[map[string]map[string]any](t, got.body)
		want["meta"]["requestId"], have["meta"]["requestId"] = "", ""
		if diff := cmp.Diff(want, have); diff != "" || got.status != recorded.HTTP {
			t.Errorf("%s: got status %d, body (-recorded +got):\n%s", recorded.When, got.status, diff)
		}
	}
	if compared != len(calls) {
		t.Errorf("compared %d of %d answers", compared, len(calls))
	}
}
