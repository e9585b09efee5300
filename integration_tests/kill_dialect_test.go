//go:build unix

package integration_tests_test

import (
	"bytes"
	"compress/gzip"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// dialect is the protocol that a user and the program speak.
type dialect interface {
	// args are the arguments of a read from the states that the user has.
	args(u *user, config map[string]any) []string
	// parse takes a line apart, which may be of many records.
	parse(line []byte) ([]simLine, error)
	// quiet reports whether a run that went well wrote nothing to stderr.
	quiet(stderr []byte) bool
}

// airbyteDialect is Airbyte's.
type airbyteDialect struct{}

func (airbyteDialect) args(u *user, config map[string]any) []string {
	args := []string{"read", "--config", u.file("config.json", mustEncode(config)), "--catalog", u.file("catalog.json", catalogText(killedStreams))}
	if state := u.platform.stateFile(); state != nil {
		args = append(args, "--state", u.file("state.json", state))
	}
	return args
}

func (airbyteDialect) parse(text []byte) ([]simLine, error) {
	line, err := parseLine(text)
	return []simLine{line}, err
}

func (airbyteDialect) quiet(stderr []byte) bool { return len(stderr) == 0 }

// singerDialect is Singer's; its log is on stderr.
type singerDialect struct{}

// theState is under what name the one state of a Singer run is kept.
const theState = ""

func (singerDialect) args(u *user, config map[string]any) []string {
	var entries []map[string]any
	// The rows of the last two come between those of the others.
	for _, stream := range slices.Concat(killedStreams, []string{"response_deletions", "sync_audit"}) {
		entries = append(entries, map[string]any{"tap_stream_id": stream})
	}
	catalog := mustEncode(map[string]any{"streams": entries})
	args := []string{"tap", "--config", u.file("config.json", mustEncode(config)), "--catalog", u.file("catalog.json", catalog)}
	if state := u.platform.states[theState]; state != nil {
		args = append(args, "--state", u.file("state.json", state.raw))
	}
	return args
}

func (singerDialect) quiet(stderr []byte) bool {
	for line := range bytes.Lines(stderr) {
		if !bytes.HasPrefix(line, []byte("METRIC: ")) && !bytes.HasPrefix(line, []byte("retrying")) {
			return false
		}
	}
	return true
}

func (singerDialect) parse(text []byte) ([]simLine, error) {
	if rest, ok := bytes.CutPrefix(text, []byte(`{"type":"RECORD","stream":"`)); ok {
		stream, data, ok := bytes.Cut(rest, []byte(`","record":`))
		end := bytes.LastIndex(data, []byte(`,"time_extracted":`))
		if !ok || end < 0 {
			return nil, fmt.Errorf("no record: %.200s", text)
		}
		if keyColumns[string(stream)] == 0 {
			return nil, nil
		}
		row, err := parseRow(string(stream), data[:end:end])
		return []simLine{{stream: string(stream), record: row}}, err
	}
	var message struct {
		Type, Stream string
		Value        json.RawMessage
		Manifest     []string
	}
	if err := json.Unmarshal(text, &message); err != nil {
		return nil, err
	}
	switch message.Type {
	case "SCHEMA":
		return nil, nil
	case "STATE":
		return []simLine{{stream: theState, state: &simState{raw: message.Value}}}, nil
	case "BATCH":
		return batchLines(message.Stream, message.Manifest)
	default:
		if bytes.Contains(text, []byte("internal error: planted early;")) {
			return nil, nil // before the command is known, messages are Airbyte's
		}
		return nil, fmt.Errorf("no message that is known: %.200s", text)
	}
}

// batchLines reads the files of a BATCH message, which have to be whole when it
// comes.
func batchLines(stream string, manifest []string) (lines []simLine, err error) {
	for _, name := range manifest {
		content, err := os.ReadFile(strings.TrimPrefix(name, "file://"))
		if err != nil {
			return nil, err
		}
		unpacked, err := gzip.NewReader(bytes.NewReader(content))
		if err == nil {
			content, err = io.ReadAll(unpacked)
		}
		if err != nil {
			return nil, fmt.Errorf("%s: %w", name, err)
		}
		for line := range bytes.Lines(content) {
			if keyColumns[stream] == 0 {
				continue
			}
			row, err := parseRow(stream, bytes.TrimSuffix(line, []byte("\n")))
			if err != nil {
				return nil, fmt.Errorf("%s: %w", name, err)
			}
			lines = append(lines, simLine{stream: stream, record: row})
		}
	}
	return lines, nil
}

// newTapUser is a user of the tap.
func newTapUser(t *testing.T) *user {
	t.Helper()
	u := newUser(t)
	u.dialect = singerDialect{}
	return u
}

// batched makes a configuration one of files in the user's folder, of so many
// rows.
func (u *user) batched(config map[string]any, rows int) map[string]any {
	config = maps.Clone(config)
	config["batch_config"] = map[string]any{
		"encoding": map[string]any{"format": "jsonl", "compression": "gzip"}, "storage": map[string]any{"root": "file://" + filepath.Join(u.folder, "batches")}, "batch_size": rows,
	}
	return config
}
