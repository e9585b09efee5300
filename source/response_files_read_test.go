package source_test

import (
	"net/http"
	"strings"
	"testing"

	"github.com/birdie-ai/source-qualtrics/integration_tests/thorough"
	"github.com/birdie-ai/source-qualtrics/source/sandbox"
)

var fileTenant = sandbox.Options{Seed: 82, Surveys: 12, Responses: thorough.Number(900, 200), Contacts: 5, KeepSurveys: 12}

// The files equal the truth after edits and deletions of responses.
func TestRead_FilesEqualTheTruth(t *testing.T) {
	insideBubble(t, func(t *testing.T) {
		p := newPartReader(t, "response_files", fileTenant)
		p.next(t)
		p.compare(t, "the first read")
		kinds := make(map[any]int)
		for _, row := range p.rows.live(t, "response_files") {
			kinds[row["kind"]]++
		}
		if kinds["file"] < 5 || kinds["signature"] < 5 || len(kinds) != 2 {
			t.Errorf("the kinds of files are %v", kinds)
		}
		p.change(t)
		p.compare(t, "edits, deletions and new responses")
		p.rows, p.state = nil, nil
		p.next(t)
		p.compare(t, "a first read after them")
	})
}

// Without the definition of a survey its files come without tags and texts, and signatures
// are files.
func TestRead_FilesOfSurveysWithoutADefinition(t *testing.T) {
	insideBubble(t, func(t *testing.T) {
		p := newPartReader(t, "response_files", fileTenant)
		p.Intercept(func(r *http.Request) *http.Response {
			if !strings.Contains(r.URL.Path, "/survey-definitions/") {
				return nil
			}
			return answer(r, http.StatusForbidden, errorBody(http.StatusForbidden, "TEST_1", "no"))
		})
		p.next(t)
		p.compare(t, "a read without definitions", "kind", "question_tag", "question_text")
		for _, row := range p.rows.live(t, "response_files") {
			if row["kind"] != "file" || row["question_text"] != nil {
				t.Fatalf("got %v", row)
			}
		}
	})
}
