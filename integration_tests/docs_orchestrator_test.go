//go:build unix

package integration_tests_test

import (
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/birdie-ai/source-qualtrics/integration_tests"
	"github.com/birdie-ai/source-qualtrics/integration_tests/testkit"
)

// orchestrators are those of which the documentation has a snippet.
var orchestrators = []string{"Airflow", "Dagster"}

// snippet is the Python for an orchestrator.
func snippet(t *testing.T, orchestrator string) string {
	t.Helper()
	return integration_tests.BlocksOf(t, "python", integration_tests.Section(t, "docs/orchestrators.md", orchestrator))[0]
}

// places are where the snippets' commands find and leave things, and where they
// do in a test.
func (u *user) places(config map[string]any) *strings.Replacer {
	u.t.Helper()
	return strings.NewReplacer("/etc/qualtrics/config.json", u.file("config.json", testkit.Encode(config)), "/data/qualtrics", filepath.Join(u.folder, "data"))
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

func TestDocs_TheCommandsOfOrchestratorsWork(t *testing.T) {
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
