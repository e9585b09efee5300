// Package frame reads export files: it checks a downloaded archive, inflates
// it while it is read, and cuts it into records whatever its size. It also
// holds the helpers that take raw JSON apart without losing a digit, a
// duplicate name or a letter's case. It knows neither Qualtrics nor streams.
package frame

import (
	"bytes"
	"fmt"
	"io"
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

// Stats counts what an iteration over [File.Values] has read.
type Stats struct {
	Records int64 // yielded
	Blanks  int64 // blank lines and empty objects, left out
	Bytes   int64 // inflated
}

// File is an export file. Its methods are for one goroutine at a time.
type File struct {
	members []member
	limits  Limits
	stats   Stats
}

// Stats returns the counts of the latest iteration over [File.Values], which
// may still be going on.
func (f *File) Stats() Stats { return f.stats }

const byteOrderMark = "\ufeff"

// Open looks at a downloaded file: a ZIP archive of one or more members, whose
// names are never used (API §3.3), or the bare NDJSON or JSON text that
// compress:false asks for. What it is, is seen by its first bytes. An export
// without records is an archive all the same, so a file of no bytes is a
// truncated one (assumed). The reader has to stay usable as long as the file.
// Errors are of type [*Error] unless the reader failed.
func Open(r io.ReaderAt, size int64, limits Limits) (*File, error) {
	limits = limits.withDefaults()
	if size <= 0 {
		return nil, &Error{Kind: Truncated, Detail: "the file is empty"}
	}
	r = checkedReader{r, size}
	head := make([]byte, min(size, 512))
	if n, err := r.ReadAt(head, 0); n < len(head) {
		return nil, damaged(err)
	}
	if bytes.HasPrefix(head, []byte("PK")) {
		return openArchive(r, size, limits)
	}
	text := bytes.TrimLeft(bytes.TrimPrefix(head, []byte(byteOrderMark)), " \t\r\n")
	if len(text) > 0 && text[0] != '{' {
		return nil, &Error{Kind: NotData, Detail: fmt.Sprintf("it starts with %.60q", text)}
	}
	if size > limits.InflatedBytes {
		return nil, &Error{Kind: TooLarge, Detail: fmt.Sprintf("%d bytes, at most %d are read", size, limits.InflatedBytes)}
	}
	open := func() (io.ReadCloser, error) { return io.NopCloser(io.NewSectionReader(r, 0, size)), nil }
	return &File{members: []member{{open: open}}, limits: limits}, nil
}
