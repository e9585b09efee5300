package source_test

import (
	"bytes"
	"encoding/json"
	"io"
	"maps"
	"slices"
	"testing"
	"time"

	"github.com/birdie-ai/source-qualtrics/integration_tests/testkit"
	"github.com/birdie-ai/source-qualtrics/integration_tests/thorough"
	"github.com/birdie-ai/source-qualtrics/source/sandbox"
)

// skimmer reads the messages of a run whose states are too large to be kept. It keeps
// the rows of responses, the last state of each stream, and the worst loss.
type skimmer struct {
	t       *testing.T
	line    []byte
	rows    []map[string]any
	states  map[string][]byte // messages by their beginning, which names the stream
	failed  []string
	written int // bytes of states
	since   int // rows since the last state

	worst loss
}

// loss is what a platform has if it loses a run after a row.
type loss struct {
	rows   []map[string]any
	states map[string][]byte
	since  int // of the rows, those after the last state
}

func (s *skimmer) Write(text []byte) (int, error) {
	all := len(text)
	for {
		line, rest, complete := bytes.Cut(text, []byte("\n"))
		s.line = append(s.line, line...)
		if !complete {
			return all, nil
		}
		if err := s.take(s.line); err != nil {
			return 0, err
		}
		s.line, text = s.line[:0], rest
	}
}

func (s *skimmer) take(line []byte) error {
	switch {
	case bytes.HasPrefix(line, []byte(`{"type":"TRACE","trace":{"type":"ERROR"`)):
		s.failed = append(s.failed, string(line))
	case bytes.HasPrefix(line, []byte(`{"type":"STATE"`)):
		stream, _, _ := bytes.Cut(line, []byte(`"stream_state"`))
		s.states[string(stream)] = bytes.Clone(line)
		s.since, s.written = 0, s.written+len(line)
	case bytes.HasPrefix(line, []byte(`{"type":"RECORD","record":{"stream":"responses"`)):
		var message struct {
			Record struct {
				Data json.RawMessage `json:"data"`
			} `json:"record"`
		}
		if err := json.Unmarshal(line, &message); err != nil {
			return err
		}
		s.rows = append(s.rows, parseRow(s.t, message.Record.Data))
		if s.since++; s.since >= s.worst.since {
			s.worst = loss{rows: s.rows, states: maps.Clone(s.states), since: s.since}
		}
	}
	return nil
}

// stateFile is the state file of messages.
func stateFile(t *testing.T, messages map[string][]byte) []byte {
	t.Helper()
	var states []json.RawMessage
	for _, stream := range slices.Sorted(maps.Keys(messages)) {
		var message struct {
			State json.RawMessage `json:"state"`
		}
		if err := json.Unmarshal(messages[stream], &message); err != nil {
			t.Fatal(err)
		}
		states = append(states, message.State)
	}
	return testkit.Encode(states)
}

// skim runs from a state file, or from the beginning.
func (tn *tenant) skim(t *testing.T, state []byte, streams ...string) *skimmer {
	t.Helper()
	s := &skimmer{t: t, states: make(map[string][]byte)}
	tn.stdout = func(io.Writer) io.Writer { return s }
	tn.files["catalog.json"] = testkit.Catalog(streams...)
	args := []string{"read", "--config", "config.json", "--catalog", "catalog.json"}
	if state != nil {
		tn.files["state.json"] = state
		args = append(args, "--state", "state.json")
	}
	if got := tn.run(t, args...); got.code != 0 {
		t.Fatalf("a run ended with code %d: %s", got.code, s.failed)
	}
	return s
}

// A first load of very many surveys is lost where most rows follow the last state, and
// responses among them are deleted before the next run: they are reported.
func TestRead_AnInterruptedFirstLoadOfManySurveysLeavesNoGhosts(t *testing.T) {
	insideBubble(t, func(t *testing.T) {
		streams := []string{"responses", "response_deletions"}
		surveys := thorough.Number(10_000, 400)
		tn := newTenant(t, sandbox.Options{
			Seed: 71, Surveys: surveys, Responses: 1, Contacts: 1, KeepSurveys: surveys, SmallSurveys: true, Stored: true,
			Limits: "published", ExportDelay: 1500 * time.Millisecond,
		})
		tn.config["deletions"] = map[string]any{"audit_days": 1}
		tn.config["limits"] = map[string]any{"parallel_exports": 4}
		for _, survey := range keysOfTruth(t, tn, "surveys") {
			tn.RecordResponses(survey, 3, tn.Now().Add(-time.Minute), tn.Now())
		}
		begun := time.Now()
		first := tn.skim(t, nil, streams...)
		cut := first.worst
		t.Logf("a first load of %d surveys took %s and %d MiB of states; %d rows followed one", surveys, time.Since(begun), first.written>>20, cut.since)
		deleted, among := 0, make(map[string]bool)
		for _, row := range cut.rows[len(cut.rows)-cut.since:] {
			if survey, _ := row["survey_id"].(string); !among[survey] {
				among[survey] = true
				deleted += len(tn.DeleteResponses(survey, 3))
			}
		}
		if deleted < 3 {
			t.Errorf("%d responses were deleted: this shows nothing", deleted)
		}
		rows := func(rows []map[string]any) *reading {
			return &reading{records: map[string][]map[string]any{"responses": rows}}
		}
		tables, state := merge(nil, rows(cut.rows)), stateFile(t, cut.states)
		for range 3 {
			tn.Advance(time.Hour, true)
			next := tn.skim(t, state, streams...)
			tables, state = merge(tables, rows(next.rows)), stateFile(t, next.states)
		}
		tn.exactly(t, tables)
	})
}
