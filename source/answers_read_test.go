package source_test

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/birdie-ai/source-qualtrics/integration_tests/thorough"
	"github.com/birdie-ai/source-qualtrics/source/record"
	"github.com/birdie-ai/source-qualtrics/source/sandbox"
)

// answerRows are all rows of answers that a destination got, in order.
type answerRows []map[string]any

// live returns the answers that count, by the rule for readers of the table. Of each response
// they have the version of the row with the greatest date, of equal dates of the last one.
func (rows answerRows) live(t *testing.T) table {
	t.Helper()
	type newest struct {
		at      time.Time
		version any
	}
	responses := make(map[string]newest)
	of := func(row map[string]any) string { return fmt.Sprint(row["survey_id"], "/", row["response_id"]) }
	for _, row := range rows {
		at, err := time.Parse(time.RFC3339Nano, fmt.Sprint(row["last_modified_date"]))
		if err != nil {
			t.Fatal(err)
		}
		if held, ok := responses[of(row)]; !ok || !at.Before(held.at) {
			responses[of(row)] = newest{at, row["response_version"]}
		}
	}
	live := make(table)
	for _, row := range rows {
		if responses[of(row)].version == row["response_version"] && row["answer_key"] != record.MarkerKey {
			live[key("answers", row)] = row
		}
	}
	return live
}

// ofDefinition are the columns that come from the survey's definition: they are as of the
// read of the response.
var ofDefinition = []string{
	"kind", "question_tag", "question_type", "selector", "question_text", "sub_question_text", "column_text", "cell_text", "group_text", "choice_id", "choice_text",
}

// The answers equal the truth after edits and deletions of responses, and after edits of
// surveys.
func TestRead_AnswersEqualTheTruth(t *testing.T) {
	insideBubble(t, func(t *testing.T) {
		tn := newTenant(t, sandbox.Options{Seed: 77, Surveys: 10, Responses: thorough.Number(500, 60), Contacts: 5, KeepSurveys: 10})
		tn.config["deletions"] = map[string]any{"mode": "reconcile", "audit_days": 1}
		tn.Advance(time.Hour, true)
		surveys := keysOfTruth(t, tn, "surveys")
		var (
			rows  answerRows
			state []byte
		)
		read := func() {
			t.Helper()
			r := tn.readComplete(t, state, "answers")
			rows, state = append(rows, r.records["answers"]...), r.states
		}
		compare := func(after string, ignored ...string) {
			t.Helper()
			tn.ignored, tn.equal = ignored, nil
			tn.exactTruth(t, map[string]table{"answers": rows.live(t)}, "answers")
			if t.Failed() {
				t.Fatal("after " + after)
			}
		}
		read()
		compare("the first read")

		for _, survey := range surveys {
			tn.DeleteResponses(survey, 3)
			tn.EmptyResponses(survey, 2)
		}
		tn.SetActivity(2, 0, 0)
		tn.Advance(2*24*time.Hour, false)
		tn.SetActivity(0, 0, 0)
		for range 5 {
			tn.Advance(20*time.Minute, true)
			read()
		}
		compare("edits, deletions and new responses", ofDefinition...)
		deleted := slices.ContainsFunc(rows, func(row map[string]any) bool { return row["response_version"] == record.DeletedVersion })
		if live := rows.live(t); len(live) >= len(rows) || !deleted {
			t.Errorf("%d of %d rows count, and one of a deleted response came: %t", len(live), len(rows), deleted)
		}

		questions := make(map[string]int)
		for _, row := range rows.live(t) {
			questions[fmt.Sprint(row["question_id"], " ", row["survey_id"])]++
		}
		for number, question := range slices.Sorted(maps.Keys(questions)) {
			id, survey, _ := strings.Cut(question, " ")
			switch number % 5 {
			case 0:
				tn.RewordQuestion(survey, id, "<p>Now&nbsp;<b>something</b> else &amp; more</p>")
			case 1:
				tn.RewordChoice(survey, id, sandbox.KindChoice, "1", "Another <em>choice</em>")
				tn.RewordChoice(survey, id, sandbox.KindAnswer, "2", "Another answer")
			case 2:
				tn.RemoveChoice(survey, id, sandbox.KindChoice, "1")
				tn.AddChoice(survey, id, sandbox.KindAnswer, "Added")
			case 3:
				tn.TrashQuestion(survey, id)
			case 4:
				tn.RemoveQuestion(survey, id)
			}
		}
		tn.Advance(time.Hour, true)
		read()
		compare("edits of surveys", ofDefinition...)
		rows, state = nil, nil
		read()
		compare("edits of surveys, and a first read")
		texts := make(map[string]bool)
		for _, row := range rows {
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
