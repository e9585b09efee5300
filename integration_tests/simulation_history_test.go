package integration_tests_test

import (
	"context"
	"crypto/sha256"
	"fmt"
	"hash"
	"math/rand/v2"
	"net/http"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/birdie-ai/source-qualtrics/integration_tests/testkit"
	"github.com/birdie-ai/source-qualtrics/source/sandbox"
)

// simFailure is an invariant that does not hold.
type simFailure struct {
	invariant string
	step      string
	detail    string
}

func (f *simFailure) Error() string { return f.invariant + " at " + f.step + ": " + f.detail }

// simHistory is one simulated history: a tenant, a platform that keeps states
// and rows, and the syncs between them.
type simHistory struct {
	*simPlan
	ctx      context.Context
	tenant   *sandbox.Sandbox
	network  http.RoundTripper
	seen     *credentialsSeen
	platform *simPlatform
	compare  *testkit.Comparer
	values   *testkit.Comparer // of responses, by their values
	emptied  *rand.Rand        // which responses lose all values
	jitter   *rand.Rand
	dice     *rand.Rand // of the consumer, per state
	oracle   *rand.Rand // what is sampled
	chosen   *rand.Rand // what events are about
	step     string
	number   int // of the step; past the last one everything is calm
	order    int // records so far
	reach    map[string]int
	existing map[string]testkit.Table // by stream, as of the last look
	bytes    hash.Hash                // of all output
	failure  *simFailure

	valueRows  map[*testkit.Row]valueRow
	trueValues map[string]testkit.Table // by stream, as of the last comparison

	figures    figures
	existed    map[string]bool   // responses, by key
	said       map[string][]byte // the newest row by stream and key
	again      map[string]string // survey → from when on it is read once more
	apart      bool              // what tells of deletions once began from another state than the responses
	troubled   bool              // a run did not succeed
	sizes      []runSize         // of the runs
	verbose    bool
	transcript strings.Builder
}

// simulate plays a history on a clock of its own.
func simulate(t *testing.T, c simCase) *simHistory {
	t.Helper()
	return playPlan(t, c.plan(), (*simHistory).play)
}

// playPlan plays what is planned, on a clock of its own.
func playPlan(t *testing.T, plan *simPlan, play func(*simHistory)) *simHistory {
	t.Helper()
	h := &simHistory{simPlan: plan, reach: make(map[string]int), existing: make(map[string]testkit.Table), bytes: sha256.New(), verbose: *simShow}
	h.valueRows = make(map[*testkit.Row]valueRow)
	h.figures, h.existed, h.said = make(figures), make(map[string]bool), make(map[string][]byte)
	synctest.Test(t, func(t *testing.T) {
		h.ctx = t.Context()
		defer func() {
			if cause := recover(); cause != nil {
				h.fail("simulator", "it panics: %v", cause)
			}
			// A call that panicked leaves a timer of net/http behind.
			time.Sleep(10 * time.Minute)
		}()
		if h.prepare() {
			play(h)
		}
	})
	for _, class := range h.active {
		if _, counted := h.tenant.Fired()[class]; !counted && !slices.Contains(countedClasses, class) {
			h.reach[class]++
		}
	}
	for class, times := range h.tenant.Fired() {
		h.reach[class] += times
	}
	h.figures.add(h.reach)
	if h.failure != nil {
		h.figures.failed(h.failure)
	}
	return h
}

// fail notes the first invariant that is broken.
func (h *simHistory) fail(invariant, format string, args ...any) {
	if h.failure == nil {
		h.failure = &simFailure{invariant, h.step, trimmedf(format, args...)}
	}
}

