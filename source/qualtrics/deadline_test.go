package qualtrics_test

import (
	"bufio"
	"context"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/birdie-ai/source-qualtrics/source/qualtrics"
)

// piped is the real transport over connections whose other ends are served.
func piped(t *testing.T, serve func(net.Conn)) *http.Transport {
	t.Helper()
	made, err := qualtrics.NewTransport(qualtrics.TransportOptions{AllowAny: true})
	if err != nil {
		t.Fatal(err)
	}
	transport := made.(*http.Transport)
	transport.DialContext = func(context.Context, string, string) (net.Conn, error) {
		ours, theirs := net.Pipe()
		go func() {
			defer func() { _ = theirs.Close() }()
			serve(theirs)
		}()
		return ours, nil
	}
	return transport
}

// deaf hears everything and says nothing.
func deaf(conn net.Conn) { _, _ = io.Copy(io.Discard, conn) }

// says is deaf after the beginning of an answer.
func says(text string) func(net.Conn) {
	return func(conn net.Conn) {
		if _, err := http.ReadRequest(bufio.NewReader(conn)); err == nil {
			_, _ = io.WriteString(conn, text)
		}
		deaf(conn)
	}
}

// Wherever a server falls silent, a call ends by itself, was tried as often as
// any, and may succeed later.
func TestCall_EndsWhereverTheOtherSideFallsSilent(t *testing.T) {
	t.Parallel()
	plain, err := qualtrics.ParseBaseURL("http://127.0.0.1:1", true, false)
	if err != nil {
		t.Fatal(err)
	}
	// What package net keeps for all lookups must not be made in a bubble.
	none := &net.Resolver{PreferGo: true, Dial: func(context.Context, string, string) (net.Conn, error) { return nil, errNotSent }}
	if found, err := none.LookupHost(t.Context(), "surveys.example.com."); err == nil {
		t.Fatalf("got %v of a name server that is none", found)
	}
	never := func(context.Context, string, string) (net.Conn, error) {
		ours, theirs := net.Pipe()
		go deaf(theirs)
		return ours, nil
	}
	tests := map[string]struct {
		transport func(t *testing.T) http.RoundTripper
		plain     bool          // HTTP without TLS
		each      time.Duration // of one try
		says      string
	}{
		// The limit of a lookup is the dialer's, which holds for connecting too.
		"the name server": {func(t *testing.T) http.RoundTripper {
			transport, err := qualtrics.ResolvingTransport(qualtrics.TransportOptions{}, &net.Resolver{PreferGo: true, Dial: never}, func(string) error { return errNotSent })
			if err != nil {
				t.Fatal(err)
			}
			return transport
		}, false, 10 * time.Second, "i/o timeout"},
		"a server that speaks no TLS":   {func(t *testing.T) http.RoundTripper { return piped(t, deaf) }, false, 15 * time.Second, "TLS handshake timeout"},
		"a server that answers nothing": {func(t *testing.T) http.RoundTripper { return piped(t, deaf) }, true, 100 * time.Second, ""},
		"a server that stops in its headers": {func(t *testing.T) http.RoundTripper {
			return piped(t, says("HTTP/1.1 200 OK\r\nContent-"))
		}, true, 100 * time.Second, ""},
		"a server whose headers do not end": {func(t *testing.T) http.RoundTripper {
			return piped(t, func(conn net.Conn) {
				_, err := http.ReadRequest(bufio.NewReader(conn))
				go deaf(conn)
				for text := "HTTP/1.1 200 OK\r\n"; err == nil; text = "X: y\r\n" {
					time.Sleep(time.Second)
					_, err = io.WriteString(conn, text)
				}
			})
		}, true, 100 * time.Second, ""},
		"a server that stops in its answer": {func(t *testing.T) http.RoundTripper {
			return piped(t, says("HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n{"))
		}, true, time.Minute, "no byte came for 1m0s"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				tries, network := 0, test.transport(t)
				transport := roundTripper(func(r *http.Request) (*http.Response, error) {
					tries++
					return network.RoundTrip(r)
				})
				c := client(t, nil, func(o *qualtrics.Options) {
					if o.Transport = transport; test.plain {
						o.Origin = plain
					}
				})
				begun := time.Now()
				err := whoami(t, c)
				took := time.Since(begun)
				if qualtrics.Kind(err) != qualtrics.KindTransient || tries != 8 || !strings.Contains(err.Error(), test.says) {
					t.Errorf("got kind %d after %d tries: %v, want 8 and %q", qualtrics.Kind(err), tries, err, test.says)
				}
				const waits = 123 * time.Second // at most, of eight tries
				if took < 8*test.each || took > 8*test.each+waits {
					t.Errorf("it took %s, want 8 times %s and up to %s", took, test.each, waits)
				}
				time.Sleep(2 * time.Second) // the other side notices
			})
		})
	}
}

// A body that drips never falls silent. Whatever it is, only a file may take
// for ever.
func TestCall_EndsAnAnswerThatDrips(t *testing.T) {
	t.Parallel()
	long := strings.Split(`{"meta":{"httpStatus":"x"},"result":{`+strings.Repeat(" ", 1000), "")
	for name, test := range map[string]struct {
		status int
		call   func(context.Context, *qualtrics.Client) error
		says   string
	}{
		"an answer":            {200, redirectable["a GET"].call, "cannot be read: it did not end within 10m0s"},
		"a page of a list":     {200, listed, "cannot be read: it did not end within 10m0s"},
		"the start of a job":   {200, exported, "cannot be read: it did not end within 10m0s"},
		"an error":             {500, redirectable["a GET"].call, "(Internal Server Error)"},
		"a bad request":        {400, redirectable["a GET"].call, "cannot be read: it did not end within 10m0s"},
		"an error for a file":  {503, exported, "(Service Unavailable)"},
		"a refusal of a file":  {400, exported, "cannot be read: it did not end within 10m0s"},
		"an answer to sign in": {200, listed, "cannot fetch token"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				j, dripped := &jobs{t: t}, 0
				network := roundTripper(func(r *http.Request) (*http.Response, error) {
					if strings.Contains(name, "file") && !strings.HasSuffix(r.URL.Path, "/file") {
						return server(j.serve).RoundTrip(r)
					}
					dripped++
					response := answer(test.status, "", "Content-Type: application/json")
					response.Request, response.ContentLength = r, -1
					response.Body = &paced{r.Context(), append([]string(nil), long...), 59 * time.Second, true}
					return response, nil
				})
				options := []option{func(o *qualtrics.Options) { o.Transport = network }}
				each := 10 * time.Minute
				if strings.Contains(name, "sign in") {
					options, each = append(options, withOAuth), 100*time.Second
				}
				begun := time.Now()
				err := test.call(t.Context(), client(t, nil, options...))
				took := time.Since(begun)
				if err == nil || !strings.Contains(err.Error(), test.says) || qualtrics.Kind(err) != qualtrics.KindTransient {
					t.Errorf("got kind %d, %v, want that a later run may succeed and %q", qualtrics.Kind(err), err, test.says)
				}
				if least := time.Duration(dripped) * each; took < least || took > least+3*time.Minute || dripped < 2 {
					t.Errorf("got %d answers in %s, want more than one of %s each", dripped, took, each)
				}
			})
		})
	}
}
