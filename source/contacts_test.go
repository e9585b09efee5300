package source_test

import (
	"bytes"
	"io"
	"net/http"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/birdie-ai/source-qualtrics/source/sandbox"
)

// altered is a network that shows answers other than they are.
type altered struct {
	next  http.RoundTripper
	alter func(*http.Request, *http.Response)
}

func (a altered) RoundTrip(r *http.Request) (*http.Response, error) {
	r = r.Clone(r.Context())
	r.Header.Del("Accept-Encoding")
	answer, err := a.next.RoundTrip(r)
	if err == nil {
		a.alter(r, answer)
	}
	return answer, err
}

// shows makes the tenant's answers pass through a function until the next call.
func (tn *tenant) shows(alter func(*http.Request, *http.Response)) {
	tn.transport = altered{tn.RoundTripper(), alter}
}

func dateless(_ *http.Request, answer *http.Response) { answer.Header.Del("Date") }

func dated(off time.Duration) func(*http.Request, *http.Response) {
	return func(_ *http.Request, answer *http.Response) {
		if at, err := http.ParseTime(answer.Header.Get("Date")); err == nil {
			answer.Header.Set("Date", at.Add(off).Format(http.TimeFormat))
		}
	}
}

// rewritten replaces text in the bodies of a path's answers.
func rewritten(path, text, by string) func(*http.Request, *http.Response) {
	return func(r *http.Request, answer *http.Response) {
		if !strings.HasSuffix(r.URL.Path, path) {
			return
		}
		body, err := io.ReadAll(answer.Body)
		if err != nil {
			panic(err)
		}
		body = bytes.ReplaceAll(body, []byte(text), []byte(by))
		answer.Body, answer.ContentLength = io.NopCloser(bytes.NewReader(body)), int64(len(body))
		answer.Header.Del("Content-Length")
	}
}

var cursorsOf = map[string]string{"surveys": "last_modified", "contacts": "last_modified"}

// deduplicated applies a reading to a table as destinations do that keep the
// row with the greatest cursor, of equal ones the last.
func deduplicated(t *testing.T, held table, stream string, r *reading) table {
	t.Helper()
	if held == nil {
		held = make(table)
	}
	at := func(row map[string]any) time.Time {
		when, err := time.Parse(time.RFC3339Nano, row[cursorsOf[stream]].(string))
		if err != nil {
			t.Fatal(err)
		}
		return when
	}
	for _, row := range r.records[stream] {
		id := key(stream, row)
		if before, ok := held[id]; !ok || !at(row).Before(at(before)) {
			held[id] = row
		}
	}
	return held
}

// living are the rows of a table that are no tombstones.
func living(held table) table {
	rows := make(table)
	for id, row := range held {
		if row["deleted_at"] == nil {
			rows[id] = row
		}
	}
	return rows
}

var listedColumns = []string{"last_modified", "creation_date"}

func TestRead_ListedContactsWinWhateverTheServersClockSays(t *testing.T) {
	for name, clocks := range map[string][]func(*http.Request, *http.Response){
		"it goes back":                {nil, dated(-90 * time.Hour), dated(-200 * time.Hour), nil},
		"it lies in the future once":  {nil, dated(500 * time.Hour), nil, nil},
		"it is not known":             {dateless, dateless, dateless},
		"it is not known any more":    {nil, dateless, dateless},
		"it becomes known":            {dateless, nil, nil},
		"it is in the future at once": {dated(500 * time.Hour), nil, dateless, nil},
	} {
		t.Run(name, func(t *testing.T) {
			insideBubble(t, func(t *testing.T) {
				tn := newTenant(t, sandbox.Options{Seed: 3, Surveys: 1, Responses: 5, Contacts: 60, Doubt: sandbox.Doubt{LiteDirectory: true}})
				tn.ignored = listedColumns
				var held table
				var state []byte
				for _, clock := range clocks {
					if clock == nil {
						clock = dated(0)
					}
					tn.shows(clock)
					r := tn.readComplete(t, state, "contacts")
					held, state = deduplicated(t, held, "contacts", r), r.states
					tn.compareTruth(t, "contacts", held)
					tn.Advance(30*time.Hour, false)
				}
			})
		})
	}
}

