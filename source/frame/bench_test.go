package frame_test

import (
	"archive/zip"
	"bytes"
	"fmt"
	"math/rand/v2"
	"strings"
	"sync"
	"testing"

	"github.com/birdie-ai/source-qualtrics/source/frame"
)

var words = strings.Fields("the of and to in is that it was for on are as with they be at one have this from or had by but some what there we can out other were all your when up use how said an each she which do their time if will way about many then them would write like so these her long make thing see him two has look more day could go come did my sound no most number who over know water than call first people may down side been now find")

// generatedLine returns a response in the form of an export, with an answer of
// words that compresses like text.
func generatedLine(number int) []byte {
	random := rand.New(rand.NewPCG(uint64(number), 1))
	line := fmt.Appendf(nil, `{"responseId":"R_%015x","values":{"startDate":"2026-01-01T00:%02d:%02dZ","status":0,"finished":1`, random.Uint64()>>4, random.IntN(60), random.IntN(60))
	for question := range 20 {
		line = fmt.Appendf(line, `,"QID%d":%d`, question, random.IntN(11))
	}
	line = append(line, `,"QID20_TEXT":"`...)
	for range number % 80 {
		line = append(append(line, words[random.IntN(len(words))]...), ' ')
	}
	return append(line, `"},"labels":{"status":"IP Address"},"displayedFields":["QID1","QID2","QID20_TEXT"],"displayedValues":{}}`+"\n"...)
}

// generatedLines returns about a megabyte, far more than the window of deflate.
var generatedLines = sync.OnceValue(func() (lines []byte) {
	for number := 0; len(lines) < 1<<20; number++ {
		lines = append(lines, generatedLine(number)...)
	}
	return lines
})

// generated returns an archive written in pieces, so that only its compressed
// form takes memory.
func generated(t testing.TB, size int) []byte {
	t.Helper()
	var file bytes.Buffer
	writer := zip.NewWriter(&file)
	entry, err := writer.Create("x")
	if err != nil {
		t.Fatal(err)
	}
	for written := 0; written < size; written += len(generatedLines()) {
		if _, err := entry.Write(generatedLines()); err != nil {
			t.Fatal(err)
		}
	}
	if err := writer.Close(); err != nil {
		t.Fatal(err)
	}
	return file.Bytes()
}

func BenchmarkValues(b *testing.B) {
	const size = 32 << 20
	file := generated(b, size)
	opened, err := frame.Open(bytes.NewReader(file), int64(len(file)), frame.Limits{})
	if err != nil {
		b.Fatal(err)
	}
	b.SetBytes(size)
	b.ReportAllocs()
	for b.Loop() {
		for _, err := range opened.Values(b.Context()) {
			if err != nil {
				b.Fatal(err)
			}
		}
	}
}

// BenchmarkValues_LargeFile also reports the growth of the heap.
func BenchmarkValues_LargeFile(b *testing.B) {
	const size, bound = 200 << 20, 8 << 20
	file := generated(b, size)
	b.SetBytes(size)
	for b.Loop() {
		peak := peakHeap(b, file, size)
		if peak > bound {
			b.Fatalf("the heap grew by %d bytes, want at most %d", peak, bound)
		}
		b.ReportMetric(float64(peak)/(1<<20), "heap-MiB")
	}
}

func BenchmarkVerify(b *testing.B) {
	const size = 32 << 20
	file := generated(b, size)
	b.SetBytes(size)
	for b.Loop() {
		opened, err := frame.Open(bytes.NewReader(file), int64(len(file)), frame.Limits{})
		if err == nil {
			err = opened.Verify(b.Context())
		}
		if err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkRecord(b *testing.B) {
	line := bytes.TrimSpace(generatedLine(39))
	b.SetBytes(int64(len(line)))
	b.ReportAllocs()
	for b.Loop() {
		if _, err := frame.Record(line); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkCanonical(b *testing.B) {
	line := generatedLine(39)
	var canonical []byte
	b.SetBytes(int64(len(line)))
	b.ReportAllocs()
	for b.Loop() {
		var err error
		if canonical, err = frame.Canonical(canonical[:0], line); err != nil {
			b.Fatal(err)
		}
	}
}
