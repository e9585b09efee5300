package integration_tests_test

import (
	"flag"
	"fmt"
	"runtime"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/birdie-ai/source-qualtrics/integration_tests/scoreboard"
	"github.com/birdie-ai/source-qualtrics/integration_tests/testkit"
	"github.com/birdie-ai/source-qualtrics/integration_tests/thorough"
)

var modelAll = flag.Bool("model", false, "the small model crashes at every pair of moments, and not at every one with a sample of the others")

// crashPoint is a moment of a run: after an output line, or at a call.
type crashPoint struct {
	kind crashKind
	at   int
}

func (p crashPoint) String() string {
	if p.kind == "" {
		return "no crash"
	}
	return fmt.Sprintf("%s %d", p.kind, p.at)
}

// modelSeed makes a world that has what modelHistory asks for.
const modelSeed = 127

// modelPlan is a small tenant, and two syncs that crash: between them one
// response is edited, one is deleted, and one arrives that shows later.
func modelPlan(first, second crashPoint) *simPlan {
	p := &simPlan{simCase: simCase{Seed: modelSeed, Profile: profileAudits}, joins: make(map[string]int), consumer: simConsumer{keeps: 1}}
	p.lookback, p.audits, p.tells = 2*time.Minute, true, true
	o := &p.options
	o.Seed, o.Epoch, o.Surveys, o.Responses, o.Contacts = modelSeed, simEpoch, 3, 7, 1
	o.Stored, o.SmallSurveys, o.PageSize, o.LateMost = true, true, 2, p.lookback*3/4
	p.config = map[string]any{
		"data_center": "sandbox1", "lookback_minutes": 2, "deletions": map[string]any{"mode": "reconcile", "audit_days": 1},
		"limits": testkit.Limits(1),
	}
	p.steps = []simStep{
		{crash: first.kind, at: first.at},
		// However long the first sync took, the same happens.
		{from: simEpoch.Add(time.Hour), gap: 10 * time.Minute, activity: [3]float64{modelActivity, 0, 0}, crash: second.kind, at: second.at},
	}
	return p
}

const modelActivity = 20

// modelWorld says what the seed makes of the small tenant between the syncs.
type modelWorld struct{ responses, largest, edited, deleted, late int }

// lookAtModel plays what happens without the connector.
func lookAtModel(t *testing.T) modelWorld {
	t.Helper()
	var found modelWorld
	h := playPlan(t, modelPlan(crashPoint{}, crashPoint{}), func(h *simHistory) {
		before := h.now("responses")
		step := h.steps[1]
		h.tenant.SetActivity(modelActivity, 0, 0)
		time.Sleep(step.from.Sub(h.tenant.Now()))
		h.tenant.Elapse(step.gap, false)
		clear(h.existing)
		then := h.now("responses")
		at := h.tenant.Now()
		h.tenant.Elapse(h.lookback, true)
		clear(h.existing)
		for key, row := range h.now("responses") {
			if then[key] == nil && row.Cursor < at.UnixNano() {
				found.late++
			}
		}
		found.responses = len(before)
		sizes := make(map[string]int)
		for key := range before {
			survey, _, _ := strings.Cut(key, "/")
			sizes[survey]++
			found.largest = max(found.largest, sizes[survey])
		}
		for key, row := range before {
			switch now := then[key]; {
			case now == nil:
				found.deleted++
			case now.Cursor != row.Cursor:
				found.edited++
			}
		}
	})
	if h.failure != nil {
		t.Fatal(h.failure)
	}
	return found
}

// Two syncs crash, the first at each of its lines and calls, the second at
// each of its own, or at a sample of them: in the end everything is there, and
// nothing that is gone.
func TestSimulation_SmallModel(t *testing.T) {
	t.Parallel()
	world := lookAtModel(t)
	if want := (modelWorld{responses: 7, largest: 4, edited: 1, deleted: 1, late: 1}); world != want {
		t.Fatalf("got the world %+v, want %+v: look for another seed", world, want)
	}
	whole := playPlan(t, modelPlan(crashPoint{}, crashPoint{}), (*simHistory).play)
	if whole.failure != nil {
		t.Fatal(whole.failure)
	}
	firsts := pointsOf(whole.sizes[0])
	stride, every := 12, 1
	switch {
	case *modelAll:
		stride = 1
	case !thorough.Asked():
		stride, every = 240, 4
	}
	begun := time.Now()
	var (
		next, played             atomic.Int64
		planned, crashed, failed atomic.Int64
	)
	t.Run("crashes", func(t *testing.T) {
		for worker := range runtime.GOMAXPROCS(0) {
			t.Run(fmt.Sprint(worker), func(t *testing.T) {
				t.Parallel()
				for !t.Failed() {
					number := every * int(next.Add(1)-1)
					if number >= len(firsts) {
						return
					}
					first := firsts[number]
					seconds := []crashPoint{{}}
					for i := 0; i < len(seconds); i++ {
						h := playPlan(t, modelPlan(first, seconds[i]), (*simHistory).play)
						played.Add(1)
						crashed.Add(int64(h.reach[string(crashLine)] + h.reach[string(crashCall)]))
						if planned.Add(1); i > 0 {
							planned.Add(1)
						}
						if h.failure != nil {
							failed.Add(1)
							t.Errorf("%s, then %s: %v", first, seconds[i], h.failure)
							return
						}
						if i > 0 {
							continue
						}
						// How the second sync goes on depends on how the first one ended.
						for j, point := range pointsOf(h.sizes[1]) {
							if j%stride == number%stride {
								seconds = append(seconds, point)
							}
						}
					}
				}
			})
		}
	})
	// Only behind the last line of a run there is nothing to interrupt.
	if crashed.Load() < planned.Load()*9/10 {
		t.Errorf("got %d crashes, want about %d", crashed.Load(), planned.Load())
	}
	took := time.Since(begun)
	t.Logf("%+v; %d histories with %d crashes in %s: %d moments of the first sync, every %d. of the second",
		world, played.Load(), crashed.Load(), took.Round(time.Millisecond), len(firsts)/every, stride)
	s := &scoreboard.Score{Title: "Small model", Command: "go test ./integration_tests -run SmallModel -scoreboard"}
	if *modelAll {
		s.Command += " -model"
	}
	s.Fact("surveys, responses, edited, deleted, late", fmt.Sprintf("3, %d, %d, %d, %d", world.responses, world.edited, world.deleted, world.late))
	s.Fact("moments of the first sync (each output line, each call)", len(firsts)/every)
	s.Fact("of the second, with each of them", fmt.Sprintf("every %d.", stride))
	s.Fact("histories", played.Load())
	s.Fact("crashes", crashed.Load())
	s.Fact("histories in which anything was lost, stale or a ghost", failed.Load())
	s.Keep(t, "model")
}

// runSize is how much a run prints and asks.
type runSize struct{ lines, calls int }

// pointsOf are the moments of a run.
func pointsOf(size runSize) []crashPoint {
	var points []crashPoint
	for i := range size.lines {
		points = append(points, crashPoint{crashLine, i + 1})
	}
	for i := range size.calls {
		points = append(points, crashPoint{crashCall, i + 1})
	}
	return points
}
