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
	"slices"
	"strings"
)

// remedy says what the user can do about a connection that no later try makes;
// "" where one may.
func remedy(err error) string {
	var (
		dns         *net.DNSError
		proxy       *proxyError
		certificate *tls.CertificateVerificationError
	)
	switch {
	case errors.As(err, &dns) && dns.IsNotFound, errors.Is(err, errPrivate):
		return "check data_center, base_url and network"
	case errors.As(err, &proxy):
		return proxy.remedy()
	case errors.As(err, &certificate):
		return distrust(certificate)
	case plain(err):
		return "no TLS is spoken there: check the port of base_url, and whether the proxy's address has to begin with http://"
	case alerted(err, 70), outdated(err): // protocol_version
		return "TLS 1.2 or newer is needed: the server, or a proxy or gateway in front of it, is too old"
	case alerted(err, 42, 43, 44, 45, 46, 48, 49, 116): // what is wrong with our certificate, up to that it is missing
		return "the server wants a client certificate that it trusts: check network.client_certificate and network.client_key"
	case alerted(err, 40, 71): // handshake_failure, insufficient_security
		return "the server wants a client certificate, or another kind of TLS: check network.client_certificate and network.client_key, and base_url"
	case alerted(err, 112): // unrecognized_name
		return "the server does not know itself by that name: check data_center and base_url"
	}
	return ""
}

// distrust words what to do about a certificate that is not trusted.
func distrust(failed *tls.CertificateVerificationError) string {
	var (
		authority x509.UnknownAuthorityError
		invalid   x509.CertificateInvalidError
		name      x509.HostnameError
	)
	switch {
	case errors.As(failed.Err, &authority):
		return "if it is by an authority of your own, such as that of a proxy or gateway that opens connections, name that in network.ca_file"
	case errors.As(failed.Err, &invalid) && invalid.Reason == x509.Expired:
		return "the certificate has to be renewed, or this machine's clock set"
	case errors.As(failed.Err, &name):
		return "data_center or base_url has to be a name that the certificate is for"
	default:
		return "check data_center, base_url and network.ca_file"
	}
}

// plain reports whether HTTP without TLS was answered where TLS was due.
func plain(err error) bool {
	var header tls.RecordHeaderError
	return errors.Is(err, http.ErrSchemeMismatch) || errors.As(err, &header) && string(header.RecordHeader[:]) == "HTTP/"
}

// outdated reports whether the other side chose a version of TLS that was not
// offered, as those before TLS 1.3 do. Only the text of the error says so.
func outdated(err error) bool {
	return strings.Contains(err.Error(), "tls: server selected unsupported protocol version")
}

// alerted reports whether the other side ended a TLS connection by one of the
// alerts (RFC 8446 §6.2). Their type is not exported: their text tells them.
func alerted(err error, alerts ...tls.AlertError) bool {
	var remote *net.OpError
	for ; errors.As(err, &remote); err = remote.Err {
		is := func(alert tls.AlertError) bool { return remote.Err.Error() == alert.Error() }
		if remote.Op == "remote error" && slices.ContainsFunc(alerts, is) {
			return true
		}
	}
	return false
}

// proxyError is that a proxy makes no connection.
type proxyError struct{ status int }

func (e *proxyError) Error() string {
	return fmt.Sprintf("the proxy answers HTTP %d %s", e.status, http.StatusText(e.status))
}

func (e *proxyError) remedy() string {
	switch {
	case e.status == http.StatusProxyAuthRequired:
		return "check network.proxy, or HTTPS_PROXY, and its password"
	case e.status == http.StatusRequestTimeout, e.status == http.StatusTooManyRequests, e.status >= 500:
		return ""
	default:
		return "have it let this host through, or check network.proxy, HTTPS_PROXY and NO_PROXY"
	}
}

// connected looks at what a proxy answers to CONNECT.
func connected(_ context.Context, _ *url.URL, _ *http.Request, answer *http.Response) error {
	if answer.StatusCode != http.StatusOK {
		return &proxyError{answer.StatusCode}
	}
	return nil
}
