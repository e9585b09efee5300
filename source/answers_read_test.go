package source_test

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/birdie-ai/source-qualtrics/integration_tests/thorough"
	"github.com/birdie-ai/source-qualtrics/source/sandbox"
)

// ofDefinition are the columns that come from the survey's definition: they are as of the
// read of the response.
var ofDefinition = []string{
	"kind", "question_tag", "question_type", "selector", "question_text", "sub_question_text", "column_text", "cell_text", "group_text", "choice_id", "choice_text",
}

// Text iQ moves no modified date. Its results are found if the next read goes back to the
// response, else by a resync.
func TestRead_ResultsOfTextIQThatComeLater(t *testing.T) {
	for name, test := range map[string]struct {
		lookback int
		found    bool // without a resync
	}{
		"after the look-back":  {15, false},
		"within the look-back": {1440, true},
	} {
		t.Run(name, func(t *testing.T) {
			insideBubble(t, func(t *testing.T) {
				p := newPartReader(t, "answers", sandbox.Options{Seed: 79, Surveys: 3, Responses: 30, Contacts: 5, Doubt: sandbox.Doubt{TopicsAfter: 6 * time.Hour}})
				p.config["lookback_minutes"] = test.lookback
				p.SetActivity(4, 0, 0)
				p.Advance(2*time.Hour, false)
				p.SetActivity(0, 0, 0)
				p.Advance(20*time.Minute, true)
				p.next(t)
				p.compare(t, "the first read")
				results := func() (n int) {
					for _, row := range p.rows.live(t, "answers") {
						if row["detail"] == "SenPol" {
							n++
						}
					}
					return n
				}
				early := results()
				for range 8 {
					p.Advance(time.Hour, true)
					p.next(t)
				}
				if late := results(); (late > early) != test.found {
					t.Errorf("%d results of Text iQ came, and %d later", early, late-early)
				}
				p.resyncAll(t)
				p.next(t)
				if p.compare(t, "a resync"); results() <= early {
					t.Errorf("%d results of Text iQ came, none of them later", early)
				}
			})
		})
	}
}

// The answers equal the truth after edits and deletions of responses, and after edits of
// surveys.
func TestRead_AnswersEqualTheTruth(t *testing.T) {
	insideBubble(t, func(t *testing.T) {
		p := newPartReader(t, "answers", sandbox.Options{Seed: 77, Surveys: 10, Responses: thorough.Number(150, 25), Contacts: 5, KeepSurveys: 10})
		p.next(t)
		p.compare(t, "the first read")
		p.change(t)
		p.compare(t, "edits, deletions and new responses", ofDefinition...)

		questions := make(map[string]int)
		for _, row := range p.rows.live(t, "answers") {
			questions[fmt.Sprint(row["question_id"], " ", row["survey_id"])]++
		}
		for number, question := range slices.Sorted(maps.Keys(questions)) {
			id, survey, _ := strings.Cut(question, " ")
			switch number % 5 {
			case 0:
				p.RewordQuestion(survey, id, "<p>Now&nbsp;<b>something</b> else &amp; more</p>")
			case 1:
				p.RewordChoice(survey, id, sandbox.KindChoice, "1", "Another <em>choice</em>")
				p.RewordChoice(survey, id, sandbox.KindAnswer, "2", "Another answer")
			case 2:
				p.RemoveChoice(survey, id, sandbox.KindChoice, "1")
				p.AddChoice(survey, id, sandbox.KindAnswer, "Added")
			case 3:
				p.TrashQuestion(survey, id)
			case 4:
				p.RemoveQuestion(survey, id)
			}
		}
		p.Advance(time.Hour, true)
		p.next(t)
		p.compare(t, "edits of surveys", ofDefinition...)
		p.rows, p.state = nil, nil
		p.next(t)
		p.compare(t, "edits of surveys, and a first read")
		texts := make(map[string]bool)
		for _, row := range p.rows {
			for _, column := range []string{"question_text", "sub_question_text", "cell_text"} {
				texts[fmt.Sprint(row[column])] = true
			}
		}
		for _, text := range []string{"Now something else & more", "Another choice", "Another answer"} {
			if !texts[text] {
				t.Errorf("no answer has the new text %q", text)
			}
		}
	})
}
