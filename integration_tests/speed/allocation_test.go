//go:build unix

package speed

import (
	"bytes"
	"io"
	"regexp"
	"runtime"
	"testing"

	"github.com/birdie-ai/source-qualtrics/integration_tests/testkit"
	"github.com/birdie-ai/source-qualtrics/source"
)

// readOnce reads a stream in this process and returns the lines that it wrote.
func readOnce(t testing.TB, s *server, stream string) int {
	t.Helper()
	var out lineCounter
	runTo(t, s, &out, "read", "--config", "config", "--catalog", stream)
	return out.lines
}

// runTo runs a command in this process.
func runTo(t testing.TB, s *server, out io.Writer, args ...string) {
	t.Helper()
	files := &testkit.Files{Content: map[string][]byte{"config": s.config()}}
	for _, stream := range []string{"responses", "answers", "feedback", "contacts"} {
		files.Content[stream] = testkit.Catalog(stream)
	}
	program := &source.Program{Stdout: out, Transport: s, Files: files}
	end := testkit.Run(t.Context(), program, source.Sizes{}, map[string]string{"QUALTRICS_SANDBOX": "1"}, args...)
	if end.Code != 0 {
		t.Fatalf("exit code %d: %s", end.Code, end.Stderr)
	}
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

// BenchmarkReadAnswers reads the answers of the same responses.
func BenchmarkReadAnswers(b *testing.B) {
	lines := 0
	benchmark(b, func(s *server) { lines = readOnce(b, s, "answers") })
	b.ReportMetric(float64(b.N)*float64(lines)/b.Elapsed().Seconds(), "rows/s")
}

// BenchmarkReadFeedback reads the feedback of the same responses, each row with all other
// answers of its response. It reports rows per second of processor time, to which the server
// in this process adds a little.
func BenchmarkReadFeedback(b *testing.B) {
	lines, used := 0, cost{}
	benchmark(b, func(s *server) {
		used.cpu += inProcess(b, func() { lines += readOnce(b, s, "feedback") }).cpu
	})
	b.ReportMetric(float64(lines)/used.cpu.Seconds(), "rows/cpu-s")
}

func BenchmarkExport(b *testing.B) {
	benchmark(b, func(s *server) {
		runTo(b, s, io.Discard, "export", "--config", "config", "--streams", "responses", "--to", b.TempDir())
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

// BenchmarkReadContacts is the same for a directory.
func BenchmarkReadContacts(b *testing.B) {
	s := newServer(b, newArchive(shapes[0], 10), 10, 9000)
	lines := readOnce(b, s, "contacts")
	b.ReportAllocs()
	for b.Loop() {
		readOnce(b, s, "contacts")
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N*lines), "ns/row")
}

// The server has to serve the directory whole, or nothing is measured. A search shows at
// most 10,000 contacts, so a larger directory is read in several windows.
func TestServer_ServesEveryContactOnce(t *testing.T) {
	id := regexp.MustCompile(`"contact_id":"(CID_\d+)"`)
	for _, contacts := range []int{99, 100, 1000, 12_000} {
		var out bytes.Buffer
		s := newServer(t, newArchive(shapes[0], 10), 10, contacts)
		runTo(t, s, &out, "read", "--config", "config", "--catalog", "contacts")
		rows := make(map[string]int)
		for _, each := range id.FindAllSubmatch(out.Bytes(), -1) {
			rows[string(each[1])]++
		}
		if len(rows) != contacts {
			t.Errorf("%d of %d contacts came", len(rows), contacts)
		}
	}
}
