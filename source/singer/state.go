package singer

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/birdie-ai/source-qualtrics/source/jsonsafe"
	"github.com/birdie-ai/source-qualtrics/source/wire"
)

// State is the state of a tap: bookmarks by stream, and other members.
type State struct {
	Bookmarks map[string]json.RawMessage
	other     map[string]json.RawMessage
}

// clone returns a copy with bookmarks of its own. All its JSON is compact.
func (s State) clone() State {
	copied := func(members map[string]json.RawMessage) map[string]json.RawMessage {
		made := make(map[string]json.RawMessage, len(members))
		for name, value := range members {
			made[name] = compact(nil, value)
		}
		return made
	}
	return State{Bookmarks: copied(s.Bookmarks), other: copied(s.other)}
}

// compact appends valid JSON without white space.
func compact(dst, value []byte) []byte {
	if jsonsafe.IsCompact(value) {
		return append(dst, value...)
	}
	out := bytes.NewBuffer(dst)
	_ = json.Compact(out, value)
	return out.Bytes()
}

// appendValue appends the value of a STATE message. All JSON in the state is compact.
func (s State) appendValue(dst []byte) []byte {
	const bookmarks = "bookmarks"
	return appendObject(dst, append(slices.Collect(maps.Keys(s.other)), bookmarks), func(dst []byte, name string) []byte {
		if name != bookmarks {
			return append(dst, s.other[name]...)
		}
		return appendObject(dst, slices.Collect(maps.Keys(s.Bookmarks)), func(dst []byte, stream string) []byte {
			return append(dst, s.Bookmarks[stream]...)
		})
	})
}

// appendObject appends an object with sorted members.
func appendObject(dst []byte, names []string, value func(dst []byte, name string) []byte) []byte {
	slices.Sort(names)
	dst = append(dst, '{')
	for i, name := range names {
		if i > 0 {
			dst = append(dst, ',')
		}
		dst = value(append(jsonsafe.AppendString(dst, name), ':'), name)
	}
	return append(dst, '}')
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
