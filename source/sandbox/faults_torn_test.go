package sandbox_test

import (
	"testing"
	"testing/synctest"
	"time"

	"github.com/birdie-ai/source-qualtrics/source/sandbox"
)

func TestTorn_AnExportMissesSomeOnceAndTheirOwnReadsLag(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		c := newClient(t, sandbox.Options{Surveys: 1, Responses: 100, FaultRates: map[string]int{"torn": 10_000}, FaultRow: 1000, Lag: time.Minute})
		survey := c.surveyIDs()[0]
		whole := make(map[string]bool)
		c.tenant.Versions(func(_, response string, _ time.Time) { whole[response] = true })
		missedBefore := make(map[string]bool)
		for range 3 {
			missed := make(map[string]bool)
			for id := range whole {
				missed[id] = true
			}
			for _, row := range c.exported(survey, `{"format":"ndjson","sortByLastModifiedDate":true}`) {
				delete(missed, row.ResponseID)
			}
			if len(missed) == 0 || len(missed) > len(whole)/3 {
				t.Errorf("got %d of %d responses missed, want some", len(missed), len(whole))
			}
			for id := range missed {
				path := "/API/v3/surveys/" + survey + "/responses/" + id
				if missedBefore[id] {
					t.Errorf("%s is missed twice", id)
				}
				if got := c.get(path).status; got != 404 {
					t.Errorf("got %d for a response that was just missed, want 404", got)
				}
				missedBefore[id] = true
			}
			c.tenant.Advance(time.Minute, true)
			for id := range missed {
				if got := c.get("/API/v3/surveys/" + survey + "/responses/" + id).status; got != 200 {
					t.Errorf("got %d after the lag, want 200", got)
				}
			}
		}
	})
}
