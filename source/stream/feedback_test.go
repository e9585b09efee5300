package stream_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/birdie-ai/source-qualtrics/source/feed"
	"github.com/birdie-ai/source-qualtrics/source/feedback"
	"github.com/birdie-ai/source-qualtrics/source/qualtrics"
	"github.com/birdie-ai/source-qualtrics/source/record"
	"github.com/birdie-ai/source-qualtrics/source/response"
)

// feedbackDoc is a document of a response with these values and labels, and with the facts
// about its survey.
func feedbackDoc(values, labels string) *feed.Document {
	doc := answersDoc(values, labels)
	doc.Partition.Name = "Relationship"
	doc.Content.(*response.Response).EmbeddedData = []byte(`{"Account":"A-1","Region":"East"}`)
	doc.Survey.Known |= feed.NeedEmbeddedData | feed.NeedFeedback
	doc.Survey.Feedback = &feedback.Settings{AccountField: "Account"}
	doc.Survey.Definition.Questions = append(doc.Survey.Definition.Questions,
		qualtrics.Question{ID: "QID18", ExportTag: pointer("Q18"), Type: pointer("MC"), Selector: pointer("NPS"), Text: pointer("Likely?")},
		qualtrics.Question{ID: "QID27", ExportTag: pointer("Q27"), Type: pointer("TE"), Selector: pointer("ML"), Text: pointer("<b>Why?</b>")},
		qualtrics.Question{
			ID: "QID5", ExportTag: pointer("Q5"), Type: pointer("Matrix"), Selector: pointer("TE"), Text: pointer("Tell us"),
			Choices: []qualtrics.Choice{{Kind: qualtrics.PlainChoice, ID: "1", Display: pointer("Row")}, {Kind: qualtrics.AnswerChoice, ID: "2", Display: pointer("Column")}},
		})
	return doc
}