// prepare makes the tenant and the platform.
func (h *simHistory) prepare() bool {
	if !h.local.IsZero() {
		time.Sleep(time.Until(h.local))
	}
	tenant, err := sandbox.New(h.options)
	if err != nil {
		h.fail("simulator", "making the tenant: %v", err)
		return false
	}
	h.tenant, h.network = tenant, tenant.RoundTripper()
	h.seen = &credentialsSeen{secrets: make(map[string]bool)}
	h.platform = newPlatform(h.consumer)
	h.compare = &testkit.Comparer{Ignored: h.ignored(), Later: h.audits}
	h.jitter, h.dice, h.oracle = h.stream("jitter"), h.stream("consumer states"), h.stream("oracle")
	h.chosen, h.emptied, h.values = h.stream("chosen"), h.stream("emptied"), testkit.ValuesOnly()
	return true
}

func (h *simHistory) play() {
	for i, step := range h.steps {
		h.number, h.step = i, fmt.Sprintf("step %d", i+1)
		if step.replay > 0 && h.platform.replay(step.replay) {
			h.reach["replay"]++
		}
		h.tenant.SetActivity(step.activity[0], step.activity[1], step.activity[2])
		if i > 0 {
			time.Sleep(step.from.Sub(h.tenant.Now()))
			h.tenant.Elapse(step.gap, false)
		}
		h.tenant.SetActivity(step.living[0], step.living[1], step.living[2])
		h.happen(i)
		h.empty()
		h.sync(step)
		if h.failure != nil {
			return
		}
	}
	h.settle()
}

// lists reports whether contacts come from lists, which have no dates: where
// there is no search, or none that shows all.
func (h *simHistory) lists() bool { return h.options.Doubt.LiteDirectory || h.options.SearchDepth > 0 }

// ignored are the columns that the truth has and a record cannot.
func (h *simHistory) ignored() map[string]bool {
	ignored := make(map[string]bool)
	if h.options.Doubt.ModifiedKey == "none" {
		ignored["last_modified_date"] = true
	}
	if h.options.Doubt.OptOutKeepsModified {
		ignored["unsubscribed"] = true // until the weekly sweep
	}
	if h.lists() {
		ignored["last_modified"], ignored["creation_date"] = true, true
	}
	return ignored
}

// sync runs the program once as a step says, hands what it printed to the
// platform, and checks it.
func (h *simHistory) sync(step simStep) *simRun {
	h.apart = h.apart || stateText(h.platform.states["responses"]) != stateText(h.platform.states["response_deletions"])
	run := h.start(step, h.streamsAt(h.number), h.platform.stateFile(), fmt.Sprint("jitter ", h.number))
	if h.failure != nil {
		return run
	}
	h.sizes = append(h.sizes, runSize{len(run.lines), run.calls})
	lost := 0
	if run.crashed {
		h.reach[string(step.crash)]++
		if h.consumer.losesTail {
			lost = int(step.lose * float64(min(len(run.lines), 30)))
			h.reach["lose-tail"] += min(lost, 1)
		}
	}
	h.check(run)
	h.countRun(run)
	h.platform.take(h, run, len(run.lines)-lost)
	return run
}

// calm is a sync without crashes and with a platform that keeps everything.
func (h *simHistory) calm(name string) *simRun {
	h.step, h.number = name, len(h.steps)
	h.platform.consumer = simConsumer{keeps: 1}
	return h.sync(simStep{})
}

// settle ends the faults and checks that everything arrives.
func (h *simHistory) settle() {
	h.tenant.StopFaults()
	h.endEvents()
	h.tenant.Elapse(h.lookback/2, true)
	begun := time.Now()
	first := h.calm("the first calm sync")
	h.mustComplete(first)
	h.tenant.Elapse(time.Minute, true)
	second := h.calm("the second calm sync")
	h.mustComplete(second)
	h.mustBeQuiet(second)
	h.tenant.Elapse(24*time.Hour, true)
	third := h.calm("the third calm sync")
	h.mustComplete(third)
	if h.failure != nil {
		return
	}
	// A survey takes some exports in each of them, and many in parts.
	exports := time.Duration(100)
	if h.options.MaxExportBytes > 0 {
		exports = 400
	}
	if took := time.Since(begun) - time.Minute - 24*time.Hour; took > time.Hour+exports*h.options.ExportDelay {
		h.fail("I10", "three calm syncs took %s", took)
	}
	if h.audits || h.options.Doubt.RejectSort {
		// What came too late is found by an audit, too. What is gone is missed by an audit, and asked for a look-back later.
		h.tenant.Elapse(8*24*time.Hour, true)
		h.mustComplete(h.calm("the sync with an audit"))
		h.tenant.Elapse(h.lookback+time.Minute, true)
		h.mustComplete(h.calm("the sync that confirms"))
	}
	for _, stream := range h.streamsAt(h.number) {
		h.mustEqualTruth("I1", stream, h.platform.tables[stream])
		h.mustHoldNoGhosts(stream)
		if slices.Contains(structureStreams, stream) && !h.forgetful() {
			h.mustHoldNoOldRows(stream)
		}
	}
	h.mustTellDeletions()
	h.countDeletions()
	h.restart(5)
}

