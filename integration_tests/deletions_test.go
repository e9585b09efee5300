//go:build unix

package integration_tests_test

import (
	"bytes"
	"context"
	"flag"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/birdie-ai/source-qualtrics/integration_tests/scoreboard"
	"github.com/birdie-ai/source-qualtrics/integration_tests/testkit"
	"github.com/birdie-ai/source-qualtrics/source"
	"github.com/birdie-ai/source-qualtrics/source/qualtrics"
	"github.com/birdie-ai/source-qualtrics/source/sandbox"
)

var deletionsAll = flag.Bool("deletions", false, "find deletions in surveys of up to a million responses, which takes minutes")

// deletionSteps are how many responses of a survey of that size are deleted, one
// time after the other.
func deletionSteps(size int) []int {
	var steps []int
	for _, n := range []int{1, 20, 100, size / 2000, size / 1000} { // of 1,000 no more than 100 can be named
		if n > 0 && n < size && (len(steps) == 0 || n > steps[len(steps)-1]) {
			steps = append(steps, n)
		}
	}
	return steps
}

// What is deleted is told, and nothing else is; or the run says that it cannot
// name all of it.
func TestDeletions_FiguresBySize(t *testing.T) {
	sizes := []int{10, 1000}
	if *deletionsAll {
		sizes = append(sizes, 100_000, 1_000_000)
	}
	table := scoreboard.Table{
		Title: "Deletions of one survey, found by audits",
		Head:  []string{"responses", "deleted", "tombstones", "false", "told as unresolved", "state, bytes", "runs", "CPU seconds of the audit, tenant included", "of all runs", "peak heap, tenant included, MiB"},
	}
	for _, size := range sizes {
		t.Run(fmt.Sprint(size), func(t *testing.T) {
			heap := watchHeap(t)
			synctest.Test(t, func(t *testing.T) {
				table.Rows = append(table.Rows, deletionRows(t, size, heap)...)
			})
		})
	}
	t.Logf("\n%s", table.Markdown())
	s := &scoreboard.Score{Title: "Deletions by size", Command: "go test ./integration_tests -run Deletions -scoreboard", Tables: []scoreboard.Table{table}}
	if *deletionsAll {
		s.Command += " -deletions"
	}
	s.Keep(t, "deletions")
}

// deletionRows loads a survey, and then finds one deletion after the other.
func deletionRows(t *testing.T, size int, heap *heapWatch) [][]string {
	t.Helper()
	tenant, err := sandbox.New(sandbox.Options{Seed: 5, Surveys: 1, Responses: size, Contacts: 1, SmallSurveys: true, Stored: true})
	if err != nil {
		t.Fatal(err)
	}
	r := &deletionRun{t: t, tenant: tenant, folder: t.TempDir()}
	r.run()
	if r.code != 0 || r.records == 0 {
		t.Fatalf("the first load: code %d with %d records\n%s", r.code, r.records, r.stderr.String())
	}
	loaded := r.records
	var survey string
	tenant.Versions(func(in, _ string, _ time.Time) { survey = in })
	var rows [][]string
	for _, count := range deletionSteps(size) {
		gone := make(map[string]bool)
		for _, id := range tenant.DeleteResponses(survey, count) {
			gone[id] = true
		}
		tenant.Advance(25*time.Hour, true)
		r.tombstones = nil
		spent, audit, runs, unresolved := time.Duration(0), time.Duration(0), 0, "no"
		heap.reset()
		for idle := 0; idle < 2; {
			before := len(r.tombstones)
			took := r.run()
			if spent, runs = spent+took, runs+1; runs == 1 {
				audit = took
			}
			switch {
			case strings.Contains(r.output.String(), "could not be identified"):
				unresolved = "yes"
			case r.code != 0:
				t.Fatalf("code %d\n%s", r.code, r.output.String())
			}
			if idle++; len(r.tombstones) > before {
				idle = 0
			}
			tenant.Advance(5*time.Minute, true)
		}
		wrong := 0
		for _, id := range r.tombstones {
			if !gone[id] {
				wrong++
			}
			delete(gone, id)
		}
		if wrong > 0 || (len(gone) > 0) != (unresolved == "yes") {
			t.Errorf("%d deleted of %d: %d tombstones are false, %d are missing, unresolved: %s", count, size, wrong, len(gone), unresolved)
		}
		rows = append(rows, []string{
			fmt.Sprint(loaded), fmt.Sprint(count), fmt.Sprint(len(r.tombstones)), fmt.Sprint(wrong), unresolved, fmt.Sprint(len(r.state)),
			fmt.Sprint(runs), fmt.Sprintf("%.2f", audit.Seconds()), fmt.Sprintf("%.2f", spent.Seconds()), fmt.Sprint(heap.peak() >> 20),
		})
	}
	return rows
}

