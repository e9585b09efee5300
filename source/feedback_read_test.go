package source_test

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/birdie-ai/source-qualtrics/integration_tests/thorough"
	"github.com/birdie-ai/source-qualtrics/source/record"
	"github.com/birdie-ai/source-qualtrics/source/sandbox"
)

// The feedback equals the truth after edits and deletions of responses, with only the two
// scopes that customers grant. A response that is marked as spam loses its feedback.
func TestRead_FeedbackEqualsTheTruth(t *testing.T) {
	insideBubble(t, func(t *testing.T) {
		p := newPartReader(t, "feedback", sandbox.Options{
			Seed: 79, Surveys: 10, Responses: thorough.Number(500, 80), Contacts: 5, KeepSurveys: 10,
			Scopes: []string{"read:survey_responses", "read:surveys"},
		})
		p.withOAuth()
		p.next(t)
		p.compare(t, "the first read")
		p.change(t)
		p.compare(t, "edits, deletions and new responses")

		spam := make(map[string]bool)
		for _, survey := range keysOfTruth(t, p.tenant, "surveys") {
			for _, id := range p.MarkResponsesAsSpam(survey, 3) {
				spam[id] = true
			}
		}
		before := len(p.rows.live(t, "feedback"))
		p.Advance(time.Hour, true)
		came := len(p.rows)
		p.next(t)
		p.compare(t, "responses that became spam")
		for _, row := range p.rows[came:] {
			id := fmt.Sprint(row["response_id"])
			if spam[id] && (row["feedback_key"] != record.MarkerKey || row["response_version"] == record.DeletedVersion) {
				t.Errorf("spam has the row %v", row)
			}
			delete(spam, id)
		}
		if after := len(p.rows.live(t, "feedback")); len(spam) > 0 || after >= before {
			t.Errorf("no row came of the spam %v, and %d rows count after %d", spam, after, before)
		}
	})
}

// Settings choose kinds, scales, ids and the responses that count. A question that does not
// exist is warned about once.
func TestRead_FeedbackFollowsItsSettings(t *testing.T) {
	insideBubble(t, func(t *testing.T) {
		p := newPartReader(t, "feedback", sandbox.Options{Seed: 79, Surveys: 4, Responses: 250, Contacts: 5, KeepSurveys: 4})
		surveys := keysOfTruth(t, p.tenant, "surveys")
		p.config["feedback"] = map[string]any{
			"questions": map[string]any{"QID18": "csat 0-20", "QID27": "review", "QID67": "skip", "QID999": "nps", surveys[0] + "/QID998": "csat", surveys[1] + "/QID997": "skip"},
			"statuses":  []string{"normal", "spam", "preview"}, "account_field": "Account Number", "author_field": "Region",
		}
		r := p.next(t)
		kinds, statuses, accounts, authors := make(map[string]int), make(map[any]int), 0, 0
		for _, row := range p.rows {
			if row["kind"] == nil {
				continue
			}
			kinds[fmt.Sprint(row["question_id"], " ", row["kind"], " ", row["rating_max"])]++
			statuses[fmt.Sprint(row["status"])]++
			if row["account_id"] != nil {
				accounts++
			}
			if row["author_id"] != nil {
				authors++
			}
		}
		if kinds["QID18 csat 20"] == 0 || kinds["QID18 nps 10"] > 0 || kinds["QID27 review <nil>"] == 0 || kinds["QID67 rating 5"] > 0 || accounts == 0 || authors == 0 {
			t.Errorf("got the questions, kinds and scales %v, %d accounts and %d authors", kinds, accounts, authors)
		}
		if statuses["0"] == 0 || statuses["1"]+statuses["8"] == 0 || statuses["2"]+statuses["4"] > 0 {
			t.Errorf("got responses of the statuses %v", statuses)
		}
		logs := strings.Join(r.logs, "\n")
		for question, says := range map[string]string{
			"QID999": "none of the surveys has whose responses this run read", "QID998": "the survey does not have", "QID997": "the survey does not have",
		} {
			if strings.Count(logs, question) != 1 || !strings.Contains(logs, says) {
				t.Errorf("the log does not say once that %s is unknown:\n%s", question, logs)
			}
		}
		if strings.Contains(logs, "QID18") {
			t.Errorf("the log names a question that exists:\n%s", logs)
		}

		// A resync replaces all rows by those of other settings.
		p.config["feedback"] = map[string]any{"questions": []string{"QID27=skip", "QID18=nps 0-10"}, "statuses": []string{"test", "imported", "normal"}}
		p.resyncAll(t)
		p.Advance(time.Hour, true)
		p.next(t)
		clear(statuses)
		for id, row := range p.rows.live(t, "feedback") {
			statuses[fmt.Sprint(row["status"])]++
			if row["question_id"] == "QID27" || row["question_id"] == "QID18" && fmt.Sprint(row["kind"], row["rating_max"]) != "nps10" {
				t.Errorf("%s counts after its setting changed: %v", id, row)
			}
		}
		if statuses["0"] == 0 || statuses["2"]+statuses["4"] == 0 || statuses["1"]+statuses["8"] > 0 {
			t.Errorf("responses of the statuses %v count", statuses)
		}
	})
}

// Where no definition may be read, each text that the truth has is there, and each NPS. No
// text is made of another value.
func TestRead_FeedbackWithoutDefinitions(t *testing.T) {
	for name, refused := range map[string][]string{
		"the definition":                {"/survey-definitions/"},
		"definition and schema refused": {"/survey-definitions/", "/response-schema"},
	} {
		t.Run(name, func(t *testing.T) {
			insideBubble(t, func(t *testing.T) {
				p := newPartReader(t, "feedback", sandbox.Options{Seed: 79, Surveys: 10, Responses: 100, Contacts: 5, KeepSurveys: 10})
				p.Intercept(func(request *http.Request) *http.Response {
					for _, path := range refused {
						if strings.Contains(request.URL.Path, path) {
							return &http.Response{StatusCode: http.StatusForbidden, Header: make(http.Header), Body: io.NopCloser(strings.NewReader("{}")), Request: request}
						}
					}
					return nil
				})
				p.next(t)
				live, found := p.rows.live(t, "feedback"), make(map[any]int)
				truth, _ := p.Truth("feedback")
				want := make(table)
				for line := range truth {
					row := make(map[string]any)
					if err := json.Unmarshal(line, &row); err != nil {
						t.Fatal(err)
					}
					want[key("feedback", row)] = row
				}
				for id, row := range want {
					kind := fmt.Sprint(row["kind"])
					got := live[id]
					if got == nil && (kind == "comment" || kind == "nps") {
						t.Errorf("%s is missing", id)
					}
					if got != nil && (got["kind"] != row["kind"] || got["text"] != row["text"] || fmt.Sprint(got["rating"]) != fmt.Sprint(row["rating"])) {
						t.Errorf("%s is %v, want %v", id, got, row)
					}
					if got != nil {
						found[kind]++
					}
				}
				for id := range live {
					if want[id] == nil {
						t.Errorf("%s is no feedback", id)
					}
				}
				if found["comment"] == 0 || found["nps"] == 0 {
					t.Errorf("found %v", found)
				}
			})
		})
	}
}
