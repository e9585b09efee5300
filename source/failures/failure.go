// Package failures holds the kinds of errors that end a command or a part of a run.
// Each has a failure type for platforms, and an exit code.
package failures

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"syscall"

	"github.com/birdie-ai/source-qualtrics/source/feed"
	"github.com/birdie-ai/source-qualtrics/source/feed/responses"
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
	ExitConsumer  = 5 // the reader of the output went away
)

// ConfigError is a problem that the user has to solve.
type ConfigError struct{ Err error }

// Error names the problem.
func (e *ConfigError) Error() string { return e.Err.Error() }

// Unwrap returns the cause.
func (e *ConfigError) Unwrap() error { return e.Err }

// Config makes a *ConfigError, as [fmt.Errorf] does.
func Config(format string, args ...any) error {
	return &ConfigError{fmt.Errorf(format, args...)}
}

// UsageError is a mistake on the command line, typed or in a script. It is reported on
// stderr, also where a command writes messages to stdout.
type UsageError struct{ Err error }

// Error names the mistake.
func (e *UsageError) Error() string { return e.Err.Error() }

// Unwrap returns the cause.
func (e *UsageError) Unwrap() error { return e.Err }

// Usage makes a *UsageError, as [fmt.Errorf] does.
func Usage(format string, args ...any) error {
	return &UsageError{Config(format, args...)}
}

// ErrOutOfTime ends a run that reached its run_minutes.
var ErrOutOfTime = errors.New("the run reached its run_minutes; the next one goes on from its state")

// RefusedError says that the account may export none of its surveys.
type RefusedError struct {
	Surveys int // that were tried
	Err     error
}

// Error says how many surveys were refused, and why the first one was.
func (e *RefusedError) Error() string {
	if e.Surveys == 1 {
		return "the account may list the survey that is selected, but not export it: " + e.Err.Error()
	}
	return fmt.Sprintf("the account may list surveys, but not export any of them: all of the %d that were tried are refused; %v", e.Surveys, e.Err)
}

// Unwrap returns the first refusal.
func (e *RefusedError) Unwrap() error { return e.Err }

// SpoolError says that downloads cannot be written to the temporary folder.
type SpoolError struct{ Err error }

// Error says why.
func (e *SpoolError) Error() string { return e.Err.Error() }

// Unwrap returns the cause.
func (e *SpoolError) Unwrap() error { return e.Err }

// SinkError says that the output could not be written.
type SinkError struct{ Err error }

// Error says that the output failed, and why.
func (e *SinkError) Error() string { return "writing the output: " + e.Err.Error() }

// Unwrap returns the cause.
func (e *SinkError) Unwrap() error { return e.Err }

// OfSink makes a *SinkError of the error of a sink; nil stays nil.
func OfSink(err error) error {
	if err == nil {
		return nil
	}
	return &SinkError{err}
}

// Of returns the failure type and the message of an error.
func Of(err error) record.Failure {
	f := record.Failure{Type: record.SystemError, Message: err.Error(), Internal: fmt.Sprintf("%T: %v", err, err)}
	if detail := qualtrics.Detail(err); detail != "" {
		f.Internal += "\n" + detail
	}
	var (
		config     *ConfigError
		refused    *RefusedError
		ghosts     *feed.UnresolvedError
		lost       *feed.PositionError
		unreadable *responses.UnreadableError
		left       *feed.LeftOutError
		unfinished *feed.UnfinishedError
		spool      *SpoolError
		damaged    *frame.Error
		undecided  *feed.UndecidedError
	)
	switch {
	case errors.As(err, &config), errors.As(err, &refused), errors.As(err, &ghosts), errors.As(err, &lost), needsUser(err):
		f.Type = record.ConfigError
	case errors.As(err, &unreadable), errors.As(err, &left): // no retry of a platform helps
	case errors.As(err, &unfinished) && unfinished.Remedy != "":
		f.Type = record.ConfigError
	case errors.Is(err, ErrOutOfTime), errors.As(err, &unfinished), errors.As(err, &damaged), errors.As(err, &undecided):
		f.Type = record.TransientError
	case OutOfSpace(err):
		f.Message = "the disk is full: " + err.Error() + "; free some space or point TMPDIR to a larger disk"
	case errors.As(err, &spool):
		f.Type = record.ConfigError
		f.Message += "; downloads need a folder that can be written to: point TMPDIR to one, or mount one at /tmp"
	default:
		switch qualtrics.Kind(err) {
		case qualtrics.KindConfig:
			f.Type = record.ConfigError
		case qualtrics.KindTransient:
			f.Type = record.TransientError
		}
	}
	return f
}

// needsUser reports whether an object is missing that only the user can bring back,
// or take out of the configuration.
func needsUser(err error) bool {
	var (
		withdrawn *feed.WithdrawnError
		unknown   *feed.UnknownError
	)
	return errors.As(err, &withdrawn) || errors.As(err, &unknown)
}

// OutOfSpace reports whether a disk is full, or the quota of a user.
func OutOfSpace(err error) bool {
	return errors.Is(err, syscall.ENOSPC) || errors.Is(err, syscall.EDQUOT)
}

// ExitCode is the code of a command that failed as a whole.
func ExitCode(err error) int {
	var sink *SinkError
	switch {
	case err == nil:
		return ExitOK
	case errors.As(err, &sink) && !OutOfSpace(err) && consumerGone(err):
		return ExitConsumer
	case errors.Is(err, context.Canceled):
		return ExitSystem
	}
	switch Of(err).Type {
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
