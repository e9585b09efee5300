package integration_tests_test

import (
	"encoding/json"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/birdie-ai/source-qualtrics/integration_tests/testkit"
)

// A survey whose definition or response schema is refused delivers every answer, without
// the texts from it, and one warning says so. If it cannot be read at the moment, the
// answers come with the next run.
func TestNeeds_OptionalFactsLoseNoAnswer(t *testing.T) {
	t.Parallel()
	const (
		definition, schema = "/survey-definitions/", "/response-schema"
		without            = "go out without the texts from it"
		scope              = `{"meta":{"httpStatus":"403 - Forbidden","error":{"errorMessage":"You are missing the following required scopes: read:surveys"}}}`
	)
	for name, test := range map[string]struct {
		call, body string
		status     int
		everywhere bool // for all surveys, not one
		code       int
		says       string // once in the log
		lack       string // column that is null then
	}{
		"a refused definition":           {definition, "{}", http.StatusForbidden, false, 0, "the survey's definition is refused", "question_text"},
		"a definition not found":         {definition, "{}", http.StatusNotFound, false, 0, "the survey's definition is refused", "question_text"},
		"a definition without questions": {definition, `{"result":{"SurveyID":"%s"},"meta":{"httpStatus":"200 - OK"}}`, http.StatusOK, false, 0, "the survey's definition is refused", "question_text"},
		"a refused response schema":      {schema, "{}", http.StatusForbidden, false, 0, "the survey's response schema is refused", "export_tag"},
		"a missing scope":                {definition, scope, http.StatusForbidden, true, 0, "a scope is missing to read the definition of surveys", "question_text"},
		"a failing definition":           {definition, "{}", http.StatusServiceUnavailable, false, 4, "cannot be read", ""},
		"a failing response schema":      {schema, "{}", http.StatusServiceUnavailable, false, 4, "cannot be read", ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			needsRun(t, func(t *testing.T, r *shareRun) {
				r.tables["answers"] = make(testkit.Table)
				surveys, err := testkit.Truth(r.tenant, "surveys")
				if err != nil {
					t.Fatal(err)
				}
				failing := sortedKeys(surveys)[0]
				r.tenant.Intercept(func(request *http.Request) *http.Response {
					path := request.URL.Path
					if !strings.Contains(path, test.call) || !test.everywhere && !strings.Contains(path, failing) {
						return nil
					}
					body := strings.ReplaceAll(test.body, "%s", failing)
					return &http.Response{StatusCode: test.status, Header: make(http.Header), Body: io.NopCloser(strings.NewReader(body)), Request: request}
				})
				code, printed := r.try("responses", "answers")
				if code != test.code || test.code == 0 && strings.Count(printed, without) != 1 || !strings.Contains(printed, test.says) {
					t.Errorf("got code %d, want %d and %q once:\n%s", code, test.code, test.says, printed)
				}
				if test.code != 0 {
					for key := range r.tables["answers"] {
						if strings.HasPrefix(key, failing) {
							t.Fatalf("the answer %s went out without the texts from it", key)
						}
					}
					r.tenant.Intercept(nil)
					r.pass(time.Hour)
					r.read("responses", "answers")
				}
				r.answersHaveEachResponse(t, test.lack, func(survey string) bool {
					return test.code == 0 && (test.everywhere || survey == failing)
				})
			})
		})
	}
}

// answersHaveEachResponse checks that each response has its answers. Those of the surveys
// that lack a fact have no value in a column, and others have some.
func (r *shareRun) answersHaveEachResponse(t *testing.T, lack string, lacks func(survey string) bool) {
	t.Helper()
	values := make(map[string]map[string]bool) // value keys by response
	filled := make(map[bool]int)
	for key, row := range r.tables["answers"] {
		columns := make(map[string]any)
		if err := json.Unmarshal(row.Data, &columns); err != nil {
			t.Fatal(err)
		}
		parent := testkit.ParentKey(key)
		if values[parent] == nil {
			values[parent] = make(map[string]bool)
		}
		if of, ok := columns["value_key"].(string); ok {
			values[parent][of] = true
		}
		survey, _, _ := strings.Cut(key, "/")
		if lack != "" && columns[lack] != nil {
			filled[lacks(survey)]++
		}
	}
	if lack != "" && (filled[true] != 0 || filled[false] == 0 && !lacks("")) {
		t.Errorf("%d answers have a %s that was refused, %d others have one", filled[true], lack, filled[false])
	}
	for key, row := range r.tables["responses"] {
		var columns struct {
			Values map[string]json.RawMessage `json:"answer_values"`
		}
		if err := json.Unmarshal(row.Data, &columns); err != nil {
			t.Fatal(err)
		}
		if values[key] == nil || len(values[key]) != len(columns.Values) {
			t.Errorf("response %s has %d values, and answers to %v", key, len(columns.Values), values[key])
		}
	}
}
