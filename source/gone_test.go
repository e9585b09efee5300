package source_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/birdie-ai/source-qualtrics/source/sandbox"
)

var followed = []string{"surveys", "responses", "response_deletions", "sync_audit"}

const goneStatus = http.StatusNotFound

// curtain hides surveys or directories from the account, also while a run reads.
type curtain struct {
	tn     *tenant
	mu     sync.Mutex
	status int // of the calls that name what is hidden; 0: as it is
	ids    []string
}

// curtain hangs a curtain that hides nothing yet in front of a list.
func (tn *tenant) curtain(path string) *curtain {
	c := &curtain{tn: tn}
	tn.shows(listingOf(path, func(elements []json.RawMessage) []json.RawMessage {
		return slices.DeleteFunc(elements, func(e json.RawMessage) bool { return c.hidden(string(e)) })
	}))
	tn.Intercept(c.answer)
	return c
}

// hide makes some vanish from the list, and answers every call that names one with
// a status; without any it shows all again.
func (c *curtain) hide(status int, ids ...string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.status, c.ids = status, ids
}

func (c *curtain) hidden(text string) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return slices.ContainsFunc(c.ids, func(id string) bool { return strings.Contains(text, id) })
}

func (c *curtain) answer(r *http.Request) *http.Response {
	c.mu.Lock()
	status := c.status
	c.mu.Unlock()
	if !c.hidden(r.URL.Path) || status == 0 {
		return nil
	}
	return answer(r, status, errorBody(status, "GSI_2", "no"))
}

const (
	surveyPath    = "/API/v3/surveys"
	directoryPath = "/API/v3/directories"
)

// ofSurvey are the rows of one survey.
func ofSurvey(rows []map[string]any, survey string) []map[string]any { return bySurvey(rows)[survey] }

// auditOf is the row of sync_audit that tells of a survey.
func auditOf(t *testing.T, r *reading, survey string) map[string]any {
	t.Helper()
	rows := ofSurvey(r.records["sync_audit"], survey)
	if len(rows) != 1 {
		t.Fatalf("sync_audit has %d rows of %s, want 1", len(rows), survey)
	}
	return rows[0]
}

// says checks that the log has a line that holds all of the texts.
func (r *reading) says(t *testing.T, texts ...string) {
	t.Helper()
	if !slices.ContainsFunc(r.logs, func(line string) bool {
		return !slices.ContainsFunc(texts, func(text string) bool { return !strings.Contains(line, text) })
	}) {
		t.Errorf("no line of the log holds %q:\n%s", texts, strings.Join(r.logs, "\n"))
	}
}

func TestRead_ASurveyThatIsGoneTakesItsResponsesAlong(t *testing.T) {
	insideBubble(t, func(t *testing.T) {
		tn := newTenant(t, small)
		curtain := tn.curtain(surveyPath)
		first := tn.readComplete(t, nil, followed...)
		gone := tn.surveyIDs(t)[1]
		delivered := len(ofSurvey(first.records["responses"], gone))
		tn.Advance(time.Hour, true)
		curtain.hide(goneStatus, gone)
		begun := time.Now()
		r := tn.readComplete(t, first.states, followed...)
		if waited := time.Since(begun); waited < 20*time.Second || waited > 2*time.Minute {
			t.Errorf("the run took %s, want one wait between the two looks", waited)
		}
		for _, stream := range []string{"responses", "response_deletions"} {
			rows := ofSurvey(r.records[stream], gone)
			for _, row := range rows {
				if row["deleted_at"] == nil {
					t.Errorf("%s: got %v, want a tombstone", stream, row)
				}
			}
			if len(rows) != delivered || delivered < 3 {
				t.Errorf("%s reports %d deletions of %d responses", stream, len(rows), delivered)
			}
			r.holds(t, stream, gone, false)
		}
		if rows := ofSurvey(r.records["surveys"], gone); len(rows) != 1 || rows[0]["deleted_at"] == nil {
			t.Errorf("surveys has %v of it, want a tombstone", rows)
		}
		if row := auditOf(t, r, gone); row["result"] != "gone" || number(t, row, "deleted") != int64(2*delivered) && number(t, row, "deleted") != int64(delivered) || number(t, row, "deletions_unresolved") != 0 {
			t.Errorf("sync_audit says %v", row)
		}
		begun = time.Now()
		again := tn.readComplete(t, r.states, followed...)
		if n := len(again.records["responses"]) + len(again.records["surveys"]); n > 0 || time.Since(begun) > 20*time.Second {
			t.Errorf("the next run delivers %d rows after %s", n, time.Since(begun))
		}
	})
}

