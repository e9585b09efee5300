package frame_test

import (
	"archive/zip"
	"bytes"
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"
	"go.uber.org/goleak"

	"github.com/birdie-ai/source-qualtrics/source/frame"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// archive makes a ZIP as Qualtrics does: deflated, with data descriptors.
func archive(t testing.TB, members ...string) []byte {
	t.Helper()
	var buffer bytes.Buffer
	writer := zip.NewWriter(&buffer)
	for i, text := range members {
		entry, err := writer.Create(fmt.Sprintf("../../etc/Survey %d 🎉.ndjson", i))
		if err != nil {
			t.Fatal(err)
		}
		if _, err := io.WriteString(entry, text); err != nil {
			t.Fatal(err)
		}
	}
	if err := writer.Close(); err != nil {
		t.Fatal(err)
	}
	return buffer.Bytes()
}

// read returns every value of a file, verified first.
func read(t testing.TB, file []byte, limits frame.Limits) (values []string, repaired bool, err error) {
	t.Helper()
	opened, err := frame.Open(bytes.NewReader(file), int64(len(file)), limits)
	if err != nil {
		return nil, false, err
	}
	if err := opened.Verify(t.Context()); err != nil {
		return nil, false, err
	}
	for value, err := range opened.Values(t.Context()) {
		if err != nil {
			return values, repaired, err
		}
		values = append(values, string(value.Raw))
		repaired = repaired || value.Repaired
	}
	return values, repaired, nil
}

func TestValues_ReadsEveryShapeOfExport(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name string
		text string
		want []string
	}{
		{"lines", `{"a":1}` + "\n" + `{"b":2}` + "\n", []string{`{"a":1}`, `{"b":2}`}},
		{"no line end at the end", `{"a":1}` + "\n" + `{"b":2}`, []string{`{"a":1}`, `{"b":2}`}},
		{"blank and empty lines", "\n\n" + `{"a":1}` + "\r\n{}\n \n{ }\n", []string{`{"a":1}`}},
		{"byte order mark", "\ufeff" + `{"a":1}`, []string{`{"a":1}`}},
		{"nothing", "", nil},
		{"document", `{"responses":[{"a":1},{"b":[1, 2]}]}`, []string{`{"a":1}`, `{"b":[1, 2]}`}},
		{"empty document", `{"responses": []}`, nil},
		{"pretty document", "{\n \"responses\" : [\n {\n\"a\": 1\n} ]\n , \"x\": 2}\n", []string{`{"a":1}`}},
		{"exact numbers", `{"a":12345678901234567890.10,"b":-0.0,"c":1e400}`, []string{`{"a":12345678901234567890.10,"b":-0.0,"c":1e400}`}},
		{"names that differ in case and twice", `{"a":1,"A":2,"a":3}`, []string{`{"a":1,"A":2,"a":3}`}},
		{"line separators", "{\"a\":\"x\u0085y\u2028z\u2029 \\u2028\"}", []string{`{"a":"x\u0085y\u2028z\u2029 \u2028"}`}},
		{"surrogate pair", `{"a":"\ud83c\udf89"}`, []string{`{"a":"\ud83c\udf89"}`}},
		{"nothing escaped", `{"a":"\u0000\"\\ud800"}`, []string{`{"a":"\u0000\"\\ud800"}`}},
	}
	for _, test := range tests {
		for kind, file := range map[string][]byte{"zip": archive(t, test.text), "bare": []byte(test.text)} {
			if len(file) == 0 {
				continue // truncated, see below
			}
			t.Run(test.name+"/"+kind, func(t *testing.T) {
				t.Parallel()
				got, repaired, err := read(t, file, frame.Limits{})
				if err != nil || repaired {
					t.Fatalf("repaired %v, error %v", repaired, err)
				}
				if diff := cmp.Diff(test.want, got); diff != "" {
					t.Errorf("values (-want +got):\n%s", diff)
				}
			})
		}
	}
}

func TestValues_ReplacesWhatIsNoText(t *testing.T) {
	t.Parallel()
	tests := map[string]string{
		"{\"a\":\"x\xffy\"}":         "{\"a\":\"x\ufffdy\"}",
		`{"a":"\ud800"}`:             "{\"a\":\"\ufffd\"}",
		`{"a":"\uDC00x"}`:            "{\"a\":\"\ufffdx\"}",
		`{"a":"\ud800\ud83c\udf89"}`: "{\"a\":\"\ufffd\\ud83c\\udf89\"}",
	}
	for text, want := range tests {
		got, repaired, err := read(t, archive(t, text), frame.Limits{})
		if err != nil || !repaired || len(got) != 1 || got[0] != want {
			t.Errorf("%q: got %q, repaired %v, %v; want %q", text, got, repaired, err, want)
		}
	}
}

