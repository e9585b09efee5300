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
	var out lineCounter
	program := &source.Program{Stdout: &out, Transport: s, Files: &testkit.Files{Content: map[string][]byte{
		"catalog": testkit.Catalog(stream),
		"config": testkit.Encode(map[string]any{
			"base_url": s.url, "credentials": map[string]any{"auth_type": "api_token", "api_token": "0123456789012345678901234567890123456789"},
		}),
	}}}
	end := testkit.Run(t.Context(), program, source.Sizes{}, map[string]string{"QUALTRICS_SANDBOX": "1"}, "read", "--config", "config", "--catalog", "catalog")
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

// BenchmarkRead reads in this process, for profiles of the read path.
func BenchmarkRead(b *testing.B) {
	a := newArchive(shapes[1], 50_000)
	s := newServer(b, a, 1, 0)
	readOnce(b, s, "responses")
	b.SetBytes(a.raw)
	b.ReportAllocs()
	for b.Loop() {
		readOnce(b, s, "responses")
	}
}
