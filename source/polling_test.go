package source_test

import (
	"flag"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/birdie-ai/source-qualtrics/integration_tests/scoreboard"
)

var (
	pollingSurveys  = flag.Int("polling", 0, "simulate polling of a tenant with so many surveys, and print what it takes")
	pollingChanged  = flag.Int("changed", 10, "of so many surveys that change between two runs")
	pollingHours    = flag.Int("polling-hours", 24, "for so many hours of the tenant")
	pollingLate     = flag.Duration("polling-late", 10*time.Minute, "with a quarter of the changes visible up to so much later than they happen")
	pollingParallel = flag.Int("polling-parallel", 4, "with so many exports at once")
)

// pollingCycle is the time between two runs of a platform.
const pollingCycle = 10 * time.Minute

// Runs every ten minutes on the tenant's clock: calls by endpoint against the
// published limits, and how old news is when it is delivered.
//
//	go test ./source -run Polling -polling 10000 -changed 100 -polling-hours 6 -timeout 60m -v
func TestPolling_MeasuredOnALargeTenant(t *testing.T) {
	if *pollingSurveys == 0 {
		t.Skip("-polling says how many surveys to poll")
	}
	var score *scoreboard.Score
	insideBubble(t, func(t *testing.T) {
		p := newPolling(t, *pollingSurveys, *pollingChanged)
		p.config["limits"] = map[string]any{"parallel_exports": *pollingParallel}
		p.load(t)
		p.poll(t, time.Duration(*pollingHours)*time.Hour)
		p.checkLimits(t, 1800, 60)
		p.checkComplete(t)
		if len(p.state) > 1<<20 {
			t.Errorf("the state has %d bytes, more than 1 MiB", len(p.state))
		}
		score = p.score(*pollingSurveys, *pollingChanged)
	})
	t.Logf("%v\n%s\n%s", score.Facts, score.Tables[0].Markdown(), score.Tables[1].Markdown())
	score.Keep(t, fmt.Sprintf("polling-%05d-%03d", *pollingSurveys, *pollingChanged))
}

// A tenant that is too large for all surveys to be exported by every run, and
// limits in proportion.
func TestPolling_OfManySurveysKeepsLimitsAndFindsNewsByTheNextRun(t *testing.T) {
	insideBubble(t, func(t *testing.T) {
		const surveys, perMinute, exports = 100, 60, 6
		p := newPolling(t, surveys, 5)
		p.sizes.ExportAll = 1
		p.config["limits"] = map[string]any{"requests_per_minute": perMinute, "exports_per_minute": exports}
		p.load(t)
		p.poll(t, 2*time.Hour)
		p.checkLimits(t, perMinute, exports)
		p.checkComplete(t)
		if len(p.missed) > 0 {
			t.Errorf("%d new responses were there when a run began that did not deliver them, such as %s", len(p.missed), p.missed[0])
		}
		// A look-back and two runs, for what is visible a whole look-back late.
		if worst := slices.Max(append(p.late, 0)); worst > 45*time.Minute {
			t.Errorf("a response that was visible late took %s", worst)
		}
		if len(p.fresh) == 0 || len(p.late) == 0 {
			t.Errorf("%d new and %d late responses: this shows nothing", len(p.fresh), len(p.late))
		}
	})
}
