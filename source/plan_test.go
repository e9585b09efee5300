package source_test

import (
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/birdie-ai/source-qualtrics/integration_tests/thorough"
	"github.com/birdie-ai/source-qualtrics/source/sandbox"
)

// watched is a tenant of more surveys than are all exported by every run. It
// notes which surveys were asked for their counters, and which were exported.
type watched struct {
	*tenant
	state  []byte
	tables map[string]table
	code   int

	mu      sync.Mutex
	asked   []string
	exports []string // in order
	counter int      // status of the call for counters; 0: its own
	alter   func(path string, body []byte) []byte
}

func newWatched(t *testing.T, options sandbox.Options) *watched {
	t.Helper()
	w := &watched{tenant: newTenant(t, options), state: []byte("[]")}
	w.sizes.ExportAll = 1
	next := w.transport
	w.transport = tripper(func(r *http.Request) (*http.Response, error) {
		parts := strings.Split(strings.Trim(strings.TrimPrefix(r.URL.Path, "/API/v3"), "/"), "/")
		switch {
		case parts[0] != "surveys" || len(parts) == 1:
		case len(parts) == 2:
			w.note(&w.asked, parts[1])
			if w.counter != 0 {
				refused := answer(r, w.counter, `{"meta":{"httpStatus":"403 - Forbidden","error":{"errorMessage":"no","errorCode":"AUTH_1"}}}`)
				refused.Header.Set("Date", w.Now().Format(http.TimeFormat))
				return refused, nil
			}
		case len(parts) == 3 && r.Method == http.MethodPost:
			w.note(&w.exports, parts[1])
		}
		got, err := next.RoundTrip(r)
		if err != nil || w.alter == nil {
			return got, err
		}
		body, err := io.ReadAll(got.Body)
		if err != nil {
			return nil, err
		}
		body = w.alter("/"+strings.Join(parts, "/"), body)
		got.Body, got.ContentLength = io.NopCloser(bytes.NewReader(body)), int64(len(body))
		got.Header.Del("Content-Length")
		return got, nil
	})
	return w
}

func (w *watched) note(list *[]string, survey string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	*list = append(*list, survey)
}

// next reads once more and forgets what was asked for before.
func (w *watched) next(t *testing.T) *reading {
	t.Helper()
	w.asked, w.exports = nil, nil
	r := w.read(t, w.state, "responses")
	w.tables, w.state, w.code = merge(w.tables, r), r.states, r.code
	return r
}

// whole is next for a run that has to be complete.
func (w *watched) whole(t *testing.T) *reading {
	t.Helper()
	r := w.next(t)
	if r.code != 0 {
		t.Fatalf("read ended with code %d: %v", r.code, r.errors)
	}
	return r
}

// settled reads everything, and again what a first load leaves to settle.
func (w *watched) settled(t *testing.T) {
	t.Helper()
	w.whole(t)
	w.Advance(20*time.Minute, true)
	w.whole(t)
}

// planned is what a position says of a survey's plan.
type planned struct {
	Watermark int64 `json:"w"`
	Changed   int64 `json:"t"`
	Untrusted bool  `json:"u"`
}

func (w *watched) planned(t *testing.T) map[string]planned {
	t.Helper()
	all := make(map[string]planned)
	for id, position := range positions(t, w.state, "responses") {
		var p planned
		if err := json.Unmarshal(position, &p); err != nil {
			t.Fatal(err)
		}
		all[id] = p
	}
	return all
}

var many = sandbox.Options{Seed: 21, Surveys: 12, Responses: 400, Contacts: 5, SmallSurveys: true}

