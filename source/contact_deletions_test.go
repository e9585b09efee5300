package source_test

import (
	"bytes"
	"cmp"
	"encoding/json"
	"fmt"
	"io"
	"maps"
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

func (tn *tenant) followsContacts(days int) {
	tn.config["deletions"] = map[string]any{"audit_days": days}
}

// exactContacts checks that a destination holds the contacts that exist and no
// others.
func (tn *tenant) exactContacts(t *testing.T, held table) {
	t.Helper()
	held = living(held)
	tn.compareTruth(t, "contacts", held)
	exist := make(map[string]bool)
	for _, id := range keysOfTruth(t, tn, "contacts") {
		exist[id] = true
	}
	for id := range held {
		if !exist[id] {
			t.Errorf("%s is gone and was not reported", id)
		}
	}
}

// noFalseContactTombstone checks that what was reported as deleted is gone.
func (tn *tenant) noFalseContactTombstone(t *testing.T, r *reading) (tombstones int) {
	t.Helper()
	exist := make(map[string]bool)
	for _, id := range keysOfTruth(t, tn, "contacts") {
		exist[id] = true
	}
	for _, row := range r.records["contacts"] {
		if row["deleted_at"] == nil {
			continue
		}
		tombstones++
		if row["_ab_cdc_deleted_at"] != row["deleted_at"] || row["last_modified"] != row["deleted_at"] || row["email"] != nil {
			t.Errorf("got the tombstone %v", row)
		}
		if exist[key("contacts", row)] {
			t.Errorf("%s exists and was reported as deleted", key("contacts", row))
		}
	}
	return tombstones
}

func TestRead_ReportsDeletedContacts(t *testing.T) {
	for name, options := range map[string]sandbox.Options{
		"of ids that are kept":     {Seed: 5, Contacts: 40},
		"of a sketch":              {Seed: 5, Contacts: thorough.Number(900, 400)},
		"of a Lite directory":      {Seed: 5, Contacts: 40, Doubt: sandbox.Doubt{LiteDirectory: true}},
		"of a large Lite one":      {Seed: 5, Contacts: 900, Doubt: sandbox.Doubt{LiteDirectory: true}},
		"where pages are short":    {Seed: 6, Contacts: thorough.Number(300, 150), PageSize: 7},
		"where dates are in milli": {Seed: 6, Contacts: thorough.Number(300, 150), Doubt: sandbox.Doubt{SearchDateFormat: "ms"}},
	} {
		if options.Contacts > 40 && strings.HasPrefix(name, "of a large") && !thorough.Asked() {
			continue // the sketch is that of the other kind of directory
		}
		t.Run(name, func(t *testing.T) {
			insideBubble(t, func(t *testing.T) {
				tn, r := followedContacts(t, options)
				held, reported := deduplicated(t, nil, "contacts", r), 0
				for range 8 {
					tn.Advance(30*time.Hour, false)
					r = tn.readComplete(t, r.states, "contacts")
					reported += tn.noFalseContactTombstone(t, r)
					held = deduplicated(t, held, "contacts", r)
				}
				for _, pause := range []time.Duration{26 * time.Hour, time.Hour} {
					tn.Advance(pause, true)
					r = tn.readComplete(t, r.states, "contacts")
					reported += tn.noFalseContactTombstone(t, r)
					held = deduplicated(t, held, "contacts", r)
				}
				if reported < 10 {
					t.Fatalf("only %d deletions were reported: the tenant shows nothing", reported)
				}
				tn.exactContacts(t, held)
			})
		})
	}
}

// listing makes the directories' lists show other contacts than they do.
func listing(change func(elements []json.RawMessage) []json.RawMessage) func(*http.Request, *http.Response) {
	return listingOf("/contacts", change)
}

// listingOf changes the lists of a path.
func listingOf(path string, change func(elements []json.RawMessage) []json.RawMessage) func(*http.Request, *http.Response) {
	return func(r *http.Request, answer *http.Response) {
		if r.Method != http.MethodGet || !strings.HasSuffix(r.URL.Path, path) {
			return
		}
		var body struct {
			Result struct {
				Elements []json.RawMessage `json:"elements"`
				NextPage *string           `json:"nextPage"`
			} `json:"result"`
			Meta json.RawMessage `json:"meta"`
		}
		if err := json.NewDecoder(answer.Body).Decode(&body); err != nil {
			panic(err)
		}
		if body.Result.Elements = change(body.Result.Elements); body.Result.Elements == nil {
			body.Result.Elements, body.Result.NextPage = []json.RawMessage{}, nil
		}
		text, err := json.Marshal(body)
		if err != nil {
			panic(err)
		}
		answer.Body, answer.ContentLength = io.NopCloser(strings.NewReader(string(text))), int64(len(text))
		answer.Header.Del("Content-Length")
	}
}

func empty([]json.RawMessage) []json.RawMessage { return nil }

// without leaves a contact out.
func without(id string) func([]json.RawMessage) []json.RawMessage {
	return func(elements []json.RawMessage) []json.RawMessage {
		return slices.DeleteFunc(elements, func(e json.RawMessage) bool { return strings.Contains(string(e), id) })
	}
}

var singleContact = regexp.MustCompile(`/directories/[^/]+/contacts/CID_\w+$`)

// A contact is deleted only if its own call and the list do not know it, both asked
// twice with a look-back in between, and if that call finds another contact.
func TestRead_OnlyQualtricsOwnWordBuriesAContact(t *testing.T) {
	qualtrics, proxy := errorBody(404, "UNF_9", "Resource not found"), `{"meta":{}}`
	for name, test := range map[string]struct {
		first, second int    // status of the contact's own call; 0: as it is
		body          string // of these answers
		all           bool   // other contacts' calls answer so, too
		listedAgain   bool
		log           string
		buried        int
	}{
		"it exists":                         {},
		"403":                               {first: 403, second: 403, log: "cannot be told yet"},
		"500":                               {first: 500, second: 500, log: "cannot be told yet"},
		"403 for all":                       {first: 403, second: 403, all: true, log: "cannot be confirmed yet"},
		"404 for all":                       {first: 404, second: 404, body: qualtrics, all: true, log: "cannot be confirmed yet"},
		"404 of somebody in between":        {first: 404, second: 404, body: proxy, log: "cannot be told yet"},
		"404, then 500":                     {first: 404, second: 500, body: qualtrics, log: "cannot be told yet"},
		"404 once":                          {first: 404, body: qualtrics},
		"404 the second time only":          {first: 500, second: 404, body: qualtrics},
		"404 twice, but it is listed again": {first: 404, second: 404, body: qualtrics, listedAgain: true},
		"404 twice":                         {first: 404, second: 404, body: qualtrics, buried: 1},
	} {
		t.Run(name, func(t *testing.T) {
			insideBubble(t, func(t *testing.T) {
				tn := newTenant(t, sandbox.Options{Seed: 5, Surveys: 1, Responses: 5, Contacts: 40})
				tn.followsContacts(1)
				r := tn.readComplete(t, nil, "contacts")
				_, missing, _ := strings.Cut(key("contacts", r.records["contacts"][7]), "/")
				answers := func(status int) {
					tn.Intercept(func(r *http.Request) *http.Response {
						if status == 0 || !singleContact.MatchString(r.URL.Path) || (!test.all && !strings.HasSuffix(r.URL.Path, missing)) {
							return nil
						}
						return answer(r, status, cmp.Or(test.body, qualtrics))
					})
				}
				tn.Advance(25*time.Hour, true)
				tn.shows(listing(without(missing)))
				answers(test.first)
				r = tn.readComplete(t, r.states, "contacts")
				waits := func() bool { return strings.Contains(string(r.states), `"y":{"`+missing) }
				if len(r.records["contacts"]) > 0 || waits() != (test.first != 0) {
					t.Fatalf("got %d records and the state %s", len(r.records["contacts"]), r.states)
				}
				tn.Advance(time.Hour, true)
				answers(test.second)
				if test.listedAgain {
					tn.shows(dated(0))
				}
				r = tn.readComplete(t, r.states, "contacts")
				if got := len(r.records["contacts"]); got != test.buried {
					t.Errorf("got %d records, want %d tombstones", got, test.buried)
				}
				if log := strings.Join(r.logs, "\n"); !strings.Contains(log, test.log) {
					t.Errorf("the log does not say %q:\n%s", test.log, log)
				}
				if want := test.log != "" || test.first == 500; waits() != want {
					t.Errorf("the state waits for %s: %t\n%s", missing, waits(), r.states)
				}
				tn.Intercept(nil)
				tn.shows(dated(0))
				tn.Advance(time.Hour, true)
				if r = tn.readComplete(t, r.states, "contacts"); r.count() > 0 || waits() {
					t.Errorf("later: got %d records and the state %s", r.count(), r.states)
				}
			})
		})
	}
}

// An empty list does not mean that the directory has no contacts: a search still
// shows some.
func TestRead_AnEmptyListDeletesNoContactThatASearchShows(t *testing.T) {
	insideBubble(t, func(t *testing.T) {
		tn := newTenant(t, sandbox.Options{Seed: 5, Surveys: 1, Responses: 5, Contacts: 40})
		tn.followsContacts(1)
		r := tn.readComplete(t, nil, "contacts")
		tn.shows(listing(empty))
		tn.Intercept(func(r *http.Request) *http.Response {
			if !singleContact.MatchString(r.URL.Path) {
				return nil
			}
			return answer(r, 404, errorBody(404, "UNF_9", "Resource not found"))
		})
		for range 3 {
			tn.Advance(25*time.Hour, true)
			if r = tn.readComplete(t, r.states, "contacts"); len(r.records["contacts"]) > 0 {
				t.Fatalf("got %d records", len(r.records["contacts"]))
			}
			if log := strings.Join(r.logs, "\n"); !strings.Contains(log, "the list is empty, and a search shows contacts") {
				t.Errorf("the log does not say why nothing is reported:\n%s", log)
			}
		}
	})
}

// followedContacts is a tenant whose contacts were read and are audited daily.
func followedContacts(t *testing.T, options sandbox.Options) (*tenant, *reading) {
	t.Helper()
	options.Surveys, options.Responses = 1, 5
	tn := newTenant(t, options)
	if options.Doubt.LiteDirectory {
		tn.ignored = listedColumns
	}
	tn.followsContacts(1)
	return tn, tn.readComplete(t, nil, "contacts")
}

func TestRead_AListThatIsCutShortBuriesNobody(t *testing.T) {
	for name, options := range map[string]sandbox.Options{
		"of ids that are kept": {Seed: 5, Contacts: 40},
		"of a sketch":          {Seed: 5, Contacts: thorough.Number(900, 400)},
		"of a large Lite one":  {Seed: 5, Contacts: thorough.Number(900, 400), Doubt: sandbox.Doubt{LiteDirectory: true}},
	} {
		t.Run(name, func(t *testing.T) {
			insideBubble(t, func(t *testing.T) {
				tn, r := followedContacts(t, options)
				held := deduplicated(t, nil, "contacts", r)
				tn.Advance(25*time.Hour, true)
				tn.shows(listing(empty))
				r = tn.readComplete(t, r.states, "contacts")
				tn.shows(dated(0))
				tombstones := tn.noFalseContactTombstone(t, r)
				for _, pause := range []time.Duration{time.Hour, time.Hour, 26 * time.Hour, 26 * time.Hour, time.Hour} {
					tn.Advance(pause, pause < 2*time.Hour)
					r = tn.readComplete(t, r.states, "contacts")
					held = deduplicated(t, held, "contacts", r)
					tombstones += tn.noFalseContactTombstone(t, r)
				}
				tn.exactContacts(t, held)
				if tombstones == 0 {
					t.Error("no contact was deleted: the tenant shows nothing")
				}
			})
		})
	}
}

// More deletions than the state can name are said once two lists agree.
func TestRead_SaysHowManyContactsItCannotName(t *testing.T) {
	insideBubble(t, func(t *testing.T) {
		tn := newTenant(t, sandbox.Options{Seed: 5, Surveys: 1, Responses: 5, Contacts: 900})
		tn.followsContacts(1)
		r := tn.readComplete(t, nil, "contacts")
		tn.SetActivity(0, 60, 0)
		tn.Advance(25*time.Hour, false)
		exist := len(keysOfTruth(t, tn, "contacts"))
		r = tn.readComplete(t, r.states, "contacts")
		if log := strings.Join(r.logs, "\n"); !strings.Contains(log, "lacks more contacts than can be named") {
			t.Errorf("%d contacts exist: the log does not say what the list lacks:\n%s", exist, log)
		}
		tn.Advance(time.Hour, true)
		r = tn.read(t, r.states, "contacts")
		if r.code == 0 || len(r.errors) == 0 || !strings.Contains(r.errors[0].message, "could not be identified") || r.errors[0].kind != "config_error" {
			t.Errorf("got exit code %d, %v", r.code, r.errors)
		}
		tn.noFalseContactTombstone(t, r)
		tn.Advance(time.Hour, true)
		r = tn.readComplete(t, r.states, "contacts")
		tn.noFalseContactTombstone(t, r)
	})
}

// Without deletions a directory's list is read with each sweep, and not otherwise.
func TestRead_ContactDeletionsOffCostNothing(t *testing.T) {
	insideBubble(t, func(t *testing.T) {
		tn := newTenant(t, sandbox.Options{Seed: 5, Surveys: 1, Responses: 5, Contacts: 300})
		tn.config["deletions"] = map[string]any{"mode": "off"}
		lists := 0
		tn.Intercept(func(r *http.Request) *http.Response {
			if r.Method == http.MethodGet && strings.HasSuffix(r.URL.Path, "/contacts") && !r.URL.Query().Has("skipToken") {
				lists++
			}
			return nil
		})
		r := tn.readComplete(t, nil, "contacts")
		for range 3 {
			tn.Advance(time.Hour, false)
			r = tn.readComplete(t, r.states, "contacts")
		}
		tn.Advance(10*24*time.Hour, false)
		r = tn.readComplete(t, r.states, "contacts")
		if directories := len(positions(t, r.states, "contacts")); lists != 2*directories {
			t.Errorf("%d directories were listed %d times by two sweeps", directories, lists)
		}
		if tombstones := tn.noFalseContactTombstone(t, r); tombstones > 0 {
			t.Errorf("got %d tombstones", tombstones)
		}
		if strings.Contains(string(r.states), `"a":`) {
			t.Errorf("the state holds more than it needs: %s", r.states)
		}
	})
}

// searchesModified reports whether a request searches contacts by their modified
// date.
func searchesModified(r *http.Request) bool {
	if !strings.HasSuffix(r.URL.Path, "/contacts/search") {
		return false
	}
	body, err := io.ReadAll(r.Body)
	r.Body = io.NopCloser(bytes.NewReader(body))
	return err == nil && bytes.Contains(body, []byte(`"lastModified"`))
}

// staysTrue reads contacts on, and compares them each time.
func (tn *tenant) staysTrue(t *testing.T, held table, r *reading) {
	t.Helper()
	for range 2 {
		tn.Advance(time.Hour, true)
		r = tn.readComplete(t, r.states, "contacts")
		held = deduplicated(t, held, "contacts", r)
		tn.compareTruth(t, "contacts", held)
	}
}

// The list says less of a contact than a search: it takes the place of none that
// was found.
func TestRead_AListBringsWhatSearchesDoNotReach(t *testing.T) {
	insideBubble(t, func(t *testing.T) {
		tn := newTenant(t, sandbox.Options{Seed: 5, Surveys: 1, Responses: 5, Contacts: 250})
		tn.Intercept(func(r *http.Request) *http.Response {
			if !searchesModified(r) {
				return nil
			}
			return answer(r, http.StatusNotFound, errorBody(404, "UNF_9", "Resource not found"))
		})
		r := tn.readComplete(t, nil, "contacts")
		if !strings.Contains(strings.Join(r.logs, "\n"), "reading the directory's list") {
			t.Fatal("no list was read")
		}
		held := deduplicated(t, nil, "contacts", r)
		tn.compareTruth(t, "contacts", held)
		if want := len(keysOfTruth(t, tn, "contacts")); r.count() != want {
			t.Errorf("got %d records of %d contacts", r.count(), want)
		}
		// No sweep is due, and what it would show is for no list all the same.
		tn.staysTrue(t, held, r)
	})
}

// Of a second that holds more contacts than a search shows the list brings the
// others. What it cannot say of those that earlier runs found is theirs still.
func TestRead_AListBringsWhatASecondHidesAndNothingElse(t *testing.T) {
	insideBubble(t, func(t *testing.T) {
		tn := newTenant(t, sandbox.Options{Seed: 5, Surveys: 1, Responses: 5, Contacts: 250})
		first := tn.readComplete(t, nil, "contacts")
		held := deduplicated(t, nil, "contacts", first)
		tn.compareTruth(t, "contacts", held)
		tn.Advance(6*time.Hour, false)
		// Of what is modified a search shows one page and refuses the next.
		hidden := true
		tn.Intercept(func(r *http.Request) *http.Response {
			if r.URL.Query().Get("skipToken") == "beyond" {
				return answer(r, http.StatusBadRequest, errorBody(400, "QVAL_1", "Invalid request."))
			}
			return nil
		})
		tn.transport = tripper(func(r *http.Request) (*http.Response, error) {
			one := hidden && searchesModified(r)
			r.Header.Del("Accept-Encoding")
			response, err := tn.RoundTripper().RoundTrip(r)
			if err == nil && one {
				rewritten("/search", `"elements":[{`, `"skipToken":"beyond","elements":[{`)(r, response)
			}
			return response, err
		})
		r := tn.readComplete(t, first.states, "contacts")
		if !strings.Contains(strings.Join(r.logs, "\n"), "reading the directory's list") {
			t.Fatal("no list was read")
		}
		held = deduplicated(t, held, "contacts", r)
		tn.compareTruth(t, "contacts", held)
		hidden = false
		tn.staysTrue(t, held, r)
	})
}

// What changes in every pass over it is read again by the next run, and is no
// reason for a list.
func TestRead_ADirectoryThatChangesInEveryPassIsReadAgain(t *testing.T) {
	if !thorough.Asked() {
		t.Skip("one directory is read like another")
	}
	insideBubble(t, func(t *testing.T) {
		tn := newTenant(t, sandbox.Options{Seed: 5, Surveys: 1, Responses: 5, Contacts: 250})
		tn.config["lookback_minutes"] = 1 // a window is read in its seconds
		first := tn.readComplete(t, nil, "contacts")
		held := deduplicated(t, nil, "contacts", first)
		tn.Advance(time.Minute, false)
		passes, restless := 0, slices.Sorted(maps.Keys(positions(t, first.states, "contacts")))[0]
		tn.Intercept(func(r *http.Request) *http.Response {
			if restless == "" || !strings.Contains(r.URL.Path, restless) || !searchesModified(r) {
				return nil
			}
			// A page of contacts that nobody sees twice.
			passes++
			var elements []any
			for i := range 100 {
				elements = append(elements, map[string]any{"id": fmt.Sprintf("CID_%011d%04d", i, passes), "lastModified": "2026-01-15T12:00:00Z"})
			}
			return answer(r, http.StatusOK, string(testkit.Encode(map[string]any{"result": map[string]any{"elements": elements}, "meta": map[string]any{"httpStatus": "200 - OK"}})))
		})
		r := tn.readComplete(t, first.states, "contacts")
		log := strings.Join(r.logs, "\n")
		if strings.Count(log, "the directory changed in every pass over a part of it") != 1 || strings.Contains(log, "reading the directory's list") {
			t.Errorf("the log tells something else:\n%s", log)
		}
		if rows := len(r.records["contacts"]); passes < 100 || rows < 100*passes || rows > 100*passes+50 {
			t.Errorf("%d rows of %d passes were delivered", len(r.records["contacts"]), passes)
		}
		restless = ""
		r = tn.readComplete(t, r.states, "contacts")
		tn.compareTruth(t, "contacts", deduplicated(t, held, "contacts", r))
	})
}

// Contacts come even where their directory's list does not.
func TestRead_AListThatFailsHoldsBackNoContact(t *testing.T) {
	for name, test := range map[string]struct {
		status, code int
		log          string
	}{
		"refused": {403, 0, "deleted contacts cannot be found"},
		"failing": {500, 3, "not complete"},
	} {
		t.Run(name, func(t *testing.T) {
			insideBubble(t, func(t *testing.T) {
				tn := newTenant(t, sandbox.Options{Seed: 5, Surveys: 1, Responses: 5, Contacts: 40})
				tn.followsContacts(1)
				tn.Intercept(refusing(http.MethodGet, "/contacts", test.status))
				r := tn.read(t, nil, "contacts")
				if r.code != test.code || !strings.Contains(strings.Join(r.logs, "\n"), test.log) {
					t.Errorf("got exit code %d, want %d: %v", r.code, test.code, r.errors)
				}
				held := deduplicated(t, nil, "contacts", r)
				tn.compareTruth(t, "contacts", held)
				tn.Intercept(nil)
				for _, pause := range []time.Duration{26 * time.Hour, 26 * time.Hour, 26 * time.Hour, time.Hour} {
					tn.Advance(pause, pause < 2*time.Hour)
					r = tn.readComplete(t, r.states, "contacts")
					held = deduplicated(t, held, "contacts", r)
					tn.noFalseContactTombstone(t, r)
				}
				if test.status == 500 { // what was delivered while the list was refused is in no ledger
					tn.exactContacts(t, held)
				}
			})
		})
	}
}