// Wherever a run ends that reports the responses of a survey that is gone, the
// next one reports those that are left.
func TestRead_ResponsesOfASurveyThatIsGoneAreReportedWhateverInterrupts(t *testing.T) {
	for _, taken := range []int{0, 2_000, 4_000, 8_000, 16_000} {
		t.Run(fmt.Sprint(taken), func(t *testing.T) {
			insideBubble(t, func(t *testing.T) {
				tn := newTenant(t, small)
				curtain := tn.curtain(surveyPath)
				streams := []string{"responses", "response_deletions"}
				first := tn.readComplete(t, nil, streams...)
				gone := tn.surveyIDs(t)[1]
				tn.Advance(time.Hour, true)
				curtain.hide(goneStatus, gone)
				cut, _ := tn.readInto(t, first.states, taken, syscall.EPIPE, streams...)
				r := tn.readComplete(t, cut.states, streams...)
				tables := merge(merge(merge(nil, first), cut), r)
				for id := range tables["responses"] {
					if strings.HasPrefix(id, gone) {
						t.Errorf("%s was not reported as deleted", id)
					}
				}
				told := make(map[any]bool)
				for _, row := range slices.Concat(cut.records["response_deletions"], r.records["response_deletions"]) {
					told[row["response_id"]] = true
				}
				if want := len(ofSurvey(first.records["responses"], gone)); len(told) != want {
					t.Errorf("response_deletions tells of %d responses, want %d", len(told), want)
				}
			})
		})
	}
}

// For a large survey the state holds a sketch. Responses that it cannot name are
// counted.
func TestRead_ResponsesOfALargeSurveyThatIsGoneAreCounted(t *testing.T) {
	insideBubble(t, func(t *testing.T) {
		tn := newTenant(t, sandbox.Options{Seed: 31, Surveys: 2, Responses: 1600, Contacts: 1})
		curtain := tn.curtain(surveyPath)
		first := tn.readComplete(t, nil, followed...)
		gone := tn.surveyIDs(t)[0]
		delivered := int64(len(ofSurvey(first.records["responses"], gone)))
		tn.Advance(time.Hour, true)
		curtain.hide(goneStatus, gone)
		r := tn.readComplete(t, first.states, followed...)
		named := int64(len(ofSurvey(r.records["responses"], gone)))
		row := auditOf(t, r, gone)
		if staying := number(t, row, "deletions_unresolved"); staying == 0 || named+staying != delivered || row["result"] != "gone" {
			t.Errorf("%d responses were delivered, %d are reported as deleted, and sync_audit says %v", delivered, named, row)
		}
		r.holds(t, "responses", gone, false)
		r.says(t, gone, "leave them out by surveys.deleted_at")
	})
}

func TestRead_DeletionsOffKeepTheResponsesOfASurveyThatIsGone(t *testing.T) {
	insideBubble(t, func(t *testing.T) {
		tn := newTenant(t, small)
		curtain := tn.curtain(surveyPath)
		tn.config["deletions"] = map[string]any{"mode": "off"}
		first := tn.readComplete(t, nil, followed...)
		gone := tn.surveyIDs(t)[1]
		curtain.hide(goneStatus, gone)
		r := tn.readComplete(t, first.states, followed...)
		if rows := ofSurvey(r.records["responses"], gone); len(rows) > 0 {
			t.Errorf("got %d rows of it", len(rows))
		}
		r.says(t, gone, "deletions.mode is off")
	})
}

