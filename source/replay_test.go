package source_test

import (
	"bytes"
	"encoding/json"
	"maps"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	gocmp "github.com/google/go-cmp/cmp"

	"github.com/birdie-ai/source-qualtrics/integration_tests/testkit"
)

// The tests of this file serve recorded answers to the whole program. What
// they expect is read from the recordings themselves, in a plain way.

// insideRecording runs a test on a fake clock. A test that is skipped inside
// of a bubble would count as passed.
func insideRecording(t *testing.T, test func(t *testing.T)) {
	t.Helper()
	testkit.Recordings(t)
	insideBubble(t, test)
}

// payload reads a recording; numbers keep their digits.
func payload[T any](t *testing.T, name string) (value T) {
	t.Helper()
	content, err := os.ReadFile(filepath.Join(testkit.Recordings(t), name))
	if err != nil {
		t.Fatal(err)
	}
	decoder := json.NewDecoder(bytes.NewReader(content))
	decoder.UseNumber()
	if err := decoder.Decode(&value); err != nil {
		t.Fatalf("%s: %v", name, err)
	}
	return value
}

type object = map[string]any

// at returns a member of an object of objects, which has to be there.
func at[T any](t *testing.T, from any, names ...string) T {
	t.Helper()
	for _, name := range names {
		members, _ := from.(object)
		from = members[name]
	}
	value, ok := from.(T)
	if !ok {
		t.Fatalf("the recording has a %T at %v, want a %T", from, names, value)
	}
	return value
}

// exchange is a recorded request with its answer.
type exchange struct {
	Method          string            `json:"method"`
	Path            string            `json:"path"`
	Status          int               `json:"status"`
	ResponseHeaders map[string]string `json:"responseHeaders"`
	ResponseBody    any               `json:"responseBody"` // bytes are served as they are
}

func answered(body any) exchange { return exchange{Status: http.StatusOK, ResponseBody: body} }

// replay answers requests from recordings, by "METHOD path?query" below
// /API/v3. Several answers to one request come in their order, and then the
// last one again. A request of which there is no recording fails the test.
type replay struct {
	t      *testing.T
	routes map[string][]exchange
	every  *exchange // answers all that has no route

	lock  sync.Mutex
	calls map[string]int
}

const (
	cxSurvey    = "SV_56icaa9YAafpAqx" // whose survey and export were recorded
	replayDate  = "Tue, 05 Aug 2025 03:01:35 GMT"
	replayToken = "canary-token-0123456789"
)

func (p *replay) RoundTrip(r *http.Request) (*http.Response, error) {
	p.lock.Lock()
	defer p.lock.Unlock()
	key := r.Method + " " + strings.TrimPrefix(r.URL.RequestURI(), "/API/v3")
	if r.URL.Host != "syd1.qualtrics.com" || r.Header.Get("X-API-TOKEN") != replayToken {
		p.t.Errorf("%s went to %s with the token %q", key, r.URL.Host, r.Header.Get("X-API-TOKEN"))
	}
	answers := p.routes[key]
	if answers == nil && p.every != nil {
		answers = []exchange{*p.every}
	}
	if answers == nil {
		p.t.Errorf("%s was not recorded", key)
		return answer(r, http.StatusNotFound, "{}"), nil
	}
	recorded := answers[min(p.calls[key], len(answers)-1)]
	p.calls[key]++
	body, raw := recorded.ResponseBody.([]byte)
	if !raw {
		body = testkit.Encode(recorded.ResponseBody)
	}
	response := answer(r, recorded.Status, string(body))
	response.Header.Set("Date", replayDate)
	for name, value := range recorded.ResponseHeaders {
		if name != "content-length" { // of the recorded spelling
			response.Header.Set(name, value)
		}
	}
	return response, nil
}

