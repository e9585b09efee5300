package source_test

import (
	"bufio"
	"context"
	"crypto/tls"
	"encoding/base64"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/birdie-ai/source-qualtrics/source/qualtrics"
)

const (
	proxyPassword = "pr0xy/pass+word"
	proxyUser     = "user:pr0xy%2Fpass+word@"
)

// proxyAuthorization is what a proxy gets to see of the password.
var proxyAuthorization = "Basic " + base64.StdEncoding.EncodeToString([]byte("user:"+proxyPassword))

// throughProxy are the ways to name a proxy.
var throughProxy = map[string]func(tn *tenant, address string){
	"configured": func(tn *tenant, address string) {
		network, _ := tn.config["network"].(map[string]any)
		if network == nil {
			network = make(map[string]any)
		}
		network["proxy"], tn.config["network"] = address, network
	},
	"in HTTPS_PROXY":                  func(tn *tenant, address string) { tn.env["HTTPS_PROXY"] = address },
	"in https_proxy without a scheme": func(tn *tenant, address string) { tn.env["https_proxy"] = strings.TrimPrefix(address, "http://") },
}

// A proxy that asks for a password gets it, the server behind it does not.
func TestCommands_GoThroughAProxy(t *testing.T) {
	t.Parallel()
	ours := newAuthority(t, "ours")
	for name, set := range throughProxy {
		s := newSite(t, &tls.Config{Certificates: []tls.Certificate{ours.issue(t, nil, "sandbox1.qualtrics.com")}})
		s.Intercept(func(r *http.Request) *http.Response {
			if r.Header.Get("Proxy-Authorization") != "" {
				t.Error("the password was sent to the server")
			}
			return nil
		})
		server := strings.TrimPrefix(s.config["base_url"].(string), "https://")
		delete(s.config, "base_url")
		s.config["data_center"], s.env["QUALTRICS_SANDBOX"] = "sandbox1", ""
		s.config["network"] = map[string]any{"ca_file": ours.pem}
		var connects atomic.Int32
		proxy := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			connects.Add(1)
			if r.Method != http.MethodConnect || r.Host != "sandbox1.qualtrics.com:443" || r.Header.Get("Proxy-Authorization") != proxyAuthorization || r.Header.Get("X-API-TOKEN") != "" {
				t.Errorf("%s: got %s %s with %v", name, r.Method, r.Host, r.Header)
			}
			tunnel(t, w, server)
		}))
		defer proxy.Close()
		set(s.tenant, "http://"+proxyUser+proxy.Listener.Addr().String())
		s.env["LOG_LEVEL"] = "debug"
		checked := s.run(t, "check", "--config", "config.json")
		if ok, message := status(t, checked); !ok {
			t.Errorf("%s: check: %s", name, message)
		}
		got := s.readComplete(t, nil, "surveys")
		if got.count() == 0 || connects.Load() == 0 || s.requests.Load() == 0 {
			t.Errorf("%s: got %d records by %d connections and %d requests, want some", name, got.count(), connects.Load(), s.requests.Load())
		}
		leaks(t, name, checked.stdout+checked.stderr+got.output, proxyPassword)
	}
}

// tunnel connects a client of a proxy with a server.
func tunnel(t *testing.T, w http.ResponseWriter, address string) {
	server, err := (&net.Dialer{}).Dial("tcp", address)
	if err != nil {
		t.Error(err)
		return
	}
	defer func() { _ = server.Close() }()
	w.WriteHeader(http.StatusOK)
	client, _, err := http.NewResponseController(w).Hijack()
	if err != nil {
		t.Error(err)
		return
	}
	defer func() { _ = client.Close() }()
	done := make(chan struct{}, 2)
	for _, each := range [][2]net.Conn{{client, server}, {server, client}} {
		go func() {
			_, _ = io.Copy(each[0], each[1])
			done <- struct{}{}
		}()
	}
	<-done
}

