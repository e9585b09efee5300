package singer_test

import (
	"bytes"
	"encoding/json"
	"log/slog"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/birdie-ai/source-qualtrics/source/record"
	"github.com/birdie-ai/source-qualtrics/source/singer"
)

func TestParseCatalog_SelectsByTheRulesOfTheSDK(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		`{"streams":[]}`:                                       "",
		`{"streams":[{"tap_stream_id":"a"}]}`:                  "a",
		`{"streams":[{"stream":"a"}]}`:                         "a",
		`{"streams":[{"tap_stream_id":"a","selected":false}]}`: "",
		`{"streams":[{"tap_stream_id":"a","metadata":[{"breadcrumb":[],"metadata":{"selected":false}}]}]}`:                                                                                "",
		`{"streams":[{"tap_stream_id":"a","selected":false,"metadata":[{"breadcrumb":[],"metadata":{"selected":true}}]}]}`:                                                                "a",
		`{"streams":[{"tap_stream_id":"a","metadata":[{"breadcrumb":[],"metadata":{"selected-by-default":false}}]}]}`:                                                                     "",
		`{"streams":[{"tap_stream_id":"a","metadata":[{"breadcrumb":[],"metadata":{"selected-by-default":false,"selected":true}}]}]}`:                                                     "a",
		`{"streams":[{"tap_stream_id":"a","metadata":[{"breadcrumb":[],"metadata":{"inclusion":"unsupported","selected":true}}]}]}`:                                                       "",
		`{"streams":[{"tap_stream_id":"a","selected":false,"metadata":[{"breadcrumb":[],"metadata":{"selected-by-default":true}}]}]}`:                                                     "",
		`{"streams":[{"tap_stream_id":"a","schema":{"selected":false},"metadata":[{"breadcrumb":[],"metadata":{"selected-by-default":true}}]}]}`:                                          "",
		`{"streams":[{"tap_stream_id":"a","schema":{"selected":true},"metadata":[{"breadcrumb":[],"metadata":{"selected-by-default":false}}]}]}`:                                          "a",
		`{"streams":[{"tap_stream_id":"a","schema":{"properties":{"x":{"selected":"false"},"y":{}}}}]}`:                                                                                   "a -x",
		`{"streams":[{"tap_stream_id":"a","schema":{"properties":{"x":{"selected":0},"y":{}}}}]}`:                                                                                         "a !",
		`{"streams":[{"tap_stream_id":"a","schema":{"properties":{"x":{"inclusion":"unsupported"},"y":{}}}}]}`:                                                                            "a -x",
		`{"streams":[{"tap_stream_id":"a","metadata":[{"breadcrumb":["properties","x"],"metadata":{"selected":"false"}}]}]}`:                                                              "a -x",
		`{"streams":[{"tap_stream_id":"a","metadata":[{"breadcrumb":["properties","x"],"metadata":{"selected":"no"}}]}]}`:                                                                 "a !",
		`{"streams":[{"tap_stream_id":"a","replication_method":"FULL_TABLE"}]}`:                                                                                                           "a FULL_TABLE",
		`{"streams":[{"tap_stream_id":"a","replication_method":"INCREMENTAL","metadata":[{"breadcrumb":[],"metadata":{"replication-method":"FULL_TABLE"}}]}]}`:                            "a FULL_TABLE",
		`{"streams":[{"tap_stream_id":"a","metadata":[{"breadcrumb":["properties","x"],"metadata":{"selected":false}},{"breadcrumb":["properties","y"],"metadata":{"selected":true}}]}]}`: "a -x",
		`{"streams":[{"tap_stream_id":"a","metadata":[{"breadcrumb":["properties","x"],"metadata":{"inclusion":"automatic","selected":false}}]}]}`:                                        "a",
		`{"streams":[{"tap_stream_id":"a","metadata":[{"breadcrumb":["properties","x","properties","y"],"metadata":{"selected":false}}]}]}`:                                               "a !",
	} {
		selection, err := singer.ParseCatalog([]byte(text))
		if err != nil {
			t.Errorf("%s: %v", text, err)
			continue
		}
		var got []string
		for _, s := range selection.Streams {
			words := []string{s.Name}
			if s.Method != "" {
				words = append(words, s.Method)
			}
			for _, column := range []string{"x", "y"} {
				if !s.Has(column) {
					words = append(words, "-"+column)
				}
			}
			if len(selection.Ignored) > 0 {
				words = append(words, "!")
			}
			got = append(got, strings.Join(words, " "))
		}
		if strings.Join(got, ", ") != want {
			t.Errorf("%s: got %q, want %q", text, strings.Join(got, ", "), want)
		}
	}
}

