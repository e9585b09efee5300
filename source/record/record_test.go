package record_test

import (
	"encoding/json"
	"math"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"

	"github.com/birdie-ai/source-qualtrics/source/record"
)

type everything struct {
	ID      string          `json:"id"`
	At      time.Time       `json:"at"`
	Text    *string         `json:"text"`
	Count   *int64          `json:"count"`
	Score   *json.Number    `json:"score"`
	Done    *bool           `json:"done"`
	Later   *time.Time      `json:"later"`
	Values  json.RawMessage `json:"values"`
	List    json.RawMessage `json:"list" jsonschema:"type=array"`
	Total   int64           `json:"total"`
	Hidden  string          `json:"-"`
	private string
}

func table(t testing.TB, zero any) *record.Table {
	t.Helper()
	table, err := record.NewTable(zero)
	if err != nil {
		t.Fatal(err)
	}
	return table
}

func TestNewTable_ReadsColumnsInOrder(t *testing.T) {
	t.Parallel()
	want := []record.Column{
		{"id", record.String, false},
		{"at", record.Timestamp, false},
		{"text", record.String, true},
		{"count", record.Integer, true},
		{"score", record.Number, true},
		{"done", record.Boolean, true},
		{"later", record.Timestamp, true},
		{"values", record.Object, true},
		{"list", record.Array, true},
		{"total", record.Integer, false},
	}
	if diff := cmp.Diff(want, table(t, everything{private: ""}).Columns); diff != "" {
		t.Errorf("columns (-want +got):\n%s", diff)
	}
}

func TestNewTable_RefusesWhatNoColumnCanHold(t *testing.T) {
	t.Parallel()
	text := reflect.TypeFor[string]()
	twice := reflect.New(reflect.StructOf([]reflect.StructField{
		{Name: "A", Type: text, Tag: `json:"a"`},
		{Name: "B", Type: text, Tag: `json:"a"`},
	})).Elem().Interface()
	for _, test := range []struct {
		zero any
		want string
	}{
		{nil, "not a struct"},
		{"text", "not a struct"},
		{struct{ A string }{}, "none found"},
		{twice, "two columns are named"},
		{struct {
			A float64 `json:"a"`
		}{}, "no column can hold"},
		{struct {
			A []string `json:"a"`
		}{}, "no column can hold"},
	} {
		_, err := record.NewTable(test.zero)
		if err == nil || !strings.Contains(err.Error(), test.want) {
			t.Errorf("NewTable(%T): got %v, want an error with %q", test.zero, err, test.want)
		}
	}
}

func TestRow_AppendJSONWritesEveryKindAndNull(t *testing.T) {
	t.Parallel()
	text, count, score, done := "a\nb\u0085\"<é>\x01\xff", int64(math.MaxInt64), json.Number("9007199254740993.10"), true
	later := time.Date(2026, 1, 2, 3, 4, 5, 678_000_000, time.FixedZone("", 7200))
	full := everything{
		ID: "1", At: time.Unix(0, 0), Text: &text, Count: &count, Score: &score, Done: &done, Later: &later,
		Values: json.RawMessage(`{"a":1.0}`), List: json.RawMessage(`[1]`),
	}
	for name, test := range map[string]struct {
		record everything
		want   string
	}{
		"full": {full, `{"id":"1","at":"1970-01-01T00:00:00Z","text":"a\nb\u0085\"<é>\u0001` + "\ufffd" + `","count":9223372036854775807,"score":9007199254740993.10,"done":true,"later":"2026-01-02T01:04:05.678Z","values":{"a":1.0},"list":[1],"total":0}`},
		"null": {everything{ID: "2", At: time.Unix(1, 1)}, `{"id":"2","at":"1970-01-01T00:00:01.000000001Z","text":null,"count":null,"score":null,"done":null,"later":null,"values":null,"list":null,"total":0}`},
	} {
		row, err := table(t, everything{}).Row(&test.record)
		if err != nil {
			t.Fatal(err)
		}
		got, err := row.AppendJSON(nil)
		if err != nil || string(got) != test.want {
			t.Errorf("%s:\ngot  %s, %v\nwant %s", name, got, err, test.want)
		}
		if !json.Valid(got) {
			t.Errorf("%s: not JSON: %s", name, got)
		}
	}
}

