package integration_tests_test

import (
	"encoding/json"
	"fmt"
	"hash/fnv"
	"maps"
	"math/rand/v2"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/birdie-ai/source-qualtrics/source/sandbox"
)

// simCase names one simulated history. The seed decides everything; the rest
// takes away from it, which is how a failure is made small.
type simCase struct {
	Seed      uint64   `json:"seed"`
	Profile   string   `json:"profile,omitempty"`
	Off       []string `json:"off,omitempty"`       // classes that are switched off
	Surveys   int      `json:"surveys,omitempty"`   // at most; 0: as drawn
	Responses int      `json:"responses,omitempty"` // likewise
	Contacts  int      `json:"contacts,omitempty"`
	Steps     int      `json:"steps,omitempty"`
	// Why is the invariant that failed, in the corpus.
	Why string `json:"why,omitempty"`
}

// followDeletions switches on what the oracle expects of deleted responses.
const followDeletions = true

// The profiles of a history.
const (
	profileSwarm = "swarm" // a random subset of everything
	profileCalm  = "calm"  // nothing breaks, the doubts remain
	profileStorm = "storm" // everything is likely

	profileAudits = "audits" // deletions are followed, and little else happens
	profileSetup  = "setup"  // what the account can see and do changes
)

// inAudits is how likely a class is in a history with audits, where it differs.
var inAudits = map[string]int{
	"audits": 100, "response-deletions": 50, "late": 70, "belated": 25, "torn": 70, "many-responses": 5, "many-contacts": 0, "survey-deletions": 5,
	"denied": 5, "outage": 5, "redirect": 2, "end-states": 5, "some-states": 5, "replay": 5, "doubt-inflated-counts": 40, "clock": 60, "quick-syncs": 80,
}

// command is how the case is run again.
func (c simCase) command() string {
	small := c
	small.Seed, small.Profile, small.Why = 0, "", ""
	line := fmt.Sprintf("go test ./integration_tests -run 'TestSimulation$' -seed=%d -profile=%s", c.Seed, c.Profile)
	if text, err := json.Marshal(small); err == nil && string(text) != `{"seed":0}` {
		line += " -case='" + string(text) + "'"
	}
	return line
}

// stream returns the random numbers of one concern: the others do not notice
// how many of them are drawn.
func (c simCase) stream(name string) *rand.Rand {
	hash := fnv.New64a()
	_, _ = hash.Write([]byte(name))
	return rand.New(rand.NewPCG(c.Seed, hash.Sum64()))
}

// dice draws one concern of a history and notes the classes that are on.
type dice struct {
	*rand.Rand
	of      simCase
	harmful bool // not in a calm history
	active  *[]string
}

// on draws whether a class takes part, so many times in a hundred.
func (d dice) on(class string, percent int) bool {
	switch other, is := inAudits[class]; {
	case d.of.Profile == profileStorm && d.harmful:
		percent = min(100, 2*percent)
	case d.of.Profile == profileAudits && is:
		percent = other
	case d.of.Profile == profileSetup:
		percent = percentInSetup(class, percent, d.harmful)
	}
	is := d.IntN(100) < percent
	if (d.of.Profile == profileCalm && d.harmful) || slices.Contains(d.of.Off, class) {
		return false
	}
	if is {
		*d.active = append(*d.active, class)
	}
	return is
}

// between draws a number from low to high, where each order of magnitude is as
// likely as the others.
func (d dice) between(low, high int) int {
	n := float64(low)
	for limit := float64(high) / float64(low); limit > 1; limit /= 2 {
		n *= 1 + d.Float64()*(min(2, limit)-1)
	}
	return min(high, int(n))
}

func pickFrom[T any](d dice, of ...T) T { return of[d.IntN(len(of))] }

func atMost(n, limit int) int {
	if limit > 0 {
		return min(n, limit)
	}
	return n
}