// Without proof the survey is incomplete: nothing is reported as deleted, and its
// position is kept.
func TestRead_ASurveyIsGoneOnlyIfListAndCallSaySoTwice(t *testing.T) {
	everything := func(tn *tenant, t *testing.T) []string { return keysOfTruth(t, tn, "surveys") }
	for name, test := range map[string]struct {
		hide   func(tn *tenant, t *testing.T) []string // besides the survey; nil: none
		second func(curtain *curtain, survey string)   // what is answered from the second look on
		says   string
		kind   string
	}{
		"the list shows it again": {second: func(curtain *curtain, _ string) { curtain.hide(0) }, says: "it is shown again", kind: "transient_error"},
		"its own call finds it at the second look": {
			second: func(curtain *curtain, survey string) { curtain.hide(0, survey) }, says: "it is shown again", kind: "transient_error",
		},
		"its own call fails at the second look": {
			second: func(curtain *curtain, survey string) { curtain.hide(500, survey) }, says: "Qualtrics fails to describe survey", kind: "transient_error",
		},
		"its own call is refused at the second look": {
			second: func(curtain *curtain, survey string) { curtain.hide(403, survey) }, says: "surveys.on_withdrawn", kind: "config_error",
		},
		"the list is empty": {hide: everything, says: "the account's list is empty", kind: "config_error"},
		"the list has one element, without an id": {
			hide: func(tn *tenant, t *testing.T) []string {
				ids := everything(tn, t)
				tn.rewriting("/surveys", func(result map[string]any) any {
					if len(result["elements"].([]any)) == 0 {
						result["elements"] = []any{map[string]any{"name": "nameless"}}
					}
					return result
				})
				return ids
			}, says: "cannot be told yet: element 1 of the answer", kind: "transient_error",
		},
	} {
		t.Run(name, func(t *testing.T) {
			insideBubble(t, func(t *testing.T) {
				tn := newTenant(t, small)
				curtain := tn.curtain(surveyPath)
				first := tn.readComplete(t, nil, followed...)
				missing := tn.surveyIDs(t)[1]
				tn.Advance(time.Hour, true)
				hidden := []string{missing}
				if test.hide != nil {
					hidden = test.hide(tn, t)
				}
				curtain.hide(goneStatus, hidden...)
				if test.second != nil {
					timer := time.AfterFunc(15*time.Second, func() { test.second(curtain, missing) })
					defer timer.Stop()
				}
				r := tn.read(t, first.states, followed...)
				if r.code == 0 || r.statuses["responses"] != "INCOMPLETE" || r.statuses["surveys"] != "INCOMPLETE" {
					t.Errorf("got exit code %d and %v, want a failure", r.code, r.statuses)
				}
				if len(r.errors) == 0 || r.errors[0].kind != test.kind || !strings.Contains(r.errors[0].message, test.says) {
					t.Errorf("got the errors %v, want %s that says %q", r.errors, test.kind, test.says)
				}
				for _, stream := range []string{"responses", "response_deletions", "surveys"} {
					for _, row := range r.records[stream] {
						if row["deleted_at"] != nil {
							t.Fatalf("%s reports a deletion: %v", stream, row)
						}
					}
				}
				r.holds(t, "responses", missing, true)
				if row := auditOf(t, r, missing); row["result"] != "incomplete" {
					t.Errorf("sync_audit says %v", row)
				}
				curtain.hide(0)
				tn.Advance(time.Hour, true)
				tn.goesOn(t, merge(nil, first), r, "surveys", "responses")
			})
		})
	}
}

