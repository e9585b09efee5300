package sandbox_test

import (
	"bufio"
	"compress/flate"
	"crypto/sha256"
	"encoding/binary"
	"io"
	"runtime"
	"testing"

	"github.com/birdie-ai/source-qualtrics/integration_tests/thorough"
	"github.com/birdie-ai/source-qualtrics/source/sandbox"
)

// TestExport_AMillionRowsNeedLittleMemory downloads one large file and reads
// it as a stream.
func TestExport_AMillionRowsNeedLittleMemory(t *testing.T) {
	if !thorough.Asked() {
		t.Skip("downloads a file of a million rows")
	}
	const rows = 1_000_000
	c := newClient(t, sandbox.Options{Surveys: 1, Responses: rows})
	file := c.fileOf(c.surveyIDs()[0], `{"format":"ndjson","questionIds":[],"embeddedDataIds":[],"surveyMetadataIds":["recordedDate"]}`)
	before := heap()
	most := uint64(0)
	count := 0
	for line := range c.lines(file) {
		if len(line) > 2 {
			count++
		}
		if count%200_000 == 1 {
			most = max(most, heap())
		}
	}
	// Every 300th response of a survey was deleted before the world began.
	if count < rows*99/100 || count > rows {
		t.Errorf("got %d records of %d", count, rows)
	}
	if grown := int64(most) - int64(before); grown > 64<<20 {
		t.Errorf("the heap grew by %d MiB", grown>>20)
	}
}

// heap is what is in use after a collection.
func heap() uint64 {
	runtime.GC()
	var stats runtime.MemStats
	runtime.ReadMemStats(&stats)
	return stats.HeapAlloc
}

// lines streams the member of a file, which begins behind a local header.
func (c *client) lines(path string) func(yield func([]byte) bool) {
	return func(yield func([]byte) bool) {
		response, err := c.open(c.t.Context(), path)
		if err != nil {
			c.t.Fatal(err)
		}
		defer func() {
			if err := response.Body.Close(); err != nil {
				c.t.Error(err)
			}
		}()
		body := bufio.NewReader(response.Body)
		header := make([]byte, 30)
		if _, err := io.ReadFull(body, header); err != nil {
			c.t.Fatal(err)
		}
		skip := int64(binary.LittleEndian.Uint16(header[26:])) + int64(binary.LittleEndian.Uint16(header[28:]))
		if _, err := io.CopyN(io.Discard, body, skip); err != nil {
			c.t.Fatal(err)
		}
		lines := bufio.NewScanner(flate.NewReader(body))
		lines.Buffer(nil, 1<<20)
		for lines.Scan() {
			if !yield(lines.Bytes()) {
				return
			}
		}
		if err := lines.Err(); err != nil {
			c.t.Fatal(err)
		}
		if _, err := io.Copy(io.Discard, body); err != nil {
			c.t.Fatal(err)
		}
	}
}

func TestExport_ALargeFileIsTheSameTwice(t *testing.T) {
	t.Parallel()
	c := newClient(t, sandbox.Options{Surveys: 1, Responses: 30_000})
	file := c.fileOf(c.surveyIDs()[0], `{"format":"ndjson"}`)
	var sums [2][sha256.Size]byte
	for i := range sums {
		hash := sha256.New()
		response, err := c.open(t.Context(), file)
		if err != nil {
			t.Fatal(err)
		}
		size, err := io.Copy(hash, response.Body)
		if err != nil {
			t.Fatal(err)
		}
		if err := response.Body.Close(); err != nil {
			t.Fatal(err)
		}
		if response.ContentLength != -1 || size < 8<<20 {
			t.Errorf("got %d bytes with content length %d, want a streamed file", size, response.ContentLength)
		}
		sums[i] = [sha256.Size]byte(hash.Sum(nil))
		c.tenant.Advance(3600e9, false)
	}
	if sums[0] != sums[1] {
		t.Error("two downloads of one file differ")
	}
}
