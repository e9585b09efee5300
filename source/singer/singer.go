// Package singer implements the Singer protocol by the rules of Meltano's SDK. A
// [Writer] is a sink that writes messages, one JSON object per line. The parsers
// read catalogs and states. The package knows nothing of Qualtrics.
package singer

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"time"

	"github.com/birdie-ai/source-qualtrics/source/jsonsafe"
	"github.com/birdie-ai/source-qualtrics/source/record"
	"github.com/birdie-ai/source-qualtrics/source/wire"
)

// Options configure a [Writer].
type Options struct {
	Now func() time.Time
	// State is the state before the run. Bookmarks of streams that are not read
	// stay in every state, because a platform replaces its whole state.
	State State
	// Selected reports whether a column is selected; nil: all columns.
	Selected func(stream, column string) bool
	// NestedAsText writes objects and arrays as JSON text.
	NestedAsText bool
	// DeletedColumn adds _sdc_deleted_at to streams with the time of deletions.
	DeletedColumn bool
	// Versions holds the version of each stream that is read in full. Its records
	// have the version, and its complete end activates it. A version is a time
	// in seconds, because some targets store 32 bits (enough until 2038).
	Versions map[string]int64
	// Batching writes records into files; nil: into messages.
	Batching *Batching
	// Failed is called with the failure of an incomplete stream.
	Failed func(stream string, failure record.Failure)
	// Measured is called with measurements; nil: they are dropped.
	Measured func(Metric)
}

// Writer writes messages. It is safe for concurrent use.
type Writer struct {
	lines   *wire.Lines
	options Options
	streams record.Streams[output]
	order   []*output
	current *output // the stream whose records are written now
	state   State
	line    []byte
	last    []byte // the last state message
	next    []byte // its buffer for the next one
	stated  bool   // the last message is a state
	silent  bool   // no message was written so far
	broken  error  // the first error of a file

	second    int64 // Unix time of extracted
	extracted []byte
}

// output is a stream of the run.
type output struct {
	info    record.Info // with the written columns only
	rows    *record.Checker
	version int64
	// outdated is set if the state before the run has another version.
	outdated bool
	begun    time.Time
	counted  time.Time // time of the last measurement of records
	records  int64     // number of records since then
	held     []byte    // messages that are held back
	file     BatchFile // nil: no file was begun
	full     bool      // the file has reached its size
	parents  *record.Parents
}

// sdcDeletedAt is the column by which targets delete rows.
const sdcDeletedAt = "_sdc_deleted_at"

// NewWriter returns a writer of messages to w.
func NewWriter(w io.Writer, options Options) *Writer {
	state := options.State.clone()
	if options.Failed == nil {
		options.Failed = func(string, record.Failure) {}
	}
	if options.Measured == nil {
		options.Measured = func(Metric) {}
	}
	return &Writer{lines: wire.New(w), options: options, state: state, silent: true}
}

// written reports whether a column is written. A column of a protocol is not: that of
// Singer is in no table, because the writer adds it.
func written(column record.Column) bool { return column.Protocol == "" }

// Begin writes the schema of a stream.
func (w *Writer) Begin(info record.Info) error {
	w.lines.Lock()
	defer w.lines.Unlock()
	if err := errors.Join(w.usable(), info.Check()); err != nil {
		return err
	}
	s := &output{info: info, rows: record.NewChecker(info), version: w.options.Versions[info.Stream], begun: w.options.Now(), counted: w.options.Now()}
	s.outdated = w.options.State.Version(info.Stream) != s.version
	if err := w.streams.Begin(info.Stream, s); err != nil {
		return err
	}
	picks := w.picks(info)
	names := make([]string, 0, len(picks))
	for _, pick := range picks {
		names = append(names, pick.Name)
	}
	s.info.Table = info.Table.View(picks)
	s.parents = record.NewParents(s.info)
	schema, err := recordSchema(info, names, w.options.NestedAsText)
	if err != nil {
		return err
	}
	message := struct {
		Type      string          `json:"type"`
		Stream    string          `json:"stream"`
		Schema    json.RawMessage `json:"schema"`
		Keys      []string        `json:"key_properties"`
		Bookmarks []string        `json:"bookmark_properties,omitempty"`
	}{"SCHEMA", info.Stream, schema, info.Key, nil}
	if info.Cursor != "" {
		message.Bookmarks = []string{info.Cursor}
	}
	encoded, err := encode(message)
	if err != nil {
		return err
	}
	w.order = append(w.order, s)
	return w.write(encoded, true)
}

// picks returns the written columns of a stream. Those that destinations need are always
// written.
func (w *Writer) picks(info record.Info) (picks []record.Pick) {
	fixed := info.Fixed()
	wanted := func(name string) bool {
		return slices.Contains(fixed, name) || w.options.Selected == nil || w.options.Selected(info.Stream, name)
	}
	for i, c := range info.Table.Columns {
		if !written(c) {
			continue
		}
		if wanted(c.Name) {
			picks = append(picks, record.Pick{Column: i, Name: c.Name, Text: w.options.NestedAsText})
		}
		if c.Deletion && w.options.DeletedColumn && wanted(sdcDeletedAt) {
			picks = append(picks, record.Pick{Column: i, Name: sdcDeletedAt})
		}
	}
	return picks
}

