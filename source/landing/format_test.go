package landing_test

import (
	"encoding/json"
	"errors"
	"math"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"github.com/parquet-go/parquet-go/deprecated"
	"github.com/parquet-go/parquet-go/format"

	"github.com/birdie-ai/source-qualtrics/source/landing"
	"github.com/birdie-ai/source-qualtrics/source/record"
)

// typed has a column of every kind. One name contains syntax of the library.
type typed struct {
	ID      string          `json:"id"`
	At      time.Time       `json:"at"`
	Text    *string         `json:"text"`
	Odd     *string         `json:"a=b name"`
	Count   *int64          `json:"count"`
	Score   *json.Number    `json:"score"`
	Done    *bool           `json:"done"`
	Later   *time.Time      `json:"later"`
	Values  json.RawMessage `json:"values"`
	List    json.RawMessage `json:"list" jsonschema:"type=array"`
	Plain   string          `json:"plain"`
	OwnerID *string         `json:"owner_id"`
}

func pointer[T any](value T) *T { return &value }

var typedRows = []*typed{
	{ID: "null", At: noon},
	{
		ID: "full", At: noon.Add(1500 * time.Microsecond), Text: pointer("héllo ⟨世界⟩ 😀\n\"quoted\""), Odd: pointer("odd"),
		Count: pointer(int64(math.MaxInt64)), Score: pointer(json.Number("0.1")), Done: pointer(true), Later: pointer(noon.In(time.FixedZone("", 3600))),
		Values: json.RawMessage("{\"a\":1.0,\n\"b\":\"\\u00e9\"}"), List: json.RawMessage(`[1,"x"]`), Plain: "p", OwnerID: pointer("UR_1"),
	},
	{
		ID: "limits", At: time.Date(0, 1, 1, 0, 0, 0, 0, time.UTC), Text: pointer(""), Count: pointer(int64(math.MinInt64)),
		Score: pointer(json.Number("1e400")), Done: pointer(false), Later: pointer(time.Date(9999, 12, 31, 23, 59, 59, 999999999, time.UTC)),
		Values: json.RawMessage(`{}`), List: json.RawMessage(`[]`),
	},
	{
		ID: "dirty\x00\xff", At: noon, Text: pointer("a\x00b\xffc"), Score: pointer(json.Number("-0")),
		Values: json.RawMessage("{\"a\":\"\\u0000 \\\\u0000 \\ud83d\\ude00 \\ud83d\xff\"}"),
	},
}

// land writes rows into a stream and returns the content of its only file.
func land(t testing.TB, format landing.Format, of record.Info, rows ...any) (*memory, []byte) {
	t.Helper()
	folder := newMemory()
	w, err := landing.Open(options(folder, format, "run"))
	if err != nil {
		t.Fatal(err)
	}
	if err := w.Begin(of); err != nil {
		t.Fatal(err)
	}
	for _, rec := range rows {
		if err := w.Record(of.Stream, row(t, of, rec).Fit(w.Holds())); err != nil {
			t.Fatal(err)
		}
	}
	if err := errors.Join(w.State(of.Stream, []byte(`{}`)), w.End(of.Stream, nil), w.Close()); err != nil {
		t.Fatal(err)
	}
	files := folder.files(of.Stream+"/", "")
	if len(files) != 1 {
		t.Fatalf("got the files %v, want one", files)
	}
	return folder, folder.content(files[0])
}

func landTyped(t testing.TB, format landing.Format) (*memory, []byte) {
	t.Helper()
	rows := make([]any, len(typedRows))
	for i, rec := range typedRows {
		rows[i] = rec
	}
	return land(t, format, info(t, "typed", typed{}, "id", "at"), rows...)
}

func TestParquet_HoldsEveryKindOfColumn(t *testing.T) {
	t.Parallel()
	_, file := landTyped(t, landing.Parquet)
	rows, columns := readParquet(t, file)
	last := time.Date(9999, 12, 31, 23, 59, 59, 999999000, time.UTC)
	want := map[string][]any{
		"id":       {"null", "full", "limits", "dirty\ufffd\ufffd"},
		"at":       {noon.UnixMicro(), noon.UnixMicro() + 1500, time.Date(0, 1, 1, 0, 0, 0, 0, time.UTC).UnixMicro(), noon.UnixMicro()},
		"text":     {nil, "héllo ⟨世界⟩ 😀\n\"quoted\"", "", "a\ufffdb\ufffdc"},
		"a=b name": {nil, "odd", nil, nil},
		"count":    {nil, int64(math.MaxInt64), int64(math.MinInt64), nil},
		"score":    {nil, 0.1, nil, math.Copysign(0, -1)},
		"done":     {nil, true, false, nil},
		"later":    {nil, noon.UnixMicro(), last.UnixMicro(), nil},
		"values":   {nil, "{\"a\":1.0,\n\"b\":\"\\u00e9\"}", "{}", `{"a":"\ufffd \\u0000 \ud83d\ude00 \ufffd` + "\ufffd" + `"}`},
		"list":     {nil, "[1,\"x\"]", "[]", nil},
		"plain":    {"", "p", "", ""},
		"owner_id": {nil, "UR_1", nil, nil},
	}
	if rows != 4 {
		t.Errorf("got %d rows, want 4", rows)
	}
	if diff := cmp.Diff(want, columns); diff != "" {
		t.Errorf("columns (-want +got):\n%s", diff)
	}
	if !math.Signbit(columns["score"][3].(float64)) {
		t.Error("the sign of -0 is lost")
	}
}