func TestParseCatalog_ErrorsNameTheMistake(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		``:                 "it is empty",
		`{"streams":`:      "it ends too early",
		`{}`:               `it has no "streams"`,
		`{"streams":[{}]}`: "its stream number 1 has no tap_stream_id",
		`{"streams":[{"tap_stream_id":"a"},{"tap_stream_id":"a"}]}`:                        `it names stream "a" twice`,
		`{"streams":[{"tap_stream_id":"a","replication_method":"LOG_BASED"}]}`:             `the replication method of stream "a" is "LOG_BASED"; it can be INCREMENTAL or FULL_TABLE`,
		`{"streams":[{"tap_stream_id":"a","metadata":[{"breadcrumb":"","metadata":{}}]}]}`: "cannot be a JSON string",
	} {
		if _, err := singer.ParseCatalog([]byte(text)); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: got %v, want %s", text, err, want)
		}
	}
}

func TestParseState_AcceptsEveryFormInUse(t *testing.T) {
	t.Parallel()
	const inner = `{"bookmarks":{"a":{"v":1},"gone":null},"currently_syncing":"a","other":2}`
	for name, text := range map[string]string{
		"the value": inner, "a whole message": `{"type":"STATE","value":` + inner + `}`, "what Meltano stores": `{"singer_state":` + inner + `}`, "with a mark": "\ufeff" + inner + "\n",
	} {
		state, err := singer.ParseState([]byte(text))
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		if diff := cmp.Diff(map[string]json.RawMessage{"a": json.RawMessage(`{"v":1}`)}, state.Bookmarks); diff != "" {
			t.Errorf("%s: %s", name, diff)
		}
	}
	for _, empty := range []string{"", " \n", "null", "{}", `{"bookmarks":{}}`} {
		if state, err := singer.ParseState([]byte(empty)); err != nil || len(state.Bookmarks) != 0 {
			t.Errorf("%q: %v, %v", empty, state, err)
		}
	}
	for text, want := range map[string]string{`{"bookmarks":[]}`: `its "bookmarks" are not an object`, `[]`: "cannot be a JSON array", `{"a`: "ends too early", `{}{}`: "something follows its end"} {
		if _, err := singer.ParseState([]byte(text)); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: got %v, want %s", text, err, want)
		}
	}
}

func TestState_HasTheVersionOfAnInterruptedRead(t *testing.T) {
	t.Parallel()
	state, err := singer.ParseState([]byte(`{"bookmarks":{"a":{"activate_version":17},"b":{"v":1},"c":[]}}`))
	if err != nil {
		t.Fatal(err)
	}
	for stream, want := range map[string]int64{"a": 17, "b": 0, "c": 0, "d": 0} {
		if got := state.Version(stream); got != want {
			t.Errorf("%s: got %d, want %d", stream, got, want)
		}
	}
}

