package source_test

import (
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/birdie-ai/source-qualtrics/source/sandbox"
)

// small is a tenant that is read in no time.
var small = sandbox.Options{Seed: 7, Surveys: 5, Responses: 110, Contacts: 60}

// larger is a tenant of which each survey has dozens of responses.
var larger = sandbox.Options{Seed: 7, Surveys: 5, Responses: 200, Contacts: 60}

// ending is how a read that fails has to end.
type ending struct {
	code     int
	kinds    []string          // failure type of each error, in order
	says     []string          // what the errors tell the user
	statuses map[string]string // of every stream that was begun
}

func (want ending) compare(t *testing.T, got *reading) {
	t.Helper()
	if got.code != want.code {
		t.Errorf("got exit code %d, want %d", got.code, want.code)
	}
	var kinds []string
	var messages strings.Builder
	for _, e := range got.errors {
		kinds = append(kinds, e.kind)
		fmt.Fprintln(&messages, e.message)
	}
	if diff := cmp.Diff(want.kinds, kinds); diff != "" {
		t.Errorf("failure types (-want +got):\n%s", diff)
	}
	for _, text := range want.says {
		if !strings.Contains(messages.String(), text) {
			t.Errorf("the errors do not say %q", text)
		}
	}
	statuses := want.statuses
	if statuses == nil {
		statuses = map[string]string{}
	}
	if diff := cmp.Diff(statuses, got.statuses); diff != "" {
		t.Errorf("statuses (-want +got):\n%s", diff)
	}
	if t.Failed() {
		t.Logf("code %d, errors:\n%s%s", got.code, messages.String(), strings.Join(got.logs, "\n"))
	}
}

// goesOn checks that nothing is lost: a run from the states that are out, with
// the fault gone, makes the tables equal to the truth.
func (tn *tenant) goesOn(t *testing.T, tables map[string]table, failed *reading, streams ...string) *reading {
	t.Helper()
	tn.Intercept(nil)
	next := tn.readComplete(t, failed.states, streams...)
	tables = merge(merge(tables, failed), next)
	for _, stream := range streams {
		tn.compareTruth(t, stream, tables[stream])
	}
	return next
}

// holds checks whether a stream's state has a position of a partition.
func (r *reading) holds(t *testing.T, stream, partition string, want bool) {
	t.Helper()
	if _, got := positions(t, r.states, stream)[partition]; got != want {
		t.Errorf("the state of %s holds a position of %s: got %t, want %t\n%s", stream, partition, got, want, r.states)
	}
}

// surveyIDs lists the surveys of the tenant that have responses.
func (tn *tenant) surveyIDs(t *testing.T) []string {
	t.Helper()
	seen := make(map[string]bool)
	for _, id := range keysOfTruth(t, tn, "responses") {
		survey, _, _ := strings.Cut(id, "/")
		seen[survey] = true
	}
	if len(seen) < 2 {
		t.Fatalf("the tenant has %d surveys with responses", len(seen))
	}
	return slices.Sorted(maps.Keys(seen))
}

// refusing answers requests of a method whose path ends so with an error.
func refusing(method, suffix string, code int) func(*http.Request) *http.Response {
	return func(r *http.Request) *http.Response {
		if r.Method != method || !strings.HasSuffix(r.URL.Path, suffix) {
			return nil
		}
		return answer(r, code, errorBody(code, "TEST_1", "The sandbox was told to refuse this."))
	}
}

func errorBody(code int, errorCode, message string) string {
	return fmt.Sprintf(`{"meta":{"httpStatus":"%d - %s","error":{"errorMessage":%q,"errorCode":%q},"requestId":"0f3b2c1a-7d55-4f0e-9c55-2f1d8f1c7a11"}}`,
		code, http.StatusText(code), message, errorCode)
}

// The surveys of a feed fail one by one, and a platform is told once.
func TestRead_NamesTheFirstOfManyFailedSurveys(t *testing.T) {
	insideBubble(t, func(t *testing.T) {
		tn := newTenant(t, sandbox.Options{Seed: 7, Surveys: 9, Responses: 300, Contacts: 20})
		tn.config["surveys"] = map[string]any{"on_denied": "fail"}
		tn.Intercept(refusing(http.MethodPost, "/export-responses", http.StatusForbidden))
		got := tn.read(t, nil, "responses")
		ending{
			code: 1, kinds: []string{"config_error"},
			says:     []string{"9 of the stream's parts are not complete", "and 4 more (the log names each)", "permission"},
			statuses: map[string]string{"responses": "INCOMPLETE"},
		}.compare(t, got)
		if got.count() != 0 {
			t.Errorf("got %d records, want none", got.count())
		}
		named := 0
		for _, line := range got.logs {
			if strings.HasPrefix(line, "not complete ") {
				named++
			}
		}
		if named != 9 {
			t.Errorf("the log names %d surveys, want 9", named)
		}
		tn.goesOn(t, nil, got, "responses")
	})
}
