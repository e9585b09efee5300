//go:build unix

package integration_tests_test

import (
	"os"
	"regexp"
	"strconv"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/birdie-ai/source-qualtrics/integration_tests/thorough"
	"github.com/birdie-ai/source-qualtrics/source/landing"
	"github.com/birdie-ai/source-qualtrics/source/sandbox"
)

// longestDying is how long an interrupted run may take to end.
const longestDying = 5 * time.Second

// saysInterrupted is the one line of a run that was interrupted.
var saysInterrupted = regexp.MustCompile(`\Asource-qualtrics: interrupted: (no state|states) went out [^\n]*\n\z`)

// Whatever ends a run between two lines, it ends as whoever did it expects, and
// the next run has the rest.
func TestInterrupted_AfterAnyLineARunEndsProperly(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		when  kill
		ended func(end finished) bool
	}{
		"by SIGTERM":              {kill{signal: syscall.SIGTERM, rest: true}, func(end finished) bool { return end.signal == syscall.SIGTERM }},
		"by SIGINT":               {kill{signal: syscall.SIGINT, rest: true}, func(end finished) bool { return end.signal == syscall.SIGINT }},
		"by a reader that leaves": {kill{leave: true}, func(end finished) bool { return end.code == 5 }},
	}
	s := serveSite(t, sandbox.Options{Seed: 15, Surveys: 4, Responses: 300, Contacts: 60})
	truth, rows := s.truth(t), newComparer()
	whole := newUser(t)
	lines := whole.read(whole.readCommand(s.config(nil)), kill{}).lines
	n := min(70, lines)
	if *kills == 0 {
		n = thorough.Number(12, 4)
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			begun := time.Now()
			var (
				score killScore
				told  atomic.Int64
			)
			inParallel(t, n, func(t *testing.T, i int) {
				when := test.when
				when.after = 1 + i*lines/n
				u := newUser(t)
				end := u.read(u.readCommand(s.config(nil)), when)
				if !test.ended(end) && end.code != 0 {
					t.Errorf("after line %d: code %d, %v", when.after, end.code, end.signal)
				}
				if end.dying > longestDying {
					t.Errorf("after line %d it took %s to end", when.after, end.dying)
				}
				switch said := saysInterrupted.Match(end.stderr); {
				case said && end.signal != 0:
					told.Add(1)
				case len(end.stderr) > 0: // it says nothing when all was done before
					t.Errorf("after line %d it said on stderr %s", when.after, end.stderr)
				}
				u.completes(s.config(nil))
				short, problem := u.compare(truth, rows)
				if short != (shortfall{}) {
					t.Errorf("after line %d: %+v: %s", when.after, short, problem)
				}
				score.add(count(test.ended(end)), short)
			})
			score.report(t, "ended "+name, begun)
			if test.when.signal != 0 && int(told.Load()) < score.kills/2 {
				t.Errorf("%d of %d interrupted runs said what was saved", told.Load(), score.kills)
			}
			// The last lines are in the pipe when the program has already ended.
			if score.kills < n*2/3 {
				t.Errorf("%d of %d runs were interrupted, the others had ended", score.kills, n)
			}
		})
	}
}

// interruptedExport is an export that got a signal.
type interruptedExport struct {
	site   *site
	folder string
	format landing.Format
	end    finished
	sent   int64 // when it got the signal, in nanoseconds; 0: it had ended before
}

// atOperation interrupts an export into a copy of a folder before its n-th file
// operation.
func (s *site) atOperation(t *testing.T, before string, n int, by syscall.Signal) *interruptedExport {
	t.Helper()
	x := &interruptedExport{site: s, folder: t.TempDir(), format: landing.Parquet}
	copyFolder(t, before, x.folder)
	u := newFaultyUser(t)
	u.fails(fault{by.String(), n})
	x.end = u.silent(u.command(u.exportArgs(s.config(nil), x.folder, x.format)...))
	if said := operationsIn(x.end.stderr); len(said) == 1 {
		x.sent, _ = strconv.ParseInt(said[0], 10, 64)
	}
	return x
}

