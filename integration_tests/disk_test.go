//go:build unix

package integration_tests

import (
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"
	"testing"

	"github.com/birdie-ai/source-qualtrics/integration_tests/testkit"
)

// smallDisk mounts a disk of a size, which the mount options may change later.
// That takes rights that not everybody has.
func smallDisk(t *testing.T, options string) (folder string, remount func(options string)) {
	t.Helper()
	folder = t.TempDir()
	mount := func(options string) error {
		output, err := exec.Command("mount", "-t", "tmpfs", "-o", options, "tmpfs", folder).CombinedOutput()
		if err != nil {
			t.Logf("%s", output)
		}
		return err
	}
	if os.Geteuid() != 0 {
		t.Skip("only root can mount a small disk")
	}
	if err := mount(options); err != nil {
		t.Skipf("a small disk cannot be mounted here: %v", err)
	}
	t.Cleanup(func() {
		if output, err := exec.Command("umount", folder).CombinedOutput(); err != nil {
			t.Errorf("%v: %s", err, output)
		}
	})
	return folder, func(options string) {
		if err := mount("remount," + options); err != nil {
			t.Fatal(err)
		}
	}
}

// A disk that fills up while files are written: the message says so, nothing
// half is left, and with more room the next run completes.
func TestBinary_ExportOntoADiskThatIsTooSmall(t *testing.T) {
	t.Parallel()
	disk, remount := smallDisk(t, "size=192k")
	tn := startTenant(t, "--surveys", "3", "--responses", "3000", "--contacts", "300")
	args := []string{"export", "--config", tn.file(t, "config.json", tn.config), "--to", filepath.Join(disk, "data")}
	end := run(t, tn.command(t, args...))
	end.must(t, 2)
	if !strings.Contains(string(end.stderr), "the disk is full: ") || !strings.Contains(string(end.stderr), "free some space") {
		t.Errorf("stderr says %q, want that the disk is full, and what to do", end.stderr)
	}
	noRemains(t, disk)
	remount("size=64m")
	end = run(t, tn.command(t, args...))
	end.must(t, 0)
	if !regexp.MustCompile(`(?m)^responses +3,000  complete$`).Match(end.stdout) {
		t.Errorf("with more room the export says\n%s", end.stdout)
	}
	noRemains(t, disk)
}

// Where no download can be written the first one ends the run, with what to do.
func TestBinary_ReadsWithNoFolderForTemporaryFiles(t *testing.T) {
	t.Parallel()
	tn := startTenant(t, "--surveys", "20", "--responses", "2000", "--contacts", "1")
	command := tn.command(t, tn.readArgs(t, nil, "responses")...)
	command.Env = append(command.Env, "TMPDIR="+filepath.Join(tn.folder, "absent"))
	end := run(t, command)
	o := collect(t, nil, end.stdout)
	if end.code != 1 || len(o.failures) != 1 || o.failures[0] != "config_error" || !strings.Contains(string(end.stdout), "point TMPDIR to one, or mount one at /tmp") {
		t.Errorf("it ended with code %d and %q: %s", end.code, o.failures, tail(end.stdout))
	}
	if files := tn.requests(t, "GET /surveys/{id}/export-responses/{fileId}/file"); files == 0 || files > 4 {
		t.Errorf("%d files were asked for, want at most those of the exports that ran at the same time", files)
	}
}

// Downloads are spooled: a full temporary disk ends the run, and what is out by
// then is gone on from.
func TestBinary_ReadsWithATemporaryDiskThatIsTooSmall(t *testing.T) {
	t.Parallel()
	disk, remount := smallDisk(t, "size=64k")
	tn := startTenant(t, "--surveys", "3", "--responses", "3000", "--contacts", "300")
	tn.temporary = disk
	end := run(t, tn.command(t, tn.readArgs(t, nil, allStreams...)...))
	o := collect(t, nil, end.stdout)
	if (end.code != 2 && end.code != 4) || len(o.failures) == 0 || o.failures[0] != "system_error" {
		t.Errorf("it ended with code %d and %q, want 2 or 4, and a system_error", end.code, o.failures)
	}
	if !strings.Contains(string(end.stdout), "the disk is full: ") || !strings.Contains(string(end.stdout), "point TMPDIR to a larger disk") {
		t.Errorf("it says %s, want that the disk is full, and what to do", tail(end.stdout))
	}
	if left, err := os.ReadDir(disk); err != nil || len(left) > 0 {
		t.Errorf("temporary files are left: %v %v", left, err)
	}
	remount("size=64m")
	next := run(t, tn.command(t, tn.readArgs(t, o.state, allStreams...)...))
	next.must(t, 0)
	compareTruth(t, tn.truth(t), merge(merge(nil, o), collect(t, o.state, next.stdout)))
}

