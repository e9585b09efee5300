package source_test

import (
	"maps"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/birdie-ai/source-qualtrics/source/sandbox"
)

// What one survey's refusal means depends on which call is refused, whether
// the survey is named by id, and whether it was read before.
func TestRead_OneSurveyFails(t *testing.T) {
	const (
		survey = "" // path of the call below the survey
		export = "/export-responses"
	)
	denied := []string{"HTTP 403 Forbidden", "view reports and export them"}
	down := []string{"HTTP 500 Internal Server Error"}
	gone := []string{"HTTP 404 Not Found"}
	tests := map[string]struct {
		method, call string
		status       int
		named, fail  bool // by id; on_denied
		before       bool // the survey was read before
		kind         string
		says         []string // of the error, or of the warning where nothing fails
		result       string   // in sync_audit
	}{
		"the survey answers 403, which its export need not":    {http.MethodGet, survey, 403, false, false, false, "", []string{"the survey itself may not be read"}, "complete"},
		"the survey answers 404, which its export need not":    {http.MethodGet, survey, 404, true, false, true, "", []string{"the survey itself may not be read"}, "complete"},
		"the survey answers 500":                               {http.MethodGet, survey, 500, false, false, false, "transient_error", down, "incomplete"},
		"the survey answers 500, read before":                  {http.MethodGet, survey, 500, false, false, true, "transient_error", down, "incomplete"},
		"the export answers 403, matched and never read":       {http.MethodPost, export, 403, false, false, false, "", []string{"may not be exported by this account"}, "no_access"},
		"the export answers 403, matched and read before":      {http.MethodPost, export, 403, false, false, true, "config_error", denied, "incomplete"},
		"the export answers 403, matched, and that is to fail": {http.MethodPost, export, 403, false, true, false, "config_error", denied, "incomplete"},
		"the export answers 403, named":                        {http.MethodPost, export, 403, true, false, false, "config_error", denied, "incomplete"},
		"the export answers 404, matched":                      {http.MethodPost, export, 404, false, false, false, "", []string{"is gone"}, "gone"},
		"the export answers 404, named":                        {http.MethodPost, export, 404, true, false, true, "config_error", gone, "incomplete"},
		"the export answers 500, matched":                      {http.MethodPost, export, 500, false, false, false, "transient_error", down, "incomplete"},
		"the export answers 500, named and read before":        {http.MethodPost, export, 500, true, false, true, "transient_error", down, "incomplete"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			insideBubble(t, func(t *testing.T) {
				tn := newTenant(t, small)
				failing := tn.surveyIDs(t)[0]
				states := []byte("[]")
				var tables map[string]table
				if test.before {
					first := tn.readComplete(t, nil, "responses")
					states, tables = first.states, merge(nil, first)
					tn.Advance(24*time.Hour, false)
				}
				selection := make(map[string]any)
				if test.named {
					selection["ids"] = tn.surveyIDs(t)
				}
				if test.fail {
					selection["on_denied"] = "fail"
				}
				tn.config["surveys"] = selection
				tn.Intercept(refusing(test.method, failing+test.call, test.status))
				got := tn.read(t, states, "responses", "sync_audit")
				statuses := incomplete("responses")
				statuses["sync_audit"] = "COMPLETE"
				if test.kind == "" {
					statuses["responses"] = "COMPLETE"
					ending{statuses: statuses}.compare(t, got)
					if log := strings.Join(got.logs, "\n"); !strings.Contains(log, test.says[0]) || !strings.Contains(log, failing) {
						t.Errorf("the log does not say %q of %s:\n%s", test.says, failing, log)
					}
				} else {
					ending{
						code: 4, kinds: []string{test.kind}, says: append(test.says, "1 of the stream's parts is not complete: "+failing),
						statuses: statuses,
					}.compare(t, got)
				}
				checkResults(t, got, failing, test.result)
				tn.checkOthers(t, merge(tables, got), failing)
				if readable := test.kind == "" && test.call == survey; !readable {
					before, after := positions(t, states, "responses")[failing], positions(t, got.states, "responses")[failing]
					if string(before) != string(after) {
						t.Errorf("the position of %s moved from %s to %s", failing, before, after)
					}
				}
				tn.goesOn(t, tables, got, "responses")
			})
		})
	}
}

