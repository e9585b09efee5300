package qualtrics

import (
	"net/http"
	"slices"
	"sync"
	"time"
)

// serverClock estimates the server's time from its Date headers. The local
// clock may be wrong; only its running is relied on.
type serverClock struct {
	start time.Time // of the monotonic clock

	mu    sync.Mutex
	zeros []time.Time // server time at start by each answer, as long as no two agree
	zero  time.Time   // by the answer that puts it earliest
	last  time.Time   // by the latest of those that agree
	known bool        // two answers agree
}

// sameTime is how far apart the dates of two answers may lie that agree: an
// answer takes up to answerTimeout to come.
const sameTime = 2 * time.Minute

// mostZeros bounds what is remembered of answers that do not agree.
const mostZeros = 64

// observe takes the Date header of an answer. An answer is older than its
// arrival, so of all estimates the earliest is never too late. But one alone
// is not believed: a date that is wrong and lies in the future would end up in
// a position, which would then skip everything until there.
func (c *serverClock) observe(header http.Header) {
	date, err := http.ParseTime(header.Get("Date"))
	if err != nil {
		return
	}
	zero := date.Add(-time.Since(c.start))
	c.mu.Lock()
	defer c.mu.Unlock()
	if len(c.zeros) == 0 || zero.Before(c.zero) {
		c.zero = zero
	}
	if slices.ContainsFunc(c.zeros, func(other time.Time) bool { return zero.Sub(other).Abs() <= sameTime }) {
		if !c.known || zero.After(c.last) {
			c.last = zero
		}
		c.known = true
		return
	}
	if len(c.zeros) < mostZeros {
		c.zeros = append(c.zeros, zero)
	}
}

// ServerTime returns the server's time, not later than it is, in whole
// seconds; false before two answers carried dates that agree.
func (c *Client) ServerTime() (time.Time, bool) {
	c.clock.mu.Lock()
	defer c.clock.mu.Unlock()
	if !c.clock.known {
		return time.Time{}, false
	}
	return c.clock.zero.Add(time.Since(c.clock.start)).UTC().Truncate(time.Second), true
}

// IsFuture reports whether a moment lies in the server's future, by the latest
// of the dates that agree: one that was too early makes nothing a future.
func (c *Client) IsFuture(at time.Time) bool {
	c.clock.mu.Lock()
	defer c.clock.mu.Unlock()
	return c.clock.known && at.After(c.clock.last.Add(time.Since(c.clock.start)+time.Minute))
}