func (h *simHistory) mustComplete(run *simRun) {
	if h.failure == nil && run.code != 0 {
		h.fail("I10", "the run ends with code %d: %s", run.code, run.firstFailure())
	}
}

// mustBeQuiet checks that nothing is emitted again when nothing happened. Of
// many contacts more may change than hashes are kept.
func (h *simHistory) mustBeQuiet(run *simRun) {
	if h.failure != nil {
		return
	}
	const mostHashes = 256 // of the rows of one survey or directory
	found := false         // by an audit: it was due, and something had come too late for any window
	for _, line := range run.lines {
		// Where streams go on from one position, rows at its boundary come again.
		found = found || strings.Contains(line.log, "the audit found responses that were not") || strings.Contains(line.log, "go on together")
		if rowsOf(line.stream) == "responses" && (found || h.planned || h.options.Doubt.RejectSort || h.options.FaultRates["torn"] > 0) {
			continue // it may be its turn, or time to read everything, or to ask for what a torn export missed
		}
		if rowsOf(line.stream) == "responses" && h.options.Doubt.ModifiedKey == "none" && len(run.visible["responses"]) > mostHashes {
			continue // without dates nothing tells of which rows the hashes are needed
		}
		if line.stream == "contacts" && h.lists() && len(run.visible["contacts"]) > mostHashes {
			continue // listed contacts are all as new, and the state knows so many
		}
		if line.record != nil && !line.record.Deleted && line.stream != "response_deletions" && (line.stream != "contacts" || !run.swept() && !h.has("many-contacts")) {
			h.fail("I9", "a quiet sync emits %s %s", line.stream, line.record.Key)
			return
		}
	}
}

// mustEqualTruth compares a table with what exists.
func (h *simHistory) mustEqualTruth(invariant, stream string, table testkit.Table) {
	structure := slices.Contains(structureStreams, stream)
	if stream == "response_deletions" || structure && h.forgetful() {
		return // what it says is checked as it comes; an old state may know a row that was deleted and came back
	}
	h.trueValues = make(map[string]testkit.Table)
	table = h.shown(stream, table)
	truth, err := testkit.Truth(h.tenant, rowsOf(stream))
	if err != nil {
		h.fail("simulator", "%v", err)
		return
	}
	for _, key := range sortedKeys(truth) {
		want := truth[key]
		if rowsOf(stream) == "responses" && want.Cursor < h.startAt(h.number).UnixNano() && !h.startAt(h.number).IsZero() {
			continue
		}
		if !h.selects(stream, key) {
			continue
		}
		row := table[key]
		switch {
		case row == nil || row.Deleted:
			h.fail(invariant, "lost: %s %s (modified %s)", stream, key, time.Unix(0, want.Cursor).UTC().Format(time.RFC3339Nano))
		case rowsOf(stream) == "responses" && h.forgetful() && h.options.Doubt.ModifiedKey == "none":
			// One that was edited and edited back is taken for the row that
			// the old state knows. A known hole.
		default:
			if found := h.difference(stream, want, row); found != "" && !h.cameBack(stream, want) {
				h.fail(invariant, "stale: %s %s as of %s, exists as of %s: %s", stream, key, time.Unix(0, row.Cursor).UTC().Format(time.RFC3339Nano), time.Unix(0, want.Cursor).UTC().Format(time.RFC3339Nano), found)
			}
		}
	}
}

