package source_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/birdie-ai/source-qualtrics/source/record"
)

func TestSink_AStreamIsWrittenInOrder(t *testing.T) {
	eachSink(t, func(t *testing.T, kind sinkUnderTest, s *sinkStage) {
		compare := func(when string, want shown) {
			t.Helper()
			if diff := cmp.Diff(kind.want(want), s.out.shown(t)); diff != "" {
				t.Errorf("%s (-want +got):\n%s", when, diff)
			}
		}
		do := func(errs ...error) {
			t.Helper()
			if err := errors.Join(errs...); err != nil {
				t.Fatal(err)
			}
		}
		do(s.begin())
		compare("after the beginning", shown{Schema: true})
		do(s.record("1"), s.record("2"), s.state(`{"n":2}`))
		if !kind.stateWaits {
			compare("after a state", shown{Schema: true, Records: []string{"1", "2"}, State: `{"n":2}`, Covered: 2})
		}
		do(s.status(), s.record("3"), s.state(`{"n":3}`), s.end())
		all := shown{Schema: true, Records: []string{"1", "2", "3"}, State: `{"n":3}`, Covered: 3, End: "complete"}
		compare("after the end", all)
		do(s.Close(), s.Close())
		compare("after Close, twice", all)
	})
}

func TestSink_AStreamEndsInEveryWay(t *testing.T) {
	tests := map[string]struct {
		calls func(*sinkStage) error
		want  shown
	}{
		"complete, without records": {
			func(s *sinkStage) error { return errors.Join(s.begin(), s.state(`{}`), s.end()) },
			shown{Schema: true, State: `{}`, End: "complete"},
		},
		"with a failure": {
			func(s *sinkStage) error {
				return errors.Join(s.begin(), s.record("1"), s.state(`{}`), s.record("2"), s.state(`{"n":2}`), s.fail())
			},
			shown{Schema: true, Records: []string{"1", "2"}, State: `{"n":2}`, Covered: 2, End: "incomplete"},
		},
	}
	eachSink(t, func(t *testing.T, kind sinkUnderTest, _ *sinkStage) {
		for name, test := range tests {
			s := stageSink(t, kind)
			if err := errors.Join(test.calls(s), s.Close()); err != nil {
				t.Fatalf("%s: %v", name, err)
			}
			if diff := cmp.Diff(kind.want(test.want), s.out.shown(t)); diff != "" {
				t.Errorf("%s (-want +got):\n%s", name, diff)
			}
		}
	})
}

// A run that breaks off calls Close without an end.
func TestSink_CloseWritesWhatWaits(t *testing.T) {
	eachSink(t, func(t *testing.T, _ sinkUnderTest, s *sinkStage) {
		if err := errors.Join(s.begin(), s.record("1"), s.state(`{"n":1}`), s.Close()); err != nil {
			t.Fatal(err)
		}
		if got := s.out.shown(t); !slices.Equal(got.Records, []string{"1"}) || got.State != `{"n":1}` || got.End == "complete" {
			t.Errorf("got %+v", got)
		}
	})
}

func TestSink_AnEqualStateChangesNothing(t *testing.T) {
	eachSink(t, func(t *testing.T, kind sinkUnderTest, s *sinkStage) {
		if err := errors.Join(s.begin(), s.record("1"), s.state(`{"n":1}`)); err != nil {
			t.Fatal(err)
		}
		before := s.out.shown(t)
		if err := s.state(`{"n":1}`); err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(before, s.out.shown(t)); diff != "" {
			t.Error(diff)
		}
		err := errors.Join(s.record("2"), s.state(`{"n":1}`))
		if (err != nil) != kind.countsByState {
			t.Errorf("an equal state after a record: %v", err)
		}
	})
}

