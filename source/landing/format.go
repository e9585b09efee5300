package landing

import (
	"errors"
	"fmt"
	"io/fs"
	"slices"
	"strings"
)

// Format is the format of the data files.
type Format string

// The formats.
const (
	// Parquet files have zstd pages. Strings are UTF8, integers INT64, numbers
	// DOUBLE, booleans BOOLEAN, times TIMESTAMP in microseconds of UTC. Objects
	// and arrays are strings with JSON. Only key columns are required.
	Parquet Format = "parquet"
	// NDJSON files hold one JSON object per line, compressed with zstd. Numbers
	// keep their digits.
	NDJSON Format = "ndjson"
	// PlainNDJSON is NDJSON without compression.
	PlainNDJSON Format = "ndjson-uncompressed"
	// JSONLines and JSONLinesGzip are NDJSON without compression and with gzip.
	// They are for [Batches].
	JSONLines     Format = "jsonl"
	JSONLinesGzip Format = "jsonl.gz"
)

func (f Format) extension() string {
	switch f {
	case NDJSON:
		return ".ndjson.zst"
	case PlainNDJSON:
		return ".ndjson"
	default:
		return "." + string(f)
	}
}

// ofRuns are the formats of a [Writer].
var ofRuns = []Format{Parquet, NDJSON, PlainNDJSON}

// FormatError reports a folder whose files have another format than the run. Its
// readers expect one format.
type FormatError struct {
	Have, Want Format
}

// Error names both formats.
func (e *FormatError) Error() string {
	return fmt.Sprintf("the folder holds files of the format %s, not %s", e.Have, e.Want)
}

// keepsFormat refuses a format that differs from the newest data file of the folder.
func keepsFormat(folder FS, want Format) error {
	entries, err := folder.ReadDir(manifestDir)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	var runs []string
	for _, entry := range entries {
		if run, ok := strings.CutSuffix(entry.Name(), ".json"); ok && entry.Type().IsRegular() && runPattern.MatchString(run) {
			runs = append(runs, run)
		}
	}
	slices.Sort(runs)
	for _, run := range slices.Backward(runs) {
		manifest, err := readManifest(folder, run)
		if err != nil {
			return err
		}
		if !slices.ContainsFunc(manifest.Streams, func(s *ManifestStream) bool { return len(s.Files) > 0 }) {
			continue // a run without files
		}
		if manifest.Format != want {
			return &FormatError{manifest.Format, want}
		}
		return nil
	}
	return nil
}
