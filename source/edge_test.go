package source_test

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/birdie-ai/source-qualtrics/integration_tests/testkit"
	"github.com/birdie-ai/source-qualtrics/integration_tests/thorough"
	"github.com/birdie-ai/source-qualtrics/source/sandbox"
)

// edges is a tenant of one survey that gets responses of equal dates at the
// edges of windows.
type edges struct {
	*tenant
	survey string
	states []byte
	due    map[string]bool // what the next read has to deliver, once
}

// The first load of the survey is cut once, whatever the test adds to it.
const (
	edgesBegin  = 466
	edgesWindow = 310
	edgesLater  = edgesWindow*2 - edgesBegin - 1
)

func newEdges(t *testing.T, doubt sandbox.Doubt) *edges {
	t.Helper()
	e := &edges{tenant: newTenant(t, sandbox.Options{Seed: 31, Surveys: 1, Responses: edgesBegin, Contacts: 1, SmallSurveys: true, Doubt: doubt}), states: []byte("[]"), due: make(map[string]bool)}
	e.sizes.LoadRows, e.jitter = edgesWindow, func(bound time.Duration) time.Duration { return bound }
	if doubt != (sandbox.Doubt{}) {
		e.config["deletions"] = map[string]any{"mode": "off"} // with them a load asks for what its windows left out
	}
	e.SetActivity(0, 0, 0)
	e.Advance(1500*24*time.Hour, false) // the edge of the load lies behind what the survey began with
	e.Versions(func(survey, response string, _ time.Time) { e.survey, e.due[response] = survey, true })
	return e
}

// record records n responses in each of the seconds around an edge, and at the
// edge itself. They show now, and the next read has to deliver them, or in a
// minute.
func (e *edges) record(t *testing.T, n int, at time.Time, late bool, seconds ...int) (ids []string) {
	t.Helper()
	shown := e.Now()
	if late {
		shown = shown.Add(time.Minute)
	}
	for _, off := range seconds {
		ids = append(ids, e.RecordResponses(e.survey, n, at.Add(time.Duration(off)*time.Second), shown)...)
	}
	if len(ids) != n*len(seconds) {
		t.Fatalf("%d responses were recorded, want %d", len(ids), n*len(seconds))
	}
	if !late {
		e.expect(ids)
	}
	return ids
}

func (e *edges) expect(ids []string) {
	for _, id := range ids {
		e.due[id] = true
	}
}

// delivers reads, and checks that it gets what is due, each response once.
func (e *edges) delivers(t *testing.T, what string) {
	t.Helper()
	e.files["catalog.json"], e.files["state.json"] = testkit.Catalog("responses"), e.states
	r := collectReading(t, e.run(t, "read", "--config", "config.json", "--catalog", "catalog.json", "--state", "state.json"), e.states)
	if r.code != 0 {
		t.Fatalf("%s: the read ended with code %d: %v", what, r.code, r.errors)
	}
	seen := make(map[string]int)
	for _, row := range r.records["responses"] {
		seen[row["response_id"].(string)]++
	}
	lost, again := 0, 0
	for id := range e.due {
		if seen[id] == 0 {
			lost++
		}
	}
	for id, times := range seen {
		if times > 1 || !e.due[id] {
			again++
		}
	}
	if lost+again > 0 {
		t.Errorf("%s: of %d responses %d are lost, and %d came twice or again", what, len(e.due), lost, again)
	}
	e.states = r.states
	clear(e.due)
}

// wholeSecond makes the next run's bound known, and returns it.
func (e *edges) wholeSecond(after time.Duration) time.Time {
	e.Advance(after, false)
	e.Advance(e.Now().Truncate(time.Second).Add(time.Second).Sub(e.Now()), false)
	return e.Now()
}

// loadEdge is where the first load will be cut.
func loadEdge(t *testing.T, doubt sandbox.Doubt) (edge time.Time) {
	t.Helper()
	e := newEdges(t, doubt)
	e.wholeSecond(0)
	e.Intercept(func(r *http.Request) *http.Response {
		if r.Method != http.MethodPost || !strings.HasSuffix(r.URL.Path, "/export-responses") || !edge.IsZero() {
			return nil
		}
		var asked struct {
			EndDate time.Time `json:"endDate"`
		}
		if body, err := io.ReadAll(r.Body); err != nil || json.Unmarshal(body, &asked) != nil {
			t.Errorf("%s is no request: %v", body, err)
		}
		edge = asked.EndDate
		return nil
	})
	e.delivers(t, "the load")
	if edge.IsZero() {
		t.Fatal("the load was not cut: this shows nothing")
	}
	return edge
}

// However many responses have one date, at the edge of a window or a second
// beside it: each is delivered, and once.
func TestRead_EqualDatesAtTheEdgesOfWindows(t *testing.T) {
	all := make([]int, 50)
	for i := range all {
		all[i] = 1 + i
	}
	few := []int{1, 2, len(all)}
	if !thorough.Asked() {
		all = few
	}
	for name, test := range map[string]struct {
		doubt sandbox.Doubt
		sizes []int
		first int // second after the start of a window from which on it has responses
	}{
		"as documented":          {sandbox.Doubt{}, all, 0},
		"the start is exclusive": {sandbox.Doubt{StartExclusive: true}, few, 1},
		"the end is inclusive":   {sandbox.Doubt{EndInclusive: true}, few, 0},
	} {
		t.Run(name, func(t *testing.T) {
			insideBubble(t, func(t *testing.T) {
				cut := loadEdge(t, test.doubt)
				for _, n := range test.sizes {
					e := newEdges(t, test.doubt)
					if 3*n > edgesLater {
						t.Fatalf("%d responses move the edge of the load", 3*n)
					}
					e.record(t, n, cut, false, -1, 0, 1)
					e.wholeSecond(0)
					e.delivers(t, fmt.Sprintf("%d in a load", n))

					until := e.wholeSecond(time.Hour)
					from := until.Add(-15 * time.Minute) // where the window after the next one starts
					e.record(t, n, until, false, -1, 0, 1)
					e.record(t, n, from, false, -1, 0, 1)
					late := e.record(t, n, until, true, 0, 1)
					for second := test.first; second <= 1; second++ {
						late = append(late, e.record(t, n, from, true, second)...)
					}
					e.delivers(t, fmt.Sprintf("%d at the end of a window", n))
					var position struct {
						Watermark int64 `json:"w"`
					}
					if err := json.Unmarshal(positions(t, e.states, "responses")[e.survey], &position); err != nil || position.Watermark != until.Unix() {
						t.Fatalf("the window ends at %d, want %d: %v", position.Watermark, until.Unix(), err)
					}
					e.Advance(time.Minute, false)
					e.expect(late)
					e.delivers(t, fmt.Sprintf("%d at the start of the next", n))
					e.delivers(t, fmt.Sprintf("%d again", n))
				}
			})
		})
	}
}
