package singer

import (
	"errors"
	"fmt"

	"github.com/birdie-ai/source-qualtrics/source/record"
)

// Batching writes records into files. BATCH messages with their URLs take the place
// of RECORD messages (an extension of Meltano's SDK). The user has to know whether
// the target reads BATCH messages: other targets ignore them without an error.
type Batching struct {
	Encoding Encoding
	// Holds returns the limits on values in the files.
	Holds record.Format
	// Begin begins a file for rows of a stream.
	Begin func(record.Info) (BatchFile, error)
}

// Encoding is the encoding member of a BATCH message. Targets refuse additional
// members.
type Encoding struct {
	Format      string `json:"format"`
	Compression string `json:"compression,omitempty"`
}

// BatchFile is an incomplete file.
type BatchFile interface {
	// Record writes a row and reports whether the file has reached its size. A file that
	// has takes more rows as long as their parent is that of the last row.
	Record(record.Row) (full bool, err error)
	// Finish makes the file durable and returns its URL.
	Finish() (url string, err error)
	// Discard removes an incomplete file.
	Discard() error
}

// failed makes the error of a file the one that every call returns, as that of a message
// is. Close alone goes on: the last message is a state.
func (w *Writer) failed(err error) error {
	w.broken = err
	return err
}

// batched writes a row into the file of its stream. A full file ends before the next parent:
// a target that loads it shall have all rows of a parent.
func (w *Writer) batched(s *output, row record.Row) error {
	if s.parents.Begins(row) && s.full {
		if err := w.sendBatch(s); err != nil {
			return err
		}
	}
	if s.file == nil {
		file, err := w.options.Batching.Begin(s.info)
		if err != nil {
			return w.failed(err)
		}
		s.file = file
	}
	full, err := s.file.Record(row)
	if err != nil {
		return w.failed(fmt.Errorf("writing a record of %s: %w", s.info.Stream, err))
	}
	if s.full = s.full || full; full && !s.parents.Any() {
		return w.sendBatch(s)
	}
	return nil
}

// sendBatch completes the file of a stream and writes its BATCH message.
func (w *Writer) sendBatch(s *output) error {
	if s.file == nil {
		return nil
	}
	url, err := s.file.Finish()
	if err != nil {
		return w.failed(fmt.Errorf("writing a file of %s: %w", s.info.Stream, err))
	}
	s.file, s.full = nil, false
	encoded, err := encode(struct {
		Type     string   `json:"type"`
		Stream   string   `json:"stream"`
		Encoding Encoding `json:"encoding"`
		Manifest []string `json:"manifest"`
	}{"BATCH", s.info.Stream, w.options.Batching.Encoding, []string{url}})
	if err != nil {
		return err
	}
	return w.write(encoded, true)
}

// discard removes the files without a BATCH message.
func (w *Writer) discard() (err error) {
	for _, s := range w.order {
		if s.file != nil {
			err = errors.Join(err, s.file.Discard())
			s.file = nil
		}
	}
	return err
}
