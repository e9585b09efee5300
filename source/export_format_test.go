package source_test

import (
	"bytes"
	"encoding/json"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/birdie-ai/source-qualtrics/source/landing"
)

// contentBelow returns every file below a folder, by its path.
func contentBelow(t *testing.T, folder string) map[string]string {
	t.Helper()
	found := make(map[string]string)
	all, err := filepath.Glob(filepath.Join(folder, "*"))
	for ; err == nil && len(all) > 0; all = all[1:] {
		var more []string
		if more, err = filepath.Glob(filepath.Join(all[0], "*")); len(more) > 0 {
			all = append(all, more...)
		} else if info, statErr := os.Stat(all[0]); statErr == nil && info.Mode().IsRegular() {
			var content []byte
			content, err = os.ReadFile(all[0])
			found[strings.TrimPrefix(all[0], folder+"/")] = string(content)
		}
	}
	if err != nil {
		t.Fatal(err)
	}
	return found
}

func TestExport_RefusesAnotherFormatInTheSameFolder(t *testing.T) {
	t.Parallel()
	tn, folder := newTenant(t, small), t.TempDir()
	if got := tn.run(t, "export", "--config", "config.json", "--to", folder, "--streams", "surveys"); got.code != 0 {
		t.Fatalf("got exit code %d and %s", got.code, got.stderr)
	}
	before, calls := contentBelow(t, folder), requests(tn)
	for _, format := range [][]string{{"--format", "ndjson"}, {"--format", "ndjson", "--compression", "none"}} {
		got := tn.run(t, append([]string{"export", "--config", "config.json", "--to", folder}, format...)...)
		want := "source-qualtrics: export: the files in " + folder + " were written with --format parquet: go on with that, or export into another folder\n"
		if got.code != 1 || got.stdout != "" || got.stderr != want {
			t.Errorf("%q: got exit code %d, %q and %q, want 1, nothing and %q", format, got.code, got.stdout, got.stderr, want)
		}
		if diff := cmp.Diff(before, contentBelow(t, folder)); diff != "" {
			t.Errorf("%q changed the folder (-before +after):\n%s", format, diff)
		}
	}
	if now := requests(tn); now != calls {
		t.Errorf("got %d calls for what was refused, want none", now-calls)
	}
}

func TestExport_NamesTheCompressionThatAFolderHas(t *testing.T) {
	t.Parallel()
	tn, folder := newTenant(t, small), t.TempDir()
	args := []string{"export", "--config", "config.json", "--to", folder, "--streams", "surveys", "--format", "ndjson"}
	if got := tn.run(t, args...); got.code != 0 {
		t.Fatalf("got exit code %d and %s", got.code, got.stderr)
	}
	got := tn.run(t, append(args, "--compression", "none")...)
	if want := "were written with --format ndjson --compression zstd: go on with that"; got.code != 1 || !strings.Contains(got.stderr, want) {
		t.Errorf("got exit code %d and %q, want 1 and %q", got.code, got.stderr, want)
	}
}

func TestExport_RefusesFlagsThatDoNotGoTogether(t *testing.T) {
	t.Parallel()
	for flags, want := range map[string]string{
		"--format parquet --compression none": "--compression none is for --format ndjson",
		"--compression none":                  "--compression none is for --format ndjson",
		"--compression gzip":                  `the compression is zstd or none, not "gzip"`,
		"--format csv":                        `the format is parquet or ndjson, not "csv"`,
	} {
		tn, folder := newTenant(t, small), filepath.Join(t.TempDir(), "data")
		got := tn.run(t, append([]string{"export", "--config", "config.json", "--to", folder}, strings.Fields(flags)...)...)
		if got.code != 1 || got.stdout != "" || !strings.Contains(got.stderr, want) {
			t.Errorf("%s: got exit code %d, %q and %q, want 1 and %q", flags, got.code, got.stdout, got.stderr, want)
		}
		if _, err := os.Stat(folder); err == nil {
			t.Errorf("%s: the folder was made", flags)
		}
	}
}

// Two bubbles begin at the same moment, so the second run of a folder gets a
// suffix: the rows have to name it, too.
func TestExport_RowsNameTheFolderOfTheirRun(t *testing.T) {
	t.Parallel()
	folder := t.TempDir()
	for range 2 {
		synctest.Test(t, func(t *testing.T) {
			got := newTenant(t, small).run(t, "export", "--config", "config.json", "--to", folder, "--format", "ndjson", "--compression", "none", "--streams", "responses,sync_audit")
			if got.code != 0 {
				t.Fatalf("got exit code %d and %s", got.code, got.stderr)
			}
		})
	}
	files := contentBelow(t, folder)
	runs := make(map[string]int)
	for name, content := range files {
		run, ok := strings.CutPrefix(filepath.ToSlash(filepath.Dir(name)), "sync_audit/run=")
		if !ok {
			continue
		}
		for line := range bytes.Lines([]byte(content)) {
			if id := parseRow(t, line)["run_id"]; id != run {
				t.Errorf("%s: got a row of run %v, want %s", name, id, run)
			}
			runs[run]++
		}
		if files["_manifest/"+run+".json"] == "" {
			t.Errorf("%s has no manifest", run)
		}
	}
	if want := []string{"20000101-000000-000", "20000101-000000-000-2"}; !slices.Equal(slices.Sorted(maps.Keys(runs)), want) {
		t.Errorf("got the runs %v, want %q", runs, want)
	}
}

// The same holds for files that a target loads.
func TestTap_RowsNameTheRunOfTheirFiles(t *testing.T) {
	insideBubble(t, func(t *testing.T) {
		tn, folder := newTenant(t, small), t.TempDir()
		tn.config["batch_config"] = map[string]any{
			"encoding": map[string]any{"format": "jsonl", "compression": "none"}, "storage": map[string]any{"root": folder},
		}
		root, err := tn.disk().Root(folder)
		if err != nil {
			t.Fatal(err)
		}
		other, err := landing.OpenBatches(landing.Options{FS: root, Format: landing.JSONLines, Run: "20000101-000000-000", Now: time.Now}, "tap-qualtrics--")
		if err != nil {
			t.Fatal(err)
		}
		got := tn.run(t, "tap", "--config", "config.json")
		if err := other.Close(); err != nil || got.code != 0 {
			t.Fatalf("got exit code %d, %v and %s", got.code, err, got.stderr)
		}
		rows := 0
		for name, content := range contentBelow(t, folder) {
			for line := range strings.Lines(content) {
				var row struct {
					Run string `json:"run_id"`
				}
				if err := json.Unmarshal([]byte(line), &row); err != nil {
					t.Fatal(err)
				}
				if row.Run != "" {
					rows++
					if !strings.HasPrefix(name, "tap-qualtrics--sync_audit-20000101-000000-000-2-") || row.Run != "20000101-000000-000-2" {
						t.Errorf("%s: got a row of run %s", name, row.Run)
					}
				}
			}
		}
		if rows == 0 {
			t.Error("got no row that names its run")
		}
	})
}