// interruptedAtCall is a first export that was interrupted when its n-th call
// arrived at a tenant of its own.
func interruptedAtCall(t *testing.T, options sandbox.Options, n int, by syscall.Signal) *interruptedExport {
	t.Helper()
	x := &interruptedExport{site: serveSite(t, options), folder: t.TempDir(), format: landing.NDJSON}
	u := newUser(t)
	var sent atomic.Int64
	x.site.atCall(u, n, func(run *os.Process) {
		sent.Store(time.Now().UnixNano())
		_ = run.Signal(by)
	})
	x.end = u.silent(u.command(u.exportArgs(x.site.config(nil), x.folder, x.format)...))
	x.site.onCall(func() {})
	x.sent = sent.Load()
	return x
}

// A signal that comes while an export is at its files, or waits for a call, ends
// it as whoever sent it expects: no half file shows, and the next export has
// everything and leaves nothing of the interrupted one.
func TestInterrupted_AnExportEndsProperly(t *testing.T) {
	t.Parallel()
	needsFaultyBuild(t)
	const most = 6 // moments of each kind, of a run that is not asked for kills
	options := sandbox.Options{Seed: 16, Surveys: 2, Responses: 60, Contacts: 20}
	s, before, tried := serveSite(t, options), t.TempDir(), t.TempDir()
	var calls atomic.Int64
	s.onCall(func() { calls.Add(1) })
	s.exports(t, newUser(t), before, landing.Parquet)
	s.onCall(func() {})
	s.tenant.Advance(3*time.Hour, false)
	s.tenant.Advance(time.Hour, true)
	copyFolder(t, before, tried)
	operations := len(s.fileOperations(t, tried, landing.Parquet))
	atOperation := func(t *testing.T, n int, by syscall.Signal) *interruptedExport {
		return s.atOperation(t, before, n, by)
	}
	atCall := func(t *testing.T, n int, by syscall.Signal) *interruptedExport {
		return interruptedAtCall(t, options, n, by)
	}
	for name, test := range map[string]struct {
		by      syscall.Signal
		moments int
		export  func(t *testing.T, n int, by syscall.Signal) *interruptedExport
	}{
		"by SIGTERM at a file operation": {syscall.SIGTERM, operations, atOperation},
		"by SIGINT at a file operation":  {syscall.SIGINT, operations, atOperation},
		"by SIGTERM at a call":           {syscall.SIGTERM, int(calls.Load()), atCall},
		"by SIGINT at a call":            {syscall.SIGINT, int(calls.Load()), atCall},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			begun := time.Now()
			step := everyNth(1 + test.moments/most)
			if test.moments < 10 {
				t.Fatalf("an export has %d such moments: they say little", test.moments)
			}
			var (
				score   killScore
				slowest time.Duration
			)
			inParallel(t, test.moments/step, func(t *testing.T, i int) {
				n := 1 + i*step
				x := test.export(t, n, test.by)
				// What is left to do when the signal comes may be done before it is seen.
				if x.end.signal != test.by && x.end.code != 0 {
					t.Errorf("at %d: code %d, %v: %s", n, x.end.code, x.end.signal, x.end.stderr)
				}
				if x.sent > 0 {
					score.Lock()
					slowest = max(slowest, x.end.at.Sub(time.Unix(0, x.sent)))
					score.Unlock()
				}
				noHalfFile(t, x.folder)
				short, problem := x.site.exports(t, newUser(t), x.folder, x.format)
				if short.lost+short.stale > 0 {
					t.Errorf("at %d: %+v: %s", n, short, problem)
				}
				score.add(count(x.end.signal == test.by), short)
			})
			score.report(t, "export ended "+name, begun)
			if t.Logf("the slowest took %s to end", slowest); slowest > longestDying {
				t.Errorf("want at most %s", longestDying)
			}
			if score.kills < score.histories*2/3 {
				t.Errorf("%d of %d exports were interrupted, the others had ended", score.kills, score.histories)
			}
		})
	}
}
