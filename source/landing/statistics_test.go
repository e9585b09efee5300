package landing_test

import (
	"bytes"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"io"
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/xitongsys/parquet-go/parquet"
	"github.com/xitongsys/parquet-go/reader"
	"github.com/xitongsys/parquet-go/source"

	"github.com/birdie-ai/source-qualtrics/source/landing"
)

// opened is an open Parquet file.
type opened struct{ *bytes.Reader }

func (opened) Write([]byte) (int, error)                 { return 0, io.ErrClosedPipe }
func (opened) Close() error                              { return nil }
func (opened) Create(string) (source.ParquetFile, error) { return nil, io.ErrClosedPipe }
func (o opened) Open(string) (source.ParquetFile, error) {
	copied := *o.Reader
	return opened{&copied}, nil
}

// footer returns the footer of a file, with nil for absent fields, which the other
// library of these tests returns as zero. It changes the names of columns, but not
// their order.
func footer(t testing.TB, file []byte) *parquet.FileMetaData {
	t.Helper()
	r, err := reader.NewParquetColumnReader(opened{bytes.NewReader(file)}, 1)
	if err != nil {
		t.Fatalf("reading the footer: %v", err)
	}
	return r.Footer
}

// statisticsOf returns the statistics of one column in the first row group.
func statisticsOf(t *testing.T, file []byte, column string) *parquet.Statistics {
	t.Helper()
	at := slices.IndexFunc(openParquet(t, file).Schema().Columns(), func(path []string) bool { return path[0] == column })
	return footer(t, file).RowGroups[0].Columns[at].MetaData.Statistics
}

func TestParquet_FooterOmitsFieldsThatReadersMisread(t *testing.T) {
	t.Parallel()
	_, file := landTyped(t, landing.Parquet)
	meta := footer(t, file)
	for _, element := range meta.Schema[1:] {
		if element.FieldID != nil || element.TypeLength != nil || element.Scale != nil || element.Precision != nil {
			t.Errorf("column %s: got %v, want no field id, length, scale and precision", element.Name, element)
		}
		if logical := element.LogicalType; logical != nil && logical.JSON != nil {
			t.Errorf("column %s is annotated as JSON", element.Name)
		}
	}
	if got, want := len(meta.ColumnOrders), len(meta.Schema)-1; got != want {
		t.Errorf("got %d column orders for %d columns", got, want)
	}
	for i, order := range meta.ColumnOrders {
		if order.TYPE_ORDER == nil {
			t.Errorf("column %d is not ordered by its type", i)
		}
	}
}

// bound decodes a bound to a comparable value.
func bound(kind parquet.Type, encoded []byte) any {
	switch {
	case encoded == nil:
		return nil
	case kind == parquet.Type_INT64:
		return int64(binary.LittleEndian.Uint64(encoded))
	case kind == parquet.Type_DOUBLE:
		return math.Float64frombits(binary.LittleEndian.Uint64(encoded))
	case kind == parquet.Type_BOOLEAN:
		return encoded[0] == 1
	default:
		return string(encoded)
	}
}

// atMost reports whether a <= b.
func atMost(a, b any) bool {
	switch a := a.(type) {
	case int64:
		return a <= b.(int64)
	case float64:
		return a <= b.(float64)
	case bool:
		return !a || b.(bool)
	default:
		return a.(string) <= b.(string)
	}
}

// checkStatistics compares the statistics of every chunk with its values, read by
// another library, and returns the number of bounds.
func checkStatistics(t *testing.T, file []byte) (seen int) {
	t.Helper()
	_, columns := readParquet(t, file)
	names := openParquet(t, file).Schema().Columns()
	first := int64(0)
	for g, group := range footer(t, file).RowGroups {
		for i, chunk := range group.Columns {
			name := names[i][0]
			where := fmt.Sprintf("row group %d, column %s", g, name)
			statistics := chunk.MetaData.Statistics
			least, greatest := bound(chunk.MetaData.Type, statistics.MinValue), bound(chunk.MetaData.Type, statistics.MaxValue)
			nulls := int64(0)
			for _, value := range columns[name][first : first+group.NumRows] {
				switch {
				case value == nil:
					nulls++
				case least == nil:
					t.Fatalf("%s has values and no lower bound", where)
				case !atMost(least, value), greatest != nil && !atMost(value, greatest):
					t.Fatalf("%s: %.80v is outside of %.80v to %.80v", where, value, least, greatest)
				}
			}
			if statistics.NullCount == nil || *statistics.NullCount != nulls {
				t.Errorf("%s: got the null count %v, want %d", where, statistics.NullCount, nulls)
			}
			if nulls == group.NumRows && (least != nil || greatest != nil) {
				t.Errorf("%s: the bounds of no value are %v and %v", where, least, greatest)
			}
			for _, text := range [][]byte{statistics.MinValue, statistics.MaxValue} {
				if chunk.MetaData.Type == parquet.Type_BYTE_ARRAY && (len(text) > 68 || !utf8.Valid(text)) {
					t.Errorf("%s: the bound %q is long or no text", where, text)
				}
				if text != nil {
					seen++
				}
			}
			if statistics.Min != nil || statistics.Max != nil {
				t.Errorf("%s has the deprecated bounds", where)
			}
		}
		first += group.NumRows
	}
	return seen
}