// An account of many surveys exports those for which there is a reason, and
// misses nothing.
func TestRead_ExportsOfManySurveysOnlyWhatMayHaveChanged(t *testing.T) {
	insideBubble(t, func(t *testing.T) {
		w := newWatched(t, many)
		w.whole(t)
		surveys := len(w.planned(t))
		if got := len(w.exports); got < surveys {
			t.Errorf("the first read exported %d times, want every one of %d surveys", got, surveys)
		}
		w.Advance(5*time.Minute, true)
		w.whole(t)
		if got := len(w.exports); got > 1 {
			t.Errorf("%d exports within a look-back, though nothing happened", got)
		}
		w.Advance(15*time.Minute, true)
		w.whole(t)
		if got := len(w.exports); got < surveys-1 {
			t.Errorf("%d exports settled the first read, want %d: a response may be counted before it is shown", got, surveys)
		}
		w.Advance(20*time.Minute, true)
		w.whole(t)
		if got := len(w.exports); got > 2 {
			t.Errorf("%d surveys were exported though nothing happened", got)
		}
		for range 4 {
			w.Advance(30*time.Minute, false)
			w.whole(t)
		}
		// Edits move no counter: a day finds them.
		for range 3 {
			w.Advance(8*time.Hour, true)
			w.whole(t)
		}
		w.compareTruth(t, "responses", w.tables["responses"])
	})
}

// A run costs the pages of the survey list, a call for each survey's counters,
// and an export for each survey that changed.
func TestRead_CallsOfManySurveysFollowWhatChanged(t *testing.T) {
	insideBubble(t, func(t *testing.T) {
		const listed, page = 120, 20
		options := many
		options.Surveys, options.PageSize = listed, page
		w := newWatched(t, options)
		w.settled(t)
		w.Advance(30*time.Minute, true)
		w.whole(t) // what is due by its age
		for _, changed := range []int{0, 1, 10} {
			for _, survey := range w.surveyIDs(t)[:changed] {
				w.RecordResponses(survey, 1, w.Now(), w.Now())
			}
			w.Advance(time.Minute, true) // so that hardly any survey's daily turn comes
			before := calls(w.Requests())
			r := w.whole(t)
			made := calls(w.Requests())
			for endpoint := range made {
				made[endpoint] -= before[endpoint]
			}
			if got := len(bySurvey(r.records["responses"])); got != changed {
				t.Errorf("got responses of %d surveys, want %d", got, changed)
			}
			polls := 0
			if started := made["POST /surveys/{id}/export-responses"]; started > 0 {
				polls = (made["GET /surveys/{id}/export-responses/{progressId}"] + started - 1) / started
			}
			surveys, total := len(w.planned(t)), 0
			for _, n := range made {
				total += n
			}
			slices.Sort(w.asked)
			if once := slices.Compact(slices.Clone(w.asked)); !slices.Equal(w.asked, once) || len(once) < listed/2 {
				t.Errorf("with %d changed, %d surveys were asked for by %d calls, want most of %d, and each once", changed, len(once), len(w.asked), listed)
			}
			pages := (surveys + page - 1) / page
			if most := float64(pages+surveys+(2+polls)*changed) * 1.05; float64(total) > most || surveys < listed {
				t.Errorf("%d calls for %d surveys of which %d changed, want at most %.0f: %v", total, surveys, changed, most, made)
			}
		}
	})
}

// calls are the answers by endpoint.
func calls(answers map[string]map[string]int) map[string]int {
	made := make(map[string]int)
	for endpoint, statuses := range answers {
		for _, n := range statuses {
			made[endpoint] += n
		}
	}
	return made
}

func TestRead_OfManySurveysNewsComesBeforeWhatCanWait(t *testing.T) {
	for _, minutes := range []int{0, 600} { // a run that may be cut takes another order
		insideSubBubble(t, minutes, func(t *testing.T) {
			w := newWatched(t, many)
			w.config["limits"].(map[string]any)["parallel_exports"] = 1
			w.config["limits"].(map[string]any)["run_minutes"] = minutes
			w.settled(t)
			w.Advance(22*time.Hour+30*time.Minute, true) // every survey's turn has come
			w.SetActivity(30, 0, 0)
			w.Advance(2*time.Minute, false)
			w.whole(t)
			plans, first := w.planned(t), make(map[string]bool)
			var order []bool // of each survey at its first export: had it news?
			for _, id := range w.exports {
				if !first[id] {
					first[id] = true
					order = append(order, plans[id].Changed != 0)
				}
			}
			news := slices.Index(order, false)
			if news < 1 || len(order) != len(plans) {
				t.Fatalf("%d of %d surveys were exported, %v with news", len(order), len(plans), order)
			}
			if slices.Contains(order[news:], true) {
				t.Errorf("exports with news (true) and without came in this order: %v", order)
			}
		})
	}
}

