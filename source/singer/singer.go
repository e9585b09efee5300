// Package singer speaks the Singer protocol as Meltano's SDK understands it:
// a [Writer] is a sink that writes messages, one JSON object per line, and the
// parsers read catalogs and states. It knows nothing of Qualtrics.
package singer

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"slices"
	"strconv"
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
	name    string
	rows    *record.Checker
	view    *record.Table // the columns that are written
	version int64
	begun   time.Time
	counted time.Time // when records were measured last
	records int64     // since then
	held    []byte    // lines that wait for their turn
}

// heldBytes is how much of a stream waits for its turn, at most.
const heldBytes = 4 << 20

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
	s := &output{name: info.Stream, rows: record.NewChecker(info), version: w.options.Versions[info.Stream], begun: w.options.Now(), counted: w.options.Now()}
	if err := w.streams.Begin(info.Stream, s); err != nil {
		return err
	}
	picks := w.picks(info)
	names := make([]string, 0, len(picks))
	for _, pick := range picks {
		names = append(names, pick.Name)
	}
	s.view = info.Table.View(picks)
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
	for i, c := range info.Table.Columns {
		if !written(c.Name) {
			continue
		}
		always := slices.Contains(info.Key, c.Name) || c.Name == info.Cursor
		if always || w.options.Selected == nil || w.options.Selected(info.Stream, c.Name) {
			picks = append(picks, record.Pick{Column: i, Name: c.Name, Text: w.options.NestedAsText})
		}
		if c.Name == deletedAt && w.options.DeletedColumn {
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
	if row, err = row.As(s.view); err != nil {
		return err
	}
	line, err := w.recordLine(s, row)
	if err != nil {
		return fmt.Errorf("writing a record of %s: %w", stream, err)
	}
	if err := w.inTurn(s, line); err != nil {
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
	line = append(line, s.name...)
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

// inTurn writes the line of a record, or keeps it until its stream has its turn:
// when a state of it follows, when enough waits, or at its end.
func (w *Writer) inTurn(s *output, line []byte) error {
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

// State writes the states of all streams, of which one is new. What was said
// last is not repeated.
func (w *Writer) State(stream string, state []byte) error {
	w.lines.Lock()
	defer w.lines.Unlock()
	s, err := w.streams.Open(stream)
	if err != nil {
		return err
	}
	if err := w.release(s); err != nil {
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
		w.options.Failed(stream, *failure)
	}
	if !w.streams.Begun(stream) {
		return nil
	}
	s, err := w.streams.End(stream)
	if err != nil {
		return err
	}
	if err := w.release(s); err != nil {
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
	w.options.Measured(Metric{Type: "counter", Name: "record_count", Value: s.records, Tags: map[string]string{"stream": s.name}})
	s.records, s.counted = 0, w.options.Now()
}

// Close writes what is left. The last message is a state: there are targets
// that forget one which any other message follows.
func (w *Writer) Close() error {
	w.lines.Lock()
	defer w.lines.Unlock()
	for _, s := range w.order {
		if err := w.release(s); err != nil {
			return err
		}
	}
	if !w.stated && !w.silent {
		if err := w.sendState(true); err != nil {
			return err
		}
	}
	return w.lines.Close()
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

// Metric is a measurement as Meltano renders it.
type Metric struct {
	Type  string            `json:"type"` // counter or timer
	Name  string            `json:"metric"`
	Value any               `json:"value"`
	Tags  map[string]string `json:"tags"`
}

// State is what a tap was given: bookmarks by stream, and whatever else.
type State struct {
	Bookmarks map[string]json.RawMessage
	other     map[string]json.RawMessage
}

func (s State) clone() State {
	made := State{Bookmarks: maps.Clone(s.Bookmarks), other: s.other}
	if made.Bookmarks == nil {
		made.Bookmarks = make(map[string]json.RawMessage)
	}
	return made
}
