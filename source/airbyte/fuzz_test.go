package airbyte_test

import (
	"bytes"
	"encoding/json"
	"log/slog"
	"maps"
	"slices"
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"

	"github.com/birdie-ai/source-qualtrics/source/airbyte"
	"github.com/birdie-ai/source-qualtrics/source/airbyte/airbytetest"
	"github.com/birdie-ai/source-qualtrics/source/record"
)

// isObject reports whether text is a JSON object.
func isObject(text []byte) bool {
	return json.Valid(text) && bytes.HasPrefix(bytes.TrimLeft(text, " \t\r\n"), []byte("{"))
}

// compacted decodes JSON and keeps the digits of numbers.
func compacted(t *testing.T, text []byte) any {
	t.Helper()
	decoder := json.NewDecoder(bytes.NewReader(text))
	decoder.UseNumber()
	var value any
	if err := decoder.Decode(&value); err != nil {
		t.Fatalf("%q: %v", text, err)
	}
	return value
}

// For any text every line is valid by the protocol's schema and rules, and contains
// the text.
func FuzzWriter(f *testing.F) {
	f.Add("a", "b\nc\u2028\xff", []byte(`{"n":1.50}`), []byte(`{"v":1}`))
	f.Add("\x00", "", []byte("{\"a\":\r\n\"\u0085\"}"), []byte(`{}`))
	f.Add("R_1", strings.Repeat("\x80", 60), []byte("{\"a\xff\":\"\\ud800\"}"), []byte(`[]`))
	f.Add("R_1", strings.Repeat("é", 60), []byte(`{"a":1,"a":{"b":[1e400,-0]}}`), []byte("\n{\"a\" : \"\\u2028\"}\n"))
	f.Fuzz(func(t *testing.T, id, text string, extra, state []byte) {
		if id == "" {
			return
		}
		if !isObject(extra) {
			extra = nil
		}
		var out bytes.Buffer
		table := newTable(t)
		w := airbyte.NewWriter(&out, clock)
		begin(t, w, table)
		change := record.Null(text)
		must(t, w.Record("things", rowOf(t, table, &row{ID: id, At: noon, Name: &text, Extra: extra}, change)))
		want := 5
		if err := w.State("things", state); (err == nil) != isObject(state) {
			t.Errorf("state %q: %v", state, err)
		} else if err == nil {
			want++
		}
		failure := record.Failure{Type: record.SystemError, Message: text, Internal: id, Stack: text}
		must(t, w.End("things", &failure))
		must(t, w.Close())
		messages := airbytetest.Validate(t, out.Bytes())
		if len(messages) != want {
			t.Fatalf("got %d messages, want %d:\n%s", len(messages), want, out.String())
		}
		var data map[string]json.RawMessage
		must(t, json.Unmarshal(messages[2].Record.Data, &data))
		for column, want := range map[string]string{"id": id, "name": text} {
			var got string
			must(t, json.Unmarshal(data[column], &got))
			if utf8.ValidString(want) && got != want {
				t.Errorf("%s: got %q, want %q", column, got, want)
			}
		}
		if extra != nil && utf8.Valid(extra) {
			if diff := cmp.Diff(compacted(t, extra), compacted(t, data["extra"])); diff != "" {
				t.Errorf("%q became %q:\n%s", extra, data["extra"], diff)
			}
		}
		if want == 6 && utf8.Valid(state) {
			if diff := cmp.Diff(compacted(t, state), compacted(t, messages[3].State.Stream.State)); diff != "" {
				t.Errorf("state %q became %q:\n%s", state, messages[3].State.Stream.State, diff)
			}
		}
		said := messages[want-2].Trace.Error.Message
		if utf8.RuneCountInString(said) > 50_000 || len(text) > 0 && said == "" {
			t.Errorf("a message of %d bytes was cut to %d characters", len(text), utf8.RuneCountInString(said))
		}
	})
}