// replaying makes a tenant of recordings: its account, the survey list, and
// what else is given.
func replaying(t *testing.T, routes map[string][]exchange) (*tenant, *replay) {
	t.Helper()
	all := map[string][]exchange{
		"GET /whoami":      {answered(payload[any](t, "whoami.json"))},
		"GET /surveys":     {answered(payload[any](t, "surveys_list.json"))},
		"GET /directories": {answered(object{"result": object{"elements": []any{}, "nextPage": nil}, "meta": object{"httpStatus": "200 - OK"}})},
	}
	maps.Copy(all, routes)
	p := &replay{t: t, routes: all, calls: make(map[string]int)}
	return &tenant{
		config: map[string]any{
			"data_center": "syd1", // of the recorded account
			"credentials": map[string]any{"auth_type": "api_token", "api_token": replayToken},
		},
		files: make(map[string][]byte), env: make(map[string]string), transport: p,
	}, p
}

// listed is what the surveys stream has to say of an element of the list.
func listed(t *testing.T, element any) object {
	t.Helper()
	return object{
		"survey_id": at[string](t, element, "id"), "name": at[string](t, element, "name"), "owner_id": at[string](t, element, "ownerId"),
		"last_modified": at[string](t, element, "lastModified"), "creation_date": at[string](t, element, "creationDate"), "is_active": at[bool](t, element, "isActive"),
	}
}

func TestReplay_ReadsTheRecordedSurveyLists(t *testing.T) {
	for _, name := range []string{"surveys_list.json", "surveys_list_offset_pages.json"} {
		t.Run(name, func(t *testing.T) {
			insideRecording(t, func(t *testing.T) {
				content := payload[any](t, name)
				pages, several := content.([]any)
				if !several {
					pages = []any{content}
				}
				routes, key := make(map[string][]exchange), "GET /surveys"
				var want []object
				for _, page := range pages {
					routes[key] = []exchange{answered(page)}
					for _, element := range at[[]any](t, page, "result", "elements") {
						want = append(want, normal(listed(t, element)).(object))
					}
					link, _ := at[object](t, page, "result")["nextPage"].(string)
					_, query, _ := strings.Cut(link, "?")
					key = "GET /surveys?" + query
				}
				tn, served := replaying(t, routes)
				first := tn.readComplete(t, nil, "surveys")
				var got []object
				for _, record := range first.records["surveys"] {
					got = append(got, normal(record).(object))
				}
				if diff := gocmp.Diff(want, got); diff != "" || len(want) == 0 {
					t.Errorf("records (-recorded +read):\n%s", diff)
				}
				passes := 1 // over the pages of the list
				if several {
					passes = 2 // elements may move between pages: two passes have to agree
				}
				for key := range routes {
					if served.calls[key] != passes {
						t.Errorf("%s was asked %d times, want %d", key, served.calls[key], passes)
					}
				}
				if brand := brandOf(t, first.states, "surveys"); brand != "examplebrand" {
					t.Errorf("the state is bound to %q", brand)
				}
				if again := tn.readComplete(t, first.states, "surveys"); again.count() != 0 {
					t.Errorf("the same list again made %d records", again.count())
				}
			})
		})
	}
}

// brandOf returns the brand that the state of a stream is bound to.
func brandOf(t *testing.T, states []byte, stream string) string {
	t.Helper()
	var state struct {
		Brand string `json:"brand"`
	}
	if err := json.Unmarshal(stateOf(t, states, stream), &state); err != nil {
		t.Fatal(err)
	}
	return state.Brand
}

