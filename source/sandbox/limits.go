package sandbox

import (
	"sync"
	"time"
)

const (
	limitsNone      = "none"
	limitsPublished = "published"
)

// brandPerMinute is the limit over all endpoints (*documented*, API §7.2).
const brandPerMinute = 3000

// limiter holds one bucket per endpoint and one for the brand. Three rules are
// *assumed*: the calls of a minute may come at once, the bucket refills evenly,
// and a refused call costs nothing.
type limiter struct {
	enabled bool
	lock    sync.Mutex
	brand   bucket
	buckets map[*route]*bucket
}

func newLimiter(enabled bool) *limiter {
	return &limiter{enabled: enabled, buckets: make(map[*route]*bucket)}
}

// take reports whether a call is within the limits and, if not, how long to
// wait.
func (l *limiter) take(now time.Time, r *route) (wait time.Duration, ok bool) {
	if !l.enabled {
		return 0, true
	}
	l.lock.Lock()
	defer l.lock.Unlock()
	if l.buckets[r] == nil {
		l.buckets[r] = new(bucket)
	}
	own := l.buckets[r]
	l.brand.fill(now, brandPerMinute)
	own.fill(now, r.perMinute)
	if wait := max(l.brand.wait(brandPerMinute), own.wait(r.perMinute)); wait > 0 {
		return wait, false
	}
	l.brand.tokens--
	own.tokens--
	return 0, true
}

type bucket struct {
	tokens float64
	filled time.Time
}

func (b *bucket) fill(now time.Time, perMinute int) {
	if b.filled.IsZero() {
		b.tokens, b.filled = float64(perMinute), now
		return
	}
	if elapsed := now.Sub(b.filled); elapsed > 0 {
		b.tokens = min(float64(perMinute), b.tokens+elapsed.Minutes()*float64(perMinute))
		b.filled = now
	}
}

// wait returns the time until the next call is within the limit.
func (b *bucket) wait(perMinute int) time.Duration {
	if b.tokens >= 1 {
		return 0
	}
	return time.Duration((1 - b.tokens) / float64(perMinute) * float64(time.Minute))
}
