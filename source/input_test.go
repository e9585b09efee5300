package source_test

import (
	"bytes"
	"os"
	"path/filepath"
	"testing"

	"github.com/birdie-ai/source-qualtrics/integration_tests/testkit"
	"github.com/birdie-ai/source-qualtrics/source"
)

// Files that nobody should hand over are refused before anything is sent.
func TestRead_RefusesAFileThatIsNone(t *testing.T) {
	t.Parallel()
	folder := t.TempDir()
	huge := filepath.Join(folder, "huge.json")
	if err := os.WriteFile(huge, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Truncate(huge, 16<<20+1); err != nil { // sparse
		t.Fatal(err)
	}
	files := map[string]struct{ path, says string }{
		"missing":  {filepath.Join(folder, "missing.json"), "missing.json: no such file or directory"},
		"a folder": {folder, folder + " is a folder, where a file is needed"},
		"a device": {"/dev/zero", "/dev/zero is neither a file nor a pipe"},
		"huge":     {huge, "huge.json is larger than 16 MiB"},
	}
	for name, file := range files {
		for _, option := range []string{"config", "catalog", "state"} {
			t.Run(option+" "+name, func(t *testing.T) {
				t.Parallel()
				tn := newTenant(t, small)
				paths := map[string]string{"config": "config.json", "catalog": "catalog.json", "state": "state.json"}
				for given, content := range map[string][]byte{"config": testkit.Encode(tn.config), "catalog": testkit.Catalog("surveys"), "state": []byte("[]")} {
					paths[given] = filepath.Join(t.TempDir(), given)
					if err := os.WriteFile(paths[given], content, 0o600); err != nil {
						t.Fatal(err)
					}
				}
				paths[option] = file.path
				var stdout, stderr bytes.Buffer
				program := &source.Program{Stdout: &stdout, Stderr: &stderr, Getenv: os.Getenv, Transport: tn.transport, Files: source.Disk}
				code := program.Run(t.Context(), []string{"read", "--config", paths["config"], "--catalog", paths["catalog"], "--state", paths["state"]}, source.Sizes{})
				what := map[string]string{"config": "configuration"}[option]
				if what == "" {
					what = option
				}
				got := parseReading(t, result{code, stdout.String(), stderr.String()}, nil)
				ending{code: 1, kinds: []string{"config_error"}, says: []string{"reading the " + what + ": ", file.says}}.compare(t, got)
				if calls := requests(tn); got.count() != 0 || string(got.states) != "[]" || calls != 0 {
					t.Errorf("got %d records, the states %s and %d calls, want none", got.count(), got.states, calls)
				}
			})
		}
	}
}
