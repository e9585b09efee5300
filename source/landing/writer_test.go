package landing_test

import (
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/birdie-ai/source-qualtrics/source/landing"
	"github.com/birdie-ai/source-qualtrics/source/record"
)

// started returns a writer that has begun the stream rows.
func started(t *testing.T, o landing.Options) (*landing.Writer, record.Info) {
	t.Helper()
	w, err := landing.Open(o)
	if err != nil {
		t.Fatal(err)
	}
	of := info(t, "rows", numbered{}, "id", "id")
	if err := w.Begin(of); err != nil {
		t.Fatal(err)
	}
	return w, of
}

func write(t *testing.T, w *landing.Writer, of record.Info, id int64, text string) {
	t.Helper()
	if err := w.Record("rows", row(t, of, &numbered{ID: id, Text: &text})); err != nil {
		t.Fatal(err)
	}
}

func stateOf(t *testing.T, w *landing.Writer, state string) {
	t.Helper()
	if err := w.State("rows", []byte(state)); err != nil {
		t.Fatal(err)
	}
}

func TestState_IsStoredAfterTheDataFileItCovers(t *testing.T) {
	t.Parallel()
	folder := newMemory()
	w, of := started(t, options(folder, landing.NDJSON, "run"))
	stored := func(want string, files int) {
		t.Helper()
		if got := string(folder.content("_state/rows.json")); got != want {
			t.Errorf("got the state %q, want %q", got, want)
		}
		if got := folder.files("rows/", ".zst"); len(got) != files {
			t.Errorf("got the files %v, want %d", got, files)
		}
	}
	stateOf(t, w, `{"at":0}`)
	stored(`{"at":0}`, 0)
	write(t, w, of, 1, "small")
	stateOf(t, w, `{"at":1}`)
	stateOf(t, w, `{"at":2}`)
	stored(`{"at":0}`, 0)
	write(t, w, of, 2, strings.Repeat("x", 8<<20))
	stored(`{"at":0}`, 0)
	stateOf(t, w, `{"at":3}`)
	stored(`{"at":3}`, 1)
	write(t, w, of, 3, "small")
	stateOf(t, w, `{"at":4}`)
	stored(`{"at":3}`, 1)
	if err := w.End("rows", nil); err != nil {
		t.Fatal(err)
	}
	stored(`{"at":4}`, 2)
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
}

func TestState_OfASlowStreamIsStoredInTime(t *testing.T) {
	t.Parallel()
	folder, now := newMemory(), noon
	o := options(folder, landing.Parquet, "run")
	o.Now = func() time.Time { return now }
	w, of := started(t, o)
	write(t, w, of, 1, "small")
	now = now.Add(10*time.Minute - 1)
	stateOf(t, w, `{"at":1}`)
	if got := folder.content("_state/rows.json"); got != nil {
		t.Errorf("the state %s was stored early", got)
	}
	now = now.Add(1)
	stateOf(t, w, `{"at":1}`)
	if got := string(folder.content("_state/rows.json")); got != `{"at":1}` {
		t.Errorf("got the state %q", got)
	}
}

func TestClose_KeepsTheRowsOfStreamsThatDidNotEnd(t *testing.T) {
	t.Parallel()
	for _, format := range formats {
		folder := newMemory()
		w, of := started(t, options(folder, format, "run"))
		write(t, w, of, 1, "a")
		stateOf(t, w, `{"at":1}`)
		write(t, w, of, 2, "b")
		for range 2 {
			if err := w.Close(); err != nil {
				t.Fatal(err)
			}
		}
		if diff := cmp.Diff(map[int64]int{1: 1, 2: 1}, ids(t, folder)); diff != "" {
			t.Errorf("%s: rows (-want +got):\n%s", format, diff)
		}
		if got := string(folder.content("_state/rows.json")); got != `{"at":1}` {
			t.Errorf("%s: got the state %q", format, got)
		}
		if got := manifest(t, folder.content("_manifest/run.json")); got.Streams[0].Result != landing.Incomplete || got.FinishedAt == nil {
			t.Errorf("%s: got the manifest %+v", format, got.Streams[0])
		}
		if err := w.Record("rows", row(t, of, &numbered{ID: 3})); err == nil {
			t.Errorf("%s: a closed writer took a row", format)
		}
	}
}