// A survey that is deleted while a run reads: the first one of them is told from
// one that exists, by one wait; others are left to the next run.
func TestRead_SurveysAreDeletedInTheMiddleOfARun(t *testing.T) {
	for _, deleted := range []int{1, 2} {
		t.Run(fmt.Sprint(deleted), func(t *testing.T) {
			insideBubble(t, func(t *testing.T) {
				tn := newTenant(t, small)
				curtain := tn.curtain(surveyPath)
				first := tn.readComplete(t, nil, followed...)
				gone := tn.surveyIDs(t)[:deleted]
				tn.Advance(time.Hour, true)
				tn.config["limits"].(map[string]any)["parallel_exports"] = 1
				var exports atomic.Int32
				tn.Intercept(func(r *http.Request) *http.Response {
					if strings.HasSuffix(r.URL.Path, "/export-responses") && exports.Add(1) == 1 {
						curtain.hide(goneStatus, gone...)
					}
					return curtain.answer(r)
				})
				r := tn.read(t, first.states, "responses", "response_deletions", "sync_audit")
				results := make(map[any]int)
				for _, id := range gone {
					results[auditOf(t, r, id)["result"]]++
				}
				if want := map[any]int{"gone": 1, "incomplete": deleted - 1}; results["gone"] != want["gone"] || results["incomplete"] != want["incomplete"] {
					t.Errorf("got the results %v, want %v", results, want)
				}
				if (r.code == 0) != (deleted == 1) {
					t.Errorf("got exit code %d: %v", r.code, r.errors)
				}
				next := tn.readComplete(t, r.states, "responses", "response_deletions", "sync_audit")
				tables := merge(merge(merge(nil, first), r), next)
				for id := range tables["responses"] {
					if slices.ContainsFunc(gone, func(survey string) bool { return strings.HasPrefix(id, survey) }) {
						t.Errorf("%s was not reported as deleted", id)
					}
				}
			})
		})
	}
}

// A survey that is deleted between the list and the read of its definition, or of its sessions,
// takes its rows along.
func TestRead_ASurveyIsDeletedBeforeItsTablesAreRead(t *testing.T) {
	for stream, call := range map[string]string{"questions": "/survey-definitions/", "responses_in_progress": "/export-responses"} {
		t.Run(stream, func(t *testing.T) {
			insideBubble(t, func(t *testing.T) {
				tn := newTenant(t, sandbox.Options{Seed: 41, Surveys: 4, Responses: 60, Contacts: 1})
				first := tn.readComplete(t, nil, stream)
				gone := fmt.Sprint(first.records[stream][0]["survey_id"])
				tn.Advance(time.Hour, true)
				for !tn.ArrangeSurvey(gone) { // not each draw is an edit that applies
				}
				tn.Advance(time.Hour, true)
				tn.Intercept(func(r *http.Request) *http.Response {
					if strings.Contains(r.URL.Path, call) && strings.Contains(r.URL.Path, gone) {
						tn.RemoveSurvey(gone)
					}
					return nil
				})
				r := tn.readComplete(t, first.states, stream)
				tables := merge(merge(nil, first), r)
				for id := range tables[stream] {
					if strings.HasPrefix(id, gone) {
						t.Errorf("%s was not reported as deleted", id)
					}
				}
				if next := tn.readComplete(t, r.states, stream); next.count() > 0 && stream == "questions" {
					t.Errorf("%d rows came again", next.count())
				}
			})
		})
	}
}