// Calls out of order, and content that nobody could read, are errors in every sink.
func TestSink_RefusesWrongCalls(t *testing.T) {
	setups := map[string]func(*sinkStage) error{
		"nothing":     func(*sinkStage) error { return nil },
		"a beginning": func(s *sinkStage) error { return s.begin() },
		"a record":    func(s *sinkStage) error { return errors.Join(s.begin(), s.record("1"), s.state(`{}`), s.record("2")) },
		"an end":      func(s *sinkStage) error { return errors.Join(s.begin(), s.state(`{}`), s.end()) },
		"a failure":   func(s *sinkStage) error { return errors.Join(s.begin(), s.fail()) },
		"Close":       func(s *sinkStage) error { return errors.Join(s.begin(), s.Close()) },
	}
	calls := map[string]func(*sinkStage) error{
		"a beginning": func(s *sinkStage) error { return s.begin() },
		"a record":    func(s *sinkStage) error { return s.record("9") },
		"a state":     func(s *sinkStage) error { return s.state(`{"n":9}`) },
		"a status":    func(s *sinkStage) error { return s.status() },
		"an end":      func(s *sinkStage) error { return s.end() },
		"a failure":   func(s *sinkStage) error { return s.fail() },

		"a record without its key":   func(s *sinkStage) error { return s.record("") },
		"a record of another table":  func(s *sinkStage) error { return s.Record("things", otherRow(s.t)) },
		"a record of no table":       func(s *sinkStage) error { return s.Record("things", record.Row{}) },
		"a state that is no JSON":    func(s *sinkStage) error { return s.state(`{`) },
		"a state that is a list":     func(s *sinkStage) error { return s.state(`[]`) },
		"a state that is empty":      func(s *sinkStage) error { return s.state(``) },
		"a state of another stream":  func(s *sinkStage) error { return s.State("others", []byte(`{}`)) },
		"a name that is no stream's": func(s *sinkStage) error { s.info.Stream = "../Things"; return s.begin() },
		"no schema":                  func(s *sinkStage) error { s.info.Schema = nil; return s.begin() },
		"no table":                   func(s *sinkStage) error { s.info.Table = nil; return s.begin() },
		"a key that is not a column": func(s *sinkStage) error { s.info.Key = []string{"other"}; return s.begin() },
		"a cursor that is no column": func(s *sinkStage) error { s.info.Cursor = "other"; return s.begin() },
		"an end of another stream":   func(s *sinkStage) error { return s.End("others", nil) },
		"a record of another stream": func(s *sinkStage) error { return s.Record("others", s.row(thing{ID: "9"})) },
		"a status of another stream": func(s *sinkStage) error { return s.Status("others", record.Status{}) },
	}
	refused := map[string][]string{ // by setup
		"nothing": {
			"a record", "a state", "a status", "an end", "a failure",
			"a name that is no stream's", "no schema", "no table", "a key that is not a column", "a cursor that is no column",
		},
		"a beginning": {
			"a beginning", "a record without its key", "a record of another table", "a record of no table", "a state that is no JSON", "a state that is a list",
			"a state that is empty", "a state of another stream", "an end of another stream", "a record of another stream", "a status of another stream",
		},
		"a record":  {"an end"},
		"an end":    {"a beginning", "a record", "a state", "a status", "an end", "a failure"},
		"a failure": {"a beginning", "a record", "a state", "a status", "an end", "a failure"},
		"Close":     {"a beginning", "a record", "a state", "a status", "an end", "a failure"},
	}
	eachSink(t, func(t *testing.T, kind sinkUnderTest, _ *sinkStage) {
		for setup, names := range refused {
			for _, call := range names {
				s := stageSink(t, kind)
				if err := setups[setup](s); err != nil {
					t.Fatalf("%s: %v", setup, err)
				}
				want := true
				switch {
				case setup == "nothing" && call == "a failure":
					want = !kind.failsUnbegun
				case setup == "a record" && call == "an end":
					want = kind.countsByState
				}
				if err := calls[call](s); (err != nil) != want {
					t.Errorf("%s after %s: got the error %v", call, setup, err)
				}
			}
		}
	})
}

func otherRow(t *testing.T) record.Row {
	t.Helper()
	table, err := record.NewTable(thing{})
	if err != nil {
		t.Fatal(err)
	}
	row, err := table.Row(&thing{ID: "1"})
	if err != nil {
		t.Fatal(err)
	}
	return row
}

// No state may cover a record that was refused.
func TestSink_ARefusedRecordEndsItsStream(t *testing.T) {
	eachSink(t, func(t *testing.T, kind sinkUnderTest, s *sinkStage) {
		if err := s.begin(); err != nil {
			t.Fatal(err)
		}
		if err := s.record(""); err == nil {
			t.Fatal("a record without a key is written")
		}
		for name, call := range map[string]func() error{"record": func() error { return s.record("1") }, "state": func() error { return s.state(`{}`) }, "end": s.end} {
			if err := call(); err == nil || !strings.Contains(err.Error(), "its key column id is empty") {
				t.Errorf("%s: got %v, want the first error", name, err)
			}
		}
		if err := s.fail(); (err != nil) != kind.anyErrorSticks {
			t.Errorf("a failure: %v", err)
		}
	})
}

