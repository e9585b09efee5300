//go:build unix

package integration_tests_test

import (
	"bytes"
	"compress/gzip"
	"fmt"
	"io"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/birdie-ai/source-qualtrics/integration_tests/testkit"
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
	args := []string{"read", "--config", u.file("config.json", testkit.Encode(config)), "--catalog", u.file("catalog.json", testkit.Catalog(killedStreams...))}
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
	// The rows of the last two come between those of the others.
	catalog := testkit.TapCatalog("", slices.Concat(killedStreams, []string{"response_deletions", "sync_audit"})...)
	args := []string{"tap", "--config", u.file("config.json", testkit.Encode(config)), "--catalog", u.file("catalog.json", catalog)}
	if state := u.platform.states[theState]; state != nil {
		args = append(args, "--state", u.file("state.json", state.raw))
	}
	return args
}

// wellSaid are the lines of the tap's log in a run that goes well: its metrics,
// its progress, contacts that were created while it ran, and how it reads on after a
// run that was cut.
var wellSaid = regexp.MustCompile(`^(METRIC: \{|retrying |reading (surveys|directories|rows)=` +
	`|deletions: the surveys of this run were last compared with Qualtrics longest_ago=\S+ surveys=\d+ not_yet=\d+\n$` +
	`|the directory's list shows contacts that searches do not: they are delivered, too directory=POOL_\w+ contacts=\d+\n$` +
	`|streams at different positions of a survey go on together survey=SV_\w+ streams=\d+ from=)`)

func (singerDialect) quiet(stderr []byte) bool {
	for line := range bytes.Lines(stderr) {
		if !wellSaid.Match(line) {
			return false
		}
	}
	return true
}

func (singerDialect) parse(text []byte) ([]simLine, error) {
	if bytes.Contains(text, []byte("internal error: planted early;")) {
		return nil, nil // before the command is known, messages are Airbyte's
	}
	line, err := testkit.ParseSinger(text)
	switch {
	case err != nil:
		return nil, err
	case line.Type == "STATE":
		return []simLine{{stream: theState, state: &simState{raw: line.State}}}, nil
	case line.Type == "BATCH":
		return batchLines(line.Stream, line.Manifest)
	case line.Type != "RECORD" || keyColumns[line.Stream] == 0:
		return nil, nil
	}
	row, err := testkit.CutRow(line.Stream, line.Data)
	return []simLine{{stream: line.Stream, record: row}}, err
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
			row, err := testkit.CutRow(stream, bytes.TrimSuffix(line, []byte("\n")))
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
