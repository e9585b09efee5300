package sandbox

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"maps"
	"net"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"syscall"
)

// RoundTripper returns a transport that calls the tenant without sockets. The
// handler runs in a goroutine of its own. It ends before the body of the answer
// is closed, or was read to its end. A body must be closed, as with every
// transport. Canceling the request's context ends the handler.
//
// The hosts of Options.DataCenter, Options.ForeignHosts and the loopback hosts
// exist. Calls to other hosts return a name error.
func (s *Sandbox) RoundTripper() http.RoundTripper {
	return &transport{s, s.Handler()}
}

type transport struct {
	tenant  *Sandbox
	handler http.Handler
}

// RoundTrip implements http.RoundTripper.
func (t *transport) RoundTrip(r *http.Request) (*http.Response, error) {
	if err := t.reachable(r); err != nil {
		if r.Body != nil {
			err = errors.Join(err, r.Body.Close())
		}
		return nil, err
	}
	ctx, cancel := context.WithCancel(r.Context())
	reader, writer := io.Pipe()
	call := &inProcess{
		request: r, header: make(http.Header), body: writer,
		answered: make(chan *http.Response, 1), ended: make(chan struct{}), cancel: cancel,
	}
	call.reader = &inProcessBody{PipeReader: reader, call: call}
	// The handler must not block if it writes after the client has left.
	call.detach = context.AfterFunc(ctx, func() { writer.CloseWithError(context.Cause(ctx)) })
	go call.run(t.handler, serverRequest(ctx, r))
	select {
	case response := <-call.answered:
		return response, nil
	case <-call.ended:
	case <-ctx.Done():
		<-call.ended
	}
	cancel()
	if err := r.Context().Err(); err != nil {
		return nil, err
	}
	select {
	case response := <-call.answered: // written just before the end
		return response, nil
	default:
		return nil, &net.OpError{Op: "read", Net: "tcp", Err: syscall.ECONNRESET}
	}
}

// reachable returns an error for hosts that do not exist.
func (t *transport) reachable(r *http.Request) error {
	host := strings.ToLower(r.URL.Hostname())
	address := net.ParseIP(host)
	switch {
	case isHost(host, t.tenant.homeHost()), t.tenant.isForeign(host), isHost(host, "localhost"):
		return nil
	case address != nil && address.IsLoopback():
		return nil
	default:
		return &net.OpError{Op: "dial", Net: "tcp", Err: &net.DNSError{Err: "no such host", Name: host, IsNotFound: true}}
	}
}

// serverRequest turns the request of a client into that of a server.
func serverRequest(ctx context.Context, r *http.Request) *http.Request {
	out := r.Clone(ctx)
	if out.Body == nil {
		out.Body = http.NoBody
	}
	if out.Host == "" {
		out.Host = r.URL.Host
	}
	out.RequestURI = r.URL.RequestURI()
	out.RemoteAddr = "127.0.0.1:0"
	if r.URL.Scheme == "https" {
		out.TLS = &tls.ConnectionState{Version: tls.VersionTLS13, HandshakeComplete: true, ServerName: r.URL.Hostname()}
	}
	return out
}

// inProcess is one call. It is the handler's http.ResponseWriter.
type inProcess struct {
	request  *http.Request
	header   http.Header
	body     *io.PipeWriter
	reader   *inProcessBody
	answered chan *http.Response // the head, at most once
	ended    chan struct{}       // the handler returned
	cancel   context.CancelFunc
	detach   func() bool

	wroteHead bool
	expected  int64 // Content-Length, or -1
	written   int64
}

// run calls the handler.
func (c *inProcess) run(handler http.Handler, r *http.Request) {
	defer close(c.ended)
	defer c.detach()
	defer func() { _ = r.Body.Close() }()
	aborted := true
	defer func() {
		if !aborted {
			return
		}
		if reason := recover(); reason != nil && reason != http.ErrAbortHandler { //nolint:errorlint // the value itself is the signal
			panic(reason)
		}
		c.body.CloseWithError(io.ErrUnexpectedEOF)
	}()
	handler.ServeHTTP(c, r)
	aborted = false
	c.WriteHeader(http.StatusOK)
	if c.expected >= 0 && c.written < c.expected {
		c.body.CloseWithError(io.ErrUnexpectedEOF)
		return
	}
	_ = c.body.Close() // never fails
}

func (c *inProcess) Header() http.Header { return c.header }

// Flush sends the head. The body is never buffered.
func (c *inProcess) Flush() { c.WriteHeader(http.StatusOK) }

func (c *inProcess) WriteHeader(status int) {
	if c.wroteHead {
		return
	}
	c.wroteHead = true
	head := maps.Clone(c.header)
	maps.DeleteFunc(head, func(_ string, values []string) bool { return len(values) == 0 })
	response := &http.Response{
		Status:     fmt.Sprintf("%d %s", status, http.StatusText(status)),
		StatusCode: status, Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1,
		Header: head, Body: c.reader, ContentLength: -1, Request: c.request,
	}
	if length, err := strconv.ParseInt(head.Get("Content-Length"), 10, 64); err == nil {
		response.ContentLength = length
	} else {
		response.TransferEncoding = []string{"chunked"}
	}
	c.expected = response.ContentLength
	c.answered <- response
}

func (c *inProcess) Write(p []byte) (int, error) {
	c.WriteHeader(http.StatusOK)
	if c.request.Method == http.MethodHead {
		return len(p), nil
	}
	n, err := c.body.Write(p)
	c.written += int64(n)
	return n, err
}

// inProcessBody is the body that the client reads.
type inProcessBody struct {
	*io.PipeReader
	call *inProcess
	once sync.Once
}

// Read returns bytes from the handler. At the end of the body it waits until
// the handler has returned.
func (b *inProcessBody) Read(p []byte) (int, error) {
	n, err := b.PipeReader.Read(p)
	if err != nil {
		b.end()
	}
	return n, err
}

// Close ends the handler and waits for it.
func (b *inProcessBody) Close() error {
	err := b.PipeReader.Close()
	b.end()
	return err
}

func (b *inProcessBody) end() {
	b.once.Do(func() {
		b.call.cancel()
		<-b.call.ended
	})
}