// checkResults checks what sync_audit says of how a survey ended; the others are
// complete.
func checkResults(t *testing.T, got *reading, survey, want string) {
	t.Helper()
	results := make(map[string]string)
	for _, row := range got.records["sync_audit"] {
		id := row["survey_id"].(string)
		if _, twice := results[id]; twice {
			t.Errorf("sync_audit has two rows of %s", id)
		}
		results[id] = row["result"].(string)
		if problem, _ := row["problem"].(string); (problem != "") != (row["result"] == "incomplete") {
			t.Errorf("%s is %v, and the problem is %q", id, row["result"], problem)
		}
	}
	if results[survey] != want {
		t.Errorf("sync_audit says that %s is %q, want %q", survey, results[survey], want)
	}
	for id, result := range results {
		if id != survey && result != "complete" {
			t.Errorf("sync_audit says that %s is %s", id, result)
		}
	}
	if len(results) < 2 {
		t.Errorf("sync_audit has rows of %d surveys", len(results))
	}
}

// checkOthers checks that every survey but one was read.
func (tn *tenant) checkOthers(t *testing.T, tables map[string]table, failed string) {
	t.Helper()
	missing := 0
	for id := range snapshot(t, tn)["responses"] {
		if _, read := tables["responses"][id]; !read && !strings.HasPrefix(id, failed+"/") {
			missing++
		}
	}
	if missing > 0 {
		t.Errorf("%d responses of other surveys were not read", missing)
	}
}

// A survey that is deleted between the list and its export.
func TestRead_ASurveyVanishesInTheMiddle(t *testing.T) {
	for name, test := range map[string]struct {
		named    bool
		want     ending
		result   string // in sync_audit
		warnings []string
	}{
		"matched": {false, ending{statuses: map[string]string{"responses": "COMPLETE"}}, "gone", []string{"an export job came to nothing", "it vanished while it was running", "is gone"}},
		"named": {
			true,
			ending{code: 4, kinds: []string{"config_error"}, says: []string{"HTTP 404 Not Found"}, statuses: incomplete("responses")},
			"incomplete",
			[]string{"it vanished while it was running"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			insideBubble(t, func(t *testing.T) {
				tn := newTenant(t, small)
				ids := tn.surveyIDs(t)
				if test.named {
					tn.config["surveys"] = map[string]any{"ids": ids}
				}
				started := false
				tn.Intercept(func(r *http.Request) *http.Response {
					switch {
					case !strings.Contains(r.URL.Path, ids[1]+"/export-responses"):
						return nil
					case r.Method == http.MethodPost && !started:
						started = true
						return nil
					}
					return answer(r, http.StatusNotFound, errorBody(http.StatusNotFound, "NF_1", "There is no such survey."))
				})
				got := tn.read(t, nil, "responses", "sync_audit")
				test.want.statuses["sync_audit"] = "COMPLETE"
				test.want.compare(t, got)
				checkResults(t, got, ids[1], test.result)
				for _, warning := range test.warnings {
					if !slices.ContainsFunc(got.logs, func(line string) bool { return strings.Contains(line, warning) && strings.Contains(line, ids[1]) }) {
						t.Errorf("the log does not say %q", warning)
					}
				}
				got.holds(t, "responses", ids[1], false)
				tn.checkOthers(t, merge(nil, got), ids[1])
				tn.goesOn(t, nil, got, "responses")
			})
		})
	}
}

