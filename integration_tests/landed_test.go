//go:build unix

package integration_tests_test

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/klauspost/compress/zstd"
	"github.com/xitongsys/parquet-go/reader"
	"github.com/xitongsys/parquet-go/source"

	"github.com/birdie-ai/source-qualtrics/integration_tests/testkit"
	"github.com/birdie-ai/source-qualtrics/source/landing"
)

// silent runs a command that prints little, to its end.
func (u *user) silent(command *exec.Cmd) finished {
	u.t.Helper()
	var stdout, stderr bytes.Buffer
	command.Stdout, command.Stderr = &stdout, &stderr
	if err := command.Start(); err != nil {
		u.t.Fatal(err)
	}
	if u.started != nil {
		u.started <- command.Process
	}
	var end finished
	end.ended(u.t, command)
	end.all, end.stderr = stdout.Bytes(), stderr.Bytes()
	return end
}

// filesBelow lists the files below a folder, slash-separated.
func filesBelow(t *testing.T, folder string) (names []string) {
	t.Helper()
	err := filepath.WalkDir(folder, func(path string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		name, err := filepath.Rel(folder, path)
		names = append(names, filepath.ToSlash(name))
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return names
}

func isData(name string) bool {
	return strings.HasSuffix(name, ".parquet") || strings.HasSuffix(name, ".ndjson.zst") || strings.HasSuffix(name, ".ndjson")
}

// noHalfFile demands that every file with a final name is whole, be it named by
// a manifest or not, and that manifests tell the truth.
func noHalfFile(t *testing.T, folder string) {
	t.Helper()
	for _, name := range filesBelow(t, folder) {
		content, err := os.ReadFile(filepath.Join(folder, name))
		if err != nil {
			t.Fatal(err)
		}
		switch {
		case strings.HasSuffix(name, ".json") && !json.Valid(content):
			t.Errorf("%s is no JSON: %q", name, content)
		case isData(name):
			if _, err := landedRows(name, content); err != nil {
				t.Errorf("%s is not whole: %v", name, err)
			}
		}
	}
	for name, file := range landedFiles(t, folder) {
		content, err := os.ReadFile(filepath.Join(folder, name))
		sum := sha256.Sum256(content)
		if err != nil || int64(len(content)) != file.Bytes || hex.EncodeToString(sum[:]) != file.SHA256 {
			t.Errorf("%s is not the file of the manifest: %d bytes, want %d: %v", name, len(content), file.Bytes, err)
		}
	}
}

// wholeFolder demands that nothing is left of an interrupted run.
func wholeFolder(t *testing.T, folder string) {
	t.Helper()
	noHalfFile(t, folder)
	named := landedFiles(t, folder)
	for _, name := range filesBelow(t, folder) {
		if _, known := named[name]; strings.HasSuffix(name, ".tmp") || name == "_lock" || (isData(name) && !known) {
			t.Errorf("%s is left", name)
		}
	}
}

// manifests are those of a folder by run, the oldest first.
func manifests(t *testing.T, folder string) (all []landing.Manifest) {
	t.Helper()
	names, err := filepath.Glob(filepath.Join(folder, "_manifest", "*.json"))
	if err != nil {
		t.Fatal(err)
	}
	slices.Sort(names)
	for _, name := range names {
		text, err := os.ReadFile(name)
		var m landing.Manifest
		if err == nil {
			err = json.Unmarshal(text, &m)
		}
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		all = append(all, m)
	}
	return all
}

// landedFiles are the files that manifests name.
func landedFiles(t *testing.T, folder string) map[string]landing.ManifestFile {
	t.Helper()
	files := make(map[string]landing.ManifestFile)
	for _, m := range manifests(t, folder) {
		for _, stream := range m.Streams {
			for _, file := range stream.Files {
				files[file.Path] = file
			}
		}
	}
	return files
}

// readFolder takes in the rows of a folder, as its documentation says: of equal
// keys the row of the latest run, in a run the last one.
func (u *user) readFolder(folder string) {
	u.t.Helper()
	for _, m := range manifests(u.t, folder) {
		for _, stream := range m.Streams {
			if keyColumns[stream.Name] == 0 {
				continue
			}
			for _, file := range stream.Files {
				content, err := os.ReadFile(filepath.Join(folder, file.Path))
				if err != nil {
					u.t.Fatal(err)
				}
				rows, err := landedRows(file.Path, content)
				if err != nil || int64(len(rows)) != file.Rows {
					u.t.Fatalf("%s has %d rows, want %d: %v", file.Path, len(rows), file.Rows, err)
				}
				for _, row := range rows {
					u.platform.tables[stream.Name][row.Key] = row
				}
			}
		}
	}
}

// landedRows are the rows of a data file. Those of a stream that has no key
// here are counted only; those of Parquet have no content but key and cursor.
func landedRows(name string, content []byte) ([]*testkit.Row, error) {
	stream, _, _ := strings.Cut(name, "/")
	if strings.HasSuffix(name, ".parquet") {
		return parquetRows(stream, content)
	}
	decoder, err := zstd.NewReader(bytes.NewReader(content))
	if err != nil {
		return nil, err
	}
	defer decoder.Close()
	text, err := io.ReadAll(decoder)
	if err != nil {
		return nil, err
	}
	var rows []*testkit.Row
	for line := range bytes.Lines(text) {
		if line[len(line)-1] != '\n' || !json.Valid(line) {
			return nil, fmt.Errorf("a line is not whole: %.100q", line)
		}
		row := &testkit.Row{}
		if keyColumns[stream] > 0 {
			if row, err = testkit.CutRow(stream, line[:len(line)-1]); err != nil {
				return nil, err
			}
		}
		rows = append(rows, row)
	}
	return rows, nil
}

// versionColumns are the columns that tell a version of a row: the key, and the
// cursor.
var versionColumns = map[string][]string{
	"surveys":   {"survey_id", "last_modified"},
	"responses": {"survey_id", "response_id", "last_modified_date"},
	"contacts":  {"directory_id", "contact_id", "last_modified"},
}

// inMemory is a Parquet file to read.
type inMemory struct{ *bytes.Reader }

func (inMemory) Write([]byte) (int, error)                 { return 0, io.ErrClosedPipe }
func (inMemory) Close() error                              { return nil }
func (inMemory) Create(string) (source.ParquetFile, error) { return nil, io.ErrClosedPipe }
func (m inMemory) Open(string) (source.ParquetFile, error) {
	copied := *m.Reader
	return inMemory{&copied}, nil
}

func parquetRows(stream string, content []byte) (rows []*testkit.Row, err error) {
	r, err := reader.NewParquetColumnReader(inMemory{bytes.NewReader(content)}, 1)
	if err != nil {
		return nil, err
	}
	defer r.ReadStop()
	n := r.GetNumRows()
	rows = make([]*testkit.Row, n)
	for i := range rows {
		rows[i] = &testkit.Row{}
	}
	columns := versionColumns[stream]
	for i := range r.SchemaHandler.GetColumnNum() {
		name := r.SchemaHandler.Infos[i+1].ExName
		if name != "deleted_at" && !slices.Contains(columns, name) {
			continue
		}
		values, _, _, err := r.ReadColumnByIndex(i, n)
		if err != nil || int64(len(values)) != n {
			return nil, fmt.Errorf("column %s has %d values, want %d: %w", name, len(values), n, err)
		}
		for at, value := range values {
			switch {
			case name == "deleted_at":
				rows[at].Deleted = value != nil
			case name == columns[len(columns)-1]:
				micros, _ := value.(int64)
				rows[at].Cursor = time.UnixMicro(micros).UnixNano()
			case rows[at].Key == "":
				rows[at].Key = fmt.Sprint(value)
			default:
				rows[at].Key += "/" + fmt.Sprint(value)
			}
		}
	}
	return rows, nil
}
