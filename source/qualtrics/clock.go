package qualtrics

import (
	"net/http"
	"sync"
	"time"
)

// serverClock estimates the server's time from its Date headers. The local
// clock may be wrong; only its running is relied on.
type serverClock struct {
	start time.Time // of the monotonic clock

	mu    sync.Mutex
	zero  time.Time // server time at start, by the answer that puts it earliest
	known bool
}

// observe takes the Date header of an answer. An answer is older than its
// arrival, so of all estimates the earliest is never too late.
func (c *serverClock) observe(header http.Header) {
	date, err := http.ParseTime(header.Get("Date"))
	if err != nil {
		return
	}
	zero := date.Add(-time.Since(c.start))
	c.mu.Lock()
	defer c.mu.Unlock()
	if !c.known || zero.Before(c.zero) {
		c.zero, c.known = zero, true
	}
}

// ServerTime returns the server's time, not later than it is, in whole
// seconds; false before an answer carried a date.
func (c *Client) ServerTime() (time.Time, bool) {
	c.clock.mu.Lock()
	defer c.clock.mu.Unlock()
	if !c.clock.known {
		return time.Time{}, false
	}
	return c.clock.zero.Add(time.Since(c.clock.start)).UTC().Truncate(time.Second), true
}
