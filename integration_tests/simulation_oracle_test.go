package integration_tests_test

import (
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/birdie-ai/source-qualtrics/integration_tests/testkit"
)

// check checks what a run printed against the invariants.
func (h *simHistory) check(run *simRun) {
	h.checkStates(run)
	h.checkVersions(run)
	h.checkTombstones(run)
	if !run.crashed {
		h.checkEnd(run)
		h.checkComplete(run)
		h.checkSetup(run)
	} else if run.crash == crashLine && run.code != 5 {
		h.fail("I11", "the consumer left and the code is %d", run.code)
	}
	h.mark(run)
}

// checkStates follows the lines of a run: each state covers the records before
// it (I7), moves no watermark back (I4), and promises no more than what is out
// (I3, I6).
func (h *simHistory) checkStates(run *simRun) {
	since, previous := make(map[string]int), maps.Clone(run.begun)
	held := h.held()
	reset := false
	for _, line := range run.lines {
		switch {
		case line.record != nil:
			since[line.stream]++
			if table := held[line.stream]; table != nil {
				table.Put(line.record)
			}
		case line.state != nil:
			if line.state.count != since[line.stream] {
				h.fail("I7", "a state of %s counts %d records, there were %d", line.stream, line.state.count, since[line.stream])
			}
			since[line.stream] = 0
			if before := previous[line.stream]; before != nil && !reset {
				h.checkForward(line.stream, before, line.state)
			}
			previous[line.stream] = line.state
			if visible := run.visible[rowsOf(line.stream)]; visible != nil && held[line.stream] != nil {
				h.checkPromise(line.stream, line.state, visible, held[line.stream])
			}
		case line.status == "COMPLETE" && since[line.stream] > 0:
			h.fail("I7", "%s is complete with %d records behind its last state", line.stream, since[line.stream])
		case strings.Contains(line.log, "lies in the future"), strings.Contains(line.log, "the audit found responses"), strings.Contains(line.log, "reading the survey again"),
			strings.Contains(line.log, "go on together"):
			reset = true
		}
	}
}

// held is a copy of the destination's responses and contacts.
func (h *simHistory) held() map[string]testkit.Table {
	tables := make(map[string]testkit.Table)
	for _, stream := range []string{"responses", "contacts", trialStream} {
		tables[stream] = maps.Clone(h.platform.tables[stream])
	}
	return tables
}

// checkForward compares two states of a stream that follow each other.
func (h *simHistory) checkForward(stream string, before, after *simState) {
	for key, was := range before.partitions {
		is, known := after.partitions[key]
		if !known && stream != "contacts" && h.gone("surveys", key) {
			continue // for a month
		}
		if !known {
			h.fail("I4", "the state of %s forgets %s", stream, key)
		}
		if is.Watermark < was.Watermark {
			h.fail("I4", "%s %s goes back from %s to %s", stream, key, seconds(was.Watermark), seconds(is.Watermark))
		}
	}
}

// checkPromise checks that what the next window will not see is out: the next
// one starts the look-back before the watermark.
func (h *simHistory) checkPromise(stream string, state *simState, visible, held testkit.Table) {
	if (stream == "contacts" && h.lists()) || (rowsOf(stream) == "responses" && h.belated) {
		return
	}
	now := h.tenant.Now().Add(time.Minute).Unix()
	for key, row := range visible {
		partition, _, _ := strings.Cut(key, "/")
		position, known := state.partitions[partition]
		switch {
		case !known || position.Watermark == 0 || position.Watermark > now:
			continue // nothing is promised, or nothing that would be believed
		case rowsOf(stream) == "responses" && row.Cursor < position.Floor*int64(time.Second):
			continue
		case row.Cursor >= time.Unix(position.Watermark, 0).Add(-h.lookback).UnixNano():
			continue
		}
		got := held[key]
		if (got == nil || got.Cursor < row.Cursor) && h.changed(stream, row) {
			continue // while the run was at it
		}
		if got == nil {
			h.fail("I3", "a state of %s stands at %s and %s, modified at %s, is not out", stream, seconds(position.Watermark), key, nanos(row.Cursor))
			return
		}
		if got.Cursor < row.Cursor && !h.compare.Ignored["last_modified_date"] {
			h.fail("I3", "a state of %s stands at %s and %s is out as of %s, not %s", stream, seconds(position.Watermark), key, nanos(got.Cursor), nanos(row.Cursor))
			return
		}
	}
}

