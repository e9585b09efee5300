package record_test

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/birdie-ai/source-qualtrics/source/record"
)

// fitted has a column of each kind with values that some formats cannot hold.
type fitted struct {
	ID     string          `json:"id"`
	At     time.Time       `json:"at"`
	Text   *string         `json:"text"`
	Score  *json.Number    `json:"score"`
	Later  *time.Time      `json:"later"`
	Values json.RawMessage `json:"values"`
}

// hides is a word that it masks.
type hides string

func (h hides) String(text string) string { return strings.ReplaceAll(text, string(h), "***") }

func (h hides) Bytes(text []byte) []byte {
	if masked := h.String(string(text)); masked != string(text) {
		return []byte(masked)
	}
	return text
}

func TestFit_ReplacesUnfitCellsAndListsTheChanges(t *testing.T) {
	t.Parallel()
	noon := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	json1, parquet := record.Format{}, record.Format{Double: true, Micros: true}
	text := func(text string) fitted { return fitted{ID: "1", At: noon, Text: &text} }
	number := func(digits json.Number) fitted { return fitted{ID: "1", At: noon, Score: &digits} }
	later := func(at time.Time) fitted { return fitted{ID: "1", At: noon, Later: &at} }
	values := func(raw string) fitted { return fitted{ID: "1", At: noon, Values: json.RawMessage(raw)} }
	rounded := []record.Change{record.Round("score", "the nearest 64-bit number")}
	for name, test := range map[string]struct {
		format  record.Format
		record  fitted
		column  string
		want    string
		changes []record.Change
	}{
		"text that fits":                     {parquet, text("é世😀"), "text", `"é世😀"`, nil},
		"NUL":                                {json1, text("a\x00b"), "text", `"a�b"`, []record.Change{record.Repair("text")}},
		"NUL where it may stay":              {record.Format{NUL: true}, text("a\x00b"), "text", `"a\u0000b"`, nil},
		"invalid Unicode":                    {record.Format{NUL: true}, text("a\xffb"), "text", `"a�b"`, []record.Change{record.Repair("text")}},
		"NUL in a key":                       {json1, fitted{ID: "a\x00", At: noon}, "id", `"a�"`, []record.Change{record.Repair("id")}},
		"NUL in JSON":                        {json1, values(`{"a":"\u0000"}`), "values", `{"a":"\ufffd"}`, []record.Change{record.Repair("values")}},
		"NUL in JSON where it may stay":      {record.Format{NUL: true}, values(`{"a":"\u0000"}`), "values", `{"a":"\u0000"}`, nil},
		"half a surrogate pair":              {record.Format{NUL: true}, values(`{"a":"\ud800"}`), "values", `{"a":"\ufffd"}`, []record.Change{record.Repair("values")}},
		"a secret":                           {record.Format{Mask: hides("secret")}, text("a secret"), "text", `"a ***"`, []record.Change{record.Mask("text")}},
		"a secret in JSON":                   {record.Format{Mask: hides("secret")}, values(`{"secret":1}`), "values", `{"***":1}`, []record.Change{record.Mask("values")}},
		"a secret beside NUL":                {record.Format{Mask: hides("secret")}, text("secret\x00"), "text", `"***�"`, []record.Change{record.Mask("text"), record.Repair("text")}},
		"JSON holds numbers beyond a double": {json1, number("1e400"), "score", `1e400`, nil},
		"a number beyond a double":           {parquet, number("1e400"), "score", `null`, []record.Change{record.Null("score")}},
		"a number that becomes 0":            {parquet, number("1e-400"), "score", `1e-400`, rounded},
		"0":                                  {parquet, number("-0.0e5"), "score", `-0.0e5`, nil},
		"a coordinate":                       {parquet, number("-111.80000000000000"), "score", `-111.80000000000000`, nil},
		"a coordinate of 16 digits":          {parquet, number("40.76078033447266"), "score", `40.76078033447266`, nil},
		"more digits than a double has":      {parquet, number("40.760780334472661234"), "score", `40.760780334472661234`, rounded},
		"a whole number of 17 digits":        {parquet, number("90071992547409931"), "score", `90071992547409931`, rounded},
		"very many digits":                   {parquet, number(json.Number("1." + strings.Repeat("1", 2000))), "score", "1." + strings.Repeat("1", 2000), rounded},
		"whole microseconds":                 {parquet, later(noon.Add(1500 * time.Microsecond)), "later", `"2026-03-01T12:00:00.001500000Z"`, nil},
		"less than a microsecond":            {parquet, later(noon.Add(1)), "later", `"2026-03-01T12:00:00.000000001Z"`, []record.Change{record.Round("later", "whole microseconds")}},
		"nanoseconds where they fit":         {json1, later(noon.Add(1)), "later", `"2026-03-01T12:00:00.000000001Z"`, nil},
		"a year beyond 9999":                 {json1, later(noon.AddDate(8000, 0, 0)), "later", `null`, []record.Change{record.Null("later")}},
		"a year before 0":                    {parquet, later(noon.AddDate(-2027, 0, 0)), "later", `null`, []record.Change{record.Null("later")}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			table, err := record.NewTable(fitted{})
			if err != nil {
				t.Fatal(err)
			}
			before := record.Null("before")
			row, err := table.Row(&test.record, before)
			if err != nil {
				t.Fatal(err)
			}
			whole, err := row.AppendJSON(nil)
			if err != nil && test.want != "null" {
				t.Fatal(err)
			}
			fit := row.Fit(test.format)
			line, err := fit.AppendJSON(nil)
			if err != nil {
				t.Fatal(err)
			}
			cells := make(map[string]json.RawMessage)
			if err := json.Unmarshal(line, &cells); err != nil {
				t.Fatal(err)
			}
			if got := string(cells[test.column]); got != test.want {
				t.Errorf("got %s, want %s", got, test.want)
			}
			if diff := cmp.Diff(append([]record.Change{before}, test.changes...), fit.Changes); diff != "" {
				t.Errorf("changes (-want +got):\n%s", diff)
			}
			if again := fit.Fit(test.format); len(again.Changes) != len(fit.Changes) && test.changes[0].Kind != record.Truncated {
				t.Errorf("a second Fit lists the changes %v", again.Changes)
			}
			if other, err := row.AppendJSON(nil); err == nil && string(other) != string(whole) || len(row.Changes) != 1 {
				t.Errorf("the row itself is another one: %s, %v", other, row.Changes)
			}
		})
	}
}
