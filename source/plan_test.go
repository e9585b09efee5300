package source_test

import (
	"testing"
	"time"

	"github.com/birdie-ai/source-qualtrics/source/sandbox"
)

// starts counts the export jobs that were started so far.
func (tn *tenant) starts() (total int) {
	for _, n := range tn.Requests()["POST /surveys/{id}/export-responses"] {
		total += n
	}
	return total
}

// An account of many surveys exports those for which there is a reason, and
// misses nothing.
func TestRead_ExportsOfManySurveysOnlyWhatMayHaveChanged(t *testing.T) {
	if testing.Short() {
		t.Skip("thousands of exports are not short")
	}
	insideBubble(t, func(t *testing.T) {
		tn := newTenant(t, sandbox.Options{Seed: 21, Surveys: 520, Responses: 1500, Contacts: 5})
		tn.config["limits"].(map[string]any)["parallel_exports"] = 32
		var tables map[string]table
		var state []byte
		read := func() (exports int) {
			t.Helper()
			before := tn.starts()
			r := tn.readComplete(t, state, "responses")
			tables, state = merge(tables, r), r.states
			return tn.starts() - before
		}
		surveys := len(keysOfTruth(t, tn, "surveys"))
		if got := read(); got < surveys {
			t.Errorf("the first read exported %d times, want every one of %d surveys", got, surveys)
		}
		tn.Advance(20*time.Minute, true)
		if got := read(); got < surveys*9/10 {
			t.Errorf("%d exports settled the first read, want %d: a response may be counted before it is shown", got, surveys)
		}
		tn.Advance(20*time.Minute, true)
		if got := read(); got > surveys/20 {
			t.Errorf("%d surveys were exported though nothing happened", got)
		}
		quiet := 0
		for range 4 {
			tn.Advance(30*time.Minute, false)
			quiet += read()
		}
		if quiet == 0 || quiet > 2*surveys {
			t.Errorf("two hours took %d exports of %d surveys", quiet, surveys)
		}
		// Edits move no counter: a day finds them.
		for range 3 {
			tn.Advance(8*time.Hour, true)
			read()
		}
		tn.compareTruth(t, "responses", tables["responses"])
		if len(state) > 1<<20 {
			t.Errorf("the state takes %d bytes", len(state))
		}
		t.Logf("exports of two busy hours: %d; bytes of state: %d", quiet, len(state))
	})
}
