package source_test

import (
	"errors"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/birdie-ai/source-qualtrics/source/sandbox"
)

// reporting makes surveys that fail no failure of the run.
func (tn *tenant) reporting(t *testing.T) *tenant {
	t.Helper()
	tn.config["surveys"] = map[string]any{"on_failed": "report", "on_denied": "fail"}
	return tn
}

// PyAirbyte keeps nothing of a read whose exit code is not 0: one survey would
// keep all others out of its tables for ever.
func TestRead_ReportsASurveyThatFailsAndEndsAsComplete(t *testing.T) {
	for name, test := range map[string]struct {
		status int
		says   string
		before bool
	}{
		"that is refused, and was never read":  {403, "does not allow this account to start an export", false},
		"that is refused, and was read before": {403, "does not allow this account to start an export", true},
		"whose exports fail":                   {500, "fails to start an export", true},
	} {
		t.Run(name, func(t *testing.T) {
			insideBubble(t, func(t *testing.T) {
				tn := newTenant(t, small).reporting(t)
				failing := tn.surveyIDs(t)[0]
				states := []byte("[]")
				var tables map[string]table
				if test.before {
					first := tn.readComplete(t, nil, "responses", "response_deletions")
					states, tables = first.states, merge(nil, first)
					tn.Advance(24*time.Hour, false)
				}
				tn.Intercept(refusing(http.MethodPost, failing+"/export-responses", test.status))
				got := tn.read(t, states, "responses", "response_deletions", "sync_audit")
				ending{statuses: map[string]string{"responses": "COMPLETE", "response_deletions": "COMPLETE", "sync_audit": "COMPLETE"}}.compare(t, got)
				checkResults(t, got, failing, "incomplete")
				last := got.logs[len(got.logs)-1]
				for _, want := range []string{"surveys.on_failed is report", "1 of the stream's parts is not complete: " + failing, test.says} {
					if !strings.Contains(last, want) {
						t.Errorf("the last line of the log does not say %q: %s", want, last)
					}
				}
				if before, after := positions(t, states, "responses")[failing], positions(t, got.states, "responses")[failing]; string(before) != string(after) {
					t.Errorf("the position of %s moved from %s to %s", failing, before, after)
				}
				tn.checkOthers(t, merge(tables, got), failing)
				tn.goesOn(t, tables, got, "responses")
			})
		})
	}
}

