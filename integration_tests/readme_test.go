//go:build unix

package integration_tests

import (
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/birdie-ai/source-qualtrics/integration_tests/testkit"
	"github.com/birdie-ai/source-qualtrics/source/stream"
)

// The README shows the step of the demo that compares its files with the tenant.
func TestREADME_ShowsTheEndOfTheDemo(t *testing.T) {
	t.Parallel()
	w := newWorkplace(t, nil)
	end := run(t, w.command(t, "demo", "--dir", filepath.Join(w.folder, "demo")))
	_, last, found := strings.Cut(string(end.stdout), "\n6. ")
	last, _, ended := strings.Cut(last, "\n\n7. ")
	if end.code != 0 || !found || !ended {
		t.Fatalf("the demo ends with code %d:\n%s%s", end.code, end.stdout, end.stderr)
	}
	shows(t, "README.md", "demo", "6. "+last, counts)
}

// Parts of an output that differ from run to run.
var (
	counts     = regexp.MustCompile(`[\d, ]+`)
	comparedAt = regexp.MustCompile(`on 2026-01-15 1[2-9]:\d\d UTC`)
)

// The commands of the README for the first five minutes print what it shows, on the
// tenant that the sandbox makes by default.
func TestREADME_ShowsTheFirstFiveMinutes(t *testing.T) {
	t.Parallel()
	tn := startTenant(t)
	var shown strings.Builder
	for line := range strings.Lines(blocksOf(t, "console", section(t, "README.md", "Five minutes with your account"))[0]) {
		commands, is := strings.CutPrefix(line, "$ ")
		if !is {
			continue
		}
		var output string
		if command := tn.shell(t, commands); strings.Contains(commands, " check ") { // a pipe gets a message
			end := onTerminal(t, command, 120).ends()
			output = strings.ReplaceAll(screen(string(end.stdout)), "\r", "")
		} else {
			end := run(t, command)
			end.must(t, 0)
			output = string(end.stdout)
		}
		fmt.Fprintf(&shown, "%s%s\n", line, trimmed(output))
	}
	shows(t, "README.md", "five minutes", shown.String(), comparedAt)
}

// trimmed is text whose lines do not end with spaces.
func trimmed(text string) string {
	return regexp.MustCompile(`(?m) +$`).ReplaceAllString(strings.TrimRight(text, "\n")+"\n", "")
}

// sampleColumns are the columns of a response that the README shows, line by line.
var sampleColumns = [][]string{
	{"survey_id", "response_id", "last_modified_date"},
	{"recorded_date", "status", "finished", "duration", "user_language"},
	{"recipient_email", "embedded_data"},
	{"answer_values", "answer_labels"},
}

// The row of a response that the README shows is one of the default tenant.
func TestREADME_ShowsARowOfResponses(t *testing.T) {
	t.Parallel()
	tn := startTenant(t)
	folder := filepath.Join(tn.folder, "data")
	run(t, tn.command(t, "export", "--config", tn.file(t, "config.json", tn.config), "--to", folder, "--format", "ndjson", "--compression", "none", "--streams", "responses")).must(t, 0)
	files, err := filepath.Glob(filepath.Join(folder, "responses", "*", "*.ndjson"))
	if err != nil || len(files) != 1 {
		t.Fatal(files, err)
	}
	text, err := os.ReadFile(files[0])
	if err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(string(text)) {
		var row map[string]json.RawMessage
		if err := json.Unmarshal([]byte(line), &row); err != nil {
			t.Fatal(err)
		}
		if string(row["response_id"]) != `"R_GhyegYnVByBxFgQ"` {
			continue
		}
		var lines []string
		for _, names := range sampleColumns {
			var cells []string
			for _, name := range names {
				cells = append(cells, fmt.Sprintf("%q: %s", name, row[name]))
			}
			lines = append(lines, strings.Join(cells, ", "))
		}
		shows(t, "README.md", "sample", "{"+strings.Join(lines, ",\n ")+"}", nil)
		return
	}
	t.Fatal("the tenant has no such response")
}

