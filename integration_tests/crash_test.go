//go:build unix

package integration_tests

import (
	"bufio"
	"bytes"
	"errors"
	"io"
	"io/fs"
	"math/rand/v2"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/birdie-ai/source-qualtrics/integration_tests/testkit"
	"github.com/birdie-ai/source-qualtrics/integration_tests/thorough"
)

// A process that is killed anywhere loses nothing: whoever goes on from the
// last state that came out whole ends up with what exists.
func TestBinary_KilledAnywhereGoesOnFromItsLastState(t *testing.T) {
	t.Parallel()
	seed := uint64(time.Now().UnixNano())
	t.Logf("seed %d", seed)
	dice := rand.New(rand.NewPCG(seed, 0))
	tn := startTenant(t, size(20, 20_000)...)
	truth := tn.truth(t)
	var (
		tables map[string]testkit.Table
		state  []byte
		stated int
	)
	for range 4 {
		stdout := killedRead(t, tn, state, 1+dice.IntN(thorough.Number(20_000, 1000)))
		// The end of the run is missing: every line is checked, their order
		// is one that a failure explains.
		explained := append(stdout, `{"type":"TRACE","trace":{"type":"ERROR","emitted_at":9999999999999,"error":{"message":"killed"}}}`+"\n"...)
		o := collect(t, state, explained)
		tables, state = merge(tables, o), o.state
		stated += bytes.Count(stdout, []byte(`{"type":"STATE"`))
		if string(state) == "[]" {
			state = nil
		}
	}
	t.Logf("%d states came out", stated)
	last := run(t, tn.command(t, tn.readArgs(t, state, allStreams...)...))
	last.must(t, 0)
	compareTruth(t, truth, merge(tables, collect(t, state, last.stdout)))
}

// killedRead reads some lines, kills the process and returns the lines that
// came out whole.
func killedRead(t *testing.T, tn *tenant, state []byte, lines int) []byte {
	t.Helper()
	command := tn.command(t, tn.readArgs(t, state, allStreams...)...)
	stdout, err := command.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := command.Start(); err != nil {
		t.Fatal(err)
	}
	var whole bytes.Buffer
	reader := bufio.NewReader(stdout)
	for n := 1; ; n++ {
		line, err := reader.ReadBytes('\n')
		if errors.Is(err, io.EOF) {
			break // what is left has no end
		}
		if err != nil {
			t.Fatal(err)
		}
		whole.Write(line)
		if n == lines {
			if err := command.Process.Kill(); err != nil {
				t.Fatal(err)
			}
		}
	}
	end := wait(t, command, time.Minute)
	if end.signal != syscall.SIGKILL && end.code != 0 {
		t.Fatalf("the read ended with code %d and %v", end.code, end.signal)
	}
	return whole.Bytes()
}

// startExport starts an export and waits until the folder is its own.
func startExport(t *testing.T, tn *tenant, folder string) (wait func() ending, kill func()) {
	t.Helper()
	command := tn.command(t, "export", "--config", tn.file(t, "config.json", tn.config), "--to", folder)
	done := make(chan ending, 1)
	var stderr testkit.Buffer
	command.Stderr = &stderr
	if err := command.Start(); err != nil {
		t.Fatal(err)
	}
	go func() {
		_ = command.Wait()
		status, _ := command.ProcessState.Sys().(syscall.WaitStatus)
		end := ending{code: command.ProcessState.ExitCode(), stderr: []byte(stderr.String())}
		if status.Signaled() {
			end.signal = status.Signal()
		}
		done <- end
	}()
	eventually(t, "taking the folder and waiting for an export", func() bool {
		_, err := os.Stat(filepath.Join(folder, "_lock"))
		return err == nil && tn.requests(t, progressCalls) > 0
	})
	return func() ending { return <-done }, func() { _ = command.Process.Kill() }
}

func TestBinary_ASecondExportIntoTheSameFolderIsRefused(t *testing.T) {
	t.Parallel()
	tn := startTenant(t, "--surveys", "2", "--responses", "200", "--contacts", "10", "--export-delay", "3s")
	folder := filepath.Join(t.TempDir(), "data")
	wait, _ := startExport(t, tn, folder)
	second := run(t, tn.command(t, "export", "--config", filepath.Join(tn.folder, "config.json"), "--to", folder))
	second.must(t, 1)
	if !strings.Contains(string(second.stderr), "in use by process") || len(second.stdout) > 0 {
		t.Errorf("the second says %q, and %q on stdout", second.stderr, second.stdout)
	}
	wait().must(t, 0)
	var streams []string
	for _, name := range namesIn(t, folder, ".parquet") {
		streams = append(streams, filepath.Base(filepath.Dir(filepath.Dir(name))))
	}
	slices.Sort(streams)
	// Nothing was deleted: the file of response_deletions has its columns only.
	want := []string{
		"contacts", "directories", "mailing_list_memberships", "mailing_lists", "question_choices", "questions", "response_deletions", "responses", "surveys",
		"sync_audit",
	}
	if !slices.Equal(streams, want) {
		t.Errorf("the first wrote files of %q, want one of each of %q", streams, want)
	}
	noRemains(t, folder)
}

// The lock of a killed process is gone with it, and what it left is removed.
func TestBinary_AnExportThatWasKilledIsFollowedByAnother(t *testing.T) {
	t.Parallel()
	tn := startTenant(t, "--surveys", "2", "--responses", "200", "--contacts", "10", "--export-delay", "3s")
	folder := filepath.Join(t.TempDir(), "data")
	wait, kill := startExport(t, tn, folder)
	kill()
	if end := wait(); end.signal != syscall.SIGKILL {
		t.Fatalf("the first ended with code %d and %v", end.code, end.signal)
	}
	next := run(t, tn.command(t, "export", "--config", filepath.Join(tn.folder, "config.json"), "--to", folder))
	next.must(t, 0)
	if !regexp.MustCompile(`(?m)^responses +200  complete$`).Match(next.stdout) {
		t.Errorf("the next run says\n%s", next.stdout)
	}
	noRemains(t, folder)
}

// namesIn lists the files below a folder that end so.
func namesIn(t *testing.T, folder, suffix string) (names []string) {
	t.Helper()
	err := filepath.WalkDir(folder, func(path string, entry fs.DirEntry, err error) error {
		if err == nil && entry.Type().IsRegular() && strings.HasSuffix(path, suffix) {
			names = append(names, path)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return names
}

// noRemains demands that a folder holds neither temporary files nor a lock.
func noRemains(t *testing.T, folder string) {
	t.Helper()
	if names := append(namesIn(t, folder, ".tmp"), namesIn(t, folder, "_lock")...); len(names) > 0 {
		t.Errorf("files are left: %q", names)
	}
}