func TestRecord_RotatesByRowsAndByBytes(t *testing.T) {
	t.Parallel()
	for name, set := range map[string]func(*landing.Options){
		"rows":  func(o *landing.Options) { o.RotateRows = 2 },
		"bytes": func(o *landing.Options) { o.RotateBytes = 150 },
	} {
		for _, format := range formats {
			folder := newMemory()
			o := options(folder, format, "run")
			set(&o)
			w, of := started(t, o)
			for id := range int64(5) {
				write(t, w, of, id, strings.Repeat("x", 90))
			}
			if err := errors.Join(w.End("rows", nil), w.Close()); err != nil {
				t.Fatal(err)
			}
			var rows []int64
			files := named(t, folder)
			for _, path := range folder.files("rows/run=run/part-0000", "") {
				rows = append(rows, files[path].Rows)
			}
			if !slices.Equal(rows, []int64{2, 2, 1}) {
				t.Errorf("%s by %s: got files of %v rows, want 2, 2, 1", format, name, rows)
			}
			if got := len(ids(t, folder)); got != 5 {
				t.Errorf("%s by %s: got %d rows, want 5", format, name, got)
			}
		}
	}
}

func TestWriter_StreamWithoutRowsHasOneFileForAllRuns(t *testing.T) {
	t.Parallel()
	for _, format := range formats {
		folder := newMemory()
		const first = "rows/run=run/part-00000"
		for range 2 {
			w, _ := started(t, options(folder, format, "run"))
			failure := &record.Failure{Type: record.ConfigError, Message: "ask for access", Internal: "secret"}
			if err := errors.Join(w.Status("rows", record.Status{}), w.End("rows", failure), w.Close()); err != nil {
				t.Fatal(err)
			}
			folder = folder.crash(nothingUnsynced)
			files := folder.files("rows/", "")
			if len(files) != 1 || !strings.HasPrefix(files[0], first) {
				t.Fatalf("%s: got the files %v, want one of the first run", format, files)
			}
			if empty := len(folder.content(files[0])) == 0; empty != (format == landing.PlainNDJSON) {
				t.Errorf("%s: that its file without rows has no bytes is %t", format, empty)
			}
			if rows := ids(t, folder); len(rows) > 0 {
				t.Errorf("%s: got the rows %v", format, rows)
			}
		}
		one, two := manifest(t, folder.content("_manifest/run.json")).Streams[0], manifest(t, folder.content("_manifest/run-2.json")).Streams[0]
		if one.Result != landing.Incomplete || one.Rows != 0 || len(one.Files) != 1 || one.Files[0].Rows != 0 || one.Failure.Message != "ask for access" {
			t.Errorf("%s: got the first run's %+v, %+v", format, one, one.Failure)
		}
		if len(two.Files) != 0 {
			t.Errorf("%s: got the second run's files %v, want none", format, two.Files)
		}
	}
}

// One stream did not end; another had rows in an earlier run.
func TestWriter_WritesAFileWithoutRowsOnlyIfThereIsNoOther(t *testing.T) {
	t.Parallel()
	folder := newMemory()
	w, of := started(t, options(folder, landing.Parquet, "one"))
	if err := w.Begin(info(t, "cut", numbered{}, "id", "")); err != nil {
		t.Fatal(err)
	}
	write(t, w, of, 1, "a")
	if err := errors.Join(w.End("rows", nil), w.Close()); err != nil {
		t.Fatal(err)
	}
	w, _ = started(t, options(folder, landing.Parquet, "two"))
	if err := errors.Join(w.End("rows", nil), w.Close()); err != nil {
		t.Fatal(err)
	}
	want := []string{"cut/run=one/part-00000.parquet", "rows/run=one/part-00000.parquet"}
	if diff := cmp.Diff(want, folder.files("", ".parquet")); diff != "" {
		t.Errorf("files (-want +got):\n%s", diff)
	}
}

