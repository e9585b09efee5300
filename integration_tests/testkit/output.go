package testkit

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/birdie-ai/source-qualtrics/source/airbyte/airbytetest"
	"github.com/birdie-ai/source-qualtrics/source/stream"
)

// Line is one message of a run, in the protocol of Airbyte or of Singer.
type Line struct {
	Type      string // RECORD, STATE, and others of the protocol
	Stream    string
	Data      []byte // the row of a record, a JSON object
	EmittedAt int64  // Unix milliseconds, of a record of Airbyte
	Extracted string // time of a record of Singer
	State     []byte // the part of a state that the platform keeps
	Status    string // of the stream, in a trace
	Failure   *Failure
	Log       string
	Schema    []byte   // of Singer
	Manifest  []string // file URLs of a batch of Singer
}

// Failure is an error that a run reported.
type Failure struct{ Stream, Kind, Message, Internal string }

// heads are the beginnings of the frequent messages: they are cut and not decoded.
var (
	airbyteRecord = []byte(`{"type":"RECORD","record":{"stream":"`)
	airbyteState  = []byte(`{"type":"STATE","state":`)
	airbyteStream = []byte(`{"type":"STREAM","stream":{"stream_descriptor":{"name":"`)
	singerRecord  = []byte(`{"type":"RECORD","stream":"`)
)

// ParseAirbyte parses a line of Airbyte's protocol. It cuts records and states, in
// the order of members that the program writes, because they are many and long.
func ParseAirbyte(text []byte) (Line, error) {
	if rest, ok := bytes.CutPrefix(text, airbyteRecord); ok {
		name, data, ok := bytes.Cut(rest, []byte(`","data":`))
		data, tail, found := cutLast(data, `,"emitted_at":`)
		digits := len(tail) - len(bytes.TrimLeft(tail, "0123456789"))
		at, err := strconv.ParseInt(string(tail[:digits]), 10, 64)
		if !ok || !found || err != nil {
			return Line{}, fmt.Errorf("the record has no stream, data or time: %.200s", text)
		}
		return Line{Type: "RECORD", Stream: string(name), Data: data, EmittedAt: at}, nil
	}
	if rest, ok := bytes.CutPrefix(text, airbyteState); ok {
		state, whole := bytes.CutSuffix(rest, []byte("}"))
		name, ok := bytes.CutPrefix(state, airbyteStream)
		if name, _, found := bytes.Cut(name, []byte(`"`)); ok && found && whole {
			return Line{Type: "STATE", Stream: string(name), State: state}, nil
		}
		return Line{}, fmt.Errorf("the state has no stream: %.200s", text)
	}
	var message airbytetest.Message
	if err := json.Unmarshal(text, &message); err != nil {
		return Line{}, fmt.Errorf("%w: %.200s", err, text)
	}
	line := Line{Type: message.Type}
	switch trace := message.Trace; {
	case message.Log != nil:
		line.Log = message.Log.Message
	case trace != nil && trace.Error != nil:
		line.Stream = trace.Error.Stream.Name
		line.Failure = &Failure{line.Stream, trace.Error.FailureType, trace.Error.Message, trace.Error.InternalMessage}
	case trace != nil && trace.StreamStatus != nil:
		line.Stream, line.Status = trace.StreamStatus.Stream.Name, trace.StreamStatus.Status
	case message.ConnectionStatus == nil && message.Spec == nil && message.Catalog == nil:
		return Line{}, fmt.Errorf("the message is of no known type: %.200s", text)
	}
	return line, nil
}

// ParseSinger parses a line of Singer's protocol.
func ParseSinger(text []byte) (Line, error) {
	if rest, ok := bytes.CutPrefix(text, singerRecord); ok {
		name, data, ok := bytes.Cut(rest, []byte(`","record":`))
		data, tail, found := cutLast(data, `,"time_extracted":"`)
		at, _, ended := bytes.Cut(tail, []byte(`"`))
		if !ok || !found || !ended {
			return Line{}, fmt.Errorf("the record has no stream, row or time: %.200s", text)
		}
		return Line{Type: "RECORD", Stream: string(name), Data: data, Extracted: string(at)}, nil
	}
	var message struct {
		Type, Stream  string
		Schema, Value json.RawMessage
		Manifest      []string
	}
	if err := json.Unmarshal(text, &message); err != nil {
		return Line{}, fmt.Errorf("%w: %.200s", err, text)
	}
	switch message.Type {
	case "SCHEMA", "STATE", "BATCH", "ACTIVATE_VERSION":
		return Line{Type: message.Type, Stream: message.Stream, State: message.Value, Schema: message.Schema, Manifest: message.Manifest}, nil
	default:
		return Line{}, fmt.Errorf("the message is of no known type: %.200s", text)
	}
}

