package singer_test

import (
	"bytes"
	"encoding/json"
	"slices"
	"strings"
	"testing"

	"github.com/birdie-ai/source-qualtrics/source/record"
	"github.com/birdie-ai/source-qualtrics/source/singer"
)

// Any text as a catalog is refused, or selects each stream once at most.
func FuzzParseCatalog(f *testing.F) {
	for _, seed := range []string{
		``, `[]`, `{"streams":null}`, `{"streams":[{"tap_stream_id":"a","selected":true,"metadata":[{"breadcrumb":[],"metadata":{"selected":true}}]}]}`,
		`{"streams":[{"stream":"a","metadata":[{"breadcrumb":["properties","x"],"metadata":{"inclusion":"available","selected":"no"}}]}]}`,
		`{"streams":[{"stream":"a","schema":{"selected":true,"properties":{"x":{"type":["null","string"],"selected":false},"y":true,"z":{"properties":{"p":{"selected":false}}}}}}]}`,
		`{"streams":[{"stream":"a","metadata":[{"metadata":null}]}]}`, `{"streams":[{"stream":"a","metadata":[{"breadcrumb":["x"],"metadata":{"selected":false}}]}]}`,
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		selection, err := singer.ParseCatalog(text)
		if err != nil {
			return
		}
		seen := make(map[string]bool)
		for _, s := range selection.Streams {
			if s.Name == "" || seen[s.Name] || (s.Method != "" && s.Method != singer.Incremental && s.Method != singer.FullTable) {
				t.Errorf("it selects %q %q", s.Name, s.Method)
			}
			seen[s.Name] = true
			if unknown := s.Unknown(&record.Table{}); !slices.IsSorted(unknown) {
				t.Errorf("the unknown columns of %q are not sorted: %q", s.Name, unknown)
			}
		}
	})
}

// Any text as a state is refused, or kept: the next run reads the same state.
func FuzzParseState(f *testing.F) {
	for _, seed := range []string{
		``, `null`, `[]`, `{}`, `{"bookmarks":{"a":{"v":1},"b":null},"other":[1]}`, `{"type":"STATE","value":{"bookmarks":{}}}`, `{"type":"state","value":null}`,
		`{"singer_state":{"value":{"bookmarks":{"a":1}}}}`, `{"value":{}}`, "{}\n{}", `{"currently_syncing":"a"}`, `{"bookmarks":{"a":"\ud800\u0000"}}`,
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		state, err := singer.ParseState(text)
		if err != nil {
			if strings.ContainsAny(err.Error(), "\n\r") {
				t.Errorf("an error of several lines: %q", err)
			}
			return
		}
		first := passed(t, state)
		again, err := singer.ParseState(first)
		if err != nil {
			t.Fatalf("%q became %s, which is refused: %v", text, first, err)
		}
		if second := passed(t, again); !bytes.Equal(first, second) {
			t.Errorf("%q became %s, and that %s", text, first, second)
		}
	})
}

// passed returns the state after a run without streams.
func passed(t *testing.T, state singer.State) []byte {
	t.Helper()
	s := newStage(t, singer.Options{State: state})
	if err := s.Begin(s.info); err != nil {
		t.Fatal(err)
	}
	lines := s.lines(t)
	var message struct {
		Type  string
		Value json.RawMessage
	}
	if err := json.Unmarshal([]byte(lines[len(lines)-1]), &message); err != nil || message.Type != "STATE" {
		t.Fatalf("%s: %v", lines[len(lines)-1], err)
	}
	return message.Value
}
