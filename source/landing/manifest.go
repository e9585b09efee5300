package landing

import (
	"encoding/json"
	"fmt"
	"time"

	"github.com/birdie-ai/source-qualtrics/source/record"
)

// manifestVersion is the version of the manifest's format.
const manifestVersion = 1

// Manifest lists the data files of a run. It is replaced after each complete data
// file, so every listed file is complete and durable.
type Manifest struct {
	Version    int               `json:"version"`
	Run        string            `json:"run"`
	Connector  string            `json:"connector"` // version of the connector
	Format     Format            `json:"format"`
	StartedAt  time.Time         `json:"started_at"`
	UpdatedAt  time.Time         `json:"updated_at"`
	FinishedAt *time.Time        `json:"finished_at"` // null during the run, and after a crash
	Streams    []*ManifestStream `json:"streams"`     // in the order of Begin
}

// Result is the result of a stream in a run.
type Result string

// The results.
const (
	Running    Result = "running"
	Complete   Result = "complete"
	Incomplete Result = "incomplete" // the failure has the reason
)

// ManifestStream is a stream of a run. A stream without rows has no files, or one
// file without rows if the folder had no file of it.
type ManifestStream struct {
	Name    string           `json:"name"`
	Result  Result           `json:"result"`
	Failure *ManifestFailure `json:"failure,omitempty"`
	Key     []string         `json:"key"`
	Cursor  string           `json:"cursor,omitempty"`
	// Parent and ParentVersion are columns of a stream of which only the newest version of
	// each parent counts, see [record.Info].
	Parent        []string       `json:"parent,omitempty"`
	ParentVersion string         `json:"parent_version,omitempty"`
	Schema        string         `json:"schema_sha256"` // of the JSON Schema of a row
	Rows          int64          `json:"rows"`
	Files         []ManifestFile `json:"files"`
}

// ManifestFailure is the reason why a stream is not complete.
type ManifestFailure struct {
	Type    record.FailureType `json:"type"`
	Message string             `json:"message"`
}

// ManifestFile is a complete data file.
type ManifestFile struct {
	Path      string `json:"path"` // slash-separated, from the output folder
	Rows      int64  `json:"rows"`
	Bytes     int64  `json:"bytes"`
	SHA256    string `json:"sha256"`
	MinCursor any    `json:"min_cursor"` // null without a cursor or without rows
	MaxCursor any    `json:"max_cursor"`
}

func (m *Manifest) write(folder FS, mask Masker) error {
	content, err := json.MarshalIndent(m, "", "  ")
	if err == nil {
		err = replace(folder, manifestDir, m.Run+".json", append(mask.Bytes(content), '\n'))
	}
	if err != nil {
		return fmt.Errorf("writing the manifest of run %s: %w", m.Run, err)
	}
	return nil
}

func readManifest(folder FS, run string) (*Manifest, error) {
	name := manifestDir + "/" + run + ".json"
	content, err := folder.ReadFile(name)
	if err != nil {
		return nil, err
	}
	manifest := &Manifest{}
	if err := json.Unmarshal(content, manifest); err != nil {
		return nil, fmt.Errorf("reading the manifest %s (restore it from a backup, or move it out of the folder to keep the files of its run): %w", name, err)
	}
	if manifest.Version != manifestVersion || manifest.Run != run {
		return nil, fmt.Errorf("reading the manifest %s: it has version %d and run %.80q, want version %d and run %q; upgrade the connector, or move the file out of the folder", name, manifest.Version, manifest.Run, manifestVersion, run)
	}
	return manifest, nil
}
