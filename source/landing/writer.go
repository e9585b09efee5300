package landing

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"

	"github.com/birdie-ai/source-qualtrics/source/record"
)

// Writer writes one run. Its methods are not safe for concurrent use. The first
// error sticks: every later call returns it, and what the run wrote since the
// last manifest does not count.
type Writer struct {
	options  Options
	lock     io.Closer
	manifest Manifest
	streams  map[string]*output
	err      error
	closed   bool
}

// output is a stream that is being written.
type output struct {
	info    record.Info
	entry   *ManifestStream
	part    *part  // nil between data files
	parts   int    // data files so far, complete or not
	pending []byte // state that covers no more than the rows so far; nil when it is stored
	ended   bool
}

var (
	errClosed = errors.New("the writer is closed")
	// errPanicked is the error of a call that did not return: what it left
	// behind is not to be trusted, so Close may not make it count.
	errPanicked = errors.New("a call before panicked")
)

func newWriter(o Options, held io.Closer) *Writer {
	return &Writer{
		options: o,
		lock:    held,
		streams: make(map[string]*output),
		manifest: Manifest{
			Version: manifestVersion, Run: o.Run, Connector: o.Version, Format: o.Format,
			StartedAt: o.Now().UTC(), Streams: []*ManifestStream{},
		},
	}
}

// Begin announces a stream, before anything else of it. The manifest exists
// from the first one on.
func (w *Writer) Begin(info record.Info) error {
	if err := w.usable(); err != nil {
		return err
	}
	return w.attempt(func() error { return w.begin(info) })
}

func (w *Writer) begin(info record.Info) error {
	switch {
	case !streamPattern.MatchString(info.Stream):
		return fmt.Errorf("beginning a stream: the name %.80q is not of the form [a-z][a-z0-9_]*", info.Stream)
	case w.streams[info.Stream] != nil:
		return fmt.Errorf("beginning stream %s: it has begun before", info.Stream)
	case info.Table == nil || !json.Valid(info.Schema):
		return fmt.Errorf("beginning stream %s: it has no table or no schema", info.Stream)
	}
	for _, name := range append(slices.Clone(info.Key), info.Cursor) {
		if name != "" && !info.Table.Has(name) {
			return fmt.Errorf("beginning stream %s: it has no column %q", info.Stream, name)
		}
	}
	if err := replace(w.options.FS, schemaDir, info.Stream+".json", info.Schema); err != nil {
		return fmt.Errorf("writing the schema of stream %s: %w", info.Stream, err)
	}
	sum := sha256.Sum256(info.Schema)
	entry := &ManifestStream{
		Name: info.Stream, Result: Running, Key: append([]string{}, info.Key...), Cursor: info.Cursor,
		Schema: hex.EncodeToString(sum[:]), Files: []ManifestFile{},
	}
	w.streams[info.Stream] = &output{info: info, entry: entry}
	w.manifest.Streams = append(w.manifest.Streams, entry)
	return w.writeManifest()
}

// Record takes a row; it keeps nothing of it that can change.
func (w *Writer) Record(stream string, row record.Row) error {
	out, err := w.open(stream)
	if err != nil {
		return err
	}
	w.err = errPanicked
	if w.err = w.record(out, row); w.err != nil {
		w.err = fmt.Errorf("writing a record of stream %s: %w", stream, w.err)
	}
	return w.err
}

func (w *Writer) record(out *output, row record.Row) error {
	if row.Table() == nil {
		return record.ErrNoRow
	}
	if row.Table() != out.info.Table && !slices.Equal(row.Table().Columns, out.info.Table.Columns) {
		return errors.New("the row has other columns than the stream")
	}
	if out.part == nil {
		part, err := w.beginPart(out)
		if err != nil {
			return err
		}
		out.part = part
		out.parts++
	}
	if err := out.part.write(row); err != nil {
		return err
	}
	if out.part.raw >= w.options.RotateBytes || out.part.rows >= w.options.RotateRows {
		return w.commit(out)
	}
	return nil
}

