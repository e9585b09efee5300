package engine

import (
	"sync"

	"github.com/birdie-ai/source-qualtrics/source/failures"
	"github.com/birdie-ai/source-qualtrics/source/qualtrics"
	"github.com/birdie-ai/source-qualtrics/source/record"
)

// output is the way to the sink. Its lock also guards the selected streams. The
// first error of the sink, or the first panic of a run, ends all writing.
type output struct {
	mu     sync.Mutex
	sink   Sink
	broken error
}

// locked calls do with the lock held.
func (o *output) locked(do func()) {
	o.mu.Lock()
	defer o.mu.Unlock()
	do()
}

// write calls do with the lock held, unless writing has ended. An error of the
// sink ends writing.
func (o *output) write(do func(sink Sink) error) error {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.writeLocked(do)
}

// writeLocked is write for a caller that holds the lock.
func (o *output) writeLocked(do func(sink Sink) error) error {
	if o.broken == nil {
		if err := do(o.sink); err != nil {
			o.broken = &failures.SinkError{Err: err}
		}
	}
	return o.broken
}

// stop ends all writing with an error, unless it has ended.
func (o *output) stop(err error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.stopLocked(err)
}

// stopLocked is stop for a caller that holds the lock.
func (o *output) stopLocked(err error) {
	if o.broken == nil {
		o.broken = err
	}
}

// Waiting tells the platform that a limit of Qualtrics holds the run back.
func (e *Engine) Waiting(wait qualtrics.Wait) {
	if wait.Kind != qualtrics.WaitRateLimit {
		return
	}
	e.out.locked(func() {
		for _, s := range e.streams {
			if s.begun && !s.ended {
				_ = e.out.writeLocked(func(sink Sink) error { return sink.Status(s.stream.Name, record.Status{RateLimitedUntil: wait.Until}) }) // it stays
			}
		}
	})
}
