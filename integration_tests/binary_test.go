//go:build unix

package integration_tests

import (
	"bytes"
	"maps"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/birdie-ai/source-qualtrics/integration_tests/testkit"
	"github.com/birdie-ai/source-qualtrics/integration_tests/thorough"
)

// read reads every stream to its end, as a platform does on a bad day: a run
// that ends with a failure that may pass is followed by another from the
// states that are out.
func (tn *tenant) read(t *testing.T, state []byte, runs int) *output {
	t.Helper()
	var all *output
	for range runs {
		end := run(t, tn.command(t, tn.readArgs(t, state, allStreams...)...))
		o := collect(t, state, end.stdout)
		if all != nil {
			for _, stream := range allStreams {
				maps.Copy(all.tables[stream], o.tables[stream])
			}
			o.tables, o.records = all.tables, o.records+all.records
		}
		all, state = o, o.state
		if len(end.stderr) > 0 {
			t.Errorf("read wrote to stderr: %s", tail(end.stderr))
		}
		if end.code == 0 {
			for _, stream := range allStreams {
				if o.statuses[stream] != "COMPLETE" {
					t.Errorf("%s is %q", stream, o.statuses[stream])
				}
			}
			return all
		}
		if runs == 1 || slices.ContainsFunc(o.failures, func(kind string) bool { return kind != "transient_error" }) {
			end.must(t, 0)
		}
	}
	t.Fatalf("read is not complete after %d runs", runs)
	return nil
}

// The whole promise, as another program sees it: everything first, nothing
// when nothing happened, and then what changed and no more.
func testTruth(t *testing.T, tn *tenant, runs int) {
	t.Helper()
	// The newest rows are such as the next window meets again.
	tn.advance(t, 2*time.Hour)
	before := tn.truth(t)
	first := tn.read(t, nil, runs)
	compareTruth(t, before, first.tables)
	for _, stream := range allStreams {
		if got, want := len(first.tables[stream]), len(before[stream]); got != want {
			t.Errorf("%d %s were read, %d exist", got, stream, want)
		}
	}
	second := tn.read(t, first.state, runs)
	if second.records != 0 {
		t.Errorf("a second read emitted %d records, want none", second.records)
	}
	tn.advance(t, 2*time.Hour)
	after := tn.truth(t)
	third := tn.read(t, second.state, runs)
	changed := changes(t, before, after)
	compareTruth(t, changed, third.tables)
	for _, stream := range allStreams {
		// Of long lists a change delivers a part again. The truth of memberships has no
		// names of contacts, which change, too.
		if stream == "mailing_list_memberships" || strings.HasPrefix(stream, "question") {
			continue
		}
		for id := range third.tables[stream] {
			if after[stream][id] != nil && changed[stream][id] == nil {
				t.Errorf("%s %s did not change and was read again", stream, id)
			}
		}
	}
}

// changes are the rows that are new or not what they were.
func changes(t *testing.T, before, after map[string]testkit.Table) map[string]testkit.Table {
	t.Helper()
	changed := make(map[string]testkit.Table)
	for _, stream := range allStreams {
		changed[stream] = make(testkit.Table)
		for id, now := range after[stream] {
			if before[stream][id] == nil || !bytes.Equal(now.Data, before[stream][id].Data) {
				changed[stream][id] = now
			}
		}
	}
	for _, stream := range []string{"responses", "contacts"} {
		if len(changed[stream]) == 0 {
			t.Errorf("no %s changed: the comparison says nothing", stream)
		}
	}
	return changed
}

// size are the flags of a tenant: the larger one unless the tests are short.
func size(surveys, responses int) []string {
	contacts := thorough.Number(2000, 120)
	if !thorough.Asked() {
		surveys, responses = min(surveys, 8), min(responses, 1000)
	}
	return []string{"--surveys", strconv.Itoa(surveys), "--responses", strconv.Itoa(responses), "--contacts", strconv.Itoa(contacts)}
}

func TestBinary_ReadsTheTruthWithATokenAtFullSize(t *testing.T) {
	t.Parallel()
	testTruth(t, startTenant(t, size(200, 100_000)...), 1)
}

func TestBinary_ReadsTheTruthWithOAuth(t *testing.T) {
	t.Parallel()
	testTruth(t, startTenant(t, append(size(30, 10_000), "--seed", "2")...).withOAuth(), 1)
}

func TestBinary_ReadsTheTruthOnABadDay(t *testing.T) {
	t.Parallel()
	testTruth(t, startTenant(t, append(size(30, 10_000), "--seed", "3", "--faults", "default")...), 6)
}
