package source_test

import (
	"bytes"
	"io"
	"maps"
	"net/http"
	"strings"
	"testing"
	"time"
)

// A run that is cut short by run_minutes leaves states from which the next
// ones complete it.
func TestRead_EndsAfterItsRunMinutes(t *testing.T) {
	tests := map[string]struct {
		minutes, perMinute int
		delay              time.Duration
	}{
		"while exports run":           {10, 1_000_000, 4 * time.Minute},
		"while calls wait their turn": {3, 6, 0},
		"while a limit lasts":         {5, 1_000_000, 0},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			insideBubble(t, func(t *testing.T) {
				options := small
				options.ExportDelay = test.delay
				tn := newTenant(t, options)
				tn.config["limits"] = map[string]any{
					"requests_per_minute": test.perMinute, "exports_per_minute": 1_000_000, "parallel_exports": 1, "run_minutes": test.minutes,
				}
				if name == "while a limit lasts" {
					tn.Intercept(func(r *http.Request) *http.Response {
						if strings.HasSuffix(r.URL.Path, "/export-responses") {
							return tooMany(r, 600)
						}
						return nil
					})
				}
				begin := time.Now()
				got := tn.read(t, nil, "responses")
				if took, most := time.Since(begin), time.Duration(test.minutes)*time.Minute; took > most+time.Second {
					t.Errorf("the run took %s, want at most %s", took, most)
				}
				ending{
					code: 4, kinds: []string{"transient_error"}, says: []string{"the run reached its run_minutes; the next one goes on from its state"},
					statuses: incomplete("responses"),
				}.compare(t, got)
				delete(tn.config, "limits")
				tn.goesOn(t, nil, got, "responses")
			})
		})
	}
}

// Runs that are too short for all surveys get to each of them all the same:
// first to those that were never read, then to the others in turn.
func TestRead_ShortRunsGetToEverySurvey(t *testing.T) {
	insideBubble(t, func(t *testing.T) {
		options := small
		options.ExportDelay = 4 * time.Minute
		tn := newTenant(t, options)
		tn.config["limits"].(map[string]any)["parallel_exports"] = 1
		tn.config["limits"].(map[string]any)["run_minutes"] = 10
		ids := tn.surveyIDs(t)
		states := []byte("[]")
		var tables map[string]table
		for read := 0; read < len(ids); {
			got := tn.read(t, states, "responses")
			tables, states = merge(tables, got), got.states
			if now := len(positions(t, states, "responses")); now <= read {
				t.Fatalf("got to %d surveys after %d", now, read)
			} else {
				read = now
			}
		}
		tn.compareTruth(t, "responses", tables["responses"])
		tn.Advance(24*time.Hour, false)
		tn.Advance(time.Hour, true)
		before := positions(t, states, "responses")
		const most = 60 // two surveys a run, drawn by chance
		for runs := 0; ; runs++ {
			if runs == most {
				t.Fatalf("some of %d surveys had no turn in %d runs", len(ids), most)
			}
			got := tn.read(t, states, "responses")
			tables, states = merge(tables, got), got.states
			after, moved := positions(t, states, "responses"), 0
			for _, id := range ids {
				if string(after[id]) != string(before[id]) {
					moved++
				}
			}
			if moved == len(ids) {
				break
			}
		}
		delete(tn.config, "limits")
		final := tn.readComplete(t, states, "responses")
		tn.compareTruth(t, "responses", merge(tables, final)["responses"])
	})
}

