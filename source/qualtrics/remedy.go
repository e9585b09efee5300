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

// remedy returns advice for a connection that fails in every try, or "" if a later try
// may succeed.
func remedy(err error) string {
	var (
		dns         *net.DNSError
		proxy       *proxyError
		certificate *tls.CertificateVerificationError
	)
	switch {
	case errors.As(err, &dns) && dns.IsNotFound, errors.Is(err, errNoHost):
		return "check data_center, base_url and network"
	case errors.Is(err, errPrivate):
		return "check data_center and base_url; if Qualtrics is to be reached there, set network.allow_private"
	case errors.As(err, &proxy):
		return proxy.remedy()
	case errors.As(err, &certificate):
		return distrust(certificate)
	case plain(err):
		return "the server or proxy does not speak TLS: check the port of base_url, and whether the proxy's address has to begin with http://"
	case alerted(err, 70), outdated(err): // protocol_version
		return "TLS 1.2 or newer is needed: the server, or a proxy or gateway in front of it, is too old"
	case alerted(err, 42, 43, 44, 45, 46, 48, 49, 116): // from bad_certificate to certificate_required
		return "the server wants a client certificate that it trusts: check network.client_certificate and network.client_key"
	case alerted(err, 40, 71): // handshake_failure, insufficient_security
		return "the server wants a client certificate, or another kind of TLS: check network.client_certificate and network.client_key, and base_url"
	case alerted(err, 112): // unrecognized_name
		return "the server does not accept that host name: check data_center and base_url"
	}
	return ""
}

// distrust returns advice for a certificate that is not trusted.
func distrust(failed *tls.CertificateVerificationError) string {
	var (
		authority x509.UnknownAuthorityError
		invalid   x509.CertificateInvalidError
		name      x509.HostnameError
	)
	switch {
	case errors.As(failed.Err, &authority):
		return "if your own authority issued it, such as that of a proxy that inspects TLS, name its certificates in network.ca_file"
	case errors.As(failed.Err, &invalid) && invalid.Reason == x509.Expired:
		return "the certificate has to be renewed, or this machine's clock corrected"
	case errors.As(failed.Err, &name):
		return "data_center or base_url has to be a name that the certificate is for"
	default:
		return "check data_center, base_url and network.ca_file"
	}
}

// plain reports whether the server answered in HTTP without TLS.
func plain(err error) bool {
	var header tls.RecordHeaderError
	return errors.Is(err, http.ErrSchemeMismatch) || errors.As(err, &header) && string(header.RecordHeader[:]) == "HTTP/"
}

// outdated reports whether the server chose a version of TLS that was not offered, as
// servers before TLS 1.3 do. Only the text of the error shows it.
func outdated(err error) bool {
	return strings.Contains(err.Error(), "tls: server selected unsupported protocol version")
}

// alerted reports whether the other side ended a TLS connection by one of the alerts
// (RFC 8446 §6.2). The type of the error is not exported, so its text is compared.
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

// proxyError reports that a proxy refuses to connect.
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

// connected checks the answer of a proxy to CONNECT.
func connected(_ context.Context, _ *url.URL, _ *http.Request, answer *http.Response) error {
	if answer.StatusCode != http.StatusOK {
		return &proxyError{answer.StatusCode}
	}
	return nil
}
