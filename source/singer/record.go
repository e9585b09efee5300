package singer

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strconv"
	"time"

	"github.com/birdie-ai/source-qualtrics/source/record"
)

// heldBytes is how much of a stream waits for its turn, at most.
const heldBytes = 4 << 20

// Record writes one row. One without a value for its key is refused: a target
// would end by it. Rows of streams that come by turns wait, so that each stream
// comes in long pieces: targets begin a new file, or a new batch, with each.
func (w *Writer) Record(stream string, row record.Row) error {
	w.lines.Lock()
	defer w.lines.Unlock()
	s, err := w.streams.Open(stream)
	if err != nil {
		return err
	}
	if err := s.rows.Check(row); err != nil {
		return err
	}
	if row, err = row.As(s.info.Table); err != nil {
		return err
	}
	if w.options.Batching != nil {
		err = w.batched(s, row)
	} else {
		err = w.inTurn(s, row)
	}
	if err != nil {
		return err
	}
	if s.records++; s.records%1000 == 0 && w.options.Now().Sub(s.counted) >= time.Minute {
		w.measure(s)
	}
	return nil
}

// recordLine is the message of a row; it is valid until the next one.
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
	if bytes.IndexByte(line, '\n') >= 0 || bytes.IndexByte(line, '\r') >= 0 {
		// Raw JSON may be laid out over lines.
		var compact bytes.Buffer
		if err := json.Compact(&compact, line); err != nil {
			return nil, err
		}
		line = compact.Bytes()
	}
	return record.CleanJSON(line), nil
}

// inTurn writes the message of a row, or keeps it until its stream has its turn:
// when a state of it follows, when enough waits, or at its end.
func (w *Writer) inTurn(s *output, row record.Row) error {
	line, err := w.recordLine(s, row)
	if err != nil {
		return fmt.Errorf("writing a record of %s: %w", s.info.Stream, err)
	}
	if w.turn == nil {
		w.turn = s
	}
	if w.turn == s {
		return w.write(line, false)
	}
	if s.held = append(append(s.held, line...), '\n'); len(s.held) < heldBytes {
		return nil
	}
	return w.release(s)
}

// settle brings out what a state of the stream covers.
func (w *Writer) settle(s *output) error {
	if err := w.release(s); err != nil {
		return err
	}
	return w.sendBatch(s)
}

// release writes the records that wait.
func (w *Writer) release(s *output) error {
	if len(s.held) == 0 {
		return nil
	}
	w.turn = s
	for line := range bytes.Lines(s.held) {
		if err := w.write(bytes.TrimSuffix(line, []byte("\n")), false); err != nil {
			return err
		}
	}
	s.held = nil
	return nil
}

// extractedAt is the time of now, made anew each second.
func (w *Writer) extractedAt() []byte {
	now := w.options.Now().UTC()
	if now.Unix() != w.second || w.extracted == nil {
		w.second, w.extracted = now.Unix(), record.AppendTime(w.extracted[:0], now.Truncate(time.Millisecond))
	}
	return w.extracted
}