func TestValues_ReadsSeveralMembersInOrder(t *testing.T) {
	t.Parallel()
	got, _, err := read(t, archive(t, "{\"a\":1}\n", "{\"b\":2}\n"), frame.Limits{})
	if diff := cmp.Diff([]string{`{"a":1}`, `{"b":2}`}, got); diff != "" || err != nil {
		t.Errorf("error %v (-want +got):\n%s", err, diff)
	}
}

func TestRead_RefusesWhatIsDamaged(t *testing.T) {
	t.Parallel()
	encrypted := archive(t, `{"a":1}`)
	encrypted[6] |= 1
	directory := bytes.Index(encrypted, []byte("PK\x01\x02"))
	encrypted[directory+8] |= 1
	method := archive(t, `{"a":1}`)
	method[8], method[bytes.Index(method, []byte("PK\x01\x02"))+10] = 12, 12
	tests := []struct {
		name string
		file []byte
		kind string
	}{
		{"nothing at all", nil, frame.Truncated},
		{"html", []byte("<!DOCTYPE html><html>"), frame.NotData},
		{"encrypted", encrypted, frame.Unsupported},
		{"unknown method", method, frame.Unsupported},
		{"no member", archive(t), frame.Corrupt},
		{"half a line", archive(t, `{"a":1}`+"\n"+`{"b":`), frame.Truncated},
		{"half a document", archive(t, `{"responses":[{"a":1}`), frame.Truncated},
		{"garbage line", archive(t, `{"a":1}`+"\n"+`{"b":2]`), frame.NotJSON},
		{"a number", archive(t, `{"a":1}`+"\n7\n"), frame.NotJSON},
		{"something after the document", archive(t, `{"responses":[]}]`), frame.NotJSON},
		{"a long record", archive(t, `{"a":"`+strings.Repeat("x", 300_000)+`"}`), frame.TooLarge},
		{"a bomb", archive(t, strings.Repeat(" ", 3<<20)), frame.TooLarge},
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

// What was cut or changed at any place is either noticed before a value is
// delivered, or makes no difference to the values.
func TestVerify_NoticesEveryCutAndEveryFlippedBit(t *testing.T) {
	t.Parallel()
	want := []string{`{"responseId":"R_1","values":{"QID1":3}}`, `{"responseId":"R_2","values":{}}`}
	whole := archive(t, strings.Join(want, "\n")+"\n")
	check := func(what string, file []byte) {
		opened, err := frame.Open(bytes.NewReader(file), int64(len(file)), frame.Limits{})
		if err != nil || opened.Verify(t.Context()) != nil {
			return
		}
		got, _, err := read(t, file, frame.Limits{})
		if err == nil && !cmp.Equal(want, got) {
			t.Errorf("%s: read %q", what, got)
		}
	}
	for n := range whole {
		check(fmt.Sprintf("cut at %d", n), whole[:n])
		for bit := range 8 {
			flipped := bytes.Clone(whole)
			flipped[n] ^= 1 << bit
			check(fmt.Sprintf("bit %d of byte %d", bit, n), flipped)
		}
	}
}

func TestOpen_RefusesALyingDirectory(t *testing.T) {
	t.Parallel()
	file := archive(t, `{"a":1}`)
	directory := bytes.Index(file, []byte("PK\x01\x02"))
	file[directory+16] ^= 0xff // the CRC-32 there
	opened, err := frame.Open(bytes.NewReader(file), int64(len(file)), frame.Limits{})
	if err != nil {
		t.Fatal(err)
	}
	var typed *frame.Error
	if err := opened.Verify(t.Context()); !errors.As(err, &typed) || typed.Kind != frame.Corrupt {
		t.Errorf("got %v, want a corrupt file", err)
	}
}

func TestValues_EndsItsGoroutineWhenTheReaderStops(t *testing.T) {
	t.Parallel()
	file := archive(t, strings.Repeat(`{"a":"`+strings.Repeat("x", 1000)+`"}`+"\n", 5000))
	opened, err := frame.Open(bytes.NewReader(file), int64(len(file)), frame.Limits{})
	if err != nil {
		t.Fatal(err)
	}
	for range opened.Values(t.Context()) {
		break
	}
	defer func() { _ = recover() }()
	for range opened.Values(t.Context()) {
		panic("in the loop's body")
	}
}

func TestMembersAndElements(t *testing.T) {
	t.Parallel()
	var got []string
	collect := func(name string, value []byte) error {
		got = append(got, name+"="+string(value))
		return nil
	}
	object := ` {"a" : 1 , "A":"x", "a":{"b": [1,2]}, "\u00e9/\"":null}`
	if err := frame.Members([]byte(object), collect); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]string{"a=1", `A="x"`, `a={"b": [1,2]}`, `é/"=null`}, got); diff != "" {
		t.Errorf("members (-want +got):\n%s", diff)
	}
	if err := frame.Members([]byte("[]"), collect); err != nil || len(got) != 4 {
		t.Errorf("an empty array: %v", err)
	}
	for _, wrong := range []string{"", "1", "[1]", `{"a":1`, `{"a"}`} {
		if frame.Members([]byte(wrong), collect) == nil {
			t.Errorf("%q: no error", wrong)
		}
	}
	var elements []string
	err := frame.Elements([]byte(`[1, {"a":2} ,"x"]`), func(value []byte) error {
		elements = append(elements, string(value))
		return nil
	})
	if diff := cmp.Diff([]string{"1", `{"a":2}`, `"x"`}, elements); diff != "" || err != nil {
		t.Errorf("elements: %v (-want +got):\n%s", err, diff)
	}
}

