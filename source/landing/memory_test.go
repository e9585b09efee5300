package landing_test

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"runtime"
	"strings"
	"testing"

	"github.com/birdie-ai/source-qualtrics/source/landing"
)

// wide writes rows of 20 KB to disk and returns the largest measured heap.
func wide(t testing.TB, format landing.Format, rows int) (heap uint64) {
	t.Helper()
	folder, err := landing.OpenRoot(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	w, err := landing.Open(options(folder, format, "run"))
	if err != nil {
		t.Fatal(err)
	}
	of := info(t, "rows", numbered{}, "id", "id")
	if err := w.Begin(of); err != nil {
		t.Fatal(err)
	}
	random := rand.New(rand.NewPCG(1, 2))
	texts := make([]string, 64)
	for i := range texts {
		letters := make([]byte, 20_000)
		for j := range letters {
			letters[j] = 'a' + byte(random.Uint32()%26)
		}
		texts[i] = string(letters)
	}
	for id := range rows {
		text := strings.Clone(texts[id%len(texts)])
		if err := w.Record("rows", row(t, of, &numbered{ID: int64(id), Text: &text})); err != nil {
			t.Fatal(err)
		}
		if id%500 == 0 {
			var stats runtime.MemStats
			runtime.ReadMemStats(&stats)
			heap = max(heap, stats.HeapInuse)
		}
	}
	if err := errors.Join(w.State("rows", []byte(`{}`)), w.End("rows", nil), w.Close()); err != nil {
		t.Fatal(err)
	}
	return heap
}

// The test is not parallel, because it measures the heap of the whole process.
func TestWriter_MemoryDoesNotGrowWithTheFile(t *testing.T) {
	const rows, limit = 8_000, 300 << 20 // 160 MB of text
	for _, format := range formats {
		if heap := wide(t, format, rows); heap > limit {
			t.Errorf("%s: the heap grew to %d MiB, want at most %d", format, heap>>20, limit>>20)
		}
	}
}

func BenchmarkWriter_WideRows(b *testing.B) {
	for _, format := range formats {
		b.Run(fmt.Sprintf("%s/60000x20KB", format), func(b *testing.B) {
			b.SetBytes(60_000 * 20_000)
			for b.Loop() {
				b.ReportMetric(float64(wide(b, format, 60_000)>>20), "heap-MiB")
			}
		})
	}
}
