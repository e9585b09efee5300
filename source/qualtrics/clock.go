package qualtrics

import (
	"net/http"
	"slices"
	"sync"
	"time"
)

// serverClock estimates the server's time from the Date headers of answers. The local
// clock may show a wrong time, so only differences of its times are used.
type serverClock struct {
	start time.Time // by the local, monotonic clock

	mu    sync.Mutex
	zeros []time.Time // different estimates of the server time at start
	zero  time.Time   // the earliest estimate
	last  time.Time   // the latest estimate that agreed with an earlier one
	known bool        // two answers agree
}

// sameTime is the largest difference between two estimates that agree. An answer takes
// up to answerTimeout to arrive.
const sameTime = 2 * time.Minute

// mostZeros is the largest number of estimates that are kept.
const mostZeros = 64

// observe reads the Date header of an answer. An answer is older than its arrival, so
// the earliest estimate is never too late. A single estimate is not used: a wrong date
// in the future would get into a position. Later runs would then skip everything before
// it.
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

// ServerTime returns the server's time in whole seconds, never later than it is. It
// returns false until the dates of two answers agree.
func (c *Client) ServerTime() (time.Time, bool) {
	c.clock.mu.Lock()
	defer c.clock.mu.Unlock()
	if !c.clock.known {
		return time.Time{}, false
	}
	return c.clock.zero.Add(time.Since(c.clock.start)).UTC().Truncate(time.Second), true
}

// IsFuture reports whether a time lies in the server's future. It uses the latest
// estimate that agrees: by an estimate that is too early, the present would be the
// future.
func (c *Client) IsFuture(at time.Time) bool {
	c.clock.mu.Lock()
	defer c.clock.mu.Unlock()
	return c.clock.known && at.After(c.clock.last.Add(time.Since(c.clock.start)+time.Minute))
}
