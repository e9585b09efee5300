package failures

import (
	"errors"
	"fmt"
	"runtime/debug"

	"github.com/birdie-ai/source-qualtrics/source/qualtrics"
	"github.com/birdie-ai/source-qualtrics/source/record"
)

// PanicError is a panic that was recovered: a bug of this program.
type PanicError struct {
	Cause any
	Stack []byte
}

// Error asks the user to report the bug.
func (e *PanicError) Error() string {
	return fmt.Sprintf("internal error: %v; please report it with the command and this message", e.Cause)
}

// Recovered makes a *PanicError of a value that recover returned.
func Recovered(cause any) *PanicError { return &PanicError{cause, debug.Stack()} }

// Guard calls do, and turns its panic into an error.
func Guard(do func() error) (err error) {
	defer func() {
		if cause := recover(); cause != nil {
			err = Recovered(cause)
		}
	}()
	return do()
}

// IsBug reports whether an error is a bug of this program: nothing that it leaves
// behind can be trusted.
func IsBug(err error) bool {
	var (
		caught *PanicError
		broken *record.InvariantError
	)
	return errors.As(err, &caught) || errors.As(err, &broken)
}

// EndsRun reports whether an error concerns the account or the run as a whole, so
// that no other survey or directory can do better.
func EndsRun(err error) bool {
	var (
		auth  *qualtrics.AuthError
		sink  *SinkError
		spool *SpoolError
	)
	return errors.As(err, &auth) || errors.As(err, &sink) || errors.As(err, &spool) || IsBug(err) || OutOfSpace(err)
}
