package landing

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"strings"

	"github.com/birdie-ai/source-qualtrics/source/record"
)

// Writer writes one run. Its methods are not safe for concurrent use. After the
// first error every call returns it, and files since the last manifest are not
// valid.
type Writer struct {
	options  Options
	lock     io.Closer
	manifest Manifest
	streams  record.Streams[output]
	order    []*output
	err      error
	closed   bool
}

// output is a stream of the run.
type output struct {
	info    record.Info
	rows    *record.Checker
	parents *record.Parents
	entry   *ManifestStream
	part    *part  // nil between data files
	parts   int    // number of data files so far, complete or not
	pending []byte // state to store, which covers rows so far only; nil: none
}

var (
	errClosed = errors.New("the writer is closed")
	// errPanicked is the error after a call that panicked. Close must not list
	// its files, because they may be wrong.
	errPanicked = errors.New("an earlier call panicked")
)

func newWriter(o Options, held io.Closer) *Writer {
	return &Writer{
		options: o,
		lock:    held,
		manifest: Manifest{
			Version: manifestVersion, Run: o.Run, Connector: o.Version, Format: o.Format,
			StartedAt: o.Now().UTC(), Streams: []*ManifestStream{},
		},
	}
}

// Run returns the run id in the names of its folders. It is Options.Run, with a
// suffix such as -2 if the folder had that run.
func (w *Writer) Run() string { return w.options.Run }

// Begin begins a stream. The first Begin writes the manifest.
func (w *Writer) Begin(info record.Info) error {
	if err := w.usable(); err != nil {
		return err
	}
	return w.attempt(func() error { return w.begin(info) })
}

func (w *Writer) begin(info record.Info) error {
	if err := info.Check(); err != nil {
		return err
	}
	out := &output{info: info, rows: record.NewChecker(info), parents: record.NewParents(info)}
	if err := w.streams.Begin(info.Stream, out); err != nil {
		return err
	}
	if err := replace(w.options.FS, schemaDir, info.Stream+".json", info.Schema); err != nil {
		return fmt.Errorf("writing the schema of stream %s: %w", info.Stream, err)
	}
	sum := sha256.Sum256(info.Schema)
	out.entry = &ManifestStream{
		Name: info.Stream, Result: Running, Key: append([]string{}, info.Key...), Cursor: info.Cursor,
		Parent: info.Parent, ParentVersion: info.Version, Schema: hex.EncodeToString(sum[:]), Files: []ManifestFile{},
	}
	w.order = append(w.order, out)
	w.manifest.Streams = append(w.manifest.Streams, out.entry)
	return w.writeManifest()
}

// Holds returns the limits on values in the data files.
func (w *Writer) Holds() record.Format { return w.options.Format.Holds() }

// Record writes a row. It keeps no reference to its cells.
func (w *Writer) Record(stream string, row record.Row) error {
	out, err := w.open(stream)
	if err != nil {
		return err
	}
	return w.attempt(func() error {
		if err := out.rows.Check(row); err != nil {
			return err
		}
		if err := w.record(out, row); err != nil {
			return fmt.Errorf("writing a record of %s: %w", stream, err)
		}
		return nil
	})
}

// record writes a row. A full data file ends before the next parent, because a reader of
// listed files takes the newest version of a parent for whole.
func (w *Writer) record(out *output, row record.Row) error {
	if out.parents.Begins(row) && w.full(out.part) {
		if err := w.commit(out); err != nil {
			return err
		}
	}
	if out.part == nil {
		if err := w.startPart(out); err != nil {
			return err
		}
	}
	if err := out.part.write(row); err != nil {
		return err
	}
	if w.full(out.part) && !out.parents.Any() {
		return w.commit(out)
	}
	return nil
}

// full reports whether a data file has reached its size.
func (w *Writer) full(p *part) bool {
	return p != nil && (p.raw >= w.options.RotateBytes || p.rows >= w.options.RotateRows)
}

