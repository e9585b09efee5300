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
	denied := []string{"Qualtrics does not allow this account to start an export", "the permissions to view reports and to export responses of this survey"}
	down := []string{"Qualtrics fails to "}
	gone := []string{"Qualtrics finds nothing when it is asked to start an export"}
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
		"the export answers 404, matched":                      {http.MethodPost, export, 404, false, false, false, "config_error", gone, "incomplete"},
		"the export answers 404, matched and read before":      {http.MethodPost, export, 404, false, false, true, "config_error", gone, "incomplete"},
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
	for _, id := range keysOfTruth(t, tn, "responses") {
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
		"matched, and the list and its own call show it": {
			false,
			ending{code: 4, kinds: []string{"config_error"}, says: []string{"exists, but Qualtrics answers calls about it as if it did not", "Qualtrics finds nothing"}, statuses: incomplete("responses")},
			"incomplete",
			[]string{"an export job came to nothing", "it vanished while it was running"},
		},
		"named": {
			true,
			ending{code: 4, kinds: []string{"config_error"}, says: []string{"Qualtrics finds nothing when it is asked to start an export"}, statuses: incomplete("responses")},
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
	kinds := map[int]string{403: "config_error", 404: "config_error", 500: "transient_error", 400: "config_error"}
	for status, says := range map[int]string{
		403: "Qualtrics does not allow this account to list the surveys", 404: "Qualtrics finds nothing when it is asked to list the surveys",
		500: "Qualtrics fails to list the surveys", 400: "Qualtrics refuses to list the surveys",
	} {
		kind := kinds[status]
		t.Run(http.StatusText(status), func(t *testing.T) {
			insideBubble(t, func(t *testing.T) {
				tn := newTenant(t, small)
				tn.Intercept(refusing(http.MethodGet, "/API/v3/surveys", status))
				got := tn.read(t, nil)
				ending{
					code: 4, kinds: []string{kind, kind}, says: []string{says},
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
		refuse, allowed := refusing(http.MethodPost, "/export-responses", http.StatusForbidden), tn.surveyIDs(t)[0]
		tn.Intercept(func(r *http.Request) *http.Response {
			if strings.Contains(r.URL.Path, allowed) {
				return nil
			}
			return refuse(r)
		})
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
		if denied != surveys-1 {
			t.Errorf("sync_audit names %d of %d surveys", denied, surveys-1)
		}
	})
}

// A survey that the list does not show, and that its own call finds, is read all
// the same.
func TestRead_ASurveyThatIsNotListedAnyMoreIsReadAsLongAsItCanBe(t *testing.T) {
	insideBubble(t, func(t *testing.T) {
		tn := newTenant(t, small)
		states := tn.readComplete(t, nil, "responses", "surveys").states
		hidden := tn.surveyIDs(t)[2]
		tn.shows(listingOf("/API/v3/surveys", without(hidden)))
		for range 2 {
			tn.Advance(time.Hour, true)
			tn.RecordResponses(hidden, 4, tn.Now(), tn.Now())
			r := tn.readComplete(t, states, "responses", "surveys")
			states = r.states
			if got := len(bySurvey(r.records["responses"])[hidden]); got < 4 {
				t.Errorf("got %d responses of the survey, want at least 4", got)
			}
			if log := strings.Join(r.logs, "\n"); !strings.Contains(log, "is not in the account's list any more, and can be read all the same survey="+hidden) {
				t.Errorf("the log does not name it:\n%s", log)
			}
			if len(r.records["surveys"]) > 0 {
				t.Errorf("its row comes again: %v", r.records["surveys"])
			}
		}
	})
}