// Faults of the account, the network or the run are not failures of one survey.
func TestRead_ReportsNoFaultOfTheAccountOrTheRun(t *testing.T) {
	const anyFailure = -1 // what else was read before it is chance
	anyExport := func(r *http.Request) bool {
		return r.Method == http.MethodPost && strings.HasSuffix(r.URL.Path, "/export-responses")
	}
	for name, test := range map[string]struct {
		fault   func(tn *tenant, failing string)
		streams []string
		code    int
	}{
		"every survey is refused": {fault: func(tn *tenant, _ string) { tn.Intercept(refusing(http.MethodPost, "/export-responses", 403)) }, code: 1},
		"every export fails":      {fault: func(tn *tenant, _ string) { tn.Intercept(refusing(http.MethodPost, "/export-responses", 500)) }, code: 3},
		"the list of surveys fails": {
			fault:   func(tn *tenant, _ string) { tn.Intercept(refusing(http.MethodGet, "/API/v3/surveys", 500)) },
			streams: []string{"responses", "contacts"}, code: 4,
		},
		"no answer comes for a survey": {fault: func(tn *tenant, failing string) {
			next := tn.transport
			tn.transport = tripper(func(r *http.Request) (*http.Response, error) {
				if strings.Contains(r.URL.Path, failing+"/export-responses") {
					return nil, errors.New("the network is gone")
				}
				return next.RoundTrip(r)
			})
		}, code: 4},
		"the token ends in the middle": {fault: func(tn *tenant, failing string) {
			tn.Intercept(refusing(http.MethodPost, failing+"/export-responses", 401))
		}, code: anyFailure},
		"a full refresh": {
			fault: func(tn *tenant, failing string) {
				tn.Intercept(refusing(http.MethodPost, failing+"/export-responses", 500))
			}, streams: []string{"responses:full_refresh"}, code: 4,
		},
		"a full refresh beside a survey that fails": {
			fault: func(tn *tenant, failing string) {
				tn.Intercept(refusing(http.MethodPost, failing+"/export-responses", 500))
			}, streams: []string{"responses", "response_deletions:full_refresh"}, code: 4,
		},
		"the run reaches its run_minutes": {fault: func(tn *tenant, failing string) {
			tn.config["limits"].(map[string]any)["run_minutes"], tn.config["limits"].(map[string]any)["parallel_exports"] = 1, 1
			tn.Intercept(func(r *http.Request) *http.Response {
				if anyExport(r) && !strings.Contains(r.URL.Path, failing) {
					return nil
				}
				if anyExport(r) {
					time.Sleep(2 * time.Minute)
				}
				return nil
			})
		}, code: 4},
	} {
		t.Run(name, func(t *testing.T) {
			insideBubble(t, func(t *testing.T) {
				tn := newTenant(t, small).reporting(t)
				ids := tn.surveyIDs(t)
				test.fault(tn, ids[len(ids)-1])
				streams := test.streams
				if streams == nil {
					streams = []string{"responses"}
				}
				got := tn.read(t, nil, streams...)
				name, _, _ := strings.Cut(streams[0], ":")
				if got.code == 0 || test.code != anyFailure && got.code != test.code || got.statuses[name] != "INCOMPLETE" {
					t.Errorf("code %d, statuses %v, want %d and INCOMPLETE\n%s", got.code, got.statuses, test.code, strings.Join(got.logs, "\n"))
				}
				told := strings.Contains(strings.Join(got.logs, "\n"), "surveys.on_failed does not apply to a full refresh")
				if told != strings.Contains(name+strings.Join(streams, " "), "full_refresh") {
					t.Errorf("that it does not hold for a full refresh is said: %v", told)
				}
			})
		})
	}
}

// A full read of a tap with a missing survey does not tell the target to drop its
// rows, and a survey that fails in other reads ends with 0.
func TestTap_ReportsASurveyThatFails(t *testing.T) {
	insideBubble(t, func(t *testing.T) {
		tn := newTenant(t, sandbox.Options{Seed: 65, Surveys: 3, Responses: 60, Contacts: 1}).reporting(t)
		tn.config["emit_activate_version_messages"] = true
		failing := tn.surveyIDs(t)[0]
		tn.Intercept(refusing(http.MethodPost, failing+"/export-responses", 500))
		got := tn.tap(t, "--config", "config.json")
		lines := strings.Split(strings.TrimSpace(got.stderr), "\n")
		if last := lines[len(lines)-1]; got.result.code != 0 || !strings.Contains(last, "surveys.on_failed is report") || !strings.Contains(last, failing) {
			t.Errorf("code %d, the last line is %q", got.result.code, last)
		}
		tn.files["catalog.json"] = []byte(`{"streams":[{"tap_stream_id":"responses","replication_method":"FULL_TABLE"}]}`)
		full := tn.tap(t, "--config", "config.json", "--catalog", "catalog.json")
		if full.result.code != 4 || strings.Contains(full.stdout, "ACTIVATE_VERSION") {
			t.Errorf("a full read: code %d, want 4 and no ACTIVATE_VERSION: %s", full.result.code, full.stderr)
		}
	})
}

// The table of an export says what it lacks, whatever its exit code.
func TestExport_ReportsASurveyThatFails(t *testing.T) {
	insideBubble(t, func(t *testing.T) {
		tn := newTenant(t, small).reporting(t)
		failing := tn.surveyIDs(t)[0]
		tn.Intercept(refusing(http.MethodPost, failing+"/export-responses", 500))
		got := tn.run(t, "export", "--config", "config.json", "--to", t.TempDir(), "--format", "ndjson", "--streams", "responses,surveys")
		if got.code != 0 || !strings.Contains(got.stdout, "not complete, which surveys.on_failed allows: 1 of the stream's parts is not complete: "+failing) {
			t.Errorf("code %d: %s\n%s", got.code, got.stdout, got.stderr)
		}
	})
}
