package airbyte_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"strings"
	"sync"
	"syscall"
	"testing"
	"testing/synctest"
	"time"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"

	"github.com/birdie-ai/source-qualtrics/source/airbyte"
	"github.com/birdie-ai/source-qualtrics/source/airbyte/airbytetest"
	"github.com/birdie-ai/source-qualtrics/source/record"
)

type row struct {
	ID    string          `json:"id"`
	At    time.Time       `json:"at"`
	Name  *string         `json:"name"`
	Extra json.RawMessage `json:"extra"`
}

var noon = time.Date(2026, 1, 15, 12, 0, 0, 0, time.UTC)

func clock() time.Time { return noon }

func newTable(t testing.TB) *record.Table {
	t.Helper()
	table, err := record.NewTable(row{})
	if err != nil {
		t.Fatal(err)
	}
	return table
}

func begin(t testing.TB, w *airbyte.Writer, table *record.Table) {
	t.Helper()
	if err := w.Begin(record.Info{Stream: "things", Schema: []byte(`{}`), Table: table, Key: []string{"id"}, Cursor: "at"}); err != nil {
		t.Fatal(err)
	}
}

func rowOf(t testing.TB, table *record.Table, r *row, changes ...record.Change) record.Row {
	t.Helper()
	made, err := table.Row(r, changes...)
	if err != nil {
		t.Fatal(err)
	}
	return made
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func TestWriter_WritesACompleteStream(t *testing.T) {
	t.Parallel()
	var out bytes.Buffer
	table := newTable(t)
	w := airbyte.NewWriter(&out, clock)
	begin(t, w, table)
	name := "é\u0085\u2028 \x00\xff<&>"
	must(t, w.Record("things", rowOf(t, table, &row{ID: "1", At: noon, Name: &name, Extra: []byte(`{"n":1.50}`)},
		record.Rename("extra"), // no change that the protocol knows
		record.Repair("name"))))
	must(t, w.State("things", []byte(`{"v":1}`)))
	must(t, w.State("things", []byte(`{"v":1}`))) // says nothing new: left out
	must(t, w.Status("things", record.Status{RateLimitedUntil: noon.Add(time.Minute)}))
	must(t, w.Status("things", record.Status{}))
	must(t, w.Status("things", record.Status{}))
	must(t, w.Record("things", rowOf(t, table, &row{ID: "2", At: noon}, record.Rename("extra"))))
	must(t, w.State("things", []byte(`{"v":2}`)))
	must(t, w.End("things", nil))
	must(t, w.Close())
	airbytetest.Validate(t, out.Bytes())
	const want = `{"type":"TRACE","trace":{"type":"STREAM_STATUS","emitted_at":1768478400000,"stream_status":{"stream_descriptor":{"name":"things"},"status":"STARTED"}}}
{"type":"TRACE","trace":{"type":"STREAM_STATUS","emitted_at":1768478400000,"stream_status":{"stream_descriptor":{"name":"things"},"status":"RUNNING"}}}
{"type":"RECORD","record":{"stream":"things","data":{"id":"1","at":"2026-01-15T12:00:00Z","name":"é\u0085\u2028 \u0000�<&>","extra":{"n":1.50}},"emitted_at":1768478400000,"meta":{"changes":[{"field":"name","change":"TRUNCATED","reason":"SOURCE_SERIALIZATION_ERROR"}]}}}
{"type":"STATE","state":{"type":"STREAM","stream":{"stream_descriptor":{"name":"things"},"stream_state":{"v":1}},"sourceStats":{"recordCount":1}}}
{"type":"TRACE","trace":{"type":"STREAM_STATUS","emitted_at":1768478400000,"stream_status":{"stream_descriptor":{"name":"things"},"status":"RUNNING","reasons":[{"type":"RATE_LIMITED","rate_limited":{"quota_reset":1768478460000}}]}}}
{"type":"TRACE","trace":{"type":"STREAM_STATUS","emitted_at":1768478400000,"stream_status":{"stream_descriptor":{"name":"things"},"status":"RUNNING"}}}
{"type":"RECORD","record":{"stream":"things","data":{"id":"2","at":"2026-01-15T12:00:00Z","name":null,"extra":null},"emitted_at":1768478400000}}
{"type":"STATE","state":{"type":"STREAM","stream":{"stream_descriptor":{"name":"things"},"stream_state":{"v":2}},"sourceStats":{"recordCount":1}}}
{"type":"TRACE","trace":{"type":"STREAM_STATUS","emitted_at":1768478400000,"stream_status":{"stream_descriptor":{"name":"things"},"status":"COMPLETE"}}}
`
	if diff := cmp.Diff(strings.Split(want, "\n"), strings.Split(out.String(), "\n")); diff != "" {
		t.Errorf("output (-want +got):\n%s", diff)
	}
}

func TestWriter_ReportsAFailedStream(t *testing.T) {
	t.Parallel()
	var out bytes.Buffer
	w := airbyte.NewWriter(&out, clock)
	begin(t, w, newTable(t))
	failure := &record.Failure{Type: record.TransientError, Message: "try later", Internal: "503", Stack: "main"}
	must(t, w.End("things", failure))
	must(t, w.End("unheard", &record.Failure{Type: record.ConfigError, Message: "there is no stream unheard"}))
	must(t, w.Error(record.Failure{Type: record.SystemError, Message: strings.Repeat("é", 60_000)}))
	must(t, w.Close())
	var kinds []string
	for _, message := range airbytetest.Validate(t, out.Bytes()) {
		if e := message.Trace.Error; e != nil {
			kinds = append(kinds, e.FailureType+" "+e.Stream.Name)
		} else {
			kinds = append(kinds, message.Trace.StreamStatus.Status+" "+message.Trace.StreamStatus.Stream.Name)
		}
	}
	want := []string{
		"STARTED things", "RUNNING things", "transient_error things", "INCOMPLETE things",
		"STARTED unheard", "config_error unheard", "INCOMPLETE unheard", "system_error ",
	}
	if diff := cmp.Diff(want, kinds); diff != "" {
		t.Errorf("messages (-want +got):\n%s", diff)
	}
}

func TestWriter_RefusesRowsAndStatesThatViolateTheProtocol(t *testing.T) {
	t.Parallel()
	table := newTable(t)
	other := newTable(t)
	tests := map[string]func(w *airbyte.Writer) error{
		"a record of an unknown stream": func(w *airbyte.Writer) error { return w.Record("nothing", rowOf(t, table, &row{ID: "1"})) },
		"an empty key":                  func(w *airbyte.Writer) error { return w.Record("things", rowOf(t, table, &row{})) },
		"a row of another table":        func(w *airbyte.Writer) error { return w.Record("things", rowOf(t, other, &row{ID: "1"})) },
		"a year beyond 9999": func(w *airbyte.Writer) error {
			return w.Record("things", rowOf(t, table, &row{ID: "1", At: noon.AddDate(9000, 0, 0)}))
		},
		"the end of a stream without state": func(w *airbyte.Writer) error { return w.End("things", nil) },
		"a second beginning": func(w *airbyte.Writer) error {
			return w.Begin(record.Info{Stream: "things", Schema: []byte(`{}`), Table: table})
		},
		"an equal state after a record": func(w *airbyte.Writer) error {
			return errors.Join(w.State("things", []byte(`{}`)), w.Record("things", rowOf(t, table, &row{ID: "1"})), w.State("things", []byte(`{}`)))
		},
		"a record after the last state": func(w *airbyte.Writer) error {
			return errors.Join(w.State("things", []byte(`{}`)), w.Record("things", rowOf(t, table, &row{ID: "1"})), w.End("things", nil))
		},
		"a record after the end": func(w *airbyte.Writer) error {
			return errors.Join(w.State("things", []byte(`{}`)), w.End("things", nil), w.Record("things", rowOf(t, table, &row{ID: "1"})))
		},
	}
	for name, do := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var out bytes.Buffer
			w := airbyte.NewWriter(&out, clock)
			begin(t, w, table)
			if err := do(w); err == nil {
				t.Error("no error")
			}
			must(t, w.Close())
			for line := range strings.Lines(out.String()) {
				if !json.Valid([]byte(line)) {
					t.Errorf("half a message was written: %s", line)
				}
			}
		})
	}
}