func TestSink_KeepsReturningTheErrorOfItsOutput(t *testing.T) {
	eachSink(t, func(t *testing.T, kind sinkUnderTest, s *sinkStage) {
		if err := errors.Join(s.begin(), s.record("1"), s.state(`{"n":1}`)); err != nil {
			t.Fatal(err)
		}
		s.out.failing = true
		if err := errors.Join(s.record("2"), s.state(`{"n":2}`), s.fail()); !errors.Is(err, errOutput) {
			t.Fatalf("got %v, want the error of the output", err)
		}
		before := s.out.attempts
		other := s.info
		other.Stream = "others"
		for n, call := range []func() error{
			func() error { return s.Begin(other) }, func() error { return s.record("3") }, func() error { return s.state(`{"n":2}`) },
			s.status, s.end, s.fail, s.Close,
		} {
			if err := call(); !errors.Is(err, errOutput) {
				t.Errorf("call %d: got %v, want the error of the output", n, err)
			}
		}
		if got := s.out.attempts - before; got > 0 && !kind.repeatsState || got > 1 {
			t.Errorf("the output was written to %d more times", got)
		}
	})
}

// The engine calls a sink from several goroutines, one at a time.
func TestSink_TakesCallsFromSeveralGoroutines(t *testing.T) {
	eachSink(t, func(t *testing.T, kind sinkUnderTest, s *sinkStage) {
		if err := s.begin(); err != nil {
			t.Fatal(err)
		}
		const workers, each = 4, 50
		var (
			lock    sync.Mutex
			done    sync.WaitGroup
			written []string
		)
		for worker := range workers {
			done.Go(func() {
				for i := range each {
					lock.Lock()
					id := fmt.Sprint(worker, "-", i)
					written = append(written, id)
					if err := errors.Join(s.record(id), s.state(fmt.Sprintf(`{"n":%d}`, len(written)))); err != nil {
						t.Error(err)
					}
					lock.Unlock()
				}
			})
		}
		done.Wait()
		if err := errors.Join(s.end(), s.Close()); err != nil {
			t.Fatal(err)
		}
		want := kind.want(shown{Schema: true, Records: written, State: fmt.Sprintf(`{"n":%d}`, workers*each), Covered: workers * each, End: "complete"})
		if diff := cmp.Diff(want, s.out.shown(t)); diff != "" {
			t.Errorf("(-want +got):\n%s", diff)
		}
	})
}

// Holds does not change during a run, and a row that was made fit by it is written.
func TestSink_HoldsWhatItSays(t *testing.T) {
	eachSink(t, func(t *testing.T, kind sinkUnderTest, s *sinkStage) {
		before := s.Holds()
		text, number := "a\x00b\xff\u2028", json.Number("1e999")
		at, nested := time.Date(12026, 1, 2, 3, 4, 5, 6, time.UTC), json.RawMessage("{\n\"a\":\"\\u0000\"}")
		row := s.row(thing{ID: "1", Text: &text, Number: &number, At: &at, Nested: nested})
		if err := errors.Join(s.begin(), s.Record("things", row), s.state(`{}`), s.end(), s.Close()); err != nil {
			t.Fatal(err)
		}
		if got := s.out.shown(t); !slices.Equal(got.Records, []string{"1"}) {
			t.Errorf("got the records %v", got.Records)
		}
		if after := s.Holds(); after != before || before.NUL != kind.holdsNUL {
			t.Errorf("got %+v after %+v, want NUL %v", after, before, kind.holdsNUL)
		}
	})
}

// removableThing is a table whose columns have other meanings than their names suggest.
type removableThing struct {
	ID         string     `json:"id"`
	RemovedOn  *time.Time `json:"removed_on" column:"deletion"`
	ForAirbyte *time.Time `json:"removed_for_airbyte" column:"protocol=airbyte"`
	Underscore string     `json:"_mark"`
	DeletedAt  string     `json:"deleted_at"`
}

