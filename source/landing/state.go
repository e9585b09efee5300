package landing

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"strings"
)

// States returns the stored states by stream, for the run to go on from.
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
		if !ok || entry.IsDir() || !streamPattern.MatchString(stream) {
			continue
		}
		name := stateDir + "/" + entry.Name()
		content, err := w.options.FS.ReadFile(name)
		if err != nil {
			return nil, fmt.Errorf("reading the state of stream %s: %w", stream, err)
		}
		content = bytes.TrimSpace(content)
		if !json.Valid(content) || content[0] != '{' {
			return nil, fmt.Errorf("reading the state of stream %s: %s is no JSON object; restore it from a backup, or remove it to read the stream from the beginning", stream, name)
		}
		states[stream] = content
	}
	return states, nil
}

// State takes a state that covers records accepted before, and no others. It is
// stored when those records are durable: at once if they are already or enough
// was written, else when the data file ends. Of several the newest is stored.
func (w *Writer) State(stream string, state []byte) error {
	out, err := w.open(stream)
	if err != nil {
		return err
	}
	if !json.Valid(state) {
		return w.stick(fmt.Errorf("storing the state of stream %s: it is no JSON", stream))
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
