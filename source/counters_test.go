package source_test

import (
	"encoding/json"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/birdie-ai/source-qualtrics/integration_tests/testkit"
	"github.com/birdie-ai/source-qualtrics/source/sandbox"
)

// uncounted answers every call for one survey without counters that can be read, or
// refuses it.
func (tn *tenant) uncounted(t *testing.T, counts any) {
	t.Helper()
	next := tn.transport
	tn.transport = tripper(func(r *http.Request) (*http.Response, error) {
		_, id, of := strings.Cut(r.URL.Path, "/surveys/SV_")
		if !of || strings.Contains(id, "/") {
			return next.RoundTrip(r)
		}
		if counts == http.StatusForbidden {
			return answer(r, 403, errorBody(403, "QMST_2.1", "No.")), nil
		}
		response, err := next.RoundTrip(r)
		if err != nil {
			return nil, err
		}
		var body map[string]any
		if err := json.NewDecoder(response.Body).Decode(&body); err != nil {
			return nil, err
		}
		result, _ := body["result"].(map[string]any)
		if result["responseCounts"] = counts; counts == nil {
			delete(result, "responseCounts")
		}
		changed := answer(r, 200, string(testkit.Encode(body)))
		changed.Header.Set("Date", response.Header.Get("Date"))
		return changed, response.Body.Close()
	})
}

// Counters that cannot be read say nothing: they do not make a survey small, unmoved
// or free of deletions.
func TestRead_TakesCountersThatCannotBeReadAsUnknown(t *testing.T) {
	for name, counts := range map[string]any{
		"missing":  nil,
		"words":    map[string]any{"auditable": "many", "generated": "0", "deleted": "0"},
		"one less": map[string]any{"auditable": 7, "generated": 0},
		"refused":  http.StatusForbidden,
	} {
		t.Run(name, func(t *testing.T) {
			insideBubble(t, func(t *testing.T) {
				tn := newTenant(t, sandbox.Options{Seed: 9, Surveys: 3, Responses: 240, Contacts: 1, SmallSurveys: true})
				tn.sizes.LoadRows, tn.sizes.ExportAll = 30, 1
				tn.uncounted(t, counts)
				first := tn.readComplete(t, nil, "responses", "sync_audit")
				tables := merge(nil, first)
				if !strings.Contains(strings.Join(first.logs, "\n"), "a window of the first load is complete") {
					t.Error("the first load was not cut")
				}
				for _, row := range first.records["sync_audit"] {
					if row["counted"] != nil {
						t.Errorf("sync_audit counts %v", row["counted"])
					}
				}
				// More surveys than are all exported: each is exported once an hour.
				tn.SetActivity(30, 0, 0)
				tn.Advance(2*time.Hour, false)
				tn.Advance(time.Hour, true)
				second := tn.readComplete(t, first.states, "responses", "sync_audit")
				tn.compareTruth(t, "responses", merge(tables, second)["responses"])
				for _, row := range second.records["sync_audit"] {
					if row["reason"] == "unchanged" {
						t.Errorf("%v was not exported", row["survey_id"])
					}
				}
			})
		})
	}
}

// A survey that cannot be counted is not shown with 0 responses.
func TestSurveys_ShowsCountersThatCannotBeReadAsUnknown(t *testing.T) {
	insideBubble(t, func(t *testing.T) {
		tn := newTenant(t, small)
		tn.uncounted(t, nil)
		got := tn.run(t, "surveys", "--config", "config.json", "--json")
		if got.code != 4 || !strings.Contains(got.stdout, "the counters of its responses cannot be read") || strings.Contains(got.stdout, `"responses":0`) {
			t.Errorf("code %d:\n%s", got.code, got.stdout)
		}
	})
}

// Nor is it said to be closed to the account, or does it keep a check from trying an
// export.
func TestCommands_WithoutCounters(t *testing.T) {
	for name, counts := range map[string]any{"missing": nil, "no numbers": map[string]any{"auditable": "many"}} {
		t.Run(name, func(t *testing.T) {
			insideBubble(t, func(t *testing.T) {
				tn := newTenant(t, small)
				tn.uncounted(t, counts)
				if ok, message := status(t, tn.run(t, "check", "--config", "config.json")); !ok {
					t.Errorf("check fails: %s", message)
				}
				tn.config["surveys"] = map[string]any{"ids": tn.surveyIDs(t)[:1]}
				if ok, message := status(t, tn.run(t, "check", "--config", "config.json")); !ok {
					t.Errorf("check of a survey that is named fails: %s", message)
				}
				if got := tn.run(t, "surveys", "--config", "config.json"); got.code != 4 || !strings.Contains(got.stdout, "unknown") || strings.Contains(got.stdout, "no access") {
					t.Errorf("surveys: code %d\n%s", got.code, got.stdout)
				}
			})
		})
	}
}
