// Package wire writes the lines of a message protocol to a pipe.
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
	// flushEvery is the longest time of a line in the buffer.
	flushEvery = time.Second
)

// Lines writes lines through a buffer that is flushed within a second. The writer
// that composes the lines holds its lock. After a write error every call returns
// that error, which wraps its cause.
type Lines struct {
	sync.Mutex
	out     *bufio.Writer
	flush   *time.Timer
	waiting bool // the timer runs
	err     error
	closed  bool
}

// New returns lines that are written to w.
func New(w io.Writer) *Lines { return &Lines{out: bufio.NewWriterSize(w, bufferBytes)} }

// Err returns the first write error, or an error if the lines are closed. The caller
// holds the lock.
func (l *Lines) Err() error {
	if l.err == nil && l.closed {
		return errors.New("writing a message: the writer is closed")
	}
	return l.err
}

// Write writes one line, given without its line feed. An urgent line is flushed at
// once. The caller holds the lock.
func (l *Lines) Write(line []byte, urgent bool) error {
	if err := l.Err(); err != nil {
		return err
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

// flushLater runs on the timer's goroutine; the next call returns its error.
func (l *Lines) flushLater() {
	l.Lock()
	defer l.Unlock()
	l.waiting = false
	if l.err == nil && !l.closed {
		_ = l.flushNow()
	}
}

// Close flushes the buffer. It does not close the underlying writer. The caller
// holds the lock.
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
