package qualtrics

import (
	"context"
	"net"
	"net/http"
	"syscall"
)

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
