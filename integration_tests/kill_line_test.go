//go:build unix

package integration_tests_test

import (
	"flag"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/birdie-ai/source-qualtrics/integration_tests/scoreboard"
	"github.com/birdie-ai/source-qualtrics/integration_tests/testkit"
	"github.com/birdie-ai/source-qualtrics/integration_tests/thorough"
	"github.com/birdie-ai/source-qualtrics/source/sandbox"
)

var kills = flag.Int("kills", 0, "how often the program is killed after a line; 0: some")

// killsAsked is how many kills are asked for.
func killsAsked() int {
	switch {
	case *kills > 0:
		return *kills
	case thorough.Asked():
		return 80
	default:
		return 8
	}
}

// killedAtOnce is how many histories run at once: most of each is waiting for
// an export.
const killedAtOnce = 32

// inParallel does n things, several at once, each as a test of its own only
// where it fails.
func inParallel(t *testing.T, n int, do func(t *testing.T, i int)) {
	t.Helper()
	next := make(chan int, n)
	for i := range n {
		next <- i
	}
	close(next)
	// Not as parallel tests: only as many of those run as there are processors.
	var workers sync.WaitGroup
	for worker := range killedAtOnce {
		workers.Go(func() {
			t.Run(fmt.Sprint(worker), func(t *testing.T) {
				for i := range next {
					if t.Context().Err() != nil {
						return
					}
					do(t, i)
				}
			})
		})
	}
	workers.Wait()
}

// keptKills are the scores so far, for the scoreboard.
var keptKills killScores

type killScores struct {
	sync.Mutex
	scores [][2]string
}

func (k *killScores) keep(t *testing.T, what string, s *killScore) {
	t.Helper()
	k.Lock()
	defer k.Unlock()
	k.scores = append(k.scores, [2]string{what, s.String()})
	slices.SortFunc(k.scores, func(a, b [2]string) int { return strings.Compare(a[0], b[0]) })
	kept := &scoreboard.Score{Title: "Killed processes", Command: fmt.Sprintf("go test ./integration_tests -run '^TestKill_' -kills=%d -scoreboard", killsAsked()), Facts: k.scores}
	kept.Keep(t, "kills")
}

// killScore is what the histories add up to.
type killScore struct {
	sync.Mutex
	histories, kills int
	shortfall
}

func (s *killScore) add(kills int, short shortfall) {
	s.Lock()
	defer s.Unlock()
	s.histories++
	s.kills += kills
	s.lost += short.lost
	s.stale += short.stale
	s.extra += short.extra
}

func (s *killScore) String() string {
	return fmt.Sprintf("%d kills in %d histories, lost %d, stale %d", s.kills, s.histories, s.lost, s.stale)
}

// report prints a score; it is short.
func (s *killScore) report(t *testing.T, what string, begun time.Time) {
	t.Helper()
	keptKills.keep(t, what, s)
	line := fmt.Sprintf("%s: %v, in %s", what, s, time.Since(begun).Round(100*time.Millisecond))
	if *kills > 0 {
		fmt.Println(line)
		return
	}
	t.Log(line)
}

// The output of a sync, over its restarts, is cut at every one of these lines:
// each history is cut several times, one line further than the one before.
const (
	killedLines = 1500
	killedTimes = 5
)

// Whoever kills the program after any line of its output and goes on from the
// last state that they have loses nothing.
func TestKill_AfterEveryLineOfASyncNothingIsLost(t *testing.T) {
	t.Parallel()
	testLineKills(t, &lineKills{what: "killed after each line", lines: killedLines, histories: killsAsked() / 4, user: newUser})
}

// lineKills are kills after lines of a sync that is served to users of a kind.
type lineKills struct {
	what      string
	lines     int // at each of which a history is cut, were there enough of them
	histories int
	user      func(t *testing.T) *user
	config    func(u *user, config map[string]any) map[string]any // nil: as it is
}

func testLineKills(t *testing.T, k *lineKills) {
	t.Helper()
	begun, responses := time.Now(), 1440
	if *kills == 0 && !thorough.Asked() {
		responses, k.lines = responses/3, k.lines/3
	}
	s := serveSite(t, sandbox.Options{Seed: 11, Surveys: 5, Responses: responses, Contacts: 60, Stored: true})
	truth, rows := s.truth(t), newComparer()
	config := func(u *user) map[string]any {
		if k.config == nil {
			return s.config(nil)
		}
		return k.config(u, s.config(nil))
	}
	whole := k.user(t)
	if end := whole.read(whole.readCommand(config(whole)), kill{}); end.code != 0 || end.lines < k.lines {
		t.Fatalf("the whole sync ended with code %d after %d lines, want 0 and at least %d: %s", end.code, end.lines, k.lines, end.stderr)
	}
	apart := k.lines / killedTimes
	n := min(apart, k.histories)
	var score killScore
	inParallel(t, n, func(t *testing.T, i int) {
		u := k.user(t)
		first, seen, killed := 1+i*apart/n, 0, 0
		for after := first; after <= k.lines; after += apart {
			end := u.read(u.readCommand(config(u)), kill{after: after - seen})
			if !end.killed() && end.code != 0 {
				t.Fatalf("killed after line %d: code %d, %s", after, end.code, end.stderr)
			}
			seen = after
			killed += count(end.killed())
		}
		u.completes(config(u))
		short, problem := u.compare(truth, rows)
		if short != (shortfall{}) {
			t.Errorf("killed after line %d and each %d more: %+v: %s", first, apart, short, problem)
		}
		score.add(killed, short)
	})
	score.report(t, k.what, begun)
	// The last lines are in the pipe when the program has already ended.
	if want := n * killedTimes * 95 / 100; score.kills < want {
		t.Errorf("%d kills, want %d: the other runs had ended", score.kills, want)
	}
}

