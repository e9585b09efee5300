package landing_test

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/klauspost/compress/gzip"

	"github.com/birdie-ai/source-qualtrics/source/landing"
)

// batched writes rows into files of a few rows and returns the names of the
// complete files.
func batched(t testing.TB, folder landing.FS, format landing.Format, run string) (names []string, err error) {
	t.Helper()
	o := options(folder, format, run)
	o.RotateRows = small
	batches, err := landing.OpenBatches(o, "tap--")
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, batches.Close()) }()
	rows := info(t, "rows", numbered{}, "id", "")
	var open *landing.Batch
	for id := range int64(rowsInAll) {
		if open == nil {
			if open, err = batches.Begin(rows); err != nil {
				return names, err
			}
		}
		full, err := open.Record(row(t, rows, &numbered{ID: id}))
		if err != nil {
			return names, errors.Join(err, open.Discard())
		}
		if !full {
			continue
		}
		name, err := open.Finish()
		if err != nil {
			return names, errors.Join(err, open.Discard())
		}
		names, open = append(names, name), nil
	}
	return names, nil
}

// batchedRows counts the rows of a complete file.
func batchedRows(t testing.TB, format landing.Format, content []byte) int {
	t.Helper()
	switch format {
	case landing.Parquet:
		rows, _ := readParquet(t, content)
		return int(rows)
	case landing.JSONLinesGzip:
		unpacked, err := gzip.NewReader(bytes.NewReader(content))
		if err == nil {
			content, err = io.ReadAll(unpacked)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	return bytes.Count(content, []byte("\n"))
}

var batchFormats = []landing.Format{landing.Parquet, landing.JSONLines, landing.JSONLinesGzip}

// A complete file survives a crash; an incomplete one has a temporary name.
func TestBatches_CompleteFilesSurviveACrashAtAnyOperation(t *testing.T) {
	t.Parallel()
	for _, format := range batchFormats {
		for _, how := range []survivor{nothingUnsynced, namesOnly, everything} {
			t.Run(string(format)+"/"+string(how), func(t *testing.T) {
				t.Parallel()
				for at := 1; ; at++ {
					folder := newMemory()
					folder.failAt, folder.dead = at, true
					names, err := batched(t, folder, format, "run")
					after := folder.crash(how)
					for _, name := range names {
						if rows := batchedRows(t, format, after.content(name)); rows != small {
							t.Fatalf("crash at operation %d: %s has %d rows", at, name, rows)
						}
					}
					if err == nil {
						if want := rowsInAll / small; len(names) != want || len(after.files("tap--rows-run-", "."+string(format))) != want {
							t.Errorf("the files are %v", after.files("", ""))
						}
						break
					}
				}
			})
		}
	}
}

// After an error no temporary file and no lock is left.
func TestBatches_FailureOfAnyOperationLeavesNoTemporaryFile(t *testing.T) {
	t.Parallel()
	for at := 1; ; at++ {
		folder := newMemory()
		folder.failAt = at
		_, err := batched(t, folder, landing.JSONLines, "run")
		if folder.operations < at {
			break
		}
		failed := folder.log[at-1]
		if !errors.Is(err, errPlanted) && !strings.HasPrefix(failed, "remove") {
			t.Fatalf("operation %d (%s): got %v, want the planted error", at, failed, err)
		}
		if left := folder.files("", ".tmp"); len(left) > 0 || (folder.locked && !strings.HasPrefix(failed, "unlock")) {
			t.Errorf("operation %d (%s): there are %v, locked %v", at, failed, left, folder.locked)
		}
	}
}

// Runs share a folder. Each removes the temporary files of killed runs only.
func TestBatches_RemoveOnlyFilesOfKilledRuns(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	open := func(run string) *landing.Batches {
		batches, err := landing.OpenBatches(options(root(t, dir), landing.JSONLines, run), "tap--")
		if err != nil {
			t.Fatal(err)
		}
		return batches
	}
	living := open("living")
	rows := info(t, "rows", numbered{}, "id", "")
	writing, err := living.Begin(rows)
	if err != nil {
		t.Fatal(err)
	}
	stay := []string{"tap--rows-dead-1.jsonl", "tap--rows-living-7.jsonl.tmp", "tap--rows-deader-1.jsonl.tmp", "othertap--rows-dead-1.jsonl.tmp", "tap--dead.lock.txt", "mine.tmp", "dead.lock"}
	gone := []string{"tap--dead.lock", "tap--rows-dead-2.jsonl.tmp", "tap--more_rows-dead-13.parquet.tmp"}
	for _, name := range slices.Concat(stay, gone) {
		if err := os.WriteFile(filepath.Join(dir, name), []byte("x"), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	next := open("living") // a run of the same moment
	if _, err := writing.Record(row(t, rows, &numbered{ID: 1})); err != nil {
		t.Fatal(err)
	}
	first, err := writing.Finish()
	if err != nil {
		t.Fatal(err)
	}
	other, err := next.Begin(rows)
	if err != nil {
		t.Fatal(err)
	}
	second, err := other.Finish()
	if err := errors.Join(err, living.Close(), next.Close()); err != nil {
		t.Fatal(err)
	}
	if first == second {
		t.Errorf("two runs wrote %s", first)
	}
	var left []string
	for name := range tree(t, dir) {
		left = append(left, name)
	}
	slices.Sort(left)
	want := slices.Sorted(slices.Values(append(stay, first, second)))
	if !slices.Equal(left, want) {
		t.Errorf("the folder holds\n%v, want\n%v", left, want)
	}
}

func TestBatches_RefuseInvalidNames(t *testing.T) {
	t.Parallel()
	if _, err := landing.OpenBatches(options(newMemory(), landing.JSONLines, "../run"), ""); err == nil {
		t.Error("a run id that is a path was accepted")
	}
	batches, err := landing.OpenBatches(options(newMemory(), landing.JSONLines, "run"), "")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := batches.Begin(info(t, "../rows", numbered{}, "id", "")); err == nil {
		t.Error("a stream's name that is a path is taken")
	}
	if err := batches.Close(); err != nil {
		t.Fatal(fmt.Errorf("closing: %w", err))
	}
}
