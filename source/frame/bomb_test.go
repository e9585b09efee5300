package frame_test

import (
	"archive/zip"
	"bytes"
	"compress/flate"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"math"
	"strings"
	"testing"

	"github.com/birdie-ai/source-qualtrics/integration_tests/thorough"
	"github.com/birdie-ai/source-qualtrics/source/frame"
)

// claim is a member whose directory states size, whatever its text has.
type claim struct {
	size uint64
	text string
}

// lying makes an archive whose directory states the claimed sizes.
func lying(t testing.TB, claims ...claim) []byte {
	t.Helper()
	var file bytes.Buffer
	writer := zip.NewWriter(&file)
	for i, c := range claims {
		var deflated bytes.Buffer
		deflater, err := flate.NewWriter(&deflated, flate.BestCompression)
		if err == nil {
			_, err = io.WriteString(deflater, c.text)
		}
		if err := errors.Join(err, deflater.Close()); err != nil {
			t.Fatal(err)
		}
		entry, err := writer.CreateRaw(&zip.FileHeader{
			Name: fmt.Sprint(i), Method: zip.Deflate, CRC32: crc32.ChecksumIEEE([]byte(c.text)),
			CompressedSize64: uint64(deflated.Len()), UncompressedSize64: c.size,
		})
		if err == nil {
			_, err = entry.Write(deflated.Bytes())
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	if err := writer.Close(); err != nil {
		t.Fatal(err)
	}
	return file.Bytes()
}

// repeated makes an archive of one member, which its directory lists many times.
func repeated(t testing.TB, text string, times int) []byte {
	t.Helper()
	file := plainArchive(t, "x", text)
	at, end := bytes.Index(file, []byte("PK\x01\x02")), bytes.Index(file, []byte("PK\x05\x06"))
	entry, tail := file[at:end], bytes.Clone(file[end:])
	directory := bytes.Repeat(entry, times)
	binary.LittleEndian.PutUint16(tail[8:], uint16(times))
	binary.LittleEndian.PutUint16(tail[10:], uint16(times))
	binary.LittleEndian.PutUint32(tail[12:], uint32(len(directory)))
	return bytes.Join([][]byte{file[:at], directory, tail}, nil)
}

// promising makes an archive whose ZIP64 directory states more entries than it
// has.
func promising(t testing.TB, entries uint64, room int) []byte {
	t.Helper()
	file := plainArchive(t, "x", `{"a":1}`)
	at, end := bytes.Index(file, []byte("PK\x01\x02")), bytes.Index(file, []byte("PK\x05\x06"))
	directory, tail := bytes.Clone(file[at:end]), bytes.Clone(file[end:])
	file = append(file[:at:at], make([]byte, room)...)
	start := len(file)
	file = append(file, directory...)
	end64 := make([]byte, 56)
	copy(end64, "PK\x06\x06")
	binary.LittleEndian.PutUint64(end64[4:], 44)
	binary.LittleEndian.PutUint64(end64[24:], entries)
	binary.LittleEndian.PutUint64(end64[32:], entries)
	binary.LittleEndian.PutUint64(end64[40:], uint64(len(directory)))
	binary.LittleEndian.PutUint64(end64[48:], uint64(start))
	locator := make([]byte, 20)
	copy(locator, "PK\x06\x07")
	binary.LittleEndian.PutUint64(locator[8:], uint64(len(file)))
	binary.LittleEndian.PutUint32(locator[16:], 1)
	copy(tail[8:], "\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff")
	return bytes.Join([][]byte{file, end64, locator, tail}, nil)
}

// zeros returns a record of size bytes that compresses a thousandfold.
func zeros(size int) string { return `{"a":"` + strings.Repeat("0", size-8) + `"}` }

// A crafted file takes no more memory than the limits allow.
func TestRead_RefusesDecompressionBombs(t *testing.T) {
	if !thorough.Asked() {
		t.Skip("the test has one goroutine at a time, and the race detector disables pools, which it measures")
	}
	limits := frame.Limits{InflatedBytes: 1 << 20, RecordBytes: 1 << 16}
	bomb := strings.Repeat(zeros(1<<10)+"\n", 64<<10) // 64 MiB
	line := zeros(1<<10) + "\n"
	blanks := func(n int) string { return `{"a":1}` + strings.Repeat("\n", n-7) }
	tests := map[string]struct {
		file []byte
		kind string // "": it can be read
	}{
		"it is highly compressible":                {archive(t, bomb), frame.TooLarge},
		"many members are highly compressible":     {archive(t, strings.SplitAfterN(bomb, "\n", 100)...), frame.TooLarge},
		"its directory states a small size":        {lying(t, claim{size: 100, text: bomb}), frame.Corrupt},
		"its directory states the size 0":          {lying(t, claim{size: 0, text: bomb}), frame.Corrupt},
		"the sum of its sizes exceeds 64 bits":     {lying(t, claim{size: 100, text: blanks(100)}, claim{size: math.MaxUint64 - 49, text: bomb}), frame.TooLarge},
		"the sum of its sizes is 2^64":             {lying(t, claim{size: 1 << 63, text: bomb}, claim{size: 1 << 63, text: bomb}), frame.TooLarge},
		"its last size is the largest of 64 bits":  {lying(t, claim{size: 7, text: `{"a":1}`}, claim{size: math.MaxUint64, text: bomb}), frame.TooLarge},
		"its entries overlap":                      {repeated(t, line, 100), frame.Corrupt},
		"two of its entries overlap":               {repeated(t, strings.Repeat("\n", 1<<10), 2), frame.Corrupt},
		"it has many entries":                      {repeated(t, "\n", 101), frame.TooLarge},
		"it has 65,537 entries, but states 1":      {repeated(t, "\n", 1<<16+1), frame.TooLarge},
		"it has a million entries":                 {repeated(t, "\n", 1e6), frame.TooLarge},
		"it states a million entries, but has one": {promising(t, 1e6, 40<<20), frame.TooLarge},
		"it states the most entries of 64 bits":    {promising(t, math.MaxUint64, 1<<20), frame.TooLarge},
		"it states one entry in a ZIP64 directory": {promising(t, 1, 1<<20), ""},
		"it holds another archive":                 {archive(t, string(archive(t, line))), frame.NotJSON},
		"it is one long name":                      {archive(t, `{"`+strings.Repeat("0", 1<<20-6)+`":1}`), frame.TooLarge},
		"it is one long text":                      {archive(t, zeros(1<<20)), ""},
		"it is one byte below the limit":           {archive(t, blanks(1<<20-1)), ""},
		"it is at the limit":                       {archive(t, blanks(1<<20)), ""},
		"it is one byte above the limit":           {archive(t, blanks(1<<20+1)), frame.TooLarge},
		"its members are at the limit":             {archive(t, blanks(1<<19), blanks(1<<19)), ""},
		"its members are above the limit":          {archive(t, blanks(1<<19), blanks(1<<19+1)), frame.TooLarge},
		"it has the most members allowed":          {archive(t, strings.SplitAfter(strings.Repeat("\n", 99)+`{"a":1}`, "\n")...), ""},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) { // not parallel: it counts allocations
			before := allocated()
			values, _, err := read(t, test.file, limits)
			// The blocks for reading ahead, the decompressors, the directory.
			if used := allocated() - before; used > 24<<20 {
				t.Errorf("%d bytes made us allocate %d", len(test.file), used)
			}
			var typed *frame.Error
			switch {
			case test.kind == "":
				if err != nil || len(values) == 0 {
					t.Errorf("got %d values and %v, want it to be read", len(values), err)
				}
			case !errors.As(err, &typed) || typed.Kind != test.kind || len(values) > 0:
				t.Errorf("got %d values and %v, want none and kind %q", len(values), err, test.kind)
			}
		})
	}
}