func count(is bool) int {
	if is {
		return 1
	}
	return 0
}

// The same for tenants, configurations and moments that nobody chose, while the
// tenant lives on.
func TestKill_AtRandomNothingIsLost(t *testing.T) {
	t.Parallel()
	begun := time.Now()
	first := *simSeed
	if first == 0 {
		first = uint64(begun.UnixNano())
	}
	want := max(1, killsAsked()/4)
	var (
		score   killScore
		playing atomic.Int64
	)
	enough := func() bool {
		score.Lock()
		defer score.Unlock()
		const least = 3 // kills of a history, more or less
		return score.kills+least*int(playing.Load()) >= want || score.histories >= 2*want
	}
	play := func(t *testing.T, i int) {
		playing.Add(1)
		defer playing.Add(-1)
		seed := first + uint64(i)
		killed, short, problem := killedHistory(t, seed)
		if short.lost+short.stale > 0 {
			t.Errorf("lost %d, stale %d: %s\ngo test ./integration_tests -run Kill_AtRandom -kills=4 -seed=%d", short.lost, short.stale, problem, seed)
		}
		score.add(killed, short)
	}
	inParallel(t, want, func(t *testing.T, i int) {
		if !enough() {
			play(t, i)
		}
	})
	// Some histories have fewer kills than were expected of them.
	for i := want; score.kills < want && i < 2*want+10; i++ {
		play(t, i)
	}
	score.report(t, "killed at random", begun)
	if score.kills < want {
		t.Errorf("%d kills, want %d", score.kills, want)
	}
}

// killedHistory lives through one history that a seed decides.
func killedHistory(t *testing.T, seed uint64) (killed int, short shortfall, problem string) {
	t.Helper()
	dice := rand.New(rand.NewPCG(seed, 0))
	s := serveSite(t, sandbox.Options{
		Seed: seed, Surveys: 1 + dice.IntN(8), Responses: 20 + dice.IntN(300), Contacts: 5 + dice.IntN(80),
		PageSize: []int{0, 3, 20}[dice.IntN(3)], Stored: dice.IntN(2) == 0,
		Doubt: sandbox.Doubt{ResponsesMoveSurvey: dice.IntN(2) == 0, SnapshotAtCompletion: dice.IntN(2) == 0},
	})
	config := s.config(map[string]any{
		"limits":           testkit.Limits(1 + dice.IntN(8)),
		"lookback_minutes": 15 + dice.IntN(60),
		"deletions":        map[string]any{"mode": []string{"off", "reconcile"}[dice.IntN(2)], "audit_days": 1 + dice.IntN(7)},
	})
	if dice.IntN(2) == 0 {
		credentials := s.tenant.Credentials()
		config["credentials"] = testkit.OAuth(credentials.ClientID, credentials.ClientSecret)
	}
	u := newUser(t)
	switch dice.IntN(4) {
	case 0:
		u = newTapUser(t)
	case 1:
		u = newTapUser(t)
		config = u.batched(config, 1+dice.IntN(20))
	}
	u.variable = append(u.variable, fmt.Sprint("GOMAXPROCS=", 1+dice.IntN(4)))
	lines := 200 // of a run, more or less: the first one reads everything
	for range 4 + dice.IntN(5) {
		when := kill{after: 1 + dice.IntN(lines), rest: dice.IntN(2) == 0}
		lines = 25
		end := u.read(u.readCommand(config), when)
		if !end.killed() && end.code != 0 {
			t.Fatalf("seed %d: a run ended with code %d: %s", seed, end.code, end.stderr)
		}
		killed += count(end.killed())
		if dice.IntN(3) > 0 {
			s.tenant.Advance(time.Duration(dice.IntN(7200))*time.Second, false)
		}
	}
	s.tenant.Advance(2*time.Hour, true)
	u.completes(config)
	short, problem = u.compare(s.truth(t), newComparer())
	return killed, short, problem
}
