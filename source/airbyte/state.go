package airbyte

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"

	"github.com/birdie-ai/source-qualtrics/source/wire"
)

// ParseState reads a state file and returns the newest state of each stream. It
// accepts the forms of all platforms and test suites: an empty file, null, and a
// list of state messages with or without envelope. A single message, and an object
// keyed by stream, give a warning. A stream with the state null is left out, so it
// is read from the beginning.
func ParseState(text []byte) (states map[string]json.RawMessage, warnings []string, err error) {
	states = make(map[string]json.RawMessage)
	text = bytes.TrimSpace(bytes.TrimPrefix(text, []byte("\ufeff")))
	if len(text) == 0 {
		return states, nil, nil
	}
	var raw json.RawMessage
	if err := wire.Decode(text, &raw); err != nil {
		return nil, nil, err
	}
	switch raw[0] {
	case 'n':
		return states, nil, nil
	case '[':
		var elements []json.RawMessage
		if err := json.Unmarshal(raw, &elements); err != nil {
			return nil, nil, err
		}
		for i, element := range elements {
			warning, err := addState(states, element)
			if err != nil {
				return nil, nil, fmt.Errorf("its element %d: %w", i+1, err)
			}
			if warning != "" {
				warnings = append(warnings, warning)
			}
		}
		return states, warnings, nil
	case '{':
		return objectState(states, raw)
	default:
		return nil, nil, errors.New("it is neither a list nor an object")
	}
}

// objectState reads a single message, or an object keyed by stream.
func objectState(states map[string]json.RawMessage, raw json.RawMessage) (map[string]json.RawMessage, []string, error) {
	var members map[string]json.RawMessage
	if err := json.Unmarshal(raw, &members); err != nil {
		return nil, nil, err
	}
	if members["type"] != nil || members["stream"] != nil {
		warning, err := addState(states, raw)
		if err != nil {
			return nil, nil, err
		}
		warnings := []string{"the state is a single message, not a list: it is used"}
		if warning != "" {
			warnings = append(warnings, warning)
		}
		return states, warnings, nil
	}
	if len(members) == 0 {
		return states, nil, nil
	}
	for _, name := range slices.Sorted(maps.Keys(members)) {
		if !isNull(members[name]) {
			states[name] = members[name]
		}
	}
	return states, []string{"the state is an object, not a list: its members are used as the states of streams"}, nil
}

// addState adds the state of one message.
func addState(states map[string]json.RawMessage, raw json.RawMessage) (warning string, err error) {
	var message struct {
		Type   *string         `json:"type"`
		State  json.RawMessage `json:"state"`
		Stream *struct {
			Descriptor *struct {
				Name *string `json:"name"`
			} `json:"stream_descriptor"`
			State json.RawMessage `json:"stream_state"`
		} `json:"stream"`
	}
	if isNull(raw) {
		return "", nil
	}
	if err := wire.Decode(raw, &message); err != nil {
		return "", err
	}
	if message.Type != nil && *message.Type == "STATE" && !isNull(message.State) {
		return addState(states, message.State)
	}
	if message.Stream == nil {
		return "a part of the state names no stream: it is ignored", nil
	}
	if message.Stream.Descriptor == nil || message.Stream.Descriptor.Name == nil {
		return "", errors.New("it has no stream_descriptor with a name")
	}
	name := *message.Stream.Descriptor.Name
	if isNull(message.Stream.State) {
		delete(states, name)
		return "", nil
	}
	states[name] = message.Stream.State
	return "", nil
}

func isNull(raw json.RawMessage) bool {
	return len(raw) == 0 || string(bytes.TrimSpace(raw)) == "null"
}
