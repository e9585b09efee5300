package source

import (
	"net/url"
	"path"
	"regexp"
	"strings"
	"time"

	"github.com/birdie-ai/source-qualtrics/source/landing"
	"github.com/birdie-ai/source-qualtrics/source/record"
	"github.com/birdie-ai/source-qualtrics/source/singer"
)

// BatchConfig says where records are written into files, and how. Its names
// are those of Meltano's SDK.
type BatchConfig struct {
	// What the files are.
	Encoding BatchEncodingConfig `json:"encoding" jsonschema:"title=Encoding"`
	// Where the files are.
	Storage BatchStorageConfig `json:"storage" jsonschema:"title=Storage"`
	// Most records of a file. The target loads all of a file at once.
	Size int `json:"batch_size" jsonschema:"title=Batch Size,default=10000,minimum=1,maximum=100000"`
}

// BatchEncodingConfig is the format of files.
type BatchEncodingConfig struct {
	// Format of the files that BATCH messages name, instead of records as messages: jsonl, or parquet, which writes
	// objects and arrays as JSON text. Set this and batch_config.storage.root only for a target that reads them,
	// as those made with Meltano's SDK do (parquet with pyarrow beside it): others drop all records unseen.
	Format string `json:"format" jsonschema:"title=Batch Format,enum=jsonl,enum=parquet"`
	// Compression of jsonl files, gzip by default. Parquet files are compressed within.
	Compression string `json:"compression" jsonschema:"title=Batch Compression,enum=gzip,enum=none"`
}

// BatchStorageConfig is the place of files.
type BatchStorageConfig struct {
	// Folder of the files, as file:///path. The target needs to see it under the same path, as the same user.
	// Nothing removes the files there.
	Root string `json:"root" jsonschema:"title=Batch Folder,example=file:///data/batches"`
	// What the names of the files begin with.
	Prefix string `json:"prefix" jsonschema:"title=Batch Prefix"`
}

// asked reports whether batches are wanted. Their size alone does not say so:
// platforms fill in defaults.
func (c *BatchConfig) asked() bool {
	return c.Encoding != BatchEncodingConfig{} || c.Storage != BatchStorageConfig{}
}

const (
	batchJSONL   = "jsonl"
	batchParquet = "parquet"
	batchGzip    = "gzip"
	batchNone    = "none"
)

var (
	// Targets do not undo the escapes of a URL.
	batchRoot   = regexp.MustCompile(`^(file://)?/[A-Za-z0-9._/~-]*$`)
	batchPrefix = regexp.MustCompile(`^([A-Za-z0-9_][A-Za-z0-9._-]{0,99})?$`)
)

// check tells what is wrong with the settings.
func (c *BatchConfig) check(found *findings) {
	if !c.asked() {
		return
	}
	switch c.Encoding.Format {
	case batchJSONL, batchParquet:
	case "":
		found.problem("batch_config.encoding.format is missing: it is jsonl or parquet")
	default:
		found.problem("batch_config.encoding.format must be jsonl or parquet, not %.40q", c.Encoding.Format)
	}
	switch {
	case c.Encoding.Compression == "":
	case c.Encoding.Format == batchParquet:
		found.problem("batch_config.encoding.compression is of jsonl files: Parquet files are compressed within, leave it out")
	case c.Encoding.Compression != batchGzip && c.Encoding.Compression != batchNone:
		found.problem("batch_config.encoding.compression must be gzip or none, not %.40q", c.Encoding.Compression)
	}
	switch {
	case c.Storage.Root == "":
		found.problem("batch_config.storage.root is missing: it is a folder that the target sees, too, such as file:///data/batches")
	case !batchRoot.MatchString(c.Storage.Root):
		found.problem("batch_config.storage.root must be a folder of this machine such as file:///data/batches, with no other characters than letters, digits and . _ - ~")
	}
	if !batchPrefix.MatchString(c.Storage.Prefix) {
		found.problem("batch_config.storage.prefix must begin the name of a file: letters, digits and . _ -, at most 100")
	}
	found.within("batch_config.batch_size", c.Size, 1, 100_000)
}

// batchBytes is the largest file in raw bytes: targets hold all of it.
const batchBytes = 64 << 20

// batching opens the folder for the files of a run; nil where none are wanted.
func (r *invocation) batching(c *BatchConfig) (_ *singer.Batching, closed func() error, err error) {
	if !c.asked() {
		return nil, func() error { return nil }, nil
	}
	folder := path.Clean(strings.TrimPrefix(c.Storage.Root, "file://"))
	root, err := r.Files.Root(folder)
	if err != nil {
		return nil, nil, configErrorf("batch_config.storage.root: %w", err)
	}
	encoding, format := singer.Encoding{Format: batchParquet}, landing.Parquet
	switch {
	case c.Encoding.Format == batchParquet:
	case c.Encoding.Compression == batchNone:
		encoding.Format, format = batchJSONL, landing.JSONLines
	default:
		encoding, format = singer.Encoding{Format: batchJSONL, Compression: batchGzip}, landing.JSONLinesGzip
	}
	batches, err := landing.OpenBatches(landing.Options{
		FS: root, Format: format, Run: runID(time.Now()), Now: time.Now, Version: Version, Mask: r.redactor,
		RotateRows: int64(c.Size), RotateBytes: batchBytes, Changed: r.changes.add,
	}, c.Storage.Prefix+singer.TapName+"--")
	if err != nil {
		return nil, nil, configErrorf("batch_config.storage.root: %w", err)
	}
	begin := func(info record.Info) (singer.BatchFile, error) {
		batch, err := batches.Begin(info)
		if err != nil {
			return nil, err
		}
		return &batchFile{batch, folder}, nil
	}
	return &singer.Batching{Encoding: encoding, Begin: begin}, batches.Close, nil
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