// brokenPipe fails after some bytes.
type brokenPipe struct{ left int }

func (p *brokenPipe) Write(b []byte) (int, error) {
	if p.left -= len(b); p.left < 0 {
		return 0, fmt.Errorf("write |1: %w", syscall.EPIPE)
	}
	return len(b), nil
}

func TestWriter_ReturnsItsFirstErrorFromThenOn(t *testing.T) {
	t.Parallel()
	table := newTable(t)
	w := airbyte.NewWriter(&brokenPipe{left: 1000}, clock)
	begin(t, w, table)
	var err error
	for range 10_000 {
		if err = w.Record("things", rowOf(t, table, &row{ID: "1", At: noon})); err != nil {
			break
		}
	}
	for _, err := range []error{err, w.State("things", []byte(`{}`)), w.Close()} {
		if !errors.Is(err, syscall.EPIPE) {
			t.Errorf("got %v, want the broken pipe", err)
		}
	}
}

func TestWriter_FlushesWithinASecond(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var out lockedBuffer
		table := newTable(t)
		w := airbyte.NewWriter(&out, time.Now)
		begin(t, w, table)
		before := out.Len()
		must(t, w.Record("things", rowOf(t, table, &row{ID: "1", At: noon})))
		if out.Len() != before {
			t.Error("a record was flushed at once")
		}
		time.Sleep(1100 * time.Millisecond)
		synctest.Wait()
		if out.Len() == before {
			t.Error("a record was not flushed after a second")
		}
		must(t, w.Close())
	})
}

