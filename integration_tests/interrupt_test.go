//go:build unix

package integration_tests_test

import (
	"syscall"
	"testing"
	"time"

	"github.com/birdie-ai/source-qualtrics/source/sandbox"
)

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
		n = 12
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			begun := time.Now()
			var score killScore
			inParallel(t, n, func(t *testing.T, i int) {
				when := test.when
				when.after = 1 + i*lines/n
				u := newUser(t)
				end := u.read(u.readCommand(s.config(nil)), when)
				if !test.ended(end) && end.code != 0 {
					t.Errorf("after line %d: code %d, %v", when.after, end.code, end.signal)
				}
				if len(end.stderr) > 0 {
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
			// The last lines are in the pipe when the program has already ended.
			if score.kills < n*2/3 {
				t.Errorf("%d of %d runs were interrupted, the others had ended", score.kills, n)
			}
		})
	}
}
