package config

import (
	"regexp"
)

// BatchConfig says where records are written into files, and how. Its names
// are those of Meltano's SDK.
type BatchConfig struct {
	// Format of the files.
	Encoding BatchEncodingConfig `json:"encoding" jsonschema:"title=Encoding"`
	// Where the files are.
	Storage BatchStorageConfig `json:"storage" jsonschema:"title=Storage"`
	// Most records of a file. The target loads all of a file at once.
	Size int `json:"batch_size" jsonschema:"title=Batch Size,default=10000,minimum=1,maximum=100000"`
}

// BatchEncodingConfig is the format of files.
type BatchEncodingConfig struct {
	// Format of the files that BATCH messages name, instead of records as messages: jsonl, or parquet, which writes
	// objects and arrays as JSON text. Set this and batch_config.storage.root only for a target that reads such files.
	// Targets made with Meltano's SDK do (parquet with pyarrow beside it). Others drop all records unseen.
	Format string `json:"format" jsonschema:"title=Batch Format,enum=jsonl,enum=parquet"`
	// Compression of jsonl files, gzip by default. Parquet files are compressed within.
	Compression string `json:"compression" jsonschema:"title=Batch Compression,enum=gzip,enum=none"`
}

// BatchStorageConfig is the place of files.
type BatchStorageConfig struct {
	// Folder of the files, as file:///path. The target needs to see it under the same path, as the same user.
	// Nothing removes the files there.
	Root string `json:"root" jsonschema:"title=Batch Folder,example=file:///data/batches" pasted:"verbatim"`
	// First part of the names of the files.
	Prefix string `json:"prefix" jsonschema:"title=Batch Prefix" pasted:"verbatim"`
}

// Asked reports whether batches are wanted. Their size alone does not say so:
// platforms fill in defaults.
func (c *BatchConfig) Asked() bool {
	return c.Encoding != BatchEncodingConfig{} || c.Storage != BatchStorageConfig{}
}

// The values of batch_config.encoding.
const (
	BatchJSONL   = "jsonl"
	BatchParquet = "parquet"
	BatchGzip    = "gzip"
	BatchNone    = "none"
)

var (
	// Targets do not undo the escapes of a URL.
	batchRoot   = regexp.MustCompile(`^(file://)?/[A-Za-z0-9._/~-]*$`)
	batchPrefix = regexp.MustCompile(`^([A-Za-z0-9_][A-Za-z0-9._-]{0,99})?$`)
)

// check reports the mistakes in the settings.
func (c *BatchConfig) check(found *findings) {
	if !c.Asked() {
		return
	}
	switch c.Encoding.Format {
	case BatchJSONL, BatchParquet:
	case "":
		found.problem("batch_config.encoding.format is missing: it is jsonl or parquet")
	default:
		found.problem("batch_config.encoding.format must be jsonl or parquet, not %.40q", c.Encoding.Format)
	}
	switch {
	case c.Encoding.Compression == "":
	case c.Encoding.Format == BatchParquet:
		found.problem("batch_config.encoding.compression is of jsonl files: Parquet files are compressed within, leave it out")
	case c.Encoding.Compression != BatchGzip && c.Encoding.Compression != BatchNone:
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
