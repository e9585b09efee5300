package qualtrics_test

import (
	"bytes"
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync"
	"testing"

	"go.uber.org/goleak"

	"github.com/birdie-ai/source-qualtrics/source/qualtrics"
	"github.com/birdie-ai/source-qualtrics/source/redact"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// server answers requests in this process.
type server func(*http.Request) *http.Response

func (s server) RoundTrip(request *http.Request) (*http.Response, error) {
	if request.Body != nil {
		defer func() { _ = request.Body.Close() }()
	}
	if err := request.Context().Err(); err != nil {
		return nil, err
	}
	response := s(request)
	if response == nil {
		return nil, fmt.Errorf("connection reset by peer")
	}
	response.Request = request
	return response, nil
}

// answer makes a response; headers are "Name: value".
func answer(status int, body string, headers ...string) *http.Response {
	header := http.Header{"Date": {"Thu, 15 Jan 2026 12:00:00 GMT"}}
	for _, line := range headers {
		name, value, _ := strings.Cut(line, ": ")
		header.Set(name, value)
	}
	return &http.Response{
		StatusCode: status, Status: fmt.Sprint(status), Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1,
		Header: header, Body: io.NopCloser(strings.NewReader(body)), ContentLength: int64(len(body)),
	}
}

func ok(result string) *http.Response {
	return answer(200, `{"result":`+result+`,"meta":{"requestId":"r-1","httpStatus":"200 - OK"}}`)
}

func failed(status int, code, message string) *http.Response {
	return answer(status, fmt.Sprintf(`{"meta":{"httpStatus":"%d - x","error":{"errorMessage":%q,"errorCode":%q},"requestId":"r-2"}}`, status, message, code))
}

const token = "canary-token-0123456789"

// memory is a spool in memory.
type memory struct {
	bytes.Buffer
	closed bool
}

func (m *memory) ReadAt(p []byte, at int64) (int, error) {
	return bytes.NewReader(m.Bytes()).ReadAt(p, at)
}

func (m *memory) Close() error {
	m.closed = true
	return nil
}

// spools counts what is open.
type spools struct {
	mu   sync.Mutex
	made []*memory
}

func (s *spools) new() (qualtrics.Spool, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.made = append(s.made, &memory{})
	return s.made[len(s.made)-1], nil
}

func (s *spools) open() (n int) {
	for _, m := range s.made {
		if !m.closed {
			n++
		}
	}
	return n
}

type option func(*qualtrics.Options)

func withOAuth(o *qualtrics.Options) {
	o.Credentials = qualtrics.Credentials{ClientID: "client-1", ClientSecret: "canary-secret-0123456789"}
}

func client(t testing.TB, s server, options ...option) *qualtrics.Client {
	t.Helper()
	origin, _, err := qualtrics.ParseDataCenter("iad1")
	if err != nil {
		t.Fatal(err)
	}
	o := qualtrics.Options{
		Origin: origin, Transport: s, Credentials: qualtrics.Credentials{APIToken: token},
		Redactor: redact.New(), Spool: (&spools{}).new, UserAgent: "test",
	}
	for _, change := range options {
		change(&o)
	}
	c, err := qualtrics.New(o)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// script answers one request after the other and then repeats the last one.
func script(answers ...func() *http.Response) (server, *int) {
	calls := 0
	return func(*http.Request) *http.Response {
		at := min(calls, len(answers)-1)
		calls++
		return answers[at]()
	}, &calls
}
