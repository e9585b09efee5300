//go:build unix

package testkit

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"syscall"
	"testing"
)

// built is the program, built once for all tests of a package.
var built struct {
	sync.Once
	folder, path string
	err          error
}

// Binary returns the path of the program, which it builds once.
func Binary(t testing.TB) string {
	t.Helper()
	built.Do(func() {
		if built.folder, built.err = os.MkdirTemp("", "source-qualtrics-test-"); built.err != nil {
			return
		}
		built.path = filepath.Join(built.folder, "source-qualtrics")
		build := exec.Command("go", "build", "-o", built.path, "github.com/birdie-ai/source-qualtrics/cmd/source-qualtrics") //nolint:gosec // into a folder of its own
		if output, err := build.CombinedOutput(); err != nil {
			built.err = fmt.Errorf("%w\n%s", err, output)
		}
	})
	if built.err != nil {
		t.Fatal(built.err)
	}
	return built.path
}

// BuildFolder is the folder of the program that [Binary] builds, for other builds.
func BuildFolder() string { return built.folder }

// RemoveBuilds removes that folder when all tests have ended.
func RemoveBuilds() error {
	if built.folder == "" {
		return nil
	}
	return os.RemoveAll(built.folder)
}

// WriteFile writes a file for the program and returns its path. It encodes content
// other than bytes as JSON.
func WriteFile(t testing.TB, folder, name string, content any) string {
	t.Helper()
	text, ok := content.([]byte)
	if !ok {
		text = Encode(content)
	}
	path := filepath.Join(folder, name)
	if err := os.WriteFile(path, text, 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// Wait waits for the end of a process. The code is -1 if a signal ended it, and the
// signal is 0 if none did.
func Wait(t testing.TB, command *exec.Cmd) (code int, signal syscall.Signal) {
	t.Helper()
	err := command.Wait()
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) {
		t.Fatal(err)
	}
	if status, ok := command.ProcessState.Sys().(syscall.WaitStatus); ok && status.Signaled() {
		signal = status.Signal()
	}
	return command.ProcessState.ExitCode(), signal
}
