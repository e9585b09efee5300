//go:build unix

package integration_tests

import (
	"bufio"
	"bytes"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/birdie-ai/source-qualtrics/integration_tests/testkit"
)

// diesBy sends a process a signal, which has to end it.
func diesBy(t *testing.T, command *exec.Cmd, signal syscall.Signal) {
	t.Helper()
	if err := command.Process.Signal(signal); err != nil {
		t.Fatal(err)
	}
	if end := wait(t, command, 5*time.Second); end.signal != signal {
		t.Errorf("it ended with code %d and signal %v, want it to end by %v", end.code, end.signal, signal)
	}
}

const progressCalls = "GET /surveys/{id}/export-responses/{progressId}"

// A platform gets no message after its signal. A person reads on stderr that the
// run was interrupted.
func TestBinary_DiesByTheSignalAndSaysOnlyWhatItSaved(t *testing.T) {
	t.Parallel()
	for _, signal := range []syscall.Signal{syscall.SIGTERM, syscall.SIGINT} {
		t.Run(signal.String(), func(t *testing.T) {
			t.Parallel()
			// The export never ends: the run is at work, and silent.
			tn := startTenant(t, "--surveys", "1", "--responses", "10", "--contacts", "1", "--export-delay", "1h")
			command := tn.command(t, tn.readArgs(t, nil, "responses")...)
			var stdout, stderr testkit.Buffer
			command.Stdout, command.Stderr = &stdout, &stderr
			if err := command.Start(); err != nil {
				t.Fatal(err)
			}
			eventually(t, "waiting for an export", func() bool { return tn.requests(t, progressCalls) >= 4 })
			said := stdout.String()
			diesBy(t, command, signal)
			if !strings.Contains(said, `"RUNNING"`) {
				t.Errorf("before the signal it said only %q", said)
			}
			if got := stdout.String(); got != said {
				t.Errorf("after the signal it said %q", strings.TrimPrefix(got, said))
			}
			if got, want := stderr.String(), "source-qualtrics: interrupted: no state went out yet; the next run begins where this one did\n"; got != want {
				t.Errorf("on stderr it said %q, want %q", got, want)
			}
		})
	}
}

// startUnread starts a program whose records nobody reads after the first. They
// are far more than the pipe holds: it stands still.
func startUnread(t *testing.T, command *exec.Cmd) {
	t.Helper()
	reader, writer, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = reader.Close() })
	command.Stdout = writer
	if err := command.Start(); err != nil {
		t.Fatal(err)
	}
	_ = writer.Close()
	if line := lineWith(t, bufio.NewReaderSize(reader, 16), `"RECORD"`); line == "" {
		t.Fatal("no record came")
	}
}

// A platform that stops reading and then ends the process must not wait for it.
func TestBinary_DiesByTheSignalWhileNobodyReads(t *testing.T) {
	t.Parallel()
	tn := startTenant(t, "--surveys", "2", "--responses", "5000", "--contacts", "1")
	command := tn.command(t, tn.readArgs(t, nil, "responses")...)
	startUnread(t, command)
	if err := command.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	if end := wait(t, command, 5*time.Second); end.signal != syscall.SIGTERM {
		t.Errorf("it ended with code %d and signal %v, want it to end by SIGTERM", end.code, end.signal)
	}
}

// lineWith reads up to a line that holds the text and returns that line.
func lineWith(t *testing.T, lines *bufio.Reader, text string) string {
	t.Helper()
	for {
		line, err := lines.ReadString('\n')
		if err != nil {
			return ""
		}
		if strings.Contains(line, text) {
			return line
		}
	}
}

func TestBinary_NoticesThatTheConsumerWentAway(t *testing.T) {
	t.Parallel()
	tn := startTenant(t, "--surveys", "2", "--responses", "5000", "--contacts", "1")
	config := tn.file(t, "config.json", tn.config)
	for name, args := range map[string][]string{
		"read":    tn.readArgs(t, nil, allStreams...),
		"surveys": {"surveys", "--config", config, "--json"},
		"spec":    {"spec"},
	} {
		t.Run(name, func(t *testing.T) {
			reader, writer, err := os.Pipe()
			if err != nil {
				t.Fatal(err)
			}
			command := tn.command(t, args...)
			var stderr bytes.Buffer
			command.Stdout, command.Stderr = writer, &stderr
			if name != "read" { // they write so little that they never notice it later
				_ = reader.Close()
			}
			if err := command.Start(); err != nil {
				t.Fatal(err)
			}
			_ = writer.Close()
			if name == "read" {
				if line := lineWith(t, bufio.NewReader(reader), `"RECORD"`); line == "" {
					t.Error("no record came")
				}
				_ = reader.Close()
			}
			end := wait(t, command, time.Minute)
			end.stderr = stderr.Bytes()
			end.must(t, 5)
		})
	}
}

