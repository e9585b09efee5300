//go:build clients && unix

package integration_tests_test

import (
	"bytes"
	"encoding/binary"
	"encoding/json"
	"errors"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/klauspost/compress/zstd"
	"github.com/xitongsys/parquet-go/common"
	"github.com/xitongsys/parquet-go/reader"

	"github.com/birdie-ai/source-qualtrics/integration_tests/testkit"
	"github.com/birdie-ai/source-qualtrics/source"
	"github.com/birdie-ai/source-qualtrics/source/failures"
	"github.com/birdie-ai/source-qualtrics/source/landing"
	"github.com/birdie-ai/source-qualtrics/source/record"
	"github.com/birdie-ai/source-qualtrics/source/sandbox"
)

// corpus is a folder with the same rows twice: parquet/ has the files as the
// program writes them, and truth/STREAM.ndjson the rows of its NDJSON files. In
// damaged/ are copies of two streams whose early pages are destroyed: only a
// reader that skips them can answer a query for the rows that come later.
type corpus struct {
	folder  string
	streams []string
	rows    map[string]int // by stream
}

var shared struct {
	sync.Once
	corpus
}

// sharedCorpus makes the corpus once; it goes with the built program.
func sharedCorpus(t *testing.T) corpus {
	t.Helper()
	testkit.Binary(t)
	shared.Do(func() { shared.corpus = makeCorpus(t, filepath.Join(testkit.BuildFolder(), "corpus")) })
	if shared.folder == "" {
		t.Fatal("the files to read could not be made, see another test")
	}
	return shared.corpus
}

// makeCorpus runs the same three exports in both formats, each in a time of its
// own that begins at the same moment, so that the rows are the same. Two more
// streams hold values that no tenant of the sandbox has.
func makeCorpus(t *testing.T, folder string) corpus {
	t.Helper()
	c := corpus{folder: folder, rows: make(map[string]int)}
	for _, format := range []landing.Format{landing.Parquet, landing.NDJSON} {
		folder := filepath.Join(c.folder, string(format))
		landExtremes(t, folder, format) // first: the compressor that all Parquet files share must not belong to a bubble
		landGrown(t, folder, format)
		synctest.Test(t, func(t *testing.T) { exportThrice(t, folder, format) })
	}
	c.decompress(t)
	c.damage(t, "responses", "extremes")
	return c
}

// exportThrice exports a tenant that changes between the exports.
func exportThrice(t *testing.T, folder string, format landing.Format) {
	tenant, err := sandbox.New(sandbox.Options{Seed: 11, Surveys: 4, Responses: 600, Contacts: 120})
	if err != nil {
		t.Fatal(err)
	}
	tenant.SetActivity(3, 5, 1)
	files := map[string][]byte{"config.json": testkit.Encode(testkit.Config(tenant, map[string]any{
		"limits": map[string]any{"parallel_exports": 1}, // rows come in the same order each time
	}))}
	args := []string{"export", "--config", "config.json", "--to", folder, "--format", string(format), "--streams", "contacts,response_deletions,responses,surveys,sync_audit"}
	for range 3 {
		end := testkit.Run(t.Context(), &source.Program{
			Transport: tenant.RoundTripper(), Clock: tenant.Now, Files: &testkit.Files{Content: files},
			Jitter: func(time.Duration) time.Duration { return 0 },
		}, source.Sizes{}, nil, args...)
		if end.Code != failures.ExitOK {
			t.Fatalf("the export ended with code %d\n%s", end.Code, end.Stderr)
		}
		tenant.Advance(8*24*time.Hour, false)
	}
}

// extreme is a row whose values are at the ends of their types.
type extreme struct {
	ID      int64           `json:"id"`
	At      time.Time       `json:"last_modified_date"`
	Text    *string         `json:"text"`
	Last    *string         `json:"last"`
	Lower   *string         `json:"lower"`
	Count   *int64          `json:"count"`
	Score   *json.Number    `json:"score"`
	Done    *bool           `json:"done"`
	Later   *time.Time      `json:"later"`
	Values  json.RawMessage `json:"values"`
	List    json.RawMessage `json:"list" jsonschema:"type=array"`
	Nothing *string         `json:"nothing"`
}