// simPlan is what a case means.
type simPlan struct {
	simCase
	active   []string
	options  sandbox.Options
	config   map[string]any
	lookback time.Duration
	local    time.Time // what the local clock says at the start; zero: 2000
	start    time.Time // start_date of the first step
	earlier  time.Time // start_date from step restart on; zero: as before
	restart  int
	joins    map[string]int // stream → the first step that selects it
	oauth    bool
	audits   bool     // deletions are followed
	tells    bool     // response_deletions is selected too
	trial    bool     // a second table over the responses is selected
	parts    bool     // a third one, with several rows of a response
	named    []string // streams that are read only if they are named
	// In the profile setup: what happens to the account, and what of the section
	// "surveys" of the configuration chooses among its surveys.
	events    []setupEvent
	selection map[string]any
	skips     bool // surveys that are withdrawn are meant to be
	seals     int  // bytes of the state for the seals of one survey; 0: many
	belated   bool // some changes show so late that only an audit finds them
	resync    int  // the first step that asks for every survey once more; 0: none
	planned   bool // not every survey is exported by every run, as of accounts with many
	debug     bool
	steps     []simStep
	consumer  simConsumer
}

// simStep is one sync and the time before it.
type simStep struct {
	from     time.Time // when the gap begins; zero: when the sync before ended
	gap      time.Duration
	activity [3]float64 // of responses, contacts and surveys, during the gap
	living   [3]float64 // likewise, while the sync runs
	crash    crashKind
	at       int // the line or the call where it happens
	lose     float64
	replay   int // how many states back the platform goes, 0: none
	deletes  int // the call during which a survey is deleted, 0: none
}

type crashKind string

// How a sync is interrupted.
const (
	crashLine  crashKind = "crash-line"  // the output breaks after a line
	crashCall  crashKind = "crash-call"  // killed at a call
	crashTerm  crashKind = "crash-term"  // asked to end at a call
	crashPanic crashKind = "crash-panic" // a bug at a call
)

// simConsumer is how the platform treats what it gets.
type simConsumer struct {
	keeps     float64 // share of states that it stores
	endOnly   bool    // only the last state of a stream and run
	losesTail bool    // what a crashed run wrote last does not arrive
	rollsBack bool    // records behind the last stored state are dropped
}

var simEpoch = time.Date(2026, time.January, 15, 12, 0, 0, 0, time.UTC)

// plan draws everything that is not decided by what happens.
func (c simCase) plan() *simPlan {
	p := &simPlan{simCase: c, joins: make(map[string]int)}
	draw := func(name string, harmful bool) dice {
		return dice{c.stream(name), c, harmful, &p.active}
	}
	p.drawConfig(draw("config", false))
	p.drawWorld(draw("world", false))
	p.drawDoubts(draw("doubts", false))
	p.drawFaults(draw("faults", true))
	p.drawSizes(draw("sizes", false))
	p.drawResync(draw("resync", false))
	p.drawTrial(draw("trial", false))
	p.drawSetup(draw("setup", false))
	p.drawNamed(draw("named", false))
	p.drawSteps(draw("steps", false), draw("crash", true), draw("consumer", true), draw("gaps", false))
	p.respectHoles()
	return p
}

// respectHoles takes away what no rule can survive; the README names these.
func (p *simPlan) respectHoles() {
	if p.options.Doubt.ModifiedKey == "none" {
		// Of rows without a date nothing tells an edit that shows after the
		// look-back.
		p.belated = false
		delete(p.options.FaultRates, "torn")
		p.options.LateMost = min(p.options.LateMost, p.lookback*3/4)
	}
	if p.has("many-responses") || p.seals > 0 {
		// Two files of ids in a row that each lack more than a sketch can name
		// read as deletions that cannot be named.
		delete(p.options.FaultRates, "torn")
	}
	if p.options.Doubt.RejectSort {
		// There a start date is one of recorded dates, and the truth knows
		// the modified ones.
		p.start, p.earlier = time.Time{}, time.Time{}
		// And there everything is read at once from time to time, and nothing but
		// that finds an import that is dated back.
		p.options.MaxExportBytes, p.options.Doubt.BackdatedImports = 0, false
	}
}