// write writes a message. The caller holds the lock.
func (w *Writer) write(line []byte, urgent bool) error {
	w.stated, w.silent = false, false
	return w.lines.Write(line, urgent)
}

// State writes a message with the states of all streams, of which one is new. It
// skips a message equal to the last state.
func (w *Writer) State(stream string, state []byte) error {
	w.lines.Lock()
	defer w.lines.Unlock()
	s, err := w.open(stream)
	if err != nil {
		return err
	}
	if err := record.CheckState(state); err != nil {
		return fmt.Errorf("writing the state of %s: %w", stream, err)
	}
	if err := w.flush(s); err != nil {
		return err
	}
	w.state.Bookmarks[stream] = compact(w.state.Bookmarks[stream][:0], state)
	if s.version != 0 || s.outdated {
		// If this run is interrupted, the next one continues with the version.
		if w.state.Bookmarks[stream], err = withVersion(state, s.version); err != nil {
			return fmt.Errorf("writing the state of %s: %w", stream, err)
		}
	}
	return w.sendState(false)
}

// sendState writes the state unless it equals the last one and again is false.
func (w *Writer) sendState(again bool) error {
	w.next = append(w.state.appendValue(append(w.next[:0], `{"type":"STATE","value":`...)), '}')
	if bytes.Equal(w.next, w.last) && !again {
		return nil
	}
	w.last, w.next = w.next, w.last
	if err := w.write(jsonsafe.Clean(w.last, false), true); err != nil {
		return err
	}
	w.stated = true
	return nil
}

// Status writes nothing, because Singer has no message for it.
func (w *Writer) Status(stream string, _ record.Status) error {
	w.lines.Lock()
	defer w.lines.Unlock()
	_, err := w.open(stream)
	return err
}

// usable returns the first error of a file or a message. The caller holds the lock.
func (w *Writer) usable() error {
	if w.broken != nil {
		return w.broken
	}
	return w.lines.Err()
}

// open returns a stream between its Begin and its End. The caller holds the lock.
func (w *Writer) open(stream string) (*output, error) {
	if err := w.usable(); err != nil {
		return nil, err
	}
	return w.streams.Open(stream)
}

// End ends a stream. A complete stream that was read in full activates its version,
// so that the target deletes rows of older versions.
func (w *Writer) End(stream string, failure *record.Failure) error {
	w.lines.Lock()
	defer w.lines.Unlock()
	if failure != nil {
		defer w.options.Failed(stream, *failure) // platforms show the last line of the log as the reason
	}
	if err := w.usable(); err != nil {
		return err
	}
	s, err := w.streams.End(stream, failure != nil)
	if err != nil {
		return err
	}
	if err := w.flush(s); err != nil {
		return err
	}
	if w.current == s {
		w.current = nil
	}
	w.measure(s)
	status := "succeeded"
	if failure != nil {
		status = "failed"
	}
	w.options.Measured(Metric{Type: "timer", Name: "sync_duration", Value: w.options.Now().Sub(s.begun).Seconds(), Tags: map[string]string{"stream": stream, "status": status}})
	if failure != nil || s.version == 0 {
		return nil
	}
	line := fmt.Appendf(nil, `{"type":"ACTIVATE_VERSION","stream":"%s","version":%d}`, stream, s.version)
	if err := w.write(line, true); err != nil {
		return err
	}
	state, err := withVersion(w.state.Bookmarks[stream], 0)
	if err != nil {
		return fmt.Errorf("ending stream %s: %w", stream, err)
	}
	w.state.Bookmarks[stream] = state
	return w.sendState(false)
}

// measure reports the number of records since the last measurement.
func (w *Writer) measure(s *output) {
	w.options.Measured(Metric{Type: "counter", Name: "record_count", Value: s.records, Tags: map[string]string{"stream": s.info.Stream}})
	s.records, s.counted = 0, w.options.Now()
}

// Close writes the held records, and discards files that no state covers. It returns
// the first error of an earlier call that ended the output. The last message is a
// state, because some targets ignore a state that another message
// follows.
func (w *Writer) Close() error {
	w.lines.Lock()
	defer w.lines.Unlock()
	err := w.flushAll()
	if closeErr := w.lines.Close(); err == nil {
		err = closeErr
	}
	return errors.Join(w.broken, w.discard(), err)
}

func (w *Writer) flushAll() error {
	for _, s := range w.order {
		if err := w.release(s); err != nil {
			return err
		}
	}
	if w.stated || w.silent {
		return nil
	}
	return w.sendState(true)
}

// encode returns JSON without escapes for HTML.
func encode(value any) ([]byte, error) {
	var out bytes.Buffer
	encoder := json.NewEncoder(&out)
	encoder.SetEscapeHTML(false)
	if err := encoder.Encode(value); err != nil {
		return nil, fmt.Errorf("writing a message: %w", err)
	}
	return bytes.TrimSuffix(out.Bytes(), []byte("\n")), nil
}
