package qualtrics

import (
	"context"
	"maps"
	"sync"
	"time"
)

// CallStats counts the calls and waits under a context. It is safe for concurrent use.
type CallStats struct {
	mu     sync.Mutex
	calls  map[string]int
	waited time.Duration
}

type callStatsKey struct{}

// WithCallStats returns a context that counts its calls and waits.
func WithCallStats(ctx context.Context, stats *CallStats) context.Context {
	return context.WithValue(ctx, callStatsKey{}, stats)
}

// Calls returns how many requests were sent, by endpoint.
func (t *CallStats) Calls() map[string]int {
	t.mu.Lock()
	defer t.mu.Unlock()
	return maps.Clone(t.calls)
}

// Waited returns the total time of the waits for limits, retries and jobs.
func (t *CallStats) Waited() time.Duration {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.waited
}

// count adds a request to an endpoint.
func count(ctx context.Context, name string) {
	if t, ok := ctx.Value(callStatsKey{}).(*CallStats); ok {
		t.mu.Lock()
		defer t.mu.Unlock()
		if t.calls == nil {
			t.calls = make(map[string]int)
		}
		t.calls[name]++
	}
}

// waited adds a wait that began at a time and ends now.
func waited(ctx context.Context, begun time.Time) {
	if t, ok := ctx.Value(callStatsKey{}).(*CallStats); ok {
		t.mu.Lock()
		defer t.mu.Unlock()
		t.waited += time.Since(begun)
	}
}