func TestBinary_SaysThatTheDiskIsFull(t *testing.T) {
	t.Parallel()
	full, err := os.OpenFile("/dev/full", os.O_WRONLY, 0)
	if err != nil {
		t.Skip(err)
	}
	defer func() { _ = full.Close() }()
	tn := startTenant(t, "--surveys", "2", "--responses", "500", "--contacts", "1")
	config := tn.file(t, "config.json", tn.config)
	for name, args := range map[string][]string{
		"read":     tn.readArgs(t, nil, allStreams...),
		"discover": {"discover", "--config", config},
		"surveys":  {"surveys", "--config", config},
	} {
		t.Run(name, func(t *testing.T) {
			command := tn.command(t, args...)
			command.Stdout = full
			end := run(t, command)
			end.must(t, 2)
			if !strings.Contains(string(end.stderr), "the disk is full") {
				t.Errorf("stderr says %q, want that the disk is full", end.stderr)
			}
		})
	}
}

func TestBinary_WorksWithFewOpenFiles(t *testing.T) {
	t.Parallel()
	tn := startTenant(t, "--surveys", "20", "--responses", "1000", "--contacts", "50")
	for name, parallel := range map[string]int{"by default": 4, "at most parallel": 32} {
		t.Run(name, func(t *testing.T) {
			tn.config["limits"].(map[string]any)["parallel_exports"] = parallel
			args := append([]string{"-c", `ulimit -n 64 && exec "$0" "$@"`, testkit.Binary(t)}, tn.readArgs(t, nil, allStreams...)...)
			end := run(t, tn.wrapped(t, exec.Command("sh", args...)))
			end.must(t, 0)
			compareTruth(t, tn.truth(t), collect(t, nil, end.stdout).tables)
		})
	}
}

// A server that asks for more patience than the program has is one to try
// later.
func TestBinary_ASiteThatIsDownIsTriedLater(t *testing.T) {
	t.Parallel()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		w.Header().Set("Retry-After", "3600")
		w.WriteHeader(http.StatusServiceUnavailable)
		_, _ = io.WriteString(w, `{"meta":{"httpStatus":"503 - Service Unavailable","error":{"errorMessage":"maintenance","errorCode":"ISE_1"}}}`)
	}))
	defer server.Close()
	w := newWorkplace(t, map[string]any{
		"base_url": server.URL, "credentials": map[string]any{"auth_type": "api_token", "api_token": "0123456789012345678901234567890123456789"},
	})
	end := run(t, w.command(t, w.readArgs(t, nil, allStreams...)...))
	end.must(t, 3)
	o := collect(t, nil, end.stdout)
	if len(o.failures) != 1 || o.failures[0] != "transient_error" || o.records != 0 {
		t.Errorf("got failures %q and %d records, want one transient_error and none", o.failures, o.records)
	}
	end = run(t, w.command(t, "check", "--config", w.file(t, "config.json", w.config)))
	end.must(t, 0) // every outcome of a check is an answer
	if bytes.Count(end.stdout, []byte("CONNECTION_STATUS")) != 1 || !bytes.Contains(end.stdout, []byte(`"connectionStatus":{"status":"FAILED","message":"Qualtrics, or a gateway in front of it, fails to name the account (ISE_1 maintenance)`)) {
		t.Errorf("check says %s, want one status: that it failed, and how Qualtrics answered", end.stdout)
	}
}

// Some surveys may be seen and not exported; who wants to know is told, and
// has the others.
func TestBinary_ADeniedSurveyLeavesTheOthersComplete(t *testing.T) {
	t.Parallel()
	tn := startTenant(t, "--surveys", "40", "--responses", "2000", "--contacts", "1")
	tn.config["surveys"] = map[string]any{"on_denied": "fail"}
	end := run(t, tn.command(t, tn.readArgs(t, nil, allStreams...)...))
	end.must(t, 4)
	o := collect(t, nil, end.stdout)
	compareTruth(t, tn.truth(t), o.tables)
	if o.statuses["responses"] != "INCOMPLETE" || o.statuses["surveys"] != "COMPLETE" || o.statuses["contacts"] != "COMPLETE" {
		t.Errorf("the streams ended as %v", o.statuses)
	}
	// Of responses, and of the two streams of the survey's definition.
	if want := []string{"config_error", "config_error", "config_error"}; !slices.Equal(o.failures, want) {
		t.Errorf("got failures %q, want %q", o.failures, want)
	}
}