// What cannot be written to is told before anything is read.
func TestBinary_ExportOntoAReadOnlyDisk(t *testing.T) {
	t.Parallel()
	disk, remount := smallDisk(t, "size=4m")
	tn := startTenant(t, "--surveys", "1", "--responses", "10", "--contacts", "1")
	config := tn.file(t, "config.json", tn.config)
	remount("ro")
	for name, to := range map[string]string{"a folder of it": filepath.Join(disk, "data"), "the disk itself": disk} {
		end := run(t, tn.command(t, "export", "--config", config, "--to", to))
		end.must(t, 1)
		if !strings.Contains(string(end.stderr), "read-only file system") || len(end.stdout) > 0 {
			t.Errorf("%s: stderr says %q, want that it is read-only", name, end.stderr)
		}
	}
	tn.temporary = disk
	end := run(t, tn.command(t, tn.readArgs(t, nil, "responses")...))
	o := collect(t, nil, end.stdout)
	if end.code != 1 || len(o.failures) != 1 || o.failures[0] != "config_error" || !strings.Contains(string(end.stdout), "point TMPDIR to one") {
		t.Errorf("with a read-only temporary folder it ended with code %d and %q: %s", end.code, o.failures, tail(end.stdout))
	}
	if got := tn.requests(t, "GET /surveys/{id}/export-responses/{fileId}/file"); got > 8 {
		t.Errorf("%d files were asked for that there is no room for", got)
	}
}

// A limit on the size of files is an error like others, not a death by signal.
func TestBinary_ExportUnderALimitOfFileSizes(t *testing.T) {
	t.Parallel()
	tn := startTenant(t, "--surveys", "2", "--responses", "4000", "--contacts", "300")
	folder := filepath.Join(t.TempDir(), "data")
	args := []string{"export", "--config", tn.file(t, "config.json", tn.config), "--to", folder}
	limited := append([]string{"-c", `ulimit -f 40 && exec "$0" "$@"`, testkit.Binary(t)}, args...)
	end := run(t, tn.wrapped(t, exec.Command("sh", limited...)))
	if (end.code != 2 && end.code != 4) || !strings.Contains(string(end.stderr), syscall.EFBIG.Error()) {
		t.Errorf("it ended with code %d (%v) and says %q, want 2 or 4, and that a file is too large", end.code, end.signal, end.stderr)
	}
	noRemains(t, folder)
	end = run(t, tn.command(t, args...))
	end.must(t, 0)
	if !regexp.MustCompile(`(?m)^responses +4,000  complete$`).Match(end.stdout) {
		t.Errorf("without the limit the export says\n%s", end.stdout)
	}
}

// A few open files are enough for exports, too.
func TestBinary_ExportsWithFewOpenFiles(t *testing.T) {
	t.Parallel()
	tn := startTenant(t, "--surveys", "20", "--responses", "1000", "--contacts", "50")
	tn.config["limits"].(map[string]any)["parallel_exports"] = 32
	args := []string{"-c", `ulimit -n 64 && exec "$0" "$@"`, testkit.Binary(t), "export", "--config", tn.file(t, "config.json", tn.config), "--to", filepath.Join(t.TempDir(), "data")}
	end := run(t, tn.wrapped(t, exec.Command("sh", args...)))
	end.must(t, 0)
	if want := len(tn.truth(t)["responses"]); !strings.Contains(string(end.stdout), " "+thousands(want)+"  complete") {
		t.Errorf("it says\n%s\nwant %d responses", end.stdout, want)
	}
}
