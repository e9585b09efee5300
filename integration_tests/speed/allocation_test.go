//go:build unix

package speed

import (
	"runtime"
	"testing"

	"github.com/birdie-ai/source-qualtrics/integration_tests/testkit"
	"github.com/birdie-ai/source-qualtrics/source"
)

// readOnce reads a stream in this process and returns the lines that it wrote.
func readOnce(t testing.TB, s *server, stream string) int {
	t.Helper()
	return runOnce(t, s, "read", "--config", "config", "--catalog", stream)
}

func runOnce(t testing.TB, s *server, args ...string) int {
	t.Helper()
	var out lineCounter
	files := &testkit.Files{Content: map[string][]byte{"config": s.config()}}
	for _, stream := range []string{"responses", "contacts"} {
		files.Content[stream] = testkit.Catalog(stream)
	}
	program := &source.Program{Stdout: &out, Transport: s, Files: files}
	end := testkit.Run(t.Context(), program, source.Sizes{}, map[string]string{"QUALTRICS_SANDBOX": "1"}, args...)
	if end.Code != 0 {
		t.Fatalf("exit code %d: %s%s", end.Code, out.last, end.Stderr)
	}
	return out.lines
}

// mostAllocated is the most allocations that a response may take.
const mostAllocated = 10

func TestRead_TakesFewAllocationsForEachResponse(t *testing.T) {
	allocated := func(records int) (allocations uint64) {
		s := newServer(t, newArchive(shapes[1], records), 1, 0)
		readOnce(t, s, "responses") // makes the files
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		lines := readOnce(t, s, "responses")
		runtime.ReadMemStats(&after)
		if lines < records {
			t.Fatalf("%d lines came of %d records", lines, records)
		}
		return after.Mallocs - before.Mallocs
	}
	const few, many = 1000, 5000
	if each := float64(allocated(many)-allocated(few)) / (many - few); each > mostAllocated {
		t.Errorf("a response takes %.1f allocations, want at most %d", each, mostAllocated)
	} else {
		t.Logf("%.1f allocations for each response", each)
	}
}

// BenchmarkRead and BenchmarkExport run in this process, for profiles.
func BenchmarkRead(b *testing.B) {
	benchmark(b, func(s *server) { readOnce(b, s, "responses") })
}

func BenchmarkExport(b *testing.B) {
	benchmark(b, func(s *server) {
		runOnce(b, s, "export", "--config", "config", "--streams", "responses", "--to", b.TempDir())
	})
}

func benchmark(b *testing.B, run func(*server)) {
	b.Helper()
	a := newArchive(shapes[1], 50_000)
	s := newServer(b, a, 1, 0)
	run(s) // makes the files
	b.SetBytes(a.raw)
	b.ReportAllocs()
	for b.Loop() {
		run(s)
	}
}
