// Package wire writes the lines of a message protocol to a pipe. It is a leaf.
package wire

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"sync"
	"time"

	"github.com/birdie-ai/source-qualtrics/source/record"
)

const (
	// bufferBytes is the size of a pipe's buffer on Linux.
	bufferBytes = 64 << 10
	// flushEvery is how long a line may wait in the buffer.
	flushEvery = time.Second
)

// Lines writes lines through a buffer that never holds one for longer than a
// second. Its lock is that of whoever composes the lines. After an error of
// writing every call returns that error, which wraps its cause.
type Lines struct {
	sync.Mutex
	out     *bufio.Writer
	flush   *time.Timer
	waiting bool // the timer runs
	err     error
	closed  bool
}

// New returns lines that go to w.
func New(w io.Writer) *Lines { return &Lines{out: bufio.NewWriterSize(w, bufferBytes)} }

// Write appends one line, given without its end; an urgent one leaves the
// buffer at once. The lock has to be held.
func (l *Lines) Write(line []byte, urgent bool) error {
	if l.err != nil {
		return l.err
	}
	if l.closed {
		return errors.New("writing a message: the writer is closed")
	}
	if bytes.IndexByte(line, '\n') >= 0 {
		return l.failed(&record.InvariantError{What: "a message has more than one line"})
	}
	if _, err := l.out.Write(line); err != nil {
		return l.failed(err)
	}
	if err := l.out.WriteByte('\n'); err != nil {
		return l.failed(err)
	}
	if urgent {
		return l.flushNow()
	}
	if !l.waiting {
		l.waiting = true
		if l.flush == nil {
			l.flush = time.AfterFunc(flushEvery, l.flushLater)
		} else {
			l.flush.Reset(flushEvery)
		}
	}
	return nil
}

func (l *Lines) failed(err error) error {
	l.err = fmt.Errorf("writing a message: %w", err)
	return l.err
}

func (l *Lines) flushNow() error {
	if err := l.out.Flush(); err != nil {
		return l.failed(err)
	}
	return nil
}

// flushLater runs on the timer's goroutine; its error meets the next call.
func (l *Lines) flushLater() {
	l.Lock()
	defer l.Unlock()
	l.waiting = false
	if l.err == nil && !l.closed {
		_ = l.flushNow()
	}
}

// Close writes what is left. It does not close the underlying writer. The lock
// has to be held.
func (l *Lines) Close() error {
	l.closed = true
	if l.flush != nil {
		l.flush.Stop()
	}
	if l.err != nil {
		return l.err
	}
	return l.flushNow()
}
