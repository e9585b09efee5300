//go:build clients && unix

package integration_tests_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"testing"
	"time"

	"github.com/birdie-ai/source-qualtrics/integration_tests/testkit"
)

// tap prepares a run of the tap, with the files of its flags.
func (u *clientUser) tap(config map[string]any, catalog, state []byte) *exec.Cmd {
	u.t.Helper()
	command := u.program("python") // for its environment
	command.Path = filepath.Join(connectorFolder(u.t), "tap-qualtrics")
	command.Args = []string{command.Path, "--config", u.file("tap.json", testkit.Encode(config))}
	if catalog != nil {
		command.Args = append(command.Args, "--catalog", u.file("catalog.json", catalog))
	}
	if state != nil {
		command.Args = append(command.Args, "--state", u.file("state.json", state))
	}
	return command
}

// file writes a file for a client and returns its path.
func (u *clientUser) file(name string, content []byte) string {
	u.t.Helper()
	return testkit.WriteFile(u.t, u.folder, name, content)
}

// piped is what a tap and a target in a pipe came to.
type piped struct {
	tap, target clientRun
	records     int    // that the tap wrote
	state       []byte // the last line of the target
	spent       spent
}

// spent is the time that a run took, and that of the processor.
type spent struct{ all, tap, target time.Duration }

func (s *spent) add(more spent) {
	s.all, s.tap, s.target = s.all+more.all, s.tap+more.tap, s.target+more.target
}

// processor is the time that a process and what it waited for computed.
func processor(command *exec.Cmd) time.Duration {
	return command.ProcessState.UserTime() + command.ProcessState.SystemTime()
}

// pipe runs a tap into a target, both of which have to succeed.
func (u *clientUser) pipe(tap, target *exec.Cmd) (p piped) {
	u.t.Helper()
	reader, writer, err := os.Pipe()
	if err != nil {
		u.t.Fatal(err)
	}
	var tapSaid, out, said bytes.Buffer
	tap.Stdout, tap.Stderr = writer, &tapSaid
	target.Stdin, target.Stdout, target.Stderr = reader, &out, &said
	begun := time.Now()
	if err := errors.Join(target.Start(), tap.Start(), reader.Close(), writer.Close()); err != nil {
		u.t.Fatal(err)
	}
	_, _ = tap.Wait(), target.Wait() // the codes tell
	p.spent = spent{time.Since(begun), processor(tap), processor(target)}
	p.tap = clientRun{stderr: tapSaid.Bytes(), code: tap.ProcessState.ExitCode()}
	p.target = clientRun{out.Bytes(), said.Bytes(), target.ProcessState.ExitCode()}
	if p.tap.code != 0 || p.target.code != 0 {
		u.t.Fatalf("the tap ended with code %d: %s\nthe target with %d: %s", p.tap.code, lastLines(p.tap.stderr, 5), p.target.code, lastLines(p.target.stderr, 20))
	}
	p.records = tapped(u.t, p.tap.stderr)
	if p.state = []byte(lastLines(p.target.stdout, 1)); !json.Valid(p.state) {
		u.t.Fatalf("the target's last line is no state: %.300s", p.state)
	}
	return p
}

// lastState is the value of the last line that a tap wrote.
func lastState(t *testing.T, written []byte) []byte {
	t.Helper()
	line, err := testkit.ParseSinger([]byte(lastLines(written, 1)))
	if err != nil || line.Type != "STATE" {
		t.Fatalf("the last line is a %s: %v", line.Type, err)
	}
	return line.State
}

// tapped is how many records a tap measured.
func tapped(t *testing.T, said []byte) (records int) {
	t.Helper()
	for line := range bytes.Lines(said) {
		_, text, ok := bytes.Cut(line, []byte("METRIC: "))
		if !ok {
			continue
		}
		var metric struct {
			Metric string
			Value  float64
		}
		if err := json.Unmarshal(text, &metric); err != nil {
			t.Fatalf("%v: %s", err, line)
		}
		if metric.Metric == "record_count" {
			records += int(metric.Value)
		}
	}
	return records
}

// contents reads back what a destination holds, by an environment that knows
// its kind.
func (u *clientUser) contents(environmentName, kind, where string) []byte {
	u.t.Helper()
	reader := *u
	reader.bin = environment(u.t, environmentName)
	return u.succeeds(reader.script("contents", append([]string{kind, where}, killedStreams...)...))
}

// stop ends a process that was started for a test, and waits for it.
func stop(t *testing.T, command *exec.Cmd, signal syscall.Signal) {
	t.Helper()
	_ = command.Process.Signal(signal)
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		_ = command.Wait() // a signal is no success
	}()
	select {
	case <-ended:
	case <-time.After(30 * time.Second):
		_ = command.Process.Kill()
		t.Errorf("%s does not end", command.Path)
	}
}
