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
	// limitWindow is the period of Qualtrics' limits (API §7.2).
	limitWindow = time.Minute
	// maxRetryAfter replaces longer values. It is longer than any call may take, so the
	// call fails instead of trying again too early.
	maxRetryAfter = 24 * time.Hour
)

// backoff returns the wait after a try. It is random, between a tenth of a bound and
// the bound, which doubles with every try.
func backoff(try int, jitter func(time.Duration) time.Duration) time.Duration {
	bound := min(maxBackoff, firstBackoff<<min(try-1, 10))
	return bound/10 + jitter(bound*9/10)
}

// limitBackoff returns the wait after a 429 without a Retry-After header. It is random,
// between half of a bound and the bound. The bound begins with limitWindow and doubles
// with every try.
func limitBackoff(try int, jitter func(time.Duration) time.Duration) time.Duration {
	bound := limitWindow << min(try-1, 10)
	return bound/2 + jitter(bound/2)
}

// allowance limits the retries of all calls of a client. If every call fails, a run
// over thousands of surveys has to end without eight tries for each survey.
type allowance struct {
	mu   sync.Mutex
	used float64
}

const (
	mostRetries = 100 // without a success
	retryShare  = 0.2 // of a retry that one successful call allows
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

// succeeded adds a part of a retry to the allowance.
func (a *allowance) succeeded() {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.used = max(0, a.used-retryShare)
}

// retryAfter reads a Retry-After header: seconds, or a date that counts from the Date
// header. It ignores unreadable values and dates in the past.
func retryAfter(header http.Header) (time.Duration, bool) {
	text := strings.TrimSpace(header.Get("Retry-After"))
	if text == "" {
		return 0, false
	}
	if seconds, err := strconv.ParseFloat(text, 64); err == nil {
		if seconds >= maxRetryAfter.Seconds() {
			return maxRetryAfter, true
		}
		// A wait of zero would flood Qualtrics. A negative or odd number has no
		// meaning.
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
		// A redirect by accident is gone in the next try. A wrong address redirects
		// always.
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