// cutLast cuts a text around the last occurrence of a separator.
func cutLast(text []byte, separator string) (before, after []byte, found bool) {
	at := bytes.LastIndex(text, []byte(separator))
	if at < 0 {
		return text, nil, false
	}
	return text[:at:at], text[at+len(separator):], true
}

// Output is the output of a run, to its last whole line.
type Output struct {
	Lines    []Line
	Records  int
	States   States
	Statuses map[string]string // the last one of each stream
	Failures []Failure
	Logs     []string
}

// States are the newest states by stream; the one of Singer has no stream.
type States map[string][]byte

// File is the state file that Airbyte's platform hands to the next run.
func (s States) File() []byte {
	list := make([][]byte, 0, len(s))
	for _, name := range slices.Sorted(maps.Keys(s)) {
		list = append(list, s[name])
	}
	return slices.Concat([]byte{'['}, bytes.Join(list, []byte{','}), []byte{']'})
}

// ReadAirbyte reads an output of Airbyte's protocol. States of the state file before
// the run stay until the run replaces them.
func ReadAirbyte(output, before []byte) (*Output, error) {
	o, err := read(output, ParseAirbyte)
	if err != nil {
		return nil, err
	}
	var raws []json.RawMessage
	_ = json.Unmarshal(before, &raws) // some tests begin with a file that is no list
	for _, raw := range raws {
		var state struct {
			Stream struct {
				Descriptor airbytetest.Descriptor `json:"stream_descriptor"`
			} `json:"stream"`
		}
		if err := json.Unmarshal(raw, &state); err != nil {
			continue
		}
		if name := state.Stream.Descriptor.Name; o.States[name] == nil {
			o.States[name] = raw
		}
	}
	return o, nil
}

// ReadSinger reads an output of Singer's protocol.
func ReadSinger(output []byte) (*Output, error) { return read(output, ParseSinger) }

func read(output []byte, parse func([]byte) (Line, error)) (*Output, error) {
	o := &Output{States: make(States), Statuses: make(map[string]string)}
	for text := range bytes.Lines(output[:bytes.LastIndexByte(output, '\n')+1]) {
		line, err := parse(text[:len(text)-1])
		if err != nil {
			return nil, fmt.Errorf("line %d: %w", len(o.Lines)+1, err)
		}
		o.Lines = append(o.Lines, line)
		switch {
		case line.Data != nil:
			o.Records++
		case line.State != nil:
			o.States[line.Stream] = line.State
		case line.Status != "":
			o.Statuses[line.Stream] = line.Status
		case line.Failure != nil:
			o.Failures = append(o.Failures, *line.Failure)
		case line.Log != "":
			o.Logs = append(o.Logs, line.Log)
		}
	}
	return o, nil
}

// Tables are the last rows of each key, by stream.
func (o *Output) Tables(names ...string) (map[string]Table, error) {
	tables := make(map[string]Table)
	for _, name := range names {
		tables[name] = make(Table)
	}
	for _, line := range o.Lines {
		table, asked := tables[line.Stream]
		if !asked || line.Data == nil {
			continue
		}
		row, err := ParseRow(line.Stream, line.Data)
		if err != nil {
			return nil, err
		}
		table[row.Key] = row
	}
	return tables, nil
}

// CutRow reads the key, the cursor and deleted_at of a row whose first columns are
// the key and the cursor. It does not decode the row: simulations read millions.
func CutRow(name string, data []byte) (*Row, error) {
	of, ok := stream.ByName(name)
	if !ok {
		return nil, fmt.Errorf("there is no stream %s", name)
	}
	row := &Row{Data: data, Deleted: bytes.Contains(data, []byte(`"deleted_at":"`))}
	rest, parts := data, make([]string, 0, len(of.Key)+1)
	for range len(of.Key) + 1 {
		_, after, ok := bytes.Cut(rest, []byte(`":"`))
		value, next, found := bytes.Cut(after, []byte(`"`))
		if !ok || !found {
			return nil, fmt.Errorf("the record of %s has no key or cursor: %.200s", name, data)
		}
		if bytes.ContainsRune(value, '\\') {
			return ParseRow(name, data) // a key with escapes has to be decoded
		}
		parts, rest = append(parts, string(value)), next
	}
	cursor := parts[len(of.Key)]
	at, err := time.Parse(time.RFC3339Nano, cursor)
	if err != nil {
		return nil, fmt.Errorf("the record of %s has the cursor %q", name, cursor)
	}
	row.Key, row.Cursor = strings.Join(parts[:len(of.Key)], "/"), at.UnixNano()
	return row, nil
}