// A log record is one message with printable text of bounded length.
func FuzzHandler(f *testing.F) {
	f.Add("two\nlines \x1b[31m", "value", `a "b"`, 4)
	f.Add("\u2028\u0085\xff\u202e", "\x00", "", 8)
	f.Add(strings.Repeat("\x80", 51), strings.Repeat(`"`, 40), "x", -4)
	f.Fuzz(func(t *testing.T, message, bound, value string, level int) {
		var out bytes.Buffer
		w := airbyte.NewWriter(&out, clock)
		log := slog.New(w.Handler(slog.LevelInfo)).With("survey", bound).WithGroup("group")
		log.Log(t.Context(), slog.Level(level), message, "error", value)
		must(t, w.Close())
		if level < 0 {
			if out.Len() > 0 {
				t.Errorf("level %d was written: %s", level, out.String())
			}
			return
		}
		messages := airbytetest.Validate(t, out.Bytes())
		if len(messages) != 1 || messages[0].Type != "LOG" {
			t.Fatalf("got %d messages: %q", len(messages), out.String())
		}
		text := messages[0].Log.Message
		if len(text) > 50_000 || out.Len() > 6*50_000 {
			t.Errorf("the text has %d bytes, its line %d", len(text), out.Len())
		}
		if at := strings.IndexFunc(text, func(r rune) bool { return !unicode.IsPrint(r) }); at >= 0 {
			t.Errorf("%q is not printable at %d", text, at)
		}
		if len(text) < 49_990 && (!strings.Contains(text, " survey=") || !strings.Contains(text, " error=")) {
			t.Errorf("%q lacks an attribute", text)
		}
	})
}

// A state or a catalog in any accepted form equals its form in the protocol.
func FuzzParse(f *testing.F) {
	f.Add([]byte(`{"streams":[{"stream":{"name":"a"}},{"stream":{"name":"b"},"sync_mode":"incremental","destination_sync_mode":"append_dedup"}]}`))
	f.Add([]byte(`[{"type":"STREAM","stream":{"stream_descriptor":{"name":"a"},"stream_state":{}}}]`))
	f.Add([]byte(`[{"type":"STATE","state":{"type":"STATE","state":{"stream":{"stream_descriptor":{"name":"a"},"stream_state":{"a":1}}}}},null]`))
	f.Add([]byte(`{"a":{"v":1},"b":null,"a":{"v":2}}`))
	f.Add([]byte("\ufeff\n[]"))
	f.Fuzz(func(t *testing.T, text []byte) {
		if catalog, err := airbyte.ParseConfiguredCatalog(text); err == nil {
			var streams []map[string]any
			seen := make(map[string]bool)
			for _, s := range catalog.Streams {
				if s.Name == "" || seen[s.Name] || s.SyncMode != airbyte.FullRefresh && s.SyncMode != airbyte.Incremental {
					t.Errorf("stream %+v", s)
				}
				seen[s.Name] = true
				streams = append(streams, map[string]any{"stream": map[string]string{"name": s.Name}, "sync_mode": s.SyncMode})
			}
			again, err := airbyte.ParseConfiguredCatalog(encoded(t, map[string]any{"streams": append([]map[string]any{}, streams...)}))
			if diff := cmp.Diff(catalog, again); diff != "" || err != nil {
				t.Errorf("read again: %v (-first +second):\n%s", err, diff)
			}
		}
		states, _, err := airbyte.ParseState(text)
		if err != nil {
			return
		}
		list := []any{}
		for _, name := range slices.Sorted(maps.Keys(states)) {
			if !json.Valid(states[name]) || string(states[name]) == "null" {
				t.Fatalf("the state of %q is not JSON: %q", name, states[name])
			}
			list = append(list, map[string]any{"type": "STREAM", "stream": map[string]any{"stream_descriptor": map[string]string{"name": name}, "stream_state": states[name]}})
		}
		again, warnings, err := airbyte.ParseState(encoded(t, list))
		if err != nil || len(warnings) > 0 || len(again) != len(states) {
			t.Fatalf("read again: %d states of %d, %q, %v", len(again), len(states), warnings, err)
		}
		for name := range states {
			if diff := cmp.Diff(compacted(t, states[name]), compacted(t, again[name])); diff != "" {
				t.Errorf("the state of %q (-first +second):\n%s", name, diff)
			}
		}
	})
}

func encoded(t *testing.T, value any) []byte {
	t.Helper()
	text, err := json.Marshal(value)
	if err != nil {
		t.Fatal(err)
	}
	return text
}
