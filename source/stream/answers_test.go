package stream_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/birdie-ai/source-qualtrics/source/feed"
	"github.com/birdie-ai/source-qualtrics/source/qualtrics"
	"github.com/birdie-ai/source-qualtrics/source/record"
	"github.com/birdie-ai/source-qualtrics/source/response"
)

// answersDoc is a document of a response with these values and labels, and with the facts
// about its survey.
func answersDoc(values, labels string) *feed.Document {
	question := qualtrics.Question{
		ID: "QID6", ExportTag: pointer("Q6"), Type: pointer("Matrix"), Selector: pointer("Likert"), Text: pointer("<b>Agree?</b>"),
		Choices: []qualtrics.Choice{
			{Kind: qualtrics.PlainChoice, ID: "1", Display: pointer("Fast")},
			{Kind: qualtrics.AnswerChoice, ID: "2", Recode: pointer("10"), Display: pointer("Yes")},
		},
	}
	content := fullResponse()
	content.Answers, content.Labels = []byte(values), []byte(labels)
	return &feed.Document{
		Partition: feed.Partition{Key: "SV_1"}, ID: "R_1", ReadAt: readAt, Content: content,
		Survey: &feed.SurveyFacts{
			Known:      feed.NeedDefinition | feed.NeedSchema,
			Definition: qualtrics.SurveyDefinition{Questions: []qualtrics.Question{question}},
			Schema: map[string]qualtrics.Property{
				"1_QID6_1": {ExportTag: "1_Q6_1", QuestionTag: "Q6", QuestionID: "QID6"}, "QID7_TEXT": {Format: "date-time"},
			},
		},
	}
}

