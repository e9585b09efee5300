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

// TransportOptions are the settings of the network.
type TransportOptions struct {
	Proxy             *url.URL // nil: none
	CA                []byte   // PEM certificates that are trusted beside the system's
	ClientCertificate []byte   // PEM
	ClientKey         []byte   // PEM
	// AllowPrivate allows addresses of this machine and of private networks. A
	// company's name server may return them for a host of Qualtrics.
	AllowPrivate bool
	AllowAny     bool // allows every address, for a sandbox
}

// Errors for the address of a host name.
var (
	errPrivate = errors.New("the host's address is on this machine or in a private network")
	errNoHost  = errors.New("the host's address is one where no host of Qualtrics can be: link-local, multicast, reserved, or of a cloud's metadata")
)

// NewTransport makes the transport to the real network. It needs TLS 1.2 or newer,
// checks addresses, and limits the time of every step but the body.
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

// newDialer makes a dialer that checks the address of every connection after the name
// was resolved. A check before that is not enough: the address of a name may change.
func newDialer(o TransportOptions) *net.Dialer {
	dialer := &net.Dialer{Timeout: 10 * time.Second, KeepAlive: 30 * time.Second}
	// A proxy often has a private address. The hosts behind it are checked by their
	// names, when data_center and base_url are parsed.
	if o.AllowAny || o.Proxy != nil {
		return dialer
	}
	dialer.ControlContext = func(_ context.Context, _, address string, _ syscall.RawConn) error {
		switch ip := addressOf(address); {
		case public(ip):
			return nil
		case !private(ip):
			return fmt.Errorf("dialing %s: %w", address, errNoHost)
		case !o.AllowPrivate:
			return fmt.Errorf("dialing %s: %w", address, errPrivate)
		}
		return nil
	}
	return dialer
}
