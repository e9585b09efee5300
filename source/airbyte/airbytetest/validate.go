// Package airbytetest checks the output of a source against the Airbyte protocol. A
// JSON Schema checks every line. Rules that a schema cannot express check the order
// of messages.
package airbytetest

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"sync"
	"testing"
	"unicode/utf8"

	"github.com/santhosh-tekuri/jsonschema/v6"
	"go.yaml.in/yaml/v3"
)

// SchemasVariable is the environment variable with the folder of the protocol's
// schemas. Without it only the rules are checked.
const SchemasVariable = "QUALTRICS_PROTOCOL_SCHEMAS"

// Message is one line, decoded as far as the rules need it.
type Message struct {
	Type   string `json:"type"`
	Record *struct {
		Stream    string          `json:"stream"`
		Data      json.RawMessage `json:"data"`
		EmittedAt int64           `json:"emitted_at"`
	} `json:"record"`
	State *struct {
		Type   string `json:"type"`
		Stream struct {
			Descriptor Descriptor      `json:"stream_descriptor"`
			State      json.RawMessage `json:"stream_state"`
		} `json:"stream"`
		SourceStats *struct {
			RecordCount *float64 `json:"recordCount"`
		} `json:"sourceStats"`
	} `json:"state"`
	Log *struct {
		Level   string `json:"level"`
		Message string `json:"message"`
	} `json:"log"`
	Trace *struct {
		Type      string  `json:"type"`
		EmittedAt float64 `json:"emitted_at"`
		Error     *struct {
			Message         string     `json:"message"`
			InternalMessage string     `json:"internal_message"`
			FailureType     string     `json:"failure_type"`
			Stream          Descriptor `json:"stream_descriptor"`
		} `json:"error"`
		StreamStatus *struct {
			Stream Descriptor `json:"stream_descriptor"`
			Status string     `json:"status"`
		} `json:"stream_status"`
	} `json:"trace"`
	ConnectionStatus *struct {
		Status  string `json:"status"`
		Message string `json:"message"`
	} `json:"connectionStatus"`
	Spec    json.RawMessage `json:"spec"`
	Catalog json.RawMessage `json:"catalog"`
}

// Descriptor names a stream.
type Descriptor struct {
	Name string `json:"name"`
}

// Validate checks the output of a run and returns its messages. A stream may have no
// end only if the run failed as a whole.
func Validate(t testing.TB, output []byte) []Message {
	t.Helper()
	if len(output) > 0 && output[len(output)-1] != '\n' {
		t.Errorf("the last line has no line feed: %.200q", lastLine(output))
	}
	v := &validator{schema: protocol(t)}
	var messages []Message
	for line := range bytes.Lines(output) {
		message, err := v.parse(bytes.TrimSuffix(line, []byte("\n")))
		if err != nil {
			t.Errorf("line %d: %v\n%.500s", len(messages)+1, err, line)
			continue
		}
		messages = append(messages, message)
	}
	for _, problem := range order(messages) {
		t.Error(problem)
	}
	return messages
}

func lastLine(output []byte) []byte {
	return output[bytes.LastIndexByte(output, '\n')+1:]
}

// wholeEscapes matches complete escapes, and halfSurrogate those of a surrogate.
var (
	wholeEscapes  = regexp.MustCompile(`\\(?:["\\/bfnrt]|u[dD][89abAB][0-9a-fA-F]{2}\\u[dD][c-fC-F][0-9a-fA-F]{2})`)
	halfSurrogate = regexp.MustCompile(`\\u[dD][89a-fA-F][0-9a-fA-F]{2}`)
)

// lineEnds end a line for some readers.
var lineEnds = [][]byte{[]byte("\r"), []byte("\u0085"), []byte("\u2028"), []byte("\u2029")}

// validator checks messages against the schema of the protocol.
type validator struct {
	schema *jsonschema.Schema // nil: there is none
	valid  []byte             // the last record that it accepted, without its row
}

func (v *validator) parse(line []byte) (Message, error) {
	if !utf8.Valid(line) || slices.ContainsFunc(lineEnds, func(end []byte) bool { return bytes.Contains(line, end) }) {
		return Message{}, fmt.Errorf("not a single line of valid UTF-8 for every reader")
	}
	if halfSurrogate.Match(line) {
		if half := halfSurrogate.Find(wholeEscapes.ReplaceAll(line, nil)); half != nil {
			return Message{}, fmt.Errorf("%s is half a character, which strict parsers refuse", half)
		}
	}
	var message Message
	if err := json.Unmarshal(line, &message); err != nil || v.schema == nil {
		return message, err
	}
	record := message.Record != nil && bytes.HasPrefix(message.Record.Data, []byte("{"))
	if record {
		// To the protocol, the row is any object: decoding it once more is slow.
		line = bytes.Replace(line, message.Record.Data, []byte("{}"), 1)
		if bytes.Equal(line, v.valid) {
			return message, nil // most records differ in their rows only
		}
	}
	value, err := jsonschema.UnmarshalJSON(bytes.NewReader(line))
	if err == nil {
		err = v.schema.Validate(value)
	}
	if err == nil && record {
		v.valid = line
	}
	return message, err
}

