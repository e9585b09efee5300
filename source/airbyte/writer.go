// Package airbyte speaks the Airbyte protocol (release 0.18): a [Writer] is a
// sink that writes messages to stdout, one JSON object per line, and the
// parsers read the catalogs and states that platforms hand over, which vary
// more than the protocol's text admits. It knows nothing of Qualtrics.
package airbyte

import (
	"fmt"
	"io"
	"log/slog"
	"slices"
	"strconv"
	"time"
	"unicode/utf8"

	"github.com/birdie-ai/source-qualtrics/source/record"
	"github.com/birdie-ai/source-qualtrics/source/wire"
)

// Writer writes messages. It is safe for concurrent use. After an error of
// writing every call returns that error, which wraps its cause.
type Writer struct {
	lines   *wire.Lines
	now     func() time.Time
	latest  int64 // newest emitted_at, in milliseconds
	streams wire.Streams[streamState]
	line    []byte
}

// streamState is what was said of a stream.
type streamState struct {
	rows   *record.Checker
	since  int64 // records since the last state
	stated bool  // a state was written
	state  []byte
	limit  int64 // end of the limit that the last status told of, in milliseconds; 0 is none
}

// NewWriter returns a writer of messages to w that are dated by now.
func NewWriter(w io.Writer, now func() time.Time) *Writer {
	return &Writer{lines: wire.New(w), now: now}
}

// emittedAt is the time of a message in milliseconds; it never goes back,
// because the order of errors decides about retries.
func (w *Writer) emittedAt() int64 {
	w.latest = max(w.latest, w.now().UnixMilli())
	return w.latest
}

// urgent messages leave the buffer at once.
const (
	lazy   = false
	urgent = true
)

// write sends w.line. The lock is held.
func (w *Writer) write(now bool) error { return w.lines.Write(w.line, now) }

// Close writes what is left. It does not close the underlying writer.
func (w *Writer) Close() error {
	w.lines.Lock()
	defer w.lines.Unlock()
	return w.lines.Close()
}

// Begin announces a stream: it is started and running.
func (w *Writer) Begin(info record.Info) error {
	w.lines.Lock()
	defer w.lines.Unlock()
	if err := w.streams.Begin(info.Stream, &streamState{rows: record.NewChecker(info)}); err != nil {
		return err
	}
	if err := w.status(info.Stream, "STARTED", time.Time{}); err != nil {
		return err
	}
	return w.status(info.Stream, "RUNNING", time.Time{})
}

// Record writes one row. A row without a value for its primary key is
// refused: under deduplication it would end the whole sync.
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
	at := w.emittedAt()
	if s.limit > 0 && at >= s.limit {
		s.limit = 0
		if err := w.status(stream, "RUNNING", time.Time{}); err != nil {
			return err
		}
	}
	w.line = append(w.line[:0], `{"type":"RECORD","record":{"stream":`...)
	w.line = record.AppendString(w.line, stream)
	w.line = append(w.line, `,"data":`...)
	data := len(w.line)
	if w.line, err = row.AppendJSON(w.line); err != nil {
		return fmt.Errorf("writing a record of %s: %w", stream, err)
	}
	if unsafeOnLine(w.line[data:]) {
		// A cell of raw JSON is not as its maker should have made it.
		if w.line, err = appendObject(w.line[:data], slices.Clone(w.line[data:])); err != nil {
			return fmt.Errorf("writing a record of %s: %w", stream, err)
		}
	}
	w.line = append(w.line, `,"emitted_at":`...)
	w.line = strconv.AppendInt(w.line, at, 10)
	w.appendChanges(row.Changes)
	w.line = append(w.line, "}}"...)
	if err := w.write(lazy); err != nil {
		return err
	}
	s.since++
	return nil
}

func (w *Writer) appendChanges(changes []record.Change) {
	known := 0
	for _, change := range changes {
		if change.Kind == record.Renamed { // the protocol does not know it
			continue
		}
		if known++; known == 1 {
			w.line = append(w.line, `,"meta":{"changes":[`...)
		} else {
			w.line = append(w.line, ',')
		}
		w.line = append(w.line, `{"field":`...)
		w.line = record.AppendString(w.line, change.Column)
		w.line = append(w.line, `,"change":`...)
		w.line = record.AppendString(w.line, string(change.Kind))
		w.line = append(w.line, `,"reason":`...)
		w.line = record.AppendString(w.line, string(change.Reason))
		w.line = append(w.line, '}')
	}
	if known > 0 {
		w.line = append(w.line, "]}"...)
	}
}

// State writes a state, a JSON object, with the number of records that it
// covers. A state that says what the one before said is left out where no
// record lies between them, and refused where one does.
func (w *Writer) State(stream string, state []byte) error {
	w.lines.Lock()
	defer w.lines.Unlock()
	s, err := w.streams.Open(stream)
	if err != nil {
		return err
	}
	if s.stated && string(s.state) == string(state) {
		if s.since == 0 {
			return nil
		}
		return fmt.Errorf("writing the state of %s: it equals the one before, with %d records in between", stream, s.since)
	}
	w.line = append(w.line[:0], `{"type":"STATE","state":{"type":"STREAM","stream":{"stream_descriptor":{"name":`...)
	w.line = record.AppendString(w.line, stream)
	w.line = append(w.line, `},"stream_state":`...)
	if w.line, err = appendObject(w.line, state); err != nil {
		return fmt.Errorf("writing the state of %s: %w", stream, err)
	}
	w.line = append(w.line, `},"sourceStats":{"recordCount":`...)
	w.line = strconv.AppendInt(w.line, s.since, 10)
	w.line = append(w.line, `}}}`...)
	if err := w.write(urgent); err != nil {
		return err
	}
	s.stated, s.since = true, 0
	s.state = append(s.state[:0], state...)
	return nil
}

