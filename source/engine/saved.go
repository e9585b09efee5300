package engine

import (
	"encoding/json"

	"github.com/birdie-ai/source-qualtrics/source/feed"
)

// SavedState is the stored state of a stream, as far as it is understood without an
// account.
type SavedState struct {
	Version   int
	Brand     string // "": none was noted
	Refresh   string // of a full refresh: running or complete
	Positions map[string]feed.Position
}

// ParseState decodes the stored state of a stream of any brand.
func ParseState(name string, stored []byte) (SavedState, error) {
	var saved SavedState
	var noted streamState
	if err := json.Unmarshal(stored, &noted); err == nil {
		saved = SavedState{Version: noted.Version, Brand: noted.Brand, Refresh: noted.Refresh}
	}
	state, err := newState(name, saved.Brand, stored, false) // it also reports mistakes
	if err != nil {
		return SavedState{}, err
	}
	saved.Positions = state.Partitions
	return saved, nil
}
