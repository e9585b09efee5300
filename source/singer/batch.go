package singer

import (
	"errors"
	"fmt"

	"github.com/birdie-ai/source-qualtrics/source/record"
)

// Batching has records written into files, which BATCH messages name (an
// extension of Meltano's SDK): there are no RECORD messages then. Only the user
// knows whether the target reads them; one that does not drops them unseen.
type Batching struct {
	Encoding Encoding
	// Begin begins a file for rows of a stream.
	Begin func(record.Info) (BatchFile, error)
}

// Encoding is what a BATCH message says of its files. Targets take no other
// members.
type Encoding struct {
	Format      string `json:"format"`
	Compression string `json:"compression,omitempty"`
}

// BatchFile is a file that is being written.
type BatchFile interface {
	// Record takes a row, and reports whether the file is large enough.
	Record(record.Row) (full bool, err error)
	// Finish makes the file durable and returns its URL.
	Finish() (url string, err error)
	// Discard gives up on a file that is not finished.
	Discard() error
}

// batched writes a row into the file of its stream.
func (w *Writer) batched(s *output, row record.Row) (err error) {
	if s.file == nil {
		if s.file, err = w.options.Batching.Begin(s.info); err != nil {
			return err
		}
	}
	full, err := s.file.Record(row)
	if err != nil {
		return fmt.Errorf("writing a record of %s: %w", s.info.Stream, err)
	}
	if full {
		return w.sendBatch(s)
	}
	return nil
}

// sendBatch names the file of a stream, which is complete and durable then.
func (w *Writer) sendBatch(s *output) error {
	if s.file == nil {
		return nil
	}
	url, err := s.file.Finish()
	if err != nil {
		return fmt.Errorf("writing a file of %s: %w", s.info.Stream, err)
	}
	s.file = nil
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

// discard gives up on the files that no message names.
func (w *Writer) discard() (err error) {
	for _, s := range w.order {
		if s.file != nil {
			err = errors.Join(err, s.file.Discard())
			s.file = nil
		}
	}
	return err
}
