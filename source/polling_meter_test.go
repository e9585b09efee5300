package source_test

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/birdie-ai/source-qualtrics/integration_tests/scoreboard"
	"github.com/birdie-ai/source-qualtrics/integration_tests/testkit"
	"github.com/birdie-ai/source-qualtrics/source/failures"
	"github.com/birdie-ai/source-qualtrics/source/sandbox"
)

// polling is a series of runs with what they took.
type polling struct {
	*tenant
	calls    *callMeter
	state    []byte
	activity float64

	runs, changed       int // changed surveys, over all runs
	begun               time.Time
	took, longest       time.Duration
	before              map[string]int // calls before it began
	fresh, edited, late latencies
	delivered           map[string]bool
	missed              []string // that a run did not deliver, although they were there when it began
}

// newPolling makes a living tenant of which about so many surveys get a
// response in each cycle.
func newPolling(t *testing.T, surveys, changed int) *polling {
	t.Helper()
	responses := 3 * surveys
	tn := newTenant(t, sandbox.Options{
		Seed: 51, Surveys: surveys, Responses: responses, Contacts: 5, Limits: "published", ExportDelay: 1500 * time.Millisecond,
		Live: true, KeepSurveys: surveys, SmallSurveys: true, Stored: true, LateMost: max(*pollingLate, 101*time.Millisecond),
	})
	p := &polling{tenant: tn, calls: newCallMeter(tn.transport), delivered: make(map[string]bool)}
	tn.transport = p.calls
	// Half of what happens befalls the first survey.
	perHour := 2 * float64(changed) * float64(time.Hour/pollingCycle)
	p.activity = perHour / max(float64(responses)/5000, 5)
	p.SetActivity(0, 0, 0)
	return p
}

// load reads everything, again what a first load leaves to settle, and what
// came up while that went on.
func (p *polling) load(t *testing.T) {
	t.Helper()
	p.run(t)
	time.Sleep(20 * time.Minute)
	p.run(t)
	p.SetActivity(p.activity, 0, 0)
	for range 4 {
		begun := time.Now()
		p.run(t)
		time.Sleep(max(0, pollingCycle-time.Since(begun)))
	}
}

// poll runs once a cycle for a while.
func (p *polling) poll(t *testing.T, duration time.Duration) {
	t.Helper()
	p.fresh, p.edited, p.late, p.missed, p.changed, p.runs, p.longest = nil, nil, nil, nil, 0, 0, 0
	p.before, p.begun = p.calls.totals(), p.Now()
	p.calls.peaks = make(map[string]map[int64]int)
	for p.Now().Sub(p.begun) < duration {
		started := p.Now()
		p.run(t)
		took := p.Now().Sub(started)
		p.runs, p.longest = p.runs+1, max(p.longest, took)
		time.Sleep(max(0, pollingCycle-took))
	}
	p.took = p.Now().Sub(p.begun)
}

// run runs once and notes when it delivered what.
func (p *polling) run(t *testing.T) {
	t.Helper()
	ahead := time.Until(p.Now())
	news := p.undelivered()
	args := []string{"read", "--config", "config.json", "--catalog", "catalog.json"}
	p.files["catalog.json"] = testkit.Catalog("responses")
	if p.state != nil {
		p.files["state.json"] = p.state
		args = append(args, "--state", "state.json")
	}
	got := p.tenant.run(t, args...)
	if got.code != failures.ExitOK {
		t.Fatalf("a run ended with code %d: %s", got.code, got.stderr+got.stdout[max(0, len(got.stdout)-2000):])
	}
	var state string
	changed := make(map[string]bool)
	for line := range strings.Lines(got.stdout) {
		switch {
		case strings.HasPrefix(line, `{"type":"STATE"`):
			state = line
		case strings.HasPrefix(line, `{"type":"RECORD"`):
			p.note(t, line, ahead, changed)
		}
	}
	var message struct {
		State json.RawMessage `json:"state"`
	}
	if err := json.Unmarshal([]byte(state), &message); err != nil {
		t.Fatalf("the last state %.100q: %v", state, err)
	}
	p.state = testkit.Encode([]json.RawMessage{message.State})
	p.changed += len(changed)
	for id := range p.undelivered() { // what was deleted meanwhile is not among them
		if news[id] {
			p.missed = append(p.missed, id)
		}
	}
}

// undelivered are the responses that are visible and were in no record.
func (p *polling) undelivered() map[string]bool {
	ids := make(map[string]bool)
	p.Versions(func(survey, response string, _ time.Time) {
		if id := survey + "/" + response; !p.delivered[id] {
			ids[id] = true
		}
	})
	return ids
}