var extremeTypes = map[string]any{
	"id": "integer", "last_modified_date": "date-time", "text": "string", "last": "string", "lower": "string", "count": "integer",
	"score": "number", "done": "boolean", "later": "date-time", "values": "object", "list": "array", "nothing": "string",
}

// landExtremes lands rows whose texts of a megabyte make several row groups, each
// with later rows than the one before.
func landExtremes(t *testing.T, folder string, format landing.Format) {
	t.Helper()
	began := time.Date(2026, 3, 1, 12, 0, 0, 123456000, time.UTC)
	texts := []string{"", "plain", "Zürich 😀 ⟨世界⟩", "a\"quoted\",\nline\ttab\\", "null", "0123", " trailing ", strings.Repeat("long ", 1<<19), "z" + strings.Repeat("é", 40), "\uFFFD"}
	numbers := []json.Number{"0", "-0", "0.1", "1e300", "-1e-300", "123456789012345678"}
	rows := make([]any, 300)
	for i := range rows {
		row := &extreme{ID: int64(i), At: began.Add(time.Duration(i) * 36 * time.Hour).Add(time.Duration(i) * time.Microsecond)}
		if i%4 != 1 {
			row.Text, row.Last = &texts[i%len(texts)], pointerTo(strings.Repeat("\U0010FFFF", i%40))
			row.Count = pointerTo([]int64{-1 << 63, 1<<63 - 1, 0, int64(i)}[i%4])
			row.Score, row.Done = &numbers[i%len(numbers)], pointerTo(i%3 == 0)
			row.Later = pointerTo(time.Date(1700+2*i, 2, 28, 23, 59, 59, 999999000, time.UTC))
			row.Values, row.List = testkit.Encode(map[string]any{"QID1": texts[i%7], "a.b": i, "n": nil}), json.RawMessage(`[1,{"x":"é"},[]]`)
		}
		if i%5 == 0 {
			row.Lower, row.List = pointerTo("lower"), json.RawMessage(`[]`)
		}
		rows[i] = row
	}
	land(t, folder, format, "20260301-000000-000", "extremes", extremeTypes, extreme{}, rows)
}

// grown is a stream that got a column with a later release.
type grownBefore struct {
	ID int64     `json:"id"`
	At time.Time `json:"last_modified_date"`
}

type grownAfter struct {
	ID    int64     `json:"id"`
	Added *string   `json:"added"`
	At    time.Time `json:"last_modified_date"`
}

func landGrown(t *testing.T, folder string, format landing.Format) {
	t.Helper()
	types := map[string]any{"id": "integer", "last_modified_date": "date-time"}
	at := time.Date(2026, 3, 1, 0, 0, 0, 0, time.UTC)
	land(t, folder, format, "20260302-000000-000", "grown", types, grownBefore{}, []any{&grownBefore{1, at}, &grownBefore{2, at.Add(time.Hour)}})
	types["added"] = "string"
	land(t, folder, format, "20260303-000000-000", "grown", types, grownAfter{}, []any{&grownAfter{3, pointerTo("new"), at.Add(2 * time.Hour)}, &grownAfter{4, nil, at.Add(3 * time.Hour)}})
}

func pointerTo[T any](value T) *T { return &value }

// land writes a run of one stream, as an export does.
func land(t *testing.T, folder string, format landing.Format, run, stream string, types map[string]any, zero any, rows []any) {
	t.Helper()
	properties := make(map[string]any)
	for name, kind := range types {
		if kind == "date-time" {
			properties[name] = map[string]any{"type": "string", "format": kind}
		} else {
			properties[name] = map[string]any{"type": kind}
		}
	}
	table, err := record.NewTable(zero)
	if err != nil {
		t.Fatal(err)
	}
	root, err := landing.OpenRoot(folder)
	if err != nil {
		t.Fatal(err)
	}
	w, err := landing.Open(landing.Options{FS: root, Format: format, Run: run, Now: time.Now, Version: "test"})
	if err != nil {
		t.Fatal(err)
	}
	err = w.Begin(record.Info{Stream: stream, Schema: testkit.Encode(map[string]any{"properties": properties}), Table: table, Key: []string{"id"}, Cursor: "last_modified_date"})
	for _, rec := range rows {
		row, rowErr := table.Row(rec)
		err = errors.Join(err, rowErr, w.Record(stream, row))
	}
	if err := errors.Join(err, w.End(stream, nil), w.Close()); err != nil {
		t.Fatal(err)
	}
}

