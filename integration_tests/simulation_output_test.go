package integration_tests_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strings"
	"time"

	"github.com/birdie-ai/source-qualtrics/source/airbyte/airbytetest"
)

func trimmed(args ...any) string { return trimmedf("%s", fmt.Sprint(args...)) }

func trimmedf(format string, args ...any) string {
	text := fmt.Sprintf(format, args...)
	return text[:min(len(text), 400)]
}

// simLine is one line that a run printed.
type simLine struct {
	stream  string
	record  *simRow
	state   *simState
	status  string // of the stream
	failure string // its type
	log     string
}

// simRow is a version of a row: of a record, or of the truth.
type simRow struct {
	key     string
	cursor  int64 // Unix nanoseconds
	deleted bool
	data    []byte
	order   int // of all records of a history
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
}

// keyColumns are the leading columns of a record: the key, then the cursor.
var keyColumns = map[string]int{"surveys": 1, "responses": 2, "contacts": 2, "response_deletions": 2}

// deletedColumns are the columns that make a tombstone of a record.
var deletedColumns = map[string]string{"surveys": "deleted_at", "responses": "deleted_at", "contacts": "deleted_at"}

var (
	recordHead = []byte(`{"type":"RECORD","record":{"stream":"`)
	stateHead  = []byte(`{"type":"STATE","state":`)
)

// parseLine takes a line apart. Records are not decoded but cut: they are many.
func parseLine(line []byte) (simLine, error) {
	if rest, ok := bytes.CutPrefix(line, recordHead); ok {
		stream, data, ok := bytes.Cut(rest, []byte(`","data":`))
		end := bytes.LastIndex(data, []byte(`,"emitted_at":`))
		if !ok || end < 0 {
			return simLine{}, fmt.Errorf("no record: %.200s", line)
		}
		row, err := parseRow(string(stream), data[:end:end])
		return simLine{stream: string(stream), record: row}, err
	}
	if bytes.HasPrefix(line, stateHead) {
		return parseState(line)
	}
	var message airbytetest.Message
	if err := json.Unmarshal(line, &message); err != nil {
		return simLine{}, err
	}
	switch {
	case message.Log != nil:
		return simLine{log: message.Log.Message}, nil
	case message.Trace != nil && message.Trace.Error != nil:
		if message.Trace.Error.FailureType == "" {
			return simLine{}, fmt.Errorf("an error without a type: %.300s", line)
		}
		return simLine{stream: message.Trace.Error.Stream.Name, failure: message.Trace.Error.FailureType, log: message.Trace.Error.Message}, nil
	case message.Trace != nil && message.Trace.StreamStatus != nil:
		return simLine{stream: message.Trace.StreamStatus.Stream.Name, status: message.Trace.StreamStatus.Status}, nil
	default:
		return simLine{}, fmt.Errorf("no message that is known: %.200s", line)
	}
}

// parseState reads a state in one go: its message can be long.
func parseState(line []byte) (simLine, error) {
	raw := bytes.TrimSuffix(bytes.TrimPrefix(line, stateHead), []byte("}"))
	var message struct {
		Stream struct {
			Descriptor airbytetest.Descriptor `json:"stream_descriptor"`
			State      struct {
				Partitions map[string]simPosition `json:"partitions"`
			} `json:"stream_state"`
		} `json:"stream"`
		SourceStats struct {
			RecordCount *int `json:"recordCount"`
		} `json:"sourceStats"`
	}
	if err := json.Unmarshal(raw, &message); err != nil {
		return simLine{}, err
	}
	if message.SourceStats.RecordCount == nil {
		return simLine{}, fmt.Errorf("a state without a count: %.200s", line)
	}
	return simLine{stream: message.Stream.Descriptor.Name, state: &simState{
		raw: raw, count: *message.SourceStats.RecordCount, partitions: message.Stream.State.Partitions,
	}}, nil
}

// parseRow reads the key and the cursor of a record.
func parseRow(stream string, data []byte) (*simRow, error) {
	column := deletedColumns[stream]
	row := &simRow{data: data, deleted: column != "" && bytes.Contains(data, []byte(`"`+column+`":"`))}
	rest := data
	var parts []string
	for range keyColumns[stream] + 1 {
		_, after, ok := bytes.Cut(rest, []byte(`":"`))
		value, next, found := bytes.Cut(after, []byte(`"`))
		if !ok || !found {
			return nil, fmt.Errorf("a record of %s without its key or cursor: %.200s", stream, data)
		}
		parts, rest = append(parts, string(value)), next
	}
	cursor := parts[len(parts)-1]
	at, err := time.Parse(time.RFC3339Nano, cursor)
	if err != nil {
		return nil, fmt.Errorf("a record of %s with the cursor %q", stream, cursor)
	}
	row.key, row.cursor = strings.Join(parts[:len(parts)-1], "/"), at.UnixNano()
	return row, nil
}
