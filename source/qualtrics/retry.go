package qualtrics

import (
	"errors"
	"net"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"time"
)

// Waits between tries.
const (
	firstBackoff = time.Second
	maxBackoff   = time.Minute
	// limitWindow is the time that limits count in (API §7.2).
	limitWindow = time.Minute
	// maxRetryAfter stands for more than it: longer than any call may take,
	// so that it is not tried again too early.
	maxRetryAfter = 24 * time.Hour
)

// backoff returns the wait before try n+1 with full jitter: any time up to a
// bound that doubles, but never next to nothing.
func backoff(try int, jitter func(time.Duration) time.Duration) time.Duration {
	bound := min(maxBackoff, firstBackoff<<min(try-1, 10))
	return bound/10 + jitter(bound*9/10)
}

// limitBackoff is the backoff after an answer that there were too many calls, and
// no word on when there may be more: up to a whole window of the limit at first,
// and never less than half of the bound.
func limitBackoff(try int, jitter func(time.Duration) time.Duration) time.Duration {
	bound := limitWindow << min(try-1, 10)
	return bound/2 + jitter(bound/2)
}

// allowance is how many calls may be tried again, over all of a client's calls:
// where everything fails, a run of thousands of surveys is to end, and not to
// ask eight times for each of them.
type allowance struct {
	mu   sync.Mutex
	used float64
}

const (
	mostRetries = 100 // at once
	retryShare  = 0.2 // of the calls that succeed, over time
)

// take reports whether one more call may be tried again.
func (a *allowance) take() bool {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.used > mostRetries-1 {
		return false
	}
	a.used++
	return true
}

// succeeded gives back a part of a retry.
func (a *allowance) succeeded() {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.used = max(0, a.used-retryShare)
}

// retryAfter reads a Retry-After header: seconds, or a date that counts from
// the answer's own Date. What cannot be understood, or lies in the past, is as
// good as none.
func retryAfter(header http.Header) (time.Duration, bool) {
	text := strings.TrimSpace(header.Get("Retry-After"))
	if text == "" {
		return 0, false
	}
	if seconds, err := strconv.ParseFloat(text, 64); err == nil {
		if seconds >= maxRetryAfter.Seconds() {
			return maxRetryAfter, true
		}
		// Zero would be a storm; a negative or strange number says nothing.
		wait := time.Duration(seconds * float64(time.Second))
		return wait, wait > 0
	}
	at, err := http.ParseTime(text)
	if err != nil {
		return 0, false
	}
	now, err := http.ParseTime(header.Get("Date"))
	if err != nil {
		return 0, false
	}
	wait := at.Sub(now)
	return min(wait, maxRetryAfter), wait > 0
}

// worthTrying reports whether the same call may succeed later.
func worthTrying(err error, try int) bool {
	var (
		answer    *APIError
		body      *BodyError
		transport *TransportError
		dns       *net.DNSError
	)
	switch {
	case errors.As(err, &answer):
		// A stray redirect is gone the next time, a wrong address is not.
		return answer.kind() == KindTransient || (answer.Status/100 == 3 && try < 4)
	case errors.As(err, &body):
		return true
	case errors.As(err, &dns) && dns.IsNotFound:
		return try < 3
	case errors.As(err, &transport):
		return transport.kind() == KindTransient
	default:
		return false
	}
}
