package source

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io/fs"
	"maps"
	"path/filepath"
	"slices"
	"strings"
	"syscall"

	"github.com/birdie-ai/source-qualtrics/source/airbyte"
	"github.com/birdie-ai/source-qualtrics/source/engine"
	"github.com/birdie-ai/source-qualtrics/source/failures"
	"github.com/birdie-ai/source-qualtrics/source/feed"
	"github.com/birdie-ai/source-qualtrics/source/record"
	"github.com/birdie-ai/source-qualtrics/source/singer"
	"github.com/birdie-ai/source-qualtrics/source/stream"
	"github.com/birdie-ai/source-qualtrics/source/wording"
)

// stateFolder is the folder of an export that holds its states.
const stateFolder = "_state"

// stateCommand explains a saved state: of Airbyte, of Singer, or of an export.
func (r *invocation) stateCommand(_ context.Context, flags *flag.FlagSet, args []string) (int, error) {
	if err := parseFlags(flags, args); err != nil {
		return 0, err
	}
	file := flags.Arg(0)
	if file == "" {
		return 0, failures.Usage("state: the file is missing; see %s --help", calledAs("state"))
	}
	if err := parse(flags, flags.Args()[1:]); err != nil {
		return 0, err
	}
	states, err := r.savedStates(file)
	if err != nil {
		return 0, err
	}
	if len(states) == 0 {
		return r.print("The state is empty: the next run reads everything.\n")
	}
	var text strings.Builder
	for _, name := range slices.Sorted(maps.Keys(states)) {
		explained, err := explainState(name, states[name])
		if err != nil {
			return 0, err
		}
		text.WriteString(explained)
	}
	return r.print(strings.TrimPrefix(text.String(), "\n"))
}

// savedStates reads the states of streams in a file, or in the folder of an export.
func (r *invocation) savedStates(file string) (map[string]json.RawMessage, error) {
	states, err := r.folderStates(file)
	if err != nil || len(states) > 0 {
		return states, err
	}
	text, err := r.input("state", file)
	if err != nil {
		return nil, err
	}
	if first, _, several := bytes.Cut(bytes.TrimSpace(text), []byte("\n")); several && json.Valid(first) && !json.Valid(text) {
		return nil, failures.Config(`reading the state: %s has several lines: take the last state of a Singer target (tail -n 1), or the states of the messages of read (jq -sc '[.[] | select(.type == "STATE")]')`, record.OneLine(file))
	}
	var members map[string]json.RawMessage
	_ = json.Unmarshal(text, &members) // errors of another shape follow below
	if name := strings.TrimSuffix(filepath.Base(file), ".json"); members["v"] != nil {
		if _, ok := stream.ByName(name); !ok {
			return nil, failures.Config("%s has the state of one stream without its name: name the file after the stream, such as responses.json", record.OneLine(file))
		}
		return map[string]json.RawMessage{name: text}, nil
	}
	if isSinger(members) {
		state, err := singer.ParseState(text)
		if err != nil {
			return nil, failures.Config("reading the state: %w", err)
		}
		return state.Bookmarks, nil
	}
	states, warnings, err := airbyte.ParseState(text)
	if err != nil {
		return nil, failures.Config("reading the state: %w", err)
	}
	for _, warning := range warnings {
		r.log.Warn(warning)
	}
	known := func(name string) bool { _, ok := stream.ByName(name); return ok }
	if len(states) > 0 && !slices.ContainsFunc(slices.Collect(maps.Keys(states)), known) {
		return nil, failures.Config("%s is not a state of this program: it has none of its streams", record.OneLine(file))
	}
	return states, nil
}

// folderStates reads the states in the folder of an export. Without such a folder there
// are none.
func (r *invocation) folderStates(folder string) (map[string]json.RawMessage, error) {
	if filepath.Base(folder) != stateFolder {
		folder = filepath.Join(folder, stateFolder)
	}
	states := make(map[string]json.RawMessage)
	names, err := r.Files.Names(folder)
	if err != nil && !errors.Is(err, fs.ErrNotExist) && !errors.Is(err, syscall.ENOTDIR) { // it may be a file
		return nil, failures.Config("reading the states: %w", err)
	}
	for _, file := range names {
		name, ok := strings.CutSuffix(file, ".json")
		if _, known := stream.ByName(name); !ok || !known {
			continue
		}
		text, err := r.Files.ReadFile(filepath.Join(folder, file))
		if err != nil {
			return nil, failures.Config("reading the state of stream %s: %w", name, err)
		}
		states[name] = text
	}
	return states, nil
}

// isSinger reports whether a state has the form of a Singer state, in an envelope or
// without one.
func isSinger(members map[string]json.RawMessage) bool {
	for _, name := range []string{"bookmarks", "singer_state", "value"} {
		if members[name] != nil {
			return true
		}
	}
	return false
}

// partitionNames are the partitions of a feed, for people.
var partitionNames = map[feed.Kind]string{feed.Responses: "survey", feed.Contacts: "directory"}

// explainState says in words how far a stream was read.
func explainState(name string, stored json.RawMessage) (string, error) {
	known, ok := stream.ByName(name)
	if !ok {
		return fmt.Sprintf("\n%s\n  This release has no such stream. Its state is passed on as it is.\n", record.OneLine(name)), nil
	}
	state, err := engine.ParseState(name, stored)
	if err != nil {
		return "", err
	}
	var text strings.Builder
	fmt.Fprintf(&text, "\n%s\n", name)
	say := func(indent, sentence string) { text.WriteString(wrapped(sentence, indent, indent)) }
	say("  ", fmt.Sprintf("Version %d, %s, Qualtrics brand %q.", state.Version, size(len(bytes.TrimSpace(stored))), state.Brand))
	if state.Refresh != "" {
		say("  ", "A full refresh is "+record.OneLine(state.Refresh)+".")
	}
	if what := partitionNames[known.Feed]; what != "" {
		say("  ", wording.Count(len(state.Positions), what, plural(what))+" in it.")
	}
	for _, key := range slices.Sorted(maps.Keys(state.Positions)) {
		sentences, err := feed.Explain(known.Feed, key, state.Positions[key])
		if err != nil {
			return "", &failures.ConfigError{Err: fmt.Errorf("the state of stream %s: %w", name, err)}
		}
		indent := "  "
		if key != "" {
			fmt.Fprintf(&text, "\n  %s\n", record.OneLine(key))
			indent = "    "
		}
		for _, sentence := range sentences {
			say(indent, sentence)
		}
	}
	return text.String(), nil
}

func plural(what string) string {
	if stem, ok := strings.CutSuffix(what, "y"); ok && what != "survey" {
		return stem + "ies"
	}
	return what + "s"
}

// size is a length in bytes, for people.
func size(bytes int) string { return wording.Thousands(int64(bytes)) + " bytes" }
