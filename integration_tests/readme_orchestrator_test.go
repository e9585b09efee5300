//go:build unix

package integration_tests_test

import (
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// orchestrators are those of which the README has a snippet.
var orchestrators = []string{"Airflow", "Dagster"}

// snippet is the Python of the README's paragraph on an orchestrator.
func snippet(t *testing.T, orchestrator string) string {
	t.Helper()
	text, err := os.ReadFile("../README.md")
	if err != nil {
		t.Fatal(err)
	}
	_, rest, found := strings.Cut(string(text), "**In "+orchestrator+"**")
	_, rest, python := strings.Cut(rest, "```python\n")
	code, _, ended := strings.Cut(rest, "```")
	if !found || !python || !ended {
		t.Fatalf("the README has no Python for %s", orchestrator)
	}
	return code
}

// places are where the snippets' commands find and leave things, and where they
// do in a test.
func (u *user) places(config map[string]any) *strings.Replacer {
	u.t.Helper()
	return strings.NewReplacer("/etc/qualtrics/config.json", u.file("config.json", mustEncode(config)), "/data/qualtrics", filepath.Join(u.folder, "data"))
}

var snippetCommand = regexp.MustCompile(`"(source-qualtrics [^"\n]*)"`)

// exported demands that the folder of the snippets holds what exists.
func (u *user) exported(s *site) (rows int) {
	u.t.Helper()
	folder := filepath.Join(u.folder, "data")
	wholeFolder(u.t, folder)
	u.readFolder(folder)
	if short, problem := u.compare(s.truth(u.t), newComparer()); problem != "" {
		u.t.Errorf("%+v: %s", short, problem)
	}
	for _, table := range u.platform.tables {
		rows += len(table)
	}
	return rows
}

func TestREADME_TheCommandsOfOrchestratorsWork(t *testing.T) {
	t.Parallel()
	s := kubernetesSite(t)
	for _, name := range orchestrators {
		commands := snippetCommand.FindAllStringSubmatch(snippet(t, name), -1)
		if len(commands) != 1 {
			t.Fatalf("the snippet for %s has the commands %q, want one", name, commands)
		}
		u := newUser(t)
		args := strings.Fields(u.places(s.config(nil)).Replace(commands[0][1]))
		for _, want := range []string{"the first run", "a second one"} {
			if end := u.silent(u.command(slices.Clone(args[1:])...)); end.code != 0 {
				t.Fatalf("%s: %s of %q ended with code %d: %s", name, want, args, end.code, end.stderr)
			}
			u.exported(s)
		}
	}
}
