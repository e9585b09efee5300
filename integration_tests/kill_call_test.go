//go:build unix

package integration_tests_test

import (
	"os"
	"sync/atomic"
	"testing"
	"time"

	"github.com/birdie-ai/source-qualtrics/integration_tests/thorough"
	"github.com/birdie-ai/source-qualtrics/source/sandbox"
)

// everyNth is the distance between the moments that are tried: all of them with
// -kills, a sample in a thorough run, an eighth of the sample otherwise.
func everyNth(sampled int) int {
	switch {
	case *kills > 0:
		return 1
	case thorough.Asked():
		return max(1, sampled)
	default:
		return max(1, 8*sampled)
	}
}

// killAtCall makes the tenant kill the user's next run when its call k arrives,
// and counts the calls.
func (s *site) killAtCall(u *user, k int) (calls *atomic.Int64) {
	return s.atCall(u, k, func(run *os.Process) { _ = run.Kill() })
}

// atCall lets something happen to the user's next run when its call k arrives,
// and counts the calls.
func (s *site) atCall(u *user, k int, do func(run *os.Process)) (calls *atomic.Int64) {
	calls, u.started = &atomic.Int64{}, make(chan *os.Process, 1)
	s.onCall(func() {
		if calls.Add(1) == int64(k) {
			do(<-u.started)
		}
	})
	return calls
}

// The calls of a first sync, and of one that goes on after the tenant has
// changed: the program is killed at each of them.
func TestKill_AtEveryCallNothingIsLost(t *testing.T) {
	t.Parallel()
	options := sandbox.Options{Seed: 12, Surveys: 3, Responses: 60, Contacts: 30, PageSize: 10}
	tests := map[string]struct{ ready func(s *site, u *user) }{
		"of a first sync": {func(*site, *user) {}},
		"of a later sync": {func(s *site, u *user) {
			s.tenant.Advance(3*time.Hour, false)
			u.completes(s.config(nil))
			s.tenant.Advance(3*time.Hour, false)
			s.tenant.Advance(time.Hour, true)
		}},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			begun := time.Now()
			// begin brings a tenant and its user to where the sync begins.
			begin := func(t *testing.T) (*site, *user) {
				s, u := serveSite(t, options), newUser(t)
				test.ready(s, u)
				return s, u
			}
			s, u := begin(t)
			var counted atomic.Int64
			s.onCall(func() { counted.Add(1) })
			u.completes(s.config(nil))
			calls := int(counted.Load())
			if calls < 10 {
				t.Fatalf("a sync makes %d calls: they say little", calls)
			}
			step := everyNth(calls / 8)
			var score killScore
			inParallel(t, calls/step, func(t *testing.T, i int) {
				s, u := begin(t)
				k := 1 + i*step
				arrived := s.killAtCall(u, k)
				end := u.read(u.readCommand(s.config(nil)), kill{})
				u.started = nil
				// Runs differ by a call or so: what is asked for depends on the second.
				if !end.killed() && (end.code != 0 || int(arrived.Load()) >= k) {
					t.Errorf("killed at call %d: code %d, %s", k, end.code, end.stderr)
				}
				s.onCall(func() {})
				u.completes(s.config(nil))
				short, problem := u.compare(s.truth(t), newComparer())
				if short.lost+short.stale > 0 {
					t.Errorf("killed at call %d: %+v: %s", k, short, problem)
				}
				score.add(count(end.killed()), short)
			})
			score.report(t, "killed at each call "+name, begun)
			if want := calls / step * 8 / 10; score.kills < want {
				t.Errorf("%d kills, want %d", score.kills, want)
			}
		})
	}
}

// copyFolder copies a folder for one user.
func copyFolder(t *testing.T, from, to string) {
	t.Helper()
	if err := os.CopyFS(to, os.DirFS(from)); err != nil {
		t.Fatal(err)
	}
}
