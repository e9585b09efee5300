package sandbox_test

import (
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"go.uber.org/goleak"

	"github.com/birdie-ai/source-qualtrics/source/sandbox"
)

// fileOf completes a job and returns the path of its file.
func (c *client) fileOf(survey, body string) string {
	c.t.Helper()
	started := result[progress](c.t, c.do(http.MethodPost, exportPath(survey), body))
	for range 5 {
		if polled := result[progress](c.t, c.get(exportPath(survey, started.ProgressID))); polled.FileID != nil {
			return exportPath(survey, *polled.FileID, "file")
		}
	}
	c.t.Fatal("the job did not complete")
	return ""
}

// open starts a download.
func (c *client) open(ctx context.Context, path string) (*http.Response, error) {
	c.t.Helper()
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, c.base+path, nil)
	if err != nil {
		c.t.Fatal(err)
	}
	request.Header = c.header.Clone()
	return c.tenant.RoundTripper().RoundTrip(request)
}

const bareExport = `{"format":"ndjson","compress":false}`

func TestRoundTripper_ABodyClosedEarlyEndsTheHandler(t *testing.T) {
	before := goleak.IgnoreCurrent()
	c := newClient(t, sandbox.Options{Responses: 40_000, Surveys: 1})
	file := c.fileOf(c.surveyIDs()[0], bareExport)
	response, err := c.open(t.Context(), file)
	if err != nil {
		t.Fatal(err)
	}
	if response.ContentLength != -1 {
		t.Errorf("got content length %d of a large file", response.ContentLength)
	}
	if _, err := io.ReadFull(response.Body, make([]byte, 1000)); err != nil {
		t.Fatal(err)
	}
	if err := response.Body.Close(); err != nil {
		t.Fatal(err)
	}
	goleak.VerifyNone(t, before)
	if _, err := response.Body.Read(make([]byte, 1)); !errors.Is(err, io.ErrClosedPipe) {
		t.Errorf("got %v from a closed body", err)
	}
}

func TestRoundTripper_HonoursTheContext(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		c := newClient(t, sandbox.Options{Responses: 40_000, Surveys: 1})
		file := c.fileOf(c.surveyIDs()[0], bareExport)
		ctx, cancel := context.WithCancel(t.Context())
		response, err := c.open(ctx, file)
		if err != nil {
			t.Fatal(err)
		}
		cancel()
		synctest.Wait() // the handler ended although nobody read
		if _, err := io.Copy(io.Discard, response.Body); !errors.Is(err, context.Canceled) {
			t.Errorf("got %v, want the end of the context", err)
		}
		if err := response.Body.Close(); err != nil {
			t.Error(err)
		}
		if _, err := c.open(ctx, file); !errors.Is(err, context.Canceled) {
			t.Errorf("got %v, want the end of the context", err)
		}
		// Time ends a slow answer before it came.
		slow := newClient(t, sandbox.Options{Faults: "slow"})
		late := 0
		for i := range 100 {
			ctx, cancel := context.WithTimeout(t.Context(), 900*time.Millisecond)
			response, err := slow.open(ctx, "/API/v3/whoami?call="+strings.Repeat("x", i))
			if errors.Is(err, context.DeadlineExceeded) {
				late++
			} else if err == nil {
				err = response.Body.Close()
				if err != nil {
					t.Error(err)
				}
			}
			cancel()
		}
		if late == 0 {
			t.Error("no answer was slow")
		}
	})
}

func TestRoundTripper_KnowsItsHostsOnly(t *testing.T) {
	t.Parallel()
	c := newClient(t, sandbox.Options{ForeignHosts: []string{"far1.qualtrics.com"}})
	for host, exists := range map[string]bool{
		"https://sandbox1.qualtrics.com":       true,
		"https://brand.sandbox1.qualtrics.com": true,
		"https://far1.qualtrics.com":           true,
		"http://127.0.0.1:8080":                true,
		"http://[::1]:8080":                    true,
		"http://localhost":                     true,
		"https://az9.qualtrics.com":            false,
		"https://login.example.net":            false,
	} {
		got := c.at(host).try(http.MethodGet, "/API/v3/whoami", "")
		var name *net.DNSError
		if exists && got.status != 200 || !exists && !errors.As(got.err, &name) {
			t.Errorf("%s: got %d, %v", host, got.status, got.err)
		}
	}
}

func TestHandler_BreaksRealConnections(t *testing.T) {
	t.Parallel()
	tenant, err := sandbox.New(sandbox.Options{Faults: "reset"})
	if err != nil {
		t.Fatal(err)
	}
	server := httptest.NewServer(tenant.Handler())
	defer server.Close()
	defer server.Client().CloseIdleConnections()
	before, within, fine := 0, 0, 0
	for range 200 {
		request, err := http.NewRequestWithContext(t.Context(), http.MethodPost, server.URL+"/API/v3/surveys/SV_unknown/export-responses", strings.NewReader("{}"))
		if err != nil {
			t.Fatal(err)
		}
		request.Header.Set("X-API-TOKEN", tenant.Credentials().APIToken)
		response, err := server.Client().Do(request)
		if err != nil {
			before++
			continue
		}
		if _, err := io.Copy(io.Discard, response.Body); err != nil {
			within++
		} else {
			fine++
		}
		if err := response.Body.Close(); err != nil {
			t.Error(err)
		}
	}
	if before == 0 || within == 0 || fine < 100 {
		t.Errorf("%d calls broke before the answer, %d within, %d did not", before, within, fine)
	}
}
