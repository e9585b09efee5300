package source_test

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/birdie-ai/source-qualtrics/integration_tests/testkit"
	"github.com/birdie-ai/source-qualtrics/integration_tests/thorough"
	"github.com/birdie-ai/source-qualtrics/source/sandbox"
)

// searching makes the searches of contacts show others than they do.
func searching(change func([]json.RawMessage) []json.RawMessage) func(*http.Request, *http.Response) {
	return func(r *http.Request, answer *http.Response) {
		if !strings.HasSuffix(r.URL.Path, "/contacts/search") {
			return
		}
		var body, result map[string]json.RawMessage
		var elements []json.RawMessage
		for _, part := range []struct {
			text func() json.RawMessage
			into any
		}{
			{func() json.RawMessage { text, _ := io.ReadAll(answer.Body); return text }, &body},
			{func() json.RawMessage { return body["result"] }, &result},
			{func() json.RawMessage { return result["elements"] }, &elements},
		} {
			if err := json.Unmarshal(part.text(), part.into); err != nil {
				panic(err)
			}
		}
		for _, part := range []struct {
			of    map[string]json.RawMessage
			name  string
			value any
		}{{result, "elements", change(elements)}, {body, "result", result}, {map[string]json.RawMessage{}, "", body}} {
			text, err := json.Marshal(part.value)
			if err != nil {
				panic(err)
			}
			part.of[part.name] = text
			answer.Body, answer.ContentLength = io.NopCloser(strings.NewReader(string(text))), int64(len(text))
		}
		answer.Header.Del("Content-Length")
	}
}

// everyThird leaves every third contact out, by the last letter of its id.
func everyThird(elements []json.RawMessage) []json.RawMessage {
	return slices.DeleteFunc(elements, func(e json.RawMessage) bool {
		id := contactIDPattern.FindString(string(e))
		return id[len(id)-1]%3 == 0
	})
}

var contactIDPattern = regexp.MustCompile(`CID_\w+`)

// noSingleContact answers 404 for every contact that is asked for.
func noSingleContact(r *http.Request) *http.Response {
	if !singleContact.MatchString(r.URL.Path) {
		return nil
	}
	return answer(r, http.StatusNotFound, errorBody(404, "UNF_9", "Resource not found"))
}

// The list and the searches are two sources: each may show contacts that the other
// does not, and whatever one of them shows is delivered.
func TestRead_DeliversContactsThatOnlyTheListShows(t *testing.T) {
	for name, test := range map[string]struct {
		contacts  int
		deletions string
		single    func(*http.Request) *http.Response
	}{
		"of ids that are kept":                     {contacts: 40},
		"of a sketch":                              {contacts: 500},
		"more than are asked for one by one":       {contacts: thorough.Number(1500, 1050)},
		"where deletions are not followed":         {contacts: 300, deletions: "off"},
		"where no contact can be asked for":        {contacts: 40, single: noSingleContact},
		"where none can, and none is followed":     {contacts: 300, single: noSingleContact, deletions: "off"},
		"of a sketch, where none can be asked for": {contacts: thorough.Number(900, 400), single: noSingleContact},
	} {
		t.Run(name, func(t *testing.T) {
			insideBubble(t, func(t *testing.T) {
				tn := newTenant(t, sandbox.Options{Seed: 5, Surveys: 1, Responses: 5, Contacts: test.contacts, KeepContacts: true})
				tn.followsContacts(1)
				if test.deletions != "" {
					tn.config["deletions"] = map[string]any{"mode": test.deletions}
				}
				if test.single != nil || test.contacts > 1000 {
					tn.ignored = append(slices.Clone(listedColumns), "stats", "unsubscribe_date")
				}
				tn.Intercept(test.single)
				tn.shows(searching(everyThird))
				// The first load.
				r := tn.readComplete(t, nil, "contacts")
				held := deduplicated(t, nil, "contacts", r)
				tn.compareTruth(t, "contacts", held)
				// Contacts that came since, at an audit or a sweep.
				tn.SetActivity(0, 4, 0)
				tn.Advance(30*time.Hour, false)
				tn.SetActivity(0, 0, 0)
				if test.deletions != "" {
					tn.Advance(8*24*time.Hour, true)
				}
				r = tn.readComplete(t, r.states, "contacts")
				held = deduplicated(t, held, "contacts", r)
				for _, id := range keysOfTruth(t, tn, "contacts") {
					if held[id] == nil {
						t.Errorf("%s was not delivered", id)
					}
				}
				if n := tn.noFalseContactTombstone(t, r); n > 0 {
					t.Errorf("got %d tombstones", n)
				}
				// Then all of it is known.
				tn.Advance(2*time.Hour, true)
				if r = tn.readComplete(t, r.states, "contacts"); r.count() > 0 {
					t.Errorf("a quiet run emits %d records", r.count())
				}
			})
		})
	}
}

