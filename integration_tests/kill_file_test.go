//go:build unix

package integration_tests_test

import (
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/birdie-ai/source-qualtrics/integration_tests/testkit"
	"github.com/birdie-ai/source-qualtrics/source/landing"
	"github.com/birdie-ai/source-qualtrics/source/sandbox"
)

// fault is what the faulty program does at a file operation of its output.
type fault struct {
	mode string // kill: before it; torn: a write is done by half, then kill; full: it fails, as do all after it; or the signal that it gets before it
	at   int
}

// exportArgs export into a folder, one thing at a time: the operations of
// two runs are then the same.
func (u *user) exportArgs(config map[string]any, folder string, format landing.Format) []string {
	u.t.Helper()
	config["limits"] = testkit.Limits(1)
	return []string{"export", "--config", u.file("config.json", testkit.Encode(config)), "--to", folder, "--format", string(format)}
}

// exports runs the whole program over the folder, which has to be complete and
// the truth afterwards.
func (s *site) exports(t *testing.T, u *user, folder string, format landing.Format) (short shortfall, problem string) {
	t.Helper()
	end := u.silent(u.command(u.exportArgs(s.config(nil), folder, format)...))
	if end.code != 0 {
		t.Fatalf("the next export ended with code %d (%v): %s", end.code, end.signal, end.stderr)
	}
	wholeFolder(t, folder)
	u.platform = newPlatform(simConsumer{})
	u.readFolder(folder)
	return u.compare(s.truth(t), newComparer())
}

// fileOperations lists what an export does with files.
func (s *site) fileOperations(t *testing.T, folder string, format landing.Format) []string {
	t.Helper()
	u := newFaultyUser(t)
	u.variable = []string{"FAULT_MODE=list"}
	end := u.silent(u.command(u.exportArgs(s.config(nil), folder, format)...))
	if end.code != 0 {
		t.Fatalf("the export ended with code %d: %s", end.code, end.stderr)
	}
	return operationsIn(end.stderr)
}

// operationsIn are those that the faulty program listed.
func operationsIn(stderr []byte) (operations []string) {
	for line := range strings.SplitSeq(string(stderr), "\n") {
		if what, ok := strings.CutPrefix(line, "FAULT "); ok {
			operations = append(operations, what)
		}
	}
	return operations
}

// faultsAt are the faults of these modes at operations.
func faultsAt(operations []string, modes func(operation string) []string) (faults []fault) {
	for i, operation := range operations {
		for _, mode := range modes(operation) {
			faults = append(faults, fault{mode, 1 + i})
		}
	}
	return faults
}

// fails makes the user's next run fail so.
func (u *user) fails(f fault) {
	u.variable = []string{"FAULT_MODE=" + f.mode, "FAULT_AT=" + strconv.Itoa(f.at)}
}

// Whatever an export was doing with its files when it was killed, no half file
// shows, and the next one completes the folder.
func TestKill_AtEveryFileOperationTheFolderStaysWhole(t *testing.T) {
	t.Parallel()
	needsFaultyBuild(t)
	testFileFaults(t, "killed at each file operation", func(operation string) []string {
		if operation == "write" {
			return []string{"kill", "torn"}
		}
		return []string{"kill"}
	}, func(t *testing.T, f fault, end finished) {
		if !end.killed() {
			t.Errorf("%+v: code %d, %s", f, end.code, end.stderr)
		}
	})
}

// A disk that is full from any operation on is told as such, and what was there
// before stays.
func TestExport_OntoADiskThatFillsUpAtAnyOperation(t *testing.T) {
	t.Parallel()
	needsFaultyBuild(t)
	testFileFaults(t, "disk full at each operation", func(operation string) []string {
		switch operation {
		case "create", "mkdir", "write", "sync":
			return []string{"full"}
		}
		return nil
	}, func(t *testing.T, f fault, end finished) {
		if end.code != 2 || !strings.Contains(string(end.stderr), "the disk is full") {
			t.Errorf("%+v: code %d (%v), want 2, and that the disk is full: %s", f, end.code, end.signal, end.stderr)
		}
	})
}

// testFileFaults lets a first export and a later one fail at each of their file
// operations.
func testFileFaults(t *testing.T, what string, modes func(operation string) []string, check func(*testing.T, fault, finished)) {
	t.Helper()
	tests := map[string]struct {
		format landing.Format
		later  bool // the folder holds an export already
		most   int  // the formats differ in the encoder only: so many places will do
	}{
		"Parquet, first export": {landing.Parquet, false, 1000},
		"Parquet, later export": {landing.Parquet, true, 1000},
		"NDJSON, first export":  {landing.NDJSON, false, 30},
		"NDJSON, later export":  {landing.NDJSON, true, 30},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			begun := time.Now()
			s := serveSite(t, sandbox.Options{Seed: 13, Surveys: 2, Responses: 60, Contacts: 20})
			before := t.TempDir()
			if test.later {
				s.tenant.Advance(3*time.Hour, true)
				s.exports(t, newUser(t), before, test.format)
				s.tenant.Advance(3*time.Hour, false)
				s.tenant.Advance(time.Hour, true)
			}
			tried := t.TempDir()
			copyFolder(t, before, tried)
			faults := faultsAt(s.fileOperations(t, tried, test.format), modes)
			if len(faults) < 20 {
				t.Fatalf("an export has %d places to fail: they say little", len(faults))
			}
			step := max(everyNth(len(faults)/6), len(faults)/test.most)
			var score killScore
			inParallel(t, len(faults)/step, func(t *testing.T, i int) {
				f := faults[i*step]
				folder := t.TempDir()
				copyFolder(t, before, folder)
				u := newFaultyUser(t)
				u.fails(f)
				end := u.silent(u.command(u.exportArgs(s.config(nil), folder, test.format)...))
				check(t, f, end)
				noHalfFile(t, folder)
				short, problem := s.exports(t, newUser(t), folder, test.format)
				if short.lost+short.stale > 0 {
					t.Errorf("%+v: %+v: %s", f, short, problem)
				}
				score.add(count(end.killed()), short)
			})
			score.report(t, what+" ("+name+")", begun)
		})
	}
}
