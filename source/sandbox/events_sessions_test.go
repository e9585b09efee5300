package sandbox_test

import (
	"strings"
	"testing"
	"time"

	"github.com/birdie-ai/source-qualtrics/source/sandbox"
)

const inProgress = `{"format":"ndjson","exportResponsesInProgress":true}`

// Sessions go on with the same answers and more, are recorded with another id, or expire.
// The truth has the sessions of exports.
func TestSessions_GoOnAreRecordedAndExpire(t *testing.T) {
	t.Parallel()
	c := newClient(t, sandbox.Options{Surveys: 1})
	survey := c.surveyIDs()[0]
	open := func() map[string]int {
		sizes := make(map[string]int)
		for _, one := range c.exported(survey, inProgress) {
			sizes[one.ResponseID] = len(one.Values)
		}
		truth := c.truthIDs("responses_in_progress", "session_id")
		for id := range sizes {
			if !truth[id] {
				t.Errorf("the truth lacks the session %s", id)
			}
		}
		if len(truth) != len(sizes) {
			t.Errorf("the truth has %d sessions, an export %d", len(truth), len(sizes))
		}
		return sizes
	}
	var ids []string
	for range 3 {
		id, ok := c.tenant.OpenSession(survey, 10)
		if !ok || !strings.HasPrefix(id, "FS_") {
			t.Fatalf("got the session %q", id)
		}
		ids = append(ids, id)
	}
	before := open()
	recorded, ok := c.tenant.RecordSession(survey, ids[1])
	if !ok || !c.tenant.ResumeSession(survey, ids[0], 90) || !c.tenant.ExpireSession(survey, ids[2]) {
		t.Fatal("a session is not open")
	}
	after := open()
	if after[ids[0]] <= before[ids[0]] || before[ids[2]] == 0 || after[ids[1]]+after[ids[2]] > 0 {
		t.Errorf("the sessions %v had %v values, and now %v", ids, before, after)
	}
	if !c.truthIDs("responses", "response_id")[recorded] {
		t.Errorf("the truth lacks the response %s", recorded)
	}
	if _, ok := c.tenant.RecordSession(survey, ids[2]); ok {
		t.Error("a session was recorded that had expired")
	}
}

func TestAdvance_SessionsGoOnAndExpire(t *testing.T) {
	t.Parallel()
	c := newClient(t, sandbox.Options{Surveys: 6, Responses: 100})
	values := make(map[string]int)
	grown, ended := 0, 0
	for range 12 {
		c.tenant.Advance(24*time.Hour, false)
		now := make(map[string]int)
		for _, survey := range c.surveyIDs() {
			for _, one := range c.exported(survey, inProgress) {
				now[one.ResponseID] = len(one.Values)
			}
		}
		for id, before := range values {
			switch {
			case now[id] == 0:
				ended++
			case now[id] > before:
				grown++
			}
		}
		values = now
	}
	if grown < 5 || ended < 5 {
		t.Errorf("%d sessions went on, and %d ended", grown, ended)
	}
	for range 2 {
		c.tenant.SetActivity(0, 0, 0)
		c.tenant.Advance(8*24*time.Hour, false)
	}
	if left := c.truthIDs("responses_in_progress", "session_id"); len(left) > 0 {
		t.Errorf("%d sessions are open after a week without activity", len(left))
	}
}
