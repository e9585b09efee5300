package sandbox_test

import (
	"bytes"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/birdie-ai/source-qualtrics/source/sandbox"
)

// transcript is what one seed answers to a fixed conversation, without the
// headers that tell the time.
func transcript(t *testing.T, o sandbox.Options) string {
	t.Helper()
	var out strings.Builder
	synctest.Test(t, func(t *testing.T) {
		c := newClient(t, o)
		write := func(a answer) {
			fmt.Fprintln(&out, a.status, a.err, a.header, string(a.body))
		}
		survey := newClient(t, sandbox.Options{Seed: o.Seed}).surveyIDs()[0]
		for range 3 {
			write(c.try(http.MethodGet, "/API/v3/surveys", ""))
			write(c.try(http.MethodGet, "/API/v3/directories", ""))
			got := c.try(http.MethodPost, exportPath(survey), `{"format":"ndjson"}`)
			write(got)
			if got.status != 200 || got.err != nil {
				continue
			}
			for id := result[progress](t, got).ProgressID; ; {
				got := c.try(http.MethodGet, exportPath(survey, id), "")
				write(got)
				if got.status != 200 || got.err != nil {
					break
				}
				polled := result[progress](t, got)
				if polled.FileID != nil {
					write(c.try(http.MethodGet, exportPath(survey, *polled.FileID, "file"), ""))
				}
				if polled.Status != "inProgress" {
					break
				}
			}
			c.tenant.Advance(time.Hour, false)
		}
		other, status := c.token(true, grantForm())
		fmt.Fprintln(&out, other, status)
	})
	return out.String()
}

func TestSandbox_OneSeedGivesTheSameBytes(t *testing.T) {
	t.Parallel()
	// The profile has no class that strikes the token endpoint.
	first, second := transcript(t, sandbox.Options{Seed: 5, Faults: "corrupt"}), transcript(t, sandbox.Options{Seed: 5, Faults: "corrupt"})
	if first != second {
		t.Errorf("two runs differ: %s", cmp.Diff(first, second))
	}
	if other := transcript(t, sandbox.Options{Seed: 6, Faults: "corrupt"}); other == first {
		t.Error("another seed answers the same")
	}
}

func TestSandbox_ClockRunsAndAdvances(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		epoch := time.Date(2027, 3, 1, 8, 0, 0, 0, time.UTC)
		c := newClient(t, sandbox.Options{Epoch: epoch})
		time.Sleep(time.Minute)
		c.tenant.Advance(time.Hour, true)
		want := epoch.Add(61 * time.Minute)
		if got := c.tenant.Now(); !got.Equal(want) {
			t.Errorf("got %v, want %v", got, want)
		}
		if got := c.get("/API/v3/whoami").header.Get("Date"); got != want.Format(http.TimeFormat) {
			t.Errorf("got date %q", got)
		}
	})
}

func TestSandbox_InterceptPlantsAnswers(t *testing.T) {
	t.Parallel()
	c := newClient(t, sandbox.Options{})
	survey := c.surveyIDs()[0]
	c.tenant.Intercept(func(r *http.Request) *http.Response {
		body, err := io.ReadAll(r.Body)
		if err != nil || !bytes.Contains(body, []byte("ndjson")) {
			return nil
		}
		return &http.Response{StatusCode: 418, Header: http.Header{"X-Planted": {"yes"}}, Body: io.NopCloser(strings.NewReader("teapot"))}
	})
	got := c.do(http.MethodPost, exportPath(survey), `{"format":"ndjson"}`)
	if got.status != 418 || string(got.body) != "teapot" || got.header.Get("X-Planted") != "yes" {
		t.Errorf("got %d %s", got.status, got.body)
	}
	if got := c.do(http.MethodPost, exportPath(survey), `{"format":"json"}`); got.status != 200 {
		t.Errorf("got %d for a request that was let through", got.status)
	}
	c.tenant.Intercept(nil)
	if got := c.do(http.MethodPost, exportPath(survey), `{"format":"ndjson"}`); got.status != 200 {
		t.Errorf("got %d without an interceptor", got.status)
	}
	want := map[string]map[string]int{
		"GET /surveys":                        {"200": 1},
		"POST /surveys/{id}/export-responses": {"200": 2, "418": 1},
	}
	if diff := cmp.Diff(want, c.tenant.Requests()); diff != "" {
		t.Errorf("counts (-want +got):\n%s", diff)
	}
}

func TestAdmin_ServesTruthTimeAndCounts(t *testing.T) {
	t.Parallel()
	c := newClient(t, sandbox.Options{}).with("X-API-TOKEN", "")
	for kind, want := range map[string]string{"surveys": "survey_id", "responses": "response_id", "contacts": "contact_id"} {
		got := c.get("/sandbox/truth/" + kind)
		lines := bytes.Split(bytes.TrimSpace(got.body), []byte("\n"))
		if row := decode[map[string]any](t, lines[0]); row[want] == nil || len(lines) < 10 {
			t.Errorf("%s: got %d lines, the first %s", kind, len(lines), lines[0])
		}
	}
	if got := c.get("/sandbox/truth/lies"); got.status != 404 {
		t.Errorf("got %d", got.status)
	}
	before := c.tenant.Now()
	got := decode[struct{ Now time.Time }](t, c.do(http.MethodPost, "/sandbox/advance", `{"seconds":3600,"quiet":true}`).body)
	if moved := got.Now.Sub(before); moved < time.Hour || moved > time.Hour+time.Minute {
		t.Errorf("the clock moved by %v", moved)
	}
	for _, body := range []string{`{}`, `{"seconds":-1}`, `{"seconds":"1"}`, `{"seconds":1,"loud":true}`, ``} {
		if got := c.do(http.MethodPost, "/sandbox/advance", body); got.status != 400 {
			t.Errorf("%s: got %d", body, got.status)
		}
	}
	c.get("/API/v3/surveys")
	counts := decode[map[string]map[string]int](t, c.get("/sandbox/requests").body)
	if diff := cmp.Diff(map[string]map[string]int{"GET /surveys": {"400": 1}}, counts); diff != "" {
		t.Errorf("counts (-want +got):\n%s", diff)
	}
	if page := c.get("/"); !bytes.Contains(page.body, []byte("/API/v3/surveys/{id}/export-responses")) {
		t.Errorf("got the page %s", page.body)
	}
}