// stream holds the messages of a stream so far.
type stream struct {
	status  string
	records int // since the last state
	states  int
	state   string
}

// order checks the rules that a schema cannot express.
func order(messages []Message) (problems []string) {
	streams := make(map[string]*stream)
	at := func(name string) *stream {
		if streams[name] == nil {
			streams[name] = &stream{}
		}
		return streams[name]
	}
	problem := func(i int, format string, args ...any) {
		problems = append(problems, fmt.Sprintf("message %d: ", i+1)+fmt.Sprintf(format, args...))
	}
	var latest float64
	failed := false // the whole run
	for i, message := range messages {
		switch {
		case message.Record != nil:
			s := at(message.Record.Stream)
			s.records++
			if s.status != "RUNNING" {
				problem(i, "a record of %s, which is %q", message.Record.Stream, s.status)
			}
			if data := string(message.Record.Data); data == "" || data == "{}" {
				problem(i, "an empty record of %s", message.Record.Stream)
			}
			latest = later(&problems, i, latest, float64(message.Record.EmittedAt))
		case message.State != nil:
			name := message.State.Stream.Descriptor.Name
			s := at(name)
			if s.status != "RUNNING" {
				problem(i, "a state of %s, which is %q", name, s.status)
			}
			if message.State.Type != "STREAM" || message.State.SourceStats == nil || message.State.SourceStats.RecordCount == nil {
				problem(i, "the state of %s has no type or no count", name)
			} else if counted := int(*message.State.SourceStats.RecordCount); counted != s.records {
				problem(i, "the state of %s counts %d records, want %d", name, counted, s.records)
			}
			if string(message.State.Stream.State) == s.state {
				problem(i, "the state of %s equals the one before", name)
			}
			s.state, s.records = string(message.State.Stream.State), 0
			s.states++
		case message.Trace != nil:
			latest = later(&problems, i, latest, message.Trace.EmittedAt)
			if e := message.Trace.Error; e != nil && e.Stream.Name == "" {
				failed = true
			}
			if status := message.Trace.StreamStatus; status != nil {
				s := at(status.Stream.Name)
				if !follows(s.status, status.Status) {
					problem(i, "%s goes from %q to %q", status.Stream.Name, s.status, status.Status)
				}
				if status.Status == "COMPLETE" && (s.states == 0 || s.records > 0) {
					problem(i, "%s is complete with %d states and %d records after the last", status.Stream.Name, s.states, s.records)
				}
				s.status = status.Status
			}
		}
	}
	for _, name := range slices.Sorted(maps.Keys(streams)) {
		if s := streams[name]; !failed && (s.status == "STARTED" || s.status == "RUNNING") {
			problems = append(problems, fmt.Sprintf("%s has no end, and there is no error of the run", name))
		}
	}
	return problems
}

func later(problems *[]string, i int, latest, at float64) float64 {
	if at < latest {
		*problems = append(*problems, fmt.Sprintf("message %d: its time is before the last one", i+1))
	}
	return max(latest, at)
}

// follows reports whether a status may follow another.
func follows(before, after string) bool {
	switch after {
	case "STARTED":
		return before == ""
	case "RUNNING":
		return before == "STARTED" || before == "RUNNING"
	case "COMPLETE":
		return before == "RUNNING"
	case "INCOMPLETE":
		return before == "STARTED" || before == "RUNNING"
	default:
		return false
	}
}

var strict struct {
	sync.Once
	schema *jsonschema.Schema
	err    error
}

// protocol returns the schema of a message. It refuses additional properties, unlike
// the published schema, so that a misspelled key is found.
func protocol(t testing.TB) *jsonschema.Schema {
	t.Helper()
	folder := os.Getenv(SchemasVariable)
	if folder == "" {
		t.Logf("%s is not set: lines are not checked against the protocol's schema", SchemasVariable)
		return nil
	}
	strict.Do(func() { strict.schema, strict.err = compile(filepath.Join(folder, "airbyte_protocol.yaml")) })
	if strict.err != nil {
		t.Fatal(strict.err)
	}
	return strict.schema
}

func compile(file string) (*jsonschema.Schema, error) {
	text, err := os.ReadFile(file) //nolint:gosec // the tester names the folder
	if err != nil {
		return nil, err
	}
	var document any
	if err := yaml.Unmarshal(text, &document); err != nil {
		return nil, err
	}
	encoded, err := json.Marshal(closed(document))
	if err != nil {
		return nil, err
	}
	schema, err := jsonschema.UnmarshalJSON(bytes.NewReader(encoded))
	if err != nil {
		return nil, err
	}
	compiler := jsonschema.NewCompiler()
	if err := compiler.AddResource("mem:protocol.json", schema); err != nil {
		return nil, err
	}
	return compiler.Compile("mem:protocol.json#/definitions/AirbyteMessage")
}

// closed sets additionalProperties to false in every schema with properties.
func closed(value any) any {
	switch value := value.(type) {
	case map[string]any:
		for name, member := range value {
			value[name] = closed(member)
		}
		if value["properties"] != nil {
			value["additionalProperties"] = false
		}
		return value
	case []any:
		for i := range value {
			value[i] = closed(value[i])
		}
	}
	return value
}
