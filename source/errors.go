package source

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"syscall"

	"github.com/birdie-ai/source-qualtrics/source/feed"
	"github.com/birdie-ai/source-qualtrics/source/frame"
	"github.com/birdie-ai/source-qualtrics/source/qualtrics"
	"github.com/birdie-ai/source-qualtrics/source/record"
)

// Exit codes of every command.
const (
	ExitOK        = 0 // everything selected is complete
	ExitConfig    = 1 // the user has to change something
	ExitSystem    = 2 // a bug, or something nobody foresaw; also Go's own crash
	ExitTransient = 3 // a later run may succeed
	ExitPartial   = 4 // some streams or surveys are not complete; they are named
	ExitConsumer  = 5 // whoever reads the output went away
)

// configError is a problem that the user has to solve.
type configError struct{ err error }

func (e *configError) Error() string { return e.err.Error() }
func (e *configError) Unwrap() error { return e.err }

func configErrorf(format string, args ...any) error {
	return &configError{fmt.Errorf(format, args...)}
}

// errOutOfTime ends a run that reached its run_minutes.
var errOutOfTime = errors.New("the run reached its run_minutes; the next one goes on from its state")

// spoolError is that there is nowhere to write downloads to.
type spoolError struct{ err error }

func (e *spoolError) Error() string { return e.err.Error() }
func (e *spoolError) Unwrap() error { return e.err }

// sinkError is an error of writing the output.
type sinkError struct{ err error }

func (e *sinkError) Error() string { return "writing the output: " + e.err.Error() }
func (e *sinkError) Unwrap() error { return e.err }

// sunk wraps what a sink returned.
func sunk(err error) error {
	if err == nil {
		return nil
	}
	return &sinkError{err}
}

// failureOf types an error for the protocols.
func failureOf(err error) record.Failure {
	failure := record.Failure{Type: record.SystemError, Message: err.Error(), Internal: fmt.Sprintf("%T: %v", err, err)}
	var (
		config     *configError
		ghosts     *feed.UnresolvedError
		lost       *feed.PositionError
		unreadable *feed.UnreadableError
		spool      *spoolError
		damaged    *frame.Error
	)
	switch {
	case errors.As(err, &config), errors.As(err, &ghosts), errors.As(err, &lost):
		failure.Type = record.ConfigError
	case errors.As(err, &unreadable): // no retry of a platform helps
	case errors.Is(err, errOutOfTime), errors.As(err, &damaged):
		failure.Type = record.TransientError
	case outOfSpace(err):
		failure.Message = "the disk is full: " + err.Error() + "; free some space or point TMPDIR to a larger disk"
	case errors.As(err, &spool):
		failure.Type = record.ConfigError
		failure.Message += "; downloads need a folder that can be written to: point TMPDIR to one, or mount one at /tmp"
	default:
		switch qualtrics.Kind(err) {
		case qualtrics.KindConfig:
			failure.Type = record.ConfigError
		case qualtrics.KindTransient:
			failure.Type = record.TransientError
		}
	}
	return failure
}

func outOfSpace(err error) bool {
	return errors.Is(err, syscall.ENOSPC) || errors.Is(err, syscall.EDQUOT)
}

// exitCode is the code of a command that failed as a whole.
func exitCode(err error) int {
	var sink *sinkError
	switch {
	case err == nil:
		return ExitOK
	case errors.As(err, &sink) && !outOfSpace(err) && consumerGone(err):
		return ExitConsumer
	case errors.Is(err, context.Canceled):
		return ExitSystem
	}
	switch failureOf(err).Type {
	case record.ConfigError:
		return ExitConfig
	case record.TransientError:
		return ExitTransient
	default:
		return ExitSystem
	}
}

// consumerGone reports whether the other end of our output was closed.
func consumerGone(err error) bool {
	return errors.Is(err, syscall.EPIPE) || errors.Is(err, syscall.ECONNRESET) ||
		errors.Is(err, fs.ErrClosed) || errors.Is(err, io.ErrClosedPipe)
}
