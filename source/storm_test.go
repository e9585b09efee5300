package source_test

import (
	"net/http"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/birdie-ai/source-qualtrics/source/sandbox"
)

// tooMany answers as a limit does, with a wait of so many seconds or none.
func tooMany(r *http.Request, seconds int) *http.Response {
	response := answer(r, http.StatusTooManyRequests, errorBody(http.StatusTooManyRequests, "RL_1", "Too many requests."))
	if seconds > 0 {
		response.Header.Set("Retry-After", strconv.Itoa(seconds))
	}
	return response
}

// An hour in which every call is one too many: a platform that tries again
// gets through in the end, and the hour sees few calls.
func TestRead_ALimitThatLastsForAnHour(t *testing.T) {
	for name, test := range map[string]struct{ wait, most int }{
		"saying when":     {600, 60},
		"not saying when": {0, 60},
	} {
		t.Run(name, func(t *testing.T) {
			insideBubble(t, func(t *testing.T) {
				tn := newTenant(t, small)
				var calls atomic.Int32
				begin := time.Now()
				from, until := begin.Add(time.Second), begin.Add(time.Second+time.Hour)
				tn.Intercept(func(r *http.Request) *http.Response {
					if now := time.Now(); now.Before(from) || now.After(until) {
						return nil
					}
					calls.Add(1)
					return tooMany(r, test.wait)
				})
				var states []byte
				var tables map[string]table
				for {
					got := tn.read(t, states)
					tables, states = merge(tables, got), got.states
					if got.code == 0 {
						break
					}
					if got.code != 3 && got.code != 4 {
						t.Fatalf("got exit code %d and %v, want 3 or 4 in the storm", got.code, got.errors)
					}
					for _, e := range got.errors {
						if e.kind != "transient_error" || !strings.Contains(e.message, "Qualtrics takes no more calls for now") {
							t.Errorf("got %v, want transient errors that name the limit", e)
						}
					}
					if time.Since(begin) > 3*time.Hour {
						t.Fatal("the read is not complete two hours after the storm")
					}
					time.Sleep(time.Minute) // as a platform waits
				}
				tn.compareAll(t, tables)
				if n := int(calls.Load()); n == 0 || n > test.most {
					t.Errorf("got %d calls in the storm, want 1 to %d", n, test.most)
				}
			})
		})
	}
}

// Where every export fails, a run says so of every survey without trying each
// again and again, and the next one brings what is there.
func TestRead_AnOutageOfEveryExport(t *testing.T) {
	insideBubble(t, func(t *testing.T) {
		const surveys = 300
		tn := newTenant(t, sandbox.Options{Seed: 66, Surveys: surveys, Responses: 900, Contacts: 1, SmallSurveys: true})
		var calls atomic.Int32
		tn.Intercept(func(r *http.Request) *http.Response {
			if r.Method != http.MethodPost || !strings.HasSuffix(r.URL.Path, "/export-responses") {
				return nil
			}
			calls.Add(1)
			return answer(r, http.StatusServiceUnavailable, errorBody(503, "ISE_1", "Temporary internal server error."))
		})
		begin := time.Now()
		got := tn.read(t, nil, "responses")
		if got.code != 3 || len(got.errors) != 1 || got.errors[0].kind != "transient_error" {
			t.Errorf("got exit code %d and %v, want 3 and one transient error", got.code, got.errors)
		}
		// A fifth of what succeeded in between may be tried again, too.
		if n, most := int(calls.Load()), surveys+200; n < surveys || n > most {
			t.Errorf("got %d starts of exports of %d surveys, want %d at most", n, surveys, most)
		}
		if took := time.Since(begin); took > 30*time.Minute {
			t.Errorf("the run took %s", took)
		}
		tn.Intercept(nil)
		got = tn.readComplete(t, got.states, "responses")
		tn.compareTruth(t, "responses", merge(nil, got)["responses"])
	})
}

// A short limit is waited for, and the streams that wait say so.
func TestRead_TellsThatALimitHoldsItBack(t *testing.T) {
	insideBubble(t, func(t *testing.T) {
		tn := newTenant(t, small)
		var limited atomic.Bool
		tn.Intercept(func(r *http.Request) *http.Response {
			if strings.HasSuffix(r.URL.Path, "/export-responses") && limited.CompareAndSwap(false, true) {
				return tooMany(r, 30)
			}
			return nil
		})
		begin := time.Now()
		got := tn.readComplete(t, nil, "responses")
		tn.compareTruth(t, "responses", merge(nil, got)["responses"])
		if took := time.Since(begin); took < 30*time.Second || took > 5*time.Minute {
			t.Errorf("the read took %s, want a little more than the limit of 30s", took)
		}
		if !strings.Contains(got.output, `"reasons":[{"type":"RATE_LIMITED","rate_limited":{"quota_reset":`) {
			t.Error("no status tells of the limit")
		}
	})
}

// A proxy's page in the place of JSON: once it is an accident, always it is a
// failure that may pass.
func TestRead_PagesInThePlaceOfJSON(t *testing.T) {
	const page = "<!DOCTYPE html><html><head><title>Service unavailable</title></head></html>"
	tests := map[string]struct {
		suffix string
		code   int
		states map[string]string
	}{
		"of the account":          {"/whoami", 3, nil},
		"of the surveys":          {"/surveys", 4, map[string]string{"surveys": "INCOMPLETE", "responses": "INCOMPLETE", "contacts": "COMPLETE"}},
		"of the directories":      {"/directories", 4, map[string]string{"surveys": "COMPLETE", "responses": "COMPLETE", "contacts": "INCOMPLETE"}},
		"of a search":             {"/contacts/search", 4, map[string]string{"surveys": "COMPLETE", "responses": "COMPLETE", "contacts": "INCOMPLETE"}},
		"of every export's start": {"/export-responses", 4, map[string]string{"surveys": "COMPLETE", "responses": "INCOMPLETE", "contacts": "COMPLETE"}},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			insideBubble(t, func(t *testing.T) {
				tn := newTenant(t, small)
				var pages atomic.Int32
				plant := func(most int32) {
					tn.Intercept(func(r *http.Request) *http.Response {
						if strings.HasSuffix(r.URL.Path, test.suffix) && pages.Add(1) <= most {
							return answer(r, http.StatusOK, page)
						}
						return nil
					})
				}
				plant(1)
				once := tn.readComplete(t, nil)
				tn.compareAll(t, merge(nil, once))
				if pages.Load() < 2 {
					t.Fatal("no page was sent")
				}

				tn = newTenant(t, small)
				plant(1 << 30)
				got := tn.read(t, nil)
				want := ending{code: test.code, says: []string{"it is an HTML page and not JSON"}, statuses: test.states}
				for _, status := range test.states {
					if status == "INCOMPLETE" {
						want.kinds = append(want.kinds, "transient_error")
					}
				}
				if test.states == nil {
					want.kinds = []string{"transient_error"}
				}
				want.compare(t, got)
				tn.goesOn(t, nil, got, "surveys", "responses", "contacts")
			})
		})
	}
}