func insideSubBubble(t *testing.T, minutes int, test func(t *testing.T)) {
	t.Helper()
	t.Run((time.Duration(minutes) * time.Minute).String(), func(t *testing.T) { insideBubble(t, test) })
}

// Runs that are too short for all that is due get to every survey all the
// same, although there is always news of some.
func TestRead_ShortRunsOfManySurveysGetToEveryOne(t *testing.T) {
	if !thorough.Asked() {
		t.Skip("skipped: two days of half a thousand surveys, one at a time")
	}
	insideBubble(t, func(t *testing.T) {
		options := many
		options.ExportDelay, options.Live, options.KeepSurveys = 20*time.Minute, true, options.Surveys
		w := newWatched(t, options)
		w.SetActivity(10, 0, 0)
		w.config["limits"].(map[string]any)["parallel_exports"] = 1
		w.config["limits"].(map[string]any)["run_minutes"] = 70
		cut := 0
		turn := func() {
			w.next(t)
			if w.code != 0 {
				cut++
			}
		}
		for runs := 0; len(w.planned(t)) < options.Surveys; runs++ {
			if runs == 30 {
				t.Fatalf("%d of %d surveys were read by %d runs", len(w.planned(t)), options.Surveys, runs)
			}
			turn()
		}
		begun := w.Now()
		for w.Now().Sub(begun) < 48*time.Hour {
			turn()
		}
		for id, p := range w.planned(t) {
			if age := w.Now().Sub(time.Unix(p.Watermark, 0)); age > 36*time.Hour {
				t.Errorf("%s was not exported for %s", id, age)
			}
		}
		if cut < 20 {
			t.Errorf("%d runs were cut: this shows nothing", cut)
		}
	})
}

// A survey that takes no responses costs no call until its daily turn, which
// finds what came all the same.
func TestRead_OfManySurveysInactiveOnesRest(t *testing.T) {
	insideBubble(t, func(t *testing.T) {
		w := newWatched(t, many)
		w.settled(t)
		w.alter = func(path string, body []byte) []byte {
			if path != "/surveys" {
				return body
			}
			return bytes.ReplaceAll(body, []byte(`"isActive":true`), []byte(`"isActive":false`))
		}
		w.Advance(10*time.Minute, true)
		w.whole(t) // knows now that they are
		if len(w.asked) == 0 {
			t.Error("surveys that have just been closed were not asked for their last counters")
		}
		w.Advance(10*time.Minute, false)
		w.whole(t)
		if len(w.asked) > 3 || len(w.exports) > 3 {
			t.Errorf("asked %d and exported %d surveys that take no responses", len(w.asked), len(w.exports))
		}
		w.Advance(22*time.Hour, true)
		w.whole(t)
		w.compareTruth(t, "responses", w.tables["responses"])
	})
}

// Where the counters may not be read, exports are made on schedule.
func TestRead_OfManySurveysWithoutCountersIsOnSchedule(t *testing.T) {
	insideBubble(t, func(t *testing.T) {
		w := newWatched(t, many)
		w.counter = http.StatusForbidden
		w.whole(t)
		w.Advance(10*time.Minute, false)
		w.whole(t)
		if len(w.exports) > 2 {
			t.Errorf("%d exports ten minutes after the first", len(w.exports))
		}
		w.Advance(time.Hour, true)
		w.whole(t)
		if got, want := len(w.exports), len(w.planned(t)); got < want {
			t.Errorf("%d exports an hour after the first, want %d", got, want)
		}
		w.compareTruth(t, "responses", w.tables["responses"])
	})
}

