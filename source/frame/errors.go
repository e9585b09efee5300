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
	Encrypted   = "encrypted"   // a member needs a password
	Unsupported = "unsupported" // a compression method other than deflate and store
	TooLarge    = "too large"   // a limit was exceeded
	NotData     = "not data"    // not an archive, but an HTML page for example
	NotJSON     = "not JSON"    // the data is damaged or of another format
)

// Error is a defect of a file or of a value, not an error of the disk or of the
// context. Another download of the file may be without it.
type Error struct {
	Kind   string
	Detail string // the place, for messages; may be empty
	Record int64  // number of the defective line; 0: the whole file
	Err    error  // may be nil
	alone  bool   // the lines after Record can be read
}

// Error describes the defect. It quotes at most 60 characters of data, escaped.
func (e *Error) Error() string {
	text := "the data is " + e.Kind
	switch e.Kind {
	case Unsupported:
		text = "the data is of an unsupported kind"
	case NotData:
		text = "this is not an export file"
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

// IsAlone reports whether an error concerns one record only, so that the records
// after it can be read.
func IsAlone(err error) bool {
	var failure *Error
	return errors.As(err, &failure) && failure.alone
}

// damaged returns the typed error of reading a member. Every error that is not
// from the disk is a defect of the file.
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

// checkedReader marks errors of the disk. An offset outside of the file is a
// defect of the archive.
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
