package landing_test

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/birdie-ai/source-qualtrics/source/landing"
)

// uploads opens a folder for uploaded files.
func uploads(t *testing.T, dir, run string) (*landing.Uploads, *landing.Writer) {
	t.Helper()
	w, err := landing.Open(options(root(t, dir), landing.NDJSON, run))
	if err != nil {
		t.Fatal(err)
	}
	return w.Uploads(), w
}

// A file is found by its ids after it was stored, also by a later run.
func TestUploads_AreStoredOnceAndFound(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	u, w := uploads(t, dir, "run-1")
	if name, sum, err := u.Find("SV_1", "R_1", "F_1"); name != "" || sum != "" || err != nil {
		t.Errorf("an empty folder has %q, %q, %v", name, sum, err)
	}
	stored, sum, err := u.Store("SV_1", "R_1", "F_1", strings.NewReader("content"))
	const hash = "ed7002b439e9ac845f22357d822bac1444730fbdb6016d3ec9432297b9ec9f73" // of content
	if want := "_files/SV_1/R_1/F_1-" + hash; stored != want || sum != hash || err != nil {
		t.Fatalf("got %q, %q, %v, want %q", stored, sum, err, want)
	}
	if _, _, err := u.Store("SV_1", "R_1", "F_12", strings.NewReader("")); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	u, w = uploads(t, dir, "run-2")
	if name, sum, err := u.Find("SV_1", "R_1", "F_1"); name != stored || sum != hash || err != nil {
		t.Errorf("a later run finds %q, %q, %v", name, sum, err)
	}
	for _, other := range [][3]string{{"SV_1", "R_1", "F_2"}, {"SV_1", "R_2", "F_1"}, {"SV_2", "R_1", "F_1"}, {"SV_1", "R_1", "F"}} {
		if name, _, err := u.Find(other[0], other[1], other[2]); name != "" || err != nil {
			t.Errorf("%v is found as %q, %v", other, name, err)
		}
	}
	content, err := os.ReadFile(filepath.Join(dir, filepath.FromSlash(stored)))
	if string(content) != "content" || err != nil {
		t.Errorf("the file has %q, %v", content, err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
}

// Ids of another form than those of Qualtrics lead nowhere.
func TestUploads_HostileIDsStayInTheFolder(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	u, w := uploads(t, filepath.Join(dir, "out"), "run")
	for _, id := range []string{"..", "../../x", "/etc/passwd", `..\x`, "CON", "a\x00b", "", ".", "F_1/..", strings.Repeat("F_", 200), "_partial"} {
		name, _, err := u.Store(id, id, id, strings.NewReader("content of "+id))
		if err != nil || strings.Contains(name, "..") || strings.Count(name, "/") != 3 || !strings.HasPrefix(name, "_files/x-") {
			t.Errorf("%q is stored as %q, %v", id, name, err)
		}
		if found, _, err := u.Find(id, id, id); found != name || err != nil {
			t.Errorf("%q is stored as %q and found as %q, %v", id, name, found, err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	entries, err := os.ReadDir(dir)
	if err != nil || len(entries) != 1 {
		t.Errorf("beside the folder there are %v, %v", entries, err)
	}
}

// breakingOff is content that ends with an error.
type breakingOff struct{}

var errBroken = errors.New("the content breaks off")

func (breakingOff) Read(p []byte) (int, error) { return copy(p, "half"), errBroken }

// Neither content that breaks off nor a run that is killed leaves a file that looks complete.
func TestUploads_ArePartialUntilTheyAreWhole(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	u, w := uploads(t, dir, "run-1")
	if _, _, err := u.Store("SV_1", "R_1", "F_1", breakingOff{}); !errors.Is(err, errBroken) {
		t.Errorf("got %v", err)
	}
	partial := filepath.Join(dir, "_files", "_partial")
	if entries, err := os.ReadDir(partial); len(entries) != 0 || err != nil {
		t.Errorf("content that broke off left %v, %v", entries, err)
	}
	if name, _, err := u.Find("SV_1", "R_1", "F_1"); name != "" || err != nil {
		t.Errorf("content that broke off is found as %q, %v", name, err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(partial, "killed"), []byte("half"), 0o600); err != nil {
		t.Fatal(err)
	}
	u, w = uploads(t, dir, "run-2")
	if entries, err := os.ReadDir(partial); len(entries) != 0 || err != nil {
		t.Errorf("the run after a killed one left %v, %v", entries, err)
	}
	if _, _, err := u.Store("SV_1", "R_1", "F_1", strings.NewReader("whole")); err != nil {
		t.Errorf("the file cannot be stored after that: %v", err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
}

// Wherever a machine stops while a file is stored, the next run finds the whole file or none,
// and can store it.
func TestUploads_SurviveACrash(t *testing.T) {
	t.Parallel()
	const content = "content of a file"
	whole, missing := 0, 0
	for _, how := range []survivor{nothingUnsynced, namesOnly, everything} {
		for at, ended := 1, false; !ended; at++ {
			folder := newMemory()
			w, err := landing.Open(options(folder, landing.NDJSON, "run-1"))
			if err != nil {
				t.Fatal(err)
			}
			folder.mu.Lock()
			folder.failAt, folder.dead = folder.operations+at, true
			folder.mu.Unlock()
			stored, _, err := w.Uploads().Store("SV_1", "R_1", "F_1", strings.NewReader(content))
			if ended = err == nil; err != nil && !errors.Is(err, errPlanted) {
				t.Fatal(err)
			}
			_ = w.Close() // the machine has stopped
			after := folder.crash(how)
			w, err = landing.Open(options(after, landing.NDJSON, "run-2"))
			if err != nil {
				t.Fatalf("%s, operation %d: %v", how, at, err)
			}
			name, _, err := w.Uploads().Find("SV_1", "R_1", "F_1")
			if err != nil || ended && name != stored {
				t.Fatalf("%s, operation %d: got %q, %v, want %q", how, at, name, err, stored)
			}
			if name != "" {
				whole++
				if got, err := after.ReadFile(name); string(got) != content || err != nil {
					t.Errorf("%s, operation %d: the file has %q, %v", how, at, got, err)
				}
			} else {
				missing++
				if _, _, err := w.Uploads().Store("SV_1", "R_1", "F_1", strings.NewReader(content)); err != nil {
					t.Errorf("%s, operation %d: storing it again: %v", how, at, err)
				}
			}
			if err := w.Close(); err != nil {
				t.Fatal(err)
			}
		}
	}
	if whole < 3 || missing < 6 {
		t.Errorf("%d files were whole, and %d were missing", whole, missing)
	}
}
