package source_test

import (
	"bytes"
	"io"
	"net/http"
	"regexp"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/birdie-ai/source-qualtrics/source/sandbox"
)

// withNews is a tenant that was read, and in which much has happened since.
func withNews(t *testing.T) (tn *tenant, state []byte, tables map[string]table) {
	t.Helper()
	tn = newTenant(t, sandbox.Options{Seed: 12, Surveys: 4, Responses: 300, Contacts: 1})
	tn.config["deletions"] = map[string]any{"mode": "off"}
	r := tn.readComplete(t, nil, "responses")
	tn.SetActivity(60, 0, 0)
	tn.Advance(time.Hour, false)
	tn.Advance(time.Hour, true)
	return tn, r.states, merge(nil, r)
}

// The file of another survey, or of an older job, is thrown away.
func TestRead_AFileThatIsNotTheWindowsIsExportedAgain(t *testing.T) {
	insideBubble(t, func(t *testing.T) {
		tn, state, tables := withNews(t)
		if err := tn.Script(sandbox.ScriptedFault{Class: "misfiled", Count: 2}); err != nil {
			t.Fatal(err)
		}
		r := tn.readComplete(t, state, "responses")
		tn.compareTruth(t, "responses", merge(tables, r)["responses"])
		exist := tn.existing(t)
		for _, row := range r.records["responses"] {
			if id := key("responses", row); !exist[id] {
				t.Errorf("%s was delivered and is no response of this survey", id)
			}
		}
		if n := strings.Count(strings.Join(r.logs, "\n"), "modified before its window"); n != 2 {
			t.Errorf("%d files were said to be misfiled, want 2:\n%s", n, strings.Join(r.logs, "\n"))
		}
	})
}

var startDate = regexp.MustCompile(`"startDate":"[^"]*"`)

// Where windows hold more than they are known to, no run fails for that.
func TestRead_WindowsThatHoldMoreAreBelieved(t *testing.T) {
	insideBubble(t, func(t *testing.T) {
		tn, state, tables := withNews(t)
		var starts atomic.Int64
		next := tn.transport
		tn.transport = tripper(func(r *http.Request) (*http.Response, error) {
			if r.Method != http.MethodPost || !strings.HasSuffix(r.URL.Path, "/export-responses") {
				return next.RoundTrip(r)
			}
			starts.Add(1)
			body, err := io.ReadAll(r.Body)
			if err != nil {
				return nil, err
			}
			body = startDate.ReplaceAll(body, []byte(`"startDate":"2020-01-01T00:00:00Z"`))
			r = r.Clone(r.Context())
			r.Body, r.ContentLength = io.NopCloser(bytes.NewReader(body)), int64(len(body))
			return next.RoundTrip(r)
		})
		tn.config["limits"] = map[string]any{"parallel_exports": 1}
		r := tn.readComplete(t, state, "responses")
		tn.compareTruth(t, "responses", merge(tables, r)["responses"])
		surveys := len(keysOfTruth(t, tn, "surveys"))
		if n := int(starts.Load()); n != surveys+1 {
			t.Errorf("%d exports of %d surveys, want one more", n, surveys)
		}
	})
}