// cameBack reports whether a listed contact is what it was before: an old state
// takes it for the row that it knows, and dates what is newer by an older date.
// A known hole where states are lost or replaced.
func (h *simHistory) cameBack(stream string, truth *testkit.Row) bool {
	if stream != "contacts" || !h.lists() || !h.forgetful() {
		return false
	}
	return slices.ContainsFunc(h.platform.accepted[stream], func(row *testkit.Row) bool {
		return row.Key == truth.Key && h.compare.Difference(stream, truth, row) == ""
	})
}

// stateText is what a state says, whichever stream it is of.
func stateText(state *simState) string {
	if state == nil {
		return ""
	}
	_, text, _ := strings.Cut(string(state.raw), `"stream_state":`)
	text, _, _ = strings.Cut(text, `,"sourceStats"`)
	return text
}

// mustTellDeletions checks that what is gone from the responses is told by the
// stream that tells of nothing else. Apart, it reads other files than they do,
// for a while, and knows only what it saw itself.
func (h *simHistory) mustTellDeletions() {
	if !h.tells || h.apart || h.forgetful() {
		return
	}
	told := h.platform.tables["response_deletions"]
	for _, row := range h.platform.accepted["responses"] {
		if now := h.platform.tables["responses"][row.Key]; !row.Deleted && now != nil && now.Deleted && told[row.Key] == nil {
			h.fail("I2", "response_deletions does not tell of %s", row.Key)
			return
		}
	}
}

// mustHoldNoGhosts checks that a destination does not keep what is gone.
func (h *simHistory) mustHoldNoGhosts(stream string) {
	switch {
	case stream == "surveys" && !h.forgetful():
	case (rowsOf(stream) == "responses" || stream == "contacts") && h.audits && !h.forgetful():
	default:
		return
	}
	truth, err := testkit.Truth(h.tenant, rowsOf(stream))
	surveys, err2 := testkit.Truth(h.tenant, "surveys")
	if err != nil || err2 != nil {
		h.fail("simulator", "%v %v", err, err2)
		return
	}
	table := h.shown(stream, h.platform.tables[stream])
	for _, key := range sortedKeys(table) {
		survey, _, _ := strings.Cut(key, "/")
		switch row := table[key]; {
		case truth[key] != nil, row.Deleted, !h.selects(stream, key):
		case rowsOf(stream) == "responses" && surveys[survey] == nil: // of it as a whole its own row tells
		default:
			h.fail("I2", "ghost: %s %s", stream, key)
		}
	}
}

// forgetful reports whether states were lost or replaced in this history: the
// one that is left may be as if a row had never been, and its ghost stays.
func (h *simHistory) forgetful() bool {
	return h.has("replay") || h.has("some-states") || h.has("end-states")
}

// restart reads from states that were out at some time, and checks that what
// was out before them and what is read now are everything.
func (h *simHistory) restart(times int) {
	for range times {
		if len(h.platform.emitted) == 0 || h.failure != nil {
			return
		}
		from := h.platform.emitted[h.oracle.IntN(len(h.platform.emitted))]
		if rowsOf(from.stream) == "responses" && (h.belated || h.options.Doubt.RejectSort) {
			continue // one run need not be an audit
		}
		h.step = "a restart from a state of " + from.step
		table, state, runs := from.before(), from.raw, 1
		if h.planned && rowsOf(from.stream) == "responses" {
			runs = 2 // every survey has its turn in a day
		}
		for i := range runs {
			if i > 0 {
				h.tenant.Elapse(24*time.Hour, true)
			}
			run := h.start(simStep{}, []string{from.stream}, append(append([]byte{'['}, state...), ']'), "restart")
			h.mustComplete(run)
			if h.failure != nil {
				return
			}
			for _, line := range run.lines {
				if line.record != nil {
					table.Put(line.record)
				}
			}
			state = run.last(from.stream).raw
		}
		h.mustEqualTruth("I5", from.stream, table)
	}
}