func TestRead_WithoutADateMovesNoPositionOfContacts(t *testing.T) {
	insideBubble(t, func(t *testing.T) {
		time.Sleep(30 * 365 * 24 * time.Hour) // our clock is years ahead of the tenant's
		tn := newTenant(t, small)
		tn.shows(dateless)
		r := tn.readComplete(t, nil, "contacts")
		if strings.Contains(string(r.states), `"w":`) || strings.Contains(string(r.states), `"f":`) {
			t.Errorf("got the state %s of a run that knew no date", r.states)
		}
		held := deduplicated(t, nil, "contacts", r)
		tn.compareTruth(t, "contacts", held)
		for _, clock := range []func(*http.Request, *http.Response){dateless, dated(0), dateless, dated(0)} {
			tn.Advance(30*time.Hour, false)
			tn.shows(clock)
			before := r.states
			r = tn.readComplete(t, r.states, "contacts")
			held = deduplicated(t, held, "contacts", r)
			tn.compareTruth(t, "contacts", held)
			if !strings.Contains(string(r.states), `"w":`) && strings.Contains(string(before), `"w":`) {
				t.Errorf("the watermark is gone: %s, then %s", before, r.states)
			}
		}
	})
}

// cut reads until before the last state of a stream: what came before it has
// arrived, and the run's end is not known.
func (tn *tenant) cut(t *testing.T, state []byte, stream string) *reading {
	t.Helper()
	whole := tn.readComplete(t, state, stream)
	at := strings.LastIndex(whole.output, `{"type":"STATE"`)
	r, _ := tn.readInto(t, state, at, syscall.EPIPE, stream)
	if r.code != 5 || len(r.records[stream]) == 0 {
		t.Fatalf("the interrupted run ends with code %d and %d records", r.code, len(r.records[stream]))
	}
	return r
}

func TestRead_AListedContactThatChangesBackIsDeliveredAgain(t *testing.T) {
	insideBubble(t, func(t *testing.T) {
		tn := newTenant(t, sandbox.Options{Seed: 3, Surveys: 1, Responses: 5, Contacts: 40, Doubt: sandbox.Doubt{LiteDirectory: true}})
		tn.ignored = listedColumns
		r := tn.readComplete(t, nil, "contacts")
		held := deduplicated(t, nil, "contacts", r)
		tn.Advance(time.Hour, true)
		tn.shows(rewritten("/contacts", `"unsubscribed":false`, `"unsubscribed":true`))
		r = tn.cut(t, r.states, "contacts")
		held = deduplicated(t, held, "contacts", r)
		tn.Advance(time.Hour, true)
		tn.shows(dated(0))
		r = tn.readComplete(t, r.states, "contacts")
		tn.compareTruth(t, "contacts", deduplicated(t, held, "contacts", r))
		tn.Advance(time.Hour, true)
		if quiet := tn.readComplete(t, r.states, "contacts"); quiet.count() != 0 {
			t.Errorf("a quiet run emits %d records", quiet.count())
		}
	})
}

func TestRead_BuriesASurveyWhateverTheServersClockSays(t *testing.T) {
	for name, clock := range map[string]func(*http.Request, *http.Response){
		"it goes back": dated(-1000 * 24 * time.Hour), "it is not known": dateless, "it is right": dated(0),
	} {
		t.Run(name, func(t *testing.T) {
			insideBubble(t, func(t *testing.T) {
				tn := newTenant(t, sandbox.Options{Seed: 7, Surveys: 5, Responses: 20, Contacts: 5, KeepSurveys: 1})
				r := tn.readComplete(t, nil, "surveys")
				held := deduplicated(t, nil, "surveys", r)
				tn.Advance(time.Hour, true)
				if !tn.DeleteSurvey() {
					t.Fatal("no survey was deleted")
				}
				tn.shows(clock)
				r = tn.readComplete(t, r.states, "surveys")
				held = living(deduplicated(t, held, "surveys", r))
				if exist := keysOfTruth(t, tn, "surveys"); len(held) != len(exist) {
					t.Errorf("%d surveys are left at the destination, %d exist", len(held), len(exist))
				}
				tn.compareTruth(t, "surveys", held)
			})
		})
	}
}

func TestRead_BuriesASurveyThatAnInterruptedRunDelivered(t *testing.T) {
	insideBubble(t, func(t *testing.T) {
		tn := newTenant(t, sandbox.Options{Seed: 7, Surveys: 5, Responses: 20, Contacts: 5, KeepSurveys: 1})
		r := tn.cut(t, nil, "surveys")
		held := deduplicated(t, nil, "surveys", r)
		if !tn.DeleteSurvey() {
			t.Fatal("no survey was deleted")
		}
		tn.Advance(time.Hour, true)
		r = tn.readComplete(t, r.states, "surveys")
		held = living(deduplicated(t, held, "surveys", r))
		if exist := keysOfTruth(t, tn, "surveys"); len(held) != len(exist) {
			t.Errorf("%d surveys are left at the destination, %d exist", len(held), len(exist))
		}
	})
}
