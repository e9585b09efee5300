// Package airbyte implements the Airbyte protocol (release 0.18). A [Writer] is a
// sink that writes messages, one JSON object per line. The parsers read catalogs
// and states in every form that platforms write, which are more forms than the
// protocol defines. The package knows nothing of Qualtrics.
package airbyte

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"slices"
	"strconv"
	"time"
	"unicode/utf8"

	"github.com/birdie-ai/source-qualtrics/source/jsonsafe"
	"github.com/birdie-ai/source-qualtrics/source/record"
	"github.com/birdie-ai/source-qualtrics/source/wire"
)

// Writer writes messages. It is safe for concurrent use. After a write error every
// call returns that error, which wraps its cause.
type Writer struct {
	lines   *wire.Lines
	now     func() time.Time
	latest  int64 // newest emitted_at, in milliseconds
	streams record.Streams[streamState]
	line    []byte
}

// streamState holds the messages of a stream so far.
type streamState struct {
	rows   *record.Checker
	since  int64 // number of records since the last state
	stated bool  // a state was written
	state  []byte
	limit  int64 // end of the reported rate limit, in milliseconds; 0: none
}

// NewWriter returns a writer to w; now is the clock of emitted_at.
func NewWriter(w io.Writer, now func() time.Time) *Writer {
	return &Writer{lines: wire.New(w), now: now}
}

// emittedAt returns the time of a message in milliseconds. It never decreases,
// because platforms decide about retries by the order of errors.
func (w *Writer) emittedAt() int64 {
	w.latest = max(w.latest, w.now().UnixMilli())
	return w.latest
}

// An urgent message is flushed at once.
const (
	lazy   = false
	urgent = true
)

// write writes w.line. The caller holds the lock.
func (w *Writer) write(now bool) error { return w.lines.Write(w.line, now) }

// Close flushes the buffer. It does not close the underlying writer.
func (w *Writer) Close() error {
	w.lines.Lock()
	defer w.lines.Unlock()
	return w.lines.Close()
}

// Begin writes the statuses STARTED and RUNNING of a stream.
func (w *Writer) Begin(info record.Info) error {
	w.lines.Lock()
	defer w.lines.Unlock()
	if err := errors.Join(w.lines.Err(), info.Check()); err != nil {
		return err
	}
	if err := w.streams.Begin(info.Stream, &streamState{rows: record.NewChecker(info)}); err != nil {
		return err
	}
	if err := w.status(info.Stream, "STARTED", time.Time{}); err != nil {
		return err
	}
	return w.status(info.Stream, "RUNNING", time.Time{})
}

// Holds returns the limits on values: JSON holds every text.
func (*Writer) Holds() record.Format { return record.Format{NUL: true} }

// open returns a stream between its Begin and its End. The caller holds the lock.
func (w *Writer) open(stream string) (*streamState, error) {
	if err := w.lines.Err(); err != nil {
		return nil, err
	}
	return w.streams.Open(stream)
}

// Record writes a row. It refuses a row without a value for its primary key, see
// [record.Checker.Check].
func (w *Writer) Record(stream string, row record.Row) error {
	w.lines.Lock()
	defer w.lines.Unlock()
	s, err := w.open(stream)
	if err != nil {
		return err
	}
	if err := w.record(s, stream, row); err != nil {
		return w.streams.Refuse(stream, err)
	}
	return nil
}

