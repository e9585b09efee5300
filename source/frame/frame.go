// Package frame reads export files: it checks a downloaded archive, inflates
// it while it is read, and cuts it into records whatever its size. It also
// holds the helpers that take raw JSON apart without losing a digit, a
// duplicate name or a letter's case. It knows neither Qualtrics nor streams.
package frame

import (
	"archive/zip"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/klauspost/compress/flate"
)

// Limits caps what a file may make us do; zero fields mean the defaults. The
// caps are absolute: harmless text compresses a hundredfold, so a ratio says
// nothing.
type Limits struct {
	InflatedBytes int64 // of all members together; default 4 GiB
	RecordBytes   int   // of one record; default 32 MiB
}

func (l Limits) withDefaults() Limits {
	if l.InflatedBytes <= 0 {
		l.InflatedBytes = 4 << 30
	}
	if l.RecordBytes <= 0 {
		l.RecordBytes = 32 << 20
	}
	return l
}

// Kinds of [Error].
const (
	Truncated   = "truncated"   // the file ends before its data does
	Corrupt     = "corrupt"     // lengths or checksums do not agree
	Unsupported = "unsupported" // encrypted, or an unknown method
	TooLarge    = "too large"   // a limit was passed
	NotData     = "not data"    // neither an archive nor JSON, such as an HTML page
	NotJSON     = "not JSON"    // the data is damaged or of another format
)

// Error is what is wrong with a file. A fresh copy of the file may be right.
type Error struct {
	Kind   string
	Detail string
	Err    error // may be nil
}

// Error says what is wrong; it never holds more than a few bytes of data.
func (e *Error) Error() string {
	text := "the export file is " + e.Kind
	if e.Kind == Unsupported {
		text = "the export file is of an unsupported kind"
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

// File is an export file.
type File struct {
	members []member
	limits  Limits
}

// member is one part of a file; the parts follow each other.
type member struct {
	open func() (io.ReadCloser, error)
}

// Open looks at a downloaded file: a ZIP archive of one or more members, whose
// names are never used, or the bare NDJSON or JSON text. What it is, is seen
// by its first bytes. An export without records is an archive all the same, so
// an empty file is a truncated one.
func Open(r io.ReaderAt, size int64, limits Limits) (*File, error) {
	limits = limits.withDefaults()
	if size <= 0 {
		return nil, &Error{Kind: Truncated, Detail: "it is empty"}
	}
	head := make([]byte, min(size, 512))
	if _, err := r.ReadAt(head, 0); err != nil && !errors.Is(err, io.EOF) {
		return nil, fmt.Errorf("reading the export file: %w", err)
	}
	if bytes.HasPrefix(head, []byte("PK")) {
		return openArchive(r, size, limits)
	}
	text := bytes.TrimLeft(bytes.TrimPrefix(head, []byte("\ufeff")), " \t\r\n")
	if len(text) > 0 && text[0] != '{' {
		return nil, &Error{Kind: NotData, Detail: fmt.Sprintf("it starts with %.60q", text)}
	}
	if size > limits.InflatedBytes {
		return nil, &Error{Kind: TooLarge, Detail: fmt.Sprintf("%d bytes, at most %d are read", size, limits.InflatedBytes)}
	}
	open := func() (io.ReadCloser, error) { return io.NopCloser(io.NewSectionReader(r, 0, size)), nil }
	return &File{[]member{{open}}, limits}, nil
}

func openArchive(r io.ReaderAt, size int64, limits Limits) (*File, error) {
	archive, err := zip.NewReader(r, size)
	if err != nil && !errors.Is(err, zip.ErrInsecurePath) {
		return nil, &Error{Kind: Truncated, Detail: "its directory cannot be read", Err: err}
	}
	archive.RegisterDecompressor(zip.Deflate, flate.NewReader)
	file := &File{limits: limits}
	var total uint64
	for _, entry := range archive.File {
		switch {
		case strings.HasSuffix(entry.Name, "/"):
			continue
		case entry.Flags&1 != 0:
			return nil, &Error{Kind: Unsupported, Detail: "it is encrypted"}
		case entry.Method != zip.Deflate && entry.Method != zip.Store:
			return nil, &Error{Kind: Unsupported, Detail: fmt.Sprintf("compression method %d", entry.Method)}
		}
		total += entry.UncompressedSize64
		if total > uint64(limits.InflatedBytes) { //nolint:gosec // positive by withDefaults
			return nil, &Error{Kind: TooLarge, Detail: fmt.Sprintf("it inflates to %d bytes, at most %d are read", total, limits.InflatedBytes)}
		}
		file.members = append(file.members, member{entry.Open})
	}
	if len(file.members) == 0 {
		return nil, &Error{Kind: Corrupt, Detail: "the archive holds no file"}
	}
	return file, nil
}

// Verify inflates every member once and checks its lengths and its CRC-32
// against the archive's directory, so that nothing of a damaged archive needs
// to be delivered. It does not look at the data.
func (f *File) Verify(ctx context.Context) error {
	buffer := make([]byte, 64<<10)
	for _, m := range f.members {
		body, err := m.open()
		if err != nil {
			return damaged(err)
		}
		for err == nil && ctx.Err() == nil {
			_, err = body.Read(buffer)
		}
		closeErr := body.Close()
		switch {
		case ctx.Err() != nil:
			return context.Cause(ctx)
		case !errors.Is(err, io.EOF):
			return damaged(err)
		case closeErr != nil:
			return damaged(closeErr)
		}
	}
	return nil
}

// damaged types an error of reading a member.
func damaged(err error) error {
	var already *Error
	var corrupt flate.CorruptInputError
	switch {
	case errors.As(err, &already):
		return err
	case errors.Is(err, zip.ErrChecksum), errors.Is(err, zip.ErrFormat), errors.As(err, &corrupt):
		return &Error{Kind: Corrupt, Err: err}
	case errors.Is(err, zip.ErrAlgorithm):
		return &Error{Kind: Unsupported, Err: err}
	case errors.Is(err, io.ErrUnexpectedEOF):
		return &Error{Kind: Truncated, Err: err}
	default:
		return fmt.Errorf("reading the export file: %w", err)
	}
}
