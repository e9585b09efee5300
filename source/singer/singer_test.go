package singer_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/birdie-ai/source-qualtrics/source/record"
	"github.com/birdie-ai/source-qualtrics/source/singer"
)

type visit struct {
	ID        string          `json:"id"`
	At        time.Time       `json:"at"`
	Name      *string         `json:"name"`
	Extra     json.RawMessage `json:"extra"`
	Tags      json.RawMessage `json:"tags" jsonschema:"type=array"`
	DeletedAt *time.Time      `json:"deleted_at" column:"deletion"`
	Foreign   *time.Time      `json:"_ab_cdc_deleted_at" column:"protocol=airbyte"`
}

const visitSchema = `{"$schema":"http://json-schema.org/draft-07/schema#","type":"object","properties":{
"id":{"type":"string","description":"Id."},"at":{"type":"string","format":"date-time","airbyte_type":"timestamp_with_timezone"},
"name":{"type":["null","string"]},"extra":{"type":["null","object"],"additionalProperties":true},"tags":{"type":["null","array"],"items":{}},
"deleted_at":{"type":["null","string"],"format":"date-time"},"_ab_cdc_deleted_at":{"type":["null","string"],"format":"date-time"}}}`

// stage is a writer with one stream.
type stage struct {
	*singer.Writer
	out   bytes.Buffer
	table *record.Table
	info  record.Info
}

func newStage(t *testing.T, options singer.Options) *stage {
	t.Helper()
	table, err := record.NewTable(visit{})
	if err != nil {
		t.Fatal(err)
	}
	s := &stage{table: table, info: record.Info{Stream: "visits", Schema: []byte(visitSchema), Table: table, Key: []string{"id"}, Cursor: "at"}}
	options.Now = func() time.Time { return time.Date(2026, 1, 15, 12, 0, 0, 123_000_000, time.UTC) }
	s.Writer = singer.NewWriter(&s.out, options)
	return s
}

func (s *stage) row(t *testing.T, v visit) record.Row {
	t.Helper()
	row, err := s.table.Row(&v)
	if err != nil {
		t.Fatal(err)
	}
	return row
}

// lines closes the writer and returns its lines.
func (s *stage) lines(t *testing.T) []string {
	t.Helper()
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	return s.written()
}

// written are the lines that went out so far.
func (s *stage) written() []string {
	return strings.Split(strings.TrimSuffix(s.out.String(), "\n"), "\n")
}

func TestWriter_WritesTheMessagesOfAStream(t *testing.T) {
	t.Parallel()
	text := "a\x00b \u2028 \"x\""
	gone := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	for name, test := range map[string]struct {
		options singer.Options
		schema  string
		record  string
	}{
		"default options": {
			singer.Options{},
			`{"type":"object","properties":{"at":{"format":"date-time","type":"string"},"deleted_at":{"format":"date-time","type":["string","null"]},` +
				`"extra":{"additionalProperties":true,"type":["object","null"]},"id":{"description":"Id.","type":"string"},"name":{"type":["string","null"]},"tags":{"type":["array","null"]}}}`,
			`{"id":"R_1","at":"2026-01-15T11:00:00Z","name":"a` + "\ufffd" + `b \u2028 \"x\"","extra":{"k": "\ufffd","n":1.50},"tags":null,"deleted_at":"2026-01-02T03:04:05Z"}`,
		},
		"nested values as text, and deletions": {
			singer.Options{NestedAsText: true, DeletedColumn: true},
			`{"type":"object","properties":{"_sdc_deleted_at":{"format":"date-time","type":["string","null"]},"at":{"format":"date-time","type":"string"},"deleted_at":{"format":"date-time","type":["string","null"]},` +
				`"extra":{"type":["string","null"]},"id":{"description":"Id.","type":"string"},"name":{"type":["string","null"]},"tags":{"type":["string","null"]}}}`,
			`{"id":"R_1","at":"2026-01-15T11:00:00Z","name":"a` + "\ufffd" + `b \u2028 \"x\"","extra":"{\"k\": \"\\ufffd\",\"n\":1.50}","tags":null,"deleted_at":"2026-01-02T03:04:05Z","_sdc_deleted_at":"2026-01-02T03:04:05Z"}`,
		},
		"the key and the cursor cannot be left out": {
			singer.Options{Selected: func(string, string) bool { return false }, DeletedColumn: true},
			`{"type":"object","properties":{"at":{"format":"date-time","type":"string"},"id":{"description":"Id.","type":"string"}}}`,
			`{"id":"R_1","at":"2026-01-15T11:00:00Z"}`,
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newStage(t, test.options)
			row := s.row(t, visit{ID: "R_1", At: gone.AddDate(0, 0, 13).Add(7*time.Hour + 55*time.Minute + 55*time.Second), Name: &text, Extra: json.RawMessage(`{"k": "\u0000","n":1.50}`), DeletedAt: &gone})
			if err := errors.Join(s.Begin(s.info), s.Record("visits", row.Fit(s.Holds())), s.State("visits", []byte(`{"v":1}`)), s.End("visits", nil)); err != nil {
				t.Fatal(err)
			}
			want := []string{
				`{"type":"SCHEMA","stream":"visits","schema":` + test.schema + `,"key_properties":["id"],"bookmark_properties":["at"]}`,
				`{"type":"RECORD","stream":"visits","record":` + test.record + `,"time_extracted":"2026-01-15T12:00:00.123Z"}`,
				`{"type":"STATE","value":{"bookmarks":{"visits":{"v":1}}}}`,
			}
			if diff := cmp.Diff(want, s.lines(t)); diff != "" {
				t.Error(diff)
			}
		})
	}
}