func (p *simPlan) drawConfig(d dice) {
	minutes := pickFrom(d, 15, 15, 2, 5, 60)
	p.lookback = time.Duration(minutes) * time.Minute
	limits := map[string]any{
		"requests_per_minute": 1_000_000, "exports_per_minute": 1_000_000, "parallel_exports": 1,
		"export_deadline_minutes": pickFrom(d, 2, 4, 8),
	}
	if d.on("parallel", 8) {
		limits["parallel_exports"] = 3
	}
	if d.on("run-minutes", 8) {
		limits["run_minutes"] = 1
	}
	if d.on("published-limits", 8) {
		p.options.Limits = "published"
		limits["requests_per_minute"], limits["exports_per_minute"] = 1800, 60
	}
	deletions := map[string]any{"mode": "off"}
	if days := pickFrom(d, 1, 1, 7); followDeletions && d.on("audits", 60) {
		p.audits, deletions = true, map[string]any{"mode": "reconcile", "audit_days": days}
		p.tells = d.on("response-deletions", 40)
	}
	p.config = map[string]any{"data_center": "sandbox1", "lookback_minutes": minutes, "limits": limits, "deletions": deletions}
	p.oauth = d.on("oauth", 50)
	if off := time.Duration(d.IntN(48*3600)-24*3600) * time.Second; d.on("local-clock", 50) {
		p.local = simEpoch.Add(off)
	}
	p.debug = d.on("debug", 10)
	if ago := time.Duration(d.between(10, 900)) * 24 * time.Hour; d.on("start-date", 25) {
		p.start = simEpoch.Add(-ago)
	}
	if bytes := pickFrom(d, 800, 1200, 2000); d.on("small-seals", 25) && p.audits {
		p.seals = bytes // as of a tenant with hundreds of surveys
	}
}

func (p *simPlan) drawWorld(d dice) {
	o := &p.options
	o.Seed, o.Epoch = p.Seed, simEpoch
	o.Surveys = atMost(1+d.IntN(4), p.Surveys)
	o.Responses = d.between(1, 60)
	if many := d.between(250, 500); d.on("many-responses", 2) {
		o.Responses = many // of which the state keeps a sketch
	}
	o.Responses = atMost(o.Responses, p.Responses)
	o.Contacts = d.between(1, 60)
	if many := d.between(110, 250); d.on("many-contacts", 3) {
		o.Contacts = many
	}
	o.Contacts = atMost(o.Contacts, p.Contacts)
	o.LateMost = time.Second
	if d.on("late", 50) {
		// A change shows within the look-back, and so before it is passed.
		o.LateMost = p.lookback * 3 / 4
	}
	if belated := d.on("belated", 10); belated && p.audits {
		p.belated, o.LateMost = true, 6*p.lookback
	}
	// What is late shows when it is due, also during a run and where nothing
	// else happens.
	o.Live = d.on("live", 60) || o.LateMost > time.Second
	if d.on("survey-deletions", 30) {
		o.KeepSurveys = 1
	}
	if pages := 1 + d.IntN(3); d.on("small-pages", 50) {
		o.PageSize = pages
	}
	o.ExportDelay = pickFrom(d, 0, 0, time.Second, 3*time.Second, 15*time.Second)
	o.Stored = d.IntN(10) > 0
	o.SmallSurveys = d.IntN(10) > 1
	if d.on("long-exports", 10) {
		// What is late has to show in the course of such a run.
		o.ExportDelay, o.Live = time.Minute, true
	}
	// Where many change more go than a sketch can name, which the run says.
	o.KeepContacts = !d.on("contact-deletions", 70) || p.has("many-contacts")
	if many := d.between(200, 320); d.on("sketched-contacts", 5) {
		o.Contacts = atMost(many, p.Contacts) // of which the state keeps a sketch
	}
	if depth := d.between(3, 20); d.on("shallow-search", 10) {
		o.SearchDepth = depth // below what imports bring in a second
	}
}

// drawSizes draws what only large accounts meet.
func (p *simPlan) drawSizes(d dice) {
	if responses := d.between(60, 160); d.on("small-files", 10) {
		// What a survey holds does not fit into a file, a list of its ids does.
		o := &p.options
		o.Responses, o.SmallSurveys = atMost(responses, p.Responses), false
		o.MaxExportBytes = int64(30_000 + 250*o.Responses)
	}
	p.planned = d.on("planned", 25)
}

// drawResync draws that surveys are to be read once more.
func (p *simPlan) drawResync(d dice) {
	if step := 1 + d.IntN(8); d.on("resync", 15) {
		p.resync = step
	}
}

// drawTrial draws a second table over the responses, mostly selected later.
func (p *simPlan) drawTrial(d dice) {
	if step := max(0, d.IntN(8)-1); d.on("second-table", 20) {
		p.trial, p.joins[trialStream] = true, step
		// One more, with several rows of a response.
		if step := max(0, d.IntN(8)-2); d.on("parts", 60) {
			p.parts, p.joins[partsStream] = true, step
		}
	}
}

