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

var singleResponse = regexp.MustCompile(`/surveys/[^/]+/responses/R_\w+$`)

// That a response is gone is Qualtrics' word, and of nothing between it and us;
// and one that exists has to be found the same way.
func TestRead_OnlyQualtricsOwnWordBuriesAResponse(t *testing.T) {
	const bare = `{"message":"no Route matched with those values"}`
	for name, test := range map[string]struct {
		status int // of every single response that is asked for; 0: as it is
		body   string
		only   bool // of those that are gone
		log    string
	}{
		"as it is":                           {},
		"404 in the words of a gateway":      {404, bare, true, "they are not reported as deleted yet"},
		"404 for all":                        {404, errorBody(404, "UNF_9", "Resource not found"), false, "they are not reported as deleted yet"},
		"404 for all in a gateway's words":   {404, bare, false, "they are not reported as deleted yet"},
		"403":                                {403, errorBody(403, "AUTH_1", "no"), true, "they are not reported as deleted yet"},
		"500":                                {500, errorBody(500, "ISE_1", "no"), true, "they are not reported as deleted yet"},
		"404, and those that exist are read": {404, errorBody(404, "UNF_9", "Resource not found"), true, ""},
	} {
		t.Run(name, func(t *testing.T) {
			insideBubble(t, func(t *testing.T) {
				tn := newTenant(t, sandbox.Options{Seed: 5, Surveys: 2, Responses: 60, Contacts: 1})
				tn.config["deletions"] = map[string]any{"audit_days": 1}
				r := tn.readComplete(t, nil, "responses")
				tables := merge(nil, r)
				gone := tn.DeleteResponses(tn.surveyIDs(t)[0], 3)
				tn.Advance(25*time.Hour, true)
				r = tn.readComplete(t, r.states, "responses")
				tn.Advance(time.Hour, true)
				tn.Intercept(func(r *http.Request) *http.Response {
					isGone := false
					for _, id := range gone {
						isGone = isGone || strings.HasSuffix(r.URL.Path, id)
					}
					if test.status == 0 || !singleResponse.MatchString(r.URL.Path) || (test.only && !isGone) {
						return nil
					}
					return answer(r, test.status, test.body)
				})
				r = tn.readComplete(t, r.states, "responses")
				want := len(gone)
				if test.log != "" {
					want = 0
				}
				if got := r.count(); got != want {
					t.Errorf("got %d tombstones, want %d", got, want)
				}
				if log := strings.Join(r.logs, "\n"); !strings.Contains(log, test.log) {
					t.Errorf("the log does not say %q:\n%s", test.log, log)
				}
				tables = merge(tables, r)
				tn.Intercept(nil)
				tn.Advance(time.Hour, true)
				tn.exactly(t, merge(tables, tn.readComplete(t, r.states, "responses")))
			})
		})
	}
}

// The list does not show all surveys (API §2.1): one that is missing from it is
// not gone for that.
func TestRead_OnlyQualtricsOwnWordBuriesASurvey(t *testing.T) {
	for name, test := range map[string]struct {
		status int // of the survey by itself
		body   string
		all    bool   // of every survey by itself
		kind   string // of the failure; "": none
		buried int
	}{
		"it is found":                     {},
		"it may not be seen":              {status: 403, body: errorBody(403, "AUTH_1", "no"), kind: "config_error"},
		"it cannot be looked up":          {status: 500, body: errorBody(500, "ISE_1", "no"), kind: "transient_error"},
		"a gateway does not find it":      {status: 404, body: `{"message":"no Route matched"}`, kind: "transient_error"},
		"no survey is found by itself":    {status: 404, body: errorBody(404, "UNF_9", "Resource not found"), all: true, kind: "transient_error"},
		"Qualtrics says that it is gone":  {status: 404, body: errorBody(404, "GSI_2", "Survey not found"), buried: 1},
		"Qualtrics says that it was gone": {status: 410, body: errorBody(410, "GSI_2", "Survey not found"), buried: 1},
	} {
		t.Run(name, func(t *testing.T) {
			insideBubble(t, func(t *testing.T) {
				tn := newTenant(t, small)
				r := tn.readComplete(t, nil, "surveys")
				hidden := tn.surveyIDs(t)[2]
				tn.shows(listingOf("/API/v3/surveys", without(hidden)))
				tn.Intercept(func(r *http.Request) *http.Response {
					single := strings.HasPrefix(r.URL.Path, "/API/v3/surveys/SV_")
					if !single || test.status == 0 || (!test.all && !strings.HasSuffix(r.URL.Path, hidden)) {
						return nil
					}
					return answer(r, test.status, test.body)
				})
				r = tn.read(t, r.states, "surveys")
				if test.kind == "" && r.code != 0 || test.kind != "" && (len(r.errors) != 1 || r.errors[0].kind != test.kind || !strings.Contains(r.errors[0].message, hidden)) {
					t.Errorf("got exit code %d and %v, want the kind %q", r.code, r.errors, test.kind)
				}
				if got := r.count(); got != test.buried {
					t.Errorf("got %d records, want %d tombstones", got, test.buried)
				}
			})
		})
	}
}

// A brand that refuses to export ids alone, and one that cannot list them at
// all, deliver what is new.
func TestRead_GoesOnWithoutAListOfIDs(t *testing.T) {
	for name, test := range map[string]struct {
		status int
		code   int // of the run
	}{
		"it is refused":    {400, 0},
		"it may not be":    {403, 4},
		"it does not work": {500, 4},
	} {
		t.Run(name, func(t *testing.T) {
			insideBubble(t, func(t *testing.T) {
				tn := newTenant(t, sandbox.Options{Seed: 8, Surveys: 2, Responses: 160, Contacts: 1})
				tn.config["deletions"] = map[string]any{"audit_days": 1}
				r := tn.readComplete(t, nil, "responses")
				tables := merge(nil, r)
				tn.DeleteResponses(tn.surveyIDs(t)[0], 3)
				tn.Advance(30*time.Hour, false)
				tn.Advance(time.Hour, true)
				var refused atomic.Int64
				tn.Intercept(func(r *http.Request) *http.Response {
					if r.Method != http.MethodPost || !strings.HasSuffix(r.URL.Path, "/export-responses") {
						return nil
					}
					body, err := io.ReadAll(r.Body)
					r.Body = io.NopCloser(bytes.NewReader(body))
					if err != nil || !bytes.Contains(body, []byte("surveyMetadataIds")) {
						return nil
					}
					refused.Add(1)
					return answer(r, test.status, errorBody(test.status, "ATP_2", "surveyMetadataIds"))
				})
				r = tn.read(t, r.states, "responses")
				if r.code != test.code || refused.Load() == 0 {
					t.Errorf("got exit code %d after %d refusals, want %d: %v", r.code, refused.Load(), test.code, r.errors)
				}
				tables = merge(tables, r)
				tn.compareTruth(t, "responses", tables["responses"])
				if test.code != 0 {
					tn.Intercept(nil)
				}
				for range 2 {
					tn.Advance(time.Hour, true)
					r = tn.readComplete(t, r.states, "responses")
					tables = merge(tables, r)
				}
				tn.exactly(t, tables)
			})
		})
	}
}