// note takes a record: it is late if an export of its survey began between
// its date and the one that showed it.
func (p *polling) note(t *testing.T, line string, ahead time.Duration, changed map[string]bool) {
	t.Helper()
	var message struct {
		Record struct {
			Data struct {
				Survey   string    `json:"survey_id"`
				Response string    `json:"response_id"`
				Recorded time.Time `json:"recorded_date"`
				Modified time.Time `json:"last_modified_date"`
				Deleted  *string   `json:"deleted_at"`
			} `json:"data"`
			Emitted int64 `json:"emitted_at"`
		} `json:"record"`
	}
	if err := json.Unmarshal([]byte(line), &message); err != nil {
		t.Fatalf("record %q: %v", line, err)
	}
	row := &message.Record.Data
	if row.Deleted != nil {
		return
	}
	id := row.Survey + "/" + row.Response
	age := time.UnixMilli(message.Record.Emitted).Add(ahead).Sub(row.Modified)
	edit := p.delivered[id] || row.Modified.Sub(row.Recorded) >= time.Second
	p.delivered[id] = true
	switch {
	case edit:
		p.edited = append(p.edited, age)
	case p.calls.exportsSince(row.Survey, row.Modified.Add(-ahead), time.UnixMilli(message.Record.Emitted)) > 1:
		p.late = append(p.late, age)
	default:
		p.fresh = append(p.fresh, age)
	}
	if !edit {
		changed[row.Survey] = true
	}
}

// perDay scales a count of calls.
func (p *polling) perDay(n int) float64 { return float64(n) * 24 / p.took.Hours() }

// totals are the calls since the polling began, by endpoint.
func (p *polling) totals() map[string]int {
	totals := p.calls.totals()
	for endpoint, n := range p.before {
		if totals[endpoint] -= n; totals[endpoint] == 0 {
			delete(totals, endpoint)
		}
	}
	return totals
}

// checkLimits checks that no endpoint took more than its share, at any time.
func (p *polling) checkLimits(t *testing.T, perMinute, exports int) {
	t.Helper()
	for endpoint, limit := range map[string]int{everyCall: perMinute, exportStart: exports} {
		// A second's worth may come at once, and what waited for another limit.
		if peak, most := p.calls.peak(endpoint), limit+max(1, limit/60)+4; peak > most {
			t.Errorf("%s: %d in a minute, want at most %d", endpoint, peak, most)
		}
		if total, most := p.perDay(p.totals()[endpoint]), float64(limit)*1440; total > most {
			t.Errorf("%s: %.0f a day, want at most %.0f", endpoint, total, most)
		}
	}
	for endpoint, codes := range p.Requests() {
		if n := codes["429"]; n > 0 {
			t.Errorf("%s was refused %d times for its rate", endpoint, n)
		}
	}
}

// checkComplete checks that every response that is not quite new was delivered.
func (p *polling) checkComplete(t *testing.T) {
	t.Helper()
	missing, total, until := 0, 0, p.Now().Add(-time.Hour)
	p.Versions(func(survey, response string, modified time.Time) {
		if modified.Before(until) {
			if total++; !p.delivered[survey+"/"+response] {
				missing++
			}
		}
	})
	if missing > 0 || total == 0 {
		t.Errorf("%d of %d responses were not delivered", missing, total)
	}
}

// Endpoints that are paced.
const (
	everyCall   = "all calls"
	exportStart = "POST /surveys/{id}/export-responses"
)

// callMeter counts calls, by endpoint and minute. Each takes as long as a call
// over the network.
type callMeter struct {
	next http.RoundTripper

	mu       sync.Mutex
	total    map[string]int
	peaks    map[string]map[int64]int // endpoint → minute → calls
	exported map[string][]time.Time   // survey → when its last exports were asked for
}

func newCallMeter(next http.RoundTripper) *callMeter {
	return &callMeter{
		next: next, total: make(map[string]int), peaks: make(map[string]map[int64]int), exported: make(map[string][]time.Time),
	}
}

const callTime = 100 * time.Millisecond

// RoundTrip implements http.RoundTripper.
func (m *callMeter) RoundTrip(r *http.Request) (*http.Response, error) {
	now := time.Now()
	parts := strings.Split(strings.Trim(strings.TrimPrefix(r.URL.Path, "/API/v3"), "/"), "/")
	for i := 1; i < len(parts); i += 2 {
		if parts[i-1] == "surveys" && len(parts) == 3 && r.Method == http.MethodPost {
			if body, err := readBody(r); err == nil && !strings.Contains(body, `"questionIds":[]`) { // not one of ids
				m.export(parts[i], now)
			}
		}
		parts[i] = "{id}"
	}
	m.count(now, everyCall)
	m.count(now, r.Method+" /"+strings.Join(parts, "/"))
	time.Sleep(callTime)
	return m.next.RoundTrip(r)
}

// readBody reads a copy of a request's body.
func readBody(r *http.Request) (string, error) {
	if r.GetBody == nil {
		return "", nil
	}
	body, err := r.GetBody()
	if err != nil {
		return "", err
	}
	text, err := io.ReadAll(body)
	return string(text), errors.Join(err, body.Close())
}

