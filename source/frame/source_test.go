package frame_test

import (
	"bytes"
	"io"
	"strings"
	"testing"

	"github.com/birdie-ai/source-qualtrics/source/frame"
)

// countedReader counts the bytes that were read.
type countedReader struct {
	io.ReaderAt
	bytes int
}

func (r *countedReader) ReadAt(p []byte, offset int64) (int, error) {
	n, err := r.ReaderAt.ReadAt(p, offset)
	r.bytes += n
	return n, err
}

// A file that was read to its end is verified. The text of a short one is then in memory.
func TestFile_IsInflatedNoMoreOftenThanItHasToBe(t *testing.T) {
	t.Parallel()
	short, long := strings.Repeat(`{"a":1}`+"\n", 1000), strings.Repeat(`{"a":"`+strings.Repeat("x", 1000)+`"}`+"\n", 2000)
	for name, test := range map[string]struct {
		text           string
		stops          bool // the first reading stops early
		verified, kept bool
	}{
		"short":                {short, false, true, true},
		"long":                 {long, false, true, false},
		"short, stopped early": {short, true, false, false},
	} {
		content := archive(t, test.text)
		counted := &countedReader{ReaderAt: bytes.NewReader(content)}
		file, err := frame.Open(counted, int64(len(content)), frame.Limits{})
		if err != nil {
			t.Fatal(err)
		}
		read := func(stops bool) (records, bytes int) {
			before := counted.bytes
			for _, err := range file.Values(t.Context()) {
				if err != nil {
					t.Fatalf("%s: %v", name, err)
				}
				if records++; stops {
					break
				}
			}
			return records, counted.bytes - before
		}
		read(test.stops)
		before := counted.bytes
		if err := file.Verify(t.Context()); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		if verified := counted.bytes == before; verified != test.verified {
			t.Errorf("%s: it was verified by its first reading: %t, want %t", name, verified, test.verified)
		}
		records, bytes := read(false)
		if want := strings.Count(test.text, "\n"); records != want {
			t.Errorf("%s: the next reading has %d records, want %d", name, records, want)
		}
		if kept := bytes == 0; kept != test.kept {
			t.Errorf("%s: its text was kept: %t, want %t", name, kept, test.kept)
		}
	}
}
