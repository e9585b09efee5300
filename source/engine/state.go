package engine

import (
	"bytes"
	"compress/gzip"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/birdie-ai/source-qualtrics/source/failures"
	"github.com/birdie-ai/source-qualtrics/source/feed"
)

// Versions of the state's shape. A state has the oldest one that can say it, so
// that a release which knows no other goes on from it. Newer ones are refused.
const (
	plainVersion  = 1
	packedVersion = 2 // positions may be packed
	wholeVersion  = 3 // it is to be merged with an older one key by key
)

// streamState holds the positions of a stream between runs. It is bound to one brand.
// The members of its JSON are those that it is read from; see plainState for the rest.
type streamState struct {
	Version int    `json:"v"`
	Brand   string `json:"brand,omitempty"`
	Refresh string `json:"refresh,omitempty"` // of a full refresh: running or complete
	// Partitions are changed by put and remove only.
	Partitions map[string]feed.Position `json:"partitions"`
	Packed     []byte                   `json:"packed,omitempty"` // partitions, as JSON in gzip, where that is long
	// Positions are the partitions of a state of wholeVersion, as JSON text.
	Positions string `json:"positions,omitempty"`

	// whole has the state written in wholeVersion.
	whole bool
	text  *positionText // of the partitions; nil: not made yet
}

// plainState is a state as it is written: readable JSON unless it is long.
type plainState struct {
	Version int             `json:"v"`
	Brand   string          `json:"brand,omitempty"`
	Refresh string          `json:"refresh,omitempty"`
	Packed  json.RawMessage `json:"packed,omitempty"`
	// WaitingAsOf distinguishes a heartbeat from the state before it.
	WaitingAsOf string          `json:"waiting_as_of,omitempty"`
	Partitions  json.RawMessage `json:"partitions,omitempty"`
}

// wholeState is a state of wholeVersion. Meltano can merge a state into the one
// before it, key by key: a key that the newer one lacks comes back. So all
// members are always there, and positions are one text, which is kept or replaced
// as a whole. So a merged state equals the newer one.
type wholeState struct {
	Version     int             `json:"v"`
	Brand       string          `json:"brand"`
	Refresh     string          `json:"refresh"`
	Positions   json.RawMessage `json:"positions"`
	Packed      json.RawMessage `json:"packed"`
	WaitingAsOf string          `json:"waiting_as_of"`
	Partitions  any             `json:"partitions"` // null replaces those of older releases
}

const (
	refreshRunning  = "running"
	refreshComplete = "complete"
	// hostBrand begins the host that stands for a brand with an unknown id.
	hostBrand = "host:"
)

// newState understands the stored state of a stream; an empty one starts from
// the beginning. A full refresh goes on only from one that was interrupted.
func newState(name, brand string, stored []byte, refresh bool) (*streamState, error) {
	state := &streamState{}
	if len(stored) > 0 && string(stored) != "null" {
		if err := json.Unmarshal(stored, state); err != nil {
			return nil, failures.Config("the state of stream %s cannot be read (%s): restore it from a backup, or reset the stream to read it from the beginning", name, failures.JSON(err))
		}
		switch {
		case state.Version > wholeVersion:
			return nil, failures.Config("the state of stream %s is of version %d, made by a newer release: this one knows version %d; upgrade the connector or reset the stream", name, state.Version, wholeVersion)
		case state.Version < plainVersion && (len(state.Partitions) > 0 || string(stored) != "{}"):
			return nil, failures.Config("the state of stream %s is not one of this connector: it has no version \"v\"; reset the stream to read it from the beginning", name)
		case state.Brand != "" && !sameBrand(state.Brand, brand):
			return nil, failures.Config("the state of stream %s belongs to the Qualtrics brand %q, but the credentials to %q: use the credentials of that brand or reset the stream", name, state.Brand, brand)
		}
		if err := state.unpack(); err != nil {
			return nil, failures.Config("the state of stream %s cannot be read: its packed part is damaged (%w): restore it from a backup, or reset the stream to read it from the beginning", name, err)
		}
		for key, position := range state.Partitions {
			if len(position) > 0 && position[0] != '{' {
				return nil, failures.Config("the state of stream %s cannot be read: the position of %q is %s; reset the stream", name, key, fmt.Sprintf("%.40s", position))
			}
		}
	}
	if refresh && state.Refresh != refreshRunning {
		state = &streamState{Brand: state.Brand}
	}
	if !brandKnown(state.Brand) || brandKnown(brand) {
		state.Brand = brand
	}
	state.Refresh, state.Positions = "", ""
	if refresh {
		state.Refresh = refreshRunning
	}
	if state.Partitions == nil {
		state.Partitions = make(map[string]feed.Position)
	}
	return state, nil
}

