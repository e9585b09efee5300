package landing_test

import (
	"bufio"
	"errors"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"go.uber.org/goleak"

	"github.com/birdie-ai/source-qualtrics/source/landing"
)

// holdLock is an argument of the test binary. With it the binary holds the lock of
// the folder in the next argument until it is killed.
const holdLock = "hold-the-lock-of"

func TestMain(m *testing.M) {
	if len(os.Args) == 3 && os.Args[1] == holdLock {
		hold(os.Args[2])
	}
	goleak.VerifyTestMain(m)
}

func hold(dir string) {
	folder, err := landing.OpenRoot(dir)
	if err == nil {
		_, err = landing.Open(options(folder, landing.NDJSON, "held"))
	}
	if err != nil {
		_, _ = os.Stdout.WriteString(err.Error() + "\n")
		os.Exit(1)
	}
	_, _ = os.Stdout.WriteString("held\n")
	select {}
}

func root(t *testing.T, dir string) landing.FS {
	t.Helper()
	folder, err := landing.OpenRoot(dir)
	if err != nil {
		t.Fatal(err)
	}
	return folder
}

func TestOpen_IsRefusedByARunningProcessButNotByAKilledOne(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	other := exec.CommandContext(t.Context(), os.Args[0], holdLock, dir)
	output, err := other.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := other.Start(); err != nil {
		t.Fatal(err)
	}
	if line, err := bufio.NewReader(output).ReadString('\n'); line != "held\n" {
		t.Fatalf("the other run says %q, %v", line, err)
	}
	_, err = landing.Open(options(root(t, dir), landing.NDJSON, "run"))
	var locked *landing.LockedError
	if !errors.As(err, &locked) || locked.PID != strconv.Itoa(other.Process.Pid) {
		t.Errorf("got %v, want an error that names process %d", err, other.Process.Pid)
	}
	if err := other.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	_ = other.Wait() // it was killed
	if _, err := os.Lstat(filepath.Join(dir, "_lock")); err != nil {
		t.Errorf("the killed run left no lock file: %v", err)
	}
	w, err := landing.Open(options(root(t, dir), landing.NDJSON, "run"))
	if err != nil {
		t.Fatalf("taking over the lock: %v", err)
	}
	if _, err := landing.Open(options(root(t, dir), landing.NDJSON, "second")); !errors.As(err, &locked) {
		t.Errorf("got %v for a second run of this process, want a LockedError", err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	if _, err := os.Lstat(filepath.Join(dir, "_lock")); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("got %v, want no lock file after Close", err)
	}
}

func TestOpen_RefusesInvalidOptions(t *testing.T) {
	t.Parallel()
	for name, set := range map[string]func(*landing.Options){
		"no folder":      func(o *landing.Options) { o.FS = nil },
		"no clock":       func(o *landing.Options) { o.Now = nil },
		"unknown format": func(o *landing.Options) { o.Format = "csv" },
		"empty run":      func(o *landing.Options) { o.Run = "" },
		"hostile run":    func(o *landing.Options) { o.Run = "../x" },
		"upper case run": func(o *landing.Options) { o.Run = "Run" },
	} {
		folder := newMemory()
		o := options(folder, landing.NDJSON, "run")
		set(&o)
		if _, err := landing.Open(o); err == nil {
			t.Errorf("%s: accepted", name)
		}
		if folder.locked {
			t.Errorf("%s: the lock is held", name)
		}
	}
}

func TestOpen_SameRunIDGetsASuffix(t *testing.T) {
	t.Parallel()
	folder := newMemory()
	for range 3 {
		if err := deliver(t, folder, landing.NDJSON, "run"); err != nil {
			t.Fatal(err)
		}
	}
	want := []string{"_manifest/run-2.json", "_manifest/run-3.json", "_manifest/run.json"}
	if diff := cmp.Diff(want, folder.files("_manifest/", "")); diff != "" {
		t.Errorf("manifests (-want +got):\n%s", diff)
	}
}

func TestOpen_RefusesAnotherFormatThanTheFolder(t *testing.T) {
	t.Parallel()
	for _, has := range formats {
		dir := t.TempDir()
		if err := deliver(t, root(t, dir), has, "first"); err != nil {
			t.Fatal(err)
		}
		left := filepath.Join(dir, "_state", "rows.json.tmp") // leftovers of a crash do not change either
		if err := os.WriteFile(left, nil, 0o600); err != nil {
			t.Fatal(err)
		}
		before := tree(t, dir)
		for _, wanted := range formats {
			if wanted == has {
				continue
			}
			w, err := landing.Open(options(root(t, dir), wanted, "second"))
			var other *landing.FormatError
			if !errors.As(err, &other) || *other != (landing.FormatError{Have: has, Want: wanted}) {
				t.Errorf("%s into a folder of %s: got %v, want a FormatError that names both", wanted, has, err)
			}
			if w != nil {
				t.Errorf("%s into a folder of %s: got a writer", wanted, has)
			}
			if diff := cmp.Diff(before, tree(t, dir)); diff != "" {
				t.Errorf("%s into a folder of %s changed it (-before +after):\n%s", wanted, has, diff)
			}
		}
	}
}

func TestOpen_ARunWithoutFilesAllowsAnotherFormat(t *testing.T) {
	t.Parallel()
	folder := newMemory()
	w, err := landing.Open(options(folder, landing.Parquet, "first"))
	if err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	if err := deliver(t, folder, landing.NDJSON, "second"); err != nil {
		t.Errorf("got %v, want the format of the first run with files", err)
	}
}

func TestOpen_RemovesOnlyFilesOfACrashedRun(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	if err := deliver(t, root(t, dir), landing.NDJSON, "known"); err != nil {
		t.Fatal(err)
	}
	kept := []string{
		"notes.txt", "other/run=known/part-00000.txt", "rows/run=known/part-00000.csv", "rows/run=known/notes.tmp", "rows/README",
		"rows/run=moved/part-00000.parquet", "_state/mine.tmp", "Rows/run=known/part-00099.parquet",
	}
	left := []string{
		"rows/run=known/part-00099.parquet", "rows/run=known/part-00099.ndjson.zst", "rows/run=moved/part-00001.parquet.tmp",
		"_state/rows.json.tmp", "_manifest/known.json.tmp", "_schema/rows.json.tmp", "more/run=known/part-00000.parquet.tmp",
	}
	for _, name := range append(kept, left...) {
		path := filepath.Join(dir, filepath.FromSlash(name))
		if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, nil, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	before := tree(t, dir)
	w, err := landing.Open(options(root(t, dir), landing.NDJSON, "next"))
	if err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	after := tree(t, dir)
	for _, name := range left {
		delete(before, name)
	}
	delete(before, "more/run=known") // empty now
	if diff := cmp.Diff(before, after); diff != "" {
		t.Errorf("files (-want +got):\n%s", diff)
	}
}

func TestOpen_KeepsFilesOfARunWithACorruptManifest(t *testing.T) {
	t.Parallel()
	for _, corrupt := range []string{"", "{", `{"version":2,"run":"run"}`, `{"version":1,"run":"other"}`} {
		folder := newMemory()
		if err := deliver(t, folder, landing.NDJSON, "run"); err != nil {
			t.Fatal(err)
		}
		files := folder.files("rows/", "")
		folder.names["_manifest/run.json"].content = []byte(corrupt)
		_, err := landing.Open(options(folder, landing.NDJSON, "next"))
		if err == nil || !strings.Contains(err.Error(), "_manifest/run.json") {
			t.Errorf("manifest %q: got %v, want an error that names it", corrupt, err)
		}
		if diff := cmp.Diff(files, folder.files("rows/", "")); diff != "" {
			t.Errorf("manifest %q: files (-want +got):\n%s", corrupt, diff)
		}
		if folder.locked {
			t.Errorf("manifest %q: the lock is held", corrupt)
		}
	}
}

// tree returns the modes of all files and folders in a folder.
func tree(t *testing.T, dir string) map[string]string {
	t.Helper()
	found := make(map[string]string)
	err := filepath.WalkDir(dir, func(path string, entry fs.DirEntry, err error) error {
		if err != nil || path == dir {
			return err
		}
		info, err := entry.Info()
		if err != nil {
			return err
		}
		name, err := filepath.Rel(dir, path)
		found[filepath.ToSlash(name)] = info.Mode().String()
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return found
}

func TestOpenRoot_FilesAreForTheUserOnly(t *testing.T) {
	t.Parallel()
	if runtime.GOOS == "windows" {
		t.Skip("modes are those of Unix")
	}
	dir := filepath.Join(t.TempDir(), "new", "folder")
	if err := deliver(t, root(t, dir), landing.Parquet, "run"); err != nil {
		t.Fatal(err)
	}
	info, err := os.Stat(dir)
	if err != nil || info.Mode().Perm() != 0o700 {
		t.Errorf("the folder has the mode %v, %v", info.Mode(), err)
	}
	found := tree(t, dir)
	if len(found) < 10 {
		t.Errorf("got only %v", found)
	}
	for name, mode := range found {
		if mode != "-rw-------" && mode != "drwx------" {
			t.Errorf("%s has the mode %s", name, mode)
		}
	}
}

func TestOpenRoot_LinksOutOfTheFolderAreRefused(t *testing.T) {
	t.Parallel()
	for _, name := range []string{"rows", "_state", "_manifest", "_schema", "_lock"} {
		dir, outside := t.TempDir(), t.TempDir()
		target := outside
		if name == "_lock" {
			target = filepath.Join(outside, "victim")
		}
		if err := os.Symlink(target, filepath.Join(dir, name)); err != nil {
			t.Skipf("no symbolic links here: %v", err)
		}
		if err := deliver(t, root(t, dir), landing.NDJSON, "run"); err == nil {
			t.Errorf("%s: the link was followed", name)
		}
		if found := tree(t, outside); len(found) > 0 {
			t.Errorf("%s: written outside: %v", name, found)
		}
	}
}

func TestOpenRoot_AFolderThatIsALinkIsRefused(t *testing.T) {
	t.Parallel()
	outside, parent := t.TempDir(), t.TempDir()
	link := filepath.Join(parent, "data")
	if err := os.Symlink(outside, link); err != nil {
		t.Skipf("no symbolic links here: %v", err)
	}
	for _, dir := range []string{link, link + "/", link + "/.", filepath.Join(parent, ".", "data")} {
		if _, err := landing.OpenRoot(dir); err == nil || !strings.Contains(err.Error(), "it is a symbolic link: name the folder that it leads to") {
			t.Errorf("%s: got %v, want it refused", dir, err)
		}
	}
	if found := tree(t, outside); len(found) > 0 {
		t.Errorf("written behind the link: %v", found)
	}
	// Links in the path to the folder are allowed: the user chose them.
	if err := deliver(t, root(t, filepath.Join(link, "data")), landing.NDJSON, "run"); err != nil {
		t.Errorf("a folder below a link: %v", err)
	}
}
