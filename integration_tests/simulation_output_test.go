package integration_tests_test

import (
	"encoding/json"
	"fmt"

	"github.com/birdie-ai/source-qualtrics/integration_tests/testkit"
)

func trimmed(args ...any) string { return trimmedf("%s", fmt.Sprint(args...)) }

func trimmedf(format string, args ...any) string {
	text := fmt.Sprintf(format, args...)
	return text[:min(len(text), 400)]
}

// simLine is one line that a run printed.
type simLine struct {
	stream  string
	record  *testkit.Row
	state   *simState
	status  string // of the stream
	failure string // its type
	log     string
}

// simState is a state of one stream.
type simState struct {
	raw        []byte // the message's own object
	count      int    // of records, as it says
	partitions map[string]simPosition
}

// simPosition is what the oracle understands of a position.
type simPosition struct {
	Watermark int64             `json:"w"`
	Floor     int64             `json:"f"` // of responses; of contacts, when the last sweep began
	Through   int64             `json:"t"`
	Rows      string            `json:"h"`
	Surveys   map[string]string `json:"surveys"`
	Chosen    json.RawMessage   `json:"s"` // of surveys: text, the mark of the selection that held it last
}

// chosen reports whether a selection held a survey, or surveys, when it was read last.
func (p simPosition) chosen() bool { return len(p.Chosen) > len(`""`) && p.Chosen[0] == '"' }

// keyColumns are the leading columns of a record: the key, then the cursor.
var keyColumns = map[string]int{"surveys": 1, "responses": 2, "contacts": 2, "response_deletions": 2, trialStream: 2, partsStream: 3, greedyParts: 3}

// parseLine takes a line apart. Records are not decoded but cut: they are many.
func parseLine(text []byte) (simLine, error) {
	line, err := testkit.ParseAirbyte(text)
	if err != nil {
		return simLine{}, err
	}
	parsed := simLine{stream: line.Stream, status: line.Status, log: line.Log}
	switch line.Type {
	case "RECORD":
		parsed.record, err = testkit.CutRow(line.Stream, line.Data)
	case "STATE":
		parsed.state, err = parseState(line.State)
	case "LOG":
	case "TRACE":
		if line.Failure == nil {
			break
		}
		if parsed.failure, parsed.log = line.Failure.Kind, line.Failure.Message; parsed.failure == "" {
			err = fmt.Errorf("an error without a type: %.300s", text)
		}
	default:
		err = fmt.Errorf("a read writes no %s: %.200s", line.Type, text)
	}
	return parsed, err
}

// parseState reads what the oracle understands of a state.
func parseState(raw []byte) (*simState, error) {
	var message struct {
		Stream struct {
			State struct {
				Partitions map[string]simPosition `json:"partitions"`
			} `json:"stream_state"`
		} `json:"stream"`
		SourceStats struct {
			RecordCount *int `json:"recordCount"`
		} `json:"sourceStats"`
	}
	if err := json.Unmarshal(raw, &message); err != nil {
		return nil, err
	}
	if message.SourceStats.RecordCount == nil {
		return nil, fmt.Errorf("a state without a count: %.200s", raw)
	}
	return &simState{raw: raw, count: *message.SourceStats.RecordCount, partitions: message.Stream.State.Partitions}, nil
}
