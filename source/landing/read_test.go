package landing_test

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"io"
	"strings"
	"testing"

	"github.com/klauspost/compress/zstd"
	"github.com/xitongsys/parquet-go/reader"
	"github.com/xitongsys/parquet-go/source"

	"github.com/birdie-ai/source-qualtrics/source/landing"
)

// content is a Parquet file in memory.
type content struct{ *bytes.Reader }

func (content) Write([]byte) (int, error)                 { return 0, io.ErrClosedPipe }
func (content) Close() error                              { return nil }
func (content) Create(string) (source.ParquetFile, error) { return nil, io.ErrClosedPipe }
func (c content) Open(string) (source.ParquetFile, error) { return content{reopen(c.Reader)}, nil }
func reopen(r *bytes.Reader) *bytes.Reader {
	all, _ := io.ReadAll(io.NewSectionReader(r, 0, r.Size()))
	return bytes.NewReader(all)
}
func isParquet(name string) bool { return strings.HasSuffix(name, ".parquet") }

// readParquet returns the columns of a file by name, in Parquet's own types.
func readParquet(t testing.TB, file []byte) (rows int64, columns map[string][]any) {
	t.Helper()
	r, err := reader.NewParquetColumnReader(content{bytes.NewReader(file)}, 1)
	if err != nil {
		t.Fatalf("reading Parquet: %v", err)
	}
	defer r.ReadStop()
	columns = make(map[string][]any)
	rows = r.GetNumRows()
	for i := range r.SchemaHandler.GetColumnNum() {
		values, _, _, err := r.ReadColumnByIndex(i, rows)
		if err != nil {
			t.Fatalf("reading column %d: %v", i, err)
		}
		columns[r.SchemaHandler.Infos[i+1].ExName] = values
	}
	return rows, columns
}

// readNDJSON returns the lines of a file.
func readNDJSON(t testing.TB, file []byte) []string {
	t.Helper()
	r, err := zstd.NewReader(bytes.NewReader(file))
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	text, err := io.ReadAll(r)
	if err != nil {
		t.Fatalf("decompressing: %v", err)
	}
	if len(text) > 0 && text[len(text)-1] != '\n' {
		t.Errorf("the last line has no end: %.80q", text)
	}
	lines := strings.Split(strings.TrimSuffix(string(text), "\n"), "\n")
	for _, line := range lines {
		if !json.Valid([]byte(line)) {
			t.Errorf("a line is no JSON: %.200s", line)
		}
	}
	return lines
}

func manifest(t testing.TB, text []byte) *landing.Manifest {
	t.Helper()
	m := &landing.Manifest{}
	if err := json.Unmarshal(text, m); err != nil {
		t.Fatalf("the manifest is not whole: %v: %s", err, text)
	}
	return m
}

// named returns every file that a manifest of the folder names, by its path,
// and checks it against the manifest.
func named(t testing.TB, folder *memory) map[string]landing.ManifestFile {
	t.Helper()
	found := make(map[string]landing.ManifestFile)
	for _, name := range folder.files("_manifest/", ".json") {
		for _, stream := range manifest(t, folder.content(name)).Streams {
			var rows int64
			for _, file := range stream.Files {
				text := folder.content(file.Path)
				sum := sha256.Sum256(text)
				if hex.EncodeToString(sum[:]) != file.SHA256 || int64(len(text)) != file.Bytes {
					t.Errorf("%s: the file is not the one of the manifest: %d bytes, want %d", file.Path, len(text), file.Bytes)
				}
				found[file.Path] = file
				rows += file.Rows
			}
			if rows != stream.Rows {
				t.Errorf("%s: stream %s has %d rows in files, %d in the manifest", name, stream.Name, rows, stream.Rows)
			}
		}
	}
	return found
}

// ids returns the ids of all rows in the files that manifests name, with how
// often each is there.
func ids(t testing.TB, folder *memory) map[int64]int {
	t.Helper()
	found := make(map[int64]int)
	for path, file := range named(t, folder) {
		var inFile []int64
		if isParquet(path) {
			_, columns := readParquet(t, folder.content(path))
			for _, id := range columns["id"] {
				inFile = append(inFile, id.(int64))
			}
		} else {
			for _, line := range readNDJSON(t, folder.content(path)) {
				var row struct{ ID int64 }
				if err := json.Unmarshal([]byte(line), &row); err != nil {
					t.Fatal(err)
				}
				inFile = append(inFile, row.ID)
			}
		}
		if int64(len(inFile)) != file.Rows {
			t.Errorf("%s: got %d rows, the manifest has %d", path, len(inFile), file.Rows)
		}
		for _, id := range inFile {
			found[id]++
		}
	}
	return found
}