// shell prepares shell commands in the tenant's folder, with the program under both of
// its names and a target that prints states and keeps all messages.
func (tn *tenant) shell(t *testing.T, commands string) *exec.Cmd {
	t.Helper()
	for _, program := range []string{"bash", "jq"} {
		if _, err := exec.LookPath(program); err != nil {
			t.Skipf("the commands cannot run here: %v", err)
		}
	}
	tn.file(t, "config.json", tn.config)
	bin := t.TempDir()
	target := "#!/bin/sh\ntee -a messages.jsonl | jq -c 'select(.type == \"STATE\").value'\n"
	if err := os.WriteFile(filepath.Join(bin, "target-jsonl"), []byte(target), 0o700); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"source-qualtrics", "tap-qualtrics"} {
		if err := os.Symlink(testkit.Binary(t), filepath.Join(bin, name)); err != nil {
			t.Fatal(err)
		}
	}
	command := tn.wrapped(t, exec.Command("bash", "-c", "set -e\n"+commands))
	command.Dir = tn.folder
	command.Env = append(command.Env, "PATH="+bin+string(os.PathListSeparator)+os.Getenv("PATH"))
	return command
}

// count counts the messages of a type in a file of messages, but for sync_audit.
func (tn *tenant) count(t *testing.T, file, kind string) (n int) {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(tn.folder, file))
	if err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(string(text)) {
		var message struct {
			Type   string
			Stream any // of Singer's; Airbyte's is in the record
			Record struct{ Stream string }
		}
		if err := json.Unmarshal([]byte(line), &message); err != nil {
			t.Fatal(err)
		}
		if message.Type == kind && message.Stream != "sync_audit" && message.Record.Stream != "sync_audit" {
			n++
		}
	}
	return n
}

func TestDocs_CommandsForAirbyteMessagesWork(t *testing.T) {
	t.Parallel()
	tn := startTenant(t, "--surveys", "4", "--responses", "60", "--contacts", "10")
	run(t, tn.shell(t, strings.Join(blocksOf(t, "sh", section(t, "docs/airbyte.md", "On the command line")), "\n"))).must(t, 0)
	if first, second := tn.count(t, "out.jsonl", "RECORD"), tn.count(t, "changes.jsonl", "RECORD"); first < 70 || second != 0 {
		t.Errorf("the first read has %d records and the second %d, want all and none", first, second)
	}
}

func TestDocs_CommandsForSingerMessagesWork(t *testing.T) {
	t.Parallel()
	tn := startTenant(t, "--surveys", "4", "--responses", "60", "--contacts", "10")
	commands := blocksOf(t, "sh", section(t, "docs/singer-and-meltano.md", "On the command line"))[0]
	run(t, tn.shell(t, commands)).must(t, 0)
	exist := 0
	for _, table := range tn.truth(t) {
		exist += len(table)
	}
	if records := tn.count(t, "messages.jsonl", "RECORD"); records != exist {
		t.Errorf("two runs have %d records, want each of %d rows once", records, exist)
	}
	states, err := os.ReadFile(filepath.Join(tn.folder, "states.jsonl"))
	if err != nil {
		t.Fatal(err)
	}
	var last struct{ Bookmarks map[string]json.RawMessage }
	lines := strings.Split(strings.TrimSpace(string(states)), "\n")
	if err := json.Unmarshal([]byte(lines[len(lines)-1]), &last); err != nil {
		t.Fatal(err)
	}
	names := make([]string, 0, len(last.Bookmarks))
	for name := range last.Bookmarks {
		names = append(names, name)
	}
	catalog, err := os.ReadFile(filepath.Join(tn.folder, "catalog.json"))
	if err != nil {
		t.Fatal(err)
	}
	var discovered struct{ Streams []struct{ Stream string } }
	if err := json.Unmarshal(catalog, &discovered); err != nil {
		t.Fatal(err)
	}
	var want []string
	for _, s := range discovered.Streams {
		if of, ok := stream.ByName(s.Stream); ok && !of.OnRequest() { // the catalog does not select the others
			want = append(want, s.Stream)
		}
	}
	slices.Sort(want)
	slices.Sort(names)
	if diff := cmp.Diff(want, names); diff != "" {
		t.Errorf("the last state has bookmarks of (-want +got):\n%s", diff)
	}
}

// The examples in the help of commands work as they are.
func TestDocs_ExamplesOfTheHelpWork(t *testing.T) {
	t.Parallel()
	tn := startTenant(t, "--surveys", "3", "--responses", "30", "--contacts", "10")
	for _, name := range []string{"spec", "check", "surveys", "discover", "read", "tap", "export", "version", "help"} {
		help := string(run(t, tn.command(t, name, "--help")).stdout)
		_, example, found := strings.Cut(help, "\nExample:\n")
		example, _, ended := strings.Cut(example, "\nNext, ")
		if !found || !ended {
			t.Fatalf("%s --help has no example:\n%s", name, help)
		}
		if end := run(t, tn.shell(t, example)); end.code != 0 {
			t.Errorf("the example of %s --help ends with code %d\n%s%s", name, end.code, example, end.stderr)
		}
	}
}
