package landing

import (
	"errors"
	"fmt"
	"io"
	"regexp"
	"strings"

	"github.com/birdie-ai/source-qualtrics/source/record"
)

// Batches writes data files into a folder that other programs also use. It has no
// manifests and no states: the caller announces each complete file.
//
//	<prefix><stream>-<run>-<n>.parquet   data; or .jsonl, .jsonl.gz
//	<prefix><run>.lock                   while the run works
//
// A file is written under a temporary name, synced and renamed. Batches never
// removes a complete file: its reader owns it.
type Batches struct {
	options Options
	prefix  string
	lock    io.Closer
	files   int
}

// OpenBatches begins a run that writes files with a prefix into a folder. It removes
// the temporary files of killed runs. It owns o.FS, even if it fails.
func OpenBatches(o Options, prefix string) (_ *Batches, err error) {
	b := &Batches{options: o, prefix: prefix}
	defer func() {
		if err != nil {
			err = errors.Join(err, b.Close())
		}
	}()
	if !runPattern.MatchString(o.Run) {
		return nil, fmt.Errorf("opening the folder of batches: the run id %.80q is not of the form [a-z0-9-]+", o.Run)
	}
	b.options.setDefaults()
	if err := b.clean(); err != nil {
		return nil, fmt.Errorf("removing files of an interrupted run: %w", err)
	}
	for n := 2; ; n++ {
		b.lock, err = o.FS.Lock(b.lockName(b.options.Run))
		var held *LockedError
		if !errors.As(err, &held) {
			break
		}
		b.options.Run = fmt.Sprintf("%s-%d", o.Run, n)
	}
	if err != nil {
		return nil, fmt.Errorf("opening the folder of batches: %w", err)
	}
	return b, nil
}

// Run returns the run id in the names of its files. It is Options.Run, with a
// suffix such as -2 if another run with that id is active.
func (b *Batches) Run() string { return b.options.Run }

func (b *Batches) lockName(run string) string { return b.prefix + run + ".lock" }

// clean removes the temporary files of runs that hold no lock any more.
func (b *Batches) clean() error {
	entries, err := b.options.FS.ReadDir(".")
	if err != nil {
		return err
	}
	for _, entry := range entries {
		middle, ours := strings.CutPrefix(entry.Name(), b.prefix)
		run, ours2 := strings.CutSuffix(middle, ".lock")
		if !ours || !ours2 || !entry.Type().IsRegular() || !runPattern.MatchString(run) {
			continue
		}
		lock, err := b.options.FS.Lock(entry.Name())
		var held *LockedError
		if errors.As(err, &held) {
			continue
		}
		if err != nil {
			return err
		}
		partial := regexp.MustCompile("^" + regexp.QuoteMeta(b.prefix) + "[a-z0-9_]+-" + run + `-[0-9]+\.[a-z.]+\.tmp$`)
		for _, other := range entries {
			if err == nil && other.Type().IsRegular() && partial.MatchString(other.Name()) {
				err = b.options.FS.Remove(other.Name())
			}
		}
		if err := errors.Join(err, lock.Close()); err != nil {
			return err
		}
	}
	return nil
}

// Begin begins a file for rows of a stream.
func (b *Batches) Begin(info record.Info) (*Batch, error) {
	if !record.IsStreamName(info.Stream) {
		return nil, fmt.Errorf("beginning a file: the stream's name %.80q is not of the form [a-z][a-z0-9_]*", info.Stream)
	}
	b.files++
	name := fmt.Sprintf("%s%s-%s-%d%s", b.prefix, info.Stream, b.options.Run, b.files, b.options.Format.extension())
	part, err := newPart(&b.options, info, ".", name)
	if err != nil {
		return nil, fmt.Errorf("beginning a file of stream %s: %w", info.Stream, err)
	}
	return &Batch{part, &b.options}, nil
}

// Close ends the run. The caller has to finish or discard its files first.
func (b *Batches) Close() error {
	var err error
	if b.lock != nil {
		err = b.lock.Close()
	}
	return errors.Join(err, b.options.FS.Close())
}

// Batch is an incomplete file.
type Batch struct {
	part    *part
	options *Options
}

// Record writes a row and reports whether the file has reached its size.
func (b *Batch) Record(row record.Row) (full bool, err error) {
	if err := b.part.write(row); err != nil {
		return false, err
	}
	return b.part.raw >= b.options.RotateBytes || b.part.rows >= b.options.RotateRows, nil
}

// Finish makes the file durable under its final name and returns that name.
func (b *Batch) Finish() (name string, err error) {
	file, err := b.part.finish()
	return file.Path, err
}

// Discard removes the incomplete file.
func (b *Batch) Discard() error { return b.part.discard() }
