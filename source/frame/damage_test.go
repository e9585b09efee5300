package frame_test

import (
	"archive/zip"
	"bytes"
	"compress/flate"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/birdie-ai/source-qualtrics/source/frame"
)

// plainArchive makes a ZIP without data descriptors.
func plainArchive(t testing.TB, name, text string) []byte {
	t.Helper()
	var deflated, file bytes.Buffer
	deflater, err := flate.NewWriter(&deflated, flate.BestSpeed)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := deflater.Write([]byte(text)); err != nil {
		t.Fatal(err)
	}
	if err := deflater.Close(); err != nil {
		t.Fatal(err)
	}
	writer := zip.NewWriter(&file)
	entry, err := writer.CreateRaw(&zip.FileHeader{
		Name: name, Method: zip.Deflate, CRC32: crc32.ChecksumIEEE([]byte(text)),
		CompressedSize64: uint64(deflated.Len()), UncompressedSize64: uint64(len(text)),
	})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := entry.Write(deflated.Bytes()); err != nil {
		t.Fatal(err)
	}
	if err := writer.Close(); err != nil {
		t.Fatal(err)
	}
	return file.Bytes()
}

func TestRead_RefusesDamagedFiles(t *testing.T) {
	t.Parallel()
	encrypted := archive(t, `{"a":1}`)
	directory := bytes.Index(encrypted, []byte("PK\x01\x02"))
	encrypted[6] |= 1
	encrypted[directory+8] |= 1
	method := archive(t, `{"a":1}`)
	method[8], method[directory+10] = 12, 12
	lying := archive(t, `{"a":1}`)
	lying[directory+16] ^= 0xff // the CRC-32 in the directory
	nosum := plainArchive(t, "x", `{"a":1}`)
	binary.LittleEndian.PutUint32(nosum[bytes.Index(nosum, []byte("PK\x01\x02"))+16:], 0)
	longer := plainArchive(t, "x", `{"a":1}`)
	longer[bytes.Index(longer, []byte("PK\x01\x02"))+24]++ // the length in the directory
	folder := bytes.ReplaceAll(archive(t, `{"a":1}`, `{"b":2}`), []byte("Survey 0 🎉.ndjson"), []byte("Survey 0 🎉.ndjso/"))
	tests := []struct {
		name string
		file []byte
		kind string
	}{
		{"an empty file", nil, frame.Truncated},
		{"html", []byte("<!DOCTYPE html><html>" + strings.Repeat("x", 1000)), frame.NotData},
		{"gzip", []byte("\x1f\x8b\x08\x00\x00\x00\x00\x00"), frame.NotData},
		{"an array", []byte(`[{"a":1}]`), frame.NotData},
		{"junk before the archive", append([]byte("junk"), archive(t, `{"a":1}`)...), frame.NotData},
		{"encrypted", encrypted, frame.Encrypted},
		{"unknown method", method, frame.Unsupported},
		{"a wrong checksum", lying, frame.Corrupt},
		{"no checksum", nosum, frame.Corrupt},
		{"a wrong length", longer, frame.Truncated},
		{"no member", archive(t), frame.Corrupt},
		{"a folder with content", folder, frame.Corrupt},
		{"half a line", archive(t, `{"a":1}`+"\n"+`{"b":`), frame.Truncated},
		{"garbage line", archive(t, `{"a":1}`+"\n"+`{"b":2]`), frame.NotJSON},
		{"half a line in the middle", archive(t, `{"a":`+"\n"+`{"b":2}`), frame.NotJSON},
		{"two records on a line", archive(t, `{"a":1}{"b":2}`), frame.NotJSON},
		{"a number", archive(t, `{"a":1}`+"\n7\n"), frame.NotJSON},
		{"NaN", archive(t, `{"a":NaN}`), frame.NotJSON},
		{"a trailing comma", archive(t, `{"a":1,}`), frame.NotJSON},
		{"NULs at the end", archive(t, `{"a":1}`+"\n\x00\x00\x00"), frame.NotJSON},
		{"nested too deeply", archive(t, `{"a":`+strings.Repeat("[", 11_000)+strings.Repeat("]", 11_000)+`}`), frame.NotJSON},
		{"a long line", archive(t, `{"`+strings.Repeat("x", 300_000)+`":1}`), frame.TooLarge},
		{"a line just too long", archive(t, `{"`+strings.Repeat("x", 100_000-5)+`":1}`), frame.TooLarge},
		{"a bomb", archive(t, strings.Repeat(" ", 3<<20)), frame.TooLarge},
		{"a bomb in parts", archive(t, strings.Repeat("\n", 3<<19), strings.Repeat("\n", 3<<19)), frame.TooLarge},
		{"lines without an archive", []byte(`{"a":1}` + "\n"), frame.NotData},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			_, _, err := read(t, test.file, frame.Limits{InflatedBytes: 2 << 20, RecordBytes: 100_000})
			var typed *frame.Error
			if !errors.As(err, &typed) || typed.Kind != test.kind {
				t.Errorf("got %v, want kind %q", err, test.kind)
			}
			if err != nil && len(err.Error()) > 300 {
				t.Errorf("the message is too long: %v", err)
			}
		})
	}
}