// ensureFile begins a data file without rows if no run wrote a data file of the
// stream. A query over the stream's folder then finds the columns instead of
// failing.
func (w *Writer) ensureFile(out *output) error {
	if out.part != nil || len(out.entry.Files) > 0 {
		return nil
	}
	exists, err := hasData(w.options.FS, out.info.Stream, w.options.Format)
	if err != nil || exists {
		return err
	}
	return w.startPart(out)
}

// hasData reports whether the folder has a data file of a stream.
func hasData(folder FS, stream string, format Format) (bool, error) {
	runs, err := folder.ReadDir(stream)
	if errors.Is(err, fs.ErrNotExist) {
		return false, nil
	}
	if err != nil {
		return false, err
	}
	for _, run := range runs {
		if !run.IsDir() || !strings.HasPrefix(run.Name(), runPrefix) {
			continue
		}
		files, err := folder.ReadDir(stream + "/" + run.Name())
		if err != nil {
			return false, err
		}
		for _, file := range files {
			if file.Type().IsRegular() && partPattern.MatchString(file.Name()) && strings.HasSuffix(file.Name(), format.extension()) {
				return true, nil
			}
		}
	}
	return false, nil
}

// startPart begins the next data file of a stream.
func (w *Writer) startPart(out *output) error {
	stream := out.info.Stream
	dir := stream + "/" + runPrefix + w.options.Run
	if err := makeDir(w.options.FS, ".", stream); err != nil {
		return err
	}
	if err := makeDir(w.options.FS, stream, dir); err != nil {
		return err
	}
	part, err := newPart(&w.options, out.info, dir, fmt.Sprintf("%s/part-%05d%s", dir, out.parts, w.options.Format.extension()))
	if err != nil {
		return err
	}
	out.part = part
	out.parts++
	return nil
}

// Status ignores the status, because files have no place for it.
func (w *Writer) Status(stream string, _ record.Status) error {
	_, err := w.open(stream)
	return err
}

// End ends a stream; a nil failure means that it is complete. When End returns, the
// rows, the result and the last state are durable.
func (w *Writer) End(stream string, failure *record.Failure) error {
	out, err := w.open(stream)
	if err == nil {
		_, err = w.streams.End(stream, failure != nil)
	}
	if err != nil {
		return err
	}
	out.entry.Result = Complete
	if failure != nil {
		out.entry.Result = Incomplete
		out.entry.Failure = &ManifestFailure{Type: failure.Type, Message: failure.Message}
	}
	return w.attempt(func() error {
		if err := w.ensureFile(out); err != nil {
			return err
		}
		if err := w.endPart(out); err != nil {
			return err
		}
		if err := w.writeManifest(); err != nil {
			return err
		}
		return w.storeState(out)
	})
}

// Close ends the run and releases the folder. Streams without an End keep their
// rows and states, but are incomplete. After an error Close removes temporary
// files and returns that error.
func (w *Writer) Close() error {
	if w.closed {
		return nil
	}
	w.closed = true
	err := w.err
	if err == nil {
		err = w.finish()
	}
	for _, out := range w.order {
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
	for _, out := range w.order {
		if _, err := w.streams.Open(out.info.Stream); err != nil {
			continue // it has ended
		}
		out.entry.Result = Incomplete
		if err := w.ensureFile(out); err != nil {
			return err
		}
		if err := w.commit(out); err != nil {
			return err
		}
	}
	now := w.options.Now().UTC()
	w.manifest.FinishedAt = &now
	return w.writeManifest()
}

// commit makes the rows of a stream durable and then stores the state that covers
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

// endPart completes the data file and adds it to the manifest.
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

// open returns a stream between its Begin and its End.
func (w *Writer) open(stream string) (*output, error) {
	if err := w.usable(); err != nil {
		return nil, err
	}
	out, err := w.streams.Open(stream)
	if err != nil {
		return nil, w.stick(err)
	}
	return out, nil
}

// attempt runs a call. After an error or a panic every later call fails.
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