type lockedBuffer struct {
	mu sync.Mutex
	bytes.Buffer
}

func (b *lockedBuffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.Buffer.Write(p)
}

func (b *lockedBuffer) Len() int {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.Buffer.Len()
}

func TestWriter_WritesWholeLinesOfConcurrentCallers(t *testing.T) {
	t.Parallel()
	var out bytes.Buffer
	table := newTable(t)
	w := airbyte.NewWriter(&out, time.Now)
	begin(t, w, table)
	log := slog.New(w.Handler(slog.LevelInfo))
	var callers sync.WaitGroup
	for range 4 {
		callers.Go(func() {
			for range 500 {
				if err := w.Record("things", rowOf(t, table, &row{ID: "1", At: noon})); err != nil {
					t.Error(err)
				}
				log.Info("a line", "with", "two\nlines")
			}
		})
	}
	callers.Wait()
	must(t, w.State("things", []byte(`{}`)))
	must(t, w.End("things", nil))
	must(t, w.Close())
	if got := len(airbytetest.Validate(t, out.Bytes())); got != 4004 {
		t.Errorf("got %d messages, want 4004", got)
	}
}

func TestHandler_WritesPrintableLines(t *testing.T) {
	t.Parallel()
	var out bytes.Buffer
	w := airbyte.NewWriter(&out, clock)
	log := slog.New(w.Handler(slog.LevelInfo)).With("survey", "SV_1")
	log.Debug("not shown")
	log.Warn("two\nlines \x1b[31m", "error", errors.New(`a "b"`), "n", 3)
	must(t, w.Close())
	want := `{"type":"LOG","log":{"level":"WARN","message":"two lines  [31m survey=SV_1 error=\"a \\\"b\\\"\" n=3"}}` + "\n"
	if diff := cmp.Diff(want, out.String()); diff != "" {
		t.Errorf("output (-want +got):\n%s", diff)
	}
}

