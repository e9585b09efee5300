package stream_test

import (
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/birdie-ai/source-qualtrics/source/feed"
	"github.com/birdie-ai/source-qualtrics/source/qualtrics"
	"github.com/birdie-ai/source-qualtrics/source/record"
	"github.com/birdie-ai/source-qualtrics/source/response"
	"github.com/birdie-ai/source-qualtrics/source/stream"
)

// wideStream is a stream with a column of each kind.
func wideStream(t *testing.T) *stream.Stream {
	t.Helper()
	s, err := stream.Wide("responses_wide__sv_1", stream.WideColumns(map[string]qualtrics.Property{
		"QID1": {Type: "string"}, "QID2": {Type: "number"}, "QID3": {Type: "boolean"}, "QID4": {Type: "string", Format: "date-time"},
		"QID5": {Type: "array"}, "QID6": {Type: "object"},
	}, false))
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// wideRow is the row of a document: its columns that are not null, and its changes.
func wideRow(t *testing.T, s *stream.Stream, doc *feed.Document) (map[string]string, []record.Change) {
	t.Helper()
	rows, err := s.Projector(record.Format{NUL: true}).Rows(doc)
	if err != nil || len(rows) != 1 {
		t.Fatalf("got %d rows, %v, want one", len(rows), err)
	}
	return textsOf(t, s, rows[0]), rows[0].Changes
}

// uninvented leaves out that a test's response has no date.
func uninvented(changes []record.Change) (others []record.Change) {
	for _, change := range changes {
		if change.Kind != record.Invented {
			others = append(others, change)
		}
	}
	return others
}

func wideDocument(t *testing.T, values string) *feed.Document {
	t.Helper()
	got := parsed(t, `{"responseId":"R_1","values":{`+values+`}}`, "Country")
	return &feed.Document{Partition: feed.Partition{Key: "SV_1"}, ID: "R_1", ReadAt: readAt, Content: got}
}

func TestWide_AValueThatDoesNotFitIsNullAndAChange(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		values string
		want   map[string]string
		unfit  []string
	}{
		"values of their kinds": {
			values: `"QID1":"text","QID2":4.0,"QID3":true,"QID4":"2026-01-02T03:04:05Z","QID5":["1","2"],"QID6":{"x":1},"Country":"DE"`,
			want: map[string]string{
				"qid1": `"text"`, "qid2": `4.0`, "qid3": `true`, "qid4": `"2026-01-02T03:04:05Z"`, "qid5": `["1","2"]`, "qid6": `{"x":1}`, "embedded_data": `{"Country":"DE"}`,
			},
		},
		"texts of numbers and truth values": {values: `"QID1":7,"QID2":"5","QID3":"false"`, want: map[string]string{"qid1": `"7"`, "qid2": `5`, "qid3": `false`}},
		"a list in a column of text":        {values: `"QID1":["a",{"b":1}]`, want: map[string]string{"qid1": `"[\"a\",{\"b\":1}]"`}},
		"nothing":                           {values: `"QID1":"","QID2":"","QID3":null,"QID5":[],"QID6":[]`, want: map[string]string{"qid1": `""`, "qid5": `[]`}},
		"values of other kinds": {
			values: `"QID2":"many","QID3":7,"QID4":"soon","QID5":"1","QID6":true`, unfit: []string{"qid2", "qid3", "qid4", "qid5", "qid6"},
		},
		"lists in place of values": {values: `"QID2":[1],"QID3":[true],"QID4":["2026-01-02T03:04:05Z"]`, unfit: []string{"qid2", "qid3", "qid4"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got, changes := wideRow(t, wideStream(t), wideDocument(t, test.values))
			for _, column := range []string{"survey_id", "response_id", "last_modified_date", "response_version"} {
				if got[column] == "" {
					t.Errorf("%s is null", column)
				}
				delete(got, column)
			}
			if test.want == nil {
				test.want = map[string]string{}
			}
			if test.want["embedded_data"] == "" {
				test.want["embedded_data"] = "{}"
			}
			if diff := cmp.Diff(test.want, got); diff != "" {
				t.Errorf("columns (-want +got):\n%s", diff)
			}
			var want []record.Change
			for _, column := range test.unfit {
				want = append(want, record.Null(column))
			}
			if diff := cmp.Diff(want, uninvented(changes)); diff != "" {
				t.Errorf("changes (-want +got):\n%s", diff)
			}
		})
	}
}

func TestWide_ADeletedResponseIsATombstone(t *testing.T) {
	t.Parallel()
	deleted := time.Date(2026, 3, 2, 0, 0, 0, 0, time.UTC)
	got, _ := wideRow(t, wideStream(t), &feed.Document{Partition: feed.Partition{Key: "SV_1"}, ID: "R_1", DeletedAt: deleted})
	want := map[string]string{
		"survey_id": `"SV_1"`, "response_id": `"R_1"`, "last_modified_date": `"2026-03-02T00:00:00Z"`, "deleted_at": `"2026-03-02T00:00:00Z"`, "_ab_cdc_deleted_at": `"2026-03-02T00:00:00Z"`,
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("columns (-want +got):\n%s", diff)
	}
}

func TestWide_NamesTheValuesWithoutAColumn(t *testing.T) {
	t.Parallel()
	s := wideStream(t)
	for range 2 {
		wideRow(t, s, wideDocument(t, `"QID1":"text","QID9":1,"QID7_TEXT":"new"`))
	}
	if got := s.Unlisted(); !slices.Equal(got, []string{"QID7_TEXT", "QID9"}) {
		t.Errorf("got %v", got)
	}
}

func TestWide_ReportsTheAlteredPartsOfARecord(t *testing.T) {
	t.Parallel()
	s := wideStream(t)
	doc := wideDocument(t, `"QID1":"a�","QID2":1,"Country":"�"`)
	got := doc.Content.(*response.Response)
	got.Repaired = true
	_, changes := wideRow(t, s, doc)
	if diff := cmp.Diff([]record.Change{record.Repair("embedded_data"), record.Repair("qid1")}, uninvented(changes)); diff != "" {
		t.Errorf("changes (-want +got):\n%s", diff)
	}
	doc = wideDocument(t, `"QID1":null,"QID2":1,"QID5":["a",null]`)
	doc.Content.(*response.Response).Shortened = true
	_, changes = wideRow(t, s, doc)
	if diff := cmp.Diff([]record.Change{record.Shorten("qid1"), record.Shorten("qid5")}, uninvented(changes)); diff != "" {
		t.Errorf("changes (-want +got):\n%s", diff)
	}
	doc = &feed.Document{Partition: feed.Partition{Key: "SV_1"}, ID: "R_1", ReadAt: readAt, Content: parsed(t, `{"responseId":"R_1","values":"none"}`)}
	_, changes = wideRow(t, s, doc)
	for _, column := range []string{"qid1", "qid6"} {
		if !slices.Contains(changes, record.Null(column)) {
			t.Errorf("the change of %s is missing: %v", column, changes)
		}
	}
}
