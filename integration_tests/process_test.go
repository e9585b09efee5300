//go:build unix

package integration_tests

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/birdie-ai/source-qualtrics/integration_tests/testkit"
)

func TestMain(m *testing.M) {
	if file := os.Getenv(measureVariable); file != "" {
		os.Exit(measure(file))
	}
	testkit.RunAtOnce(8)
	code := m.Run()
	_ = testkit.RemoveBuilds()
	os.Exit(code)
}

// workplace is where a user runs the program: a configuration, and a folder
// for temporary files that has to be empty afterwards.
type workplace struct {
	config    map[string]any
	folder    string
	temporary string
}

func newWorkplace(t testing.TB, config map[string]any) *workplace {
	t.Helper()
	w := &workplace{config: config, folder: t.TempDir(), temporary: t.TempDir()}
	t.Cleanup(func() {
		left, err := os.ReadDir(w.temporary)
		if err != nil || len(left) > 0 {
			t.Errorf("temporary files are left: %v %v", left, err)
		}
	})
	return w
}

// file writes a file for the program and returns its path. Text is written as
// it is, anything else as JSON.
func (w *workplace) file(t testing.TB, name string, content any) string {
	t.Helper()
	return testkit.WriteFile(t, w.folder, name, content)
}

// command prepares a run of the program. Its process group is its own, so that
// a terminal's signals do not reach it.
func (w *workplace) command(t testing.TB, args ...string) *exec.Cmd {
	t.Helper()
	return w.wrapped(t, exec.Command(testkit.Binary(t), args...))
}

func (w *workplace) wrapped(t testing.TB, command *exec.Cmd) *exec.Cmd {
	t.Helper()
	command.Env = []string{"QUALTRICS_SANDBOX=1", "TMPDIR=" + w.temporary, "PATH=" + os.Getenv("PATH")}
	command.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	return command
}

// readArgs are the arguments of a read of the streams from a state; nil is none.
func (w *workplace) readArgs(t testing.TB, state []byte, streams ...string) []string {
	t.Helper()
	args := []string{"read", "--config", w.file(t, "config.json", w.config), "--catalog", w.file(t, "catalog.json", testkit.Catalog(streams...))}
	if state != nil {
		args = append(args, "--state", w.file(t, "state.json", state))
	}
	return args
}

// ending is how a run ended.
type ending struct {
	code           int            // -1 when a signal ended it
	signal         syscall.Signal // 0 when none did
	stdout, stderr []byte
}

// patience is the longest that any run here may take.
const patience = 3 * time.Minute

// run runs a command to its end.
func run(t testing.TB, command *exec.Cmd) ending {
	t.Helper()
	var stdout, stderr bytes.Buffer
	if command.Stdout == nil {
		command.Stdout = &stdout
	}
	command.Stderr = &stderr
	if err := command.Start(); err != nil {
		t.Fatal(err)
	}
	end := wait(t, command, patience)
	end.stdout, end.stderr = stdout.Bytes(), stderr.Bytes()
	return end
}

// wait waits for the end of a process, but not longer than it may take.
func wait(t testing.TB, command *exec.Cmd, atMost time.Duration) ending {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), atMost)
	defer cancel()
	defer context.AfterFunc(ctx, func() { _ = syscall.Kill(-command.Process.Pid, syscall.SIGKILL) })()
	code, signal := testkit.Wait(t, command)
	if ctx.Err() != nil {
		t.Fatalf("%s did not end within %s", strings.Join(command.Args[1:], " "), atMost)
	}
	return ending{code: code, signal: signal}
}

// must fails unless a run ended with the code, and without a crash.
func (e ending) must(t testing.TB, code int) {
	t.Helper()
	if e.code != code {
		t.Fatalf("the exit code is %d (%s), want %d\nstderr: %s\nstdout: %s", e.code, e.signal, code, tail(e.stderr), tail(e.stdout))
	}
	for _, sign := range []string{"panic:", "goroutine ", "fatal error:", "internal error"} {
		if bytes.Contains(e.stderr, []byte(sign)) {
			t.Fatalf("stderr holds a crash: %s", tail(e.stderr))
		}
	}
}

func tail(text []byte) []byte { return text[max(0, len(text)-1000):] }

// tenant is a running sandbox and a workplace for its user.
type tenant struct {
	*workplace
	url     string
	process *os.Process
	ready   struct {
		BaseURL      string         `json:"base_url"`
		ClientID     string         `json:"client_id"`
		ClientSecret string         `json:"client_secret"`
		Config       map[string]any `json:"config"`
	}
}

// startTenant serves a sandbox until the test ends.
func startTenant(t testing.TB, flags ...string) *tenant {
	t.Helper()
	tn := &tenant{workplace: newWorkplace(t, nil)}
	command := tn.command(t, append([]string{"sandbox"}, flags...)...)
	stdout, err := command.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := command.Start(); err != nil {
		t.Fatal(err)
	}
	tn.process = command.Process
	t.Cleanup(func() {
		if err := command.Process.Signal(syscall.SIGTERM); err != nil {
			t.Error(err)
		}
		if end := wait(t, command, 10*time.Second); end.signal != syscall.SIGTERM {
			t.Errorf("the sandbox ended with code %d and %v, want it to end by SIGTERM", end.code, end.signal)
		}
	})
	line, err := bufio.NewReader(stdout).ReadBytes('\n')
	if err != nil {
		t.Fatalf("the sandbox is not ready: %v", err)
	}
	if err := json.Unmarshal(line, &tn.ready); err != nil {
		t.Fatalf("the ready line %s: %v", line, err)
	}
	tn.url, tn.config = tn.ready.BaseURL, tn.ready.Config
	return tn
}

// withOAuth signs in with the OAuth client of the ready line.
func (tn *tenant) withOAuth() *tenant {
	tn.config["credentials"] = testkit.OAuth(tn.ready.ClientID, tn.ready.ClientSecret)
	return tn
}

// advance lets time pass; what happened shows at its end.
func (tn *tenant) advance(t testing.TB, pause time.Duration) {
	t.Helper()
	for _, body := range []string{fmt.Sprintf(`{"seconds":%d}`, int(pause.Seconds())), `{"seconds":1,"quiet":true}`} {
		response, err := http.Post(tn.url+"/sandbox/advance", "application/json", strings.NewReader(body))
		if err != nil {
			t.Fatal(err)
		}
		text, err := io.ReadAll(response.Body)
		if err := errors.Join(err, response.Body.Close()); err != nil || response.StatusCode != http.StatusOK {
			t.Fatalf("advancing: %s: %s %v", response.Status, text, err)
		}
	}
}

// requests counts the answers of an endpoint so far.
func (tn *tenant) requests(t testing.TB, endpoint string) int {
	t.Helper()
	response, err := http.Get(tn.url + "/sandbox/requests")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = response.Body.Close() }()
	var counts map[string]map[string]int
	if err := json.NewDecoder(response.Body).Decode(&counts); err != nil {
		t.Fatal(err)
	}
	total := 0
	for _, count := range counts[endpoint] {
		total += count
	}
	return total
}

// eventually waits for something that has to happen.
func eventually(t testing.TB, what string, happened func() bool) {
	t.Helper()
	deadline := time.Now().Add(time.Minute)
	for !happened() {
		if time.Now().After(deadline) {
			t.Fatalf("%s does not happen", what)
		}
		time.Sleep(20 * time.Millisecond)
	}
}
