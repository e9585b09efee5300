package feed

import (
	"errors"
	"fmt"

	"github.com/birdie-ai/source-qualtrics/source/frame"
	"github.com/birdie-ai/source-qualtrics/source/qualtrics"
)

// UnreadableError says that an export holds what no other export makes
// readable: a record that is no JSON, or too long without its long texts, in a
// file that is whole, or more than is ever read.
type UnreadableError struct {
	What     string // the export of which survey
	Attempts int    // exports that were made
	Err      *frame.Error
}

// Error says what cannot be read and what to do.
func (e *UnreadableError) Error() string {
	remedy := "A later start_date makes the export of a survey smaller"
	if e.Err.Record > 0 {
		remedy = fmt.Sprintf("Correct or delete the response of record %d in Qualtrics", e.Err.Record)
	}
	return fmt.Sprintf("%s cannot be read (attempts: %d): %v. The position stays, so that nothing is lost. %s, or leave the survey out (surveys.exclude)",
		e.What, e.Attempts, e.Err, remedy)
}

// Unwrap returns the cause.
func (e *UnreadableError) Unwrap() error { return e.Err }

// gaveUp types an error of a file of which no more exports are made. What was
// damaged on its way may come whole the next time.
func (f *responseFetch) gaveUp(err error, attempts int) error {
	var (
		damaged  *frame.Error
		misfiled *misfiledError
	)
	if errors.As(err, &misfiled) {
		return &qualtrics.ExportError{Survey: f.survey, Reason: misfiled.Error(), Attempts: attempts}
	}
	if !errors.As(err, &damaged) || damaged.Kind != frame.TooLarge && damaged.Record == 0 {
		return err
	}
	return &UnreadableError{What: fmt.Sprintf("the export of %s", f.partition), Attempts: attempts, Err: damaged}
}
