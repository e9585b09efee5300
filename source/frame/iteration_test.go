package frame_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"runtime"
	"strings"
	"testing"

	"github.com/birdie-ai/source-qualtrics/source/frame"
)

func TestValues_EndsItsGoroutineWhenTheLoopEndsEarly(t *testing.T) {
	t.Parallel()
	file := archive(t, strings.Repeat(`{"a":"`+strings.Repeat("x", 1000)+`"}`+"\n", 5000))
	opened, err := frame.Open(bytes.NewReader(file), int64(len(file)), frame.Limits{})
	if err != nil {
		t.Fatal(err)
	}
	for _, err := range opened.Values(t.Context()) {
		if err != nil {
			t.Error(err)
		}
		break
	}
	defer func() { _ = recover() }()
	for _, err := range opened.Values(t.Context()) {
		panic(err)
	}
}

func TestValues_EndWithTheCauseOfTheContext(t *testing.T) {
	t.Parallel()
	errStopped := errors.New("stopped")
	file := archive(t, strings.Repeat(`{"a":"`+strings.Repeat("x", 1000)+`"}`+"\n", 5000))
	ctx, cancel := context.WithCancelCause(t.Context())
	defer cancel(nil)
	opened, err := frame.Open(bytes.NewReader(file), int64(len(file)), frame.Limits{})
	if err != nil {
		t.Fatal(err)
	}
	var last error
	count := 0
	for _, err := range opened.Values(ctx) {
		cancel(errStopped)
		count++
		last = err
	}
	if !errors.Is(last, errStopped) || errors.As(last, new(*frame.Error)) {
		t.Errorf("after %d values: got %v, want the cause", count, last)
	}
	if count > 1000 {
		t.Errorf("%d values after the context ended", count)
	}
	if err := opened.Verify(ctx); !errors.Is(err, errStopped) {
		t.Errorf("verifying: got %v, want the cause", err)
	}
}

// brokenDisk is a file whose second half cannot be read while broken is set.
type brokenDisk struct {
	io.ReaderAt
	from   int64
	broken bool
}

var errDisk = errors.New("the disk is broken")

func (d *brokenDisk) ReadAt(p []byte, offset int64) (int, error) {
	if d.broken && offset+int64(len(p)) > d.from {
		return 0, errDisk
	}
	return d.ReaderAt.ReadAt(p, offset)
}

// An error of the disk is not a defect of the file: a new export would not help.
func TestRead_ReturnsTheErrorOfTheDisk(t *testing.T) {
	t.Parallel()
	file := archive(t, strings.Repeat(`{"a":1}`+"\n", 1000))
	disk := &brokenDisk{ReaderAt: bytes.NewReader(file), from: int64(len(file) / 2)}
	opened, err := frame.Open(disk, int64(len(file)), frame.Limits{})
	if err != nil {
		t.Fatal(err)
	}
	disk.broken = true
	var last error
	for _, err := range opened.Values(t.Context()) {
		last = err
	}
	disk.from = 0
	_, openErr := frame.Open(disk, int64(len(file)), frame.Limits{})
	for action, err := range map[string]error{"reading": last, "verifying": opened.Verify(t.Context()), "opening": openErr} {
		if !errors.Is(err, errDisk) || errors.As(err, new(*frame.Error)) {
			t.Errorf("%s: got %v, want the disk's error", action, err)
		}
	}
}

func TestValues_CanBeReadAgain(t *testing.T) {
	t.Parallel()
	file := archive(t, `{"a":1}`+"\n"+`{"a":2}`)
	opened, err := frame.Open(bytes.NewReader(file), int64(len(file)), frame.Limits{})
	if err != nil {
		t.Fatal(err)
	}
	for range 2 {
		records := 0
		for _, err := range opened.Values(t.Context()) {
			if err != nil {
				t.Fatal(err)
			}
			records++
		}
		if records != 2 {
			t.Errorf("got %d records, want 2", records)
		}
	}
}

// The test is not parallel, because it measures the heap.
func TestValues_MemoryDoesNotDependOnTheFile(t *testing.T) {
	const size, bound = 12 << 20, 4 << 20
	if peak := peakHeap(t, generated(t, size), size); peak > bound {
		t.Errorf("reading %d bytes took %d bytes of heap, want at most %d", size, peak, bound)
	}
}

// peakHeap reads a file of size inflated bytes and returns the growth of the heap.
func peakHeap(t testing.TB, file []byte, size int64) uint64 {
	t.Helper()
	var stats runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&stats)
	before, peak := stats.HeapAlloc, uint64(0)
	opened, err := frame.Open(bytes.NewReader(file), int64(len(file)), frame.Limits{})
	if err != nil {
		t.Fatal(err)
	}
	read := int64(0)
	for value, err := range opened.Values(t.Context()) {
		if err != nil {
			t.Fatal(err)
		}
		read += int64(len(value.Raw)) + 1
		if value.Number%1000 == 0 {
			runtime.ReadMemStats(&stats)
			peak = max(peak, stats.HeapAlloc)
		}
	}
	if read < size {
		t.Fatalf("read %d bytes, want at least %d", read, size)
	}
	return peak - min(peak, before)
}