// A sink knows the time of a deletion, and the columns of a protocol, by the
// declaration of the table. Names of columns mean nothing.
func TestSink_FollowsTheDeclarationOfColumns(t *testing.T) {
	eachSink(t, func(t *testing.T, kind sinkUnderTest, s *sinkStage) {
		table, err := record.NewTable(removableThing{})
		if err != nil {
			t.Fatal(err)
		}
		s.info.Table, s.info.Cursor = table, "removed_on"
		s.info.Schema = []byte(`{"type":"object","properties":{"id":{"type":"string"},"removed_on":{"type":["null","string"]},"removed_for_airbyte":{"type":["null","string"]},"_mark":{"type":"string"},"deleted_at":{"type":"string"}}}`)
		if err := s.begin(); err != nil {
			t.Fatal(err)
		}
		at := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
		for _, thing := range []removableThing{{ID: "1", Underscore: "x", DeletedAt: "noon"}, {ID: "2", RemovedOn: &at, ForAirbyte: &at}} {
			row, err := table.Row(&thing)
			if err != nil {
				t.Fatal(err)
			}
			if err := s.Record("things", row); err != nil {
				t.Fatal(err)
			}
		}
		if err := errors.Join(s.state(`{}`), s.end(), s.Close()); err != nil {
			t.Fatal(err)
		}
		want := []string{
			`{"id":"1","removed_on":null,"removed_for_airbyte":null,"_mark":"x","deleted_at":"noon"}`,
			`{"id":"2","removed_on":"2026-01-02T03:04:05Z","removed_for_airbyte":"2026-01-02T03:04:05Z","_mark":"","deleted_at":""}`,
		}
		if kind.ownDeletion {
			want = []string{
				`{"id":"1","removed_on":null,"_sdc_deleted_at":null,"_mark":"x","deleted_at":"noon"}`,
				`{"id":"2","removed_on":"2026-01-02T03:04:05Z","_sdc_deleted_at":"2026-01-02T03:04:05Z","_mark":"","deleted_at":""}`,
			}
		}
		s.out.shown(t)
		if diff := cmp.Diff(want, s.out.rows); diff != "" {
			t.Errorf("rows (-want +got):\n%s", diff)
		}
	})
}

// partOfThing is a row of several that belong to one thing.
type partOfThing struct {
	ID      string    `json:"id"`
	Part    string    `json:"part"`
	At      time.Time `json:"at"`
	Version string    `json:"version"`
}

// A reader takes the newest version of a parent in listed files for whole. So no file
// ends between two rows of a parent, however small it has to be.
func TestSink_NoFileHoldsAPartOfAParent(t *testing.T) {
	eachSink(t, func(t *testing.T, kind sinkUnderTest, _ *sinkStage) {
		s := stageSinkTo(t, kind, &sinkOutput{folder: t.TempDir(), perFile: 1})
		table, err := record.NewTable(partOfThing{})
		if err != nil {
			t.Fatal(err)
		}
		s.info.Table, s.info.Key, s.info.Parent, s.info.Version = table, []string{"id", "part"}, []string{"id"}, "version"
		s.info.Schema = []byte(`{"type":"object","properties":{"id":{"type":"string"},"part":{"type":"string"},"at":{"type":"string"},"version":{"type":"string"}}}`)
		if err := s.begin(); err != nil {
			t.Fatal(err)
		}
		for _, part := range []partOfThing{{ID: "1", Part: "a"}, {ID: "1", Part: "b"}, {ID: "1", Part: "c"}, {ID: "2", Part: "a"}, {ID: "3", Part: "a"}, {ID: "3", Part: "b"}} {
			part.At, part.Version = time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC), "x"
			row, err := table.Row(&part)
			if err != nil {
				t.Fatal(err)
			}
			if err := s.Record("things", row); err != nil {
				t.Fatal(err)
			}
		}
		if err := errors.Join(s.state(`{}`), s.end(), s.Close()); err != nil {
			t.Fatal(err)
		}
		if got := s.out.shown(t); !slices.Equal(got.Records, []string{"1", "1", "1", "2", "3", "3"}) {
			t.Errorf("got the parts of the things %v", got.Records)
		}
		if files := s.out.files; len(files) > 0 && !slices.Equal(files, []int{3, 1, 2}) {
			t.Errorf("got files with %v rows, want a file for each thing", files)
		}
		if hasFiles := kind.stateWaits || kind.repeatsState; hasFiles != (len(s.out.files) > 0) {
			t.Errorf("got %d files", len(s.out.files))
		}
		row, err := table.Row(&partOfThing{ID: "4", Part: "a"})
		if err != nil {
			t.Fatal(err)
		}
		again := stageSink(t, kind)
		again.info = s.info
		if err := again.begin(); err != nil {
			t.Fatal(err)
		}
		if err := again.Record("things", row); err == nil || !strings.Contains(err.Error(), "its version version is empty") {
			t.Errorf("a row without the version of its parent: got %v", err)
		}
	})
}