func TestNDJSON_HoldsEveryKindOfColumn(t *testing.T) {
	t.Parallel()
	_, file := landTyped(t, landing.NDJSON)
	want := []string{
		`{"id":"null","at":"2026-03-01T12:00:00Z","text":null,"a=b name":null,"count":null,"score":null,"done":null,"later":null,"values":null,"list":null,"plain":"","owner_id":null}`,
		`{"id":"full","at":"2026-03-01T12:00:00.001500000Z","text":"héllo ⟨世界⟩ 😀\n\"quoted\"","a=b name":"odd","count":9223372036854775807,"score":0.1,"done":true,"later":"2026-03-01T12:00:00Z","values":{"a":1.0, "b":"\u00e9"},"list":[1,"x"],"plain":"p","owner_id":"UR_1"}`,
		`{"id":"limits","at":"0000-01-01T00:00:00Z","text":"","a=b name":null,"count":-9223372036854775808,"score":1e400,"done":false,"later":"9999-12-31T23:59:59.999999999Z","values":{},"list":[],"plain":"","owner_id":null}`,
		`{"id":"dirty` + "\ufffd" + `` + "\ufffd" + `","at":"2026-03-01T12:00:00Z","text":"a` + "\ufffd" + `b` + "\ufffd" + `c","a=b name":null,"count":null,"score":-0,"done":null,"later":null,"values":{"a":"\ufffd \\u0000 \ud83d\ude00 \ufffd` + "\ufffd" + `"},"list":null,"plain":"","owner_id":null}`,
	}
	if diff := cmp.Diff(want, readNDJSON(t, file)); diff != "" {
		t.Errorf("lines (-want +got):\n%s", diff)
	}
}

func TestParquet_SchemaHasTypesAndTheConnectorVersion(t *testing.T) {
	t.Parallel()
	_, file := landTyped(t, landing.Parquet)
	footer := openParquet(t, file).Metadata()
	if got := footer.CreatedBy; got != "source-qualtrics version 1.2.3" {
		t.Errorf("created by %q", got)
	}
	type column struct {
		Type      string
		Converted string
		UTC       bool
		Required  bool
	}
	want := map[string]column{
		"id":       {"BYTE_ARRAY", "UTF8", false, true},
		"at":       {"INT64", "", true, false},
		"text":     {"BYTE_ARRAY", "UTF8", false, false},
		"a=b name": {"BYTE_ARRAY", "UTF8", false, false},
		"count":    {"INT64", "", false, false},
		"score":    {"DOUBLE", "", false, false},
		"done":     {"BOOLEAN", "", false, false},
		"later":    {"INT64", "", true, false},
		"values":   {"BYTE_ARRAY", "UTF8", false, false},
		"list":     {"BYTE_ARRAY", "UTF8", false, false},
		"plain":    {"BYTE_ARRAY", "UTF8", false, false},
		"owner_id": {"BYTE_ARRAY", "UTF8", false, false},
	}
	got := make(map[string]column)
	for i, chunk := range footer.RowGroups[0].Columns {
		element := footer.Schema[i+1]
		c := column{
			Type:     element.Type.V.String(),
			Required: element.RepetitionType.V == format.Required,
		}
		c.UTC = element.LogicalType.String() == "TIMESTAMP(isAdjustedToUTC=true,unit=MICROS)"
		if converted, ok := element.ConvertedType.Get(); ok {
			c.Converted = map[deprecated.ConvertedType]string{deprecated.UTF8: "UTF8", deprecated.Json: "JSON"}[converted]
		}
		got[element.Name] = c
		if chunk.MetaData.Codec != format.Zstd {
			t.Errorf("column %d is compressed by %s", i, chunk.MetaData.Codec)
		}
		if chunk.ColumnIndexOffset != 0 || chunk.OffsetIndexOffset != 0 {
			t.Errorf("column %d has a page index", i)
		}
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("columns (-want +got):\n%s", diff)
	}
}

