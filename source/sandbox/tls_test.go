package sandbox_test

import (
	"bufio"
	"context"
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/birdie-ai/source-qualtrics/source/sandbox"
)

// served is a tenant on a socket, with TLS.
type served struct {
	tenant  *sandbox.Sandbox
	address string
	trust   *x509.CertPool
}

func serveTLS(t *testing.T, o sandbox.Options) *served {
	t.Helper()
	tenant, err := sandbox.New(o)
	if err != nil {
		t.Fatal(err)
	}
	authority, err := sandbox.NewAuthority()
	if err != nil {
		t.Fatal(err)
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	s := &served{tenant, listener.Addr().String(), x509.NewCertPool()}
	if !s.trust.AppendCertsFromPEM(authority.PEM()) {
		t.Fatal("the authority has no certificate")
	}
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- tenant.Serve(ctx, listener, authority, slog.New(slog.DiscardHandler)) }()
	t.Cleanup(func() {
		cancel()
		if err := <-ended; err != nil {
			t.Errorf("serving ended with %v", err)
		}
	})
	return s
}

// client reaches the tenant through its proxy, or as if every name led to it.
func (s *served) client(t *testing.T, proxied bool) *http.Client {
	transport := &http.Transport{TLSClientConfig: &tls.Config{RootCAs: s.trust}, ForceAttemptHTTP2: true}
	if proxied {
		transport.Proxy = http.ProxyURL(&url.URL{Scheme: "http", Host: s.address})
	} else {
		transport.DialContext = func(ctx context.Context, network, _ string) (net.Conn, error) {
			return (&net.Dialer{}).DialContext(ctx, network, s.address)
		}
	}
	t.Cleanup(transport.CloseIdleConnections)
	return &http.Client{Transport: transport}
}

func (s *served) surveys(t *testing.T, client *http.Client, origin string) (answer, *http.Response) {
	t.Helper()
	request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, origin+"/API/v3/surveys", nil)
	if err != nil {
		t.Fatal(err)
	}
	request.Header.Set("X-API-TOKEN", s.tenant.Credentials().APIToken)
	response, err := client.Do(request)
	if err != nil {
		return answer{err: err}, nil
	}
	body, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatal(err)
	}
	if err := response.Body.Close(); err != nil {
		t.Fatal(err)
	}
	return answer{status: response.StatusCode, body: body}, response
}

func TestServe_HasACertificateForEveryNameOfQualtrics(t *testing.T) {
	t.Parallel()
	s := serveTLS(t, sandbox.Options{Surveys: 101, Responses: 1})
	for _, proxied := range []bool{false, true} {
		client := s.client(t, proxied)
		for _, host := range []string{"iad1.qualtrics.com", "x.iad1.qualtrics.com", "IAD1.Qualtrics.com", "a.b.c.qualtrics.com", "some_brand.qualtrics.com"} {
			got, response := s.surveys(t, client, "https://"+host)
			if got.err != nil {
				t.Errorf("%s, through the proxy: %v: %v", host, proxied, got.err)
				continue
			}
			if next := result[listing](t, got).NextPage; next == nil || *next != "https://"+strings.ToLower(host)+"/API/v3/surveys?offset=100" && *next != "https://"+host+"/API/v3/surveys?offset=100" {
				t.Errorf("%s: got the nextPage %v, want one at the host that was called", host, next)
			}
			if response.Proto != "HTTP/1.1" {
				t.Errorf("%s: got %s", host, response.Proto)
			}
		}
	}
	direct := s.client(t, false)
	_, port, err := net.SplitHostPort(s.address)
	if err != nil {
		t.Fatal(err)
	}
	for _, host := range []string{"localhost", "127.0.0.1", "sub.localhost"} {
		if got, _ := s.surveys(t, direct, "https://"+host+":"+port); got.err != nil || *result[listing](t, got).NextPage != "https://"+host+":"+port+"/API/v3/surveys?offset=100" {
			t.Errorf("%s: got %v %s", host, got.err, got.body)
		}
	}
	for _, host := range []string{"example.com", "notqualtrics.com", "qualtrics.com.example", "iad1.qualtrics.com.example", "qualtrics"} {
		if got, _ := s.surveys(t, direct, "https://"+host); got.err == nil {
			t.Errorf("%s has a certificate", host)
		}
	}
}