// The last message is a state, equal states are not repeated, and bookmarks of other
// streams are kept.
func TestWriter_WritesStatesWithAllBookmarks(t *testing.T) {
	t.Parallel()
	state, err := singer.ParseState([]byte(`{"bookmarks":{"others":{"x":[1, 2]}},"mine":true}`))
	if err != nil {
		t.Fatal(err)
	}
	s := newStage(t, singer.Options{State: state})
	row := s.row(t, visit{ID: "R_1", At: time.Unix(0, 0)})
	for _, err := range []error{
		s.Begin(s.info), s.State("visits", []byte(`{"v":1}`)), s.State("visits", []byte(`{"v":1}`)),
		s.Record("visits", row), s.End("visits", &record.Failure{Message: "broken"}),
	} {
		if err != nil {
			t.Fatal(err)
		}
	}
	var types []string
	lines := s.lines(t)
	for _, line := range lines {
		types = append(types, strings.Split(line, `"`)[3])
	}
	if diff := cmp.Diff([]string{"SCHEMA", "STATE", "RECORD", "STATE"}, types); diff != "" {
		t.Error(diff)
	}
	if want := `{"type":"STATE","value":{"bookmarks":{"others":{"x":[1,2]},"visits":{"v":1}},"mine":true}}`; lines[1] != want || lines[3] != want {
		t.Errorf("got %s and %s, want %s", lines[1], lines[3], want)
	}
}

func TestWriter_ActivatesTheVersionOfACompleteReadOnly(t *testing.T) {
	t.Parallel()
	for _, complete := range []bool{true, false} {
		s := newStage(t, singer.Options{Versions: map[string]int64{"visits": 1767600000}})
		var failure *record.Failure
		if !complete {
			failure = &record.Failure{Message: "broken"}
		}
		row := s.row(t, visit{ID: "R_1", At: time.Unix(0, 0)})
		if err := errors.Join(s.Begin(s.info), s.Record("visits", row), s.State("visits", []byte(`{"v":1}`)), s.End("visits", failure)); err != nil {
			t.Fatal(err)
		}
		lines := s.lines(t)
		if !strings.HasSuffix(lines[1], `,"version":1767600000}`) {
			t.Errorf("the record has no version: %s", lines[1])
		}
		want := []string{`{"type":"STATE","value":{"bookmarks":{"visits":{"activate_version":1767600000,"v":1}}}}`}
		if complete {
			want = append(want, `{"type":"ACTIVATE_VERSION","stream":"visits","version":1767600000}`, `{"type":"STATE","value":{"bookmarks":{"visits":{"activate_version":0,"v":1}}}}`)
		}
		if diff := cmp.Diff(want, lines[2:]); diff != "" {
			t.Errorf("complete %v: %s", complete, diff)
		}
	}
}

func TestWriter_RefusesRecordsThatTargetsRefuse(t *testing.T) {
	t.Parallel()
	s := newStage(t, singer.Options{})
	if err := s.Record("visits", s.row(t, visit{ID: "R_1"})); err == nil {
		t.Error("a record before its schema was accepted")
	}
	if err := s.Begin(s.info); err != nil {
		t.Fatal(err)
	}
	if err := s.Begin(s.info); err == nil {
		t.Error("a second schema was accepted")
	}
	if err := s.Record("visits", s.row(t, visit{})); err == nil || !strings.Contains(err.Error(), "its key column id is empty") {
		t.Errorf("a record without its key: %v", err)
	}
	if err := s.End("visits", nil); err == nil {
		t.Error("a stream that lacks a record is complete")
	}
	if err := s.End("visits", &record.Failure{}); err != nil {
		t.Fatal(err)
	}
	if err := s.Record("visits", s.row(t, visit{ID: "R_1"})); err == nil {
		t.Error("a record after the end of its stream was accepted")
	}
}

