package sandbox_test

import (
	"net/http"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/birdie-ai/source-qualtrics/source/sandbox"
)

func TestFaultRates_StrikeOnlyTheirClassAndStop(t *testing.T) {
	t.Parallel()
	for _, class := range sandbox.FaultClasses() {
		t.Run(class, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				c := newClient(t, sandbox.Options{FaultRates: map[string]int{class: 10_000}, FaultRow: 1000})
				c.meet()
				for struck, times := range c.tenant.Fired() {
					if struck != class {
						t.Errorf("%s struck %d times", struck, times)
					}
				}
				c.tenant.StopFaults()
				before := c.tenant.Fired()[class]
				if a := c.try(http.MethodGet, "/API/v3/whoami", ""); outcome(a) != "fine" {
					t.Errorf("after the end of all faults: %s", outcome(a))
				}
				if after := c.tenant.Fired()[class]; after != before {
					t.Errorf("it struck %d times after its end", after-before)
				}
			})
		})
	}
}

// A class that is left out changes nothing of what the others do.
func TestFaultRates_AreIndependent(t *testing.T) {
	t.Parallel()
	fired := func(rates map[string]int) map[string]int {
		var counted map[string]int
		synctest.Test(t, func(t *testing.T) {
			c := newClient(t, sandbox.Options{FaultRates: rates, FaultRow: 1000})
			c.meet()
			counted = c.tenant.Fired()
		})
		return counted
	}
	alone, beside := fired(map[string]int{"rate": 2000}), fired(map[string]int{"rate": 2000, "slow": 3000})
	if alone["rate"] == 0 || alone["rate"] != beside["rate"] {
		t.Errorf("got %d alone and %d beside another class", alone["rate"], beside["rate"])
	}
}

func TestFaultRates_RefuseWhatIsNone(t *testing.T) {
	t.Parallel()
	for _, rates := range []map[string]int{{"gremlins": 1}, {"rate": -1}, {"rate": 10_001}} {
		if _, err := sandbox.New(sandbox.Options{FaultRates: rates}); err == nil {
			t.Errorf("%v: no error", rates)
		}
	}
}

func TestLive_TheWorldChangesWhileItIsRead(t *testing.T) {
	t.Parallel()
	versions := func(live bool) (before, after int) {
		synctest.Test(t, func(t *testing.T) {
			c := newClient(t, sandbox.Options{Live: live, Surveys: 2, Responses: 50})
			c.tenant.SetActivity(100, 1, 1)
			count := func() (n int) {
				c.tenant.Versions(func(string, string, time.Time) { n++ })
				return n
			}
			before = count()
			time.Sleep(time.Hour)
			c.get("/API/v3/whoami")
			after = count()
		})
		return before, after
	}
	if before, after := versions(true); after <= before {
		t.Errorf("a living world went from %d to %d responses in an hour", before, after)
	}
	if before, after := versions(false); after != before {
		t.Errorf("a still world went from %d to %d responses", before, after)
	}
}

func TestDeleteSurvey_KeepsTheLastOnes(t *testing.T) {
	t.Parallel()
	c := newClient(t, sandbox.Options{Surveys: 3, KeepSurveys: 2})
	if !c.tenant.DeleteSurvey() || c.tenant.DeleteSurvey() {
		t.Error("want one of three surveys deleted, where two are kept")
	}
	if got := len(c.surveyIDs()); got != 2 {
		t.Errorf("%d surveys are left", got)
	}
}

func TestPageSize_CutsLists(t *testing.T) {
	t.Parallel()
	c := newClient(t, sandbox.Options{Surveys: 5, PageSize: 2})
	page := result[struct {
		Elements []any   `json:"elements"`
		NextPage *string `json:"nextPage"`
	}](t, c.get("/API/v3/surveys"))
	if len(page.Elements) != 2 || page.NextPage == nil {
		t.Errorf("got %d surveys on the first page, next %v", len(page.Elements), page.NextPage)
	}
}

func TestFaultRates_AnOutageAndADenialLast(t *testing.T) {
	t.Parallel()
	for class, test := range map[string]struct {
		status int
		period time.Duration
	}{"outage": {503, 30 * time.Minute}, "denied": {403, 3 * time.Hour}} {
		synctest.Test(t, func(t *testing.T) {
			c := newClient(t, sandbox.Options{FaultRates: map[string]int{class: 5000}, FaultRow: 1_000_000})
			var surveys []string
			c.tenant.Versions(func(survey, _ string, _ time.Time) {
				if !slices.Contains(surveys, survey) {
					surveys = append(surveys, survey)
				}
			})
			statuses := func() (all []int) {
				for _, survey := range surveys {
					all = append(all, c.get("/API/v3/survey-definitions/"+survey).status)
				}
				return all
			}
			first := statuses()
			if !slices.Contains(first, test.status) || !slices.Contains(first, 200) {
				t.Fatalf("%s: got %v, want some %d and some 200", class, first, test.status)
			}
			c.tenant.Advance(test.period-time.Minute, true) // the epoch begins a period
			if again := statuses(); !slices.Equal(first, again) {
				t.Errorf("%s: got %v, then %v in the same period", class, first, again)
			}
			c.tenant.Advance(time.Minute, true)
			if next := statuses(); slices.Equal(first, next) {
				t.Errorf("%s: got %v again in the next period", class, next)
			}
		})
	}
}