func TestString(t *testing.T) {
	t.Parallel()
	for value, want := range map[string]string{`"a"`: "a", `""`: "", `"\u00e9\n"`: "é\n", `"\ud800"`: "\ufffd", ` "x" `: "x"} {
		if got, ok := frame.String([]byte(value)); !ok || got != want {
			t.Errorf("%s: got %q, %v", value, got, ok)
		}
	}
	for _, value := range []string{"", "1", `"`, `"a`, `"a"b"`, `"\x"`, "null"} {
		if got, ok := frame.String([]byte(value)); ok {
			t.Errorf("%s: got %q", value, got)
		}
	}
}

func TestCanonical_IsEqualForEqualContent(t *testing.T) {
	t.Parallel()
	want := `{"a":[1.0,{"x":"\u0085","y":2}],"b":1e2,"é":null}`
	for _, value := range []string{
		"{\"b\": 1e2, \"a\":[1.0,{\"y\":2,\"x\":\"\u0085\"}],\"é\":null}",
		"{\"é\":null,\n\"a\":[1.0, {\"x\":\"\u0085\",\"y\":2}],\"b\":1e2}",
	} {
		got, err := frame.Canonical(nil, []byte(value))
		if err != nil || string(got) != want {
			t.Errorf("got %s, %v; want %s", got, err, want)
		}
	}
	if _, err := frame.Canonical(nil, []byte(`{"a":`)); err == nil {
		t.Error("no error for half an object")
	}
}

func FuzzValues(f *testing.F) {
	f.Add([]byte(`{"a":1}`+"\n{}\n"), true)
	f.Add([]byte(`{"responses":[{"a":"\ud800"}]}`), false)
	f.Fuzz(func(t *testing.T, text []byte, zipped bool) {
		file := text
		if zipped {
			file = archive(t, string(text))
		}
		values, _, _ := read(t, file, frame.Limits{InflatedBytes: 1 << 20, RecordBytes: 1 << 16})
		for _, value := range values {
			if !utf8.ValidString(value) || strings.ContainsAny(value, "\n\r\u0085\u2028\u2029") {
				t.Fatalf("not one safe line: %q", value)
			}
			if frame.Kind([]byte(value)) != '{' {
				t.Fatalf("no object: %q", value)
			}
			first, err := frame.Canonical(nil, []byte(value))
			if err != nil {
				t.Fatalf("%q: %v", value, err)
			}
			if second, err := frame.Canonical(nil, first); err != nil || !bytes.Equal(first, second) {
				t.Fatalf("%q is not stable: %q, %v", first, second, err)
			}
		}
	})
}

// generated is an archive made while it is read, so that its size costs no
// memory here.
func generated(b *testing.B, size int) []byte {
	b.Helper()
	var file bytes.Buffer
	line := []byte(`{"responseId":"R_000000000000001","values":{"startDate":"2026-01-01T00:00:00Z","QID1":4,"QID2_TEXT":"` + strings.Repeat("some words of feedback ", 20) + `"},"labels":{},"displayedFields":["QID1"]}` + "\n")
	writer := zip.NewWriter(&file)
	entry, err := writer.CreateHeader(&zip.FileHeader{Name: "x", Method: zip.Deflate})
	if err != nil {
		b.Fatal(err)
	}
	for written := 0; written < size; written += len(line) {
		line[20] = byte('0' + written%10)
		if _, err := entry.Write(line); err != nil {
			b.Fatal(err)
		}
	}
	if err := writer.Close(); err != nil {
		b.Fatal(err)
	}
	return file.Bytes()
}

func BenchmarkValues(b *testing.B) {
	const size = 64 << 20
	file := generated(b, size)
	b.SetBytes(size)
	b.ReportAllocs()
	for b.Loop() {
		opened, err := frame.Open(bytes.NewReader(file), int64(len(file)), frame.Limits{})
		if err != nil {
			b.Fatal(err)
		}
		for _, err := range opened.Values(b.Context()) {
			if err != nil {
				b.Fatal(err)
			}
		}
	}
}