func TestWriter_CutsLongTextBetweenCharacters(t *testing.T) {
	t.Parallel()
	for name, text := range map[string]string{
		"ASCII": strings.Repeat("x", 60_000), "two bytes": "x" + strings.Repeat("é", 60_000), "four bytes": "xx" + strings.Repeat("😀", 60_000),
		"no start of a character": strings.Repeat("\x80", 60_000),
	} {
		var out bytes.Buffer
		w := airbyte.NewWriter(&out, clock)
		must(t, w.Error(record.Failure{Type: record.SystemError, Message: text}))
		slog.New(w.Handler(slog.LevelInfo)).Info(text)
		must(t, w.Close())
		messages := airbytetest.Validate(t, out.Bytes())
		for _, got := range []string{messages[0].Trace.Error.Message, messages[1].Log.Message} {
			if n := utf8.RuneCountInString(got); n > 50_000 || n < 50_000/4-1 || !utf8.ValidString(got) {
				t.Errorf("%s: %d characters after the cut", name, n)
			}
		}
		if utf8.ValidString(text) && !strings.HasPrefix(text, messages[0].Trace.Error.Message) {
			t.Errorf("%s: a character was cut", name)
		}
	}
}

func TestAnswers(t *testing.T) {
	t.Parallel()
	var out bytes.Buffer
	w := airbyte.NewWriter(&out, clock)
	must(t, w.Spec([]byte(`{"type":"object","properties":{}}`), "https://example.com/docs"))
	must(t, w.ConnectionStatus(true, ""))
	must(t, w.ConnectionStatus(false, "wrong token"))
	must(t, w.Catalog([]airbyte.CatalogStream{
		{Name: "a", Schema: []byte(`{"type":"object","properties":{}}`), Key: []string{"x", "y"}, Cursor: "at"},
		{Name: "b", Schema: []byte(`{"type":"object","properties":{}}`), Key: []string{"x"}},
	}))
	must(t, w.Close())
	airbytetest.Validate(t, out.Bytes())
	for _, want := range []string{
		`"supported_sync_modes":["full_refresh","incremental"],"source_defined_cursor":true,"default_cursor_field":["at"],"source_defined_primary_key":[["x"],["y"]]`,
		`"supported_sync_modes":["full_refresh"],"source_defined_primary_key":[["x"]]`,
		`{"status":"SUCCEEDED"}`, `{"status":"FAILED","message":"wrong token"}`,
	} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("the output lacks %s:\n%s", want, out.String())
		}
	}
}

func TestParseConfiguredCatalog(t *testing.T) {
	t.Parallel()
	good := map[string][]airbyte.ConfiguredStream{
		`{"streams":[]}`: nil,
		`{"streams":[{"stream":{"name":"a","json_schema":null,"namespace":null},"sync_mode":null,"destination_sync_mode":null,"cursor_field":null,"primary_key":null,"x":1}],"y":null}`: {{Name: "a", SyncMode: airbyte.FullRefresh}},
		"\ufeff" + `{"streams":[{"stream":{"name":"a"},"sync_mode":"incremental","destination_sync_mode":"append_dedup"},{"stream":{"name":"b"}}]}`:                                     {{Name: "a", SyncMode: airbyte.Incremental}, {Name: "b", SyncMode: airbyte.FullRefresh}},
	}
	for text, want := range good {
		got, err := airbyte.ParseConfiguredCatalog([]byte(text))
		if diff := cmp.Diff(want, got.Streams); diff != "" || err != nil {
			t.Errorf("%s: %v (-want +got):\n%s", text, err, diff)
		}
	}
	bad := map[string]string{
		``:                   "empty",
		`{"streams":[`:       "ends too early",
		`{"streams":}`:       "byte 12",
		`{"streams":[]} x`:   "follows",
		`{}`:                 "streams",
		`null`:               "streams",
		`[]`:                 "array",
		`{"streams":{}}`:     "streams",
		`{"streams":[{}]}`:   "number 1 has no name",
		`{"streams":[null]}`: "number 1 has no name",
		`{"streams":[{"stream":{"name":"a"}},{"stream":{"name":"a"}}]}`:                            "twice",
		`{"streams":[{"stream":{"name":"a"},"sync_mode":"INVALID"}]}`:                              `"INVALID"`,
		`{"streams":[{"stream":{"name":"a"},"sync_mode":7}]}`:                                      "sync_mode",
		`{"streams":[{"stream":{"name":"a"},"sync_mode":null,"destination_sync_mode":"INVALID"}]}`: `"INVALID"`,
	}
	for text, want := range bad {
		if _, err := airbyte.ParseConfiguredCatalog([]byte(text)); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: got %v, want %q", text, err, want)
		}
	}
}