// decompress writes truth/ from the NDJSON files, which are compressed.
func (c *corpus) decompress(t *testing.T) {
	t.Helper()
	folder := filepath.Join(c.folder, "truth")
	if err := os.Mkdir(folder, 0o700); err != nil {
		t.Fatal(err)
	}
	decoder, err := zstd.NewReader(nil)
	if err != nil {
		t.Fatal(err)
	}
	defer decoder.Close()
	lines := make(map[string][]byte)
	ndjson := filepath.Join(c.folder, string(landing.NDJSON))
	for _, name := range filesBelow(t, ndjson) {
		if !isData(name) {
			continue
		}
		packed, err := os.ReadFile(filepath.Join(ndjson, name))
		if err != nil {
			t.Fatal(err)
		}
		stream, _, _ := strings.Cut(name, "/")
		if lines[stream], err = decoder.DecodeAll(packed, lines[stream]); err != nil {
			t.Fatal(err)
		}
	}
	c.streams = slices.Sorted(maps.Keys(lines))
	for stream, content := range lines {
		c.rows[stream] = bytes.Count(content, []byte("\n"))
		if err := os.WriteFile(filepath.Join(folder, stream+".ndjson"), content, 0o600); err != nil {
			t.Fatal(err)
		}
	}
}

// damage copies streams and destroys the pages of every row group that ends
// before the last one begins. The time from which on the rows are whole is in
// damaged/STREAM.json, in microseconds.
func (c *corpus) damage(t *testing.T, streams ...string) {
	t.Helper()
	for _, stream := range streams {
		var last int64
		destroyed := 0
		for _, pass := range []func(low, high int64, pages []byte){
			func(low, _ int64, _ []byte) { last = max(last, low) },
			func(_, high int64, pages []byte) {
				if high < last {
					destroyed++
					clear(pages)
				}
			},
		} {
			for _, name := range filesBelow(t, filepath.Join(c.folder, "parquet", stream)) {
				content, err := os.ReadFile(filepath.Join(c.folder, "parquet", stream, name))
				if err != nil {
					t.Fatal(err)
				}
				eachGroup(t, content, pass)
				copied := filepath.Join(c.folder, "damaged", stream, name)
				if err := errors.Join(os.MkdirAll(filepath.Dir(copied), 0o700), os.WriteFile(copied, content, 0o600)); err != nil {
					t.Fatal(err)
				}
			}
		}
		if destroyed == 0 {
			t.Fatalf("every row group of %s has late rows", stream)
		}
		if err := os.WriteFile(filepath.Join(c.folder, "damaged", stream+".json"), testkit.Encode(last), 0o600); err != nil {
			t.Fatal(err)
		}
	}
}

// eachGroup calls do for each row group of a file, with the bounds of its cursor
// and its pages.
func eachGroup(t *testing.T, content []byte, do func(low, high int64, pages []byte)) {
	t.Helper()
	r, err := reader.NewParquetColumnReader(inMemory{bytes.NewReader(content)}, 1)
	if err != nil {
		t.Fatal(err)
	}
	cursor := slices.IndexFunc(r.SchemaHandler.Infos, func(tag *common.Tag) bool { return tag.ExName == "last_modified_date" }) - 1
	for _, group := range r.Footer.RowGroups {
		bounds := group.Columns[cursor].MetaData.Statistics
		first, end := group.Columns[0].MetaData, group.Columns[len(group.Columns)-1].MetaData
		do(int64(binary.LittleEndian.Uint64(bounds.MinValue)), int64(binary.LittleEndian.Uint64(bounds.MaxValue)),
			content[first.DataPageOffset:end.DataPageOffset+end.TotalCompressedSize])
	}
}
