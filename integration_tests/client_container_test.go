//go:build clients && linux

package integration_tests_test

import (
	"bytes"
	"fmt"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/birdie-ai/source-qualtrics/integration_tests/testkit"
	"github.com/birdie-ai/source-qualtrics/source"
	"github.com/birdie-ai/source-qualtrics/source/sandbox"
)

// mostImageBytes is how large the image may be, as a registry sends it.
const mostImageBytes = 25 << 20

func containerSite(t *testing.T) *site {
	t.Helper()
	return serveSite(t, sandbox.Options{Seed: 9, Surveys: 5, Responses: 800, Contacts: 200})
}

// Two builds make the same image: that is checked when it is built.
func TestClientContainer_IsWhatPlatformsExpect(t *testing.T) {
	t.Parallel()
	i := image(t)
	t.Logf("the image has %.1f MB, compressed; %.1f MB of them are those of a base with a shell and nothing else", float64(i.size)/1e6, float64(i.base)/1e6)
	if i.size > mostImageBytes {
		t.Errorf("the image has %d bytes, want at most %d", i.size, mostImageBytes)
	}
	if i.Config.User != "1000:1000" || i.Config.WorkingDir != "/airbyte" {
		t.Errorf("it runs as %q in %q", i.Config.User, i.Config.WorkingDir)
	}
	entrypoint := "/airbyte/source-qualtrics"
	if !slices.Equal(i.Config.Entrypoint, []string{entrypoint}) || !slices.Contains(i.Config.Env, "AIRBYTE_ENTRYPOINT="+entrypoint) {
		t.Errorf("its entry point is %q, its environment %q", i.Config.Entrypoint, i.Config.Env)
	}
	for label, want := range map[string]string{
		"io.airbyte.name": "birdie-ai/source-qualtrics", "io.airbyte.version": source.Version,
		"org.opencontainers.image.version": source.Version, "org.opencontainers.image.licenses": "MIT",
		"org.opencontainers.image.title": "source-qualtrics", "org.opencontainers.image.documentation": source.DocumentationURL,
		"org.opencontainers.image.source": strings.TrimSuffix(source.DocumentationURL, "#readme"),
	} {
		if got := i.Config.Labels[label]; got != want {
			t.Errorf("the label %s is %q, want %q", label, got, want)
		}
	}
	u := newContainerUser(t, "/config")
	shell := u.succeeds(u.enters("sh", "-c", `id -un; id -u; id -g; stat -c %U:%G /airbyte; head -c 27 /etc/ssl/certs/ca-certificates.crt; echo
		touch /airbyte/x /etc/x /x 2>&1 | grep -c "Read-only file system"; grep CapEff /proc/self/status`))
	if want := "airbyte\n1000\n1000\nairbyte:airbyte\n-----BEGIN CERTIFICATE-----\n3\nCapEff:\t0000000000000000\n"; shell != want {
		t.Errorf("in the container it is\n%s\nwant\n%s", shell, want)
	}
}

// succeeds runs a program to its end, which has to be a good one.
func (u *containerUser) succeeds(command *exec.Cmd) (stdout string) {
	u.t.Helper()
	end := u.silent(command)
	if end.code != 0 {
		u.t.Fatalf("code %d: %s\n%s", end.code, end.stderr, end.all)
	}
	return string(end.all)
}