// changed reports whether a row is not any more what it was when the run began.
func (h *simHistory) changed(stream string, row *testkit.Row) bool {
	now := h.now(rowsOf(stream))[row.Key]
	return now == nil || now.Cursor != row.Cursor
}

// gone reports whether a row does not exist any more.
func (h *simHistory) gone(stream, key string) bool { return h.now(rowsOf(stream))[key] == nil }

func seconds(unix int64) string { return time.Unix(unix, 0).UTC().Format(time.RFC3339) }

func nanos(unix int64) string { return time.Unix(0, unix).UTC().Format(time.RFC3339Nano) }

// checkVersions checks that the versions of a key never go back in a run (I8).
func (h *simHistory) checkVersions(run *simRun) {
	newest := make(map[string]int64)
	for _, line := range run.lines {
		if line.record == nil {
			continue
		}
		key := line.stream + " " + line.record.Key
		if line.record.Cursor < newest[key] {
			h.fail("I8", "%s goes back from %s to %s", key, nanos(newest[key]), nanos(line.record.Cursor))
		}
		newest[key] = line.record.Cursor
	}
}

// checkTombstones checks that what is said to be gone is, and that a
// destination that keeps the newest version believes it.
func (h *simHistory) checkTombstones(run *simRun) {
	held := h.held()
	markers := map[string]string{"responses": "did-bury-a-response", "contacts": "did-bury-a-contact", trialStream: "did-bury-a-copy", partsStream: "did-bury-parts"}
	for _, line := range run.lines {
		if line.record == nil {
			continue
		}
		of := line.stream
		if table := held[of]; table != nil {
			// A run that died may have printed a later tombstone: the row stays deleted.
			if before := table[line.record.Key]; line.record.Deleted && before != nil && !before.Deleted && before.Cursor > line.record.Cursor && !h.forgetful() {
				h.fail("I2", "the tombstone of %s, of %s, loses against the row of %s", line.record.Key, nanos(line.record.Cursor), nanos(before.Cursor))
			}
			table.Put(line.record)
		}
		if of == "response_deletions" {
			of = "responses"
		} else if !line.record.Deleted {
			continue
		}
		if markers[of] != "" {
			h.reach[markers[of]]++
		}
		if key := keyOf(of, line.record.Key); run.exists[rowsOf(of)][key] != nil && h.everything(rowsOf(of))[key] != nil {
			h.fail("I2", "%s says that %s is gone, and it is there", line.stream, line.record.Key)
		}
	}
}

// checkEnd checks that the end is told as it is (I11).
func (h *simHistory) checkEnd(run *simRun) {
	ended, failures := make(map[string]string), make(map[string]int)
	worst, whole := 0, 0
	order := []string{"transient_error", "system_error", "config_error"}
	for _, line := range run.lines {
		if line.status != "" {
			ended[line.stream] = line.status
		}
		if line.failure == "" {
			continue
		}
		failures[line.stream]++
		rank := slices.Index(order, line.failure)
		switch {
		case rank < worst:
			h.fail("I11", "a %s after a %s", line.failure, order[worst])
		case line.failure == "system_error" && !h.accounts(line.failure, line.log):
			h.fail("I11", "a system error: %s", line.log)
		case line.failure == "config_error" && !h.has("denied") && !h.has("redirect") && !h.has("auth") && !h.accounts(line.failure, line.log) &&
			!(h.resync > 0 && strings.Contains(line.log, "surveys.resync names survey")): // it was deleted just now
			h.fail("I11", "a config error: %s", line.log)
		}
		worst = max(worst, rank)
		if line.stream == "" {
			whole++
		}
	}
	complete := 0
	for _, stream := range run.streams {
		switch {
		case ended[stream] == "COMPLETE":
			complete++
			if failures[stream] > 0 {
				h.fail("I11", "%s is complete and failed", stream)
			}
		case whole == 0 && failures[stream] != 1:
			h.fail("I11", "%s is %q with %d errors", stream, ended[stream], failures[stream])
		}
	}
	if (run.code == 0) != (complete == len(run.streams)) {
		h.fail("I11", "code %d with %d of %d streams complete", run.code, complete, len(run.streams))
	}
	if whole > 1 || run.code < 0 || run.code == 2 && order[worst] != "system_error" || run.code > 4 {
		h.fail("I11", "code %d with %d errors of the whole", run.code, whole)
	}
}