// record writes one row of an open stream. The lock is held.
func (w *Writer) record(s *streamState, stream string, row record.Row) (err error) {
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
	w.line = jsonsafe.AppendString(w.line, stream)
	w.line = append(w.line, `,"data":`...)
	data := len(w.line)
	if w.line, err = row.AppendJSON(w.line); err != nil {
		return fmt.Errorf("writing a record of %s: %w", stream, err)
	}
	if !row.Safe && !onOneLine(w.line[data:]) {
		// A stream made a cell of raw JSON that is not safe.
		if w.line, err = jsonsafe.AppendObject(w.line[:data], slices.Clone(w.line[data:])); err != nil {
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

// onOneLine reports whether JSON can be written as it is: safe and without a
// line break between its tokens.
func onOneLine(text []byte) bool {
	return bytes.IndexByte(text, '\n') < 0 && bytes.IndexByte(text, '\r') < 0 && jsonsafe.IsSafe(text)
}

func (w *Writer) appendChanges(changes []record.Change) {
	known := 0
	for _, change := range changes {
		kind, reason := protocolChange(change)
		if kind == "" {
			continue
		}
		if known++; known == 1 {
			w.line = append(w.line, `,"meta":{"changes":[`...)
		} else {
			w.line = append(w.line, ',')
		}
		w.line = append(w.line, `{"field":`...)
		w.line = jsonsafe.AppendString(w.line, change.Column)
		w.line = append(w.line, `,"change":`...)
		w.line = jsonsafe.AppendString(w.line, string(kind))
		w.line = append(w.line, `,"reason":`...)
		w.line = jsonsafe.AppendString(w.line, string(reason))
		w.line = append(w.line, '}')
	}
	if known > 0 {
		w.line = append(w.line, "]}"...)
	}
}

// protocolChange returns a change in the terms of the protocol. A changed value that
// is not null counts as truncated. The protocol has no term for a renamed member.
func protocolChange(change record.Change) (record.ChangeKind, record.ChangeReason) {
	switch {
	case change.Kind == record.Renamed:
		return "", ""
	case change.Kind == record.Nulled:
		return record.Nulled, change.Reason
	case change.Reason == record.Secret:
		return record.Truncated, record.Unfit
	default:
		return record.Truncated, change.Reason
	}
}

// State writes a state, which is a JSON object, with the number of records since the
// last one. A state equal to the last one is skipped, but refused if there were
// records in between.
func (w *Writer) State(stream string, state []byte) error {
	w.lines.Lock()
	defer w.lines.Unlock()
	s, err := w.open(stream)
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
	w.line = jsonsafe.AppendString(w.line, stream)
	w.line = append(w.line, `},"stream_state":`...)
	if w.line, err = jsonsafe.AppendObject(w.line, state); err != nil {
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

// Status writes the start or the end of a rate limit. A limit that moves by less
// than a second is not written again. The first record after the limit also writes
// its end.
func (w *Writer) Status(stream string, status record.Status) error {
	w.lines.Lock()
	defer w.lines.Unlock()
	s, err := w.open(stream)
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

// status writes a stream status. The caller holds the lock.
func (w *Writer) status(stream, status string, limitedUntil time.Time) error {
	w.line = append(w.line[:0], `{"type":"TRACE","trace":{"type":"STREAM_STATUS","emitted_at":`...)
	w.line = strconv.AppendInt(w.line, w.emittedAt(), 10)
	w.line = append(w.line, `,"stream_status":{"stream_descriptor":{"name":`...)
	w.line = jsonsafe.AppendString(w.line, stream)
	w.line = append(w.line, `},"status":`...)
	w.line = jsonsafe.AppendString(w.line, status)
	if !limitedUntil.IsZero() {
		w.line = append(w.line, `,"reasons":[{"type":"RATE_LIMITED","rate_limited":{"quota_reset":`...)
		w.line = strconv.AppendInt(w.line, limitedUntil.UnixMilli(), 10)
		w.line = append(w.line, `}}]`...)
	}
	w.line = append(w.line, `}}}`...)
	return w.write(urgent)
}

// End ends a stream. A complete stream (nil) needs a state after its last record. A
// failure is written before the status. A failed stream need not have begun.
func (w *Writer) End(stream string, failure *record.Failure) error {
	w.lines.Lock()
	defer w.lines.Unlock()
	if err := w.lines.Err(); err != nil {
		return err
	}
	if !w.streams.Begun(stream) && failure != nil {
		if err := w.streams.Begin(stream, &streamState{}); err != nil {
			return err
		}
		if err := w.status(stream, "STARTED", time.Time{}); err != nil {
			return err
		}
	}
	s, err := w.streams.End(stream, failure != nil)
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
		return fmt.Errorf("ending stream %s: no state covers its last records", stream)
	}
	return w.status(stream, "COMPLETE", time.Time{})
}

// Error writes the failure of the whole command.
func (w *Writer) Error(failure record.Failure) error {
	w.lines.Lock()
	defer w.lines.Unlock()
	return w.trace("", failure)
}

// Platforms cut texts at these numbers of characters. We cut at the same numbers of
// bytes, which is shorter.
const (
	maxMessage = 50_000
	maxTrace   = 100_000
)

// trace writes a failure. The caller holds the lock.
func (w *Writer) trace(stream string, failure record.Failure) error {
	w.line = append(w.line[:0], `{"type":"TRACE","trace":{"type":"ERROR","emitted_at":`...)
	w.line = strconv.AppendInt(w.line, w.emittedAt(), 10)
	w.line = append(w.line, `,"error":{"message":`...)
	w.line = jsonsafe.AppendString(w.line, cut(failure.Message, maxMessage))
	if failure.Internal != "" {
		w.line = append(w.line, `,"internal_message":`...)
		w.line = jsonsafe.AppendString(w.line, cut(failure.Internal, maxMessage))
	}
	if failure.Stack != "" {
		w.line = append(w.line, `,"stack_trace":`...)
		w.line = jsonsafe.AppendString(w.line, cut(failure.Stack, maxTrace))
	}
	w.line = append(w.line, `,"failure_type":`...)
	w.line = jsonsafe.AppendString(w.line, string(failure.Type))
	if stream != "" {
		w.line = append(w.line, `,"stream_descriptor":{"name":`...)
		w.line = jsonsafe.AppendString(w.line, stream)
		w.line = append(w.line, '}')
	}
	w.line = append(w.line, `}}}`...)
	return w.write(urgent)
}

func cut(text string, limit int) string {
	if len(text) <= limit {
		return text
	}
	// Invalid UTF-8 may have no start of a character nearby.
	for at := limit; at > limit-utf8.UTFMax; at-- {
		if utf8.RuneStart(text[at]) {
			return text[:at]
		}
	}
	return text[:limit]
}

// log writes a log line with a level of the protocol.
func (w *Writer) log(level slog.Level, message string) error {
	w.lines.Lock()
	defer w.lines.Unlock()
	w.line = append(w.line[:0], `{"type":"LOG","log":{"level":"`...)
	w.line = append(w.line, wire.Level(level).String()...)
	w.line = append(w.line, `","message":`...)
	w.line = jsonsafe.AppendString(w.line, cut(message, maxMessage))
	w.line = append(w.line, `}}`...)
	return w.write(level >= slog.LevelWarn)
}
