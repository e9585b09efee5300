package integration_tests

import (
	"bufio"
	"bytes"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/birdie-ai/source-qualtrics/integration_tests/testkit"
)

// resident reads what memory a process takes now.
func resident(t *testing.T, pid int) int64 {
	t.Helper()
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	if err != nil {
		t.Fatal(err)
	}
	found := regexp.MustCompile(`(?m)^VmRSS:\s+(\d+) kB$`).FindSubmatch(text)
	if found == nil {
		t.Fatalf("there is no VmRSS in %s", text)
	}
	kib, err := strconv.ParseInt(string(found[1]), 10, 64)
	if err != nil {
		t.Fatal(err)
	}
	return kib << 10
}

// A consumer that stands still makes the program stand still: nothing piles up,
// and it goes on where it was.
func TestBinary_WaitsForAConsumerThatBlocks(t *testing.T) {
	t.Parallel()
	b := &bulk{records: 40 << 20 / bulkBytes}
	w := serveBulk(t, b)
	command := w.command(t, w.readArgs(t, nil, "responses")...)
	reader, writer, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = reader.Close() }()
	var stderr bytes.Buffer
	command.Stdout, command.Stderr = writer, &stderr
	if err := command.Start(); err != nil {
		t.Fatal(err)
	}
	_ = writer.Close()
	lines := bufio.NewReaderSize(reader, 16)
	if line := lineWith(t, lines, `"RECORD"`); line == "" {
		t.Fatal("no record came")
	}
	// What it may still do before it stands still, it has done when two looks
	// a second apart show the same.
	var before int64
	eventually(t, "standing still", func() bool {
		was := before
		before = resident(t, command.Process.Pid)
		time.Sleep(time.Second)
		return before == was
	})
	for range 5 {
		time.Sleep(500 * time.Millisecond)
		if now := resident(t, command.Process.Pid); now > before+1<<20 {
			t.Errorf("it took %d KiB of memory, and %d while nobody read", before>>10, now>>10)
		}
	}
	if before > readBudget {
		t.Errorf("it takes %d MiB of memory, want at most %d", before>>20, readBudget>>20)
	}
	rest, err := io.ReadAll(lines)
	if err != nil {
		t.Fatal(err)
	}
	end := wait(t, command, patience)
	end.stderr = stderr.Bytes()
	end.must(t, 0)
	if records := 1 + bytes.Count(rest, []byte(`{"type":"RECORD"`)); records != b.records {
		t.Errorf("%d records came, want %d", records, b.records)
	}
}

// A second signal changes nothing: the program dies by the first one, in time,
// even while nobody reads.
func TestBinary_DiesByTheFirstOfTwoSignals(t *testing.T) {
	t.Parallel()
	tests := map[string][2]syscall.Signal{
		"SIGTERM twice":        {syscall.SIGTERM, syscall.SIGTERM},
		"SIGINT twice":         {syscall.SIGINT, syscall.SIGINT},
		"SIGINT, then SIGTERM": {syscall.SIGINT, syscall.SIGTERM},
		"SIGTERM, then SIGINT": {syscall.SIGTERM, syscall.SIGINT},
	}
	tn := startTenant(t, "--surveys", "2", "--responses", "5000", "--contacts", "1")
	args := tn.readArgs(t, nil, "responses")
	for name, signals := range tests {
		t.Run(name, func(t *testing.T) {
			command := tn.command(t, args...)
			startUnread(t, command)
			for _, signal := range signals {
				if err := command.Process.Signal(signal); err != nil {
					t.Fatal(err)
				}
				time.Sleep(200 * time.Millisecond) // two at once are taken in the order of their numbers
			}
			if end := wait(t, command, 5*time.Second); end.signal != signals[0] {
				t.Errorf("it ended with code %d and %v, want it to end by %v", end.code, end.signal, signals[0])
			}
		})
	}
}

// memoryGroup makes a control group whose processes have so much memory, page
// cache included, and no swap beyond it. That takes rights that not everybody has.
func memoryGroup(t *testing.T, bytes int) (join string) {
	t.Helper()
	const first = "/sys/fs/cgroup"
	group, limit := filepath.Join(first, "memory", fmt.Sprintf("source-qualtrics-test-%d-%d", os.Getpid(), bytes>>20)), "memory.limit_in_bytes"
	if _, err := os.Stat(filepath.Join(first, "memory")); err != nil {
		group, limit = filepath.Join(first, filepath.Base(group)), "memory.max"
	}
	if err := os.Mkdir(group, 0o755); err != nil {
		t.Skipf("a control group cannot be made here: %v", err)
	}
	t.Cleanup(func() {
		if err := os.Remove(group); err != nil {
			t.Error(err)
		}
	})
	if err := os.WriteFile(filepath.Join(group, limit), []byte(strconv.Itoa(bytes)), 0o600); err != nil {
		t.Skipf("the memory of a control group cannot be limited here: %v", err)
	}
	return `echo $$ > ` + filepath.Join(group, "cgroup.procs") + ` && exec "$0" "$@"`
}

// Where the system grants no more memory than the budget, the program does not
// miss it.
func TestBinary_CompletesWithTheMemoryOfItsBudget(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		memory int
		args   func(w *workplace) []string
	}{
		"read": {readBudget, func(w *workplace) []string { return w.readArgs(t, nil, "responses") }},
		"export": {exportBudget, func(w *workplace) []string {
			return []string{"export", "--config", w.file(t, "config.json", w.config), "--to", filepath.Join(w.folder, "data"), "--streams", "responses"}
		}},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			join := memoryGroup(t, test.memory)
			w := serveBulk(t, &bulk{records: 30 << 20 / bulkBytes})
			command := w.wrapped(t, exec.Command("sh", append([]string{"-c", join, testkit.Binary(t)}, test.args(w)...)...))
			var out counting
			command.Stdout = &out
			end := run(t, command)
			end.must(t, 0)
			if strings.Contains(string(end.stderr), "Killed") || out.lines == 0 {
				t.Errorf("%d lines came: %s", out.lines, end.stderr)
			}
		})
	}
}
