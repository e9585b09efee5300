package qualtrics

import (
	"context"
	"net"
	"net/http"
	"syscall"
	"time"
)

// RetryAfter reads a Retry-After header.
func RetryAfter(header http.Header) (time.Duration, bool) { return retryAfter(header) }

// ServerTimeBy is the server's time after answers with these headers.
func ServerTimeBy(headers ...http.Header) (time.Time, bool) {
	c := &Client{}
	c.clock.start = time.Now()
	for _, header := range headers {
		c.clock.observe(header)
	}
	return c.ServerTime()
}

// ResolvingTransport is NewTransport with another resolver; before anything is
// sent to an address that passed the checks, connect is asked.
func ResolvingTransport(o TransportOptions, resolver *net.Resolver, connect func(address string) error) (http.RoundTripper, error) {
	made, err := NewTransport(o)
	if err != nil {
		return nil, err
	}
	dialer := newDialer(o)
	check := dialer.ControlContext
	dialer.Resolver = resolver
	dialer.ControlContext = func(ctx context.Context, network, address string, conn syscall.RawConn) error {
		if check != nil {
			if err := check(ctx, network, address, conn); err != nil {
				return err
			}
		}
		return connect(address)
	}
	transport := made.(*http.Transport)
	transport.DialContext = dialer.DialContext
	return transport, nil
}
