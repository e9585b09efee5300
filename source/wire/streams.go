package wire

import (
	"fmt"
	"log/slog"
)

// Streams are the streams that a writer tells of, each open from its beginning
// to its end. S is what the writer keeps of one.
type Streams[S any] struct{ known map[string]*stream[S] }

type stream[S any] struct {
	kept  *S
	ended bool
}

// Begin opens a stream.
func (s *Streams[S]) Begin(name string, kept *S) error {
	if s.known[name] != nil {
		return fmt.Errorf("beginning stream %s: it was begun before", name)
	}
	if s.known == nil {
		s.known = make(map[string]*stream[S])
	}
	s.known[name] = &stream[S]{kept: kept}
	return nil
}

// Begun reports whether a stream was begun; it may have ended.
func (s *Streams[S]) Begun(name string) bool { return s.known[name] != nil }

// Open returns what is kept of a stream that is open.
func (s *Streams[S]) Open(name string) (*S, error) {
	found := s.known[name]
	switch {
	case found == nil:
		return nil, fmt.Errorf("writing to stream %s: it was not begun", name)
	case found.ended:
		return nil, fmt.Errorf("writing to stream %s: it has ended", name)
	}
	return found.kept, nil
}

// End closes a stream and returns what was kept of it.
func (s *Streams[S]) End(name string) (*S, error) {
	kept, err := s.Open(name)
	if err == nil {
		s.known[name].ended = true
	}
	return kept, err
}

// Level is the level that another one counts as, of the four that protocols
// have names for.
func Level(level slog.Level) slog.Level {
	for _, named := range []slog.Level{slog.LevelError, slog.LevelWarn, slog.LevelInfo} {
		if level >= named {
			return named
		}
	}
	return slog.LevelDebug
}
