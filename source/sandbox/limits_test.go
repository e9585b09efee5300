package sandbox_test

import (
	"net/http"
	"strconv"
	"testing"
	"testing/synctest"
	"time"

	"github.com/birdie-ai/source-qualtrics/source/sandbox"
)

func TestLimits_EachEndpointAnswers429OverItsOwn(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		c := newClient(t, sandbox.Options{Limits: "published"})
		survey := c.surveyIDs()[0]
		const body = `{"format":"ndjson","limit":1}`
		for i := range 100 {
			if got := c.do(http.MethodPost, exportPath(survey), body); got.status != 200 {
				t.Fatalf("export %d: got %d", i, got.status)
			}
		}
		over := c.do(http.MethodPost, exportPath(survey), body)
		wantError(t, over, 429, "", "")
		if got := over.header.Get("Retry-After"); got != "1" {
			t.Errorf("got Retry-After %q", got)
		}
		if got := c.get("/API/v3/whoami"); got.status != 200 {
			t.Errorf("another endpoint answers %d", got.status)
		}
		time.Sleep(time.Second)
		if got := c.do(http.MethodPost, exportPath(survey), body); got.status != 200 {
			t.Errorf("got %d after waiting as told", got.status)
		}
		if got := c.tenant.Requests()["POST /surveys/{id}/export-responses"]; got["200"] != 101 || got["429"] != 1 {
			t.Errorf("got counts %v", got)
		}
	})
}

func TestLimits_TheBrandHas3000PerMinute(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		c := newClient(t, sandbox.Options{Limits: "published"})
		statuses := make(map[int]int)
		for i := range 3300 {
			path := []string{"/API/v3/whoami", "/API/v3/directories", "/API/v3/surveys"}[i%3]
			statuses[c.get(path).status]++
		}
		if statuses[200] != 3000 || statuses[429] != 300 {
			t.Errorf("got %v", statuses)
		}
		c.tenant.Advance(time.Minute, true)
		if got := c.get("/API/v3/whoami"); got.status != 200 {
			t.Errorf("got %d after a minute", got.status)
		}
	})
}

func TestLimits_RetryAfterIsInDoubt(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		doubt sandbox.Doubt
		check func(c *client, value string) bool
	}{
		"missing": {sandbox.Doubt{NoRetryAfter: true}, func(_ *client, value string) bool { return value == "" }},
		"seconds": {sandbox.Doubt{}, func(_ *client, value string) bool {
			seconds, err := strconv.Atoi(value)
			return err == nil && seconds >= 1
		}},
		"date": {sandbox.Doubt{RetryAfterDate: true}, func(c *client, value string) bool {
			date, err := http.ParseTime(value)
			return err == nil && date.Sub(c.tenant.Now()).Abs() < time.Minute
		}},
	} {
		c := newClient(t, sandbox.Options{Limits: "published", Doubt: test.doubt})
		survey := c.surveyIDs()[0]
		var last answer
		for range 70 { // the limit of this endpoint is 60
			if last = c.get("/API/v3/surveys/" + survey + "/response-schema"); last.status == 429 {
				break
			}
		}
		if last.status != 429 || !test.check(c, last.header.Get("Retry-After")) {
			t.Errorf("%s: got %d with Retry-After %q", name, last.status, last.header.Get("Retry-After"))
		}
	}
}