func TestParseState(t *testing.T) {
	t.Parallel()
	const one = `{"type":"STREAM","stream":{"stream_descriptor":{"name":"a","namespace":null},"stream_state":{"v":1}},"global":null,"data":null,"id":7,"sourceStats":{"recordCount":1.0}}`
	tests := []struct {
		text     string
		want     map[string]string
		warnings int
	}{
		{"", map[string]string{}, 0},
		{" \n", map[string]string{}, 0},
		{"null", map[string]string{}, 0},
		{"[]", map[string]string{}, 0},
		{"{}", map[string]string{}, 0},
		{"[" + one + ",null]", map[string]string{"a": `{"v":1}`}, 0},
		{"\ufeff[" + `{"type":"STATE","state":` + one + `}]`, map[string]string{"a": `{"v":1}`}, 0},
		{one, map[string]string{"a": `{"v":1}`}, 1},
		{"[" + one + `,{"type":"STREAM","stream":{"stream_descriptor":{"name":"a"},"stream_state":null}}]`, map[string]string{}, 0},
		{`[{"type":"GLOBAL","global":{"shared_state":{},"stream_states":[]}},` + one + "]", map[string]string{"a": `{"v":1}`}, 1},
		{`{"a":{"v":1},"b":null}`, map[string]string{"a": `{"v":1}`}, 1},
	}
	for _, test := range tests {
		states, warnings, err := airbyte.ParseState([]byte(test.text))
		got := make(map[string]string)
		for name, state := range states {
			got[name] = string(state)
		}
		if diff := cmp.Diff(test.want, got); diff != "" || err != nil || len(warnings) != test.warnings {
			t.Errorf("%s: %v, warnings %q (-want +got):\n%s", test.text, err, warnings, diff)
		}
	}
	for text, want := range map[string]string{
		`[`:                     "ends too early",
		`7`:                     "neither",
		`[7]`:                   "element 1",
		`[{"stream":{}}]`:       "stream_descriptor",
		`[{"stream":"x"}]`:      "stream",
		`[] []`:                 "follows",
		`{"stream":{"name":1}}`: "stream_descriptor",
	} {
		if _, _, err := airbyte.ParseState([]byte(text)); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: got %v, want %q", text, err, want)
		}
	}
}

func BenchmarkRecord(b *testing.B) {
	table := newTable(b)
	name := strings.Repeat("some words of feedback ", 20)
	extra := []byte(`{"QID1":"` + strings.Repeat("x", 2500) + `"}`)
	one := rowOf(b, table, &row{ID: "R_1", At: noon, Name: &name, Extra: extra})
	w := airbyte.NewWriter(io.Discard, time.Now)
	begin(b, w, table)
	b.SetBytes(int64(len(name) + len(extra) + 150))
	b.ReportAllocs()
	for b.Loop() {
		if err := w.Record("things", one); err != nil {
			b.Fatal(err)
		}
	}
}