func TestRead_AStartDateLeavesOutWhatIsOlder(t *testing.T) {
	insideBubble(t, func(t *testing.T) {
		tn := newTenant(t, small)
		start := tn.Now().Add(-120 * 24 * time.Hour).Truncate(time.Second)
		tn.config["start_date"] = start.Format(time.RFC3339)
		first := tn.readComplete(t, nil, "responses")
		for _, record := range first.records["responses"] {
			if modified := record["last_modified_date"].(string); modified < start.Format(time.RFC3339) {
				t.Fatalf("got a response of %s, want none before %s", modified, start)
			}
		}
		tables := merge(nil, first)
		all := len(keysOfTruth(t, tn, "responses"))
		recent := len(tables["responses"])
		if recent == 0 || recent >= all {
			t.Fatalf("got %d of %d responses, want some", recent, all)
		}

		// Moved back by some, then by all.
		start = start.Add(-200 * 24 * time.Hour)
		tn.config["start_date"] = start.Format(time.RFC3339)
		second := tn.readComplete(t, first.states, "responses")
		tables = merge(tables, second)
		more := len(tables["responses"])
		for _, record := range second.records["responses"] {
			if modified := record["last_modified_date"].(string); modified < start.Format(time.RFC3339) {
				t.Fatalf("got a response of %s, want none before %s", modified, start)
			}
		}
		if again := second.count() - (more - recent); more <= recent || again > 2*len(positions(t, second.states, "responses")) {
			t.Errorf("got %d responses more, %d of %d read again", more-recent, again, second.count())
		}
		delete(tn.config, "start_date")
		third := tn.readComplete(t, second.states, "responses")
		tables = merge(tables, third)
		tn.compareTruth(t, "responses", tables["responses"])
		if got := tn.readComplete(t, third.states, "responses"); got.count() != 0 {
			t.Errorf("got %d records after the gap was read, want none", got.count())
		}
		// Moved forward it takes nothing back and reads nothing.
		tn.config["start_date"] = tn.Now().Format(time.RFC3339)
		if got := tn.readComplete(t, third.states, "responses"); got.count() != 0 {
			t.Errorf("got %d records after the start date moved on, want none", got.count())
		}
	})
}

// A gap whose export fails is read by the next run.
func TestRead_AStartDateThatMovesBackIsNotForgotten(t *testing.T) {
	insideBubble(t, func(t *testing.T) {
		tn := newTenant(t, small)
		tn.config["start_date"] = tn.Now().Add(-120 * 24 * time.Hour).Format(time.RFC3339)
		first := tn.readComplete(t, nil, "responses")
		delete(tn.config, "start_date")
		tn.Intercept(func(r *http.Request) *http.Response {
			body, err := io.ReadAll(r.Body)
			if err != nil {
				t.Error(err)
			}
			if strings.HasSuffix(r.URL.Path, "/export-responses") && bytes.Contains(body, []byte(`"endDate"`)) { // the gap
				return answer(r, http.StatusForbidden, errorBody(http.StatusForbidden, "TEST_1", "No."))
			}
			return nil
		})
		got := tn.read(t, first.states, "responses")
		ending{code: 1, kinds: []string{"config_error"}, says: []string{"the permissions to view reports and to export responses"}, statuses: incomplete("responses")}.compare(t, got)
		tn.goesOn(t, merge(nil, first), got, "responses")
	})
}

func TestRead_AResyncReadsASurveyAgainOnce(t *testing.T) {
	insideBubble(t, func(t *testing.T) {
		tn := newTenant(t, small)
		first := tn.readComplete(t, nil, "responses")
		survey := tn.surveyIDs(t)[0]
		from := tn.Now().Add(-200 * 24 * time.Hour)
		want := make(map[string]bool)
		for _, record := range first.records["responses"] {
			if record["survey_id"] == survey && record["last_modified_date"].(string) >= from.Format(time.RFC3339) {
				want[record["response_id"].(string)] = true
			}
		}
		if len(want) == 0 {
			t.Fatal("the survey has no response of that time")
		}
		tn.config["surveys"] = map[string]any{"resync": []any{survey + "=" + from.Format(time.RFC3339)}}
		tn.Intercept(refusing(http.MethodPost, survey+"/export-responses", http.StatusInternalServerError))
		failed := tn.read(t, first.states, "responses")
		if failed.code != 4 || failed.count() != 0 {
			t.Errorf("got exit code %d and %d records of a resync that fails, want 4 and none", failed.code, failed.count())
		}
		tn.Intercept(nil)
		second := tn.readComplete(t, failed.states, "responses")
		got := make(map[string]bool)
		for _, record := range second.records["responses"] {
			if record["survey_id"] != survey {
				t.Fatalf("survey %s was read again, too", record["survey_id"])
			}
			got[record["response_id"].(string)] = true
		}
		if !maps.Equal(got, want) {
			t.Errorf("got %d responses again, want %d", len(got), len(want))
		}
		if third := tn.readComplete(t, second.states, "responses"); third.count() != 0 {
			t.Errorf("got %d records of a resync that was made, want none", third.count())
		}
		tn.config["surveys"] = map[string]any{"resync": map[string]any{survey: from.Add(-400 * 24 * time.Hour).Format(time.RFC3339)}}
		if fourth := tn.readComplete(t, second.states, "responses"); fourth.count() <= len(want) {
			t.Errorf("got %d records of an earlier resync, want more than %d", fourth.count(), len(want))
		}
	})
}
