package landing

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"strings"

	"github.com/birdie-ai/source-qualtrics/source/record"
)

// States returns the stored state of each stream.
func (w *Writer) States() (map[string]json.RawMessage, error) {
	if w.closed {
		return nil, errClosed
	}
	states := make(map[string]json.RawMessage)
	entries, err := w.options.FS.ReadDir(stateDir)
	if errors.Is(err, fs.ErrNotExist) {
		return states, nil
	}
	if err != nil {
		return nil, fmt.Errorf("reading the states: %w", err)
	}
	for _, entry := range entries {
		stream, ok := strings.CutSuffix(entry.Name(), ".json")
		if !ok || entry.IsDir() || !record.IsStreamName(stream) {
			continue
		}
		name := stateDir + "/" + entry.Name()
		content, err := w.options.FS.ReadFile(name)
		if err != nil {
			return nil, fmt.Errorf("reading the state of stream %s: %w", stream, err)
		}
		content = bytes.TrimSpace(content)
		if !json.Valid(content) || content[0] != '{' {
			return nil, fmt.Errorf("reading the state of stream %s: %s is not a JSON object; restore it from a backup, or remove it to read the stream from the beginning", stream, name)
		}
		states[stream] = content
	}
	return states, nil
}

// Schema returns the JSON Schema that an earlier run wrote for a stream; nil: there was none.
func (w *Writer) Schema(stream string) (json.RawMessage, error) {
	if w.closed {
		return nil, errClosed
	}
	name := schemaDir + "/" + stream + ".json"
	content, err := w.options.FS.ReadFile(name)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil, nil
	case err != nil:
		return nil, fmt.Errorf("reading the schema of stream %s: %w", stream, err)
	case !json.Valid(content):
		return nil, fmt.Errorf("reading the schema of stream %s: %s is not JSON; restore it from a backup, or remove it", stream, name)
	}
	return content, nil
}

// State accepts a state that covers exactly the records so far. It is stored after
// the data file with these records is complete. A file is completed now if it has
// reached CommitBytes or CommitAfter, else later. A newer state replaces a waiting
// one.
func (w *Writer) State(stream string, state []byte) error {
	out, err := w.open(stream)
	if err != nil {
		return err
	}
	if err := record.CheckState(state); err != nil {
		return w.stick(fmt.Errorf("storing the state of stream %s: %w", stream, err))
	}
	out.pending = bytes.Clone(state)
	if part := out.part; part != nil && part.raw < w.options.CommitBytes && w.options.Now().Sub(part.began) < w.options.CommitAfter {
		return nil
	}
	return w.attempt(func() error { return w.commit(out) })
}

func (w *Writer) storeState(out *output) error {
	if out.pending == nil {
		return nil
	}
	if err := replace(w.options.FS, stateDir, out.info.Stream+".json", w.options.Mask.Bytes(out.pending)); err != nil {
		return fmt.Errorf("storing the state of stream %s: %w", out.info.Stream, err)
	}
	out.pending = nil
	return nil
}
