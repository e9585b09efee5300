package sandbox_test

import (
	"testing"
	"testing/synctest"
	"time"

	"github.com/birdie-ai/source-qualtrics/source/sandbox"
)

func TestRecordResponses_TheyShowWhenTheyShall(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		c := newClient(t, sandbox.Options{Surveys: 1, Responses: 50})
		survey := c.surveyIDs()[0]
		c.tenant.SetActivity(0, 0, 0)
		now := c.tenant.Now()
		early := c.tenant.RecordResponses(survey, 3, now.Add(-time.Second), now)
		late := c.tenant.RecordResponses(survey, 2, now, now.Add(time.Hour))
		for _, step := range []struct {
			pause time.Duration
			shown int
		}{{0, 53}, {59 * time.Minute, 53}, {time.Minute, 55}} {
			c.tenant.Advance(step.pause, false)
			shown := make(map[string]time.Time)
			c.tenant.Versions(func(_, response string, modified time.Time) { shown[response] = modified })
			if len(shown) != step.shown {
				t.Errorf("after %s more got %d responses, want %d", step.pause, len(shown), step.shown)
			}
			for _, id := range early {
				if got := shown[id]; !got.Equal(now.Add(-time.Second)) {
					t.Errorf("%s is of %s, want %s", id, got, now.Add(-time.Second))
				}
			}
			if got := shown[late[0]]; step.shown == 55 && !got.Equal(now) {
				t.Errorf("%s is of %s, want %s", late[0], got, now)
			}
		}
		for name, got := range map[string][]string{
			"of no survey":                   c.tenant.RecordResponses("SV_none", 1, now, now),
			"before what the survey has had": c.tenant.RecordResponses(survey, 1, now.Add(-time.Hour), now),
		} {
			if got != nil {
				t.Errorf("%s: got %v, want none", name, got)
			}
		}
	})
}
