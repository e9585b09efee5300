package airbyte_test

import (
	"bytes"
	"strings"
	"testing"
	"time"

	"github.com/birdie-ai/source-qualtrics/source/airbyte"
	"github.com/birdie-ai/source-qualtrics/source/airbyte/airbytetest"
	"github.com/birdie-ai/source-qualtrics/source/record"
)

func TestWriter_WritesTheStartAndTheEndOfARateLimitOnce(t *testing.T) {
	t.Parallel()
	var out bytes.Buffer
	now := noon
	table := newTable(t)
	w := airbyte.NewWriter(&out, func() time.Time { return now })
	begin(t, w, table)
	for i := range 5 {
		must(t, w.Status("things", record.Status{RateLimitedUntil: noon.Add(time.Minute + time.Duration(i)*time.Millisecond)}))
	}
	now = now.Add(2 * time.Minute)
	must(t, w.Record("things", rowOf(t, table, &row{ID: "1", At: noon})))
	must(t, w.Close())
	if got := strings.Count(out.String(), "RATE_LIMITED"); got != 1 {
		t.Errorf("got %d statuses of one limit, want 1", got)
	}
	last := out.String()[strings.LastIndex(out.String(), "RATE_LIMITED"):]
	if !strings.Contains(last, `"status":"RUNNING"`) {
		t.Error("records flow and the stream is still reported as rate limited")
	}
}

func TestWriter_WritesRawJSONOnOneLine(t *testing.T) {
	t.Parallel()
	for _, raw := range []string{"{\"a\":\n1}", "{\"a\":\"\u2028\"}", "{\"a\":\"\u0085\"}", "{\"a\":\"\xff\"}"} {
		var out bytes.Buffer
		table := newTable(t)
		w := airbyte.NewWriter(&out, clock)
		begin(t, w, table)
		must(t, w.Record("things", rowOf(t, table, &row{ID: "1", At: noon, Extra: []byte(raw)})))
		must(t, w.State("things", []byte(raw)))
		must(t, w.Spec([]byte(raw), "https://example.com/docs"))
		must(t, w.End("things", nil))
		must(t, w.Close())
		t.Run("", func(t *testing.T) { airbytetest.Validate(t, out.Bytes()) })
	}
}

func TestWriter_CutsBetweenCharacters(t *testing.T) {
	t.Parallel()
	var out bytes.Buffer
	w := airbyte.NewWriter(&out, clock)
	must(t, w.Error(record.Failure{Type: record.SystemError, Message: "a" + strings.Repeat("é", 60_000)}))
	must(t, w.Close())
	if strings.Contains(out.String(), "\ufffd") {
		t.Error("cut in the middle of a character")
	}
}

func TestCatalog_OnlyStreamsWithACursorAreResumable(t *testing.T) {
	t.Parallel()
	var out bytes.Buffer
	w := airbyte.NewWriter(&out, clock)
	must(t, w.Catalog([]airbyte.CatalogStream{{Name: "b", Schema: []byte(`{"type":"object","properties":{}}`)}}))
	must(t, w.Close())
	if strings.Contains(out.String(), "is_resumable") {
		t.Errorf("resumable without source_defined_cursor: %s", out.String())
	}
}

func TestParseConfiguredCatalog_RefusesANamespace(t *testing.T) {
	t.Parallel()
	_, err := airbyte.ParseConfiguredCatalog([]byte(`{"streams":[{"stream":{"name":"a","namespace":"x"}}]}`))
	if err == nil {
		t.Error("a namespace is accepted; records without it end the sync")
	}
}

func TestValidate_FindsAStreamWithoutEnd(t *testing.T) {
	t.Parallel()
	var out bytes.Buffer
	w := airbyte.NewWriter(&out, clock)
	begin(t, w, newTable(t))
	must(t, w.Close())
	inner := &recorder{TB: t}
	airbytetest.Validate(inner, out.Bytes())
	if !inner.failed {
		t.Error("Validate accepts a stream that never ends")
	}
}

func TestValidate_FindsHalfACharacter(t *testing.T) {
	t.Parallel()
	for text, fails := range map[string]bool{`\ud83d\ude00`: false, `\\ud83d`: false, `\ud83d`: true, `\\\ude00`: true, `\ud83d\ud83d\ude00`: true} {
		inner := &recorder{TB: t}
		airbytetest.Validate(inner, []byte(`{"type":"LOG","log":{"level":"INFO","message":"`+text+`"}}`+"\n"))
		if inner.failed != fails {
			t.Errorf("%s: got failed %t, want %t", text, inner.failed, fails)
		}
	}
}

type recorder struct {
	testing.TB
	failed bool
}

func (r *recorder) Helper()               {}
func (r *recorder) Error(...any)          { r.failed = true }
func (r *recorder) Errorf(string, ...any) { r.failed = true }
