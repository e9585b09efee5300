package stream_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/birdie-ai/source-qualtrics/source/feed"
	"github.com/birdie-ai/source-qualtrics/source/qualtrics"
	"github.com/birdie-ai/source-qualtrics/source/record"
	"github.com/birdie-ai/source-qualtrics/source/response"
)

// filesDoc is a document of a response with these values, to a survey with a signature.
func filesDoc(values string) *feed.Document {
	doc := answersDoc(values, `{}`)
	doc.Survey.Definition.Questions = []qualtrics.Question{
		{ID: "QID24", ExportTag: pointer("Q24"), Type: pointer("Draw"), Selector: pointer("Signature"), Text: pointer("<b>Sign</b>")},
	}
	return doc
}

// The four value keys of a file are one row, also in loops. Other answers are no files.
func TestProject_FilesAreOneRowForTheirKeys(t *testing.T) {
	t.Parallel()
	doc := filesDoc(`{"QID23_FILE_ID":"F_1","QID24_FILE_SIZE":"1024","QID23_FILE_NAME":"../a b.png","QID24_FILE_ID":"F_2","QID23_FILE_SIZE":7,` +
		`"2_QID23_FILE_ID":"F_3","QID23_FILE_TYPE":"image/png","QID25_FILE_ID":null,"QID26_FILE_NAME":"","QID1":3,"QID27_FILE_NAME":"only.txt"}`)
	got, changes := rowsOf(t, "response_files", doc)
	headsOf(t, doc, got, changes, `"2024-08-01T09:12:45.310Z"`, `"2024-07-08T16:00:23.994Z"`)
	want := []map[string]string{
		{
			"file_key": `"QID23"`, "kind": `"file"`, "question_id": `"QID23"`, "file_id": `"F_1"`, "file_name": `"../a b.png"`,
			"file_size": `7`, "file_type": `"image/png"`,
		},
		{
			"file_key": `"QID24"`, "kind": `"signature"`, "question_id": `"QID24"`, "question_tag": `"Q24"`, "question_text": `"Sign"`,
			"file_id": `"F_2"`, "file_size": `1024`,
		},
		{"file_key": `"2_QID23"`, "kind": `"file"`, "question_id": `"QID23"`, "loop_id": `"2"`, "file_id": `"F_3"`},
		{"file_key": `"QID27"`, "kind": `"file"`, "question_id": `"QID27"`, "file_name": `"only.txt"`},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

// A response without files, and a deleted one, have one row with the key of a marker.
func TestProject_FilesHaveMarkers(t *testing.T) {
	t.Parallel()
	rows, _ := rowsOf(t, "response_files", filesDoc(`{"QID1":3}`))
	if len(rows) != 1 || rows[0]["file_key"] != `"*"` || rows[0]["kind"] != "" || rows[0]["response_version"] == `"deleted"` {
		t.Errorf("a response without files has the rows %v", rows)
	}
	rows, _ = rowsOf(t, "response_files", &feed.Document{Partition: feed.Partition{Key: "SV_1"}, ID: "R_1", DeletedAt: readAt, ReadAt: readAt})
	at := `"2026-03-04T05:06:07Z"`
	want := []map[string]string{{
		"survey_id": `"SV_1"`, "response_id": `"R_1"`, "file_key": `"*"`, "last_modified_date": at, "response_version": `"deleted"`, "deleted_at": at,
	}}
	if diff := cmp.Diff(want, rows); diff != "" {
		t.Errorf("a deleted response (-want +got):\n%s", diff)
	}
	doc := filesDoc(`{}`)
	doc.Content = 7
	if rows, err := byName(t, "response_files").Projector(record.Format{}).Rows(doc); err == nil {
		t.Errorf("a document without a response has the rows %v", rows)
	}
}

// A size that is no number is null, and the row says so. Without facts about the survey, a
// signature is a file.
func TestProject_FilesWithOddValues(t *testing.T) {
	t.Parallel()
	doc := filesDoc(`{"QID23_FILE_ID":"F_1","QID23_FILE_SIZE":"big","QID24_FILE_ID":8,"QID24_FILE_NAME":"` + "a\ufffd" + `"}`)
	doc.Content.(*response.Response).Repaired = true
	doc.Survey = nil
	got, changes := rowsOf(t, "response_files", doc)
	if len(got) != 2 || got[0]["file_size"] != "" || got[1]["file_id"] != `"8"` || got[1]["kind"] != `"file"` {
		t.Fatalf("got %v", got)
	}
	if diff := cmp.Diff([][]record.Change{{record.Null("file_size")}, {record.Repair("file_name")}}, changes); diff != "" {
		t.Errorf("changes (-want +got):\n%s", diff)
	}
}
