//go:build unix

package integration_tests

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/birdie-ai/source-qualtrics/integration_tests/testkit"
)

// Budgets of resident memory, whatever the size of an export.
const (
	readBudget    = 32 << 20
	undatedBudget = 48 << 20 // every row's hash is kept, as far as the state has room
	exportBudget  = 64 << 20
	// parallelBytes is the most that seven more surveys at the same time take.
	parallelBytes = 16 << 20
)

// measureVariable makes this test binary run its arguments as a program, and
// write the peak of its resident memory to the file that the variable names.
// The system takes the memory of the process that starts another for memory of
// that other: only a small process can measure.
const measureVariable = "SOURCE_QUALTRICS_TEST_MEASURE"

func measure(file string) int {
	command := exec.Command(os.Args[1], os.Args[2:]...)
	command.Stdin, command.Stdout, command.Stderr = os.Stdin, os.Stdout, os.Stderr
	if err := command.Run(); command.ProcessState == nil {
		fmt.Fprintln(os.Stderr, err)
		return 125
	}
	usage, _ := command.ProcessState.SysUsage().(*syscall.Rusage)
	if err := os.WriteFile(file, strconv.AppendInt(nil, peakBytes(usage), 10), 0o600); err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 125
	}
	return command.ProcessState.ExitCode()
}

// runMeasured runs a command and returns the peak of its resident memory too.
func runMeasured(t testing.TB, command *exec.Cmd) (ending, int64) {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(t.TempDir(), "peak")
	command.Args = append([]string{self, command.Path}, command.Args[1:]...)
	command.Path = self
	command.Env = append(command.Env, measureVariable+"="+file)
	end := run(t, command)
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatalf("%v\n%s", err, tail(end.stderr))
	}
	peak, err := strconv.ParseInt(string(text), 10, 64)
	if err != nil {
		t.Fatal(err)
	}
	return end, peak
}

// counting throws output away and counts its lines.
type counting struct{ lines int }

func (c *counting) Write(p []byte) (int, error) {
	c.lines += bytes.Count(p, []byte("\n"))
	return len(p), nil
}

// readBulk reads the export, and returns the peak of resident memory.
func readBulk(t testing.TB, b *bulk) int64 {
	t.Helper()
	w := serveBulk(t, b)
	command := w.command(t, w.readArgs(t, nil, "responses")...)
	var out counting
	command.Stdout = &out
	end, peak := runMeasured(t, command)
	end.must(t, 0)
	if all := b.records * max(1, b.surveys); out.lines < all || out.lines > all+100*max(1, b.surveys) {
		t.Errorf("%d lines came of %d records", out.lines, all)
	}
	return peak
}

// exportBulk exports to Parquet, and returns the peak of resident memory.
func exportBulk(t testing.TB, b *bulk) int64 {
	t.Helper()
	w := serveBulk(t, b)
	end, peak := runMeasured(t, w.command(t, "export", "--config", w.file(t, "config.json", w.config), "--to", filepath.Join(w.folder, "data"), "--streams", "responses"))
	end.must(t, 0)
	if want := " " + thousands(b.records*max(1, b.surveys)) + "  complete"; !strings.Contains(string(end.stdout), want) {
		t.Errorf("export says %q, want %q in it", end.stdout, want)
	}
	return peak
}

func thousands(n int) string {
	if n < 1000 {
		return fmt.Sprint(n)
	}
	return fmt.Sprintf("%s,%03d", thousands(n/1000), n%1000)
}

// The same at full size is what the benchmarks are for.
func TestBinary_MemoryStaysWithinItsBudget(t *testing.T) {
	t.Parallel()
	b := &bulk{records: 20 << 20 / bulkBytes}
	if peak := readBulk(t, b); peak == 0 || peak > readBudget {
		t.Errorf("a read of %d MiB took %d MiB of memory, want at most %d", b.sent.Load()>>20, peak>>20, readBudget>>20)
	}
	if peak := exportBulk(t, b); peak == 0 || peak > exportBudget {
		t.Errorf("an export of %d MiB took %d MiB of memory, want at most %d", b.sent.Load()>>20, peak>>20, exportBudget>>20)
	}
}

// bulkSize is the largest export that Qualtrics makes (API §3.3).
const bulkSize = 1_800_000_000

// BenchmarkRead_OneLargeExport holds reads to their budget:
//
//	go test ./integration_tests -run '^$' -bench OneLargeExport -benchtime 1x -timeout 30m
func BenchmarkRead_OneLargeExport(b *testing.B) {
	b.Run("dated", func(b *testing.B) {
		benchmarkBulk(b, &bulk{records: bulkSize / bulkBytes}, readBudget, readBulk)
	})
	b.Run("undated", func(b *testing.B) {
		benchmarkBulk(b, &bulk{records: bulkSize / bulkBytes, undated: true}, undatedBudget, readBulk)
	})
	b.Run("eight surveys at once", func(b *testing.B) {
		benchmarkBulk(b, &bulk{records: bulkSize / bulkBytes / 8, surveys: 8}, readBudget+parallelBytes, readBulk)
	})
}

// BenchmarkExport_OneLargeExport holds exports to theirs.
func BenchmarkExport_OneLargeExport(b *testing.B) {
	b.Run("one", func(b *testing.B) {
		benchmarkBulk(b, &bulk{records: bulkSize / bulkBytes}, exportBudget, exportBulk)
	})
	b.Run("eight surveys at once", func(b *testing.B) {
		benchmarkBulk(b, &bulk{records: bulkSize / bulkBytes / 8, surveys: 8}, exportBudget+parallelBytes, exportBulk)
	})
}

func benchmarkBulk(b *testing.B, of *bulk, budget int64, do func(testing.TB, *bulk) int64) {
	b.Helper()
	testkit.Binary(b)
	var peak int64
	begun := time.Now()
	runs := 0
	for b.Loop() {
		peak = max(peak, do(b, of))
		runs++
	}
	b.SetBytes(of.sent.Load())
	b.ReportMetric(float64(peak)/(1<<20), "peak-MiB")
	b.ReportMetric(float64(runs*of.records*max(1, of.surveys))/time.Since(begun).Seconds(), "records/s")
	if peak > budget {
		b.Errorf("a run took %d MiB of memory, want at most %d", peak>>20, budget>>20)
	}
}
