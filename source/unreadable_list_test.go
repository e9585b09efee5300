package source_test

import (
	"encoding/json"
	"io"
	"net/http"
	"strings"
	"sync"
	"testing"

	"github.com/birdie-ai/source-qualtrics/integration_tests/testkit"
)

// rewriting changes the result of each answer whose path has the suffix. Where
// change returns nil the answer stays. Calls of change do not overlap.
func (tn *tenant) rewriting(suffix string, change func(result map[string]any) any) {
	next := tn.transport
	var lock sync.Mutex // calls of several partitions come at once
	tn.transport = tripper(func(r *http.Request) (*http.Response, error) {
		response, err := next.RoundTrip(r)
		if err != nil || !strings.HasSuffix(r.URL.Path, suffix) || response.StatusCode != http.StatusOK {
			return response, err
		}
		body, err := io.ReadAll(response.Body)
		if err != nil {
			return nil, err
		}
		var whole map[string]any
		if err := json.Unmarshal(body, &whole); err != nil {
			return nil, err
		}
		lock.Lock()
		changedResult := change(whole["result"].(map[string]any))
		lock.Unlock()
		if changedResult != nil {
			whole["result"] = changedResult
		}
		encoded, err := json.Marshal(whole)
		if err != nil {
			return nil, err
		}
		changed := answer(r, http.StatusOK, string(encoded))
		changed.Header.Set("Date", response.Header.Get("Date"))
		return changed, response.Body.Close()
	})
}

// An answer that lacks its list says nothing about what exists: a read in full must
// not take the destination's rows for deleted.
func TestRead_AListWithoutItsElementsIsIncompleteAndKeepsThePosition(t *testing.T) {
	lists := map[string]struct{ suffix, stream string }{
		"of surveys, read in full": {"/surveys", "surveys:full_refresh"}, "of surveys": {"/surveys", "surveys"}, "of surveys, for responses": {"/surveys", "responses"},
		"of directories": {"/directories", "contacts"}, "of contacts found": {"/search", "contacts"},
	}
	for name, list := range lists {
		for page, later := range map[string]bool{"the first page": false, "a later page": true} {
			if later && list.suffix == "/directories" {
				continue // there is one page
			}
			t.Run(name+", "+page, func(t *testing.T) {
				insideBubble(t, func(t *testing.T) {
					options := small
					options.PageSize = 2
					tn := newTenant(t, options)
					stream, _, _ := strings.Cut(list.stream, ":")
					healthy := tn.transport
					before := tn.readComplete(t, nil, stream)
					pages := 0
					tn.rewriting(list.suffix, func(map[string]any) any {
						if pages++; later && pages == 1 {
							return nil
						}
						return map[string]any{"nextPage": nil}
					})
					got := tn.read(t, before.states, list.stream)
					if got.code < 3 || got.code > 4 || got.statuses[stream] != "INCOMPLETE" || len(got.errors) != 1 || got.errors[0].kind != "transient_error" || !strings.Contains(got.errors[0].message, "the list has no elements") {
						t.Errorf("got exit code %d, %v and %v, want an incomplete stream that says what is missing", got.code, got.statuses, got.errors)
					}
					tn.transport = healthy
					tn.goesOn(t, merge(nil, before), got, stream)
				})
			})
		}
	}
}

// A list that came as PHP writes a filtered one is read like any other.
func TestRead_ListsMayBeObjectsKeyedByPosition(t *testing.T) {
	insideBubble(t, func(t *testing.T) {
		tn := newTenant(t, small)
		for _, suffix := range []string{"/surveys", "/directories", "/search", "/contacts"} {
			tn.rewriting(suffix, func(result map[string]any) any {
				keyed := make(map[string]any)
				for i, element := range result["elements"].([]any) {
					keyed[string(rune('0'+i%10))+strings.Repeat("0", i/10)] = element
				}
				result["elements"] = keyed
				return result
			})
		}
		got := tn.readComplete(t, nil)
		for _, stream := range []string{"surveys", "responses", "contacts"} {
			tn.compareTruth(t, stream, merge(nil, got)[stream])
		}
	})
}

