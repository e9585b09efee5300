package sandbox_test

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/birdie-ai/source-qualtrics/source/sandbox"
)

// continued runs an export, and returns the ids that its file holds and its
// continuation token.
func (c *client) continued(survey, format, parameters string) (ids []string, token string) {
	c.t.Helper()
	started := result[progress](c.t, c.do(http.MethodPost, exportPath(survey), `{"format":"`+format+`"`+parameters+`}`))
	for {
		polled := result[struct {
			progress
			Token string `json:"continuationToken"`
		}](c.t, c.get(exportPath(survey, started.ProgressID)))
		if polled.Status == "inProgress" {
			if polled.Token != "" {
				c.t.Error("a job that runs has a token")
			}
			continue
		}
		_, content := unzip(c.t, c.get(exportPath(survey, *polled.FileID, "file")).body)
		if format == "csv" {
			columns, rows := table(c.t, string(content), ',')
			at := slices.IndexFunc(columns, func(h header) bool { return h.ImportID == "_recordId" })
			for _, row := range rows {
				ids = append(ids, row[at])
			}
			return ids, polled.Token
		}
		for _, r := range records(c.t, content) {
			ids = append(ids, r.ResponseID)
		}
		return ids, polled.Token
	}
}

func continuing(text string) string { return fmt.Sprintf(`,"continuationToken":%q`, text) }

func TestContinuation_TheNextExportHoldsWhatTheEarlierOnesDidNot(t *testing.T) {
	t.Parallel()
	for _, format := range []string{"ndjson", "csv"} {
		t.Run(format, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				c := newClient(t, sandbox.Options{Surveys: 1, Responses: 200})
				survey := c.surveyIDs()[0]
				if _, none := c.continued(survey, format, ""); none != "" {
					t.Error("a token comes although none was asked for")
				}
				all, next := c.continued(survey, format, `,"allowContinuation":true`)
				if again, _ := c.continued(survey, format, continuing(next)); len(again) != 0 || len(all) == 0 {
					t.Errorf("nothing has happened, and %d of %d responses come again", len(again), len(all))
				}
				c.tenant.SetActivity(0, 0, 0)
				now := c.tenant.Now()
				late := c.tenant.RecordResponses(survey, 3, now, now.Add(time.Hour))
				early := c.tenant.RecordResponses(survey, 2, now, now)
				got, next := c.continued(survey, format, continuing(next))
				if diff := cmp.Diff(early, got); diff != "" {
					t.Errorf("after two responses (-want +got):\n%s", diff)
				}
				c.tenant.Advance(time.Hour, false)
				got, _ = c.continued(survey, format, continuing(next))
				if diff := cmp.Diff(late, got); diff != "" {
					t.Errorf("after three that show late (-want +got):\n%s", diff)
				}
			})
		})
	}
}

func TestContinuation_HoldsEditsWhenSortedByThem(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		c := newClient(t, sandbox.Options{Surveys: 1, Responses: 400})
		survey := c.surveyIDs()[0]
		const sorted = `,"sortByLastModifiedDate":true`
		before, byRecorded := c.continued(survey, "ndjson", `,"allowContinuation":true`)
		_, byModified := c.continued(survey, "ndjson", sorted+`,"allowContinuation":true`)
		versions := func() map[string]time.Time {
			all := make(map[string]time.Time)
			c.tenant.Versions(func(of, response string, modified time.Time) {
				if of == survey {
					all[response] = modified
				}
			})
			return all
		}
		old := versions()
		c.tenant.Advance(6*time.Hour, false)
		var arrived, changed []string
		for id, modified := range versions() {
			if earlier, known := old[id]; !known {
				arrived = append(arrived, id)
			} else if !modified.Equal(earlier) {
				changed = append(changed, id)
			}
		}
		if len(arrived) == 0 || len(changed) == 0 {
			t.Fatalf("%d arrived and %d were edited: the test says nothing", len(arrived), len(changed))
		}
		for parameters, want := range map[string][]string{continuing(byRecorded): arrived, sorted + continuing(byModified): append(changed, arrived...)} {
			got, _ := c.continued(survey, "ndjson", parameters)
			slices.Sort(got)
			slices.Sort(want)
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("%s (-want +got):\n%s", parameters, diff)
			}
		}
		if len(before) == 0 {
			t.Error("there were no responses")
		}
	})
}

// A limited export is continued by the responses that it did not hold.
func TestContinuation_GoesThroughASurveyInSteps(t *testing.T) {
	t.Parallel()
	c := newClient(t, sandbox.Options{Surveys: 1, Responses: 100})
	survey := c.surveyIDs()[0]
	want, _ := c.continued(survey, "ndjson", "")
	got, next := c.continued(survey, "ndjson", `,"limit":40,"allowContinuation":true`)
	for range 3 {
		var more []string
		more, next = c.continued(survey, "ndjson", `,"limit":40`+continuing(next))
		got = append(got, more...)
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("in steps (-want +got):\n%s", diff)
	}
}

func TestContinuation_TokensExpireAndStandForOneExport(t *testing.T) {
	t.Parallel()
	for status, doubt := range map[int]sandbox.Doubt{400: {}, 410: {ContinuationCode: 410}} {
		synctest.Test(t, func(t *testing.T) {
			c := newClient(t, sandbox.Options{Doubt: doubt})
			surveys := c.surveyIDs()
			start := func(survey, parameters string) answer {
				return c.do(http.MethodPost, exportPath(survey), `{"format":"ndjson"`+parameters+`}`)
			}
			_, good := c.continued(surveys[0], "ndjson", `,"allowContinuation":true`)
			for what, got := range map[string]answer{
				"of another survey":       start(surveys[1], continuing(good)),
				"with another parameter":  start(surveys[0], `,"sortByLastModifiedDate":true`+continuing(good)),
				"that was never issued":   start(surveys[0], continuing(strings.ToLower(good))),
				"with other question ids": start(surveys[0], `,"questionIds":[]`+continuing(good)),
			} {
				wantError(t, got, status, "GPR_1", "continuationToken")
				if got.status == 200 {
					t.Errorf("a token %s is taken", what)
				}
			}
			c.tenant.Advance(7*24*time.Hour-time.Minute, true)
			if got := start(surveys[0], continuing(good)); got.status != 200 {
				t.Errorf("a minute before it expires the token is refused: %s", got.body)
			}
			c.tenant.Advance(time.Minute, true)
			wantError(t, start(surveys[0], continuing(good)), status, "GPR_1", "continuationToken")
		})
	}
}
