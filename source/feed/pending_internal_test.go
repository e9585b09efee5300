package feed

import (
	"slices"
	"testing"
	"time"
)

func TestPending_WaitsForALookbackByTheClocksOfBothSides(t *testing.T) {
	t.Parallel()
	const lookback = 15 * time.Minute
	for name, test := range map[string]struct {
		server, local time.Duration // what passed from one run to the next, by each
		want          bool
	}{
		"too early":                        {14 * time.Minute, 14 * time.Minute, false},
		"in time":                          {15 * time.Minute, 15 * time.Minute, true},
		"clocks that run a little apart":   {16 * time.Minute, 15*time.Minute + 40*time.Second, true},
		"the server's went ahead":          {2 * time.Hour, time.Minute, false},
		"ours went ahead":                  {time.Minute, 2 * time.Hour, false},
		"the server's went back":           {-2 * time.Hour, time.Hour, false},
		"ours went back":                   {time.Hour, -2 * time.Hour, false},
		"both went back":                   {-2 * time.Hour, -2 * time.Hour, false},
		"another machine, off by 20 s":     {time.Hour, time.Hour + 20*time.Second, true},
		"another machine, off by 2 months": {time.Hour, 1500 * time.Hour, false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			local := noon.Add(-3 * time.Hour) // it need not be right
			before := newPending(pendingState{})
			before.begin(noon, local)
			before.miss("R_1", noon.Add(time.Second))
			before.miss("R_2", time.Time{})
			before.doubt(noon)

			after := newPending(before.state())
			now := noon.Add(time.Second + test.server)
			after.begin(now, local.Add(time.Second+test.local))
			if got := slices.Contains(after.ripe(now, lookback), "R_1"); got != test.want {
				t.Errorf("what is absent may be asked for: %t", got)
			}
			if got := waited(now, after.doubted, lookback); got != test.want {
				t.Errorf("a doubt has lasted long enough: %t", got)
			}
			if slices.Contains(after.ripe(now, lookback), "R_2") {
				t.Error("what has no date is asked for by the run that dates it")
			}
			quiet := lookback - min(0, test.server) // a moment that lies ahead now has to pass
			now = now.Add(quiet)
			after.begin(now, local.Add(time.Second+test.local+quiet))
			if got := after.ripe(now, lookback); len(got) != 2 {
				t.Errorf("a quiet look-back later %q may be asked for", got)
			}
		})
	}
}

// A tenant whose clock is made to leap, as that of a simulation, is waited for
// twice more and not for ever.
func TestPending_BeginsAnewTwiceAtMost(t *testing.T) {
	t.Parallel()
	p := newPending(pendingState{})
	p.begin(noon, noon)
	p.miss("R_1", noon)
	for leap, want := range []int{0, 0, 1, 1} {
		p = newPending(p.state())
		now := noon.Add(time.Duration(leap+1) * time.Hour)
		p.begin(now, noon)
		if got := p.ripe(now, 15*time.Minute); len(got) != want {
			t.Errorf("after leap %d %q may be asked for", leap, got)
		}
	}
}

// A date that is too early, once or now and then, makes no wait shorter.
func TestPending_IsNotShortenedByAnEarlyDate(t *testing.T) {
	t.Parallel()
	const lookback, early = 15 * time.Minute, -8 * time.Hour
	for name, wrong := range map[string][]time.Duration{ // of the server's clock, in runs a minute apart
		"when it was missed": {early, 0, 0}, "later": {0, early, 0}, "twice": {0, early, 0, early, 0}, "first and later": {early, 0, early, 0},
		"first, and once earlier": {early, early - 20*time.Hour, 0, 0}, "first, and later less so": {early - 20*time.Hour, early, 0, 0},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := newPending(pendingState{})
			for i, off := range wrong {
				passed := time.Duration(i) * time.Minute
				now := noon.Add(passed + off)
				p = newPending(p.state())
				p.begin(now, noon.Add(passed))
				if i == 0 {
					p.miss("R_1", now)
				}
				if got := p.ripe(now, lookback); len(got) > 0 {
					t.Errorf("%q may be asked for after %s", got, passed)
				}
			}
			var passed time.Duration
			for i := range 2 { // it may begin anew in the first of them
				passed = time.Duration(len(wrong))*time.Minute + time.Duration(i+1)*lookback
				p = newPending(p.state())
				p.begin(noon.Add(passed), noon.Add(passed))
			}
			if got := p.ripe(noon.Add(passed), lookback); len(got) != 1 {
				t.Errorf("%q may be asked for in the end", got)
			}
		})
	}
}
