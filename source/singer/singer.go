// Package singer speaks the Singer protocol as Meltano's SDK understands it:
// a [Writer] is a sink that writes messages, one JSON object per line, and the
// parsers read catalogs and states. It knows nothing of Qualtrics.
package singer

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"github.com/birdie-ai/source-qualtrics/source/record"
	"github.com/birdie-ai/source-qualtrics/source/wire"
)

// Options say how a [Writer] writes.
type Options struct {
	Now func() time.Time
	// State is what the run was given: the bookmarks of streams that are not
	// read stay in every state, for a platform replaces the one it has.
	State State
	// Selected reports whether a column is wanted; nil: all of them are.
	Selected func(stream, column string) bool
	// NestedAsText writes objects and arrays as JSON text.
	NestedAsText bool
	// DeletedColumn adds _sdc_deleted_at to streams that know of deletions.
	DeletedColumn bool
	// Versions holds the version of streams that are read in full: their
	// records carry it, and a complete one activates it. It is a number of
	// seconds, which fits 32 bits until 2038 (targets store it so).
	Versions map[string]int64
	// Batching has records written into files; nil: they are messages.
	Batching *Batching
	// Failed is told why a stream is not complete.
	Failed func(stream string, failure record.Failure)
	// Measured takes measurements; nil: nobody does.
	Measured func(Metric)
}

// Writer writes messages. It is safe for concurrent use.
type Writer struct {
	lines   *wire.Lines
	options Options
	streams wire.Streams[output]
	order   []*output
	turn    *output // the stream whose records are being written
	state   State
	line    []byte
	last    []byte // the last state
	stated  bool   // it is the last message
	silent  bool   // nothing was written so far

	second    int64 // that extracted is of
	extracted []byte
}

// output is one stream.
type output struct {
	info    record.Info // with the columns that are written
	rows    *record.Checker
	version int64
	begun   time.Time
	counted time.Time // when records were measured last
	records int64     // since then
	held    []byte    // lines that wait for their turn
	file    BatchFile // nil: none was begun
}

// deletedAt is the column that says when a row was found deleted, and
// sdcDeletedAt the one that targets act on.
const (
	deletedAt    = "deleted_at"
	sdcDeletedAt = "_sdc_deleted_at"
)

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

// written reports whether a column belongs into Singer's output: names that
// begin with an underscore are those of other protocols.
func written(name string) bool { return !strings.HasPrefix(name, "_") }

// Begin writes the schema of a stream.
func (w *Writer) Begin(info record.Info) error {
	w.lines.Lock()
	defer w.lines.Unlock()
	s := &output{info: info, rows: record.NewChecker(info), version: w.options.Versions[info.Stream], begun: w.options.Now(), counted: w.options.Now()}
	if err := w.streams.Begin(info.Stream, s); err != nil {
		return err
	}
	picks := w.picks(info)
	names := make([]string, 0, len(picks))
	for _, pick := range picks {
		names = append(names, pick.Name)
	}
	s.info.Table = info.Table.View(picks)
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

// picks are the columns of a stream that are written. Those of the key and the
// cursor cannot be left out.
func (w *Writer) picks(info record.Info) (picks []record.Pick) {
	wanted := func(name string) bool {
		return slices.Contains(info.Key, name) || name == info.Cursor || w.options.Selected == nil || w.options.Selected(info.Stream, name)
	}
	for i, c := range info.Table.Columns {
		if !written(c.Name) {
			continue
		}
		if wanted(c.Name) {
			picks = append(picks, record.Pick{Column: i, Name: c.Name, Text: w.options.NestedAsText})
		}
		if c.Name == deletedAt && w.options.DeletedColumn && wanted(sdcDeletedAt) {
			picks = append(picks, record.Pick{Column: i, Name: sdcDeletedAt})
		}
	}
	return picks
}

// write sends one message. The lock is held.
func (w *Writer) write(line []byte, urgent bool) error {
	w.stated, w.silent = false, false
	return w.lines.Write(line, urgent)
}

// State writes the states of all streams, of which one is new. What was said
// last is not repeated.
func (w *Writer) State(stream string, state []byte) error {
	w.lines.Lock()
	defer w.lines.Unlock()
	s, err := w.streams.Open(stream)
	if err != nil {
		return err
	}
	if err := w.settle(s); err != nil {
		return err
	}
	w.state.Bookmarks[stream] = bytes.Clone(state)
	if s.version != 0 {
		// A run that goes on after this one has to go on with the version.
		if w.state.Bookmarks[stream], err = withVersion(state, s.version); err != nil {
			return fmt.Errorf("writing the state of %s: %w", stream, err)
		}
	}
	return w.sendState(false)
}

// sendState writes the state unless it was the last one.
func (w *Writer) sendState(again bool) error {
	value, err := w.state.encode()
	if err != nil {
		return err
	}
	if bytes.Equal(value, w.last) && !again {
		return nil
	}
	w.last = value
	line := append(append([]byte(`{"type":"STATE","value":`), value...), '}')
	if err := w.write(record.CleanJSON(line), true); err != nil {
		return err
	}
	w.stated = true
	return nil
}

// Status is no news to Singer.
func (*Writer) Status(string, record.Status) error { return nil }

// End closes a stream. A stream that was read in full activates its version,
// so that the target drops what is not part of it; that is not for streams
// that are not complete.
func (w *Writer) End(stream string, failure *record.Failure) error {
	w.lines.Lock()
	defer w.lines.Unlock()
	if failure != nil {
		defer w.options.Failed(stream, *failure) // the last line of a log is taken for the reason
	}
	if !w.streams.Begun(stream) {
		return nil
	}
	s, err := w.streams.End(stream)
	if err != nil {
		return err
	}
	if err := w.settle(s); err != nil {
		return err
	}
	if w.turn == s {
		w.turn = nil
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

// measure tells how many records came since the last time.
func (w *Writer) measure(s *output) {
	w.options.Measured(Metric{Type: "counter", Name: "record_count", Value: s.records, Tags: map[string]string{"stream": s.info.Stream}})
	s.records, s.counted = 0, w.options.Now()
}

// Close writes what is left, but for files that no state asked for. The last
// message is a state: there are targets that forget one which any other message
// follows.
func (w *Writer) Close() error {
	w.lines.Lock()
	defer w.lines.Unlock()
	err := w.rest()
	if closeErr := w.lines.Close(); err == nil {
		err = closeErr
	}
	return errors.Join(w.discard(), err)
}

func (w *Writer) rest() error {
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

// encode writes JSON without what only HTML needs.
func encode(value any) ([]byte, error) {
	var out bytes.Buffer
	encoder := json.NewEncoder(&out)
	encoder.SetEscapeHTML(false)
	if err := encoder.Encode(value); err != nil {
		return nil, fmt.Errorf("writing a message: %w", err)
	}
	return bytes.TrimSuffix(out.Bytes(), []byte("\n")), nil
}
