package response_test

import (
	"bytes"
	"encoding/json"
	"slices"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"
	"github.com/santhosh-tekuri/jsonschema/v6"

	"github.com/birdie-ai/source-qualtrics/schemas"
	"github.com/birdie-ai/source-qualtrics/source/airbyte/airbytetest"
	"github.com/birdie-ai/source-qualtrics/source/feed"
	"github.com/birdie-ai/source-qualtrics/source/frame"
	"github.com/birdie-ai/source-qualtrics/source/jsonsafe"
	"github.com/birdie-ai/source-qualtrics/source/record"
	"github.com/birdie-ai/source-qualtrics/source/response"
	"github.com/birdie-ai/source-qualtrics/source/stream"
)

func keys() *response.Keys { return response.NewKeys([]string{"plan"}, []string{"QID1", "QID2"}, nil) }

// Whatever an export holds, a line of it becomes one record that fits the
// stream's schema and keeps its id, or is refused for having none. Neither the
// order of members nor what was read before changes the record or its version.
func FuzzResponse(f *testing.F) {
	for _, seed := range []string{
		`{"responseId":"R_1","values":{"status":0,"QID1":1.0,"plan":"gold","QID2_TEXT":"a\nb","finished":1,"startDate":"2026-01-15T12:00:00Z"},` +
			`"labels":{"status":"IP Address","finished":"True","QID1":"One"},"displayedFields":["QID2","QID1"],"displayedValues":{"QID1":[1,10.0]}}`,
		`{"values":{"_recordId":"R_7","_lastModifiedDate":"2026-01-15 12:00:00","locationLatitude":"37.75","duration":"9.0","progress":"1e400"}}`,
		`{"responseId":"R_1","responseId":"R_2","values":{"startDate":"x","startDate":"y","startDate_dup":1,"lastModifiedDate":"2026-01-15","lastModifiedDate":null}}`,
		`{"responseId":"\ud800","values":[],"labels":null,"displayedFields":{},"displayedValues":[]}`,
		"{\"responseId\":\"R_\xff\u2028\",\"values\":{\"\u0085\":\"\u2029\",\"status\":{\"b\":1,\"a\":[]},\"recordedDate\":\"0000-01-01\"}}",
		`{"responseId":7,"values":{"_recordId":""}}`,
	} {
		f.Add([]byte(seed))
	}
	responses, ok := stream.ByName("responses")
	if !ok {
		f.Fatal("there is no stream responses")
	}
	text, err := schemas.Record(responses.Record, schemas.Published())
	if err != nil {
		f.Fatal(err)
	}
	schema := airbytetest.CompileSchema(f, text)
	f.Fuzz(func(t *testing.T, line []byte) {
		value, err := frame.Record(bytes.Clone(line))
		if err != nil {
			return // the matter of source/frame
		}
		var response response.Response
		if err := response.Parse(value.Object, keys()); err != nil {
			if !strings.Contains(err.Error(), "it has no responseId") {
				t.Errorf("%q: %v", line, err)
			}
			return
		}
		if held := len(response.Answers) + len(response.EmbeddedData) + len(response.Labels); held > 8*len(value.Raw)+100 {
			t.Errorf("a record of %d bytes became %d", len(value.Raw), held)
		}
		row := projected(t, responses, schema, &response)
		if row["survey_id"] != "SV_1" || row["response_id"] != response.ID || response.ID == "" {
			t.Errorf("got the key %v and %v, want SV_1 and %q", row["survey_id"], row["response_id"], response.ID)
		}
		if version := string(response.AppendVersion(nil)); row["response_version"] != version {
			t.Errorf("the version is %q, in the row %v", version, row["response_version"])
		}
		// A response that is used again, as readers do.
		if err := response.Parse(taken(t, []byte(`{"responseId":"R_other","values":{"QID1":1,"a":2,"startDate":"x"},"labels":{"status":"s","b":"c"},"displayedFields":["a"],"displayedValues":{"a":[]}}`)), keys()); err != nil {
			t.Fatal(err)
		}
		if err := response.Parse(value.Object, keys()); err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(row, projected(t, responses, schema, &response)); diff != "" {
			t.Errorf("read again (-first +second):\n%s", diff)
		}
		turned, twice := reversed(t, value.Raw, 2)
		if err := response.Parse(taken(t, turned), keys()); err != nil {
			t.Fatalf("%q, turned: %v", turned, err)
		}
		other := projected(t, responses, schema, &response)
		if twice {
			// Of two equal names the second one counts as another one.
			for _, column := range []string{"values", "labels", "embedded_data", "displayed_values", "response_version"} {
				delete(row, column)
				delete(other, column)
			}
		}
		if diff := cmp.Diff(row, other); diff != "" {
			t.Errorf("%q, turned (-first +second):\n%s", turned, diff)
		}
	})
}

// taken takes a valid record apart.
func taken(t *testing.T, raw []byte) *frame.Object {
	t.Helper()
	value, err := frame.Record(raw)
	if err != nil {
		t.Fatal(err)
	}
	return value.Object
}

// projected is the one row that the stream makes of a response; it is checked
// to be one line that fits the schema.
func projected(t *testing.T, s *stream.Stream, schema *jsonschema.Schema, response *response.Response) (row map[string]any) {
	t.Helper()
	doc := &feed.Document{
		Partition: feed.Partition{Kind: feed.Responses, Key: "SV_1"}, ID: response.ID, Content: response,
		ReadAt: time.Date(2026, 3, 4, 5, 6, 7, 0, time.UTC),
	}
	rows, err := s.Projector(record.Format{NUL: true}).Rows(doc)
	if err != nil || len(rows) != 1 {
		t.Fatalf("projecting: %d rows, %v", len(rows), err)
	}
	line, err := rows[0].AppendJSON(nil)
	if err != nil {
		t.Fatal(err)
	}
	if !utf8.Valid(line) || strings.ContainsAny(string(line), "\r\n\u0085\u2028\u2029") {
		t.Errorf("the row is not one line of UTF-8: %q", line)
	}
	value, err := jsonschema.UnmarshalJSON(bytes.NewReader(line))
	if err == nil {
		err = schema.Validate(value)
	}
	if err != nil {
		t.Fatalf("projecting: %v", err)
	}
	row = value.(map[string]any)
	for _, column := range s.Table().Columns {
		if _, ok := row[column.Name]; !ok {
			t.Errorf("the row has no column %s", column.Name)
		}
	}
	return row
}

// reversed turns the order of an object's members around, of as many levels as
// said; of equal names the order stays. It reports whether there are any, or
// may be in the record.
func reversed(t *testing.T, object []byte, levels int) (turned []byte, twice bool) {
	t.Helper()
	if levels == 0 || frame.Kind(object) != '{' {
		return object, false
	}
	type member struct {
		name  string
		value []byte
	}
	var members []member
	for _, m := range taken(t, object).Members {
		name := string(m.Name)
		value, inside := reversed(t, bytes.Clone(m.Value), levels-1)
		twice = twice || inside || strings.Contains(name, "_dup") || slices.ContainsFunc(members, func(m member) bool { return m.name == name })
		members = append(members, member{name: name, value: value})
	}
	slices.SortStableFunc(members, func(a, b member) int { return strings.Compare(b.name, a.name) })
	turned = []byte{'{'}
	for i, m := range members {
		if i > 0 {
			turned = append(turned, ',')
		}
		turned = append(append(jsonsafe.AppendString(turned, m.name), ':'), m.value...)
	}
	if turned = append(turned, '}'); !json.Valid(turned) {
		t.Fatalf("%q", turned)
	}
	return turned, twice
}
