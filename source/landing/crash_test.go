package landing_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/birdie-ai/source-qualtrics/integration_tests/thorough"
	"github.com/birdie-ai/source-qualtrics/source/landing"
	"github.com/birdie-ai/source-qualtrics/source/record"
)

var formats = []landing.Format{landing.Parquet, landing.NDJSON, landing.PlainNDJSON}

var noon = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

// numbered is a row of the streams in these tests.
type numbered struct {
	ID   int64   `json:"id"`
	Text *string `json:"text"`
}

func info(t testing.TB, stream string, zero any, key string, cursor string) record.Info {
	t.Helper()
	table, err := record.NewTable(zero)
	if err != nil {
		t.Fatal(err)
	}
	return record.Info{Stream: stream, Schema: []byte(`{"type":"object"}`), Table: table, Key: []string{key}, Cursor: cursor}
}

func row(t testing.TB, of record.Info, rec any) record.Row {
	t.Helper()
	row, err := of.Table.Row(rec)
	if err != nil {
		t.Fatal(err)
	}
	return row
}

func options(folder landing.FS, format landing.Format, run string) landing.Options {
	return landing.Options{FS: folder, Format: format, Run: run, Now: func() time.Time { return noon }, Version: "1.2.3"}
}

const (
	rowsInAll = 20
	stateStep = 3
	small     = 4 // rows of a data file
)

// deliver reads two streams from their states to the end; one is empty. It commits
// and rotates often.
func deliver(t testing.TB, folder landing.FS, format landing.Format, run string) error {
	t.Helper()
	o := options(folder, format, run)
	o.RotateRows, o.CommitBytes = small, 100
	w, err := landing.Open(o)
	if err != nil {
		return err
	}
	return errors.Join(deliverInto(t, w), w.Close())
}

func deliverInto(t testing.TB, w *landing.Writer) error {
	t.Helper()
	states, err := w.States()
	if err != nil {
		return err
	}
	var position struct{ Next int64 }
	if state, ok := states["rows"]; ok {
		if err := json.Unmarshal(state, &position); err != nil {
			return err
		}
	}
	of := info(t, "rows", numbered{}, "id", "id")
	for _, begin := range []record.Info{of, info(t, "nothing", numbered{}, "id", "")} {
		if err := w.Begin(begin); err != nil {
			return err
		}
	}
	for id := position.Next; id < rowsInAll; id++ {
		if err := w.Record("rows", row(t, of, &numbered{ID: id})); err != nil {
			return err
		}
		if (id+1)%stateStep == 0 {
			if err := w.State("rows", fmt.Appendf(nil, `{"next":%d}`, id+1)); err != nil {
				return err
			}
		}
	}
	if err := w.State("rows", fmt.Appendf(nil, `{"next":%d}`, rowsInAll)); err != nil {
		return err
	}
	if err := w.State("nothing", []byte(`{"next":0}`)); err != nil {
		return err
	}
	return errors.Join(w.End("rows", nil), w.End("nothing", &record.Failure{Type: record.TransientError, Message: "later"}))
}

// covered fails if the stored state covers rows that are in no valid file.
func covered(t *testing.T, folder *memory) {
	t.Helper()
	var position struct{ Next int64 }
	if state := folder.content("_state/rows.json"); state != nil {
		if err := json.Unmarshal(state, &position); err != nil {
			t.Fatalf("the state is not whole: %v: %q", err, state)
		}
	}
	found := ids(t, folder)
	for id := range position.Next {
		if found[id] == 0 {
			t.Fatalf("row %d is lost: the state covers %d rows, the files have %v", id, position.Next, found)
		}
	}
}

// finished checks a folder after a complete run.
func finished(t *testing.T, folder *memory) {
	t.Helper()
	covered(t, folder)
	found := ids(t, folder)
	for id := range int64(rowsInAll) {
		if found[id] == 0 {
			t.Errorf("row %d is lost: %v", id, found)
		}
	}
	if got := string(folder.content("_state/rows.json")); got != fmt.Sprintf(`{"next":%d}`, rowsInAll) {
		t.Errorf("got the state %s", got)
	}
	names := named(t, folder)
	for _, name := range folder.files("", "") {
		_, ok := names[name]
		if isData := !strings.HasPrefix(name, "_"); isData != ok || strings.HasSuffix(name, ".tmp") {
			t.Errorf("%s is left over", name)
		}
	}
	if files := folder.files("nothing/", ""); len(files) != 1 || names[files[0]].Rows != 0 {
		t.Errorf("the empty stream has the files %v, want one without rows", files)
	}
}

