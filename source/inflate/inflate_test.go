package inflate_test

import (
	"bytes"
	"compress/flate"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/birdie-ai/source-qualtrics/source/inflate"
)

// texts are kinds of data that lead to every kind of block.
func texts() map[string][]byte {
	dice := rand.New(rand.NewPCG(1, 2))
	noise := make([]byte, 300_000)
	for i := range noise {
		noise[i] = byte(dice.Uint32())
	}
	var far []byte // matches as far back as they can be
	for range 12 {
		far = append(far, noise[:32<<10]...)
	}
	var rare []byte // codes of up to 15 bits
	for i, times := 0, 1; i < 22; i, times = i+1, times*2 {
		rare = append(rare, bytes.Repeat([]byte{byte(i)}, times)...)
	}
	dice.Shuffle(len(rare), func(i, j int) { rare[i], rare[j] = rare[j], rare[i] })
	return map[string][]byte{
		"nothing": nil, "a byte": []byte("a"), "one byte again and again": bytes.Repeat([]byte("a"), 400_000),
		"noise": noise, "far matches": far, "rare bytes": rare[:1_000_000], "records": records(1 << 20),
		"short periods": []byte(strings.Repeat("ab", 5000) + strings.Repeat("abc", 5000) + strings.Repeat("1234567", 5000) + strings.Repeat("12345678", 5000)),
	}
}

// records returns lines as an export has them.
func records(size int) []byte {
	dice := rand.New(rand.NewPCG(3, 4))
	var lines bytes.Buffer
	for lines.Len() < size {
		fmt.Fprintf(&lines, `{"responseId":"R_%016x","values":{"startDate":"2026-0%d-1%dT1%d:00:00Z"`, dice.Uint64(), 1+dice.IntN(9), dice.IntN(10), dice.IntN(10))
		for question := range 40 {
			fmt.Fprintf(&lines, `,"QID%d_%d":%d`, 2+question/4, question%4, dice.IntN(10))
		}
		lines.WriteString(`,"QID9_TEXT":"`)
		for range dice.IntN(30) {
			fmt.Fprintf(&lines, "word%d ", dice.IntN(3000))
		}
		lines.WriteString("\"}}\n")
	}
	return lines.Bytes()
}

func deflated(t testing.TB, text []byte, level int) []byte {
	t.Helper()
	var data bytes.Buffer
	writer, err := flate.NewWriter(&data, level)
	if err == nil {
		_, err = writer.Write(text)
	}
	if err := errors.Join(err, writer.Close()); err != nil {
		t.Fatal(err)
	}
	return data.Bytes()
}

func TestReader_ReturnsTheTextThatWasCompressed(t *testing.T) {
	t.Parallel()
	for name, text := range texts() {
		for _, level := range []int{flate.NoCompression, flate.BestSpeed, flate.DefaultCompression, flate.BestCompression, flate.HuffmanOnly} {
			data := deflated(t, text, level)
			for kind, source := range map[string]io.Reader{
				"whole": bytes.NewReader(data), "with its end": iotest.DataErrReader(bytes.NewReader(data)),
				"in halves": iotest.HalfReader(bytes.NewReader(data)), "with bytes after it": io.MultiReader(bytes.NewReader(data), strings.NewReader("PK and more")),
			} {
				got, err := io.ReadAll(inflate.NewReader(source))
				if err != nil || !bytes.Equal(got, text) {
					t.Errorf("%s at level %d, %s: got %d bytes and %v, want the %d bytes", name, level, kind, len(got), err, len(text))
				}
			}
		}
	}
}

func TestReader_ReadsByteByByte(t *testing.T) {
	t.Parallel()
	text := records(100_000)
	got, err := io.ReadAll(iotest.OneByteReader(inflate.NewReader(iotest.OneByteReader(bytes.NewReader(deflated(t, text, 6))))))
	if err != nil || !bytes.Equal(got, text) {
		t.Errorf("got %d bytes and %v, want the %d bytes", len(got), err, len(text))
	}
}

func TestReader_SaysThatDataEndsEarly(t *testing.T) {
	t.Parallel()
	for name, text := range map[string][]byte{"records": records(4000), "nothing": nil, "noise": texts()["noise"][:500]} {
		for _, level := range []int{flate.NoCompression, flate.DefaultCompression, flate.HuffmanOnly} {
			data := deflated(t, text, level)
			for end := range data {
				if _, err := io.ReadAll(inflate.NewReader(bytes.NewReader(data[:end]))); !errors.Is(err, io.ErrUnexpectedEOF) {
					t.Fatalf("%s at level %d, %d of %d bytes: got %v, want an unexpected end", name, level, end, len(data), err)
				}
			}
		}
	}
}