// Meltano refuses lines above 64 KiB, and selects columns without metadata always.
func TestCatalog_HasShortLinesAndAllMetadata(t *testing.T) {
	t.Parallel()
	table, err := record.NewTable(visit{})
	if err != nil {
		t.Fatal(err)
	}
	info := record.Info{Stream: "visits", Schema: []byte(visitSchema), Table: table, Key: []string{"id"}, Cursor: "at"}
	text, err := singer.Catalog([]record.Info{info}, false, true)
	if err != nil {
		t.Fatal(err)
	}
	for line := range bytes.Lines(text) {
		if len(line) > 4<<10 {
			t.Errorf("a line of %d bytes: %.80s", len(line), line)
		}
	}
	var catalog struct {
		Streams []struct {
			Method   string `json:"replication_method"`
			Key      string `json:"replication_key"`
			Schema   struct{ Properties map[string]any }
			Metadata []struct {
				Breadcrumb []string
				Metadata   struct{ Inclusion string }
			}
		}
	}
	if err := json.Unmarshal(text, &catalog); err != nil {
		t.Fatal(err)
	}
	got := make(map[string]string)
	for _, m := range catalog.Streams[0].Metadata {
		got[strings.Join(m.Breadcrumb, ".")] = m.Metadata.Inclusion
	}
	want := map[string]string{
		"": "available", "properties.id": "automatic", "properties.at": "automatic", "properties.name": "available", "properties.extra": "available",
		"properties.tags": "available", "properties.deleted_at": "available", "properties._sdc_deleted_at": "available",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	if len(catalog.Streams[0].Schema.Properties) != len(want)-1 || catalog.Streams[0].Method != singer.Incremental || catalog.Streams[0].Key != "at" {
		t.Errorf("got %+v", catalog.Streams[0])
	}
	selection, err := singer.ParseCatalog(text)
	if err != nil || len(selection.Streams) != 1 || !selection.Streams[0].Has("name") {
		t.Errorf("the catalog selects %+v, %v", selection, err)
	}
}

// Meltano parses a line only if all of these members are present.
func TestLog_WritesTheMembersThatMeltanoParses(t *testing.T) {
	t.Parallel()
	var out bytes.Buffer
	handler := singer.NewLog(&out, slog.LevelInfo)
	log := slog.New(handler).With("survey", "SV_1")
	log.Debug("not shown")
	log.Warn("exported <again>", "stream", "responses", "rows", 3)
	log.Error("failed")
	handler.Measured(singer.Metric{Type: "counter", Name: "record_count", Value: 3, Tags: map[string]string{"stream": "responses"}})
	var got []map[string]any
	for line := range bytes.Lines(out.Bytes()) {
		var parsed map[string]any
		if err := json.Unmarshal(line, &parsed); err != nil {
			t.Fatalf("%s: %v", line, err)
		}
		for _, name := range []string{"level", "pid", "logger_name", "ts", "thread_name", "app_name", "stream_name", "message", "extra"} {
			if _, ok := parsed[name]; !ok {
				t.Errorf("%s lacks %s", line, name)
			}
		}
		delete(parsed, "ts")
		delete(parsed, "pid")
		delete(parsed, "thread_name")
		delete(parsed, "app_name")
		got = append(got, parsed)
	}
	want := []map[string]any{
		{"level": "warning", "logger_name": "tap-qualtrics", "stream_name": "responses", "message": "exported <again>", "extra": map[string]any{"survey": "SV_1", "rows": "3"}},
		{"level": "error", "logger_name": "tap-qualtrics", "stream_name": nil, "message": "failed", "extra": map[string]any{"survey": "SV_1"}},
		{
			"level": "info", "logger_name": "tap-qualtrics.metrics", "stream_name": "responses", "message": "METRIC", "extra": map[string]any{},
			"metric_info": map[string]any{"type": "counter", "metric": "record_count", "value": 3.0, "tags": map[string]any{"stream": "responses"}},
		},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

func TestLogConfig_ReadsLevelAndFormat(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]struct {
		level      slog.Level
		structured bool
	}{
		`{"root":{"level":"WARNING"},"formatters":{"f":{"()":"singer_sdk.logging.StructuredFormatter"}}}`: {slog.LevelWarn, true},
		`{"root":{"level":"debug"},"formatters":{"f":{"format":"%(message)s"}}}`:                          {slog.LevelDebug, false},
		`nonsense`: {slog.LevelInfo, false},
	} {
		if level, structured := singer.LogConfig([]byte(text)); level != want.level || structured != want.structured {
			t.Errorf("%s: got %v, %v", text, level, structured)
		}
	}
}
