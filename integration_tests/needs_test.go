package integration_tests_test

import (
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/birdie-ai/source-qualtrics/integration_tests/testkit"
	"github.com/birdie-ai/source-qualtrics/source/feed"
	"github.com/birdie-ai/source-qualtrics/source/sandbox"
	"github.com/birdie-ai/source-qualtrics/source/stream"
)

// partsStream and greedyParts are two streams that need the definition of each survey.
// The second one needs all other facts, too.
const (
	partsStream = "response_parts"
	greedyParts = "response_parts_of_all_facts"
)

var (
	_ = stream.Register(testkit.Parts(partsStream))
	_ = stream.Register(greedy())
)

func greedy() *stream.Stream {
	s := testkit.Parts(greedyParts)
	s.Needs |= feed.NeedSchema | feed.NeedEmbeddedData
	project := s.Project
	s.Project = func(doc *feed.Document, emit stream.Emit) error {
		facts := doc.Survey
		if !facts.Known.Has(s.Needs) || len(facts.Definition.Questions) == 0 || len(facts.Schema) == 0 || len(facts.EmbeddedData) == 0 {
			return fmt.Errorf("the facts about survey %s are %+v", doc.Partition.Key, facts)
		}
		return project(doc, emit)
	}
	return s
}

// needsRun reads a tenant whose surveys have their definitions counted.
func needsRun(t *testing.T, do func(t *testing.T, r *shareRun)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		tenant, err := sandbox.New(sandbox.Options{Seed: 83, Surveys: 3, Responses: 90, Contacts: 1, KeepSurveys: 3})
		if err != nil {
			t.Fatal(err)
		}
		tenant.SetActivity(0, 0, 0)
		r := &shareRun{t: t, tenant: tenant, mode: "reconcile", states: make(testkit.States), tables: make(map[string]testkit.Table)}
		for _, name := range []string{"responses", "questions", partsStream, greedyParts} {
			r.tables[name] = make(testkit.Table)
		}
		do(t, r)
	})
}

// factCalls are how many calls for a definition, and for a response schema, Qualtrics got.
func (r *shareRun) factCalls() (calls [2]int) {
	for i, endpoint := range []string{"GET /survey-definitions/{id}", "GET /surveys/{id}/response-schema"} {
		for _, count := range r.tenant.Requests()[endpoint] {
			calls[i] += count
		}
	}
	return calls
}

// The facts about a survey that streams need are read once in a run, however many
// streams need them, and not at all if none does or if nothing is delivered.
func TestNeeds_OneCallPerSurvey(t *testing.T) {
	t.Parallel()
	needsRun(t, func(t *testing.T, r *shareRun) {
		for _, step := range []struct {
			name    string
			streams []string
			fresh   bool // without the states of earlier runs
			want    [2]int
		}{
			// The names of one survey's values are not all in the survey itself.
			{"no stream needs a fact", []string{"responses"}, false, [2]int{0, 1}},
			{"one stream at its beginning needs the definition, and another one does not", []string{"responses", partsStream}, false, [2]int{3, 1}},
			{"nothing is new", []string{"responses", partsStream}, false, [2]int{}},
			{"two streams need it, and one of them is at its beginning", []string{"responses", partsStream, greedyParts}, false, [2]int{3, 3}},
			{"both are at their beginning", []string{partsStream, greedyParts}, true, [2]int{3, 3}},
		} {
			if step.fresh {
				clear(r.states)
			}
			before := r.factCalls()
			r.read(step.streams...)
			got := r.factCalls()
			if got[0] -= before[0]; got[0] != step.want[0] {
				t.Errorf("%s: got %d calls for a definition, want %d", step.name, got[0], step.want[0])
			}
			if got[1] -= before[1]; got[1] != step.want[1] {
				t.Errorf("%s: got %d calls for a response schema, want %d", step.name, got[1], step.want[1])
			}
			r.pass(time.Hour)
		}
		texts := 0
		for _, row := range r.tables[partsStream] {
			if strings.Contains(string(row.Data), `"question_text":"`) {
				texts++
			}
		}
		if texts < 90 {
			t.Errorf("got %d rows with the text of their question", texts)
		}
	})
}

// A survey whose definition is refused, or cannot be read, is not complete for the
// streams that are read with it. The next run delivers all of it.
func TestNeeds_ARefusedDefinitionIsNoSilentLack(t *testing.T) {
	t.Parallel()
	const needs, refused, unread = ", which a selected stream needs, ", "is refused", "cannot be read"
	for name, test := range map[string]struct {
		call, body string // the path of the call, behind the survey or before it
		status     int
		says       string
	}{
		"a refused definition":         {"/survey-definitions/", "{}", http.StatusForbidden, "its definition" + needs + refused},
		"a definition not found":       {"/survey-definitions/", "{}", http.StatusNotFound, "its definition" + needs + refused},
		"a failing definition":         {"/survey-definitions/", "{}", http.StatusServiceUnavailable, "its definition" + needs + unread},
		"a definition of another form": {"/survey-definitions/", `{"result":{},"meta":{"httpStatus":"200 - OK"}}`, http.StatusOK, "its definition" + needs + unread},
		"a refused response schema":    {"/response-schema", "{}", http.StatusForbidden, "its response schema" + needs + refused},
		"a refused survey":             {"/surveys/", "{}", http.StatusForbidden, "its embedded data" + needs + refused},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			needsRun(t, func(t *testing.T, r *shareRun) {
				surveys, err := testkit.Truth(r.tenant, "surveys")
				if err != nil {
					t.Fatal(err)
				}
				failing := sortedKeys(surveys)[0]
				r.tenant.Intercept(func(request *http.Request) *http.Response {
					if !strings.HasSuffix(request.URL.Path, test.call+failing) && !strings.HasSuffix(request.URL.Path, failing+test.call) {
						return nil
					}
					return &http.Response{StatusCode: test.status, Header: make(http.Header), Body: io.NopCloser(strings.NewReader(test.body)), Request: request}
				})
				code, printed := r.try("responses", greedyParts)
				if code != 4 || !strings.Contains(printed, "survey "+failing+" was not read to its end: "+test.says) {
					t.Errorf("got code %d, want 4 and %q:\n%s", code, test.says, printed)
				}
				for _, name := range []string{"responses", greedyParts} {
					for key := range r.tables[name] {
						if strings.HasPrefix(key, failing) {
							t.Fatalf("%s has the row %s", name, key)
						}
					}
				}
				r.tenant.Intercept(nil)
				r.pass(time.Hour)
				r.read("responses", greedyParts)
				truth, err := testkit.Truth(r.tenant, "responses")
				if err != nil {
					t.Fatal(err)
				}
				parents := make(map[string]bool)
				for key := range r.tables[greedyParts] {
					parents[key[:strings.LastIndex(key, "/")]] = true
				}
				for key := range truth {
					if r.tables["responses"][key] == nil || !parents[key] {
						t.Errorf("the response %s did not arrive after all", key)
					}
				}
			})
		})
	}
}
