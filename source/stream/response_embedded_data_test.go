package stream_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/birdie-ai/source-qualtrics/source/feed"
	"github.com/birdie-ai/source-qualtrics/source/record"
	"github.com/birdie-ai/source-qualtrics/source/response"
)

const embeddedData = "response_embedded_data"

// embeddedDoc is a document of a response with these members of its values. The survey
// declares some fields.
func embeddedDoc(t testing.TB, values string, declared ...string) *feed.Document {
	t.Helper()
	dates := `"_lastModifiedDate":"2026-01-15T12:00:00Z","recordedDate":"2026-01-14T12:00:00Z",`
	return &feed.Document{
		Partition: feed.Partition{Key: "SV_1"}, ID: "R_1", ReadAt: readAt,
		Content: parsed(t, `{"responseId":"R_1","values":{`+strings.TrimSuffix(dates+values, ",")+`}}`, declared...),
		Survey:  &feed.SurveyFacts{Known: feed.NeedEmbeddedData, EmbeddedData: declared},
	}
}

func TestProject_EmbeddedDataFillTheirColumns(t *testing.T) {
	t.Parallel()
	doc := embeddedDoc(t, `"QID7":1,"plan":"gold","Plan":"0042","SC_1":4,"Visits":"-12.50","Ledger":9007199254740993,"is VIP":"TRUE","opted":false,`+
		`"since":"2026-01-31","seen":"2026-01-31T12:00:00.5+02:00","QSEDResponseId":"","list":["a",{"b":null}],"gone":null`, "plan", "ResponseId", "since")
	got, changes := rowsOf(t, embeddedData, doc)
	headsOf(t, doc, got, changes, `"2026-01-15T12:00:00Z"`, `"2026-01-14T12:00:00Z"`)
	want := []map[string]string{
		{"field": `"plan"`, "value_text": `"gold"`, "is_declared": "true"},
		{"field": `"Plan"`, "value_text": `"0042"`, "is_declared": "false"},
		{"field": `"Visits"`, "value_text": `"-12.50"`, "value_number": "-12.50", "is_declared": "false"},
		{"field": `"Ledger"`, "value_text": `"9007199254740993"`, "value_number": "9007199254740993", "is_declared": "false"},
		{"field": `"is VIP"`, "value_text": `"TRUE"`, "value_boolean": "true", "is_declared": "false"},
		{"field": `"opted"`, "value_text": `"false"`, "value_boolean": "false", "is_declared": "false"},
		{"field": `"since"`, "value_text": `"2026-01-31"`, "value_date": `"2026-01-31T00:00:00Z"`, "is_declared": "true"},
		{"field": `"seen"`, "value_text": `"2026-01-31T12:00:00.5+02:00"`, "value_date": `"2026-01-31T10:00:00.500Z"`, "is_declared": "false"},
		{"field": `"QSEDResponseId"`, "value_text": `""`, "is_declared": "true"},
		{"field": `"list"`, "value_text": `"[\"a\",{\"b\":null}]"`, "is_declared": "false"},
		{"field": `"gone"`, "is_declared": "false"},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

// A response without embedded data, and a deleted one, have one row with the key of a marker.
func TestProject_EmbeddedDataHaveMarkers(t *testing.T) {
	t.Parallel()
	rows, _ := rowsOf(t, embeddedData, embeddedDoc(t, `"QID1":1`))
	if len(rows) != 1 || rows[0]["field"] != `"*"` || rows[0]["is_declared"] != "" || rows[0]["response_version"] == `"deleted"` {
		t.Errorf("a response without embedded data has the rows %v", rows)
	}
	rows, changes := rowsOf(t, embeddedData, &feed.Document{Partition: feed.Partition{Key: "SV_1"}, ID: "R_1", DeletedAt: readAt, ReadAt: readAt})
	at := `"2026-03-04T05:06:07Z"`
	want := []map[string]string{{
		"survey_id": `"SV_1"`, "response_id": `"R_1"`, "field": `"*"`, "last_modified_date": at, "response_version": `"deleted"`, "deleted_at": at,
	}}
	if diff := cmp.Diff(want, rows); diff != "" {
		t.Errorf("a deleted response (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff([]record.Change{record.Invent("last_modified_date", record.FoundDeleted)}, changes[0]); diff != "" {
		t.Errorf("changes of a deleted response (-want +got):\n%s", diff)
	}
}

// Every name of a field gives a row of its own, in each format.
func TestProject_EmbeddedDataOfOddNames(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct{ values, want string }{
		"names of columns":            {`"survey_id":"1","response_id":"2","field":"3","value_text":"4","deleted_at":"5"`, "survey_id response_id field value_text deleted_at"},
		"names of metadata":           {`"status":"0","STATUS":"1","responseId":"2","startDate":"2026-01-14T12:00:00Z","startDate":"again"`, "STATUS responseId startDate_dup"},
		"names of answers":            {`"QID1":"a","QID9":"b","QID1 ":"c","qid1":"d","SC_x y":"e"`, "QID1 QID1  qid1 SC_x y"},
		"dots, slashes and spaces":    {`"a.b.c":"1","a/b":"2","a b":"3","$ref":"4","\"q\"":"5"`, `a.b.c a/b a b $ref "q"`},
		"names that differ in case":   {`"pid":"1","PID":"2","Pid":"3"`, "pid PID Pid"},
		"names that come again":       {`"a":"1","a":"2","a":"3","a_dup":"4"`, "a a_dup a_dup2 a_dup_dup"},
		"names of markers":            {`"*":"1","":"2","/*":"3","/":"4","//":"5"`, "/* / //* // ///"},
		"names with NUL":              {`"a\u0000":"1","a` + "\ufffd" + `":"2","\u0000":"3","/!":"4","a\u0000/":"5","/!a/!":"6"`, "/!a/! a\ufffd /!/! //! /!a/!// //!a/!"},
		"names in other scripts":      {`"größe":"1","顧客ランク":"2","\ud83d\ude00":"3"`, "größe 顧客ランク 😀"},
		"half of a surrogate":         {`"a\ud800":"1"`, "a\ufffd"},
		"a name of a placeholder":     {`"Create New Field or Choose From Dropdown...":"1"`, "Create New Field or Choose From Dropdown..."},
		"a name of another survey":    {`"QID99_TEXT":"1","__js_x":"2"`, "__js_x"},
		"a line separator in a value": {"\"a\":\"x\u2028y\u0085z\"", "a"},
	} {
		doc := embeddedDoc(t, test.values, "QID1")
		for _, format := range []record.Format{{}, {NUL: true, Double: true, Micros: true}} {
			rows, err := byName(t, embeddedData).Projector(format).Rows(doc)
			if err != nil {
				t.Errorf("%s: %v", name, err)
			}
			var fields []string
			for _, row := range rows {
				fields = append(fields, row.Text(2))
			}
			if got := strings.Join(fields, " "); got != test.want {
				t.Errorf("%s: got the fields %q, want %q", name, got, test.want)
			}
		}
		rowsOf(t, embeddedData, doc) // they fit the schema
	}
}

// Values that look like numbers or dates and are none keep their text only.
func TestProject_EmbeddedDataOfOddValues(t *testing.T) {
	t.Parallel()
	long := strings.Repeat("9", 65)
	for value, want := range map[string]string{
		`"1e5"`: "value_number", `"-0.5"`: "value_number", `"0"`: "value_number", `-1.50e3`: "value_number", `"false"`: "value_boolean", `true`: "value_boolean",
		`"2024-02-29 23:59:58"`: "value_date",
		`"1\n"`:                 "", `" 1"`: "", `"+1"`: "", `"1,5"`: "", `".5"`: "", `"0x10"`: "", `"NaN"`: "", `"Infinity"`: "", `"1e400"`: "", `"0042"`: "", `"` + long + `"`: "",
		`"true "`: "", `"yes"`: "", `"2024"`: "value_number", `"2023-02-29"`: "", `"0000-00-00 00:00:00"`: "", `"29/02/2024"`: "", `"null"`: "", `"{}"`: "", `{}`: "", `[true]`: "", `"-"`: "",
	} {
		rows, changes := rowsOf(t, embeddedData, embeddedDoc(t, `"a":`+value))
		var typed []string
		for _, column := range []string{"value_number", "value_boolean", "value_date"} {
			if rows[0][column] != "" {
				typed = append(typed, column)
			}
		}
		if len(rows) != 1 || strings.Join(typed, " ") != want || rows[0]["value_text"] == "" || changes[0] != nil {
			t.Errorf("%s has %v, want %q: %v with the changes %v", value, typed, want, rows, changes)
		}
	}
}

// Altered names and values are reported with their row.
func TestProject_EmbeddedDataReportTheirChanges(t *testing.T) {
	t.Parallel()
	doc := embeddedDoc(t, `"a":"1","a":"2","b\ud800":"\ud800","long":null,"leap":"2016-12-31T23:59:60Z"`)
	doc.Content.(*response.Response).Shortened = true
	_, got := rowsOf(t, embeddedData, doc)
	want := [][]record.Change{
		nil,
		{record.Rename("field")},
		{record.Repair("field"), record.Repair("value_text")},
		{record.Shorten("value_text")},
		{record.Round("value_date", "the second after the leap second")},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

// A response can have very many fields, and a very long value.
func TestProject_EmbeddedDataOfManyFieldsAndALongValue(t *testing.T) {
	t.Parallel()
	const fields = 10_000
	var values strings.Builder
	for i := range fields {
		fmt.Fprintf(&values, `"field %d":"%d",`, i, i)
	}
	text := strings.Repeat("9 ", 1<<20)
	rows, err := byName(t, embeddedData).Projector(record.Format{}).Rows(embeddedDoc(t, values.String()+`"long":"`+text+`"`))
	if err != nil || len(rows) != fields+1 {
		t.Fatalf("got %d rows, %v", len(rows), err)
	}
	for i, row := range rows[:fields] {
		if row.Text(2) != fmt.Sprintf("field %d", i) || row.Text(7) != fmt.Sprint(i) {
			t.Fatalf("row %d is %q with the value %q", i, row.Text(2), row.Text(7))
		}
	}
	if last := rows[fields]; last.Text(7) != text || last.Text(2) != "long" {
		t.Errorf("the long value has %d characters, want %d", len(last.Text(7)), len(text))
	}
}

// Without the facts about a survey nobody says what it declares, and no row is missing.
func TestProject_EmbeddedDataWithoutFacts(t *testing.T) {
	t.Parallel()
	for _, facts := range []*feed.SurveyFacts{nil, {}, {Refused: feed.NeedEmbeddedData}} {
		doc := embeddedDoc(t, `"plan":"gold"`)
		doc.Survey = facts
		if rows, _ := rowsOf(t, embeddedData, doc); len(rows) != 1 || rows[0]["is_declared"] != "" || rows[0]["value_text"] != `"gold"` {
			t.Errorf("with the facts %+v: got the rows %v", facts, rows)
		}
	}
}

// A document of another kind is an error, and no marker.
func TestProject_EmbeddedDataOfOtherContents(t *testing.T) {
	t.Parallel()
	broken := fullResponse()
	broken.EmbeddedData = []byte(`{"a":`)
	for _, content := range []any{nil, 7, broken} {
		doc := embeddedDoc(t, `"plan":"gold"`)
		doc.Content = content
		if rows, err := byName(t, embeddedData).Projector(record.Format{}).Rows(doc); err == nil || !strings.Contains(err.Error(), "projecting response R_1: ") {
			t.Errorf("a document with the content %v has the rows %v, and the error %v", content, rows, err)
		}
	}
}

// Users have to name the stream, because it repeats the embedded data of responses.
func TestEmbeddedData_AreReadOnRequest(t *testing.T) {
	t.Parallel()
	s := byName(t, embeddedData)
	if !s.OnRequest() || !slices.Contains(s.Fixed(), "response_version") {
		t.Errorf("the stream is read on request: %t, and always writes %v", s.OnRequest(), s.Fixed())
	}
}