// drawDoubts draws what public material leaves open, each by itself.
func (p *simPlan) drawDoubts(d dice) {
	doubt := &p.options.Doubt
	for _, one := range []struct {
		name string
		set  func()
	}{
		{"doubt-other-modified-key", func() { doubt.ModifiedKey = "lastModifiedDate" }},
		{"doubt-no-modified-key", func() { doubt.ModifiedKey = "none" }},
		{"doubt-snapshot-at-completion", func() { doubt.SnapshotAtCompletion = true }},
		{"doubt-start-exclusive", func() { doubt.StartExclusive = true }},
		{"doubt-end-inclusive", func() { doubt.EndInclusive = true }},
		{"doubt-responses-move-survey", func() { doubt.ResponsesMoveSurvey = true }},
		{"doubt-no-retry-after", func() { doubt.NoRetryAfter = true }},
		{"doubt-retry-after-date", func() { doubt.RetryAfterDate = true }},
		{"doubt-next-page-foreign", func() { doubt.NextPageForeignHost = true }},
		{"doubt-next-page-relative", func() { doubt.NextPageRelative = true }},
		{"doubt-empty-line", func() { doubt.EmptyNDJSONLine = true }},
		{"doubt-whoami-scope", func() { doubt.WhoAmINeedsScope = true }},
		{"doubt-short-tokens", func() { doubt.TokenLifetime = 20 * time.Second }},
		{"doubt-expired-is-403", func() { doubt.ExpiredTokenCode = http.StatusForbidden }},
		{"doubt-compress-ignored", func() { doubt.IgnoreCompressFalse = true }},
		{"doubt-search-date", func() { doubt.SearchDateFormat = time.DateTime }},
		{"doubt-search-ms", func() { doubt.SearchDateFormat = "ms" }},
		{"doubt-lite-directory", func() { doubt.LiteDirectory = true }},
		{"doubt-opt-out", func() { doubt.OptOutKeepsModified = true }},
		{"doubt-reject-sort", func() { doubt.RejectSort, doubt.ModifiedKey = true, "none" }},
		{"doubt-inflated-counts", func() { doubt.InflatedCounts = 400_000 }},
		{"doubt-backdated-imports", func() { doubt.BackdatedImports = true }},
	} {
		percent := 15
		if one.name == "doubt-whoami-scope" {
			percent = 30 // it makes a difference to OAuth clients only
		}
		if d.on(one.name, percent) {
			one.set()
		}
	}
}

// drawFaults gives each class its own rate, or none.
func (p *simPlan) drawFaults(d dice) {
	p.options.FaultRates = make(map[string]int)
	most := map[string]int{"redirect": 300, "slow": 1500, "jobstuck": 1500, "denied": 2500, "jobfail": 5000, "jobnull": 5000, "jobvanish": 5000, "truncate": 4000, "corrupt": 4000, "clock": 8000, "dateless": 9500, "outage": 800}
	for _, class := range sandbox.FaultClasses() {
		if class == "torn" || class == "misfiled" {
			continue // below
		}
		least := 30
		if class == "dateless" {
			least = 5000 // few of them change nothing
		}
		rate := d.between(least, max(most[class], 1200))
		if limit := most[class]; limit > 0 {
			rate = min(rate, limit)
		}
		if d.on(class, 25) {
			p.options.FaultRates[class] = rate
		}
	}
	if d.on("long-rows", 25) {
		p.options.FaultRow = 12
	}
	if rate := d.between(1500, 6000); d.on("torn", 15) && p.audits { // only an audit finds what is missed
		p.options.FaultRates["torn"], p.options.Lag, p.belated = rate, p.lookback*3/4, true
	}
	if rate := d.between(1000, 5000); d.on("misfiled", 15) {
		p.options.FaultRates["misfiled"] = rate
	}
}