func TestWriter_RefusesCallsInTheWrongOrder(t *testing.T) {
	t.Parallel()
	of := info(t, "rows", numbered{}, "id", "id")
	other := info(t, "rows", typed{}, "id", "at")
	for name, do := range map[string]func(*landing.Writer) error{
		"a record before its Begin":     func(w *landing.Writer) error { return w.Record("other", row(t, of, &numbered{})) },
		"a second Begin":                func(w *landing.Writer) error { return w.Begin(of) },
		"a second End":                  func(w *landing.Writer) error { return errors.Join(w.End("rows", nil), w.End("rows", nil)) },
		"a record after the End":        func(w *landing.Writer) error { return errors.Join(w.End("rows", nil), w.Record("rows", record.Row{})) },
		"a row of another table":        func(w *landing.Writer) error { return w.Record("rows", row(t, other, &typed{})) },
		"a zero row":                    func(w *landing.Writer) error { return w.Record("rows", record.Row{}) },
		"a state that is not JSON":      func(w *landing.Writer) error { return w.State("rows", []byte(`{"a"`)) },
		"a status of an unknown stream": func(w *landing.Writer) error { return w.Status("nothing", record.Status{}) },
		"a key that is not a column":    func(w *landing.Writer) error { return w.Begin(info(t, "more", numbered{}, "key", "")) },
		"a cursor that is not a column": func(w *landing.Writer) error { return w.Begin(info(t, "more", numbered{}, "id", "at")) },
	} {
		w, _ := started(t, options(newMemory(), landing.NDJSON, "run"))
		if err := do(w); err == nil {
			t.Errorf("%s was accepted", name)
		}
	}
}

func TestBegin_RefusesInvalidStreamNames(t *testing.T) {
	t.Parallel()
	for _, name := range []string{
		"", ".", "..", "../../x", "/etc/x", `C:\x`, "a/b", `a\b`, "a\x00", "Rows", "_state", "a.b", "a b", "é", "run=1", strings.Repeat("a", 4096),
	} {
		folder := newMemory()
		w, err := landing.Open(options(folder, landing.NDJSON, "run"))
		if err != nil {
			t.Fatal(err)
		}
		if err := w.Begin(info(t, name, numbered{}, "id", "")); err == nil {
			t.Errorf("%.80q was accepted", name)
		}
		if files := folder.files("", ""); len(files) > 0 {
			t.Errorf("%.80q: got the files %v", name, files)
		}
	}
}

func TestStates_ReturnsTheStatesOfThePreviousRun(t *testing.T) {
	t.Parallel()
	folder := newMemory()
	w, _ := started(t, options(folder, landing.NDJSON, "run-1"))
	stateOf(t, w, `{"at":7}`)
	if err := errors.Join(w.End("rows", nil), w.Close()); err != nil {
		t.Fatal(err)
	}
	folder.names["_state/notes.txt"] = &node{content: []byte("of the user")}
	w, err := landing.Open(options(folder, landing.NDJSON, "run-2"))
	if err != nil {
		t.Fatal(err)
	}
	states, err := w.States()
	if err != nil {
		t.Fatal(err)
	}
	if len(states) != 1 || string(states["rows"]) != `{"at":7}` {
		t.Errorf("got the states %s", states)
	}
	for _, corrupt := range []string{"", "{", "null", "[]", "{}{}", "\x00"} {
		folder.names["_state/rows.json"].content = []byte(corrupt)
		_, err := w.States()
		if err == nil || !strings.Contains(err.Error(), "_state/rows.json") || !strings.Contains(err.Error(), "remove it") {
			t.Errorf("state %q: got %v, want an error that names the file and what to do", corrupt, err)
		}
	}
}
