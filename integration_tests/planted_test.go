//go:build unix

package integration_tests_test

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/birdie-ai/source-qualtrics/source/landing"
	"github.com/birdie-ai/source-qualtrics/source/sandbox"
)

// plantedSecret is in the text of every panic: the tenant's own token, which
// nothing may print.
func plantedSecret(s *site) string { return s.tenant.Credentials().APIToken }

// reached lists the functions that a command reaches, in the order in which it
// does.
func (u *user) reached(run func(u *user) finished) []string {
	u.t.Helper()
	list := filepath.Join(u.folder, "sites")
	u.variable = []string{"PLANTED_LIST=" + list}
	if end := run(u); end.code != 0 {
		u.t.Fatalf("the run ended with code %d: %s", end.code, end.stderr)
	}
	text, err := os.ReadFile(list)
	if err != nil {
		u.t.Fatal(err)
	}
	return strings.Split(strings.TrimSpace(string(text)), "\n")
}

// plant makes the n-th call of a function panic.
func (u *user) plant(s *site, place string, n int) {
	u.variable = []string{"PLANTED_AT=" + place, fmt.Sprint("PLANTED_NTH=", n), "PLANTED_SECRET=" + plantedSecret(s)}
}

// A panic anywhere, on whatever goroutine, ends the run with code 2 and a report
// that holds no secret; no state follows it, and the next run is complete.
func TestPanic_InAnyFunctionEndsTheRunProperly(t *testing.T) {
	t.Parallel()
	needsFaultyBuild(t)
	options := sandbox.Options{Seed: 14, Surveys: 2, Responses: 60, Contacts: 20}
	tests := map[string]struct {
		run   func(s *site, u *user, folder string) finished
		check func(t *testing.T, place string, end finished)
		next  func(t *testing.T, s *site, u *user, folder string) (shortfall, string)
	}{
		"read": {
			func(s *site, u *user, _ string) finished { return u.read(u.readCommand(s.config(nil)), kill{}) },
			checkPanicOfRead,
			func(t *testing.T, s *site, u *user, _ string) (shortfall, string) {
				u.variable = nil
				u.completes(s.config(nil))
				return u.compare(s.truth(t), newComparer())
			},
		},
		// A read that goes on from states makes plans before it reads.
		"later read": {
			func(s *site, u *user, _ string) finished {
				faults := u.variable
				u.variable = nil
				u.completes(s.config(nil))
				u.variable = faults
				return u.read(u.readCommand(s.config(nil)), kill{})
			},
			checkPanicOfRead,
			func(t *testing.T, s *site, u *user, _ string) (shortfall, string) {
				u.variable = nil
				u.completes(s.config(nil))
				return u.compare(s.truth(t), newComparer())
			},
		},
		"tap": {
			func(s *site, u *user, _ string) finished {
				u.dialect = singerDialect{}
				return u.read(u.readCommand(u.batched(s.config(nil), 9)), kill{})
			},
			checkPanicForPeople,
			func(t *testing.T, s *site, u *user, _ string) (shortfall, string) {
				u.variable = nil
				u.completes(u.batched(s.config(nil), 9))
				return u.compare(s.truth(t), newComparer())
			},
		},
		"export": {
			func(s *site, u *user, folder string) finished {
				return u.silent(u.command(u.exportArgs(s.config(nil), folder, landing.Parquet)...))
			},
			checkPanicForPeople,
			func(t *testing.T, s *site, _ *user, folder string) (shortfall, string) {
				if _, err := os.Stat(folder); err == nil { // it may not have come so far
					noHalfFile(t, folder)
				}
				return s.exports(t, newUser(t), folder, landing.Parquet)
			},
		},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			begun := time.Now()
			s := serveSite(t, options)
			s.tenant.Advance(time.Hour, true)
			places := newFaultyUser(t).reached(func(u *user) finished { return test.run(s, u, filepath.Join(t.TempDir(), "data")) })
			if len(places) < 200 {
				t.Fatalf("a run reaches %d functions: they say little", len(places))
			}
			step := everyNth(len(places) / 12)
			offset := rand.IntN(step) // every function gets its turn
			var (
				score   killScore
				skipped atomic.Int64
			)
			inParallel(t, len(places)/step, func(t *testing.T, i int) {
				place := places[offset+i*step]
				if _, site, _ := strings.Cut(place, " "); slices.Contains(recovering, site) {
					skipped.Add(1)
					return
				}
				u, folder := newFaultyUser(t), filepath.Join(t.TempDir(), "data")
				u.plant(s, place, 1)
				end := test.run(s, u, folder)
				if end.code == 0 {
					t.Logf("%s was not reached this time", place)
					return
				}
				if bytes.Contains(end.all, []byte(plantedSecret(s))) || bytes.Contains(end.stderr, []byte(plantedSecret(s))) {
					t.Errorf("%s: the secret is out: %s%s", place, end.last, end.stderr)
				}
				test.check(t, place, end)
				short, problem := test.next(t, s, u, folder)
				if short.lost+short.stale > 0 {
					t.Errorf("%s: %+v: %s", place, short, problem)
				}
				score.add(1, short)
			})
			t.Logf("%d of %d functions panicked in %s: lost %d, stale %d, in %s", score.kills, len(places), name, score.lost, score.stale, time.Since(begun).Round(time.Second))
			if planned := len(places)/step - int(skipped.Load()); score.kills < planned*8/10 {
				t.Errorf("%d panics of %d", score.kills, planned)
			}
		})
	}
}

// recovering are the functions that start a goroutine or recover from a panic,
// and do nothing else: somewhere recovering has to begin.
var recovering = []string{
	"in Engine.Run", "in Engine.runFeed", "Engine.guarded", "in Engine.guarded", "in Engine.heartbeat", "Guard", "in Guard", "Recovered",
	"in queue.look", "queue.plans", "in queue.plans", "queue.plan", "in Watch.Start",
	"ahead.run", "block.fill", "in block.fill", "in Program.Run",
}

// planted is what the report of a planted panic says.
var planted = regexp.MustCompile(`internal error: planted (early|with \[redacted\]); please report it`)

func checkPanicOfRead(t *testing.T, place string, end finished) {
	t.Helper()
	if end.code != 2 || bytes.Contains(end.stderr, []byte("goroutine ")) {
		t.Errorf("%s: code %d (%v), want 2, and no crash on stderr: %.600s", place, end.code, end.signal, end.stderr)
	}
	told := false
	for line := range bytes.Lines(end.all) {
		switch {
		case bytes.Contains(line, []byte(`"failure_type":"system_error"`)) && planted.Match(line):
			told = true
		case told && (bytes.HasPrefix(line, []byte(`{"type":"STATE"`)) || bytes.HasPrefix(line, []byte(`{"type":"RECORD"`))):
			t.Errorf("%s: after the panic: %.200s", place, line)
		}
	}
	if !told && !planted.Match(end.stderr) { // where the output is what panicked
		t.Errorf("%s: no system error says %s: %.600s", place, planted, end.last)
	}
}

func checkPanicForPeople(t *testing.T, place string, end finished) {
	t.Helper()
	// Before the command is known to be one for people, messages are the
	// protocol's.
	if told := append(end.all, end.stderr...); end.code != 2 || !planted.Match(told) {
		t.Errorf("%s: code %d (%v), want 2 and %s: %.600s", place, end.code, end.signal, planted, told)
	}
	if bytes.Contains(end.stderr, []byte("goroutine ")) {
		t.Errorf("%s: a crash: %.600s", place, end.stderr)
	}
}