// Between audits the counter of a directory tells of contacts that no search shows.
func TestRead_ACounterTellsOfContactsThatNoSearchShows(t *testing.T) {
	insideBubble(t, func(t *testing.T) {
		tn := newTenant(t, sandbox.Options{Seed: 5, Surveys: 1, Responses: 5, Contacts: 40, KeepContacts: true})
		r := tn.readComplete(t, nil, "contacts")
		held := deduplicated(t, nil, "contacts", r)
		before := len(held)
		tn.SetActivity(0, 8, 0)
		tn.Advance(3*time.Hour, false)
		tn.shows(searching(func([]json.RawMessage) []json.RawMessage { return []json.RawMessage{} }))
		r = tn.readComplete(t, r.states, "contacts")
		held = deduplicated(t, held, "contacts", r)
		if len(held) == before {
			t.Fatal("no contact came: the tenant shows nothing")
		}
		if exist := len(keysOfTruth(t, tn, "contacts")); len(held) != exist {
			t.Errorf("%d contacts were delivered, %d exist", len(held), exist)
		}
		lists := 0
		tn.Intercept(func(r *http.Request) *http.Response {
			if r.Method == http.MethodGet && strings.HasSuffix(r.URL.Path, "/contacts") {
				lists++
			}
			return nil
		})
		tn.Advance(time.Hour, true)
		if r = tn.readComplete(t, r.states, "contacts"); r.count() > 0 || lists > 0 {
			t.Errorf("a quiet run emits %d records and asks for %d pages of the list", r.count(), lists)
		}
	})
}

// A contact that the list lacks is delivered by the searches, and stays as long as its
// own call finds it.
func TestRead_KeepsContactsThatOnlySearchesShow(t *testing.T) {
	for _, contacts := range []int{40, thorough.Number(900, 400)} {
		t.Run(fmt.Sprint(contacts), func(t *testing.T) {
			insideBubble(t, func(t *testing.T) {
				tn := newTenant(t, sandbox.Options{Seed: 5, Surveys: 1, Responses: 5, Contacts: contacts, KeepContacts: true})
				tn.followsContacts(1)
				tn.shows(listing(everyThird))
				r := tn.readComplete(t, nil, "contacts")
				held := deduplicated(t, nil, "contacts", r)
				tn.compareTruth(t, "contacts", held)
				for range 4 {
					tn.Advance(26*time.Hour, true)
					r = tn.readComplete(t, r.states, "contacts")
					if n := tn.noFalseContactTombstone(t, r); n > 0 {
						t.Fatalf("got %d tombstones", n)
					}
				}
			})
		})
	}
}

// A list that fails leaves the comparison to the next run, which makes it.
func TestRead_ComparesWithTheListOnceItCanBeRead(t *testing.T) {
	insideBubble(t, func(t *testing.T) {
		tn := newTenant(t, sandbox.Options{Seed: 5, Surveys: 1, Responses: 5, Contacts: 40, KeepContacts: true})
		tn.config["deletions"] = map[string]any{"mode": "off"}
		tn.shows(searching(everyThird))
		tn.Intercept(refusing(http.MethodGet, "/contacts", 500))
		r := tn.read(t, nil, "contacts")
		if r.code != 3 || r.statuses["contacts"] != "INCOMPLETE" {
			t.Fatalf("got exit code %d, %v", r.code, r.statuses)
		}
		held := deduplicated(t, nil, "contacts", r)
		tn.Intercept(nil)
		tn.Advance(time.Hour, true)
		r = tn.readComplete(t, r.states, "contacts")
		tn.compareTruth(t, "contacts", deduplicated(t, held, "contacts", r))
	})
}

// oneDirectory answers for one directory of contacts, each created a day after the one
// before. Searches show so many contacts at most, and not those that are hidden.
type oneDirectory struct {
	t      *testing.T
	count  int
	depth  int
	hidden func(n int) bool
	fails  func(from time.Time) bool // a search of contacts created from a date
}

func (d *oneDirectory) id(n int) string { return fmt.Sprintf("CID_%015d", n) }

func (d *oneDirectory) created(n int) time.Time {
	return time.Date(2015, 1, 1, 0, 0, 0, 0, time.UTC).AddDate(0, 0, n)
}

var searchedDate = regexp.MustCompile(`"filterType":"(\w+)","comparison":"(\w+)","value":"([^"]+)"`)

