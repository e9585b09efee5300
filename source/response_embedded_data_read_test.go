package source_test

import (
	"fmt"
	"io"
	"net/http"
	"regexp"
	"slices"
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

// Fields that are named like columns, questions or each other keep their names, also those
// that the survey does not declare. Booleans and dates are typed.
func TestRead_EmbeddedDataWithOddNamesAndTypes(t *testing.T) {
	insideBubble(t, func(t *testing.T) {
		odd := embeddedTenant
		odd.OddFields, odd.Responses = true, 200
		p := newPartReader(t, "response_embedded_data", odd)
		p.next(t)
		p.compare(t, "the first read")
		typed, declared := make(map[string]int), make(map[string]int)
		for _, row := range p.rows {
			field := fmt.Sprint(row["field"])
			if row["is_declared"] == true {
				declared[field]++
			} else {
				declared["not "+field]++
			}
			for _, column := range []string{"value_boolean", "value_date"} {
				if row[column] != nil {
					typed[column+" "+field]++
				}
			}
		}
		for _, field := range []string{"survey_id", "response_id", "recordeddate", "QID900", "QID900_TEXT", "pid", "PID", "Hidden.Source", "hidden.source", "QID901", "not Hidden.Source", "not hidden.source", "not QID901"} {
			if declared[field] == 0 {
				t.Errorf("no row has the field %q: %v", field, declared)
			}
		}
		if typed["value_boolean Opt In"] == 0 || typed["value_date Purchase.Date"] == 0 || typed["value_date Birthday"] == 0 {
			t.Errorf("fields with booleans or dates: %v", typed)
		}
		survey := keysOfTruth(t, p.tenant, "surveys")[0]
		if !p.AddEmbeddedField(survey, "QID902") || p.AddEmbeddedField(survey, "PID") {
			t.Error("want a field added once")
		}
		p.change(t)
		p.compare(t, "edits, deletions, new responses and a new field")
		if !slices.ContainsFunc(p.rows, func(row map[string]any) bool { return row["field"] == "QID902" }) {
			t.Error("no response has the new field")
		}
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