func TestReader_RefusesWhatIsNoDeflateData(t *testing.T) {
	t.Parallel()
	for name, data := range map[string][]byte{
		"a block of the fourth kind":                     {0b111},
		"a stored block with another length":             {1, 5, 0, 5, 0, 1, 2, 3, 4, 5},
		"a match before the first byte":                  {0b00000011, 0b10, 0, 0},
		"more codes of literals than there are":          {0b11111_10_1, 0, 0, 0, 0, 0, 0},
		"codes of which two begin with the same bits":    {0b00000101, 0b11100000, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff},
		"a length that repeats the one before the first": {0b00000101, 0, 0b10010, 0, 0, 0, 0, 0, 0, 0, 0, 0},
	} {
		data = append(data, make([]byte, 32)...) // or the data might end early
		got, err := io.ReadAll(inflate.NewReader(bytes.NewReader(data)))
		_, want := io.ReadAll(flate.NewReader(bytes.NewReader(data)))
		if !errors.Is(err, inflate.ErrCorrupt) || want == nil {
			t.Errorf("%s: got %q and %v, want it refused; Go's own says %v", name, got, err, want)
		}
	}
}

func TestReader_PassesTheErrorOfItsSource(t *testing.T) {
	t.Parallel()
	text := records(1 << 20)
	data := deflated(t, text, 6)
	broken := errors.New("the disk is broken")
	got, err := io.ReadAll(inflate.NewReader(io.MultiReader(bytes.NewReader(data[:len(data)/2]), iotest.ErrReader(broken))))
	if !errors.Is(err, broken) || len(got) == 0 || !bytes.HasPrefix(text, got) {
		t.Errorf("got %d bytes and %v, want the first half and the error", len(got), err)
	}
	if _, err := io.ReadAll(inflate.NewReader(silent{})); !errors.Is(err, io.ErrNoProgress) {
		t.Errorf("a source that never returns a byte: got %v", err)
	}
}

func TestReader_EndsWithClose(t *testing.T) {
	t.Parallel()
	data := deflated(t, records(1000), 6)
	reader := inflate.NewReader(bytes.NewReader(data))
	if err := errors.Join(reader.Close(), reader.Close()); err != nil {
		t.Error(err)
	}
	// The memory belongs to the next reader.
	next := inflate.NewReader(bytes.NewReader(data))
	if n, err := reader.Read(make([]byte, 10)); n != 0 || err == nil {
		t.Errorf("after Close: got %d bytes and %v, want an error", n, err)
	}
	if got, err := io.ReadAll(next); err != nil || !bytes.Equal(got, records(1000)) {
		t.Errorf("the next reader: got %d bytes and %v", len(got), err)
	}
}

// silent is a source that never returns a byte, and no error.
type silent struct{}

func (silent) Read([]byte) (int, error) { return 0, nil }

// Go's own package is the reference: it takes the same data, and returns the same text.
func FuzzReader(f *testing.F) {
	for _, text := range [][]byte{nil, []byte("a"), records(3000), texts()["noise"][:3000]} {
		for _, level := range []int{flate.NoCompression, flate.BestSpeed, flate.BestCompression, flate.HuffmanOnly} {
			data := deflated(f, text, level)
			f.Add(data)
			f.Add(data[:len(data)/2])
			damaged := slices.Clone(data)
			damaged[len(damaged)/3] ^= 0x10
			f.Add(damaged)
		}
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		const most = 1 << 18
		want, wantErr := io.ReadAll(io.LimitReader(flate.NewReader(bytes.NewReader(data)), most))
		got, err := io.ReadAll(io.LimitReader(inflate.NewReader(iotest.HalfReader(bytes.NewReader(data))), most))
		switch {
		case (err == nil) != (wantErr == nil):
			t.Fatalf("got %v, want %v", err, wantErr)
		case err == nil && !bytes.Equal(got, want):
			t.Fatalf("got %d bytes, want %d, and they differ", len(got), len(want))
		}
	})
}

// The same text by this package, and by Go's own.
func BenchmarkReader(b *testing.B) {
	text := records(16 << 20)
	data := deflated(b, text, flate.DefaultCompression)
	for name, reader := range map[string]func(io.Reader) io.ReadCloser{"own": inflate.NewReader, "standard": flate.NewReader} {
		b.Run(name, func(b *testing.B) {
			b.SetBytes(int64(len(text)))
			for b.Loop() {
				if n, err := io.Copy(io.Discard, reader(bytes.NewReader(data))); err != nil || n != int64(len(text)) {
					b.Fatal(n, err)
				}
			}
		})
	}
}
