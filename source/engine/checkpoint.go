package engine

import (
	"bytes"
	"context"
	"fmt"
	"sync"
	"time"
)

// When a state goes out. A platform stores every one of them.
const (
	stateBytes    = 8 << 20     // after so many bytes of rows
	stateInterval = time.Minute // or after so much time, if a position moved
	// largeState is the size of a state from which on platforms may refuse it.
	largeState = 1 << 20
)

// pace holds the amounts that were written of a stream, and the times.
type pace struct {
	dirty     bool      // a position moved since the last state
	pending   int       // bytes of rows since the last state
	delivered int       // bytes of rows
	announced int       // bytes of states that announced rows
	spoke     time.Time // last row or state
	stated    time.Time // last state
}

// checkpointDue reports whether a state goes out after a checkpoint.
func (p *pace) checkpointDue(now time.Time) bool {
	return p.pending >= stateBytes || p.dirty && now.Sub(p.stated) >= stateInterval
}

// silent reports whether a stream has been silent for nine tenths of an interval.
func (p *pace) silent(now time.Time, interval time.Duration) bool {
	return now.Sub(p.spoke) >= interval-interval/10
}

func (p *pace) row(size int) {
	p.spoke = time.Now()
	p.pending += size
	p.delivered += size
}

func (p *pace) state() {
	p.dirty, p.pending, p.spoke, p.stated = false, 0, time.Now(), time.Now()
}

// sendState writes a stream's state and returns its size; the lock is held.
func (e *Engine) sendState(s *selected) (size int, err error) {
	if e.out.broken != nil {
		return 0, e.out.broken
	}
	encoded, err := s.state.encode(s.spare[:0], "")
	if err == nil && s.pace.pending > 0 && (!s.pace.dirty || bytes.Equal(encoded, s.last)) {
		// Rows went out and no position moved, as when no answer carries a date. Two
		// equal states with rows between them are forbidden.
		encoded, err = s.state.encode(encoded[:0], time.Now().UTC().Format(time.RFC3339Nano))
	}
	if err != nil {
		return 0, fmt.Errorf("writing the state of %s: %w", s.stream.Name, err)
	}
	if err := e.writeState(s, encoded); err != nil {
		return 0, err
	}
	return len(encoded), nil
}

// writeState writes a state that was encoded into the spare buffer; the lock is held.
func (e *Engine) writeState(s *selected, encoded []byte) error {
	if len(encoded) > largeState && !s.large {
		s.large = true
		e.Log.Warn("the state is large: platforms may not keep one of this size; select fewer surveys, or share them out (shard)", "stream", s.stream.Name, "bytes", len(encoded))
	}
	if err := e.out.writeLocked(func(sink Sink) error { return sink.State(s.stream.Name, encoded) }); err != nil {
		return err
	}
	s.pace.state()
	s.last, s.spare = encoded, s.last
	s.states++
	return nil
}

// heartbeat sends a state of each stream that is silent for too long, for example
// during a long export. The reason: platforms end a sync without rows or states. It
// returns a function that stops it.
func (e *Engine) heartbeat(ctx context.Context, cancel context.CancelCauseFunc) (stop func()) {
	if e.Heartbeat <= 0 {
		return func() {}
	}
	ctx, end := context.WithCancel(ctx)
	var done sync.WaitGroup
	done.Go(func() {
		ticker := time.NewTicker(e.Heartbeat / 10)
		defer ticker.Stop()
		for {
			select {
			case <-ctx.Done():
				return
			case <-ticker.C:
				e.guarded(cancel, e.beat)
			}
		}
	})
	return func() {
		end()
		done.Wait()
	}
}

func (e *Engine) beat() {
	e.out.locked(func() {
		for _, s := range e.streams {
			if s.ended || e.out.broken != nil || !s.pace.silent(time.Now(), e.Heartbeat) {
				continue
			}
			encoded, err := s.state.encode(s.spare[:0], time.Now().UTC().Format(time.RFC3339))
			if err != nil || e.writeState(s, encoded) != nil {
				return // the next row or state of any stream reports it
			}
		}
	})
}