// Status writes that a limit holds the stream back, or that it runs again. A
// limit that moves by less than a second is no news. The first record after
// its end takes it back, too.
func (w *Writer) Status(stream string, status record.Status) error {
	w.lines.Lock()
	defer w.lines.Unlock()
	s, err := w.streams.Open(stream)
	if err != nil {
		return err
	}
	var limit int64
	if !status.RateLimitedUntil.IsZero() {
		limit = status.RateLimitedUntil.UnixMilli()
	}
	if limit == s.limit || (limit > 0 && s.limit > 0 && limit < s.limit+time.Second.Milliseconds()) {
		return nil
	}
	s.limit = limit
	return w.status(stream, "RUNNING", status.RateLimitedUntil)
}

// status writes a stream status. The lock is held.
func (w *Writer) status(stream, status string, limitedUntil time.Time) error {
	w.line = append(w.line[:0], `{"type":"TRACE","trace":{"type":"STREAM_STATUS","emitted_at":`...)
	w.line = strconv.AppendInt(w.line, w.emittedAt(), 10)
	w.line = append(w.line, `,"stream_status":{"stream_descriptor":{"name":`...)
	w.line = record.AppendString(w.line, stream)
	w.line = append(w.line, `},"status":`...)
	w.line = record.AppendString(w.line, status)
	if !limitedUntil.IsZero() {
		w.line = append(w.line, `,"reasons":[{"type":"RATE_LIMITED","rate_limited":{"quota_reset":`...)
		w.line = strconv.AppendInt(w.line, limitedUntil.UnixMilli(), 10)
		w.line = append(w.line, `}}]`...)
	}
	w.line = append(w.line, `}}}`...)
	return w.write(urgent)
}

// End closes a stream. Complete (nil) it has to have had a state; with a
// failure, that is written first. A stream that fails may never have begun.
func (w *Writer) End(stream string, failure *record.Failure) error {
	w.lines.Lock()
	defer w.lines.Unlock()
	if !w.streams.Begun(stream) && failure != nil {
		if err := w.streams.Begin(stream, &streamState{}); err != nil {
			return err
		}
		if err := w.status(stream, "STARTED", time.Time{}); err != nil {
			return err
		}
	}
	s, err := w.streams.End(stream)
	if err != nil {
		return err
	}
	if failure != nil {
		if err := w.trace(stream, *failure); err != nil {
			return err
		}
		return w.status(stream, "INCOMPLETE", time.Time{})
	}
	if !s.stated || s.since > 0 {
		return fmt.Errorf("ending stream %s: its last records have no state", stream)
	}
	return w.status(stream, "COMPLETE", time.Time{})
}

// Error writes why the whole command failed.
func (w *Writer) Error(failure record.Failure) error {
	w.lines.Lock()
	defer w.lines.Unlock()
	return w.trace("", failure)
}

// Platforms cut texts at these lengths, in characters; ours are in bytes.
const (
	maxMessage = 50_000
	maxTrace   = 100_000
)

// trace writes a failure. The lock is held.
func (w *Writer) trace(stream string, failure record.Failure) error {
	w.line = append(w.line[:0], `{"type":"TRACE","trace":{"type":"ERROR","emitted_at":`...)
	w.line = strconv.AppendInt(w.line, w.emittedAt(), 10)
	w.line = append(w.line, `,"error":{"message":`...)
	w.line = record.AppendString(w.line, cut(failure.Message, maxMessage))
	if failure.Internal != "" {
		w.line = append(w.line, `,"internal_message":`...)
		w.line = record.AppendString(w.line, cut(failure.Internal, maxMessage))
	}
	if failure.Stack != "" {
		w.line = append(w.line, `,"stack_trace":`...)
		w.line = record.AppendString(w.line, cut(failure.Stack, maxTrace))
	}
	w.line = append(w.line, `,"failure_type":`...)
	w.line = record.AppendString(w.line, string(failure.Type))
	if stream != "" {
		w.line = append(w.line, `,"stream_descriptor":{"name":`...)
		w.line = record.AppendString(w.line, stream)
		w.line = append(w.line, '}')
	}
	w.line = append(w.line, `}}}`...)
	return w.write(urgent)
}

func cut(text string, limit int) string {
	if len(text) <= limit {
		return text
	}
	// Text without any start of a character is cut anywhere.
	for at := limit; at > limit-utf8.UTFMax; at-- {
		if utf8.RuneStart(text[at]) {
			return text[:at]
		}
	}
	return text[:limit]
}

// log writes a log line; levels are named as the protocol does.
func (w *Writer) log(level slog.Level, message string) error {
	w.lines.Lock()
	defer w.lines.Unlock()
	w.line = append(w.line[:0], `{"type":"LOG","log":{"level":"`...)
	w.line = append(w.line, wire.Level(level).String()...)
	w.line = append(w.line, `","message":`...)
	w.line = record.AppendString(w.line, cut(message, maxMessage))
	w.line = append(w.line, `}}`...)
	return w.write(level >= slog.LevelWarn)
}
