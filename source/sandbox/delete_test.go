package sandbox_test

import (
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/birdie-ai/source-qualtrics/source/sandbox"
)

func TestEmptyResponses_TheyHaveOnlyMetadata(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		c := newClient(t, sandbox.Options{Surveys: 1, Responses: 50})
		survey := c.surveyIDs()[0]
		before := make(map[string]time.Time)
		c.tenant.Versions(func(_, response string, modified time.Time) { before[response] = modified })
		emptied := c.tenant.EmptyResponses(survey, 5)
		if len(emptied) != 5 {
			t.Fatalf("got %d responses emptied, want 5", len(emptied))
		}
		c.tenant.Versions(func(_, response string, modified time.Time) {
			if is := slices.Contains(emptied, response); is != modified.After(before[response]) {
				t.Errorf("%s: emptied %t, and modified at %s after %s", response, is, modified, before[response])
			}
		})
		for _, id := range emptied {
			got := c.get("/API/v3/surveys/" + survey + "/responses/" + id)
			if text := string(got.body); got.status != 200 || !strings.Contains(text, `"recordedDate"`) || strings.Contains(text, `"QID`) {
				t.Errorf("%s: got %d %s", id, got.status, text)
			}
		}
	})
}

func TestMarkResponsesAsSpam_TheyKeepTheirAnswers(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		c := newClient(t, sandbox.Options{Surveys: 1, Responses: 50})
		survey := c.surveyIDs()[0]
		for _, id := range c.tenant.MarkResponsesAsSpam(survey, 5) {
			got := c.get("/API/v3/surveys/" + survey + "/responses/" + id)
			if text := string(got.body); got.status != 200 || !strings.Contains(text, `"status":8`) && !strings.Contains(text, `"status":1`) || !strings.Contains(text, `"QID`) {
				t.Errorf("%s: got %d %s", id, got.status, text)
			}
		}
	})
}

func TestDeleteResponses_TheyAreGoneFromEverything(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		c := newClient(t, sandbox.Options{Surveys: 1, Responses: 50})
		survey := c.surveyIDs()[0]
		deleted := append(c.tenant.DeleteResponses(survey, 3), c.tenant.DeleteResponses(survey, 4)...)
		if len(deleted) != 7 {
			t.Fatalf("got %d responses deleted, want 7", len(deleted))
		}
		exists := make(map[string]bool)
		c.tenant.Versions(func(_, response string, _ time.Time) { exists[response] = true })
		if len(exists) != 43 {
			t.Errorf("got %d responses left, want 43", len(exists))
		}
		for _, id := range deleted {
			if got := c.get("/API/v3/surveys/" + survey + "/responses/" + id).status; exists[id] || got != 404 {
				t.Errorf("%s: got %d and exists %t, want 404 and not", id, got, exists[id])
			}
		}
		if got := c.tenant.DeleteResponses("SV_none", 1); got != nil {
			t.Errorf("got %v of no survey, want none", got)
		}
	})
}
