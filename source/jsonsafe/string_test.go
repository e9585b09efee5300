package jsonsafe_test

import (
	"bytes"
	"encoding/json"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"

	"github.com/birdie-ai/source-qualtrics/source/jsonsafe"
)

func FuzzAppendString(f *testing.F) {
	for _, seed := range []string{"", "a\u2028b\u2029\u0085", "\xff\xc2", "\x00\x7f\\\"", "😀"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		quoted := jsonsafe.AppendString(nil, text)
		if !utf8.Valid(quoted) || strings.ContainsAny(string(quoted), "\u0085\u2028\u2029\n\r") {
			t.Fatalf("%q is not safe on a line", quoted)
		}
		var back string
		if err := json.Unmarshal(quoted, &back); err != nil {
			t.Fatalf("%q: %v", quoted, err)
		}
		if want := strings.ToValidUTF8(text, "\ufffd"); utf8.ValidString(text) && back != want {
			t.Fatalf("got %q back, want %q", back, want)
		}
	})
}

func TestRepair_KeepsEscapesAndAppendObjectDecodesThem(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]struct{ repaired, object string }{
		"{ \"a\" : [1.0, 2] }":         {`{"a":[1.0,2]}`, `{"a":[1.0,2]}`},
		`{"\u0061":"\u00e9\/"}`:        {`{"\u0061":"\u00e9\/"}`, `{"a":"é/"}`},
		`{"a":"\ud83c\udf89"}`:         {`{"a":"\ud83c\udf89"}`, `{"a":"🎉"}`},
		`{"a":"\ud83c"}`:               {"{\"a\":\"\ufffd\"}", "{\"a\":\"\ufffd\"}"},
		"{\"a\":\"\xff\u2028\u0085\"}": {"{\"a\":\"\ufffd\\u2028\\u0085\"}", "{\"a\":\"\ufffd\\u2028\\u0085\"}"},
	} {
		repaired, _ := jsonsafe.Repair(nil, []byte(text))
		object, err := jsonsafe.AppendObject(nil, []byte(text))
		if string(repaired) != want.repaired || string(object) != want.object || err != nil {
			t.Errorf("%s: got %s and %s, %v; want %s and %s", text, repaired, object, err, want.repaired, want.object)
		}
	}
	for _, text := range []string{"", "7", "[]", `{"a":}`, `{} {}`} {
		if _, err := jsonsafe.AppendObject(nil, []byte(text)); err == nil {
			t.Errorf("%q was accepted as an object", text)
		}
	}
}

// Safe text has the same content as before, as encoding/json decodes it.
func FuzzRepairAndAppendObject(f *testing.F) {
	for _, seed := range []string{`{"a": "\ud800\udc00\udc00"}`, "{\"\u2028\":[\"\xff\", 1e400]}", `{"\\":"\\\""}`} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		object, err := jsonsafe.AppendObject(nil, text)
		if valid := json.Valid(text) && bytes.HasPrefix(bytes.TrimLeft(text, " \t\r\n"), []byte("{")); valid != (err == nil) {
			t.Fatalf("%q: valid %t, but %v", text, valid, err)
		}
		if err != nil {
			return
		}
		repaired, replaced := jsonsafe.Repair(nil, text)
		if jsonsafe.IsCompact(text) && jsonsafe.IsSafe(text) && (replaced || !bytes.Equal(repaired, text)) {
			t.Fatalf("%q is safe, but became %q", text, repaired)
		}
		want, _ := tokens(text)
		for _, safe := range [][]byte{object, repaired} {
			if !utf8.Valid(safe) || bytes.ContainsAny(safe, "\n\r\u0085\u2028\u2029") || !jsonsafe.IsCompact(safe) {
				t.Fatalf("%q is not safe on a line", safe)
			}
			if got, valid := tokens(safe); !valid || !cmp.Equal(want, got) {
				t.Fatalf("%q became %q:\n%s", text, safe, cmp.Diff(want, got))
			}
		}
	})
}

func BenchmarkRepair(b *testing.B) {
	text := []byte(`{"a":"` + strings.Repeat("words \\u00e9 and \\ud83c\\udf89, ", 100) + `"}`)
	var line []byte
	b.SetBytes(int64(len(text)))
	b.ReportAllocs()
	for b.Loop() {
		line, _ = jsonsafe.Repair(line[:0], text)
	}
}

func BenchmarkClean(b *testing.B) {
	text := []byte(`{"a":"` + strings.Repeat("words \\u00e9 and \\ud83c\\udf89, ", 100) + `"}`)
	b.SetBytes(int64(len(text)))
	b.ReportAllocs()
	for b.Loop() {
		jsonsafe.Clean(text, false)
	}
}