// checkComplete checks that a stream that says it is complete is: what existed
// when the run began is out. One that lacks damaged records only has the others.
func (h *simHistory) checkComplete(run *simRun) {
	tables := h.held()
	for _, stream := range run.streams {
		if isParts(stream) {
			tables[stream] = maps.Clone(h.platform.tables[stream])
		}
	}
	complete, damaged := make(map[string]bool), make(map[string]bool)
	var skipped []string // log lines that name what is left out
	cut := false
	for _, line := range run.lines {
		switch {
		case line.record != nil && tables[line.stream] != nil:
			tables[line.stream].Put(line.record)
		case line.status != "":
			complete[line.stream] = line.status == "COMPLETE"
		case strings.Contains(line.log, "the run reached its run_minutes"):
			cut = true // surveys that had no turn are no failed parts
		case line.failure != "":
			damaged[line.stream] = h.lacksRecords(line.log)
		case strings.Contains(line.log, "may not be exported"), strings.Contains(line.log, "is gone"):
			skipped = append(skipped, line.log)
		}
	}
	h.checkLeavers(run, complete["surveys"])
	if complete[partsStream] {
		h.checkParts(run, tables)
	}
	for stream := range tables {
		tables[stream] = h.shown(stream, tables[stream])
	}
	for stream, held := range tables {
		ofResponses := rowsOf(stream) == "responses"
		if !complete[stream] && (!damaged[stream] || cut) || ofResponses && h.belated {
			continue // an edit moves no counter
		}
		for key, row := range run.visible[rowsOf(stream)] {
			held := held[key]
			partition, _, _ := strings.Cut(key, "/")
			dated := !(ofResponses && h.compare.Ignored["last_modified_date"]) && !(stream == "contacts" && h.lists())
			switch {
			case ofResponses && h.leaves(run, stream, partition): // it is read whatever is planned
			case !h.selects(stream, key), ofResponses && h.planned:
				continue
			}
			switch start := h.startAt(h.number); {
			case ofResponses && !start.IsZero() && row.Cursor < start.UnixNano():
			case held != nil && (held.Cursor >= row.Cursor || !dated):
			case h.gone(stream, key):
			case !complete[stream] && h.isDamaged(key):
			case slices.ContainsFunc(skipped, func(log string) bool { return strings.Contains(log, partition) }):
			default:
				h.fail("I11", "%s is complete (%t) but for damaged records (%t), and %s, modified at %s, is not out", stream, complete[stream], damaged[stream], key, nanos(row.Cursor))
			}
		}
	}
}

// mark counts what only the oracle can see.
func (h *simHistory) mark(run *simRun) {
	begun := run.begun["responses"]
	emitted := make(map[string]bool)
	for _, line := range run.lines {
		switch {
		case line.state != nil && strings.Contains(string(line.state.raw), "waiting_as_of"):
			h.reach["did-send-a-heartbeat"]++
		case line.record != nil && line.record.Deleted && line.stream == "surveys":
			h.reach["did-bury-a-survey"]++
		case line.record != nil && line.stream == "responses" && begun != nil:
			emitted[line.record.Key] = true
			partition, _, _ := strings.Cut(line.record.Key, "/")
			if position := begun.partitions[partition]; line.record.Cursor < position.Watermark*int64(time.Second) && h.platform.tables["responses"][line.record.Key] == nil {
				h.reach["did-find-a-late-row"]++
			}
		}
	}
	if run.code == 4 {
		h.reach["did-end-partially"]++
	}
	if run.code != 0 || begun == nil {
		return
	}
	for key, row := range run.visible["responses"] {
		partition, _, _ := strings.Cut(key, "/")
		position := begun.partitions[partition]
		held := h.platform.tables["responses"][key]
		if position.Watermark > 0 && held != nil && held.Cursor == row.Cursor && !emitted[key] &&
			row.Cursor >= time.Unix(position.Watermark, 0).Add(-h.lookback).UnixNano() {
			h.reach["did-suppress-a-row"]++
		}
	}
}