// The authority's certificate says itself for what it may be trusted.
func TestServe_TheAuthorityIsOneForQualtricsOnly(t *testing.T) {
	t.Parallel()
	s := serveTLS(t, sandbox.Options{})
	connection, err := tls.Dial("tcp", s.address, &tls.Config{RootCAs: s.trust, ServerName: "iad1.qualtrics.com"})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = connection.Close() }()
	authority := connection.ConnectionState().VerifiedChains[0][1]
	if !authority.IsCA || !authority.PermittedDNSDomainsCritical || strings.Join(authority.PermittedDNSDomains, " ") != "qualtrics.com localhost" {
		t.Errorf("got an authority for %q (critical: %v)", authority.PermittedDNSDomains, authority.PermittedDNSDomainsCritical)
	}
	for _, network := range authority.PermittedIPRanges {
		if ip := network.IP; !ip.IsLoopback() && !ip.IsPrivate() && !ip.IsLinkLocalUnicast() {
			t.Errorf("got an authority for %s", network)
		}
	}
	if len(authority.PermittedIPRanges) == 0 {
		t.Error("got an authority for every address")
	}
	if leaf := connection.ConnectionState().PeerCertificates[0]; leaf.IsCA || leaf.PublicKey == authority.PublicKey {
		t.Error("a server's certificate may sign others")
	}
}

// say sends a request over plain HTTP and returns the status and the text.
func (s *served) say(t *testing.T, request string) (int, string) {
	t.Helper()
	connection, err := net.Dial("tcp", s.address)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = connection.Close() }()
	if _, err := io.WriteString(connection, request); err != nil {
		t.Fatal(err)
	}
	method, _, _ := strings.Cut(request, " ")
	response, err := http.ReadResponse(bufio.NewReader(connection), &http.Request{Method: method})
	if err != nil {
		t.Fatal(err)
	}
	if response.StatusCode == http.StatusOK {
		return response.StatusCode, "" // a tunnel has no end
	}
	text, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatal(err)
	}
	return response.StatusCode, string(text)
}

func TestServe_TheProxyLeadsNowhereButToItself(t *testing.T) {
	t.Parallel()
	s := serveTLS(t, sandbox.Options{})
	for target, want := range map[string]int{
		"iad1.qualtrics.com:443": 200, "IAD1.QUALTRICS.COM:443": 200, "qualtrics.com:443": 200,
		"iad1.qualtrics.com:80": 403, "iad1.qualtrics.com": 403, "example.com:443": 403, "notqualtrics.com:443": 403, "qualtrics.com.example:443": 403,
		"127.0.0.1:22": 403, "localhost:443": 403, "169.254.169.254:80": 403, "[::1]:443": 403, s.address: 403,
	} {
		if got, text := s.say(t, fmt.Sprintf("CONNECT %s HTTP/1.1\r\nHost: %[1]s\r\n\r\n", target)); got != want || (want == 403 && !strings.Contains(text, "connects to the sandbox only")) {
			t.Errorf("CONNECT %s: got %d %q, want %d", target, got, text, want)
		}
	}
	for _, request := range []string{
		"GET / HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n",
		"GET http://iad1.qualtrics.com/API/v3/surveys HTTP/1.1\r\nHost: iad1.qualtrics.com\r\n\r\n",
		"POST /sandbox/advance HTTP/1.1\r\nHost: iad1.qualtrics.com\r\nContent-Length: 13\r\n\r\n{\"seconds\":1}",
	} {
		if got, text := s.say(t, request); got != 400 || !strings.Contains(text, "HTTPS") {
			t.Errorf("%q over plain HTTP: got %d %q, want 400 and a hint", request, got, text)
		}
	}
	if counts := s.tenant.Requests(); len(counts) != 0 {
		t.Errorf("the tenant was reached without TLS: %v", counts)
	}
}

// Who says nothing, or stops in the middle, hinders neither the others nor the
// end.
func TestServe_SilentClientsAreNoHindrance(t *testing.T) {
	t.Parallel()
	var silent []net.Conn
	t.Cleanup(func() { // after the tenant's end
		for _, connection := range silent {
			_ = connection.Close()
		}
	})
	s := serveTLS(t, sandbox.Options{})
	for _, said := range []string{"", "\x16", "\x16\x03\x01", "C", "CONNECT iad1.qualtrics.com:443 HTTP/1.1\r\nHost: x\r\n\r\n"} {
		connection, err := net.Dial("tcp", s.address)
		if err != nil {
			t.Fatal(err)
		}
		silent = append(silent, connection)
		if _, err := io.WriteString(connection, said); err != nil {
			t.Fatal(err)
		}
	}
	if got, _ := s.surveys(t, s.client(t, true), "https://iad1.qualtrics.com"); got.status != 200 {
		t.Errorf("got %d %v", got.status, got.err)
	}
}