// deletionRun runs the program on one tenant, and keeps of its output only the
// state and the tombstones.
type deletionRun struct {
	t      *testing.T
	tenant *sandbox.Sandbox
	folder string
	state  []byte
	stderr bytes.Buffer

	code       int
	records    int
	tombstones []string
	output     bytes.Buffer // what is neither a record nor a state
	rest       []byte
}

// run returns the processor time that it took, the tenant included.
func (r *deletionRun) run() time.Duration {
	begun := cpuSeconds(r.t)
	config := testkit.Config(r.tenant, map[string]any{"lookback_minutes": 2, "deletions": map[string]any{"mode": "reconcile", "audit_days": 1}, "limits": map[string]any{}})
	files := map[string][]byte{"config.json": testkit.Encode(config), "catalog.json": testkit.Catalog("responses")}
	args := []string{"read", "--config", "config.json", "--catalog", "catalog.json"}
	if r.state != nil {
		files["state.json"] = testkit.States{"": r.state}.File()
		args = append(args, "--state", "state.json")
	}
	r.output.Reset()
	jitter := rand.New(rand.NewPCG(1, 1))
	end := testkit.Run(context.WithoutCancel(r.t.Context()), &source.Program{
		Stdout: r, Stderr: &r.stderr, Transport: r.tenant.RoundTripper(), Clock: r.tenant.Now,
		Files:  &testkit.Files{Content: files, MakeSpool: r.spool},
		Jitter: func(bound time.Duration) time.Duration { return time.Duration(jitter.Int64N(int64(bound))) },
	}, source.Sizes{}, nil, args...)
	r.code = end.Code
	return cpuSeconds(r.t) - begun
}

// Write takes the output apart.
func (r *deletionRun) Write(text []byte) (int, error) {
	r.rest = append(r.rest, text...)
	for {
		line, rest, whole := bytes.Cut(r.rest, []byte("\n"))
		if !whole {
			r.rest = append(r.rest[:0], line...)
			return len(text), nil
		}
		parsed, err := parseLine(line)
		switch {
		case err != nil:
			return 0, err
		case parsed.state != nil:
			r.state = bytes.Clone(parsed.state.raw)
		case parsed.record == nil:
			r.output.Write(append(line, '\n'))
		case parsed.record.Deleted:
			_, id, _ := strings.Cut(parsed.record.Key, "/")
			r.tombstones = append(r.tombstones, id)
		default:
			r.records++
		}
		r.rest = rest
	}
}

// spool is on the disk: an export of a million rows does not belong into memory.
func (r *deletionRun) spool() (qualtrics.Spool, error) {
	file, err := os.CreateTemp(r.folder, "spool")
	if err != nil {
		return nil, err
	}
	return file, os.Remove(filepath.Join(r.folder, filepath.Base(file.Name())))
}

// heapWatch finds the largest heap, by a goroutine that lives in real time.
type heapWatch struct {
	lock sync.Mutex
	most uint64
}

func watchHeap(t *testing.T) *heapWatch {
	t.Helper()
	w, done, ended := &heapWatch{}, make(chan struct{}), make(chan struct{})
	go func() {
		defer close(ended)
		ticker := time.NewTicker(20 * time.Millisecond)
		defer ticker.Stop()
		for {
			select {
			case <-done:
				return
			case <-ticker.C:
				var stats runtime.MemStats
				runtime.ReadMemStats(&stats)
				w.lock.Lock()
				w.most = max(w.most, stats.HeapAlloc)
				w.lock.Unlock()
			}
		}
	}()
	t.Cleanup(func() { close(done); <-ended })
	return w
}

func (w *heapWatch) reset() {
	runtime.GC()
	w.lock.Lock()
	defer w.lock.Unlock()
	w.most = 0
}

func (w *heapWatch) peak() uint64 {
	w.lock.Lock()
	defer w.lock.Unlock()
	return w.most
}

// cpuSeconds is the processor time of this process.
func cpuSeconds(t *testing.T) time.Duration {
	t.Helper()
	var usage syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &usage); err != nil {
		t.Fatal(err)
	}
	return time.Duration(usage.Utime.Nano() + usage.Stime.Nano())
}