func TestRow_CellGivesGoValues(t *testing.T) {
	t.Parallel()
	text := "t"
	row, err := table(t, everything{}).Row(&everything{ID: "1", At: time.Unix(5, 0), Text: &text, List: json.RawMessage(`[]`)})
	if err != nil {
		t.Fatal(err)
	}
	want := []any{"1", time.Unix(5, 0).UTC(), "t", nil, nil, nil, nil, nil, json.RawMessage(`[]`), int64(0)}
	var got []any
	for i := range row.Table().Columns {
		got = append(got, row.Cell(i))
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("cells (-want +got):\n%s", diff)
	}
}

func TestRow_RefusesWhatItCannotWrite(t *testing.T) {
	t.Parallel()
	if _, err := table(t, everything{}).Row(everything{}); err == nil {
		t.Error("a struct instead of a pointer was accepted")
	}
	if _, err := (record.Row{}).AppendJSON(nil); err == nil {
		t.Error("a row without a table was written")
	}
	row, err := table(t, everything{}).Row(&everything{At: time.Date(12345, 1, 1, 0, 0, 0, 0, time.UTC)})
	if err != nil {
		t.Fatal(err)
	}
	if got, err := row.AppendJSON(nil); err == nil {
		t.Errorf("the year 12345 was written: %s", got)
	}
}

func FuzzAppendString(f *testing.F) {
	for _, seed := range []string{"", "a\u2028b\u2029\u0085", "\xff\xc2", "\x00\x7f\\\"", "😀"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		quoted := record.AppendString(nil, text)
		if !utf8.Valid(quoted) || strings.ContainsAny(string(quoted), "\u0085\u2028\u2029\n\r") {
			t.Fatalf("%q is not safe on a line", quoted)
		}
		var back string
		if err := json.Unmarshal(quoted, &back); err != nil {
			t.Fatalf("%q: %v", quoted, err)
		}
		if want := strings.ToValidUTF8(text, "\ufffd"); utf8.ValidString(text) && back != want {
			t.Fatalf("got %q back, want %q", back, want)
		}
	})
}

func BenchmarkRow_AppendJSON(b *testing.B) {
	text, score := strings.Repeat("text ", 20), json.Number("4.25")
	values := json.RawMessage(`{"a":"` + strings.Repeat("x", 2000) + `"}`)
	rec := everything{ID: "1", At: time.Unix(0, 0), Text: &text, Score: &score, Values: values}
	row, err := table(b, everything{}).Row(&rec)
	if err != nil {
		b.Fatal(err)
	}
	var buffer []byte
	b.ReportAllocs()
	for b.Loop() {
		buffer, _ = row.AppendJSON(buffer[:0])
	}
	b.SetBytes(int64(len(buffer)))
}

// A view has some columns, by other names, and objects as text where it is
// asked for them.
func TestRow_AsAViewHasItsColumns(t *testing.T) {
	t.Parallel()
	whole := table(t, everything{})
	at := func(name string) int {
		return slices.IndexFunc(whole.Columns, func(c record.Column) bool { return c.Name == name })
	}
	view := whole.View([]record.Pick{
		{Column: at("list"), Name: "list", Text: true},
		{Column: at("id"), Name: "id", Text: true},
		{Column: at("later"), Name: "again"},
		{Column: at("values"), Name: "text", Text: true},
		{Column: at("values"), Name: "values"},
	})
	for values, want := range map[string]string{
		`{"a": "\u0000"}`: `{"list":null,"id":"R_1","again":null,"text":"{\"a\": \"\\ufffd\"}","values":{"a": "\u0000"}}`,
		`null`:            `{"list":null,"id":"R_1","again":null,"text":null,"values":null}`,
		``:                `{"list":null,"id":"R_1","again":null,"text":null,"values":null}`,
	} {
		row, err := whole.Row(&everything{ID: "R_1", Values: json.RawMessage(values)})
		if err != nil {
			t.Fatal(err)
		}
		seen, err := row.As(view)
		if err != nil {
			t.Fatal(err)
		}
		if got, err := seen.AppendJSON(nil); err != nil || string(got) != want {
			t.Errorf("%s: got %s (%v), want %s", values, got, err, want)
		}
		if text := seen.Cell(3); (text == nil) != (values == "" || values == "null") {
			t.Errorf("%s: the text is %v", values, text)
		}
	}
	other, err := table(t, struct {
		ID string `json:"id"`
	}{}).Row(&struct {
		ID string `json:"id"`
	}{})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := other.As(view); err == nil {
		t.Error("a row of another table has the columns")
	}
}
