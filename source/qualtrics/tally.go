package qualtrics

import (
	"context"
	"maps"
	"sync"
	"time"
)

// Tally counts what is done under a context. It is safe for concurrent use.
type Tally struct {
	mu     sync.Mutex
	calls  map[string]int
	waited time.Duration
}

type tallyKey struct{}

// WithTally returns a context whose calls and waits are counted by the tally.
func WithTally(ctx context.Context, tally *Tally) context.Context {
	return context.WithValue(ctx, tallyKey{}, tally)
}

// Calls returns how many requests were sent, by endpoint.
func (t *Tally) Calls() map[string]int {
	t.mu.Lock()
	defer t.mu.Unlock()
	return maps.Clone(t.calls)
}

// Waited returns how long limits, retries and jobs were waited for.
func (t *Tally) Waited() time.Duration {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.waited
}

// count notes that a request is sent.
func count(ctx context.Context, name string) {
	if t, ok := ctx.Value(tallyKey{}).(*Tally); ok {
		t.mu.Lock()
		defer t.mu.Unlock()
		if t.calls == nil {
			t.calls = make(map[string]int)
		}
		t.calls[name]++
	}
}

// waited notes that something was waited for since begun.
func waited(ctx context.Context, begun time.Time) {
	if t, ok := ctx.Value(tallyKey{}).(*Tally); ok {
		t.mu.Lock()
		defer t.mu.Unlock()
		t.waited += time.Since(begun)
	}
}
