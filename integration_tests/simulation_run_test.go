package integration_tests_test

import (
	"bytes"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/birdie-ai/source-qualtrics/integration_tests/testkit"
	"github.com/birdie-ai/source-qualtrics/source/airbyte/airbytetest"
)

// simRun is what one run of the program left behind.
type simRun struct {
	step    string
	streams []string
	code    int
	crash   crashKind
	crashed bool
	calls   int
	lines   []simLine
	begun   map[string]*simState     // the states that it was given
	visible map[string]testkit.Table // what existed when it began and the account is shown
	exists  map[string]testkit.Table // likewise, whatever the account is shown
}

// start runs the program.
func (h *simHistory) start(step simStep, streams []string, state []byte, jitter string) *simRun {
	run := &simRun{step: h.step, streams: streams, crash: step.crash, begun: maps.Clone(h.platform.states), visible: make(map[string]testkit.Table), exists: make(map[string]testkit.Table)}
	clear(h.existing)
	run.visible["responses"] = h.now("responses")
	if slices.Contains(streams, "contacts") {
		run.visible["contacts"] = h.now("contacts")
	}
	run.visible["surveys"] = h.now("surveys")
	for stream := range run.visible {
		run.exists[stream] = h.everything(stream)
	}
	args := []string{"read", "--config", "config.json", "--catalog", "catalog.json"}
	config := h.configAt(h.number, h.credentials())
	surveys := make(map[string]any)
	maps.Copy(surveys, h.selection)
	if h.resync > 0 && h.number >= h.resync {
		surveys["resync"] = h.resynced()
	}
	if h.skips {
		surveys["on_withdrawn"] = "skip"
	}
	config["surveys"] = surveys
	files := map[string][]byte{"config.json": testkit.Encode(config), "catalog.json": testkit.Catalog(streams...)}
	if state != nil {
		files["state.json"] = state
		args = append(args, "--state", "state.json")
	}
	if h.debug {
		args = append(args, "--debug")
	}
	process := &simProcess{tenant: h.tenant, files: files, crash: step.crash, at: step.at, deletes: step.deletes, seen: h.seen, next: h.network}
	process.sizes.SealBytes = h.seals * h.options.Surveys
	if h.planned {
		process.sizes.ExportAll = -1
	}
	clear(h.existing)
	code, output, stderr := process.run(h.ctx, h.stream(jitter), args...)
	run.code, run.crashed, run.calls = code, process.crashed, process.calls
	_, _ = fmt.Fprintf(h.bytes, "%s: %d\n%s", h.step, code, output)
	if h.verbose {
		fmt.Fprintf(&h.transcript, "== %s, %s: code %d\n%s%s", h.step, h.tenant.Now().Format(time.RFC3339), code, output, stderr)
	}
	h.inspect(run, process, output, stderr)
	return run
}

// now is what exists, with the dates of responses and no more. It is looked up
// once before and once after a run.
func (h *simHistory) now(stream string) testkit.Table {
	if h.existing[stream] == nil {
		h.existing[stream] = h.look(stream)
	}
	return h.existing[stream]
}

// look looks up what exists.
func (h *simHistory) look(stream string) testkit.Table {
	table := make(testkit.Table)
	if stream == "responses" {
		h.tenant.Versions(func(survey, response string, modified time.Time) {
			row := &testkit.Row{Key: survey + "/" + response, Cursor: modified.UnixNano()}
			table[row.Key] = row
		})
	} else {
		var err error
		if table, err = testkit.Truth(h.tenant, stream); err != nil {
			h.fail("simulator", "%v", err)
		}
	}
	return table
}

// resynced are the surveys that are read once more: those that there were when
// that was asked for, less those that were deleted since, which a run complains of.
func (h *simHistory) resynced() map[string]string {
	if h.again == nil {
		h.again = make(map[string]string)
		for id := range h.now("surveys") {
			h.again[id] = simEpoch.AddDate(-2, 0, 0).Format(time.RFC3339)
		}
	}
	maps.DeleteFunc(h.again, func(id, _ string) bool { return h.everything("surveys")[id] == nil })
	return h.again
}