func TestWriter_MeasuresRecords(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var measured []string
		s := newStage(t, singer.Options{Measured: func(m singer.Metric) { measured = append(measured, singer.MetricText(m)) }})
		if err := s.Begin(s.info); err != nil {
			t.Fatal(err)
		}
		for i := range 3 {
			if err := s.Record("visits", s.row(t, visit{ID: fmt.Sprint("R_", i)})); err != nil {
				t.Fatal(err)
			}
		}
		if err := errors.Join(s.End("visits", nil), s.Close()); err != nil {
			t.Fatal(err)
		}
		want := []string{
			`METRIC: {"type":"counter","metric":"record_count","value":3,"tags":{"stream":"visits"}}`,
			`METRIC: {"type":"timer","metric":"sync_duration","value":0,"tags":{"status":"succeeded","stream":"visits"}}`,
		}
		if diff := cmp.Diff(want, measured); diff != "" {
			t.Error(diff)
		}
	})
}

// answer is a row of several that belong to one visit.
type answer struct {
	Visit   string     `json:"visit"`
	Name    string     `json:"name"`
	At      time.Time  `json:"at"`
	Version string     `json:"version"`
	Gone    *time.Time `json:"deleted_at"`
}

// The version of a parent goes out whatever is selected. A target must not delete the
// marker of a deleted parent alone, so there is no column that it deletes by.
func TestWriter_WritesTheVersionOfAParent(t *testing.T) {
	t.Parallel()
	table, err := record.NewTable(answer{})
	if err != nil {
		t.Fatal(err)
	}
	info := record.Info{
		Stream: "answers", Table: table, Key: []string{"visit", "name"}, Cursor: "at", Parent: []string{"visit"}, Version: "version",
		Schema: []byte(`{"type":"object","properties":{"visit":{"type":"string"},"name":{"type":"string"},"at":{"type":"string"},"version":{"type":"string"},"deleted_at":{"type":["null","string"]}}}`),
	}
	s := newStage(t, singer.Options{Selected: func(string, string) bool { return false }, DeletedColumn: true})
	at := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	row, err := table.Row(&answer{Visit: "1", Name: "*", At: at, Version: "deleted", Gone: &at})
	if err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(s.Begin(info), s.Record("answers", row)); err != nil {
		t.Fatal(err)
	}
	if got, want := s.lines(t)[1], `"record":{"visit":"1","name":"*","at":"2026-01-02T03:04:05Z","version":"deleted"}`; !strings.Contains(got, want) {
		t.Errorf("got %s, want %s", got, want)
	}
	catalog, err := singer.Catalog([]record.Info{info}, false, true)
	if err != nil {
		t.Fatal(err)
	}
	var listed struct {
		Streams []struct {
			Metadata []struct {
				Breadcrumb []string
				Metadata   struct{ Inclusion string }
			}
		}
	}
	if err := json.Unmarshal(catalog, &listed); err != nil {
		t.Fatal(err)
	}
	inclusions := make(map[string]string)
	for _, of := range listed.Streams[0].Metadata[1:] {
		inclusions[of.Breadcrumb[1]] = of.Metadata.Inclusion
	}
	want := map[string]string{"visit": "automatic", "name": "automatic", "at": "automatic", "version": "automatic", "deleted_at": "available"}
	if diff := cmp.Diff(want, inclusions); diff != "" {
		t.Errorf("inclusions (-want +got):\n%s", diff)
	}
	catalog = bytes.Replace(catalog, []byte(`"version": {`), []byte(`"another": {`), 1)
	selection, err := singer.ParseCatalog(catalog)
	if err != nil {
		t.Fatal(err)
	}
	ignored, missing, err := selection.Streams[0].Differences(info, false)
	if err != nil || len(missing) > 0 || len(ignored) != 1 || ignored[0] != `columns of the key, the replication key and the version cannot be left out: ["version"]` {
		t.Errorf("a catalog without the version: got %q, %q, %v", ignored, missing, err)
	}
}