func TestParquet_NamesThatDifferInCaseAreTwoColumns(t *testing.T) {
	t.Parallel()
	type twice struct {
		ID    int64  `json:"id"`
		Upper *int64 `json:"ID"`
	}
	_, file := land(t, landing.Parquet, info(t, "twice", twice{}, "id", ""), &twice{ID: 1, Upper: pointer(int64(2))})
	footer := openParquet(t, file).Metadata()
	for i, want := range []string{"id", "ID"} {
		least := footer.RowGroups[0].Columns[i].MetaData.Statistics.MinValue
		if name := footer.Schema[i+1].Name; name != want || len(least) != 8 || least[0] != byte(i+1) {
			t.Errorf("column %d: got the name %s and the least value %v, want %s and %d", i, name, least, want, i+1)
		}
	}
}

func TestParquet_RowGroupsKeepTheOrderOfRows(t *testing.T) {
	t.Parallel()
	of := info(t, "rows", numbered{}, "id", "id")
	text := strings.Repeat("x", 10_000)
	const n = 8_000
	rows := make([]any, n)
	for i := range rows {
		rows[i] = &numbered{ID: int64(i), Text: &text}
	}
	_, file := land(t, landing.Parquet, of, rows...)
	if got := len(openParquet(t, file).RowGroups()); got != 3 {
		t.Errorf("got %d row groups for %d MB, want 3", got, n*len(text)/1_000_000)
	}
	count, columns := readParquet(t, file)
	if count != n {
		t.Fatalf("got %d rows, want %d", count, n)
	}
	for i, id := range columns["id"] {
		if id != int64(i) {
			t.Fatalf("row %d has the id %v", i, id)
		}
	}
}

func TestWriter_ManifestHasRowCountsAndCursors(t *testing.T) {
	t.Parallel()
	for _, format := range formats {
		folder, file := landTyped(t, format)
		got := manifest(t, folder.content("_manifest/run.json"))
		name := map[landing.Format]string{landing.Parquet: "part-00000.parquet", landing.NDJSON: "part-00000.ndjson.zst", landing.PlainNDJSON: "part-00000.ndjson"}[format]
		want := &landing.Manifest{
			Version: 1, Run: "run", Connector: "1.2.3", Format: format, StartedAt: noon, UpdatedAt: noon, FinishedAt: &noon,
			Streams: []*landing.ManifestStream{{
				Name: "typed", Result: landing.Complete, Key: []string{"id"}, Cursor: "at", Rows: 4,
				Files: []landing.ManifestFile{{
					Path: "typed/run=run/" + name, Rows: 4, Bytes: int64(len(file)),
					MinCursor: "0000-01-01T00:00:00Z", MaxCursor: "2026-03-01T12:00:00.0015Z",
				}},
			}},
		}
		ignored := []cmp.Option{cmpopts.IgnoreFields(landing.ManifestStream{}, "Schema"), cmpopts.IgnoreFields(landing.ManifestFile{}, "SHA256")}
		if diff := cmp.Diff(want, got, ignored...); diff != "" {
			t.Errorf("%s: manifest (-want +got):\n%s", format, diff)
		}
		named(t, folder)
	}
}

func TestWriter_RefusesAnUnfitKey(t *testing.T) {
	t.Parallel()
	type keyed struct {
		ID *json.Number `json:"id"`
	}
	for name, id := range map[string]*json.Number{"null": nil, "beyond a double": pointer(json.Number("1e999"))} {
		of := info(t, "keyed", keyed{}, "id", "")
		w, err := landing.Open(options(newMemory(), landing.Parquet, "run"))
		if err != nil {
			t.Fatal(err)
		}
		if err := w.Begin(of); err != nil {
			t.Fatal(err)
		}
		if err := w.Record("keyed", row(t, of, &keyed{ID: id})); err == nil || !strings.Contains(err.Error(), "column id") {
			t.Errorf("%s: got %v, want an error that names the column", name, err)
		}
	}
}

func TestWriter_PlainNDJSONIsNDJSONWithoutCompression(t *testing.T) {
	t.Parallel()
	_, compressed := landTyped(t, landing.NDJSON)
	_, plain := landTyped(t, landing.PlainNDJSON)
	if want := strings.Join(readNDJSON(t, compressed), "\n") + "\n"; string(plain) != want {
		t.Errorf("got %q, want %q", plain, want)
	}
}
