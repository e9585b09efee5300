package frame_test

import (
	"archive/zip"
	"bytes"
	"errors"
	"runtime/metrics"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/birdie-ai/source-qualtrics/source/frame"
)

var smallLimits = frame.Limits{InflatedBytes: 1 << 20, RecordBytes: 1 << 16}

// storedArchive makes a ZIP whose member is not compressed.
func storedArchive(t testing.TB, text string) []byte {
	t.Helper()
	var file bytes.Buffer
	writer := zip.NewWriter(&file)
	entry, err := writer.CreateHeader(&zip.FileHeader{Name: "x", Method: zip.Store})
	if err == nil {
		_, err = entry.Write([]byte(text))
	}
	if err := errors.Join(err, writer.Close()); err != nil {
		t.Fatal(err)
	}
	return file.Bytes()
}

// allocated returns the bytes that this process has allocated so far.
func allocated() uint64 {
	sample := []metrics.Sample{{Name: "/gc/heap/allocs:bytes"}}
	metrics.Read(sample)
	return sample[0].Value.Uint64()
}

// iterate returns the values of a file and the error that ended them.
func iterate(t *testing.T, file *frame.File) (values []string, ended string) {
	t.Helper()
	for value, err := range file.Values(t.Context()) {
		if err != nil {
			if !errors.As(err, new(*frame.Error)) {
				t.Fatalf("the error has no type: %v", err)
			}
			return values, err.Error()
		}
		values = append(values, string(value.Raw))
	}
	return values, ""
}

// Any file takes no more memory than the limits allow, and its errors are typed.
// A verified file yields the same values each time.
func FuzzArchive(f *testing.F) {
	f.Add(archive(f, `{"a":1}`+"\n", `{"b":2}`))
	f.Add(plainArchive(f, "o", `{"a":1}`+"\n{}"))
	f.Add(storedArchive(f, `{"a":1}`))
	f.Add(archive(f, ""))
	f.Add(archive(f, `{"a":"`+string(make([]byte, 1<<17))+`"}`))
	f.Add([]byte("PK\x05\x06"))
	f.Fuzz(func(t *testing.T, content []byte) {
		// For the blocks read ahead and the decompressor, the values, and the
		// entries of the directory.
		limit := uint64(8<<20) + 4*uint64(smallLimits.InflatedBytes) + 1000*uint64(len(content))
		before := allocated()
		defer func() {
			if used := allocated() - before; used > limit {
				t.Errorf("%d bytes made us allocate %d, more than %d", len(content), used, limit)
			}
		}()
		file, err := frame.Open(bytes.NewReader(content), int64(len(content)), smallLimits)
		if err == nil {
			err = file.Verify(t.Context())
		}
		if err != nil {
			if !errors.As(err, new(*frame.Error)) {
				t.Fatalf("the error has no type: %v", err)
			}
			return
		}
		first, ended := iterate(t, file)
		total := 0
		for _, value := range first {
			total += len(value)
		}
		if int64(total) > 3*smallLimits.InflatedBytes { // a separator of 2 bytes becomes an escape of 6
			t.Errorf("%d values have %d bytes", len(first), total)
		}
		again, endedAgain := iterate(t, file)
		if diff := cmp.Diff(first, again); diff != "" || ended != endedAgain {
			t.Errorf("the second iteration differs: %q and %q (-first +second):\n%s", ended, endedAgain, diff)
		}
	})
}

// An archive that was truncated or changed in one byte is refused before its
// first value, or yields the same values.
func FuzzDamage(f *testing.F) {
	f.Add([]byte(`{"responseId":"R_1","values":{"QID1":3}}`+"\n"+`{"a":2}`), uint8(0), uint16(40), byte(8))
	f.Add([]byte(`{"a":1}`), uint8(1), uint16(0xffff), byte(1))
	f.Add([]byte(`{"a":1}`), uint8(2), uint16(30), byte(0))
	f.Add([]byte("{\"a\":1}\x00{\"b\":2}"), uint8(3), uint16(120), byte(0x57))
	f.Fuzz(func(t *testing.T, text []byte, kind uint8, at uint16, mask byte) {
		var whole []byte
		switch kind % 4 {
		case 0:
			whole = archive(t, string(text))
		case 1:
			whole = plainArchive(t, "o", string(text))
		case 2:
			whole = storedArchive(t, string(text))
		default:
			first, second, _ := bytes.Cut(text, []byte{0})
			whole = archive(t, string(first), string(second))
		}
		want, _, err := read(t, whole, smallLimits)
		if err != nil {
			return // FuzzValues tests the text
		}
		n := int(at) % len(whole)
		damaged := bytes.Clone(whole)
		if mask == 0 {
			damaged = damaged[:n]
		} else {
			damaged[n] ^= mask
		}
		got, _, err := read(t, damaged, smallLimits)
		switch {
		case err != nil && (len(got) > 0 || !errors.As(err, new(*frame.Error))):
			t.Errorf("byte %d by %#x: read %q before %v", n, mask, got, err)
		case err == nil && mask == 0:
			t.Errorf("cut at %d of %d: read %q", n, len(whole), got)
		case err == nil && !cmp.Equal(want, got):
			t.Errorf("byte %d by %#x: got %q, want %q", n, mask, got, want)
		}
	})
}
