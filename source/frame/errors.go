package frame

import (
	"archive/zip"
	"errors"
	"fmt"
	"io"
)

// Kinds of [Error].
const (
	Truncated   = "truncated"   // the file ends before its data does
	Corrupt     = "corrupt"     // lengths or checksums do not agree
	Encrypted   = "encrypted"   // a member asks for a password
	Unsupported = "unsupported" // a compression method nobody reads here
	TooLarge    = "too large"   // a limit was passed
	NotData     = "not data"    // neither an archive nor JSON, such as an HTML page
	NotJSON     = "not JSON"    // the data is damaged or of another format
)

// Error is what is wrong with a file or a value, as opposed to an error of the
// disk or of the context. A fresh copy of the file may be right.
type Error struct {
	Kind   string
	Detail string // where, and for people; may be empty
	Record int64  // the number of the line or record that it is about; 0: the file
	Err    error  // may be nil
}

// Error says what is wrong; it holds at most 60 characters of data, escaped.
func (e *Error) Error() string {
	text := "the data is " + e.Kind
	switch e.Kind {
	case Unsupported:
		text = "the data is of an unsupported kind"
	case NotData:
		text = "this is no export"
	}
	if e.Detail != "" {
		text += ": " + e.Detail
	}
	if e.Err != nil {
		text += ": " + e.Err.Error()
	}
	return text
}

// Unwrap returns the cause.
func (e *Error) Unwrap() error { return e.Err }

// damaged types an error of reading a member: whatever the disk is not to
// blame for is the file's fault.
func damaged(err error) error {
	var failure *diskError
	switch {
	case errors.As(err, &failure):
		return fmt.Errorf("reading the export file: %w", failure.err)
	case errors.As(err, new(*Error)):
		return err
	case errors.Is(err, zip.ErrAlgorithm):
		return &Error{Kind: Unsupported, Err: err}
	case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF):
		return &Error{Kind: Truncated, Err: err}
	default:
		return &Error{Kind: Corrupt, Err: err}
	}
}

// checkedReader tells errors of the disk from offsets that a damaged archive
// made up.
type checkedReader struct {
	r    io.ReaderAt
	size int64
}

func (c checkedReader) ReadAt(p []byte, offset int64) (int, error) {
	if offset < 0 || offset > c.size {
		return 0, &Error{Kind: Corrupt, Detail: "a part of the archive lies outside of the file"}
	}
	n, err := c.r.ReadAt(p, offset)
	if err != nil && !errors.Is(err, io.EOF) {
		err = &diskError{err}
	}
	return n, err
}

// diskError is an error of the reader that the file is read from.
type diskError struct{ err error }

func (e *diskError) Error() string { return e.err.Error() }
func (e *diskError) Unwrap() error { return e.err }