func TestParquet_StatisticsCountNullsAndBoundEveryValue(t *testing.T) {
	t.Parallel()
	_, file := landTyped(t, landing.Parquet)
	if seen := checkStatistics(t, file); seen != 24 {
		t.Errorf("got %d bounds of 12 columns, want 24", seen)
	}
	// Texts with equal first bytes, and characters of each length across the cut
	// of a bound.
	characters := []rune{'a', 'z', 0x7F, 'é', 0x7FF, 0x800, 0xD7FF, 0xE000, 0xFFFD, 0x10000, '😀', utf8.MaxRune}
	random := rand.New(rand.NewPCG(3, 4))
	for range 300 {
		base := strings.Repeat(string(characters[random.IntN(len(characters))]), 14+random.IntN(52))
		rows := make([]any, 1+random.IntN(6))
		for i := range rows {
			text := base
			for range random.IntN(5) {
				text += string(characters[random.IntN(len(characters))])
			}
			rec := &typed{ID: fmt.Sprint(i), At: noon.Add(time.Duration(random.Int64N(1e15))), Plain: text}
			if random.IntN(3) > 0 {
				rec.Text, rec.Values = &text, json.RawMessage(`{"k":"`+text+`"}`)
				rec.Count, rec.Done = pointer(random.Int64()-math.MaxInt64/2), pointer(random.IntN(2) == 0)
				rec.Score = pointer(json.Number(fmt.Sprint(random.NormFloat64())))
			}
			rows[i] = rec
		}
		_, file := land(t, landing.Parquet, info(t, "typed", typed{}, "id", "at"), rows...)
		checkStatistics(t, file)
	}
}

func TestParquet_EachRowGroupHasItsOwnStatistics(t *testing.T) {
	t.Parallel()
	of := info(t, "rows", numbered{}, "id", "id")
	long := strings.Repeat("x", 1<<20)
	rows := make([]any, 70)
	for i := range rows {
		rec := &numbered{ID: int64(i)}
		if i%7 > 0 {
			rec.Text = &long
		}
		rows[i] = rec
	}
	_, file := land(t, landing.Parquet, of, rows...)
	checkStatistics(t, file)
	groups := footer(t, file).RowGroups
	if len(groups) < 2 {
		t.Fatalf("got %d row groups, want several", len(groups))
	}
	for i, group := range groups[1:] {
		before, after := groups[i].Columns[0].MetaData.Statistics, group.Columns[0].MetaData.Statistics
		if got, want := bound(parquet.Type_INT64, after.MinValue), bound(parquet.Type_INT64, before.MaxValue).(int64)+1; got != want {
			t.Errorf("row group %d begins with the id %v, want %v", i+1, got, want)
		}
	}
	if len(file) > 1<<20 {
		t.Errorf("the file has %d bytes: long texts are in its statistics", len(file))
	}
}

func TestParquet_ShortBoundsAreExact(t *testing.T) {
	t.Parallel()
	repeat := strings.Repeat
	for name, test := range map[string]struct {
		texts        []string
		lower, upper any // nil: none
	}{
		"short":                               {[]string{"b", "a", "c"}, "a", "c"},
		"empty":                               {[]string{""}, "", ""},
		"the longest bound":                   {[]string{repeat("x", 64)}, repeat("x", 64), repeat("x", 64)},
		"a byte longer than a bound":          {[]string{repeat("x", 65)}, repeat("x", 64), repeat("x", 63) + "y"},
		"a character across the cut":          {[]string{repeat("x", 62) + "😀"}, repeat("x", 62), repeat("x", 61) + "y"},
		"the greatest character":              {[]string{"a" + repeat("\U0010FFFF", 20)}, "a" + repeat("\U0010FFFF", 15), "b"},
		"only the greatest character":         {[]string{repeat("\U0010FFFF", 20)}, repeat("\U0010FFFF", 16), nil},
		"the character before the surrogates": {[]string{repeat("x", 61) + "\uD7FFxx"}, repeat("x", 61) + "\uD7FF", repeat("x", 61) + "\uE000"},
		"a longer text after its prefix":      {[]string{repeat("x", 64), repeat("x", 70)}, repeat("x", 64), repeat("x", 63) + "y"},
		"a longer text before the greatest":   {[]string{repeat("x", 70), "y"}, repeat("x", 64), "y"},
	} {
		rows := make([]any, len(test.texts))
		for i, text := range test.texts {
			rows[i] = &typed{ID: fmt.Sprint(i), At: noon, Text: &text}
		}
		_, file := land(t, landing.Parquet, info(t, "typed", typed{}, "id", "at"), rows...)
		got := statisticsOf(t, file, "text")
		lower, upper := bound(parquet.Type_BYTE_ARRAY, got.MinValue), bound(parquet.Type_BYTE_ARRAY, got.MaxValue)
		if lower != test.lower || upper != test.upper {
			t.Errorf("%s: got %q to %q, want %q to %q", name, lower, upper, test.lower, test.upper)
		}
	}
}

func TestParquet_BoundsOfZeroIncludeBothZeros(t *testing.T) {
	t.Parallel()
	for _, zero := range []json.Number{"0", "-0"} {
		_, file := land(t, landing.Parquet, info(t, "typed", typed{}, "id", "at"), &typed{ID: "a", At: noon, Score: &zero})
		got := statisticsOf(t, file, "score")
		if lower, upper := binary.LittleEndian.Uint64(got.MinValue), binary.LittleEndian.Uint64(got.MaxValue); lower != 1<<63 || upper != 0 {
			t.Errorf("%s: got the bounds %x and %x, want -0 and +0", zero, lower, upper)
		}
	}
}

func TestParquet_StreamWithoutRowsHasAFileWithItsColumns(t *testing.T) {
	t.Parallel()
	_, file := land(t, landing.Parquet, info(t, "typed", typed{}, "id", "at"))
	meta := footer(t, file)
	if meta.NumRows != 0 || len(meta.RowGroups) != 0 || len(meta.Schema) != 13 {
		t.Errorf("got %d rows in %d row groups of %d columns, want none of 12", meta.NumRows, len(meta.RowGroups), len(meta.Schema)-1)
	}
}