// Counters that miss responses are found out, and not relied on any more.
func TestRead_OfManySurveysCountersThatMissResponsesAreNotTrusted(t *testing.T) {
	insideBubble(t, func(t *testing.T) {
		w := newWatched(t, many)
		still := regexp.MustCompile(`"(auditable|generated|deleted)":\d+`)
		w.alter = func(path string, body []byte) []byte {
			if strings.Count(path, "/") != 2 {
				return body
			}
			return still.ReplaceAll(body, []byte(`"$1":7`))
		}
		w.settled(t)
		w.Advance(2*time.Hour, false)
		w.Advance(21*time.Hour, true)
		w.whole(t)
		w.compareTruth(t, "responses", w.tables["responses"])
		untrusted := 0
		for _, p := range w.planned(t) {
			if p.Untrusted {
				untrusted++
			}
		}
		if untrusted == 0 {
			t.Error("no survey's counters are found out")
		}
		w.Advance(61*time.Minute, false)
		w.whole(t)
		if len(w.exports) < untrusted {
			t.Errorf("%d exports an hour later, want those of %d surveys", len(w.exports), untrusted)
		}
	})
}

// A survey that the account may see and not export costs one try a day.
func TestRead_OfManySurveysDeniedOnesAreAskedForOnceADay(t *testing.T) {
	insideBubble(t, func(t *testing.T) {
		options := many
		options.Surveys = 40
		w := newWatched(t, options)
		denied := func(r *reading) (n int) {
			for _, line := range r.logs {
				if strings.Contains(line, "may not be exported by this account") {
					n++
				}
			}
			return n
		}
		first := w.whole(t)
		tried, told := len(w.exports), denied(first)
		if told == 0 {
			t.Fatal("no survey is denied: this shows nothing")
		}
		w.Advance(5*time.Minute, true)
		second := w.whole(t)
		if len(w.exports) > 2 || denied(second) != told {
			t.Errorf("%d exports after %d, and %d surveys denied, want %d", len(w.exports), tried, denied(second), told)
		}
		w.Advance(22*time.Hour, true)
		third := w.whole(t)
		if len(w.exports) < tried-1 || denied(third) != told {
			t.Errorf("%d exports a day later, and %d surveys denied, want %d", len(w.exports), denied(third), told)
		}
	})
}

// Surveys whose first export never ends take no more than one run's time from
// the others.
func TestRead_FirstLoadsThatNeverEndDoNotStarveTheOthers(t *testing.T) {
	insideBubble(t, func(t *testing.T) {
		tn := newTenant(t, sandbox.Options{Seed: 7, Surveys: 16, Responses: 320, Contacts: 1, LateMost: time.Second})
		tn.sizes.ExportAll = 1
		tn.config["limits"] = map[string]any{"parallel_exports": 4, "run_minutes": 30, "requests_per_minute": 1000000, "exports_per_minute": 1000000}
		stuck := tn.surveyIDs(t)[:4]
		isStuck := func(text string) bool {
			return slices.ContainsFunc(stuck, func(id string) bool { return strings.Contains(text, id) })
		}
		tn.Intercept(func(r *http.Request) *http.Response {
			if r.Method == http.MethodGet && isStuck(r.URL.Path) && strings.Contains(r.URL.Path, "/export-responses/ES_") {
				return answer(r, http.StatusOK, `{"result":{"percentComplete":16.666,"status":"inProgress"},"meta":{"httpStatus":"200 - OK"}}`)
			}
			return nil
		})
		states, tables := []byte("[]"), make(map[string]table)
		for range 5 {
			got := tn.read(t, states, "responses")
			tables, states = merge(tables, got), got.states
			tn.Advance(time.Hour, false)
		}
		tn.Advance(time.Hour, true)
		got := tn.read(t, states, "responses")
		tables = merge(tables, got)
		missing := 0
		for _, key := range keysOfTruth(t, tn, "responses") {
			if _, read := tables["responses"][key]; !read && !isStuck(key) {
				missing++
			}
		}
		if missing > 0 {
			t.Errorf("%d responses of other surveys were not read", missing)
		}
	})
}
