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

// State is what a tap was given: bookmarks by stream, and whatever else.
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

// ParseState reads a state file: an empty one, the value of a STATE message,
// the whole message, or what Meltano stores. What belongs to streams that
// nobody knows is kept.
func ParseState(text []byte) (State, error) {
	state := State{Bookmarks: make(map[string]json.RawMessage), other: make(map[string]json.RawMessage)}
	text = bytes.TrimSpace(bytes.TrimPrefix(text, []byte("\ufeff")))
	if len(text) == 0 || string(text) == "null" {
		return state, nil
	}
	var members map[string]json.RawMessage
	if err := wire.Decode(text, &members); err != nil {
		if first, _, several := bytes.Cut(text, []byte("\n")); several && json.Valid(first) {
			err = errors.New("it has several lines: of the states that a target wrote the last one counts, such as tail -n 1 takes it")
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
				return state, errors.New(`its "bookmarks" are no object`)
			}
		case "currently_syncing": // every run takes them all
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

// unwrapped returns the state that another one is only the envelope of.
func unwrapped(members map[string]json.RawMessage) (inner json.RawMessage, wrapped bool) {
	if inner, wrapped = members["singer_state"]; wrapped {
		return inner, true
	}
	inner = members["value"]
	if typed, ok := members["type"]; ok {
		return inner, strings.EqualFold(string(typed), `"STATE"`) && inner != nil
	}
	// Who cut out the value may have kept its name.
	_, more := members["bookmarks"]
	return inner, !more && bytes.HasPrefix(inner, []byte("{"))
}

// Empty reports whether a state tells of nothing.
func (s State) Empty() bool { return len(s.Bookmarks) == 0 && len(s.other) == 0 }

// versionMember is where a bookmark keeps the version of a stream that is
// being read in full.
const versionMember = "activate_version"

// Version is the version of a stream whose full read was interrupted; 0 where
// none was.
func (s State) Version(stream string) int64 {
	var kept struct {
		Version int64 `json:"activate_version"`
	}
	if json.Unmarshal(s.Bookmarks[stream], &kept) != nil {
		return 0
	}
	return kept.Version
}

// withVersion returns a bookmark with the version, or without one for 0.
func withVersion(bookmark json.RawMessage, version int64) (json.RawMessage, error) {
	var members map[string]json.RawMessage
	if err := json.Unmarshal(bookmark, &members); err != nil {
		return nil, fmt.Errorf("a bookmark is no object: %w", err)
	}
	delete(members, versionMember)
	if version != 0 {
		members[versionMember] = fmt.Appendf(nil, "%d", version)
	}
	return encode(members)
}
