package source

import (
	"net/url"
	"path"
	"strings"
	"time"

	"github.com/birdie-ai/source-qualtrics/source/config"
	"github.com/birdie-ai/source-qualtrics/source/failures"
	"github.com/birdie-ai/source-qualtrics/source/landing"
	"github.com/birdie-ai/source-qualtrics/source/record"
	"github.com/birdie-ai/source-qualtrics/source/singer"
)

// batchBytes is the largest file in raw bytes: targets hold all of it.
const batchBytes = 64 << 20

// batching opens the folder for the files of a run, and returns the id of the run
// in their names; nil where none are wanted.
func (r *invocation) batching(c *config.BatchConfig) (_ *singer.Batching, run string, closed func() error, err error) {
	run = runID(time.Now())
	if !c.Asked() {
		return nil, run, func() error { return nil }, nil
	}
	folder := path.Clean(strings.TrimPrefix(c.Storage.Root, "file://"))
	root, err := r.Files.Root(folder)
	if err != nil {
		return nil, "", nil, failures.Config("batch_config.storage.root: %w", err)
	}
	encoding, format := singer.Encoding{Format: config.BatchParquet}, landing.Parquet
	switch {
	case c.Encoding.Format == config.BatchParquet:
	case c.Encoding.Compression == config.BatchNone:
		encoding.Format, format = config.BatchJSONL, landing.JSONLines
	default:
		encoding, format = singer.Encoding{Format: config.BatchJSONL, Compression: config.BatchGzip}, landing.JSONLinesGzip
	}
	batches, err := landing.OpenBatches(landing.Options{
		FS: root, Format: format, Run: run, Now: time.Now, Version: Version, Mask: r.redactor,
		RotateRows: int64(c.Size), RotateBytes: batchBytes,
	}, c.Storage.Prefix+singer.TapName+"--")
	if err != nil {
		return nil, "", nil, failures.Config("batch_config.storage.root: %w", err)
	}
	begin := func(info record.Info) (singer.BatchFile, error) {
		batch, err := batches.Begin(info)
		if err != nil {
			return nil, err
		}
		return &batchFile{batch, folder}, nil
	}
	return &singer.Batching{Encoding: encoding, Holds: format.Holds(), Begin: begin}, batches.Run(), batches.Close, nil
}

// batchFile is a file that is known by its URL.
type batchFile struct {
	*landing.Batch
	folder string
}

// Finish makes the file durable.
func (f *batchFile) Finish() (string, error) {
	name, err := f.Batch.Finish()
	address := url.URL{Scheme: "file", Path: path.Join(f.folder, name)}
	return address.String(), err
}
