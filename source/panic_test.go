package source_test

import (
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/birdie-ai/source-qualtrics/integration_tests/testkit"
	"github.com/birdie-ai/source-qualtrics/source/qualtrics"
)

// A bug anywhere ends the run with a report that holds no secret, and without
// a state: what it left behind is not to be trusted.
func TestRead_SurvivesAPanic(t *testing.T) {
	secret := func(tn *tenant) string { return tn.Credentials().APIToken }
	at := func(suffix string, n int64) func(tn *tenant) {
		return func(tn *tenant) {
			next := tn.RoundTripper()
			var calls atomic.Int64
			tn.transport = tripper(func(r *http.Request) (*http.Response, error) {
				if strings.HasSuffix(r.URL.Path, suffix) {
					if calls.Add(1) == n {
						panic("planted with " + secret(tn))
					}
				}
				return next.RoundTrip(r)
			})
		}
	}
	tests := map[string]func(tn *tenant){
		"in the first call":              at("/whoami", 1),
		"in the list of surveys":         at("/surveys", 1),
		"in the list of directories":     at("/directories", 1),
		"in a search of contacts":        at("/search", 1),
		"in the start of an export":      at("/export-responses", 1),
		"in the start of a later export": at("/export-responses", 3),
		"in a download":                  at("/file", 2),
		"in the body of a download": func(tn *tenant) {
			next := tn.RoundTripper()
			tn.transport = tripper(func(r *http.Request) (*http.Response, error) {
				response, err := next.RoundTrip(r)
				if err == nil && strings.HasSuffix(r.URL.Path, "/file") {
					response.Body = panicking{response.Body, secret(tn)}
				}
				return response, err
			})
		},
		"in making a temporary file": func(tn *tenant) {
			tn.spool = func() (qualtrics.Spool, error) { panic(fmt.Errorf("planted with %s", secret(tn))) }
		},
	}
	for name, plant := range tests {
		t.Run(name, func(t *testing.T) {
			insideBubble(t, func(t *testing.T) {
				tn := newTenant(t, small)
				plant(tn)
				got := tn.read(t, nil)
				if got.code != 2 || len(got.errors) != 1 || got.errors[0].kind != "system_error" {
					t.Errorf("got exit code %d and %v, want 2 and one system_error", got.code, got.errors)
				}
				if says := "internal error: planted with [redacted]; please report it"; len(got.errors) > 0 && !strings.Contains(got.errors[0].message, says) {
					t.Errorf("got the message %q, want %q in it", got.errors[0].message, says)
				}
				if strings.Contains(got.output, secret(tn)) {
					t.Error("the output holds the secret")
				}
				lines := strings.SplitAfter(got.output, "\n")
				for i, seen := 0, false; i < len(lines); i++ {
					seen = seen || strings.Contains(lines[i], "planted")
					if seen && (strings.HasPrefix(lines[i], `{"type":"STATE"`) || strings.HasPrefix(lines[i], `{"type":"RECORD"`)) {
						t.Fatalf("after the panic: %s", lines[i])
					}
				}
				tn.spool, tn.transport = nil, tn.RoundTripper()
				tn.goesOn(t, nil, got, "surveys", "responses", "contacts")
			})
		})
	}
}

// panicking is a body that panics when it is read.
type panicking struct {
	io.ReadCloser
	secret string
}

func (b panicking) Read([]byte) (int, error) { panic("planted with " + b.secret) }

// sinking is a writer that panics after so many bytes.
type sinking struct {
	out    io.Writer
	left   int
	secret string
}

func (w *sinking) Write(p []byte) (int, error) {
	if w.left -= len(p); w.left < 0 {
		panic("planted with " + w.secret)
	}
	return w.out.Write(p)
}

func TestRead_SurvivesAPanicOfItsOutput(t *testing.T) {
	insideBubble(t, func(t *testing.T) {
		for _, taken := range []int{0, 1000, 70_000, 200_000} {
			tn := newTenant(t, small)
			secret := tn.Credentials().APIToken
			tn.stdout = func(out io.Writer) io.Writer { return &sinking{out, taken, secret} }
			tn.files["catalog.json"] = testkit.Catalog("responses", "contacts")
			got := tn.run(t, "read", "--config", "config.json", "--catalog", "catalog.json")
			if says := "internal error: planted with [redacted]; please report it"; got.code != 2 || !strings.Contains(got.stderr, says) || strings.Contains(got.stderr, secret) {
				t.Errorf("after %d bytes: got exit code %d and stderr %q, want 2 and %q", taken, got.code, got.stderr, says)
			}
			tn.stdout = nil
			tn.goesOn(t, nil, collectReading(t, got, nil).covered(t), "responses", "contacts")
		}
	})
}
