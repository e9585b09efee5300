package singer

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"strings"

	"github.com/birdie-ai/source-qualtrics/source/wire"
)

// State is the state of a tap: bookmarks by stream, and other members.
type State struct {
	Bookmarks map[string]json.RawMessage
	other     map[string]json.RawMessage
}

func (s State) clone() State {
	made := State{Bookmarks: maps.Clone(s.Bookmarks), other: s.other}
	if made.Bookmarks == nil {
		made.Bookmarks = make(map[string]json.RawMessage)
	}
	return made
}

// encode writes the value of a STATE message.
func (s State) encode() ([]byte, error) {
	value := make(map[string]json.RawMessage, len(s.other)+1)
	for name, other := range s.other {
		value[name] = other
	}
	bookmarks, err := encode(s.Bookmarks)
	if err != nil {
		return nil, err
	}
	value["bookmarks"] = bookmarks
	return encode(value)
}

// ParseState reads a state file. It accepts an empty file, the value of a STATE
// message, the whole message, and the file of Meltano. Bookmarks of unknown streams
// are kept.
func ParseState(text []byte) (State, error) {
	state := State{Bookmarks: make(map[string]json.RawMessage), other: make(map[string]json.RawMessage)}
	text = bytes.TrimSpace(bytes.TrimPrefix(text, []byte("\ufeff")))
	if len(text) == 0 || string(text) == "null" {
		return state, nil
	}
	var members map[string]json.RawMessage
	if err := wire.Decode(text, &members); err != nil {
		if first, _, several := bytes.Cut(text, []byte("\n")); several && json.Valid(first) {
			err = errors.New("it has several lines: keep only the last state that the target wrote, for example with tail -n 1")
		}
		return state, err
	}
	if inner, wrapped := unwrapped(members); wrapped {
		return ParseState(inner)
	}
	for name, value := range members {
		switch name {
		case "bookmarks":
			if err := json.Unmarshal(value, &state.Bookmarks); err != nil {
				return state, errors.New(`its "bookmarks" are not an object`)
			}
		case "currently_syncing": // every run reads all streams
		default:
			state.other[name] = value
		}
	}
	for name, bookmark := range state.Bookmarks {
		if string(bookmark) == "null" {
			delete(state.Bookmarks, name)
		}
	}
	return state, nil
}

// unwrapped returns the state inside an envelope.
func unwrapped(members map[string]json.RawMessage) (inner json.RawMessage, wrapped bool) {
	if inner, wrapped = members["singer_state"]; wrapped {
		return inner, true
	}
	inner = members["value"]
	if typed, ok := members["type"]; ok {
		return inner, strings.EqualFold(string(typed), `"STATE"`) && inner != nil
	}
	// A user may have copied the value with its name: {"value": {…}}.
	_, more := members["bookmarks"]
	return inner, !more && bytes.HasPrefix(inner, []byte("{"))
}

// Empty reports whether a state has no members.
func (s State) Empty() bool { return len(s.Bookmarks) == 0 && len(s.other) == 0 }

// versionMember is the member of a bookmark with the version of an interrupted full
// read.
const versionMember = "activate_version"

// Version returns the version of an interrupted full read of a stream; 0 without one.
func (s State) Version(stream string) int64 {
	var kept struct {
		Version int64 `json:"activate_version"`
	}
	if json.Unmarshal(s.Bookmarks[stream], &kept) != nil {
		return 0
	}
	return kept.Version
}

// withVersion returns a bookmark with the version; 0 means that no full read was
// interrupted. The 0 is written, because a platform that merges states would keep
// the older version of an absent member.
func withVersion(bookmark json.RawMessage, version int64) (json.RawMessage, error) {
	var members map[string]json.RawMessage
	if err := json.Unmarshal(bookmark, &members); err != nil {
		return nil, fmt.Errorf("a bookmark is not an object: %w", err)
	}
	members[versionMember] = fmt.Appendf(nil, "%d", version)
	return encode(members)
}
