package integration_tests_test

import (
	"bytes"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/birdie-ai/source-qualtrics/integration_tests/scoreboard"
	"github.com/birdie-ai/source-qualtrics/integration_tests/testkit"
	"github.com/birdie-ai/source-qualtrics/source/sandbox"
)

// figures count what comes out of histories. Names that begin with a
// capital are its own, others those of classes.
type figures map[string]int

func (f figures) add(other figures) {
	for what, times := range other {
		f[what] += times
	}
}

// Of a history.
const (
	figRuns       = "Runs"
	figStates     = "States"
	figRecords    = "Records"
	figAgain      = "Again"      // records that say what was said before
	figAgainCalm  = "AgainCalm"  // of them, after runs that all succeeded and whose states were kept
	figAudited    = "Audited"    // histories in which deletions are followed
	figDeleted    = "Deleted"    // responses that existed and do not any more
	figDelivered  = "Delivered"  // of them, such as a destination had
	figTombstones = "Tombstones" // of responses
	figTold       = "Told"       // records of response_deletions
	figGhost      = "Ghost "     // responses that a destination keeps; the rest is why
)

// countRun counts what a run printed.
func (h *simHistory) countRun(run *simRun) {
	h.figures[figRuns]++
	for key := range run.visible["responses"] {
		h.existed[key] = true
	}
	for _, line := range run.lines {
		switch {
		case line.state != nil:
			h.figures[figStates]++
		case line.record != nil:
			h.figures[figRecords]++
			what := line.stream + " " + line.record.Key
			if bytes.Equal(h.said[what], line.record.Data) {
				h.figures[figAgain]++
				if !h.troubled && !h.forgetful() {
					h.figures[figAgainCalm]++
				}
			}
			h.said[what] = line.record.Data
			switch {
			case line.stream == "response_deletions":
				h.figures[figTold]++
			case line.stream == "responses" && line.record.Deleted:
				h.figures[figTombstones]++
			case line.stream == "responses":
				h.existed[line.record.Key] = true
			}
		}
	}
	h.troubled = h.troubled || run.code != 0
}

// countDeletions counts what is gone at the end of a history, and what a
// destination knows of it. Of responses of a survey that is gone as a whole
// the survey's own row tells.
func (h *simHistory) countDeletions() {
	if !h.audits || h.failure != nil {
		return
	}
	surveys, err := testkit.Truth(h.tenant, "surveys")
	if err != nil {
		h.fail("simulator", "%v", err)
		return
	}
	h.figures[figAudited]++
	clear(h.existing)
	exists := h.now("responses")
	for key := range h.existed {
		survey, _, _ := strings.Cut(key, "/")
		if exists[key] != nil || surveys[survey] == nil {
			continue
		}
		h.figures[figDeleted]++
		row := h.platform.tables["responses"][key]
		if row == nil {
			continue
		}
		h.figures[figDelivered]++
		if row.Deleted {
			continue
		}
		why := "for no reason"
		for _, class := range []string{"end-states", "some-states", "replay"} {
			if h.has(class) {
				why = "after " + class
			}
		}
		h.figures[figGhost+why]++
	}
}

// failed counts a failure by what it means.
func (f figures) failed(failure *simFailure) {
	for _, kind := range []string{"lost", "stale", "ghost"} {
		if strings.HasPrefix(failure.detail, kind+":") {
			f["Failed "+kind]++
			return
		}
	}
	f["Failed "+failure.invariant]++
}

// deletions says in a line what became of deleted responses.
func (f figures) deletions() string {
	ghosts, why := 0, []string{}
	for _, what := range sortedKeys(f) {
		if reason, is := strings.CutPrefix(what, figGhost); is {
			ghosts += f[what]
			why = append(why, fmt.Sprintf("%d %s", f[what], reason))
		}
	}
	return fmt.Sprintf("%d histories with audits: %d responses deleted, %d of them delivered before, %d tombstones, %d false, %d ghosts (%s)",
		f[figAudited], f[figDeleted], f[figDelivered], f[figTombstones], f["Failed I2"], ghosts, strings.Join(why, ", "))
}

// score is what so many histories came to.
func (f figures) score(histories int, took time.Duration, profile string) *scoreboard.Score {
	s := &scoreboard.Score{Title: "Simulated histories", Command: fmt.Sprintf("go test ./integration_tests -run 'TestSimulation$' -seeds=%d -profile=%s -scoreboard", histories, profile)}
	s.Fact("histories", histories)
	s.Fact("histories a second", fmt.Sprintf("%.1f", float64(histories)/took.Seconds()))
	s.Fact("runs of the connector", f[figRuns])
	s.Fact("states", f[figStates])
	s.Fact("records", f[figRecords])
	s.Fact("records lost", f["Failed lost"])
	s.Fact("records stale", f["Failed stale"])
	s.Fact("records said again", fmt.Sprintf("%d (%.2f %%)", f[figAgain], percent(f[figAgain], f[figRecords])))
	s.Fact("of them after runs that all succeeded and whose states were kept", f[figAgainCalm])
	s.Fact("other broken invariants", f.broken())
	s.Fact("deletions", f.deletions())
	classes, crashes := scoreboard.Table{Title: "Faults that fired", Head: []string{"class", "times"}}, scoreboard.Table{Title: "Crashes and consumers", Head: []string{"class", "times"}}
	others := scoreboard.Table{Title: "What else took part", Head: []string{"class", "times"}}
	for _, what := range sortedKeys(f) {
		table := &others
		switch {
		case what != strings.ToLower(what):
			continue
		case slices.Contains(sandbox.FaultClasses(), what):
			table = &classes
		case slices.Contains(countedClasses, what), what == "end-states":
			table = &crashes
		}
		table.Rows = append(table.Rows, []string{what, fmt.Sprint(f[what])})
	}
	s.Tables = []scoreboard.Table{classes, crashes, others}
	return s
}

// broken counts the failures that have no line of their own.
func (f figures) broken() int {
	broken := 0
	for what, times := range maps.All(f) {
		if strings.HasPrefix(what, "Failed I") {
			broken += times
		}
	}
	return broken
}

func percent(part, whole int) float64 { return 100 * float64(part) / float64(max(1, whole)) }