// What a proxy refuses for good is the user's to solve, at once.
func TestCommands_SayWhatToDoAboutAProxyThatRefuses(t *testing.T) {
	t.Parallel()
	for code, says := range map[int]string{
		http.StatusProxyAuthRequired: "check network.proxy, or HTTPS_PROXY, and its password",
		http.StatusForbidden:         "have it let this host through",
		http.StatusMethodNotAllowed:  "have it let this host through",
		http.StatusFound:             "have it let this host through",
	} {
		for name, set := range throughProxy {
			for kind, sign := range map[string]func(*tenant){"token": func(*tenant) {}, "OAuth": func(tn *tenant) { tn.withOAuth() }} {
				var connects atomic.Int32
				proxy := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
					connects.Add(1)
					w.Header().Set("Proxy-Authenticate", "Basic realm="+r.Header.Get("Proxy-Authorization"))
					w.Header().Set("Location", "http://"+proxyUser+"127.0.0.1/")
					w.WriteHeader(code)
					_, _ = io.WriteString(w, "You sent "+r.Header.Get("Proxy-Authorization"))
				}))
				tn := newTenant(t, small)
				sign(tn)
				set(tn, "http://"+proxyUser+proxy.Listener.Addr().String())
				tn.transport, tn.env["LOG_LEVEL"] = nil, "debug"
				checked := tn.run(t, "check", "--config", "config.json")
				want := fmt.Sprintf("the proxy answers HTTP %d", code)
				if ok, message := status(t, checked); ok || !strings.Contains(message, want) || !strings.Contains(message, says) {
					t.Errorf("%d, %s, %s: check: got %t, %q, want a failure that says %q and %q", code, name, kind, ok, message, want, says)
				}
				got := tn.read(t, nil, "surveys")
				ending{code: 1, kinds: []string{"config_error"}, says: []string{want, says}}.compare(t, got)
				if connects.Load() != 2 {
					t.Errorf("%d, %s, %s: got %d connections, want one of each command", code, name, kind, connects.Load())
				}
				leaks(t, name, checked.stdout+checked.stderr+got.output, proxyPassword)
				proxy.Close()
			}
		}
	}
}

// A proxy that is in trouble is tried again, within the time limits of the
// network, and may be well by the next run.
func TestRead_TriesAgainWhatAProxyMayMakeLater(t *testing.T) {
	answering := func(text string) func(net.Conn, *http.Request) {
		return func(conn net.Conn, r *http.Request) {
			_, _ = io.WriteString(conn, strings.ReplaceAll(text, "SENT", r.Header.Get("Proxy-Authorization")))
		}
	}
	silent := func(conn net.Conn, _ *http.Request) { _, _ = io.Copy(io.Discard, conn) }
	tests := map[string]struct {
		serve    func(net.Conn, *http.Request) // nil: the connection is refused
		says     string
		min, max time.Duration
	}{
		"502":                    {answering("HTTP/1.1 502 SENT\r\nX: SENT\r\n\r\nSENT"), "the proxy answers HTTP 502 Bad Gateway", 0, 3 * time.Minute},
		"503":                    {answering("HTTP/1.1 503 SENT\r\nContent-Length: 0\r\n\r\n"), "the proxy answers HTTP 503 Service Unavailable", 0, 3 * time.Minute},
		"504":                    {answering("HTTP/1.1 504 x\r\n\r\n"), "the proxy answers HTTP 504 Gateway Timeout", 0, 3 * time.Minute},
		"nonsense":               {answering("You sent SENT\r\n\r\n"), "malformed HTTP", 0, 3 * time.Minute},
		"nothing":                {answering(""), "EOF", 0, 3 * time.Minute},
		"a refused connection":   {nil, "connection refused", 0, 3 * time.Minute},
		"silence":                {silent, "deadline exceeded", 8 * time.Minute, 11 * time.Minute},
		"silence after it began": {func(conn net.Conn, r *http.Request) { answering("HTTP/1.1 200 OK\r\n\r\n")(conn, r); silent(conn, r) }, "TLS handshake timeout", 2 * time.Minute, 5 * time.Minute},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			insideBubble(t, func(t *testing.T) {
				tn := newTenant(t, small)
				address := "http://" + proxyUser + "proxy.example.com:3128"
				throughProxy["configured"](tn, address)
				proxy, err := url.Parse(address)
				if err != nil {
					t.Fatal(err)
				}
				transport, err := qualtrics.NewTransport(qualtrics.TransportOptions{Proxy: proxy})
				if err != nil {
					t.Fatal(err)
				}
				dials := 0
				transport.(*http.Transport).DialContext = func(context.Context, string, string) (net.Conn, error) {
					dials++
					if test.serve == nil {
						return nil, &net.OpError{Op: "dial", Net: "tcp", Err: syscall.ECONNREFUSED}
					}
					return serveConn(t, test.serve), nil
				}
				tn.transport, tn.env["LOG_LEVEL"] = transport, "debug"
				begun := time.Now()
				got := tn.read(t, nil, "surveys")
				took := time.Since(begun)
				ending{code: 3, kinds: []string{"transient_error"}, says: []string{test.says}}.compare(t, got)
				if dials != 8 || took < test.min || took > test.max {
					t.Errorf("got %d connections in %s, want 8 in %s to %s", dials, took, test.min, test.max)
				}
				leaks(t, "the output", got.output, proxyPassword)
			})
		})
	}
}

// serveConn makes a connection whose other end reads a request and then serves.
func serveConn(t *testing.T, serve func(net.Conn, *http.Request)) net.Conn {
	ours, theirs := net.Pipe()
	go func() {
		defer func() { _ = theirs.Close() }()
		request, err := http.ReadRequest(bufio.NewReader(theirs))
		if err != nil || request.Method != http.MethodConnect || request.Header.Get("Proxy-Authorization") != proxyAuthorization {
			t.Errorf("got the request %v, %v", request, err)
			return
		}
		serve(theirs, request)
	}()
	return ours
}
