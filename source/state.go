package source

import (
	"bytes"
	"compress/gzip"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/birdie-ai/source-qualtrics/source/feed"
)

// Versions of the state's shape. A state has the oldest one that can say it, so
// that a release which knows no other goes on from it. Newer ones are refused.
const (
	plainVersion  = 1
	packedVersion = 2 // positions may be packed
)

// streamState is what is kept of a stream between runs: readable unless it is
// long, small, and bound to the brand it was made for.
type streamState struct {
	Version    int                      `json:"v"`
	Brand      string                   `json:"brand,omitempty"`
	Refresh    string                   `json:"refresh,omitempty"` // of a full refresh: running or complete
	Partitions map[string]feed.Position `json:"partitions"`
	Packed     []byte                   `json:"packed,omitempty"` // partitions, as JSON in gzip, where that is long
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
		case state.Version > packedVersion:
			return nil, configErrorf("the state of stream %s is of version %d, made by a newer release: this one knows version %d; upgrade the connector or reset the stream", name, state.Version, packedVersion)
		case state.Version < plainVersion && (len(state.Partitions) > 0 || string(stored) != "{}"):
			return nil, configErrorf("the state of stream %s is not one of this connector: it has no version \"v\"; reset the stream to read it from the beginning", name)
		case state.Brand != "" && !sameBrand(state.Brand, brand):
			return nil, configErrorf("the state of stream %s belongs to the Qualtrics brand %q, but the credentials to %q: use the credentials of that brand or reset the stream", name, state.Brand, brand)
		}
		if err := state.unpack(); err != nil {
			return nil, configErrorf("the state of stream %s cannot be read: what is packed in it is damaged (%w): restore it from a backup, or reset the stream to read it from the beginning", name, err)
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
	state.Refresh, state.WaitingAsOf = "", ""
	if refresh {
		state.Refresh = refreshRunning
	}
	if state.Partitions == nil {
		state.Partitions = make(map[string]feed.Position)
	}
	return state, nil
}

const (
	// packedBytes is from what length on positions are packed, to about half.
	packedBytes = 512 << 10
	// mostUnpacked is the longest that may have been packed, of some 500,000
	// surveys.
	mostUnpacked = 64 << 20
)

// encode writes the state.
func (s *streamState) encode() ([]byte, error) {
	partitions, err := json.Marshal(s.Partitions)
	if err != nil {
		return nil, err
	}
	written := struct {
		streamState
		Partitions json.RawMessage `json:"partitions,omitempty"`
	}{*s, partitions}
	written.Version = plainVersion
	if len(partitions) >= packedBytes {
		written.Version, written.Partitions = packedVersion, nil
		if written.Packed, err = packed(partitions); err != nil {
			return nil, err
		}
	}
	return json.Marshal(written)
}

func packed(text []byte) ([]byte, error) {
	var out bytes.Buffer
	w, err := gzip.NewWriterLevel(&out, gzip.BestSpeed)
	if err != nil {
		return nil, err
	}
	if _, err := w.Write(text); err != nil {
		return nil, err
	}
	err = w.Close()
	return out.Bytes(), err
}

// unpack reads what is packed in place of the partitions.
func (s *streamState) unpack() error {
	if len(s.Packed) == 0 {
		return nil
	}
	if len(s.Partitions) > 0 {
		return errors.New("there are positions beside it")
	}
	r, err := gzip.NewReader(bytes.NewReader(s.Packed))
	if err != nil {
		return err
	}
	text, err := io.ReadAll(io.LimitReader(r, mostUnpacked+1))
	switch {
	case err != nil:
		return err
	case len(text) > mostUnpacked:
		return fmt.Errorf("it is longer than %d MiB", mostUnpacked>>20)
	}
	s.Packed = nil
	if err := json.Unmarshal(text, &s.Partitions); err != nil {
		return errors.New(jsonProblem(err))
	}
	return nil
}

// sameBrand reports whether two brands may be one: of a host and an id nobody
// can tell.
func sameBrand(a, b string) bool { return a == b || known(a) != known(b) }

// known reports whether a brand is an id, and not the host that stands for one.
func known(brand string) bool { return brand != "" && !strings.HasPrefix(brand, hostBrand) }
