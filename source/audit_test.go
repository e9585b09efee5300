package source_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/birdie-ai/source-qualtrics/source/sandbox"
)

func number(t *testing.T, row map[string]any, column string) int64 {
	t.Helper()
	n, err := row[column].(json.Number).Int64()
	if err != nil {
		t.Fatalf("%s is %v", column, row[column])
	}
	return n
}

// bySurvey groups rows by their survey.
func bySurvey(rows []map[string]any) map[string][]map[string]any {
	groups := make(map[string][]map[string]any)
	for _, row := range rows {
		id := row["survey_id"].(string)
		groups[id] = append(groups[id], row)
	}
	return groups
}

func TestRead_AuditsWhatItDidWithEachSurvey(t *testing.T) {
	insideBubble(t, func(t *testing.T) {
		tn := newTenant(t, sandbox.Options{Seed: 41, Surveys: 6, Responses: 200, Contacts: 5})
		tn.config["deletions"] = map[string]any{"audit_days": 1}
		r := tn.readComplete(t, nil, "responses", "sync_audit")
		responses := bySurvey(r.records["responses"])
		if got, want := len(r.records["sync_audit"]), len(keysOfTruth(t, tn, "surveys")); got != want {
			t.Errorf("got %d rows of %d surveys", got, want)
		}
		for _, row := range r.records["sync_audit"] {
			id := row["survey_id"].(string)
			if got := number(t, row, "delivered"); got != int64(len(responses[id])) || row["reason"] != "first_load" || row["window_from"] != nil {
				t.Errorf("%d responses of %s were delivered, and the audit says %v", len(responses[id]), id, row)
			}
			calls := row["api_calls"].(map[string]any)
			if starts := calls["POST /surveys/{id}/export-responses"]; starts != json.Number("1") {
				t.Errorf("%s: got the calls %v", id, calls)
			}
			if number(t, row, "seconds_waiting") < 1 {
				t.Errorf("%s: nothing was waited for: %v", id, row)
			}
		}
		deleted, audited := int64(0), 0
		for range 4 {
			tn.Advance(40*time.Hour, false)
			r = tn.readComplete(t, r.states, "responses", "sync_audit")
			reported := int64(0)
			for _, row := range r.records["sync_audit"] {
				reported += number(t, row, "deleted")
				if row["missing"] != nil {
					audited++
				}
			}
			tombstones := int64(0)
			for _, row := range r.records["responses"] {
				if row["deleted_at"] != nil {
					tombstones++
				}
			}
			if reported != tombstones {
				t.Errorf("%d deletions were reported, and the audit counts %d", tombstones, reported)
			}
			deleted += reported
		}
		if deleted == 0 || audited == 0 {
			t.Errorf("%d deletions, %d audits: the tenant shows nothing", deleted, audited)
		}
	})
}

func TestRead_AuditsSurveysThatFail(t *testing.T) {
	insideBubble(t, func(t *testing.T) {
		tn := newTenant(t, sandbox.Options{Seed: 42, Surveys: 3, Responses: 60, Contacts: 5})
		broken := keysOfTruth(t, tn, "surveys")[0]
		tn.Intercept(func(request *http.Request) *http.Response {
			if strings.HasSuffix(request.URL.Path, broken+"/export-responses") {
				return answer(request, http.StatusBadRequest, `{"meta":{"httpStatus":"400 - Bad Request","error":{"errorMessage":"no","errorCode":"X_1"}}}`)
			}
			return nil
		})
		r := tn.read(t, nil, "responses", "sync_audit")
		if r.code != 4 || r.statuses["sync_audit"] != "COMPLETE" || r.statuses["responses"] != "INCOMPLETE" {
			t.Errorf("got exit code %d and %v", r.code, r.statuses)
		}
		for _, row := range r.records["sync_audit"] {
			want := "complete"
			if row["survey_id"] == broken {
				want = "incomplete"
			}
			if problem, _ := row["problem"].(string); row["result"] != want || (want == "incomplete") != strings.Contains(problem, "X_1") {
				t.Errorf("got %v, want it %s", row, want)
			}
		}
	})
}

