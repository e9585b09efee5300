package responses

import (
	"errors"
	"fmt"

	"github.com/birdie-ai/source-qualtrics/source/frame"
)

// UnreadableError means that exporting again does not help. Either a record cannot be read,
// or the file is larger than the limit.
type UnreadableError struct {
	What     string // names the export and its survey
	Attempts int    // exports that were made
	Err      *frame.Error
}

// Error names the record and a remedy.
func (e *UnreadableError) Error() string {
	remedy := "A later start_date makes the export of a survey smaller"
	if e.Err.Record > 0 {
		remedy = fmt.Sprintf("Correct or delete the response of record %d in Qualtrics", e.Err.Record)
	}
	return fmt.Sprintf("%s cannot be read (attempts: %d): %v. The position stays, so that nothing is lost. %s, or leave the survey out (surveys.exclude)",
		e.What, e.Attempts, e.Err, remedy)
}

func (e *UnreadableError) Unwrap() error { return e.Err }

// lastError returns the error of a file that is not exported again. A file that was damaged
// on its way may be whole in the next run, so its error stays as it is.
func (r *reader) lastError(err error, attempts int) error {
	var (
		damaged     *frame.Error
		wrongWindow *wrongWindowError
		recorded    *recordedError
	)
	if errors.As(err, &recorded) {
		return r.unfinishedError(recorded, "%d exports of its sessions brought something else", attempts)
	}
	if errors.As(err, &wrongWindow) {
		return r.unfinishedError(wrongWindow, "%d exports brought the file of another survey or window", attempts)
	}
	if !errors.As(err, &damaged) || damaged.Kind != frame.TooLarge && damaged.Record == 0 {
		return err
	}
	return &UnreadableError{What: fmt.Sprintf("the export of %s", r.partition), Attempts: attempts, Err: damaged}
}
