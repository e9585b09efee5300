package reconcile

import (
	"slices"
	"testing"
	"time"
)

func TestCandidates_WaitForALookbackByBothClocks(t *testing.T) {
	t.Parallel()
	const lookback = 15 * time.Minute
	for name, test := range map[string]struct {
		server, local time.Duration // from one run to the next, by each clock
		want          bool
	}{
		"less than a look-back":            {14 * time.Minute, 14 * time.Minute, false},
		"a look-back":                      {15 * time.Minute, 15 * time.Minute, true},
		"clocks that differ a little":      {16 * time.Minute, 15*time.Minute + 40*time.Second, true},
		"the server's was set ahead":       {2 * time.Hour, time.Minute, false},
		"ours was set ahead":               {time.Minute, 2 * time.Hour, false},
		"the server's was set back":        {-2 * time.Hour, time.Hour, false},
		"ours was set back":                {time.Hour, -2 * time.Hour, false},
		"both were set back":               {-2 * time.Hour, -2 * time.Hour, false},
		"another machine, off by 20 s":     {time.Hour, time.Hour + 20*time.Second, true},
		"another machine, off by 2 months": {time.Hour, 1500 * time.Hour, false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			local := noon.Add(-3 * time.Hour) // may be wrong
			before := NewCandidates(CandidateState{})
			before.Begin(noon, local)
			before.Miss("R_1", noon.Add(time.Second))
			before.Miss("R_2", time.Time{})
			before.Doubt(noon)

			after := NewCandidates(before.State())
			now := noon.Add(time.Second + test.server)
			after.Begin(now, local.Add(time.Second+test.local))
			if got := slices.Contains(after.Ripe(now, lookback), "R_1"); got != test.want {
				t.Errorf("the candidate is ripe: %t, want %t", got, test.want)
			}
			if got := Waited(now, after.Doubted, lookback); got != test.want {
				t.Errorf("the wait for a second audit is over: %t, want %t", got, test.want)
			}
			if slices.Contains(after.Ripe(now, lookback), "R_2") {
				t.Error("a candidate without a date is ripe in the run that dates it")
			}
			quiet := lookback - min(0, test.server) // the start may be in the future now
			now = now.Add(quiet)
			after.Begin(now, local.Add(time.Second+test.local+quiet))
			if got := after.Ripe(now, lookback); len(got) != 2 {
				t.Errorf("one more look-back later %q are ripe, want both candidates", got)
			}
		})
	}
}

// The clock of a simulated tenant may leap in every run: the wait still ends.
func TestCandidates_RestartTheWaitTwiceAtMost(t *testing.T) {
	t.Parallel()
	p := NewCandidates(CandidateState{})
	p.Begin(noon, noon)
	p.Miss("R_1", noon)
	for leap, want := range []int{0, 0, 1, 1} {
		p = NewCandidates(p.State())
		now := noon.Add(time.Duration(leap+1) * time.Hour)
		p.Begin(now, noon)
		if got := p.Ripe(now, 15*time.Minute); len(got) != want {
			t.Errorf("after leap %d %q are ripe, want %d", leap, got, want)
		}
	}
}

// A server time that is too early, in one run or several, makes no wait shorter.
func TestCandidates_AnEarlyServerTimeDoesNotShortenTheWait(t *testing.T) {
	t.Parallel()
	const lookback, early = 15 * time.Minute, -8 * time.Hour
	for name, wrong := range map[string][]time.Duration{ // offset of the server's clock, in runs a minute apart
		"in the first run": {early, 0, 0}, "in the second run": {0, early, 0}, "in two later runs": {0, early, 0, early, 0}, "in the first run and a later one": {early, 0, early, 0},
		"first early, then earlier": {early, early - 20*time.Hour, 0, 0}, "first early, then less early": {early - 20*time.Hour, early, 0, 0},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := NewCandidates(CandidateState{})
			for i, off := range wrong {
				passed := time.Duration(i) * time.Minute
				now := noon.Add(passed + off)
				p = NewCandidates(p.State())
				p.Begin(now, noon.Add(passed))
				if i == 0 {
					p.Miss("R_1", now)
				}
				if got := p.Ripe(now, lookback); len(got) > 0 {
					t.Errorf("%q are ripe after %s", got, passed)
				}
			}
			var passed time.Duration
			for i := range 2 { // the wait may restart in the first of them
				passed = time.Duration(len(wrong))*time.Minute + time.Duration(i+1)*lookback
				p = NewCandidates(p.State())
				p.Begin(noon.Add(passed), noon.Add(passed))
			}
			if got := p.Ripe(noon.Add(passed), lookback); len(got) != 1 {
				t.Errorf("%q are ripe in the end, want R_1", got)
			}
		})
	}
}
