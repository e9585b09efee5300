package record_test

import (
	"encoding/json"
	"math"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

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
		{Name: "id", Kind: record.String},
		{Name: "at", Kind: record.Timestamp},
		{Name: "text", Kind: record.String, Nullable: true},
		{Name: "count", Kind: record.Integer, Nullable: true},
		{Name: "score", Kind: record.Number, Nullable: true},
		{Name: "done", Kind: record.Boolean, Nullable: true},
		{Name: "later", Kind: record.Timestamp, Nullable: true},
		{Name: "values", Kind: record.Object, Nullable: true},
		{Name: "list", Kind: record.Array, Nullable: true},
		{Name: "total", Kind: record.Integer},
	}
	if diff := cmp.Diff(want, table(t, everything{private: ""}).Columns); diff != "" {
		t.Errorf("columns (-want +got):\n%s", diff)
	}
}

type removable struct {
	ID      string     `json:"id"`
	Removed *time.Time `json:"removed" column:"deletion"`
	Again   *time.Time `json:"again" column:"protocol=airbyte"`
}

func TestNewTable_ReadsTheTagsOfColumns(t *testing.T) {
	t.Parallel()
	whole := table(t, removable{})
	want := []record.Column{
		{Name: "id", Kind: record.String},
		{Name: "removed", Kind: record.Timestamp, Nullable: true, Deletion: true},
		{Name: "again", Kind: record.Timestamp, Nullable: true, Protocol: "airbyte"},
	}
	if diff := cmp.Diff(want, whole.Columns); diff != "" {
		t.Errorf("columns (-want +got):\n%s", diff)
	}
	if got := whole.View([]record.Pick{{Column: 1, Name: "gone"}}).Deletion(); got != "gone" {
		t.Errorf("the view has the time of a deletion in %q", got)
	}
	if got := whole.View([]record.Pick{{Column: 0, Name: "id"}}).Deletion(); got != "" {
		t.Errorf("a view without the column has it in %q", got)
	}
}

func TestNewTable_RefusesWhatIsNoTable(t *testing.T) {
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
		{struct {
			A time.Time `json:"a" column:"deleted"`
		}{}, `the tag column:"deleted" is neither deletion nor protocol=NAME`},
		{struct {
			A time.Time `json:"a" column:"protocol="`
		}{}, `the tag column:"protocol=" is neither`},
		{struct {
			A *bool `json:"a" column:"deletion"`
		}{}, "the time of a deletion is not of kind boolean"},
		{struct {
			A *time.Time `json:"a" column:"deletion"`
			B *time.Time `json:"b" column:"deletion"`
		}{}, "a and b both hold the time of a deletion"},
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

func TestRow_CellReturnsGoValues(t *testing.T) {
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

func TestRow_RefusesZeroRowsAndYearsBeyond9999(t *testing.T) {
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

// A view has some columns under other names, and objects as text on request.
func TestRow_AsReturnsTheColumnsOfAView(t *testing.T) {
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
		`{"a": "\u0000"}`: `{"list":null,"id":"R_1","again":null,"text":"{\"a\": \"\\ufffd\"}","values":{"a": "\ufffd"}}`,
		`null`:            `{"list":null,"id":"R_1","again":null,"text":null,"values":null}`,
		``:                `{"list":null,"id":"R_1","again":null,"text":null,"values":null}`,
	} {
		row, err := whole.Row(&everything{ID: "R_1", Values: json.RawMessage(values)})
		if err != nil {
			t.Fatal(err)
		}
		seen, err := row.Fit(record.Format{}).As(view)
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
