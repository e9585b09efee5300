// Package landing writes records into a folder of Parquet or NDJSON files.
//
//	<stream>/run=<run>/part-00000.parquet   data; or part-00000.ndjson.zst, part-00000.ndjson
//	_manifest/<run>.json                    the files of a run, see [Manifest]
//	_schema/<stream>.json                   the newest JSON Schema of a row
//	_state/<stream>.json                    state for the next run
//	_files/<survey>/<response>/<file>       uploaded files, see [Uploads]
//
// A stream without rows in any run has one data file without rows, for its
// columns.
//
// A data file is valid if a manifest lists it. Rows become durable in three steps.
// First the data file is written under a temporary name, synced and renamed. Then
// a new manifest lists the file. Then a new state covers its rows.
//
// After a crash the next run removes files that no manifest lists. It delivers rows
// that no state covers again: rows may repeat, but are never lost. Of rows with
// equal keys, the valid one is the last row of the latest run.
package landing

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"regexp"
	"slices"
	"time"

	"github.com/birdie-ai/source-qualtrics/source/record"
)

// Options configures a run.
type Options struct {
	FS      FS               // the folder; the writer closes it
	Format  Format           // of the data files
	Run     string           // run id, [a-z0-9-]+; a later run needs a greater id
	Now     func() time.Time // clock of the manifest and of CommitAfter
	Version string           // of the connector, for manifests and Parquet files
	Mask    Masker           // removes secrets from all text in files; nil: no secrets

	RotateBytes int64         // largest data file in raw bytes; 0: 128 MiB
	RotateRows  int64         // largest data file in rows; 0: 1,000,000
	CommitBytes int64         // a state ends a data file of this many raw bytes; 0: 8 MiB
	CommitAfter time.Duration // a state ends a data file of this age; 0: 10 minutes
}

// Masker removes secrets from text.
type Masker = record.Masker

// Holds returns the limits on values in the data files of a format. Files have no
// NUL, because databases refuse it.
func (f Format) Holds() record.Format {
	return record.Format{Double: f == Parquet, Micros: f == Parquet}
}

// unmasked is the masker without secrets.
type unmasked struct{}

func (unmasked) String(text string) string { return text }
func (unmasked) Bytes(text []byte) []byte  { return text }

// Names in the output folder. Stream names never begin with "_".
const (
	lockName    = "_lock"
	manifestDir = "_manifest"
	schemaDir   = "_schema"
	stateDir    = "_state"
	temporary   = ".tmp"
	runPrefix   = "run="
)

var (
	runPattern  = regexp.MustCompile(`^[a-z0-9-]{1,64}$`)
	partPattern = regexp.MustCompile(`^part-[0-9]{5,}\.(parquet|ndjson\.zst|ndjson)(\.tmp)?$`)
)

// Open begins a run in a folder. It acquires the lock of the folder and removes the
// files of a crashed run. If the folder has a run with the same id, the id gets a
// suffix. Open owns o.FS, even if it fails.
//
// The error is a [LockedError] if another run uses the folder, and a [FormatError]
// if its files have another format. An unreadable manifest and errors of the file
// system are returned, too.
func Open(o Options) (_ *Writer, err error) {
	if o.FS == nil || o.Now == nil {
		return nil, errors.New("opening the output folder: the options have no file system or no clock")
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
	if !slices.Contains(ofRuns, o.Format) {
		return nil, fmt.Errorf("opening the output folder: unknown format %.40q, want one of %q", string(o.Format), ofRuns)
	}
	if !runPattern.MatchString(o.Run) {
		return nil, fmt.Errorf("opening the output folder: the run id %.80q is not of the form [a-z0-9-]+", o.Run)
	}
	o.setDefaults()
	if held, err = o.FS.Lock(lockName); err != nil {
		return nil, fmt.Errorf("opening the output folder: %w", err)
	}
	if err := keepsFormat(o.FS, o.Format); err != nil {
		return nil, fmt.Errorf("opening the output folder: %w", err)
	}
	if err := clean(o.FS); err != nil {
		return nil, fmt.Errorf("removing files of an interrupted run: %w", err)
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

// unusedRun returns the run id, with a suffix if a run with that id exists.
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

// makeDir creates a durable folder unless it exists.
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

// replace replaces a small file. After a crash it has either the old or the new
// content.
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
