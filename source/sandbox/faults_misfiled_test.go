package sandbox_test

import (
	"testing"
	"time"

	"github.com/birdie-ai/source-qualtrics/source/sandbox"
)

func TestMisfiled_AnExportOfAWindowHoldsAnotherSurveysPast(t *testing.T) {
	t.Parallel()
	c := newClient(t, sandbox.Options{Surveys: 2, Responses: 200, FaultRates: map[string]int{"misfiled": 10_000}, FaultRow: 1000})
	of := make(map[string]string)
	var newest time.Time
	c.tenant.Versions(func(survey, response string, modified time.Time) {
		of[response] = survey
		if modified.After(newest) {
			newest = modified
		}
	})
	survey := c.surveyIDs()[0]
	window := `{"format":"ndjson","sortByLastModifiedDate":true,"startDate":"` + newest.UTC().Format(time.RFC3339) + `"}`
	foreign := func(body string) (rows int) {
		for _, row := range c.exported(survey, body) {
			if of[row.ResponseID] != survey {
				rows++
			}
		}
		return rows
	}
	if foreign(window) == 0 {
		t.Error("no response of another survey is in the file")
	}
	if n := foreign(window); n > 0 {
		t.Errorf("the next job holds %d responses of another survey, too", n)
	}
	for _, body := range []string{`{"format":"ndjson","sortByLastModifiedDate":true}`, window[:len(window)-1] + `,"questionIds":[]}`} {
		if n := foreign(body); n > 0 {
			t.Errorf("%s holds %d responses of another survey", body, n)
		}
	}
}
