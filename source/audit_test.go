package source_test

import (
	"encoding/json"
	"net/http"
	"strings"
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
		tn := newTenant(t, sandbox.Options{Seed: 41, Surveys: 6, Responses: 400, Contacts: 5})
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
