package singer

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strconv"
	"time"

	"github.com/birdie-ai/source-qualtrics/source/record"
)

// heldBytes is the most bytes of records that one stream holds back.
const heldBytes = 4 << 20

// Holds returns the limits on values in messages, or in the files of batches. Targets
// refuse NUL.
func (w *Writer) Holds() record.Format {
	if w.options.Batching != nil {
		return w.options.Batching.Holds
	}
	return record.Format{}
}

// Record writes a row. It refuses a row without a value for its key, see
// [record.Checker.Check]. Records of streams that are read at the same time are held
// back, so that many records of one stream follow each other. Targets begin a new
// file or batch at each change of the stream.
func (w *Writer) Record(stream string, row record.Row) error {
	w.lines.Lock()
	defer w.lines.Unlock()
	s, err := w.open(stream)
	if err != nil {
		return err
	}
	if err := w.record(s, row); err != nil {
		return w.streams.Refuse(stream, err)
	}
	return nil
}

// record writes one row of an open stream, or keeps it for later. The lock is held.
func (w *Writer) record(s *output, row record.Row) (err error) {
	if err := s.rows.Check(row); err != nil {
		return err
	}
	if row, err = row.As(s.info.Table); err != nil {
		return err
	}
	if w.options.Batching != nil {
		err = w.batched(s, row)
	} else {
		err = w.sequential(s, row)
	}
	if err != nil {
		return err
	}
	if s.records++; s.records%1000 == 0 && w.options.Now().Sub(s.counted) >= time.Minute {
		w.measure(s)
	}
	return nil
}

// recordLine returns the message of a row, which is valid until the next call.
func (w *Writer) recordLine(s *output, row record.Row) (line []byte, err error) {
	line = append(w.line[:0], `{"type":"RECORD","stream":"`...)
	line = append(line, s.info.Stream...)
	line = append(line, `","record":`...)
	if line, err = row.AppendJSON(line); err != nil {
		return nil, err
	}
	line = append(line, `,"time_extracted":"`...)
	line = append(line, w.extractedAt()...)
	line = append(line, '"')
	if s.version != 0 {
		line = strconv.AppendInt(append(line, `,"version":`...), s.version, 10)
	}
	line = append(line, '}')
	w.line = line
	if !row.Safe && (bytes.IndexByte(line, '\n') >= 0 || bytes.IndexByte(line, '\r') >= 0) {
		// Raw JSON may have line breaks between its tokens.
		var compact bytes.Buffer
		if err := json.Compact(&compact, line); err != nil {
			return nil, err
		}
		line = compact.Bytes()
	}
	return line, nil
}

// sequential writes the message of a row of the current stream. It holds back the
// messages of other streams until heldBytes, their next state or their end.
func (w *Writer) sequential(s *output, row record.Row) error {
	line, err := w.recordLine(s, row)
	if err != nil {
		return fmt.Errorf("writing a record of %s: %w", s.info.Stream, err)
	}
	if w.current == nil {
		w.current = s
	}
	if w.current == s {
		return w.write(line, false)
	}
	if s.held = append(append(s.held, line...), '\n'); len(s.held) < heldBytes {
		return nil
	}
	return w.release(s)
}

// flush writes the records of a stream before a state that covers them.
func (w *Writer) flush(s *output) error {
	if err := w.release(s); err != nil {
		return err
	}
	return w.sendBatch(s)
}

// release writes the held records.
func (w *Writer) release(s *output) error {
	if len(s.held) == 0 {
		return nil
	}
	w.current = s
	for line := range bytes.Lines(s.held) {
		if err := w.write(bytes.TrimSuffix(line, []byte("\n")), false); err != nil {
			return err
		}
	}
	s.held = nil
	return nil
}

// extractedAt returns the current time; the text is formatted once a second.
func (w *Writer) extractedAt() []byte {
	now := w.options.Now().UTC()
	if now.Unix() != w.second || w.extracted == nil {
		w.second, w.extracted = now.Unix(), record.AppendTime(w.extracted[:0], now.Truncate(time.Millisecond))
	}
	return w.extracted
}
