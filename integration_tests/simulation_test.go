package integration_tests_test

import (
	"encoding/hex"
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"runtime/debug"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/birdie-ai/source-qualtrics/integration_tests/thorough"
)

var (
	simSeeds   = flag.Int("seeds", 0, "number of simulated histories; 0: some")
	simSeed    = flag.Uint64("seed", 0, "the first seed; with no -seeds the only one")
	simProfile = flag.String("profile", profileSwarm, "swarm, calm, storm, audits or setup")
	simLong    = flag.Bool("long", false, "simulate 100,000 histories unless -seeds says otherwise")
	simText    = flag.String("case", "", "take away from the history: a JSON object")
	simShow    = flag.Bool("show", false, "print the classes and the output of a history that fails")
	simFloor   = flag.Float64("floor", 0, "histories a second below which the run fails")
	simShrink  = flag.Bool("shrink", true, "make a history that fails small")
	simSave    = flag.Bool("save", false, "keep the shrunk case in testdata/simulation")
)

// simRange is which histories are asked for.
func simRange() (first uint64, count int) {
	set := make(map[string]bool)
	flag.Visit(func(f *flag.Flag) { set[f.Name] = true })
	first, count = max(1, *simSeed), *simSeeds
	switch {
	case count > 0:
	case set["seed"]:
		count = 1
	case *simLong:
		count = 100_000
	case !thorough.Asked():
		count = 8
	default:
		count = 100
	}
	return first, count
}

// A history that lost a row, kept a stale one or told a lie is printed as the
// one command that shows it again, made as small as it gets.
func TestSimulation(t *testing.T) {
	t.Parallel()
	first, count := simRange()
	var take simCase
	if *simText != "" {
		if err := json.Unmarshal([]byte(*simText), &take); err != nil {
			t.Fatal(err)
		}
	}
	// Histories are short-lived garbage: collecting it less often is faster.
	defer debug.SetGCPercent(debug.SetGCPercent(800))
	begun := time.Now()
	var (
		next   atomic.Int64
		failed atomic.Bool
		lock   sync.Mutex
		total  = make(figures)
		played int
	)
	t.Run("histories", func(t *testing.T) {
		for worker := range 2 * runtime.GOMAXPROCS(0) { // some of them wait for files
			t.Run(fmt.Sprint(worker), func(t *testing.T) {
				t.Parallel()
				for !failed.Load() {
					number := next.Add(1) - 1
					if number >= int64(count) {
						return
					}
					c := take
					c.Seed, c.Profile = first+uint64(number), *simProfile
					h := simulate(t, c)
					lock.Lock()
					played++
					total.add(h.figures)
					lock.Unlock()
					if h.failure != nil && !failed.Swap(true) {
						reportFailure(t, c, h)
					}
				}
			})
		}
	})
	took := time.Since(begun)
	summary := fmt.Sprintf("%d histories in %s: %.1f a second\n%s\n%s",
		played, took.Round(time.Millisecond), float64(played)/took.Seconds(), reachTable(total), total.deletions())
	total.score(played, took, *simProfile).Keep(t, "simulation-"+*simProfile)
	if *simSeeds > 0 || *simLong {
		fmt.Println(summary)
	} else {
		t.Log(summary)
	}
	if rate := float64(played) / took.Seconds(); rate < *simFloor {
		t.Errorf("%.1f histories a second, want at least %.1f", rate, *simFloor)
	}
	if count < 500 || *simProfile != profileSwarm || *simText != "" || t.Failed() {
		return
	}
	least := 1
	if count >= 3000 {
		least = 50
	}
	for _, class := range reachable() {
		if total[class] < least {
			t.Errorf("the class %s fired %d times in %d histories, want %d at least", class, total[class], count, least)
		}
	}
}

// reportFailure prints how to see the failure again, and its smallest form.
func reportFailure(t *testing.T, c simCase, h *simHistory) {
	t.Helper()
	t.Errorf("seed %d, profile %s, %v\n%s", c.Seed, c.Profile, h.failure, c.command())
	if !*simShrink {
		h.show(t)
		return
	}
	small, shown := shrink(t, c, h.failure)
	if *simShow {
		simulate(t, small).show(t)
	}
	t.Errorf("shrunk: %v\n%s", shown, small.command())
	if !*simSave {
		return
	}
	small.Why = shown.Error()
	name := filepath.Join("testdata", "simulation", fmt.Sprintf("%s-%d.json", strings.ToLower(shown.invariant), c.Seed))
	text, err := json.MarshalIndent(small, "", "  ")
	if err == nil {
		err = os.MkdirAll(filepath.Dir(name), 0o750)
	}
	if err == nil {
		err = os.WriteFile(name, append(text, '\n'), 0o600)
	}
	if err != nil {
		t.Error(err)
	}
}

// show prints what a history was made of and what it printed, if that is wanted.
func (h *simHistory) show(t *testing.T) {
	t.Helper()
	if *simShow {
		t.Logf("%v\n%v\n%+v\n%s", h.active, h.config, h.options, h.transcript.String())
	}
}

// Histories that once failed stay right.
func TestSimulation_Corpus(t *testing.T) {
	t.Parallel()
	names, err := filepath.Glob(filepath.Join("testdata", "simulation", "*.json"))
	if err != nil {
		t.Fatal(err)
	}
	for i, name := range names {
		if i%thorough.Number(1, 6) > 0 {
			continue
		}
		t.Run(filepath.Base(name), func(t *testing.T) {
			t.Parallel()
			text, err := os.ReadFile(name)
			if err != nil {
				t.Fatal(err)
			}
			var c simCase
			if err := json.Unmarshal(text, &c); err != nil {
				t.Fatal(err)
			}
			if h := simulate(t, c); h.failure != nil {
				t.Errorf("%v\n%s", h.failure, c.command())
			}
		})
	}
}

func TestSimulation_OneSeedGivesTheSameBytes(t *testing.T) {
	t.Parallel()
	for seed := range uint64(thorough.Number(6, 2)) {
		c := simCase{Seed: 1000 + seed, Profile: profileStorm, Off: []string{"parallel", "run-minutes"}}
		first, second := simulate(t, c), simulate(t, c)
		if a, b := hex.EncodeToString(first.bytes.Sum(nil)), hex.EncodeToString(second.bytes.Sum(nil)); a != b {
			t.Errorf("seed %d: the output differs: %s, then %s", c.Seed, a, b)
		}
	}
}
