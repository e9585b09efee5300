package qualtrics

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"syscall"
	"time"
)

// TransportOptions says how to reach the network.
type TransportOptions struct {
	Proxy             *url.URL // nil: none
	CA                []byte   // PEM certificates that are trusted beside the system's
	ClientCertificate []byte   // PEM
	ClientKey         []byte   // PEM
	AllowPrivate      bool     // addresses of this machine and of private networks
}

// errPrivate refuses a host whose name leads into a private network.
var errPrivate = errors.New("the host's address is on this machine or in a private network")

// NewTransport makes the transport to the real network: TLS 1.2 or newer,
// checked addresses, time limits on everything but the length of a body.
func NewTransport(o TransportOptions) (http.RoundTripper, error) {
	config := &tls.Config{MinVersion: tls.VersionTLS12}
	if len(o.CA) > 0 {
		pool, err := x509.SystemCertPool()
		if err != nil {
			pool = x509.NewCertPool()
		}
		if !pool.AppendCertsFromPEM(o.CA) {
			return nil, errors.New("the CA certificates hold no PEM certificate")
		}
		config.RootCAs = pool
	}
	if len(o.ClientCertificate) > 0 {
		pair, err := tls.X509KeyPair(o.ClientCertificate, o.ClientKey)
		if err != nil {
			return nil, fmt.Errorf("reading the client certificate: %w", err)
		}
		config.Certificates = []tls.Certificate{pair}
	}
	transport := &http.Transport{
		DialContext:            newDialer(o).DialContext,
		TLSClientConfig:        config,
		TLSHandshakeTimeout:    15 * time.Second,
		ResponseHeaderTimeout:  answerTimeout,
		IdleConnTimeout:        90 * time.Second,
		MaxIdleConnsPerHost:    16,
		ForceAttemptHTTP2:      true,
		MaxResponseHeaderBytes: 1 << 20,
	}
	if o.Proxy != nil {
		transport.Proxy = http.ProxyURL(o.Proxy)
		transport.OnProxyConnectResponse = connected
	}
	return transport, nil
}

// newDialer makes a dialer that checks the address of every connection after
// its name was resolved: a name may lead elsewhere the next time.
func newDialer(o TransportOptions) *net.Dialer {
	dialer := &net.Dialer{Timeout: 10 * time.Second, KeepAlive: 30 * time.Second}
	// A proxy is often on a private address; what it connects to is checked
	// by the names that data centers and base URLs may have.
	if o.AllowPrivate || o.Proxy != nil {
		return dialer
	}
	dialer.ControlContext = func(_ context.Context, _, address string, _ syscall.RawConn) error {
		if !publicAddress(address) {
			return fmt.Errorf("dialing %s: %w", address, errPrivate)
		}
		return nil
	}
	return dialer
}