// An element without an id does not hold back the others.
func TestRead_AnElementWithoutAnIDIsNamedAndTheOthersAreDelivered(t *testing.T) {
	for name, test := range map[string]struct {
		suffix, stream string
		kinds          int
	}{
		"a survey": {"/surveys", "surveys", 1}, "a survey, for responses": {"/surveys", "responses", 1}, "a directory": {"/directories", "contacts", 1}, "a contact": {"/search", "contacts", 1},
	} {
		t.Run(name, func(t *testing.T) {
			insideBubble(t, func(t *testing.T) {
				tn := newTenant(t, small)
				healthy := tn.transport
				tn.rewriting(test.suffix, func(result map[string]any) any {
					nameless := map[string]any{"name": "nameless"}
					result["elements"] = append([]any{nameless}, result["elements"].([]any)...)
					return result
				})
				got := tn.read(t, nil, test.stream)
				if got.code != 4 || got.statuses[test.stream] != "INCOMPLETE" || len(got.errors) != 1 || !strings.Contains(got.errors[0].message, "element 1 of the answer") || !strings.Contains(got.errors[0].message, "has no id") {
					t.Errorf("got exit code %d, %v and %v, want an incomplete stream that names the element", got.code, got.statuses, got.errors)
				}
				tables := merge(nil, got)
				tn.compareTruth(t, test.stream, tables[test.stream])
				tn.transport = healthy
				tn.goesOn(t, tables, got, test.stream)
			})
		})
	}
}

func TestSurveys_ShowsTheOthersBesideAnElementWithoutAnID(t *testing.T) {
	insideBubble(t, func(t *testing.T) {
		tn := newTenant(t, small)
		tn.rewriting("/surveys", func(result map[string]any) any {
			result["elements"] = append([]any{map[string]any{"name": "nameless"}}, result["elements"].([]any)...)
			return result
		})
		got := tn.run(t, "surveys", "--config", "config.json")
		if shown := strings.Count(got.stdout, "\nSV_"); got.code != 4 || shown != small.Surveys || !strings.Contains(got.stderr, "element 1 of the answer") {
			t.Errorf("got exit code %d and %d surveys, want 4 and %d, and a warning:\n%s%s", got.code, shown, small.Surveys, got.stdout, got.stderr)
		}
	})
}

// Details that only Qualtrics' support needs are in the internal message, or come
// with --debug.
func TestErrors_KeepTheRequestForSupport(t *testing.T) {
	insideBubble(t, func(t *testing.T) {
		const request = "0f3b2c1a-7d55-4f0e-9c55-2f1d8f1c7a11"
		const called = "HTTP 403 Forbidden (request id " + request + ")"
		tn := newTenant(t, small)
		tn.Intercept(refusing(http.MethodGet, "/surveys", http.StatusForbidden))
		tn.files["catalog.json"] = testkit.Catalog("surveys")
		got := tn.run(t, "read", "--config", "config.json", "--catalog", "catalog.json")
		found := false
		for line := range strings.Lines(got.stdout) {
			var m struct {
				Trace struct {
					Error struct {
						Message  string `json:"message"`
						Internal string `json:"internal_message"`
					} `json:"error"`
				} `json:"trace"`
			}
			if err := json.Unmarshal([]byte(line), &m); err != nil {
				t.Fatal(err)
			}
			if message := m.Trace.Error.Message; message != "" {
				found = true
				if !strings.HasPrefix(message, "Qualtrics does not allow this account to list the surveys") || strings.Contains(message, "HTTP") || strings.Contains(message, request) {
					t.Errorf("the message is %q", message)
				}
				if !strings.Contains(m.Trace.Error.Internal, called) || !strings.Contains(m.Trace.Error.Internal, "GET https://") {
					t.Errorf("the internal message is %q", m.Trace.Error.Internal)
				}
			}
		}
		if !found {
			t.Errorf("there is no error:\n%s", got.stdout)
		}
		for _, args := range [][]string{{"surveys", "--config", "config.json"}, {"export", "--config", "config.json", "--format", "ndjson", "--streams", "surveys", "--to", t.TempDir()}} {
			plain := tn.run(t, args...)
			if plain.code == 0 || strings.Contains(plain.stdout+plain.stderr, request) || strings.Contains(plain.stdout+plain.stderr, "https://") {
				t.Errorf("%s: got %d and %s%s, want no HTTP detail", args[0], plain.code, plain.stdout, plain.stderr)
			}
			if debugged := tn.run(t, append(args, "--debug")...); !strings.Contains(debugged.stderr, called) {
				t.Errorf("%s --debug: got %s, want %q", args[0], debugged.stderr, called)
			}
		}
	})
}