func (m *callMeter) count(now time.Time, endpoint string) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.total[endpoint]++
	if m.peaks[endpoint] == nil {
		m.peaks[endpoint] = make(map[int64]int)
	}
	m.peaks[endpoint][now.Unix()/60]++
}

// export notes an export; those of long ago decide nothing any more.
func (m *callMeter) export(survey string, now time.Time) {
	m.mu.Lock()
	defer m.mu.Unlock()
	all := append(m.exported[survey], now)
	m.exported[survey] = all[max(0, len(all)-8):]
}

// exportsSince counts exports of a survey that were asked for after since and
// before until.
func (m *callMeter) exportsSince(survey string, since, until time.Time) (n int) {
	m.mu.Lock()
	defer m.mu.Unlock()
	for _, at := range m.exported[survey] {
		if at.After(since) && at.Before(until) {
			n++
		}
	}
	return n
}

func (m *callMeter) totals() map[string]int {
	m.mu.Lock()
	defer m.mu.Unlock()
	return maps.Clone(m.total)
}

// peak is the most calls of a minute.
func (m *callMeter) peak(endpoint string) int {
	m.mu.Lock()
	defer m.mu.Unlock()
	return slices.Max(append(slices.Collect(maps.Values(m.peaks[endpoint])), 0))
}

// latencies are how much later than its own date something was delivered.
type latencies []time.Duration

// at returns the median at 0.5 and the worst at 1.
func (l latencies) at(share float64) time.Duration {
	if len(l) == 0 {
		return 0
	}
	slices.Sort(l)
	return l[min(len(l)-1, int(share*float64(len(l))))].Round(time.Second)
}

func (l latencies) String() string {
	if len(l) == 0 {
		return "none"
	}
	return fmt.Sprintf("%s / %s / %s (%d)", l.at(0.5), l.at(0.99), l.at(1), len(l))
}

// designed is what the plan promises for 10,000 surveys, by how many change in
// a cycle: starts and calls a day, and the worst freshness.
var designed = map[int][3]string{
	10:  {"14,309 (17 %)", "1.53 M (59 %)", "11.3 min"},
	100: {"40,229 (47 %)", "1.66 M (64 %)", "12.7 min"},
	240: {"≈ 80,500 (93 %)", "1.86 M (72 %)", "15 min"},
}

// score is what the polling took.
func (p *polling) score(surveys, changed int) *scoreboard.Score {
	totals := p.totals()
	starts, calls := p.perDay(totals[exportStart]), p.perDay(totals[everyCall])
	s := &scoreboard.Score{
		Title:   fmt.Sprintf("Polling of %d surveys, of which %d change between two runs", surveys, changed),
		Command: fmt.Sprintf("go test ./source -run Polling -polling %d -changed %d -polling-hours %d -timeout 60m -scoreboard", surveys, changed, *pollingHours),
	}
	s.Fact("runs", p.runs)
	s.Fact("tenant's time", p.took.Round(time.Minute))
	s.Fact("longest run", p.longest.Round(time.Second))
	s.Fact("surveys that were seen to change between two runs", fmt.Sprintf("%.1f", float64(p.changed)/float64(p.runs)))
	s.Fact("state, bytes", len(p.state))
	s.Fact("most calls in a minute", p.calls.peak(everyCall))
	s.Fact("most export starts in a minute", p.calls.peak(exportStart))
	share := func(n, limit float64) string { return fmt.Sprintf("%.0f (%.0f %%)", n, 100*n/limit) }
	day := scoreboard.Table{
		Title: "Against 60 % of the published limits, and how old news is when it is delivered: median / 99 % / worst (number)",
		Head:  []string{"", "starts a day (of 86,400)", "calls a day (of 2,592,000)", "new", "visible late", "edits"},
		Rows:  [][]string{{"measured", share(starts, 86_400), share(calls, 2_592_000), p.fresh.String(), p.late.String(), p.edited.String()}},
	}
	if design, ok := designed[changed]; ok && surveys == 10000 {
		day.Rows = append(day.Rows, []string{"design", design[0], design[1], "worst " + design[2], "", ""})
	}
	byEndpoint := scoreboard.Table{Title: "Calls", Head: []string{"endpoint", "a day", "a minute"}}
	endpoints := slices.SortedFunc(maps.Keys(totals), func(a, b string) int { return cmp.Compare(totals[b], totals[a]) })
	for _, endpoint := range endpoints {
		byEndpoint.Rows = append(byEndpoint.Rows, []string{endpoint, fmt.Sprintf("%.0f", p.perDay(totals[endpoint])), fmt.Sprintf("%.1f", p.perDay(totals[endpoint])/1440)})
	}
	s.Tables = []scoreboard.Table{day, byEndpoint}
	return s
}
