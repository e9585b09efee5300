package landing_test

import (
	"encoding/json"
	"strconv"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"

	"github.com/birdie-ai/source-qualtrics/source/landing"
	"github.com/birdie-ai/source-qualtrics/source/record"
)

// fitting returns text without characters that files cannot hold.
func fitting(text string) string {
	return strings.ReplaceAll(strings.ToValidUTF8(text, "\ufffd"), "\x00", "\ufffd")
}

// optional returns nil if the bit of nulls is set.
func optional[T any](nulls uint16, bit int, value T) *T {
	if nulls>>bit&1 == 1 {
		return nil
	}
	return &value
}

// FuzzFiles writes rows of any content as Parquet and NDJSON, and compares them with
// the content of the files.
func FuzzFiles(f *testing.F) {
	f.Add("full", "héllo ⟨世界⟩ 😀\n\"quoted\"", "0.1", int64(1), int64(1_500_000_000), []byte("{\"a\":1.0,\n\"b\":\"\\u00e9\"}"), []byte(`[1,"x"]`), uint16(0), uint8(3))
	f.Add("dirty\x00\xff", "a\x00b\xffc", "1e400", int64(-1<<63), int64(-1<<62), []byte("{\"a\":\"\\u0000\\ud83d\xff\"}"), []byte(`["\u2028"]`), uint16(0b101), uint8(9))
	f.Add("", strings.Repeat("x", 300), "-0", int64(1<<63-1), int64(0), []byte(`{}`), []byte(`[]`), uint16(0x155), uint8(11))
	f.Add("null", "", "NaN", int64(0), int64(253402300799), []byte(`null`), []byte(``), uint16(0xffff), uint8(1))
	f.Fuzz(func(t *testing.T, id, text, score string, count, seconds int64, values, list []byte, nulls uint16, n uint8) {
		id = "R_" + id // a key is never empty
		if !json.Valid([]byte(score)) || strings.Trim(score[:1], "-0123456789") != "" {
			score = "7.50"
		}
		if !json.Valid(values) || values[0] != '{' {
			values = nil
		}
		if !json.Valid(list) || list[0] != '[' {
			list = nil
		}
		at := time.Unix(seconds%253402300799, count&0xfffff*1000) // up to the year 9999
		if at.UTC().Year() < 0 {
			at = noon
		}
		made := make([]*typed, int(n%12)+1)
		rows := make([]any, len(made))
		for i := range made {
			bits := nulls<<i | nulls>>(16-i%16) // another row, other nulls
			made[i] = &typed{
				ID: id, At: at, Text: optional(bits, 0, text), Odd: optional(bits, 1, strconv.Itoa(i)), Count: optional(bits, 2, count),
				Score: optional(bits, 3, json.Number(score)), Done: optional(bits, 4, i%2 == 0), Later: optional(bits, 5, at),
				Plain: text, OwnerID: optional(bits, 6, id),
			}
			if bits>>7&1 == 0 {
				made[i].Values = values
			}
			if bits>>8&1 == 0 {
				made[i].List = list
			}
			rows[i] = made[i]
		}
		of := info(t, "typed", typed{}, "id", "at")
		_, file := land(t, landing.Parquet, of, rows...)
		got, columns := readParquet(t, file)
		if got != int64(len(made)) {
			t.Fatalf("got %d rows, want %d", got, len(made))
		}
		want := make(map[string][]any)
		for _, rec := range rows {
			cells := row(t, of, rec)
			for i, column := range of.Table.Columns {
				want[column.Name] = append(want[column.Name], parquetCell(cells.Cell(i)))
			}
		}
		for _, column := range of.Table.Columns {
			for i, got := range columns[column.Name] {
				want := want[column.Name][i]
				if column.Kind == record.Object || column.Kind == record.Array {
					got, want = sameJSON(t, got, want)
				}
				if diff := cmp.Diff(want, got); diff != "" {
					t.Fatalf("row %d, column %s (-want +got):\n%s", i, column.Name, diff)
				}
			}
		}
		_, file = land(t, landing.NDJSON, of, rows...)
		lines := readNDJSON(t, file)
		if len(lines) != len(made) {
			t.Fatalf("got %d lines, want %d", len(lines), len(made))
		}
		for i, line := range lines {
			var back struct {
				ID    string
				Plain string
				Text  *string
				Score *json.Number
				At    time.Time
			}
			if err := json.Unmarshal([]byte(line), &back); err != nil {
				t.Fatalf("%v: %s", err, line)
			}
			if !utf8.ValidString(line) || strings.Contains(line, "\x00") {
				t.Errorf("the line is not clean: %q", line)
			}
			if !back.At.Equal(at) || (back.Text == nil) != (made[i].Text == nil) || !cmp.Equal(back.Score, made[i].Score) {
				t.Errorf("row %d: got %+v, want %+v", i, back, made[i])
			}
			if utf8.ValidString(id+text) && (back.ID != fitting(id) || back.Plain != fitting(text)) {
				t.Errorf("row %d: got %q and %q, want %q and %q", i, back.ID, back.Plain, id, text)
			}
		}
	})
}

// parquetCell returns the value of a cell in a Parquet file.
func parquetCell(cell any) any {
	switch value := cell.(type) {
	case string:
		return fitting(value)
	case json.Number:
		number, err := value.Float64()
		if err != nil {
			return nil
		}
		return number
	case time.Time:
		return value.UnixMicro()
	case json.RawMessage:
		return string(value)
	default:
		return value
	}
}

// sameJSON returns JSON from a file, and the written JSON, in a form to compare: the
// bytes without characters that files cannot hold.
func sameJSON(t *testing.T, got, want any) (any, any) {
	t.Helper()
	text, ok := got.(string)
	original, wanted := want.(string)
	if !ok || !wanted {
		return got, want
	}
	if !json.Valid([]byte(text)) || !utf8.ValidString(text) || strings.Contains(text, "\x00") {
		t.Errorf("%q became %q", original, text)
	}
	if !utf8.ValidString(original) || strings.Contains(original, `\u`) {
		return nil, nil // jsonsafe.FuzzClean tests the replaced characters
	}
	return got, want
}