// What becomes visible after every window that it belongs to is found by the
// next audit, which says how late that is.
func TestRead_AuditsHowLateResponsesShow(t *testing.T) {
	insideBubble(t, func(t *testing.T) {
		const lateness = 26 * time.Hour
		tn := newTenant(t, small)
		tn.SetActivity(0, 0, 0)
		tn.config["deletions"] = map[string]any{"audit_days": 2}
		survey := tn.surveyIDs(t)[0]
		r := tn.readComplete(t, nil, "responses", "sync_audit")
		date := tn.Now().Truncate(time.Second).Add(time.Hour)
		recorded := tn.RecordResponses(survey, 1, date, date.Add(lateness))
		tables := merge(nil, r)
		for _, pause := range []time.Duration{5 * time.Hour, 25 * time.Hour} { // it shows at the end of the second
			tn.Advance(pause, false)
			r = tn.readComplete(t, r.states, "responses", "sync_audit")
			if tables = merge(tables, r); r.count() != len(r.records["sync_audit"]) {
				t.Errorf("got %d rows before the audit, want none", r.count()-len(r.records["sync_audit"]))
			}
		}
		tn.Advance(20*time.Hour, false)
		var want int64
		tn.Intercept(func(r *http.Request) *http.Response {
			if strings.HasSuffix(r.URL.Path, "/surveys/"+survey) { // by what it answers the survey's run is dated
				want = int64(tn.Now().Sub(date).Seconds())
			}
			return nil
		})
		r = tn.readComplete(t, r.states, "responses", "sync_audit")
		told := int64(0)
		for _, row := range r.records["sync_audit"] {
			late, seconds := number(t, row, "late"), int64(0)
			if row["late_seconds"] != nil {
				seconds = number(t, row, "late_seconds")
				told = seconds
			}
			switch {
			case row["missing"] == nil:
				t.Errorf("%v was not audited", row["survey_id"])
			case row["survey_id"] != survey && (late != 0 || row["late_seconds"] != nil):
				t.Errorf("%v: got %d late by %d s, want none", row["survey_id"], late, seconds)
			case row["survey_id"] == survey && (late != 1 || seconds < want-1 || seconds > want+1):
				t.Errorf("got %d late by %d s, want 1 by %d s, give or take one", late, seconds, want)
			}
		}
		logged := fmt.Sprintf("not delivered: they are read now survey=%s responses=1 latest_by=%s", survey, time.Duration(told)*time.Second)
		if log := strings.Join(r.logs, "\n"); !strings.Contains(log, logged) {
			t.Errorf("the log does not say %q:\n%s", logged, log)
		}
		if got := r.records["responses"]; len(got) != 1 || key("responses", got[0]) != survey+"/"+recorded[0] {
			t.Errorf("got the responses %v, want the late one", got)
		}
		tn.compareTruth(t, "responses", merge(tables, r)["responses"])
	})
}

// A row promises no more than was read, and its times are those of one run.
func TestRead_AuditsPromiseNothingOfWhatWasNotRead(t *testing.T) {
	insideBubble(t, func(t *testing.T) {
		tn := newTenant(t, sandbox.Options{Seed: 43, Surveys: 8, Responses: 80, Contacts: 1})
		tn.sizes.ExportAll = 1
		r := tn.readComplete(t, nil, "responses")
		tn.Advance(time.Hour, true)
		r = tn.readComplete(t, r.states, "responses", "sync_audit")
		tn.SetActivity(30, 0, 0) // of which some come to more than one survey
		tn.Advance(30*time.Minute, false)
		var failing atomic.Pointer[string] // the first that is exported
		tn.Intercept(func(r *http.Request) *http.Response {
			if r.Method != http.MethodPost || !strings.HasSuffix(r.URL.Path, "/export-responses") {
				return nil
			}
			if failing.CompareAndSwap(nil, &r.URL.Path); *failing.Load() != r.URL.Path {
				return nil
			}
			return answer(r, http.StatusInternalServerError, errorBody(500, "ISE_1", "no"))
		})
		r = tn.read(t, r.states, "responses", "sync_audit")
		kinds := make(map[string]int)
		for _, row := range r.records["sync_audit"] {
			kind := row["result"].(string) + " " + row["reason"].(string)
			kinds[kind]++
			if promises := row["window_to"] != nil; promises != (kind == "complete window") {
				t.Errorf("%s, and window_to is %v", kind, row["window_to"])
			}
			if number(t, row, "seconds_working") < 0 {
				t.Errorf("%s took %v seconds beside waiting", kind, row["seconds_working"])
			}
		}
		if len(kinds) < 3 {
			t.Errorf("got only %v", kinds)
		}
	})
}