// A view that shrinks is an event until the configuration says that it is meant,
// or the survey is forgotten.
func TestRead_ASurveyThatIsWithdrawnIsAFailureUnlessItIsMeant(t *testing.T) {
	insideBubble(t, func(t *testing.T) {
		tn := newTenant(t, small)
		curtain := tn.curtain(surveyPath)
		first := tn.readComplete(t, nil, followed...)
		hidden := tn.surveyIDs(t)[1]
		tn.Advance(time.Hour, true)
		curtain.hide(http.StatusForbidden, hidden)
		r := tn.read(t, first.states, followed...)
		ending{
			code: 4, kinds: []string{"config_error", "config_error", "config_error"},
			says:     []string{"survey " + hidden + " was read before, and this account does not see it any more", "set surveys.on_withdrawn to skip"},
			statuses: map[string]string{"surveys": "INCOMPLETE", "responses": "INCOMPLETE", "response_deletions": "INCOMPLETE", "sync_audit": "COMPLETE"},
		}.compare(t, r)
		if row := auditOf(t, r, hidden); row["result"] != "incomplete" || !strings.Contains(row["problem"].(string), "on_withdrawn") {
			t.Errorf("sync_audit says %v", row)
		}
		r.says(t, "was read before is not in the account's list any more", hidden)

		tn.config["surveys"] = map[string]any{"on_withdrawn": "skip"}
		r = tn.readComplete(t, r.states, followed...)
		if row := auditOf(t, r, hidden); row["result"] != "withdrawn" {
			t.Errorf("sync_audit says %v", row)
		}
		r.says(t, "a survey is left out", hidden)
		r.holds(t, "responses", hidden, true)

		tn.RecordResponses(hidden, 3, tn.Now(), tn.Now())
		curtain.hide(0)
		tn.Advance(time.Hour, true)
		back := tn.readComplete(t, r.states, followed...)
		if got := len(ofSurvey(back.records["responses"], hidden)); got != 3 {
			t.Errorf("got %d responses of the survey that is shared again, want 3", got)
		}

		delete(tn.config, "surveys")
		curtain.hide(http.StatusForbidden, hidden)
		if r = tn.read(t, back.states, followed...); r.code != 4 {
			t.Errorf("got exit code %d, want 4", r.code)
		}
		tn.Advance(31*24*time.Hour, true)
		r = tn.readComplete(t, r.states, followed...)
		r.holds(t, "responses", hidden, false)
		r.says(t, "its position is forgotten", hidden)
		if strings.Contains(string(stateOf(t, r.states, "surveys")), hidden) {
			t.Errorf("the state of surveys still knows it: %s", r.states)
		}
		if rows := ofSurvey(r.records["surveys"], hidden); len(rows) > 0 {
			t.Errorf("surveys has %v of it", rows)
		}
	})
}

func TestRead_ReportsADirectoryThatIsNotListedAnyMore(t *testing.T) {
	const empty = `{"result":{"elements":[],"nextPage":null},"meta":{"httpStatus":"200 - OK","requestId":"r"}}`
	for name, test := range map[string]struct {
		status int // of its own calls; 0: as it is
		empty  bool
		config map[string]any
		code   int
		kind   string
		says   string
	}{
		"it can be read":                      {says: "can be read all the same"},
		"it may not be read":                  {status: 403, code: 4, kind: "config_error", says: "on_withdrawn"},
		"it may not be, which is meant":       {status: 403, config: map[string]any{"on_withdrawn": "skip"}, says: "a directory is left out"},
		"its list is empty":                   {empty: true, code: 4, kind: "config_error", says: "its own list of contacts is empty"},
		"it fails":                            {status: 500, code: 4, kind: "transient_error", says: "Qualtrics fails to list the contacts"},
		"it is gone, and it was the only one": {status: 404, code: 4, kind: "config_error", says: "the account's list is empty"},
	} {
		t.Run(name, func(t *testing.T) {
			insideBubble(t, func(t *testing.T) {
				tn := newTenant(t, sandbox.Options{Seed: 5, Surveys: 1, Responses: 5, Contacts: 40})
				curtain := tn.curtain(directoryPath)
				tn.followsContacts(7)
				first := tn.readComplete(t, nil, "contacts")
				directory := first.records["contacts"][0]["directory_id"].(string)
				var hidden []string
				for id := range positions(t, first.states, "contacts") {
					hidden = append(hidden, id)
				}
				tn.Advance(time.Hour, true)
				curtain.hide(test.status, hidden...)
				if test.empty {
					tn.Intercept(func(r *http.Request) *http.Response {
						if strings.HasSuffix(r.URL.Path, "/contacts") {
							return answer(r, http.StatusOK, empty)
						}
						return nil
					})
				}
				if test.config != nil {
					tn.config["surveys"] = test.config
				}
				r := tn.read(t, first.states, "contacts")
				if r.code != test.code || test.kind != "" && (len(r.errors) == 0 || r.errors[0].kind != test.kind || !strings.Contains(r.errors[0].message, test.says)) {
					t.Errorf("got exit code %d and %v, want %d and %s that says %q", r.code, r.errors, test.code, test.kind, test.says)
				}
				r.says(t, directory, test.says)
				for _, row := range r.records["contacts"] {
					if row["deleted_at"] != nil {
						t.Fatalf("got the tombstone %v", row)
					}
				}
				r.holds(t, "contacts", directory, true)
				curtain.hide(0)
				delete(tn.config, "surveys")
				tn.Advance(time.Hour, true)
				tn.goesOn(t, merge(nil, first), r, "contacts")
			})
		})
	}
}