func (h *simHistory) credentials() map[string]any {
	c := h.tenant.Credentials()
	if h.oauth {
		return testkit.OAuth(c.ClientID, c.ClientSecret)
	}
	return testkit.Token(h.tenant)
}

// inspect reads the output and checks what does not depend on states.
func (h *simHistory) inspect(run *simRun, process *simProcess, output, stderr []byte) {
	switch {
	case process.endless:
		h.fail("I10", "the run does not end")
	case h.seen.leak != "":
		h.fail("I13", "the host %s got a credential", h.seen.leak)
	case h.seen.printed(output, stderr):
		h.fail("I13", "a secret was printed")
	}
	whole := bytes.LastIndexByte(output, '\n') + 1
	if whole < len(output) && !run.crashed {
		h.fail("I16", "the last line has no end")
	}
	output = output[:whole]
	for line := range bytes.Lines(output) {
		parsed, err := parseLine(line[:len(line)-1])
		if err != nil {
			h.fail("I16", "%v", err)
			return
		}
		if parsed.record != nil {
			h.order++
			parsed.record.Order = h.order
		}
		h.note(parsed.log)
		run.lines = append(run.lines, parsed)
	}
	// The whole protocol is checked on a sample: its schema is slow.
	if h.oracle.IntN(40) == 0 && !run.crashed {
		found := &problems{}
		airbytetest.Validate(found, output)
		if len(found.found) > 0 {
			h.fail("I16", "%s", found.found[0])
		}
	}
}

// markers are what log lines tell that the connector did.
var markers = map[string]string{
	"trying again":                            "did-retry",
	"an export job came to nothing":           "did-restart-a-job",
	"the export file cannot be used":          "did-export-again",
	"the start date was moved back":           "did-read-a-gap",
	"reading its window in parts":             "did-read-in-parts",
	"a window of the first load is complete":  "did-load-by-windows",
	"reading the directory's list":            "did-list-a-directory",
	"matches more than 10,000 contacts":       "did-list-what-searches-lack",
	"may not be exported by this account":     "did-skip-a-denied-survey",
	"is gone":                                 "did-skip-a-gone-survey",
	"the survey itself may not be read":       "did-go-on-without-the-survey",
	"the brand id cannot be read":             "did-bind-to-the-host",
	"the run reached its run_minutes":         "did-run-out-of-time",
	"no answer carried a date":                "did-without-a-date",
	"starting another":                        "did-restart-a-job",
	"it did not end within":                   "did-give-up-a-stuck-job",
	"Qualtrics gave it no id":                 "did-see-a-job-without-id",
	"it vanished while it was running":        "did-see-a-job-vanish",
	"the audit found responses that were not": "did-find-by-audit",
	"go on together":                          "did-join-streams",
	"each stream reads this survey by itself": "did-read-streams-apart",
	"an HTML page and not JSON":               "did-see-a-page",
}

func (h *simHistory) note(message string) {
	if message == "" {
		return
	}
	for text, marker := range markers {
		if strings.Contains(message, text) {
			h.reach[marker]++
		}
	}
}

// firstFailure is the first error that the run told.
func (r *simRun) firstFailure() string {
	for _, line := range r.lines {
		if line.failure != "" {
			return line.failure + ": " + line.log
		}
	}
	return "no error was told"
}

// last is the last state of a stream, or the one before the run.
func (r *simRun) last(stream string) *simState {
	for _, line := range slices.Backward(r.lines) {
		if line.state != nil && line.stream == stream {
			return line.state
		}
	}
	return r.begun[stream]
}

// swept reports whether the run read all contacts of a directory.
func (r *simRun) swept() bool {
	before, after := r.begun["contacts"], r.last("contacts")
	if before == nil || after == nil {
		return true
	}
	for key, position := range after.partitions {
		if before.partitions[key].Floor != position.Floor {
			return true
		}
	}
	return false
}