func TestReplay_CountsTheRecordedSurveys(t *testing.T) {
	for name, test := range map[string]struct {
		code string // of the error that answers for all other surveys
		exit int
	}{
		"the others are forbidden": {"QMST_2.1", 0},
		"the others do not exist":  {"UNF_9", 4},
	} {
		t.Run(name, func(t *testing.T) {
			insideRecording(t, func(t *testing.T) {
				refused, detail := recordedError(t, test.code), payload[any](t, "survey_legacy_cx.json")
				tn, served := replaying(t, map[string][]exchange{"GET /surveys/" + cxSurvey: {answered(detail)}})
				served.every = &refused
				got := tn.run(t, "surveys", "--config", "config.json", "--json")
				if got.code != test.exit {
					t.Errorf("got exit code %d, want %d: %s", got.code, test.exit, got.stderr)
				}
				problem := at[string](t, refused.ResponseBody, "meta", "error", "errorMessage")
				elements := at[[]any](t, payload[any](t, "surveys_list.json"), "result", "elements")
				lines := strings.Split(strings.TrimSuffix(got.stdout, "\n"), "\n")
				if len(lines) != len(elements) {
					t.Fatalf("got %d lines, want %d:\n%s", len(lines), len(elements), got.stdout)
				}
				for i, line := range lines {
					var shown object
					decoder := json.NewDecoder(strings.NewReader(line))
					decoder.UseNumber()
					if err := decoder.Decode(&shown); err != nil {
						t.Fatalf("%s: %v", line, err)
					}
					want := listed(t, elements[i])
					delete(want, "owner_id")
					delete(want, "creation_date")
					want["selected"], want["responses"] = true, nil
					if want["survey_id"] == cxSurvey {
						want["responses"] = json.Number("45") // 44 recorded and 1 of a test
					} else if text, _ := shown["problem"].(string); !strings.Contains(text, problem) {
						t.Errorf("the problem is %q, want one with %q", text, problem)
					}
					delete(shown, "problem")
					if diff := gocmp.Diff(want, shown); diff != "" {
						t.Errorf("line %d (-recorded +shown):\n%s", i+1, diff)
					}
				}
			})
		})
	}
}

// An account that may not ask who it is still binds its state to its brand. An
// answer about another survey than the one that was asked for says nothing.
func TestReplay_TheBrandComesFromARecordedSurvey(t *testing.T) {
	const (
		itself     = "survey_legacy_cx.json"
		definition = "survey_definition_cx.json"
	)
	idOf := func(t *testing.T, name string) string {
		t.Helper()
		id := map[string]string{itself: "id", definition: "SurveyID"}[name]
		return at[string](t, payload[any](t, name), "result", id)
	}
	for name, test := range map[string]struct {
		first  func(t *testing.T) string // survey of the list
		routes func(t *testing.T, survey string) map[string][]exchange
		brand  string
	}{
		"its definition": {
			func(t *testing.T) string { return idOf(t, definition) },
			func(t *testing.T, survey string) map[string][]exchange {
				return map[string][]exchange{
					"GET /surveys/" + survey:            {recordedError(t, "QMST_2.1")},
					"GET /survey-definitions/" + survey: {answered(payload[any](t, definition))},
				}
			},
			"examplebrand",
		},
		"itself": {
			func(t *testing.T) string { return idOf(t, itself) },
			func(t *testing.T, survey string) map[string][]exchange {
				return map[string][]exchange{"GET /surveys/" + survey: {answered(payload[any](t, itself))}}
			},
			"examplebrand",
		},
		"not from an answer about another survey": {
			func(t *testing.T) string { return idOf(t, definition) },
			func(t *testing.T, survey string) map[string][]exchange {
				return map[string][]exchange{
					"GET /surveys/" + survey:            {answered(payload[any](t, itself))},
					"GET /survey-definitions/" + survey: {recordedError(t, "QMST_2.1")},
				}
			},
			"host:syd1.qualtrics.com",
		},
	} {
		t.Run(name, func(t *testing.T) {
			insideRecording(t, func(t *testing.T) {
				survey, list := test.first(t), payload[any](t, "surveys_list.json")
				elements := at[[]any](t, list, "result", "elements")
				of := func(element any) bool { return at[string](t, element, "id") == survey }
				i := slices.IndexFunc(elements, of)
				if i < 0 {
					t.Fatalf("the recorded list has no survey %s", survey)
				}
				elements[0], elements[i] = elements[i], elements[0]
				all := test.routes(t, survey)
				all["GET /surveys"] = []exchange{answered(list)}
				all["GET /whoami"] = []exchange{recordedError(t, "QMST_2.1")}
				tn, _ := replaying(t, all)
				got := tn.readComplete(t, nil, "surveys")
				if brand := brandOf(t, got.states, "surveys"); brand != test.brand || len(got.records["surveys"]) != len(elements) {
					t.Errorf("got the brand %q and %d records, want %q and %d", brand, len(got.records["surveys"]), test.brand, len(elements))
				}
			})
		})
	}
}