func (d *oneDirectory) serve(r *http.Request) *http.Response {
	ok := func(elements []any, token string) *http.Response {
		result := map[string]any{"elements": elements}
		if token != "" {
			result["skipToken"] = token
		}
		return answer(r, 200, string(testkit.Encode(map[string]any{"result": result, "meta": map[string]any{"httpStatus": "200 - OK"}})))
	}
	elements := []any{}
	switch {
	case strings.HasSuffix(r.URL.Path, "/directories"):
		return ok([]any{map[string]any{"directoryId": "POOL_000000000000001"}}, "")
	case strings.HasSuffix(r.URL.Path, "/contacts"):
		for n := range d.count {
			elements = append(elements, map[string]any{"contactId": d.id(n), "email": d.id(n)})
		}
		return ok(elements, "")
	case singleContact.MatchString(r.URL.Path):
		return noSingleContact(r)
	case !strings.HasSuffix(r.URL.Path, "/contacts/search"):
		return nil
	}
	body, err := io.ReadAll(r.Body)
	if err != nil {
		d.t.Error(err)
	}
	from, before := time.Time{}, time.Now().AddDate(100, 0, 0)
	for _, filter := range searchedDate.FindAllStringSubmatch(string(body), -1) {
		at, err := time.Parse(time.DateTime, filter[3])
		if err != nil {
			d.t.Error(err)
		}
		if filter[2] == "gte" {
			from = at
		} else {
			before = at
		}
	}
	if d.fails(from) {
		return answer(r, http.StatusInternalServerError, errorBody(500, "X", "failed"))
	}
	var matches []int
	for n := range d.count {
		if at := d.created(n); !at.Before(from) && at.Before(before) && !d.hidden(n) {
			matches = append(matches, n)
		}
	}
	var offset int
	if token := r.URL.Query().Get("skipToken"); token != "" {
		if _, err := fmt.Sscan(token, &offset); err != nil {
			d.t.Error(err)
		}
	}
	if offset >= d.depth {
		return answer(r, http.StatusBadRequest, errorBody(400, "X", "too deep"))
	}
	end := min(offset+100, len(matches))
	for _, n := range matches[offset:end] {
		at := d.created(n).Format(time.RFC3339)
		elements = append(elements, map[string]any{"id": d.id(n), "email": d.id(n), "creationDate": at, "lastModified": at})
	}
	if end-offset == 100 {
		return ok(elements, fmt.Sprint(end))
	}
	return ok(elements, "")
}

// A sweep that goes on in a later run is compared with the list as a whole.
func TestRead_ASweepOfSeveralRunsIsComparedWithTheList(t *testing.T) {
	for name, test := range map[string]struct {
		count  int
		hidden func(n int) bool
	}{
		"of ids":                           {120, func(n int) bool { return n%10 == 3 }},
		"of a sketch":                      {2000, func(n int) bool { return n%40 == 3 }},
		"of more than the sketch can name": {2000, func(n int) bool { return n%4 == 3 }},
	} {
		t.Run(name, func(t *testing.T) {
			insideBubble(t, func(t *testing.T) {
				tn := newTenant(t, small)
				tn.config["deletions"] = map[string]any{"mode": "off"}
				failsFrom := time.Date(2015, 1, 1, 0, 0, 0, 0, time.UTC).AddDate(0, 0, test.count*3/4)
				d := &oneDirectory{t: t, count: test.count, depth: max(100, test.count/5), hidden: test.hidden}
				d.fails = func(from time.Time) bool { return from.After(failsFrom) }
				tn.Intercept(d.serve)
				r := tn.read(t, nil, "contacts")
				held := deduplicated(t, nil, "contacts", r)
				if r.code != 3 || len(held) < test.count/2 || len(held) > test.count*9/10 {
					t.Fatalf("got exit code %d and %d contacts", r.code, len(held))
				}
				if !strings.Contains(string(r.states), `"u":{`) {
					t.Errorf("the state does not say what the sweep has shown: %s", r.states)
				}
				d.fails = func(time.Time) bool { return false }
				r = tn.readComplete(t, r.states, "contacts")
				held = deduplicated(t, held, "contacts", r)
				for n := range test.count {
					row := held["POOL_000000000000001/"+d.id(n)]
					if row == nil {
						t.Fatalf("contact %d is missing", n)
					}
					if (row["creation_date"] == nil) != test.hidden(n) {
						t.Fatalf("contact %d is %v", n, row)
					}
				}
				if strings.Contains(string(r.states), `"u":`) {
					t.Errorf("the state keeps the set of a sweep that ended: %s", r.states)
				}
			})
		})
	}
}
