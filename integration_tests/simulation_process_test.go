package integration_tests_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"math/rand/v2"
	"net/http"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/birdie-ai/source-qualtrics/integration_tests/testkit"
	"github.com/birdie-ai/source-qualtrics/source"
	"github.com/birdie-ai/source-qualtrics/source/sandbox"
)

// simProcess is one run of the program: its files, its output, its network and
// how it ends.
type simProcess struct {
	tenant  *sandbox.Sandbox
	files   map[string][]byte
	crash   crashKind
	at      int
	deletes int // the call during which a survey is deleted
	sizes   source.Sizes
	seen    *credentialsSeen
	next    http.RoundTripper
	cancel  context.CancelFunc

	lock    sync.Mutex
	out     bytes.Buffer
	lines   int
	dead    bool // nothing that is written now arrives
	calls   int
	crashed bool
	endless bool
}

// mostCalls is more than any run needs.
const mostCalls = 30_000

// errKilled is what a call of a killed process gets; nobody sees it.
var errKilled = errors.New("the process was killed")

// run runs the program to its end.
func (p *simProcess) run(ctx context.Context, jitter *rand.Rand, args ...string) (code int, output, stderr []byte) {
	ctx, p.cancel = context.WithCancel(ctx)
	defer p.cancel()
	var turn sync.Mutex
	program := &source.Program{
		Stdout: p, Transport: p, Files: &testkit.Files{Content: p.files},
		Jitter: func(bound time.Duration) time.Duration {
			turn.Lock()
			defer turn.Unlock()
			return time.Duration(jitter.Int64N(int64(bound)))
		},
	}
	end := testkit.Run(ctx, program, p.sizes, nil, args...)
	p.lock.Lock()
	defer p.lock.Unlock()
	return end.Code, p.out.Bytes(), end.Stderr
}

// Write is the standard output. After the last line that it takes, half of the
// next one still arrives.
func (p *simProcess) Write(text []byte) (int, error) {
	p.lock.Lock()
	defer p.lock.Unlock()
	if p.dead {
		return 0, syscall.EPIPE
	}
	if p.crash != crashLine {
		return p.out.Write(text)
	}
	taken := 0
	for line := range bytes.Lines(text) {
		if p.lines == p.at {
			p.out.Write(line[:len(line)/2])
			p.dead, p.crashed = true, true
			return taken + len(line)/2, syscall.EPIPE
		}
		p.out.Write(line)
		taken += len(line)
		if line[len(line)-1] == '\n' {
			p.lines++
		}
	}
	return taken, nil
}

// RoundTrip is the network: the tenant, a host that must never see a
// credential, and the moment of a crash.
func (p *simProcess) RoundTrip(r *http.Request) (*http.Response, error) {
	if err := p.call(); err != nil {
		if r.Body != nil {
			err = errors.Join(err, r.Body.Close())
		}
		return nil, err
	}
	p.seen.note(r)
	if !strings.HasSuffix(r.URL.Hostname(), ".qualtrics.com") {
		const page = "<html><body>Sign in</body></html>"
		return &http.Response{
			StatusCode: http.StatusOK, Status: "200 OK", Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1, Request: r,
			Header: http.Header{"Content-Type": {"text/html"}}, Body: io.NopCloser(strings.NewReader(page)), ContentLength: int64(len(page)),
		}, nil
	}
	return p.next.RoundTrip(r)
}

// call counts a call and lets happen what is planned for it.
func (p *simProcess) call() error {
	p.lock.Lock()
	defer p.lock.Unlock()
	if p.calls++; p.calls > mostCalls {
		p.endless, p.dead = true, true
		p.cancel()
		return errKilled
	}
	if p.calls == p.deletes {
		p.tenant.DeleteSurvey()
	}
	if p.calls != p.at || p.crashed {
		return nil
	}
	switch p.crash {
	case crashCall:
		p.dead, p.crashed = true, true
		p.cancel()
		return errKilled
	case crashTerm:
		p.crashed = true
		p.cancel()
	case crashPanic:
		p.crashed = true
		panic("a planted bug")
	}
	return nil
}

// credentialsSeen collects what must never be printed, and whoever got it that
// must not have it.
type credentialsSeen struct {
	lock    sync.Mutex
	secrets map[string]bool
	leak    string
}

func (c *credentialsSeen) note(r *http.Request) {
	c.lock.Lock()
	defer c.lock.Unlock()
	_, secret, basic := r.BasicAuth()
	_, bearer, _ := strings.Cut(r.Header.Get("Authorization"), " ")
	for _, text := range []string{r.Header.Get("X-API-TOKEN"), bearer, secret} {
		if text == "" {
			continue
		}
		c.secrets[text] = true
		if !strings.HasSuffix(r.URL.Hostname(), "sandbox1.qualtrics.com") {
			c.leak = r.URL.Hostname()
		}
	}
	_ = basic
}

// printed finds a secret in what was printed.
func (c *credentialsSeen) printed(texts ...[]byte) bool {
	c.lock.Lock()
	defer c.lock.Unlock()
	for secret := range c.secrets {
		for _, text := range texts {
			if bytes.Contains(text, []byte(secret)) {
				return true
			}
		}
	}
	return false
}

// problems is a testing.TB that collects what a checker of messages finds.
type problems struct {
	testing.TB
	found []string
}

func (p *problems) Helper()                   {}
func (p *problems) Log(...any)                {}
func (p *problems) Logf(string, ...any)       {}
func (p *problems) Error(args ...any)         { p.found = append(p.found, trimmed(args...)) }
func (p *problems) Errorf(f string, a ...any) { p.found = append(p.found, trimmedf(f, a...)) }
func (p *problems) Fatal(args ...any)         { p.found = append(p.found, trimmed(args...)) }
