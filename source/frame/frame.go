// Package frame reads export files. It checks a downloaded archive, inflates it in
// blocks, and splits it into records. So memory does not depend on the size of the
// file. It also reads raw JSON without changing a digit, a duplicate name or the
// case of a letter. It knows neither Qualtrics nor streams.
package frame

import (
	"bytes"
	"fmt"
	"io"
)

// Limits bounds the work that one file may cause; zero fields mean the
// defaults. The bounds are absolute sizes: harmless text compresses a
// hundredfold, so a compression ratio proves nothing.
type Limits struct {
	InflatedBytes int64 // of all members together; default 4 GiB
	RecordBytes   int   // of one record; default 32 MiB

	// Scratch makes a temporary file for the records of a file that is read twice; nil: a
	// long file is inflated twice. ScratchBytes is the longest text that is kept so.
	Scratch      func() (Scratch, error)
	ScratchBytes int64
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

// File is an export file. Its methods are for one goroutine at a time.
type File struct {
	members  []member
	limits   Limits
	verified bool
	kept     *kept // the records of a complete reading
}

// Close deletes the temporary file of the records, if there is one.
func (f *File) Close() {
	if f.kept != nil {
		f.kept.drop()
		f.kept = nil
	}
}

const byteOrderMark = "\ufeff"

// Open opens a downloaded file: a ZIP archive of one or more members, whose
// names are not used (API §3.3). An export without records is an archive too,
// so an empty file counts as truncated (*assumed*). The reader has to stay
// usable as long as the file. Errors are of type [*Error] unless the reader
// failed.
func Open(r io.ReaderAt, size int64, limits Limits) (*File, error) {
	if size <= 0 {
		return nil, &Error{Kind: Truncated, Detail: "the file is empty"}
	}
	r = checkedReader{r, size}
	head := make([]byte, min(size, 512))
	if n, err := r.ReadAt(head, 0); n < len(head) {
		return nil, damaged(err)
	}
	if !bytes.HasPrefix(head, []byte("PK")) {
		text := bytes.TrimLeft(bytes.TrimPrefix(head, []byte(byteOrderMark)), whiteSpace)
		return nil, &Error{Kind: NotData, Detail: fmt.Sprintf("it starts with %.60q", text)}
	}
	return openArchive(r, size, limits.withDefaults())
}
