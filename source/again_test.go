package source_test

import (
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/birdie-ai/source-qualtrics/integration_tests/thorough"
	"github.com/birdie-ai/source-qualtrics/source/sandbox"
)

// A survey that was asked for once more is read until all of it is out.
func TestRead_AnInterruptedResyncIsMadeAgain(t *testing.T) {
	for name, interrupt := range map[string]func(t *testing.T, tn *tenant, state []byte) *reading{
		"the output ends in the middle of its rows": func(t *testing.T, tn *tenant, state []byte) *reading {
			r, _ := tn.readInto(t, state, 60_000, syscall.EPIPE, "responses")
			return r
		},
		"the export fails, behind an audit": func(t *testing.T, tn *tenant, state []byte) *reading {
			tn.Advance(26*time.Hour, true)
			var started sync.Map
			tn.Intercept(func(r *http.Request) *http.Response {
				if r.Method != http.MethodPost || !strings.HasSuffix(r.URL.Path, "/export-responses") {
					return nil
				}
				if _, again := started.LoadOrStore(r.URL.Path, true); !again {
					return nil
				}
				return answer(r, http.StatusInternalServerError, errorBody(500, "ISE_1", "no"))
			})
			defer tn.Intercept(nil)
			return tn.read(t, state, "responses")
		},
	} {
		t.Run(name, func(t *testing.T) {
			insideBubble(t, func(t *testing.T) {
				tn := newTenant(t, sandbox.Options{Seed: 7, Surveys: 3, Responses: 300, Contacts: 1})
				tn.config["deletions"] = map[string]any{"audit_days": 1}
				first := tn.readComplete(t, nil, "responses")
				tn.resyncAll(t)
				cut := interrupt(t, tn, first.states)
				if cut.code == 0 || cut.count() >= first.count() {
					t.Fatalf("it was not interrupted: code %d, %d records", cut.code, cut.count())
				}
				tn.Advance(time.Hour, true)
				rest := tn.readComplete(t, cut.states, "responses")
				tables := merge(merge(nil, cut), rest)
				tn.compareTruth(t, "responses", tables["responses"])
				if quiet := tn.readComplete(t, rest.states, "responses"); quiet.count() != 0 {
					t.Errorf("got %d records of a resync that was made, want none", quiet.count())
				}
			})
		})
	}
}

// A survey whose first load is still at work when it is asked for once more is
// read again within the load, as far as that has come.
func TestRead_AResyncInTheMiddleOfAFirstLoad(t *testing.T) {
	insideBubble(t, func(t *testing.T) {
		tn := newTenant(t, sandbox.Options{Seed: 7, Surveys: 3, Responses: 600, Contacts: 1})
		tn.sizes.LoadRows = 60
		var starts atomic.Int32
		tn.Intercept(func(r *http.Request) *http.Response {
			if r.Method != http.MethodPost || !strings.HasSuffix(r.URL.Path, "/export-responses") || starts.Add(1) <= 4 {
				return nil
			}
			return answer(r, http.StatusInternalServerError, errorBody(500, "ISE_1", "no"))
		})
		cut := tn.read(t, nil, "responses")
		if cut.code == 0 || cut.count() == 0 || !strings.Contains(string(cut.states), `"l":true`) {
			t.Fatalf("the load was not interrupted between its windows: code %d, %d records, %s", cut.code, cut.count(), cut.states)
		}
		tn.Intercept(nil)
		tn.resyncAll(t)
		tn.Advance(time.Hour, true)
		rest := tn.readComplete(t, cut.states, "responses")
		tn.compareTruth(t, "responses", merge(nil, rest)["responses"])
		if quiet := tn.readComplete(t, rest.states, "responses"); quiet.count() != 0 {
			t.Errorf("got %d records after the load was made anew, want none", quiet.count())
		}
	})
}

// More responses that came to light late, than a sketch can name, are told from
// deletions: the survey is read again.
func TestRead_MoreLateResponsesThanCanBeNamedAreRead(t *testing.T) {
	if !thorough.Asked() {
		t.Skip("skipped: some thousand responses, which are read as few are")
	}
	insideBubble(t, func(t *testing.T) {
		tn := newTenant(t, sandbox.Options{Seed: 33, Surveys: 2, Responses: 1600, Contacts: 1, LateMost: 12 * time.Hour})
		tn.config["deletions"] = map[string]any{"audit_days": 1}
		r := tn.readComplete(t, nil, "responses", "response_deletions")
		tables := merge(nil, r)
		tn.Advance(23*time.Hour, true)
		tn.SetActivity(150, 0, 0)
		tn.Advance(time.Hour, false) // many are dated now, and show within twelve hours
		r = tn.readComplete(t, r.states, "responses", "response_deletions")
		tables = merge(tables, r)
		late, again := len(tn.existing(t)), false
		for _, pause := range []time.Duration{13 * time.Hour, 13 * time.Hour, time.Hour, time.Hour} {
			tn.Advance(pause, true)
			r = tn.readComplete(t, r.states, "responses", "response_deletions")
			tn.noFalseTombstone(t, r)
			tables = merge(tables, r)
			again = again || strings.Contains(strings.Join(r.logs, "\n"), "reading the survey again")
		}
		if late = len(tn.existing(t)) - late; late < 150 || !again {
			t.Errorf("%d came to light late, the survey was read again: %t", late, again)
		}
		tn.exactly(t, tables)
	})
}
