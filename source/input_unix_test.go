//go:build unix

package source_test

import (
	"bytes"
	"net"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/birdie-ai/source-qualtrics/integration_tests/testkit"
	"github.com/birdie-ai/source-qualtrics/source"
)

// discoverFrom runs discover on a file of the disk.
func discoverFrom(t *testing.T, config string) result {
	t.Helper()
	var stdout, stderr bytes.Buffer
	program := &source.Program{Stdout: &stdout, Stderr: &stderr, Getenv: func(string) string { return "" }, Files: source.Disk}
	code := program.Run(t.Context(), []string{"discover", "--config", config}, source.Sizes{})
	return result{code, stdout.String(), stderr.String()}
}

// written writes a configuration that works, with a mode.
func written(t *testing.T, mode os.FileMode) (path string, content []byte) {
	t.Helper()
	path, content = filepath.Join(t.TempDir(), "config.json"), testkit.Encode(newTenant(t, small).config)
	if err := os.WriteFile(path, content, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Chmod(path, mode); err != nil { // whatever the umask is
		t.Fatal(err)
	}
	return path, content
}

const exposed = "other users of this machine can read the configuration"

func TestDiscover_WarnsOfAConfigurationThatOthersCanRead(t *testing.T) {
	t.Parallel()
	for mode, want := range map[os.FileMode]bool{0o600: false, 0o400: false, 0o700: false, 0o620: false, 0o640: true, 0o604: true, 0o644: true} {
		path, _ := written(t, mode)
		if got := discoverFrom(t, path); got.code != 0 || strings.Contains(got.stdout, exposed) != want {
			t.Errorf("mode %o: got exit code %d, warned %v, want 0 and %v", mode, got.code, !want, want)
		}
	}
}

// Secrets are mounted as links, and passed through pipes.
func TestDiscover_ReadsAConfigurationThroughALinkAndAPipe(t *testing.T) {
	t.Parallel()
	path, content := written(t, 0o640)
	link := filepath.Join(t.TempDir(), "link.json")
	if err := os.Symlink(path, link); err != nil {
		t.Fatal(err)
	}
	if got := discoverFrom(t, link); got.code != 0 || !strings.Contains(got.stdout, exposed) {
		t.Errorf("a link: got exit code %d and %.300s, want 0 and a warning of what it leads to", got.code, got.stdout)
	}
	pipe := filepath.Join(t.TempDir(), "pipe")
	if err := syscall.Mkfifo(pipe, 0o600); err != nil {
		t.Fatal(err)
	}
	huge := append(bytes.Repeat([]byte(" "), 16<<20), content...)
	for name, test := range map[string]struct {
		content []byte
		code    int
		says    string
	}{"a pipe": {content, 0, `"type":"CATALOG"`}, "a pipe without end": {huge, 1, "is larger than 16 MiB"}} {
		done := make(chan struct{})
		go func() {
			defer close(done)
			_ = os.WriteFile(pipe, test.content, 0) // the reader may leave early
		}()
		got := discoverFrom(t, pipe)
		<-done
		if got.code != test.code || !strings.Contains(got.stdout, test.says) || strings.Contains(got.stdout, exposed) {
			t.Errorf("%s: got exit code %d and %.300s, want %d and %q", name, got.code, got.stdout, test.code, test.says)
		}
	}
}

func TestDiscover_RefusesALinkToADeviceAndASocket(t *testing.T) {
	t.Parallel()
	folder := t.TempDir()
	link, broken, socket := filepath.Join(folder, "link"), filepath.Join(folder, "broken"), filepath.Join(folder, "socket")
	if err := os.Symlink("/dev/zero", link); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(broken, broken); err != nil {
		t.Fatal(err)
	}
	listener, err := (&net.ListenConfig{}).Listen(t.Context(), "unix", socket)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = listener.Close() }()
	for path, says := range map[string]string{link: "is neither a file nor a pipe", broken: "too many levels of symbolic links", socket: "open " + socket} {
		got := discoverFrom(t, path)
		if errors := traceErrors(t, got); got.code != 1 || len(errors) != 1 || errors[0].kind != "config_error" || !strings.Contains(errors[0].message, says) {
			t.Errorf("%s: got exit code %d and %v, want 1 and %q", path, got.code, errors, says)
		}
	}
}
