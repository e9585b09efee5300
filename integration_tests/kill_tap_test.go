//go:build unix

package integration_tests_test

import (
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/birdie-ai/source-qualtrics/integration_tests/testkit"
	"github.com/birdie-ai/source-qualtrics/integration_tests/thorough"
	"github.com/birdie-ai/source-qualtrics/source/sandbox"
)

// tapKills is how many histories of the tap are cut, each several times.
func tapKills() int {
	if *kills == 0 && !thorough.Asked() {
		return 2
	}
	return 33
}

// Of a Singer tap the whole state is in one line: the last one counts.
func TestKill_TheTapAfterEveryLineOfASyncNothingIsLost(t *testing.T) {
	t.Parallel()
	testLineKills(t, &lineKills{what: "the tap killed after each line", lines: killedLines, histories: tapKills(), user: newTapUser})
}

// A file that a message names is whole, and stays.
func TestKill_TheTapAfterEveryBatchNothingIsLost(t *testing.T) {
	t.Parallel()
	const rows, lines = 10, 150
	testLineKills(t, &lineKills{
		what: "the tap killed after each batch", lines: lines, histories: tapKills(), user: newTapUser,
		config: func(u *user, config map[string]any) map[string]any { return u.batched(config, rows) },
	})
}

// Whatever the tap was doing with its files when it was killed or the disk was
// full: no message names what is not there, and the next run clears up.
func TestKill_TheTapAtEveryFileOperationOfItsBatches(t *testing.T) {
	t.Parallel()
	needsFaultyBuild(t)
	begun := time.Now()
	s := serveSite(t, sandbox.Options{Seed: 13, Surveys: 2, Responses: 60, Contacts: 20})
	one := map[string]any{"limits": testkit.Limits(1)}
	batched := func(u *user) map[string]any { return u.batched(s.config(one), 9) }
	newFaultyTapUser := func(t *testing.T) *user {
		u := newFaultyUser(t)
		u.dialect = singerDialect{}
		return u
	}
	whole := newFaultyTapUser(t)
	whole.fails(fault{mode: "list"})
	end := whole.read(whole.readCommand(batched(whole)), kill{})
	if end.code != 0 {
		t.Fatalf("the sync ended with code %d: %s", end.code, end.stderr)
	}
	faults := faultsAt(operationsIn(end.stderr), func(operation string) []string {
		switch operation {
		case "write":
			return []string{"kill", "torn", "full"}
		case "create", "sync":
			return []string{"kill", "full"}
		}
		return []string{"kill"}
	})
	if len(faults) < 40 {
		t.Fatalf("a sync has %d places to fail: they say little", len(faults))
	}
	step := everyNth(len(faults) / 24)
	truth, rows := s.truth(t), newComparer()
	var score killScore
	inParallel(t, len(faults)/step, func(t *testing.T, i int) {
		f, u := faults[i*step], newFaultyTapUser(t)
		u.fails(f)
		end := u.read(u.readCommand(batched(u)), kill{})
		if full := f.mode == "full"; full && (end.code != 2 || !strings.Contains(string(end.stderr), "the disk is full")) || !full && !end.killed() {
			t.Errorf("%+v: code %d (%v): %s", f, end.code, end.signal, end.stderr)
		}
		u.variable = nil
		u.completes(batched(u))
		short, problem := u.compare(truth, rows)
		if short != (shortfall{}) {
			t.Errorf("%+v: %+v: %s", f, short, problem)
		}
		for _, name := range filesBelow(t, filepath.Join(u.folder, "batches")) {
			if !strings.HasSuffix(name, ".jsonl.gz") {
				t.Errorf("%+v: %s is left", f, name)
			}
		}
		score.add(count(end.killed()), short)
	})
	score.report(t, "the tap killed at each file operation, or its disk full", begun)
}
