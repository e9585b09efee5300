package source

import (
	"encoding/json"
	"fmt"
	"strings"

	"github.com/birdie-ai/source-qualtrics/source/feed"
)

// stateVersion is the version of the state's shape. Older ones are migrated,
// newer ones refused.
const stateVersion = 1

// streamState is what is kept of a stream between runs: readable, small, and
// bound to the brand it was made for.
type streamState struct {
	Version    int                      `json:"v"`
	Brand      string                   `json:"brand,omitempty"`
	Refresh    string                   `json:"refresh,omitempty"` // of a full refresh: running or complete
	Partitions map[string]feed.Position `json:"partitions"`
	// WaitingAsOf tells a heartbeat from the state before it.
	WaitingAsOf string `json:"waiting_as_of,omitempty"`
}

const (
	refreshRunning  = "running"
	refreshComplete = "complete"
	// hostBrand marks a brand id that could not be read: the host stands
	// for it.
	hostBrand = "host:"
)

// newState understands the stored state of a stream; an empty one starts from
// the beginning. A full refresh goes on only from one that was interrupted.
func newState(name, brand string, stored []byte, refresh bool) (*streamState, error) {
	state := &streamState{}
	if len(stored) > 0 && string(stored) != "null" {
		if err := json.Unmarshal(stored, state); err != nil {
			return nil, configErrorf("the state of stream %s cannot be read (%s): restore it from a backup, or reset the stream to read it from the beginning", name, jsonProblem(err))
		}
		switch {
		case state.Version > stateVersion:
			return nil, configErrorf("the state of stream %s is of version %d, made by a newer release: this one knows version %d; upgrade the connector or reset the stream", name, state.Version, stateVersion)
		case state.Version < 1 && (len(state.Partitions) > 0 || string(stored) != "{}"):
			return nil, configErrorf("the state of stream %s is not one of this connector: it has no version \"v\"; reset the stream to read it from the beginning", name)
		case state.Brand != "" && !sameBrand(state.Brand, brand):
			return nil, configErrorf("the state of stream %s belongs to the Qualtrics brand %q, but the credentials to %q: use the credentials of that brand or reset the stream", name, state.Brand, brand)
		}
		for key, position := range state.Partitions {
			if len(position) > 0 && position[0] != '{' {
				return nil, configErrorf("the state of stream %s cannot be read: the position of %q is %s; reset the stream", name, key, fmt.Sprintf("%.40s", position))
			}
		}
	}
	if refresh && state.Refresh != refreshRunning {
		state = &streamState{Brand: state.Brand}
	}
	if !known(state.Brand) || known(brand) {
		state.Brand = brand
	}
	state.Version, state.Refresh, state.WaitingAsOf = stateVersion, "", ""
	if refresh {
		state.Refresh = refreshRunning
	}
	if state.Partitions == nil {
		state.Partitions = make(map[string]feed.Position)
	}
	return state, nil
}

// sameBrand reports whether two brands may be one: of a host and an id nobody
// can tell.
func sameBrand(a, b string) bool { return a == b || known(a) != known(b) }

// known reports whether a brand is an id, and not the host that stands for one.
func known(brand string) bool { return brand != "" && !strings.HasPrefix(brand, hostBrand) }