// The list fails as a whole: both streams that need it say so, the third is
// read.
func TestRead_TheSurveyListFails(t *testing.T) {
	for status, kind := range map[int]string{403: "config_error", 404: "config_error", 500: "transient_error", 400: "system_error"} {
		t.Run(http.StatusText(status), func(t *testing.T) {
			insideBubble(t, func(t *testing.T) {
				tn := newTenant(t, small)
				tn.Intercept(refusing(http.MethodGet, "/API/v3/surveys", status))
				got := tn.read(t, nil)
				ending{
					code: 4, kinds: []string{kind, kind}, says: []string{http.StatusText(status), "/API/v3/surveys"},
					statuses: map[string]string{"surveys": "INCOMPLETE", "responses": "INCOMPLETE", "contacts": "COMPLETE"},
				}.compare(t, got)
				if records := slices.Sorted(maps.Keys(got.records)); !slices.Equal(records, []string{"contacts"}) {
					t.Errorf("got records of %v, want those of contacts", records)
				}
				tn.goesOn(t, nil, got, "surveys", "responses", "contacts")
			})
		})
	}
}

// However many surveys are left out for a reason, the log says so of some and
// counts the others; sync_audit has them all.
func TestRead_DoesNotFloodTheLogWithSurveysThatItLeavesOut(t *testing.T) {
	insideBubble(t, func(t *testing.T) {
		const surveys = 60
		tn := newTenant(t, sandbox.Options{Seed: 7, Surveys: surveys, Responses: 60, Contacts: 1, SmallSurveys: true})
		tn.Intercept(refusing(http.MethodPost, "/export-responses", http.StatusForbidden))
		got := tn.readComplete(t, nil, "responses", "sync_audit")
		told, counted := 0, 0
		for _, line := range got.logs {
			told += strings.Count(line, "a survey is left out survey=")
			counted += strings.Count(line, `like="a survey is left out"`)
		}
		if told == 0 || told > 10 || counted != 1 {
			t.Errorf("got %d lines and %d that count the others:\n%s", told, counted, strings.Join(got.logs, "\n"))
		}
		denied := 0
		for _, row := range got.records["sync_audit"] {
			if row["result"] == "no_access" {
				denied++
			}
		}
		if denied != surveys {
			t.Errorf("sync_audit names %d of %d surveys", denied, surveys)
		}
	})
}

// A survey slips between two pages of a list that changes meanwhile: the list is
// read once more, and its news come with this run. One that neither pass shows
// does not make later runs read it twice.
func TestRead_ASurveySlipsBetweenTwoPages(t *testing.T) {
	for name, test := range map[string]struct {
		passes int // over the list, that do not show it
		news   int // the run that delivers its news
	}{
		"in one pass": {1, 0}, "in both passes": {2, 1}, "in every pass": {9, -1},
	} {
		t.Run(name, func(t *testing.T) {
			insideBubble(t, func(t *testing.T) {
				tn := newTenant(t, small)
				states := tn.readComplete(t, nil, "responses").states
				tn.Advance(time.Hour, true)
				shown, slipping := tn.surveyIDs(t)[0], tn.surveyIDs(t)[2]
				tn.RecordResponses(slipping, 4, tn.Now(), tn.Now())
				passes, lacking := 0, rewritten("/API/v3/surveys", slipping, shown) // and another one twice
				tn.shows(func(r *http.Request, answer *http.Response) {
					if strings.HasSuffix(r.URL.Path, "/API/v3/surveys") {
						if passes++; passes <= test.passes {
							lacking(r, answer)
						}
					}
				})
				for run, want := range []int{2, 1} {
					before := passes
					r := tn.readComplete(t, states, "responses")
					states = r.states
					if passes-before != want {
						t.Errorf("run %d read the list %d times, want %d", run, passes-before, want)
					}
					delivered := slices.ContainsFunc(r.records["responses"], func(row map[string]any) bool { return row["survey_id"] == slipping })
					if delivered != (run == test.news) {
						t.Errorf("run %d delivered the news of the survey: %t", run, delivered)
					}
					tn.Advance(time.Minute, true)
				}
			})
		})
	}
}
