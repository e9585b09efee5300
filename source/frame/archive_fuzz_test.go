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

// allocated is how many bytes this process has ever allocated.
func allocated() uint64 {
	sample := []metrics.Sample{{Name: "/gc/heap/allocs:bytes"}}
	metrics.Read(sample)
	return sample[0].Value.Uint64()
}

// iterate returns the values of a file and what ended them.
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

// Whatever a file holds costs no more memory than the limits allow, its errors
// are the file's fault, and once it is verified it reads the same every time.
func FuzzArchive(f *testing.F) {
	f.Add(archive(f, `{"a":1}`+"\n", `{"b":2}`))
	f.Add(plainArchive(f, "o", `{"responses":[{"a":1},{}]}`))
	f.Add(storedArchive(f, `{"a":1}`))
	f.Add(archive(f, ""))
	f.Add(archive(f, `{"a":"`+string(make([]byte, 1<<17))+`"}`))
	f.Add([]byte("PK\x05\x06"))
	f.Fuzz(func(t *testing.T, content []byte) {
		// A hundred blocks for reading ahead and the decompressor, what the
		// values themselves take, and the directory's entries.
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
		stats := file.Stats()
		if stats.Records != int64(len(first)) || stats.Bytes > smallLimits.InflatedBytes {
			t.Errorf("got %d records, counted %+v", len(first), stats)
		}
		again, endedAgain := iterate(t, file)
		if diff := cmp.Diff(first, again); diff != "" || ended != endedAgain || stats != file.Stats() {
			t.Errorf("the second time it read otherwise: %q and %q (-first +second):\n%s", ended, endedAgain, diff)
		}
	})
}

// What was cut off an archive or changed in one place of it is either noticed
// before a value is delivered, or makes no difference to the values.
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
			return // what the text is like is the matter of FuzzValues
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
