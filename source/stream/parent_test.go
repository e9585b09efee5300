package stream_test

import (
	"encoding/json"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/birdie-ai/source-qualtrics/integration_tests/testkit"
	"github.com/birdie-ai/source-qualtrics/source/feed"
	"github.com/birdie-ai/source-qualtrics/source/qualtrics"
	"github.com/birdie-ai/source-qualtrics/source/record"
	"github.com/birdie-ai/source-qualtrics/source/response"
	"github.com/birdie-ai/source-qualtrics/source/stream"
)

// partsStream has several rows of a response.
var partsStream = stream.Prepare(testkit.Parts("response_parts"))

// answered is a document of a response with these answers.
func answered(answers string) *feed.Document {
	text := "How are you?"
	return &feed.Document{
		Partition: feed.Partition{Key: "SV_1"}, ID: "R_1", ReadAt: readAt,
		Content: &response.Response{ID: "R_1", ModifiedAt: readAt, Answers: []byte(answers), EmbeddedData: []byte("{}")},
		Survey:  &feed.SurveyFacts{Definition: qualtrics.SurveyDefinition{Questions: []qualtrics.Question{{ID: "QID1", Text: &text}}}},
	}
}

// partsOf are the rows of a document: key, value and text of the question. All of them
// have the ids and the date of the document, and one version.
func partsOf(t *testing.T, s *stream.Stream, doc *feed.Document) (all [][3]string, version string, err error) {
	t.Helper()
	rows, err := s.Projector(record.Format{}).Rows(doc)
	for _, row := range rows {
		line, err := row.AppendJSON(nil)
		if err != nil {
			t.Fatal(err)
		}
		var part testkit.Part
		if err := json.Unmarshal(line, &part); err != nil {
			t.Fatal(err)
		}
		if part.SurveyID != "SV_1" || part.ResponseID != "R_1" || !part.LastModifiedDate.Equal(readAt) || version != "" && part.ResponseVersion != version {
			t.Errorf("got the row %s", line)
		}
		version = part.ResponseVersion
		cells := [3]string{part.ValueKey, "", ""}
		for i, cell := range []*string{part.Value, part.QuestionText} {
			if cell != nil {
				cells[i+1] = *cell
			}
		}
		all = append(all, cells)
	}
	return all, version, err
}

// A document has all of its rows and no marker, or the marker alone.
func TestRows_OfAParent(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		doc  *feed.Document
		want [][3]string
	}{
		"no value":     {answered(`{}`), [][3]string{{"*", "", ""}}},
		"one value":    {answered(`{"QID1":1}`), [][3]string{{"QID1", "1", "How are you?"}}},
		"three values": {answered(`{"QID1_TEXT":"a","QID2":2,"x":null}`), [][3]string{{"QID1_TEXT", `"a"`, "How are you?"}, {"QID2", "2", ""}, {"x", "null", ""}}},
		"a value with the key of the marker": {
			answered(`{"*":1,"QID2":2}`), [][3]string{{"*_dup", "1", ""}, {"QID2", "2", ""}},
		},
		"a value without a name": {answered(`{"":1}`), [][3]string{{"_dup", "1", ""}}},
		"a name with a NUL":      {answered("{\"a\\u0000\":1,\"b\":2}"), [][3]string{{"a\ufffd", "1", ""}, {"b", "2", ""}}},
	} {
		got, version, err := partsOf(t, partsStream, test.doc)
		if err != nil || version == "" || version == record.DeletedVersion {
			t.Errorf("%s: got the version %q and %v", name, version, err)
		}
		if diff := cmp.Diff(test.want, got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
	}
	deleted := &feed.Document{Partition: feed.Partition{Key: "SV_1"}, ID: "R_1", DeletedAt: readAt, ReadAt: readAt}
	got, version, err := partsOf(t, partsStream, deleted)
	if diff := cmp.Diff([][3]string{{"*", "", ""}}, got); diff != "" || err != nil || version != record.DeletedVersion {
		t.Errorf("a deleted response has the version %q, %v, and (-want +got):\n%s", version, err, diff)
	}
}

// Rows that would not take the place of all earlier rows of their document, and of no
// others, are refused as a mistake in the program.
func TestRows_RefusesWrongRowsOfAParent(t *testing.T) {
	t.Parallel()
	good := testkit.Part{SurveyID: "SV_1", ResponseID: "R_1", ValueKey: "a", LastModifiedDate: readAt, ResponseVersion: "v"}
	with := func(change func(*testkit.Part)) *testkit.Part {
		part := good
		change(&part)
		return &part
	}
	emits := func(all ...*testkit.Part) func(*feed.Document, stream.Emit) error {
		return func(_ *feed.Document, emit stream.Emit) (err error) {
			for _, part := range all {
				err = errors.Join(err, emit(part))
			}
			return err
		}
	}
	project := func(all ...*testkit.Part) func(*stream.Stream) {
		return func(s *stream.Stream) { s.Project = emits(all...) }
	}
	mark := func(all ...*testkit.Part) func(*stream.Stream) {
		return func(s *stream.Stream) { s.Project, s.Marker = emits(), emits(all...) }
	}
	marker := with(func(p *testkit.Part) { p.ValueKey = "*" })
	for name, test := range map[string]struct {
		change func(*stream.Stream)
		says   string
	}{
		"a row of another response":      {project(&good, with(func(p *testkit.Part) { p.ResponseID, p.ValueKey = "R_2", "b" })), `a row belongs to ["SV_1" "R_2"], not ["SV_1" "R_1"]`},
		"a row of another survey":        {project(with(func(p *testkit.Part) { p.SurveyID = "SV_2" })), `a row belongs to ["SV_2" "R_1"]`},
		"two rows with one key":          {project(&good, with(func(*testkit.Part) {})), `two rows have the key "a"`},
		"two keys that become equal":     {project(with(func(p *testkit.Part) { p.ValueKey = "\x00" }), with(func(p *testkit.Part) { p.ValueKey = "\ufffd" })), "two rows have the key"},
		"rows of two versions":           {project(&good, with(func(p *testkit.Part) { p.ValueKey, p.ResponseVersion = "b", "w" })), "its rows have the response_version v and w"},
		"rows of two dates":              {project(&good, with(func(p *testkit.Part) { p.ValueKey, p.LastModifiedDate = "b", readAt.Add(time.Second) })), "its rows have the last_modified_date"},
		"a row of a deleted response":    {project(with(func(p *testkit.Part) { p.ResponseVersion = "deleted" })), `a row has the version "deleted"`},
		"a marker beside rows":           {project(&good, marker), "the projection made a marker"},
		"two markers":                    {mark(marker, marker), "the marker is not one row"},
		"no marker":                      {mark(), "the marker is not one row"},
		"a marker with the key of a row": {mark(&good), "the marker is not one row"},
	} {
		s := *partsStream
		test.change(&s)
		rows, err := s.Projector(record.Format{}).Rows(answered(`{}`))
		var bug *record.InvariantError
		if len(rows) > 0 || !errors.As(err, &bug) || !strings.Contains(err.Error(), test.says) || !strings.Contains(err.Error(), "document R_1") {
			t.Errorf("%s: got %d rows and %v, want the mistake %q", name, len(rows), err, test.says)
		}
	}
}