func TestWriter_CrashAtAnyOperationLosesNoRow(t *testing.T) {
	t.Parallel()
	for _, format := range formats {
		for _, how := range []survivor{nothingUnsynced, namesOnly, everything} {
			t.Run(string(format)+"/"+string(how), func(t *testing.T) {
				t.Parallel()
				at, step := 1, thorough.Number(1, 4)
				for ; ; at += step {
					folder := newMemory()
					folder.failAt, folder.dead = at, true
					if err := deliver(t, folder, format, "first"); err == nil {
						break
					}
					after := folder.crash(how)
					covered(t, after)
					if err := deliver(t, after, format, "second"); err != nil {
						t.Fatalf("the run after a crash at operation %d (%s): %v", at, folder.log[at-1], err)
					}
					finished(t, after)
					if t.Failed() {
						t.Fatalf("after a crash at operation %d (%s)", at, folder.log[at-1])
					}
				}
				if at < 50 {
					t.Errorf("only %d operations were tried", at)
				}
			})
		}
	}
}

// The run after a crash also crashes, for example while it removes files.
func TestWriter_RepeatedCrashesLoseNoRow(t *testing.T) {
	t.Parallel()
	folder := newMemory()
	for run := 1; ; run++ {
		if run > 200 {
			t.Fatal("the runs make no progress")
		}
		folder.operations, folder.failAt, folder.dead = 0, 40+3*run, true
		err := deliver(t, folder, landing.NDJSON, fmt.Sprintf("run-%03d", run))
		folder = folder.crash(nothingUnsynced)
		covered(t, folder)
		if err == nil {
			break
		}
	}
	finished(t, folder)
}

func TestWriter_FailureOfAnyOperationIsReportedAndLosesNoRow(t *testing.T) {
	t.Parallel()
	for _, format := range formats {
		t.Run(string(format), func(t *testing.T) {
			t.Parallel()
			before := newMemory()
			o := options(before, format, "before")
			w, err := landing.Open(o)
			if err != nil {
				t.Fatal(err)
			}
			if err := errors.Join(w.Begin(info(t, "rows", numbered{}, "id", "")), w.State("rows", []byte(`{"next":0}`)), w.Close()); err != nil {
				t.Fatal(err)
			}
			for at := 1; ; at += thorough.Number(1, 4) {
				folder := before.crash(everything)
				folder.failAt = at
				err := deliver(t, folder, format, "run")
				if folder.operations < at {
					if err != nil {
						t.Fatal(err)
					}
					break
				}
				if !errors.Is(err, errPlanted) {
					t.Fatalf("operation %d (%s): got %v, want the planted error", at, folder.log[at-1], err)
				}
				folder.failAt = 0
				covered(t, folder)
				if folder.content("_state/rows.json") == nil {
					t.Fatalf("operation %d (%s): the state before is gone", at, folder.log[at-1])
				}
				if folder.locked && !strings.HasPrefix(folder.log[at-1], "unlock") {
					t.Fatalf("operation %d (%s): the lock is still held", at, folder.log[at-1])
				}
				folder.locked = false
				if err := deliver(t, folder, format, "next"); err != nil {
					t.Fatalf("the run after operation %d (%s) failed: %v", at, folder.log[at-1], err)
				}
				finished(t, folder)
				if t.Failed() {
					t.Fatalf("after a failure of operation %d (%s)", at, folder.log[at-1])
				}
			}
		})
	}
}

func TestWriter_ReturnsItsFirstErrorFromThenOn(t *testing.T) {
	t.Parallel()
	folder := newMemory()
	w, err := landing.Open(options(folder, landing.NDJSON, "run"))
	if err != nil {
		t.Fatal(err)
	}
	of := info(t, "rows", numbered{}, "id", "")
	if err := w.Begin(of); err != nil {
		t.Fatal(err)
	}
	folder.failAt = folder.operations + 1
	for range 2 {
		if err := w.Record("rows", row(t, of, &numbered{ID: 1})); !errors.Is(err, errPlanted) {
			t.Errorf("got %v, want the planted error", err)
		}
	}
	for name, err := range map[string]error{
		"State": w.State("rows", []byte(`{}`)), "End": w.End("rows", nil),
		"Begin": w.Begin(info(t, "more", numbered{}, "id", "")), "Close": w.Close(),
	} {
		if !errors.Is(err, errPlanted) {
			t.Errorf("%s: got %v, want the planted error", name, err)
		}
	}
	if files := folder.files("", ".tmp"); len(files) > 0 || len(folder.files("_state/", "")) > 0 {
		t.Errorf("left behind: %v, %v", files, folder.files("_state/", ""))
	}
}
