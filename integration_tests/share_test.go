package integration_tests_test

import (
	"bytes"
	"maps"
	"math/rand/v2"
	"testing"
	"testing/synctest"
	"time"

	"github.com/birdie-ai/source-qualtrics/integration_tests/testkit"
	"github.com/birdie-ai/source-qualtrics/source/sandbox"
)

// shareRun reads two tables over the responses. It keeps their rows, as a
// destination does, and their states, as a platform does.
type shareRun struct {
	t      *testing.T
	tenant *sandbox.Sandbox
	mode   string // deletions.mode
	states testkit.States
	tables map[string]testkit.Table
	order  int
}

// read runs the program and returns how many exports it started.
func (r *shareRun) read(streams ...string) int {
	r.t.Helper()
	before := r.started()
	if code, output := r.try(streams...); code != 0 {
		r.t.Fatalf("code %d\n%s", code, output)
	}
	return r.started() - before
}

// try runs the program, however it ends, and returns what it printed.
func (r *shareRun) try(streams ...string) (code int, printed string) {
	r.t.Helper()
	config := testkit.Config(r.tenant, map[string]any{"deletions": map[string]any{"mode": r.mode, "audit_days": 7}})
	files := map[string][]byte{"config.json": testkit.Encode(config), "catalog.json": testkit.Catalog(streams...)}
	args := []string{"read", "--config", "config.json", "--catalog", "catalog.json"}
	if len(r.states) > 0 {
		files["state.json"] = r.states.File()
		args = append(args, "--state", "state.json")
	}
	process := &simProcess{tenant: r.tenant, files: files, seen: &credentialsSeen{secrets: make(map[string]bool)}, next: r.tenant.RoundTripper()}
	code, output, stderr := process.run(r.t.Context(), rand.New(rand.NewPCG(1, 1)), args...)
	for line := range bytes.Lines(output) {
		parsed, err := parseLine(line[:len(line)-1])
		if err != nil {
			r.t.Fatal(err)
		}
		switch {
		case parsed.record != nil:
			r.order++
			parsed.record.Order = r.order
			r.tables[parsed.stream].Put(parsed.record)
		case parsed.state != nil:
			r.states[parsed.stream] = bytes.Clone(parsed.state.raw)
		}
	}
	return code, string(output) + string(stderr)
}

// started is how many exports Qualtrics was asked for.
func (r *shareRun) started() (started int) {
	for _, count := range r.tenant.Requests()["POST /surveys/{id}/export-responses"] {
		started += count
	}
	return started
}

// Two tables over the responses share their exports again soon after one of them
// was selected later, or after a run was cut between their states.
func TestTwoTables_ShareTheirExportsAfterTheyWereApart(t *testing.T) {
	t.Parallel()
	const surveys = 3
	both := []string{"responses", trialStream}
	for name, begin := range map[string]func(r *shareRun){
		"selected one run later": func(r *shareRun) {
			r.read("responses")
			r.pass(time.Hour)
			if started := r.read(both...); started > 3*surveys {
				r.t.Errorf("the run that reads the second table from its beginning started %d exports of %d surveys", started, surveys)
			}
		},
		"one has the state of the run before": func(r *shareRun) {
			r.read(both...)
			before := maps.Clone(r.states)
			r.pass(time.Hour)
			r.read(both...)
			r.states[trialStream] = before[trialStream]
			r.pass(time.Hour)
			if started := r.read(both...); started > 2*surveys {
				r.t.Errorf("the run that brings both tables together started %d exports of %d surveys", started, surveys)
			}
		},
		"the other one has the state of the run before": func(r *shareRun) {
			r.read(both...)
			before := maps.Clone(r.states)
			r.pass(time.Hour)
			r.read(both...)
			r.states["responses"] = before["responses"]
			r.pass(time.Hour)
			r.read(both...)
		},
		"an audit of one of them is not known to the other": func(r *shareRun) {
			r.read(both...)
			before := maps.Clone(r.states)
			r.pass(8 * 24 * time.Hour)
			r.read(both...)
			r.states[trialStream] = before[trialStream]
			r.pass(time.Hour)
			r.read(both...)
		},
		"the state of one is lost": func(r *shareRun) {
			r.read(both...)
			delete(r.states, trialStream)
			r.pass(time.Hour)
			r.read(both...)
		},
	} {
		for _, mode := range []string{"reconcile", "off"} {
			t.Run(name+", deletions "+mode, func(t *testing.T) {
				t.Parallel()
				synctest.Test(t, func(t *testing.T) {
					tenant, err := sandbox.New(sandbox.Options{Seed: 83, Surveys: surveys, Responses: 90, Contacts: 1, KeepSurveys: surveys})
					if err != nil {
						t.Fatal(err)
					}
					tenant.SetActivity(2, 0, 0)
					r := &shareRun{t: t, tenant: tenant, mode: mode, states: make(testkit.States), tables: make(map[string]testkit.Table)}
					for _, stream := range both {
						r.tables[stream] = make(testkit.Table)
					}
					begin(r)
					for range 3 {
						r.pass(time.Hour)
						if started := r.read(both...); started != surveys {
							t.Errorf("a later run started %d exports of %d surveys", started, surveys)
						}
					}
					r.mustEqualTruth()
				})
			})
		}
	}
}

func (r *shareRun) pass(d time.Duration) { r.tenant.Elapse(d, false) }

// mustEqualTruth deletes responses, waits for the audits, and compares both
// tables with what exists.
func (r *shareRun) mustEqualTruth() {
	r.t.Helper()
	surveys, err := testkit.Truth(r.tenant, "surveys")
	if err != nil {
		r.t.Fatal(err)
	}
	deleted := 0
	for id := range surveys {
		deleted += len(r.tenant.DeleteResponses(id, 3))
	}
	for _, pause := range []time.Duration{8 * 24 * time.Hour, time.Hour, time.Hour} {
		r.tenant.Elapse(pause, true)
		r.read("responses", trialStream)
	}
	truth, err := testkit.Truth(r.tenant, "responses")
	if err != nil {
		r.t.Fatal(err)
	}
	compare := &testkit.Comparer{Later: true}
	for stream, table := range r.tables {
		gone := 0
		for key, row := range table {
			switch {
			case row.Deleted && truth[key] == nil:
				gone++
			case row.Deleted:
				r.t.Errorf("%s tells that %s is gone, and it exists", stream, key)
			case truth[key] == nil && r.mode != "off":
				r.t.Errorf("%s keeps %s, which is gone", stream, key)
			}
		}
		for key, want := range truth {
			if row := table[key]; row == nil {
				r.t.Errorf("%s lacks %s", stream, key)
			} else if found := compare.Difference("responses", want, row); found != "" {
				r.t.Errorf("%s %s: %s", stream, key, found)
			}
		}
		if r.mode != "off" && gone < deleted {
			r.t.Errorf("%s tells of %d deletions, want at least %d", stream, gone, deleted)
		}
	}
}
