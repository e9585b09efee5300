package source_test

import (
	"io"
	"net/http"
	"regexp"
	"strings"
	"testing"

	"github.com/birdie-ai/source-qualtrics/integration_tests/thorough"
	"github.com/birdie-ai/source-qualtrics/source/sandbox"
)

var embeddedTenant = sandbox.Options{Seed: 78, Surveys: 12, Responses: thorough.Number(900, 300), Contacts: 5, KeepSurveys: 12}

// The embedded data equal the truth after edits and deletions of responses.
func TestRead_EmbeddedDataEqualTheTruth(t *testing.T) {
	insideBubble(t, func(t *testing.T) {
		p := newPartReader(t, "response_embedded_data", embeddedTenant)
		p.next(t)
		p.compare(t, "the first read")
		fields := make(map[any]bool)
		for _, row := range p.rows {
			fields[row["field"]] = true
		}
		for _, field := range []string{"Customer ID", "customer id", "a.b.c", "顧客ランク", "Q1", "Ledger Number", "empty_field"} {
			if !fields[field] {
				t.Errorf("no response has the field %q", field)
			}
		}
		p.change(t)
		p.compare(t, "edits, deletions and new responses")
		p.rows, p.state = nil, nil
		p.next(t)
		p.compare(t, "a first read after them")
	})
}

// Where the account may read no survey, the fields come without is_declared. A warning says
// so for each survey, and once for all where a scope is missing.
func TestRead_EmbeddedDataOfSurveysThatMayNotBeRead(t *testing.T) {
	const scope = `{"meta":{"httpStatus":"403 - Forbidden","error":{"errorMessage":"You are missing the following required scopes: read:surveys"}}}`
	for name, test := range map[string]struct{ body, says string }{
		"each survey is refused": {"{}", "the survey's embedded data is refused: its fields go out without is_declared"},
		"a scope is missing":     {scope, "a scope is missing to read the embedded data of surveys: fields go out without is_declared"},
	} {
		t.Run(name, func(t *testing.T) {
			insideBubble(t, func(t *testing.T) {
				p := newPartReader(t, "response_embedded_data", embeddedTenant)
				survey := regexp.MustCompile(`/surveys/SV_\w+$`)
				p.Intercept(func(request *http.Request) *http.Response {
					if request.Method != http.MethodGet || !survey.MatchString(request.URL.Path) {
						return nil
					}
					return &http.Response{StatusCode: http.StatusForbidden, Header: make(http.Header), Body: io.NopCloser(strings.NewReader(test.body)), Request: request}
				})
				r := p.next(t)
				p.compare(t, "a read without surveys", "is_declared")
				surveys := make(map[any]bool)
				for _, row := range p.rows {
					if row["is_declared"] != nil {
						t.Fatalf("the field %v says that it is declared: %v", row["field"], row["is_declared"])
					}
					surveys[row["survey_id"]] = true
				}
				want := len(surveys)
				if test.body == scope {
					want = 1
				}
				if got := strings.Count(strings.Join(r.logs, "\n"), test.says); got != want || len(surveys) < 2 {
					t.Errorf("got %d times %q for %d surveys, want %d", got, test.says, len(surveys), want)
				}
			})
		})
	}
}
