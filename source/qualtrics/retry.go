package qualtrics

import (
	"errors"
	"net"
	"net/http"
	"strconv"
	"strings"
	"time"
)

// Waits between tries.
const (
	firstBackoff = time.Second
	maxBackoff   = time.Minute
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