func TestProject_AnswersFillTheirColumns(t *testing.T) {
	t.Parallel()
	doc := answersDoc(`{"1_QID6_1":10.0,"QID36":["1","7"],"QID7_TEXT":"2026-01-15T12:00:00Z","QID64_G0_13_RANK":2,"QID1_10_TEXT":"own","QID9":false,`+
		`"QID8#1_2_3":"x","QID23_FILE_NAME":"a.png","SC_1":-3.25,"QID1_TEXT_72a02c576fa44110b0c20aa9Topics":["Price"],"new":{"a":1},"QID5":null}`, `{"QID36":["Ropes","Other"]}`)
	got, changes := rowsOf(t, "answers", doc)
	headsOf(t, doc, got, changes, `"2024-08-01T09:12:45.310Z"`, `"2024-07-08T16:00:23.994Z"`)
	want := []map[string]string{
		{
			"answer_key": `"1_QID6_1"`, "value_key": `"1_QID6_1"`, "kind": `"value"`, "certainty": `"recorded"`, "question_id": `"QID6"`, "question_tag": `"Q6"`,
			"question_type": `"Matrix"`, "selector": `"Likert"`, "question_text": `"Agree?"`, "loop_id": `"1"`, "sub_question_id": `"1"`, "sub_question_text": `"Fast"`,
			"choice_id": `"2"`, "choice_text": `"Yes"`, "choice_text_source": `"definition"`, "recode": `"10"`, "export_tag": `"1_Q6_1"`, "value_text": `"10.0"`, "value_number": `10.0`,
		},
		{
			"answer_key": `"QID36/1"`, "value_key": `"QID36"`, "kind": `"value"`, "certainty": `"assumed"`, "question_id": `"QID36"`, "choice_text": `"Ropes"`,
			"choice_text_source": `"record"`, "recode": `"1"`, "position": `1`, "value_text": `"1"`,
		},
		{
			"answer_key": `"QID36/7"`, "value_key": `"QID36"`, "kind": `"value"`, "certainty": `"assumed"`, "question_id": `"QID36"`, "choice_text": `"Other"`,
			"choice_text_source": `"record"`, "recode": `"7"`, "position": `2`, "value_text": `"7"`,
		},
		{
			"answer_key": `"QID7_TEXT"`, "value_key": `"QID7_TEXT"`, "kind": `"text"`, "certainty": `"recorded"`, "question_id": `"QID7"`,
			"value_text": `"2026-01-15T12:00:00Z"`, "value_date": `"2026-01-15T12:00:00Z"`,
		},
		{
			"answer_key": `"QID64_G0_13_RANK"`, "value_key": `"QID64_G0_13_RANK"`, "kind": `"rank"`, "certainty": `"recorded"`, "question_id": `"QID64"`,
			"sub_question_id": `"13"`, "group_id": `"0"`, "rank_position": `2`, "value_text": `"2"`, "value_number": `2`,
		},
		{
			"answer_key": `"QID1_10_TEXT"`, "value_key": `"QID1_10_TEXT"`, "kind": `"text_entry"`, "certainty": `"assumed"`, "question_id": `"QID1"`,
			"choice_id": `"10"`, "value_text": `"own"`, "is_text_entry": `true`,
		},
		{"answer_key": `"QID9"`, "value_key": `"QID9"`, "kind": `"value"`, "certainty": `"assumed"`, "question_id": `"QID9"`, "value_text": `"false"`, "value_boolean": `false`},
		{
			"answer_key": `"QID8#1_2_3"`, "value_key": `"QID8#1_2_3"`, "kind": `"value"`, "certainty": `"assumed"`, "question_id": `"QID8"`,
			"column_id": `"1"`, "sub_question_id": `"2"`, "cell_id": `"3"`, "value_text": `"x"`,
		},
		{"answer_key": `"QID23_FILE_NAME"`, "value_key": `"QID23_FILE_NAME"`, "kind": `"file"`, "certainty": `"client"`, "question_id": `"QID23"`, "detail": `"FILE_NAME"`, "value_text": `"a.png"`},
		{"answer_key": `"SC_1"`, "value_key": `"SC_1"`, "kind": `"score"`, "certainty": `"client"`, "object_id": `"SC_1"`, "value_text": `"-3.25"`, "value_number": `-3.25`},
		{
			"answer_key": `"QID1_TEXT_72a02c576fa44110b0c20aa9Topics/Price"`, "value_key": `"QID1_TEXT_72a02c576fa44110b0c20aa9Topics"`, "kind": `"topic"`, "certainty": `"recorded"`,
			"question_id": `"QID1"`, "detail": `"Topics"`, "model_id": `"72a02c576fa44110b0c20aa9"`, "position": `1`, "value_text": `"Price"`,
		},
		{"answer_key": `"new"`, "value_key": `"new"`, "kind": `"unknown"`, "certainty": `"none"`, "value_text": `"{\"a\":1}"`},
		{"answer_key": `"QID5"`, "value_key": `"QID5"`, "kind": `"value"`, "certainty": `"assumed"`, "question_id": `"QID5"`},
	}
	for _, row := range want {
		if row["is_text_entry"] == "" {
			row["is_text_entry"] = "false"
		}
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

// A response without answers, and a deleted one, have one row with the key of a marker.
func TestProject_AnswersHaveMarkers(t *testing.T) {
	t.Parallel()
	rows, _ := rowsOf(t, "answers", answersDoc(`{}`, `{}`))
	if len(rows) != 1 || rows[0]["answer_key"] != `"*"` || rows[0]["kind"] != "" || rows[0]["response_version"] == `"deleted"` {
		t.Errorf("a response without answers has the rows %v", rows)
	}
	rows, changes := rowsOf(t, "answers", &feed.Document{Partition: feed.Partition{Key: "SV_1"}, ID: "R_1", DeletedAt: readAt, ReadAt: readAt})
	at := `"2026-03-04T05:06:07Z"`
	want := []map[string]string{{
		"survey_id": `"SV_1"`, "response_id": `"R_1"`, "answer_key": `"*"`, "last_modified_date": at, "response_version": `"deleted"`, "deleted_at": at,
	}}
	if diff := cmp.Diff(want, rows); diff != "" {
		t.Errorf("a deleted response (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff([]record.Change{record.Invent("last_modified_date", record.FoundDeleted)}, changes[0]); diff != "" {
		t.Errorf("changes of a deleted response (-want +got):\n%s", diff)
	}
	for _, content := range []any{nil, 7} {
		doc := answersDoc(`{}`, `{}`)
		doc.Content = content
		if rows, err := byName(t, "answers").Projector(record.Format{}).Rows(doc); err == nil {
			t.Errorf("a document with the content %v has the rows %v", content, rows)
		}
	}
}

// Odd keys give rows whose keys differ and are never those of a marker, in each format.
func TestProject_AnswersOfOddKeys(t *testing.T) {
	t.Parallel()
	doc := answersDoc("{\"*\":1,\"\":2,\"a/b\":3,\"a\":[\"b\",\"b\",\"*\"],\"x\\u0000\":4,\"x\ufffd\":5,\"QID1_dup\":6}", `{"z":"label"}`)
	got := doc.Content.(*response.Response)
	got.Renamed, got.Repaired, got.Shortened = []string{"answer_values"}, true, true
	var keys []string
	for _, format := range []record.Format{{}, {NUL: true}} {
		rows, err := byName(t, "answers").Projector(format).Rows(doc)
		if err != nil {
			t.Fatal(err)
		}
		keys = nil
		for _, row := range rows {
			keys = append(keys, row.Cell(2).(string))
		}
	}
	if want := "/* / a//b a/b a/#2 a/#3 x/! x\ufffd QID1_dup z"; strings.Join(keys, " ") != want {
		t.Errorf("got the keys %q, want %q", strings.Join(keys, " "), want)
	}
	_, changes := rowsOf(t, "answers", doc)
	if diff := cmp.Diff([]record.Change{record.Repair("value_key")}, changes[7]); diff != "" {
		t.Errorf("changes of a repaired key (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff([]record.Change{record.Rename("value_key")}, changes[8]); diff != "" {
		t.Errorf("changes of a repeated key (-want +got):\n%s", diff)
	}
	doc = answersDoc(`{"QID1_TEXT":null,"QID64_G0_1_RANK":"first"}`, `{}`)
	doc.Content.(*response.Response).Shortened = true
	if _, changes := rowsOf(t, "answers", doc); len(changes) != 2 || !slices.Equal(changes[0], []record.Change{record.Shorten("value_text")}) ||
		!slices.Equal(changes[1], []record.Change{record.Null("rank_position")}) {
		t.Errorf("a shortened text and a rank that is no number have the changes %v", changes)
	}
}

// A value key that comes twice in a record has another name, and its row reports that.
func TestProject_AnswersOfARepeatedKeyAreRenamed(t *testing.T) {
	t.Parallel()
	doc := answersDoc(`{}`, `{}`)
	doc.Content = parsed(t, `{"responseId":"R_1","values":{"_lastModifiedDate":"2026-01-15T12:00:00Z","QID1":1,"QID1":2}}`)
	rows, changes := rowsOf(t, "answers", doc)
	if len(rows) != 2 || rows[1]["value_key"] != `"QID1_dup"` || changes[0] != nil || !slices.Equal(changes[1], []record.Change{record.Rename("value_key")}) {
		t.Errorf("got the rows %v with the changes %v", rows, changes)
	}
}

// Without facts about the survey, answers have the labels of the record only.
func TestProject_AnswersWithoutFacts(t *testing.T) {
	t.Parallel()
	for _, facts := range []*feed.SurveyFacts{nil, {Refused: feed.NeedDefinition | feed.NeedSchema}} {
		doc := answersDoc(`{"QID6_1":10,"QID1":5}`, `{"QID1":"Product"}`)
		doc.Survey = facts
		rows, _ := rowsOf(t, "answers", doc)
		if len(rows) != 2 || rows[0]["choice_text"] != "" || rows[0]["sub_question_id"] != `"1"` || rows[1]["choice_text"] != `"Product"` {
			t.Errorf("with the facts %+v: got the rows %v", facts, rows)
		}
	}
}

// Users have to name the stream, because it repeats the answers of responses.
func TestAnswers_AreReadOnRequest(t *testing.T) {
	t.Parallel()
	for name, want := range map[string]bool{"answers": true, "responses": false} {
		s := byName(t, name)
		info, err := s.Info()
		if err != nil || s.OnRequest() != want || info.OnRequest != want {
			t.Errorf("%s is read on request: %t and %t, want %t; %v", name, s.OnRequest(), info.OnRequest, want, err)
		}
	}
}