func TestProject_FeedbackFillsItsColumns(t *testing.T) {
	t.Parallel()
	doc := feedbackDoc(`{"QID18":9,"QID27_TEXT":"so\nso","QID5_1_2":"cell"}`, `{"QID18":"9 - likely"}`)
	got, changes := rowsOf(t, "feedback", doc)
	for i, row := range got {
		if changes[i] != nil {
			t.Errorf("row %d has the changes %v", i, changes[i])
		}
		for column, want := range map[string]string{
			"survey_id": `"SV_1"`, "response_id": `"R_1"`, "last_modified_date": `"2024-08-01T09:12:45.310Z"`, "posted_at": `"2024-07-08T16:00:23.994Z"`,
			"survey_title": `"Relationship"`, "account_id": `"A-1"`,
		} {
			if row[column] != want {
				t.Errorf("%s of row %d is %s, want %s", column, i, row[column], want)
			}
			delete(row, column)
		}
		for _, column := range []string{"response_version", "author_id", "language", "channel", "status"} {
			if row[column] == "" {
				t.Errorf("row %d has no %s", i, column)
			}
			delete(row, column)
		}
	}
	want := []map[string]string{
		{
			"feedback_key": `"QID18"`, "feedback_id": `"SV_1/R_1/QID18"`, "kind": `"nps"`, "certainty": `"recorded"`, "rating": `9`, "rating_min": `0`, "rating_max": `10`,
			"rating_label": `"9 - likely"`, "question_id": `"QID18"`, "question_tag": `"Q18"`, "question_text": `"Likely?"`,
			"additional_fields": `{"Q27":"so\nso","Q5_1_2":"cell","Account":"A-1","Region":"East"}`,
		},
		{
			"feedback_key": `"QID27_TEXT"`, "feedback_id": `"SV_1/R_1/QID27_TEXT"`, "kind": `"comment"`, "certainty": `"recorded"`, "text": `"so\nso"`,
			"question_id": `"QID27"`, "question_tag": `"Q27"`, "question_text": `"Why?"`, "additional_fields": `{"Q18":"9 - likely","Q5_1_2":"cell","Account":"A-1","Region":"East"}`,
		},
		{
			"feedback_key": `"QID5_1_2"`, "feedback_id": `"SV_1/R_1/QID5_1_2"`, "kind": `"comment"`, "certainty": `"recorded"`, "text": `"cell"`, "title": `"Row - Column"`,
			"question_id": `"QID5"`, "question_tag": `"Q5"`, "question_text": `"Tell us"`, "additional_fields": `{"Q18":"9 - likely","Q27":"so\nso","Account":"A-1","Region":"East"}`,
		},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

// A deleted response, one without feedback, and one that does not count have one row with the
// key of a marker. Only that of a deleted one has its version.
func TestProject_FeedbackHasMarkers(t *testing.T) {
	t.Parallel()
	of := func(status, finished string) *feed.Document {
		doc := feedbackDoc(`{"QID27_TEXT":"so"}`, `{}`)
		metadata := &doc.Content.(*response.Response).Metadata
		metadata[response.Status], metadata[response.Finished] = []byte(status), []byte(finished)
		return doc
	}
	for name, test := range map[string]struct {
		doc  *feed.Document
		want string // key
	}{
		"a finished response":         {of(`0`, `1`), `"QID27_TEXT"`},
		"an imported response":        {of(`4`, `1`), `"QID27_TEXT"`},
		"a response without a status": {of(`null`, `null`), `"QID27_TEXT"`},
		"a preview":                   {of(`1`, `1`), `"*"`},
		"a test":                      {of(`2`, `1`), `"*"`},
		"spam":                        {of(`12`, `1`), `"*"`},
		"an unfinished session":       {of(`0`, `0`), `"*"`},
		"a response without feedback": {feedbackDoc(`{"QID9":3}`, `{}`), `"*"`},
	} {
		rows, _ := rowsOf(t, "feedback", test.doc)
		if len(rows) != 1 || rows[0]["feedback_key"] != test.want || rows[0]["response_version"] == `"deleted"` || (rows[0]["kind"] == "") != (test.want == `"*"`) {
			t.Errorf("%s has the rows %v", name, rows)
		}
	}
	rows, changes := rowsOf(t, "feedback", &feed.Document{Partition: feed.Partition{Key: "SV_1"}, ID: "R_1", DeletedAt: readAt, ReadAt: readAt})
	at := `"2026-03-04T05:06:07Z"`
	want := []map[string]string{{
		"survey_id": `"SV_1"`, "response_id": `"R_1"`, "feedback_key": `"*"`, "feedback_id": `"SV_1/R_1/*"`, "last_modified_date": at, "response_version": `"deleted"`, "deleted_at": at,
	}}
	if diff := cmp.Diff(want, rows); diff != "" {
		t.Errorf("a deleted response (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff([]record.Change{record.Invent("last_modified_date", record.FoundDeleted)}, changes[0]); diff != "" {
		t.Errorf("changes of a deleted response (-want +got):\n%s", diff)
	}
	doc := feedbackDoc(`{}`, `{}`)
	doc.Content = 7
	if rows, err := byName(t, "feedback").Projector(record.Format{}).Rows(doc); err == nil {
		t.Errorf("a document with other content has the rows %v", rows)
	}
}

// A value that does not fit is null and reported, and stays in additional_fields.
func TestProject_FeedbackReportsChanges(t *testing.T) {
	t.Parallel()
	change := func(doc *feed.Document, change func(*response.Response)) *feed.Document {
		change(doc.Content.(*response.Response))
		return doc
	}
	for name, test := range map[string]struct {
		doc    *feed.Document
		want   []record.Change
		others string
	}{
		"a score that is no number": {
			feedbackDoc(`{"QID18":"many"}`, `{}`),
			[]record.Change{record.Null("rating")},
			`{"Q18":"many","Account":"A-1","Region":"East"}`,
		},
		"a score outside its scale": {
			feedbackDoc(`{"QID18":11}`, `{}`),
			[]record.Change{record.Null("rating")},
			`{"Q18":11,"Account":"A-1","Region":"East"}`,
		},
		"a status that is no number": {
			change(feedbackDoc(`{"QID18":1}`, `{}`), func(r *response.Response) { r.Metadata[response.Status] = []byte(`"odd"`) }),
			[]record.Change{record.Null("status")},
			`{"Account":"A-1","Region":"East"}`,
		},
		"a text that was too long": {
			change(feedbackDoc(`{"QID27_TEXT":null}`, `{}`), func(r *response.Response) { r.Shortened = true }),
			[]record.Change{record.Shorten("text")},
			`{"Account":"A-1","Region":"East"}`,
		},
		"another text that was too long": {
			change(feedbackDoc(`{"QID18":1,"QID9_TEXT":null}`, `{}`), func(r *response.Response) { r.Shortened = true }),
			[]record.Change{record.Shorten("additional_fields")},
			`{"QID9_TEXT":null,"Account":"A-1","Region":"East"}`,
		},
		"a repaired text": {
			change(feedbackDoc("{\"QID27_TEXT\":\"a\ufffd\"}", `{}`), func(r *response.Response) { r.Repaired = true }),
			[]record.Change{record.Repair("text")},
			`{"Account":"A-1","Region":"East"}`,
		},
		"a repaired label": {
			change(feedbackDoc(`{"QID18":1,"QID9":1}`, "{\"QID9\":\"a\ufffd\"}"), func(r *response.Response) { r.Repaired = true }),
			[]record.Change{record.Repair("additional_fields")},
			"{\"QID9\":\"a\ufffd\",\"Account\":\"A-1\",\"Region\":\"East\"}",
		},
		"a key that came twice": {
			change(feedbackDoc(`{"QID27_TEXT_dup":"so"}`, `{}`), func(r *response.Response) { r.Renamed = []string{"answer_values"} }),
			[]record.Change{record.Rename("feedback_key"), record.Rename("additional_fields")},
			`{"Account":"A-1","Region":"East"}`,
		},
	} {
		rows, changes := rowsOf(t, "feedback", test.doc)
		if test.want[0] == record.Shorten("additional_fields") {
			rows, changes = rows[:1], changes[:1] // the short text has a row, too
		}
		if len(rows) != 1 || !slices.Equal(changes[0], test.want) || rows[0]["additional_fields"] != test.others {
			t.Errorf("%s: got the rows %v with the changes %v, want %v and %s", name, rows, changes, test.want, test.others)
		}
	}
}

// The author is the external reference, or the embedded data that the settings name.
func TestProject_FeedbackHasAnAuthor(t *testing.T) {
	t.Parallel()
	for field, want := range map[string]string{"": `"ref-1"`, "Region": `"East"`, "region": ""} {
		doc := feedbackDoc(`{"QID18":1}`, `{}`)
		doc.Content.(*response.Response).Metadata[response.ExternalDataReference] = []byte(`"ref-1"`)
		doc.Survey.Feedback = &feedback.Settings{AuthorField: field}
		if rows, _ := rowsOf(t, "feedback", doc); rows[0]["author_id"] != want || rows[0]["account_id"] != "" {
			t.Errorf("with the author field %q: got %s, want %s", field, rows[0]["author_id"], want)
		}
	}
}

// Without facts about the survey, texts and the score of an NPS are found.
func TestProject_FeedbackWithoutFacts(t *testing.T) {
	t.Parallel()
	const refused = feed.NeedDefinition | feed.NeedSchema | feed.NeedEmbeddedData
	for _, facts := range []*feed.SurveyFacts{nil, {Refused: refused}, {Known: feed.NeedFeedback, Refused: refused}} {
		doc := feedbackDoc(`{"QID18":9,"QID18_NPS_GROUP":3,"QID27_TEXT":"so","QID10_1":"Quito","QID6_1":2}`, `{}`)
		doc.Survey = facts
		rows, _ := rowsOf(t, "feedback", doc)
		var keys []string
		for _, row := range rows {
			keys = append(keys, row["feedback_key"]+row["kind"])
		}
		if got, want := strings.Join(keys, " "), `"QID18""nps" "QID27_TEXT""comment" "QID10_1""comment"`; got != want {
			t.Errorf("with the facts %+v: got %s, want %s", facts, got, want)
		}
	}
}
