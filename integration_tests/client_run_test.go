//go:build clients && unix

package integration_tests_test

import (
	"bytes"
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/birdie-ai/source-qualtrics/integration_tests/testkit"
)

// clientUser is whoever runs a real client: a folder that is also the client's
// home, a bin folder, and a watch on where it wants to connect to.
type clientUser struct {
	t      *testing.T
	folder string
	bin    string
	proxy  string
}

// newClientUser gives a test the programs of an environment. It fails a test
// whose client wants to reach a host that is not this one.
func newClientUser(t *testing.T, environmentName string) *clientUser {
	t.Helper()
	u := &clientUser{t: t, folder: t.TempDir(), bin: environment(t, environmentName)}
	var lock sync.Mutex
	wanted := make(map[string]bool)
	proxy := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		lock.Lock()
		wanted[r.Host] = true
		lock.Unlock()
		http.Error(w, "nothing but this host is reached in tests", http.StatusForbidden)
	}))
	t.Cleanup(func() {
		proxy.Close()
		for host := range wanted {
			t.Errorf("it wants to connect to %s", host)
		}
	})
	u.proxy = proxy.URL
	return u
}

// environ is what a client's processes see: programs of the environment first,
// then the connector under both of its names.
func (u *clientUser) environ(more ...string) []string {
	u.t.Helper()
	return append([]string{
		"PATH=" + u.bin + string(os.PathListSeparator) + connectorFolder(u.t) + string(os.PathListSeparator) + os.Getenv("PATH"),
		"HOME=" + u.folder, "TMPDIR=" + u.folder, "LANG=C.UTF-8", "QUALTRICS_SANDBOX=1", "DO_NOT_TRACK=1",
		"HTTP_PROXY=" + u.proxy, "HTTPS_PROXY=" + u.proxy, "http_proxy=" + u.proxy, "https_proxy=" + u.proxy,
		"NO_PROXY=127.0.0.1,localhost", "no_proxy=127.0.0.1,localhost",
	}, more...)
}

// clientPatience is the longest that a program may take.
const clientPatience = 8 * time.Minute

// program prepares a run of a program of the environment. Its processes are a
// group, which ends with the test.
func (u *clientUser) program(name string, args ...string) *exec.Cmd {
	u.t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), clientPatience) // a test's own ends before its cleanup
	u.t.Cleanup(cancel)
	command := exec.CommandContext(ctx, filepath.Join(u.bin, name), args...)
	command.Dir, command.Env = u.folder, u.environ()
	command.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	command.Cancel = func() error { return syscall.Kill(-command.Process.Pid, syscall.SIGKILL) }
	command.WaitDelay = 10 * time.Second
	return command
}

// script prepares a run of clients/NAME.py.
func (u *clientUser) script(name string, args ...string) *exec.Cmd {
	u.t.Helper()
	path, err := filepath.Abs(filepath.Join(clientFolder, name+".py"))
	if err != nil {
		u.t.Fatal(err)
	}
	return u.program("python", append([]string{path}, args...)...)
}

// clientRun is what a client's run came to.
type clientRun struct {
	stdout, stderr []byte
	code           int
}

// run runs a client to its end.
func (u *clientUser) run(command *exec.Cmd) clientRun {
	u.t.Helper()
	var stdout, stderr bytes.Buffer
	command.Stdout, command.Stderr = &stdout, &stderr
	err := command.Run()
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) {
		u.t.Fatal(err)
	}
	return clientRun{stdout.Bytes(), stderr.Bytes(), command.ProcessState.ExitCode()}
}

// succeeds runs a client, which has to succeed, and returns what it printed.
func (u *clientUser) succeeds(command *exec.Cmd) []byte {
	u.t.Helper()
	end := u.run(command)
	if end.code != 0 {
		u.t.Fatalf("%s ended with code %d\n%s\n%s", filepath.Base(command.Path), end.code, lastLines(end.stderr, 30), lastLines(end.stdout, 10))
	}
	return end.stdout
}

// version is that of a package as it is installed.
func (u *clientUser) version(name string) string {
	u.t.Helper()
	return strings.TrimSpace(string(u.succeeds(u.program("python", "-c", "import importlib.metadata, sys; print(importlib.metadata.version(sys.argv[1]))", name))))
}

var connectorLinks struct {
	sync.Once
	folder string
	err    error
}

// connectorFolder holds the program as source-qualtrics and tap-qualtrics.
func connectorFolder(t *testing.T) string {
	t.Helper()
	path := testkit.Binary(t)
	connectorLinks.Do(func() {
		connectorLinks.folder = filepath.Dir(path)
		connectorLinks.err = os.Symlink(path, filepath.Join(connectorLinks.folder, "tap-qualtrics"))
	})
	if connectorLinks.err != nil {
		t.Fatal(connectorLinks.err)
	}
	return connectorLinks.folder
}
