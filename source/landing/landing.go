// Package landing writes records into a folder of Parquet or NDJSON files.
//
//	<stream>/run=<run>/part-00000.parquet   data; or part-00000.ndjson.zst
//	_manifest/<run>.json                    the files of a run, see [Manifest]
//	_schema/<stream>.json                   JSON Schema of a row, the newest
//	_state/<stream>.json                    where the next run goes on
//
// A data file is valid when a manifest names it. Rows become durable in this
// order: the data file is written under a temporary name, synced and renamed;
// the manifest is replaced by one that names it; the state that covers its
// rows replaces the one before. A crash in between leaves at most files that no
// manifest names, which the next run removes, and rows that the state does not
// cover, which the next run delivers again: rows may repeat, never be lost.
// Who reads the folder takes of equal keys the row of the latest run, and in a
// run the last one.
package landing

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"regexp"
	"time"

	"github.com/birdie-ai/source-qualtrics/source/record"
)

// Format is the format of the data files.
type Format string

// The formats.
const (
	// Parquet files have zstd pages and one column per column of the
	// stream: strings UTF8, integers INT64, numbers DOUBLE, booleans
	// BOOLEAN, times TIMESTAMP in microseconds of UTC, objects and arrays
	// JSON text. Only key columns are required.
	Parquet Format = "parquet"
	// NDJSON files hold one JSON object a line, compressed by zstd. Numbers
	// keep their digits.
	NDJSON Format = "ndjson"
	// JSONLines and JSONLinesGzip are the same without compression, and by
	// gzip. They are for [Batches].
	JSONLines     Format = "jsonl"
	JSONLinesGzip Format = "jsonl.gz"
)

func (f Format) extension() string {
	if f == NDJSON {
		return ".ndjson.zst"
	}
	return "." + string(f)
}

// Options says what to write, and where.
type Options struct {
	FS      FS               // the folder, which the writer closes
	Format  Format           // of the data files
	Run     string           // run id, [a-z0-9-]+; a later run has a greater one
	Now     func() time.Time // clock of the manifest and of CommitAfter
	Version string           // of the connector, as manifest and Parquet files state it
	Mask    Masker           // sees all text from outside before a file does; nil: nobody

	// Changed is told of every value that its column in the file cannot hold;
	// nil: nobody.
	Changed func(stream string, change record.Change)

	RotateBytes int64         // largest data file in raw bytes; 0: 128 MiB
	RotateRows  int64         // largest data file in rows; 0: 1,000,000
	CommitBytes int64         // a state ends a data file of so many raw bytes; 0: 8 MiB
	CommitAfter time.Duration // or of that age; 0: 10 minutes
}

// Masker takes out of text what no file may hold. Bytes may return its argument,
// and does not change it.
type Masker interface {
	String(text string) string
	Bytes(text []byte) []byte
}

// unmasked changes nothing.
type unmasked struct{}

func (unmasked) String(text string) string { return text }
func (unmasked) Bytes(text []byte) []byte  { return text }

// Names inside the output folder. Stream names never begin with "_".
const (
	lockName    = "_lock"
	manifestDir = "_manifest"
	schemaDir   = "_schema"
	stateDir    = "_state"
	temporary   = ".tmp"
	runPrefix   = "run="
)

var (
	runPattern    = regexp.MustCompile(`^[a-z0-9-]{1,64}$`)
	streamPattern = regexp.MustCompile(`^[a-z][a-z0-9_]{0,62}$`)
	partPattern   = regexp.MustCompile(`^part-[0-9]{5,}\.(parquet|ndjson\.zst)(\.tmp)?$`)
)

// Open starts a run in a folder. It takes the folder's lock and removes what a
// crashed run left behind. When the folder already knows the run id, the id gets
// a suffix. Open owns o.FS, even when it fails.
//
// The errors: a [LockedError] when another run works in the folder, a manifest
// that cannot be read, and whatever the file system says.
func Open(o Options) (_ *Writer, err error) {
	if o.FS == nil || o.Now == nil {
		return nil, errors.New("opening the output folder: a file system and a clock are needed")
	}
	var held io.Closer
	defer func() {
		if err == nil {
			return
		}
		if held != nil {
			err = errors.Join(err, held.Close())
		}
		err = errors.Join(err, o.FS.Close())
	}()
	if o.Format != Parquet && o.Format != NDJSON {
		return nil, fmt.Errorf("opening the output folder: unknown format %.40q, want %q or %q", string(o.Format), Parquet, NDJSON)
	}
	if !runPattern.MatchString(o.Run) {
		return nil, fmt.Errorf("opening the output folder: the run id %.80q is not of the form [a-z0-9-]+", o.Run)
	}
	o.setDefaults()
	if held, err = o.FS.Lock(lockName); err != nil {
		return nil, fmt.Errorf("opening the output folder: %w", err)
	}
	if err := clean(o.FS); err != nil {
		return nil, fmt.Errorf("removing what an interrupted run left: %w", err)
	}
	if o.Run, err = unusedRun(o.FS, o.Run); err != nil {
		return nil, fmt.Errorf("opening the output folder: %w", err)
	}
	return newWriter(o, held), nil
}

func (o *Options) setDefaults() {
	if o.Mask == nil {
		o.Mask = unmasked{}
	}
	if o.Changed == nil {
		o.Changed = func(string, record.Change) {}
	}
	if o.RotateBytes <= 0 {
		o.RotateBytes = 128 << 20
	}
	if o.RotateRows <= 0 {
		o.RotateRows = 1_000_000
	}
	if o.CommitBytes <= 0 {
		o.CommitBytes = 8 << 20
	}
	if o.CommitAfter <= 0 {
		o.CommitAfter = 10 * time.Minute
	}
}

// unusedRun returns the id, with a suffix if a run of that id exists.
func unusedRun(folder FS, run string) (string, error) {
	entries, err := folder.ReadDir(manifestDir)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return "", err
	}
	used := make(map[string]bool, len(entries))
	for _, entry := range entries {
		used[entry.Name()] = true
	}
	candidate := run
	for n := 2; used[candidate+".json"]; n++ {
		candidate = fmt.Sprintf("%s-%d", run, n)
	}
	return candidate, nil
}

// makeDir makes a folder, durably, unless it exists.
func makeDir(folder FS, parent, name string) error {
	err := folder.Mkdir(name)
	if errors.Is(err, fs.ErrExist) {
		return nil
	}
	if err != nil {
		return err
	}
	return folder.SyncDir(parent)
}

// replace writes a small file so that at any time either the old or the new
// content is there, whole.
func replace(folder FS, dir, name string, content []byte) error {
	if err := makeDir(folder, ".", dir); err != nil {
		return err
	}
	final := dir + "/" + name
	file, err := folder.Create(final + temporary)
	if err != nil {
		return err
	}
	_, err = file.Write(content)
	if err == nil {
		err = file.Sync()
	}
	if err = errors.Join(err, file.Close()); err != nil {
		return errors.Join(err, folder.Remove(final+temporary))
	}
	if err := folder.Rename(final+temporary, final); err != nil {
		return errors.Join(err, folder.Remove(final+temporary))
	}
	return folder.SyncDir(dir)
}