const (
	// packedBytes is the length from which on positions are packed, to about half.
	packedBytes = 512 << 10
	// mostUnpacked is the longest that may have been packed, of some 500,000
	// surveys.
	mostUnpacked = 64 << 20
)

// put notes the position of a partition.
func (s *streamState) put(key string, position feed.Position) {
	s.Partitions[key] = position
	if s.text != nil {
		s.text.changed(key, true)
	}
}

// remove forgets the position of a partition.
func (s *streamState) remove(key string) {
	delete(s.Partitions, key)
	if s.text != nil {
		s.text.changed(key, false)
	}
}

var (
	// here stands for the positions until the rest of a state is encoded. No text has
	// it, because quotes in texts are escaped.
	here    = json.RawMessage(`[""]`)
	nothing = json.RawMessage(`""`)
)

// encode appends the state. A time makes it differ from the one before.
func (s *streamState) encode(dst []byte, at string) ([]byte, error) {
	if s.text == nil {
		s.text = newPositionText(s.Partitions)
	}
	length, err := s.text.update(s.Partitions)
	if err != nil {
		return nil, err
	}
	plain := plainState{Version: plainVersion, Brand: s.Brand, Refresh: s.Refresh, WaitingAsOf: at}
	whole := wholeState{Version: wholeVersion, Brand: s.Brand, Refresh: s.Refresh, WaitingAsOf: at, Positions: nothing, Packed: nothing}
	switch packed := length >= packedBytes; {
	case s.whole && packed:
		whole.Packed = here
		return s.around(dst, whole, packedForm)
	case s.whole:
		whole.Positions = here
		return s.around(dst, whole, quotedForm)
	case packed:
		plain.Version, plain.Packed = packedVersion, here
		return s.around(dst, plain, packedForm)
	default:
		plain.Partitions = here
		return s.around(dst, plain, plainForm)
	}
}

// around appends a state in which the positions are to be where it says here.
func (s *streamState) around(dst []byte, state any, f form) ([]byte, error) {
	frame, err := json.Marshal(state)
	if err != nil {
		return dst, err
	}
	before, after, _ := bytes.Cut(frame, here)
	if dst, err = s.text.append(append(dst, before...), f); err != nil {
		return dst, err
	}
	return append(dst, after...), nil
}

// unpack reads the partitions from their packed or textual form. It drops members
// that the state's version does not have: they come from an older state that was
// merged with this one.
func (s *streamState) unpack() error {
	switch {
	case s.Version == wholeVersion:
		s.Partitions = nil
		text := s.Positions
		s.Positions = ""
		switch {
		case text != "" && len(s.Packed) > 0:
			return errors.New("there are positions beside it")
		case text == "" && len(s.Packed) == 0:
			return errors.New("it has no positions")
		case text == "":
		case json.Unmarshal([]byte(text), &s.Partitions) != nil:
			return errors.New("its positions are no JSON object")
		default:
			return nil
		}
	case s.Version == packedVersion && len(s.Packed) > 0:
		s.Partitions = nil
	default:
		s.Packed = nil
		return nil
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
		return errors.New(failures.JSON(err))
	}
	return nil
}

// sameBrand reports whether two brands may be one: of a host and an id nobody
// can tell.
func sameBrand(a, b string) bool { return a == b || brandKnown(a) != brandKnown(b) }

// brandKnown reports whether a brand is an id, and not the host that stands for one.
func brandKnown(brand string) bool { return brand != "" && !strings.HasPrefix(brand, hostBrand) }

// HostBrand is the brand of a state where the account does not tell its brand id.
func HostBrand(host string) string { return hostBrand + host }