func TestRead_ErrorNamesTheDamagedLine(t *testing.T) {
	t.Parallel()
	_, _, err := read(t, archive(t, "{\"a\":1}\n\n{\"secret\":x}\n"), frame.Limits{})
	if err == nil || !strings.Contains(err.Error(), "line 3, byte 19") || strings.Contains(err.Error(), "secret") {
		t.Errorf("got %v, want line 3 and byte 19 without the data", err)
	}
}

// An archive that was truncated or changed in one bit is refused before its first
// value, or yields the same values.
func TestVerify_DetectsEveryTruncationAndEveryFlippedBit(t *testing.T) {
	t.Parallel()
	want := []string{`{"responseId":"R_1","values":{"QID1":3}}`, `{"responseId":"R_2","values":{}}`}
	text := strings.Join(want, "\n") + "\n"
	var stored bytes.Buffer
	writer := zip.NewWriter(&stored)
	entry, err := writer.CreateHeader(&zip.FileHeader{Name: "x", Method: zip.Store})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := entry.Write([]byte(text)); err != nil {
		t.Fatal(err)
	}
	if err := writer.Close(); err != nil {
		t.Fatal(err)
	}
	for name, whole := range map[string][]byte{
		"with a data descriptor":    archive(t, text),
		"without a data descriptor": plainArchive(t, "o", text), // o is one bit from a slash
		"stored":                    stored.Bytes(),
		"several members":           archive(t, want[0], want[1]),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if got, _, err := read(t, whole, frame.Limits{}); err != nil || !cmp.Equal(want, got) {
				t.Fatalf("whole: read %q, %v", got, err)
			}
			for n := range whole {
				if got, _, err := read(t, whole[:n], frame.Limits{}); err == nil || len(got) > 0 {
					t.Errorf("cut at %d: read %q, %v", n, got, err)
				}
				for bit := range 8 {
					flipped := bytes.Clone(whole)
					flipped[n] ^= 1 << bit
					checkRefusedOrEqual(t, fmt.Sprintf("bit %d of byte %d", bit, n), flipped, want)
				}
			}
		})
	}
}

// checkRefusedOrEqual checks that a file is refused before its first value, or
// yields the wanted values.
func checkRefusedOrEqual(t *testing.T, change string, file []byte, want []string) {
	t.Helper()
	opened, err := frame.Open(bytes.NewReader(file), int64(len(file)), frame.Limits{})
	if err == nil {
		err = opened.Verify(t.Context())
	}
	if err != nil {
		if !errors.As(err, new(*frame.Error)) {
			t.Errorf("%s: the error has no type: %v", change, err)
		}
		return
	}
	if got, _, err := read(t, file, frame.Limits{}); err != nil || !cmp.Equal(want, got) {
		t.Errorf("%s: verified, then read %q, %v", change, got, err)
	}
}