// The only object of its kind that cannot be found leaves the run incomplete. It is no
// failure of the configuration, which would say that nothing else can help.
func TestRead_TheOnlyObjectIsListedAndNotFound(t *testing.T) {
	for stream, path := range map[string]string{"responses": "/export-responses", "contacts": "/contacts"} {
		t.Run(stream, func(t *testing.T) {
			insideBubble(t, func(t *testing.T) {
				tn := newTenant(t, sandbox.Options{Seed: 5, Surveys: 1, Responses: 5, Contacts: 40})
				first := tn.readComplete(t, nil, stream)
				tn.Advance(time.Hour, true)
				tn.Intercept(func(r *http.Request) *http.Response {
					if strings.Contains(r.URL.Path, path) {
						return answer(r, http.StatusNotFound, errorBody(http.StatusNotFound, "GSI_2", "Not found."))
					}
					return nil
				})
				for _, mode := range []string{"", ":full_refresh"} {
					r := tn.read(t, first.states, stream+mode)
					if r.code != 4 || r.statuses[stream] != "INCOMPLETE" || len(r.records[stream]) > 0 {
						t.Errorf("%s: got exit code %d, %v and %v", mode, r.code, r.statuses, r.errors)
					}
				}
				r := tn.read(t, first.states, stream)
				tn.Intercept(nil)
				tn.Advance(time.Hour, true)
				tn.goesOn(t, merge(nil, first), r, stream)
			})
		})
	}
}

func TestRead_ADirectoryThatIsGoneTakesItsContactsAlong(t *testing.T) {
	insideBubble(t, func(t *testing.T) {
		tn := newTenant(t, sandbox.Options{Seed: 5, Surveys: 1, Responses: 5, Contacts: 200}) // in two directories
		tn.followsContacts(7)
		curtain := tn.curtain(directoryPath)
		first := tn.readComplete(t, nil, "contacts")
		contacts := make(map[string]int)
		for _, row := range first.records["contacts"] {
			contacts[row["directory_id"].(string)]++
		}
		var gone string
		for directory, n := range contacts {
			if gone == "" || n < contacts[gone] {
				gone = directory
			}
		}
		tn.Advance(time.Hour, true)
		curtain.hide(goneStatus, gone)
		r := tn.readComplete(t, first.states, "contacts")
		told := make(map[any]bool)
		for _, row := range r.records["contacts"] {
			if row["deleted_at"] == nil || row["directory_id"] != gone {
				t.Errorf("got %v, want tombstones of the directory", row)
			}
			told[row["contact_id"]] = true
		}
		if len(contacts) != 2 || len(told) != contacts[gone] {
			t.Errorf("%d contacts of %v are reported as deleted", len(told), contacts)
		}
		r.says(t, "a directory is left out", gone, "is gone")
		r.holds(t, "contacts", gone, false)
		if again := tn.readComplete(t, r.states, "contacts"); again.count() > 0 {
			t.Errorf("the next run delivers %d rows", again.count())
		}
	})
}
