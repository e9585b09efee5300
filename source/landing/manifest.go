package landing

import (
	"encoding/json"
	"fmt"
	"time"

	"github.com/birdie-ai/source-qualtrics/source/record"
)

// manifestVersion is the version of the manifest's shape.
const manifestVersion = 1

// Manifest lists what a run wrote. It is replaced as a whole whenever a data
// file is complete, so that every file it names is complete and durable.
type Manifest struct {
	Version    int               `json:"version"`
	Run        string            `json:"run"`
	Connector  string            `json:"connector"` // version of the connector
	Format     Format            `json:"format"`
	StartedAt  time.Time         `json:"started_at"`
	UpdatedAt  time.Time         `json:"updated_at"`
	FinishedAt *time.Time        `json:"finished_at"` // null while the run works, and after a crash
	Streams    []*ManifestStream `json:"streams"`     // in the order of the run
}

// Result says how far a stream of a run came.
type Result string

// The results.
const (
	Running    Result = "running"
	Complete   Result = "complete"
	Incomplete Result = "incomplete" // the failure says why
)

// ManifestStream is a stream of a run. One without rows has no files.
type ManifestStream struct {
	Name    string           `json:"name"`
	Result  Result           `json:"result"`
	Failure *ManifestFailure `json:"failure,omitempty"`
	Key     []string         `json:"key"`
	Cursor  string           `json:"cursor,omitempty"`
	Schema  string           `json:"schema_sha256"` // of the JSON Schema of a row
	Rows    int64            `json:"rows"`
	Files   []ManifestFile   `json:"files"`
}

// ManifestFailure is why a stream is not complete.
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
	MinCursor any    `json:"min_cursor"` // null when the stream has no cursor
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
		return nil, fmt.Errorf("reading the manifest %s (restore it from a backup, or move it out of the folder to leave the files of its run as they are): %w", name, err)
	}
	if manifest.Version != manifestVersion || manifest.Run != run {
		return nil, fmt.Errorf("reading the manifest %s: it is of version %d and run %.80q, want version %d and run %q; upgrade the connector, or move the file out of the folder", name, manifest.Version, manifest.Run, manifestVersion, run)
	}
	return manifest, nil
}
