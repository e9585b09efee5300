package record

import (
	"bytes"
	"errors"
	"fmt"

	"github.com/birdie-ai/source-qualtrics/source/jsonsafe"
)

// Streams are the streams of a sink, each open between Begin and End. S is the sink's
// data about one stream. The zero value has no streams.
type Streams[S any] struct{ known map[string]*sinkStream[S] }

type sinkStream[S any] struct {
	kept    *S
	ended   bool
	refused error // the error of a row that was not written
}

// Begin opens a stream with the sink's data about it.
func (s *Streams[S]) Begin(name string, kept *S) error {
	if s.known[name] != nil {
		return fmt.Errorf("beginning stream %s: it was begun before", name)
	}
	if s.known == nil {
		s.known = make(map[string]*sinkStream[S])
	}
	s.known[name] = &sinkStream[S]{kept: kept}
	return nil
}

// Begun reports whether a stream was begun, even if it has ended.
func (s *Streams[S]) Begun(name string) bool { return s.known[name] != nil }

// Open returns the data of an open stream without a refused row.
func (s *Streams[S]) Open(name string) (*S, error) {
	found, err := s.open(name)
	switch {
	case err != nil:
		return nil, err
	case found.refused != nil:
		return nil, fmt.Errorf("writing to stream %s: a row is missing: %w", name, found.refused)
	}
	return found.kept, nil
}

func (s *Streams[S]) open(name string) (*sinkStream[S], error) {
	found := s.known[name]
	switch {
	case found == nil:
		return nil, fmt.Errorf("writing to stream %.80q: it was not begun", name)
	case found.ended:
		return nil, fmt.Errorf("writing to stream %s: it has ended", name)
	}
	return found, nil
}

// Refuse records the error of a row that was not written, and returns it. No state may
// cover that row, so the stream can only end with a failure.
func (s *Streams[S]) Refuse(name string, err error) error {
	s.known[name].refused = err
	return err
}

// End closes a stream and returns its data. A stream with a refused row ends with a
// failure only.
func (s *Streams[S]) End(name string, failed bool) (*S, error) {
	found, err := s.open(name)
	if err == nil && !failed {
		_, err = s.Open(name)
	}
	if err != nil {
		return nil, err
	}
	found.ended = true
	return found.kept, nil
}

// CheckState refuses a state that is not a JSON object, because it could not be read
// again.
func CheckState(state []byte) error {
	if !jsonsafe.IsValid(state) || !bytes.HasPrefix(bytes.TrimLeft(state, " \t\r\n"), []byte("{")) {
		return errors.New("it is not a JSON object")
	}
	return nil
}