// beginPart begins the next data file of a stream.
func (w *Writer) beginPart(out *output) (*part, error) {
	stream := out.info.Stream
	dir := stream + "/" + runPrefix + w.options.Run
	if err := makeDir(w.options.FS, ".", stream); err != nil {
		return nil, err
	}
	if err := makeDir(w.options.FS, stream, dir); err != nil {
		return nil, err
	}
	return newPart(&w.options, out.info, dir, fmt.Sprintf("%s/part-%05d%s", dir, out.parts, w.options.Format.extension()))
}

// Status is accepted: files have no place for what passes.
func (w *Writer) Status(stream string, _ record.Status) error {
	_, err := w.open(stream)
	return err
}

// End closes a stream; a nil failure means that it is complete. Its rows, the
// result and its last state are durable when End returns.
func (w *Writer) End(stream string, failure *record.Failure) error {
	out, err := w.open(stream)
	if err != nil {
		return err
	}
	out.entry.Result = Complete
	if failure != nil {
		out.entry.Result = Incomplete
		out.entry.Failure = &ManifestFailure{Type: failure.Type, Message: failure.Message}
	}
	out.ended = true
	return w.attempt(func() error {
		if err := w.endPart(out); err != nil {
			return err
		}
		if err := w.writeManifest(); err != nil {
			return err
		}
		return w.storeState(out)
	})
}

// Close ends the run and gives the folder free. Streams without an End keep
// their rows and states and stay incomplete. After an error Close only cleans
// up and returns that error.
func (w *Writer) Close() error {
	if w.closed {
		return nil
	}
	w.closed = true
	err := w.err
	if err == nil {
		err = w.finish()
	}
	for _, entry := range w.manifest.Streams {
		out := w.streams[entry.Name]
		if out.part != nil {
			err = errors.Join(err, out.part.discard())
			out.part = nil
		}
	}
	return errors.Join(err, w.lock.Close(), w.options.FS.Close())
}

func (w *Writer) finish() error {
	if len(w.manifest.Streams) == 0 {
		return nil
	}
	for _, entry := range w.manifest.Streams {
		out := w.streams[entry.Name]
		if out.ended {
			continue
		}
		entry.Result = Incomplete
		if err := w.commit(out); err != nil {
			return err
		}
	}
	now := w.options.Now().UTC()
	w.manifest.FinishedAt = &now
	return w.writeManifest()
}

// commit makes a stream's rows durable and then stores the state that covers
// them.
func (w *Writer) commit(out *output) error {
	if out.part != nil {
		if err := w.endPart(out); err != nil {
			return err
		}
		if err := w.writeManifest(); err != nil {
			return err
		}
	}
	return w.storeState(out)
}

// endPart completes the data file and notes it for the manifest.
func (w *Writer) endPart(out *output) error {
	if out.part == nil {
		return nil
	}
	file, err := out.part.finish()
	if err != nil {
		return fmt.Errorf("writing a data file of stream %s: %w", out.info.Stream, err)
	}
	out.part = nil
	out.entry.Rows += file.Rows
	out.entry.Files = append(out.entry.Files, file)
	return nil
}

func (w *Writer) writeManifest() error {
	w.manifest.UpdatedAt = w.options.Now().UTC()
	return w.manifest.write(w.options.FS, w.options.Mask)
}

func (w *Writer) usable() error {
	if w.closed {
		return errClosed
	}
	return w.err
}

// open finds a stream between its Begin and its End.
func (w *Writer) open(stream string) (*output, error) {
	if err := w.usable(); err != nil {
		return nil, err
	}
	out := w.streams[stream]
	if out == nil || out.ended {
		return nil, w.stick(fmt.Errorf("writing stream %.80q: it has not begun or has ended", stream))
	}
	return out, nil
}

// attempt does the work of a call; its error, or its panic, sticks.
func (w *Writer) attempt(do func() error) error {
	w.err = errPanicked
	w.err = do()
	return w.err
}

func (w *Writer) stick(err error) error {
	if w.err == nil {
		w.err = err
	}
	return err
}