func (p *simPlan) drawSteps(d, crash, consumer, gaps dice) {
	p.consumer = simConsumer{
		keeps: 1, endOnly: consumer.on("end-states", 15), losesTail: consumer.on("lose-tail", 40), rollsBack: consumer.on("roll-back", 40),
	}
	if consumer.on("some-states", 25) {
		p.consumer.keeps = 0.5
	}
	replays, pauses, quick := consumer.on("replay", 25), gaps.on("long-gaps", 20), gaps.on("quick-syncs", 20)
	var kinds []crashKind
	for _, kind := range []crashKind{crashLine, crashCall, crashTerm, crashPanic} {
		if crash.on(string(kind), map[crashKind]int{crashLine: 45, crashCall: 45, crashTerm: 15, crashPanic: 15}[kind]) {
			kinds = append(kinds, kind)
		}
	}
	p.steps = make([]simStep, 6+d.IntN(7))
	for i := range p.steps {
		gap := time.Duration(d.between(5*60, 2*24*3600)) * time.Second
		if pause := gaps.between(2, 60); pauses && gaps.IntN(100) < 15 {
			gap = time.Duration(pause) * 24 * time.Hour
		}
		if pause := gaps.between(45, 300); quick && gaps.IntN(100) < 50 {
			gap = time.Duration(pause) * time.Second
		}
		step := simStep{gap: gap, lose: consumer.Float64()}
		// A handful of events, however long the gap is.
		perHour := 1 / gap.Hours()
		step.activity = [3]float64{d.Float64() * perHour, d.Float64() * 2 * perHour, d.Float64() * perHour / 2}
		if p.options.KeepSurveys > 0 {
			step.activity[2] *= 4
			if d.IntN(4) == 0 {
				step.deletes = 3 + d.IntN(30)
			}
		}
		living := d.Float64() * 30
		if !p.has("live") && !p.has("long-exports") {
			living = 0
		}
		if p.has("small-files") {
			living /= 20
		}
		step.living = [3]float64{living, living, living / 5}
		if p.Profile == profileAudits {
			step.activity[0] *= 3
		}
		if len(p.named) > 0 {
			step.activity[2] *= 8 // so that surveys are edited
		}
		if p.has("many-contacts") {
			// More change than a page holds, and while pages are turned.
			step.activity[1] *= 20
			step.living[1] *= 10
		}
		if n := crash.IntN(100); len(kinds) > 0 && n < 40 {
			step.crash = kinds[crash.IntN(len(kinds))]
		}
		if step.at = crash.between(1, 60); step.crash == crashLine {
			step.at = crash.between(1, 250)
		}
		if back := 1 + consumer.IntN(5); replays && consumer.IntN(100) < 15 {
			step.replay = back
		}
		p.steps[i] = step
	}
	joining, at := pickFrom(d, "responses", "contacts", "surveys"), 1+d.IntN(len(p.steps))
	if d.on("late-stream", 10) {
		p.joins[joining] = at
	}
	p.restart = 1 + d.IntN(len(p.steps))
	if back := time.Duration(d.between(10, 900)) * 24 * time.Hour; !p.start.IsZero() && d.on("start-moves-back", 50) {
		p.earlier = p.start.Add(-back)
	}
	p.steps = p.steps[:atMost(len(p.steps), p.Steps)]
}

// startAt is the start_date of a step.
func (p *simPlan) startAt(step int) time.Time {
	if !p.earlier.IsZero() && step >= p.restart {
		return p.earlier
	}
	return p.start
}

// configAt is the configuration of a step.
func (p *simPlan) configAt(step int, credentials map[string]any) map[string]any {
	config := map[string]any{"credentials": credentials}
	for name, value := range p.config {
		config[name] = value
	}
	if step >= len(p.steps) {
		// A run that has to be complete gets the time for it.
		limits := maps.Clone(p.config["limits"].(map[string]any))
		delete(limits, "run_minutes")
		config["limits"] = limits
	}
	if start := p.startAt(step); !start.IsZero() {
		config["start_date"] = start.Format(time.RFC3339)
	}
	return config
}

// streamsAt are the selected streams of a step.
func (p *simPlan) streamsAt(step int) []string {
	streams := []string{"surveys", "responses", "contacts"}
	if p.tells {
		streams = append(streams, "response_deletions")
	}
	if p.trial {
		streams = append(streams, trialStream)
	}
	if p.parts {
		streams = append(streams, partsStream)
	}
	streams = append(streams, p.named...)
	return slices.DeleteFunc(streams, func(stream string) bool {
		return step < p.joins[stream] || (stream == "contacts" && p.Profile == profileAudits)
	})
}

// has reports whether a class that begins with the name is on.
func (p *simPlan) has(name string) bool {
	return slices.ContainsFunc(p.active, func(class string) bool { return strings.HasPrefix(class, name) })
}