// What only answers needs nothing to write to, and answers as the program does
// outside.
func TestClientContainer_AnswersWithNothingToWriteTo(t *testing.T) {
	t.Parallel()
	s := containerSite(t)
	u := newContainerUser(t, "/config")
	delete(u.volumes, "/tmp")
	inside := u.put("config.json", testkit.Encode(s.config(nil)))
	outside := filepath.Join(u.folder, "config.json")
	for _, args := range [][]string{{"spec"}, {"check", "--config", inside}, {"discover", "--config", inside}, {"surveys", "--config", inside}, {"version"}} {
		got := u.succeeds(u.runs(args...))
		for i, arg := range args {
			args[i] = strings.Replace(arg, inside, outside, 1)
		}
		if want := u.silent(u.command(args...)); got != string(want.all) || got == "" {
			t.Errorf("%s answers\n%s\noutside it answers\n%s", args, got, want.all)
		}
	}
	for _, name := range []string{"source-qualtrics", "tap-qualtrics"} { // on the PATH
		if got := u.succeeds(u.enters(name, "--version")); !strings.HasPrefix(got, name+" ") || !strings.Contains(got, source.Version) {
			t.Errorf("%s --version says %q", name, got)
		}
	}
	end := u.silent(u.reads(s.config(nil), "responses"))
	if end.code != 1 || !bytes.Contains(end.all, []byte("read-only file system; downloads need a folder that can be written to")) {
		t.Errorf("a read that can write nowhere ended with code %d: %s", end.code, end.all)
	}
}

func TestClientContainer_ReadsTheTruth(t *testing.T) {
	t.Parallel()
	s := containerSite(t)
	u := newContainerUser(t, "/config")
	rows := newComparer()
	read := func(what string) (records int) {
		t.Helper()
		command := u.reads(s.config(nil), killedStreams...)
		end := u.read(command, kill{})
		if end.code != 0 || len(end.stderr) > 0 {
			t.Fatalf("%s ended with code %d: %s%s", what, end.code, end.stderr, end.last)
		}
		if short, problem := u.compare(s.truth(t), rows); problem != "" {
			t.Fatalf("%s: %+v: %s", what, short, problem)
		}
		t.Logf("%s\n%s", what, transcript(command, end.all))
		return bytes.Count(end.all, []byte(`{"type":"RECORD"`))
	}
	s.tenant.Advance(2*time.Hour, true)
	first := read("the first read")
	if again := read("a second one"); again != 0 {
		t.Errorf("%d records came again", again)
	}
	s.tenant.Advance(6*time.Hour, false)
	s.tenant.Advance(time.Hour, true)
	if changed := read("one after some hours"); changed == 0 || changed > first/2 {
		t.Errorf("%d records came of what changed, %d of everything", changed, first)
	}
}

// A runtime that stops the container is obeyed, although the kernel spares
// process 1 what signals do to others.
func TestClientContainer_EndsWhenItIsStopped(t *testing.T) {
	t.Parallel()
	s := containerSite(t)
	u := newContainerUser(t, "/config")
	command := u.reads(s.config(nil), killedStreams...)
	stalled := &stalledWriter{seen: make(chan struct{}), end: make(chan struct{})} // so that it is at work
	command.Stdout = stalled
	if err := command.Start(); err != nil {
		t.Fatal(err)
	}
	<-stalled.seen
	stops(t, command)
	close(stalled.end)
	var end finished
	if end.ended(t, command); end.code != 128+int(syscall.SIGTERM) {
		t.Errorf("it ended with code %d, want %d", end.code, 128+int(syscall.SIGTERM))
	}
}

// stalledWriter is a reader of a run's output that stops reading once some has
// come, until the end.
type stalledWriter struct {
	sync.Once
	seen, end chan struct{}
}

func (w *stalledWriter) Write(text []byte) (int, error) {
	w.Do(func() { close(w.seen) })
	<-w.end
	return len(text), nil
}

// transcript shows a run: how the program was called, and of lines of one kind
// that follow each other the first one and how many there are.
func transcript(command *exec.Cmd, output []byte) string {
	var text strings.Builder
	at := slices.Index(command.Args, "--")
	fmt.Fprintf(&text, "$ %s\n", strings.Join(command.Args[at+1:], " "))
	kind, alike := "", 0
	for line := range bytes.Lines(output) {
		now := string(line[:min(len(line), 50)]) // its type, and the stream of a record
		if alike++; now == kind {
			continue
		}
		if alike > 1 {
			fmt.Fprintf(&text, "(%d alike)\n", alike)
		}
		kind, alike = now, 0
		fmt.Fprintf(&text, "%s\n", bytes.TrimSpace(line[:min(len(line), 120)]))
	}
	return text.String()
}
