package landing_test

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"io"
	"strings"
	"testing"

	"github.com/klauspost/compress/zstd"
	"github.com/parquet-go/parquet-go"

	"github.com/birdie-ai/source-qualtrics/source/landing"
)

func isParquet(name string) bool { return strings.HasSuffix(name, ".parquet") }

func openParquet(t testing.TB, file []byte) *parquet.File {
	t.Helper()
	opened, err := parquet.OpenFile(bytes.NewReader(file), int64(len(file)))
	if err != nil {
		t.Fatalf("reading Parquet: %v", err)
	}
	return opened
}

// readParquet returns the columns of a file by name, in the types of Parquet. Its
// library is not the one of the writer.
func readParquet(t testing.TB, file []byte) (rows int64, columns map[string][]any) {
	t.Helper()
	opened := openParquet(t, file)
	columns = make(map[string][]any)
	names := opened.Schema().Columns()
	for _, group := range opened.RowGroups() {
		for i, chunk := range group.ColumnChunks() {
			name := strings.Join(names[i], ".")
			pages := chunk.Pages()
			for {
				page, err := pages.ReadPage()
				if errors.Is(err, io.EOF) {
					break
				}
				if err != nil {
					t.Fatalf("reading column %s: %v", name, err)
				}
				values := make([]parquet.Value, page.NumValues())
				if n, err := page.Values().ReadValues(values); n < len(values) || err != nil && !errors.Is(err, io.EOF) {
					t.Fatalf("reading column %s: %d of %d values, %v", name, n, len(values), err)
				}
				for _, value := range values {
					columns[name] = append(columns[name], physical(t, value))
				}
				parquet.Release(page)
			}
			if err := pages.Close(); err != nil {
				t.Fatalf("reading column %s: %v", name, err)
			}
		}
	}
	return opened.NumRows(), columns
}

// physical returns a value in its Go type; nil for null.
func physical(t testing.TB, value parquet.Value) any {
	switch value.Kind() {
	case parquet.Boolean:
		return value.Boolean()
	case parquet.Int64:
		return value.Int64()
	case parquet.Double:
		return value.Double()
	case parquet.ByteArray:
		return string(value.ByteArray())
	}
	if !value.IsNull() {
		t.Fatalf("a value of kind %v", value.Kind())
	}
	return nil
}

// readNDJSON returns the lines of a file.
func readNDJSON(t testing.TB, file []byte) []string {
	t.Helper()
	text := file
	if bytes.HasPrefix(file, []byte("\x28\xb5\x2f\xfd")) { // the magic number of zstd
		r, err := zstd.NewReader(bytes.NewReader(file))
		if err != nil {
			t.Fatal(err)
		}
		defer r.Close()
		if text, err = io.ReadAll(r); err != nil {
			t.Fatalf("decompressing: %v", err)
		}
	}
	if len(text) > 0 && text[len(text)-1] != '\n' {
		t.Errorf("the last line has no end: %.80q", text)
	}
	if len(text) == 0 {
		return nil
	}
	lines := strings.Split(strings.TrimSuffix(string(text), "\n"), "\n")
	for _, line := range lines {
		if !json.Valid([]byte(line)) {
			t.Errorf("a line is not JSON: %.200s", line)
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

// named returns the files listed by the manifests of the folder, by path, and checks
// them against the manifests.
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

// ids counts the rows of each id in the files listed by manifests.
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
