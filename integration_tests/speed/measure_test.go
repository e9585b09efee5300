//go:build unix

package speed

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"syscall"
	"testing"
	"time"
)

// cost is what one run took.
type cost struct{ cpu, wall time.Duration }

// costs are the runs of one figure.
type costs []cost

func (c costs) cpu() []float64 { return c.seconds(func(one cost) time.Duration { return one.cpu }) }

func (c costs) wall() []float64 { return c.seconds(func(one cost) time.Duration { return one.wall }) }

func (c costs) seconds(of func(cost) time.Duration) (seconds []float64) {
	for _, one := range c {
		seconds = append(seconds, of(one).Seconds())
	}
	slices.Sort(seconds)
	return seconds
}

// median of sorted numbers.
func median(sorted []float64) float64 { return sorted[len(sorted)/2] }

// spread tells minimum, median and maximum of sorted numbers.
func spread(sorted []float64) string {
	return fmt.Sprintf("%.2f · %.2f · %.2f", sorted[0], median(sorted), sorted[len(sorted)-1])
}

func processorTime(usage *syscall.Rusage) time.Duration {
	return time.Duration(usage.Utime.Nano() + usage.Stime.Nano())
}

// runProgram runs a program and returns what it took and the lines that it wrote.
func runProgram(t testing.TB, path string, args ...string) (cost, int) {
	t.Helper()
	command := exec.CommandContext(t.Context(), path, args...)
	var out lineCounter
	var diagnostics bytes.Buffer
	command.Stdout, command.Stderr = &out, &diagnostics
	command.Env = append(os.Environ(), "TMPDIR="+t.TempDir(), "QUALTRICS_SANDBOX=1")
	begun := time.Now()
	if err := command.Run(); err != nil {
		t.Fatalf("%s %q: %v\n%s%s", path, args, err, out.last, diagnostics.Bytes())
	}
	usage, _ := command.ProcessState.SysUsage().(*syscall.Rusage)
	return cost{processorTime(usage), time.Since(begun)}, out.lines
}

// inProcess returns what a function took in this process.
func inProcess(t testing.TB, do func()) cost {
	t.Helper()
	var before, after syscall.Rusage
	begun := time.Now()
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &before); err != nil {
		t.Fatal(err)
	}
	do()
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &after); err != nil {
		t.Fatal(err)
	}
	return cost{processorTime(&after) - processorTime(&before), time.Since(begun)}
}

// lineCounter throws output away and counts its lines.
type lineCounter struct {
	lines int
	last  []byte // the end of the output
}

func (c *lineCounter) Write(p []byte) (int, error) {
	c.last = append(c.last[:0], p[max(0, len(p)-2000):]...)
	c.lines += bytes.Count(p, []byte("\n"))
	return len(p), nil
}

// build builds both programs of a commit, "" for this checkout, into a folder.
func build(t testing.TB, commit string) (folder string) {
	t.Helper()
	folder, source := t.TempDir(), "../.."
	if commit != "" {
		source = t.TempDir()
		packed := filepath.Join(folder, "source.tar")
		for _, command := range []*exec.Cmd{
			exec.CommandContext(t.Context(), "git", "-C", "../..", "archive", "--output", packed, commit),
			exec.CommandContext(t.Context(), "tar", "-xf", packed, "-C", source),
		} {
			if output, err := command.CombinedOutput(); err != nil {
				t.Fatalf("there is no commit %s here: %v: %s", commit, err, output)
			}
		}
	}
	command := exec.CommandContext(t.Context(), "go", "build", "-o", folder+"/", "./cmd/source-qualtrics", "./cmd/tap-qualtrics")
	command.Dir = source
	if output, err := command.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, output)
	}
	return folder
}
