package frame_test

import (
	"bytes"
	"encoding/json"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"

	"github.com/birdie-ai/source-qualtrics/source/frame"
)

func FuzzValues(f *testing.F) {
	f.Add([]byte(`{"a":1}` + "\n{}\n"))
	f.Add([]byte(`{"a":"\ud800"}`))
	f.Fuzz(func(t *testing.T, text []byte) {
		values, _, _ := read(t, archive(t, string(text)), frame.Limits{InflatedBytes: 1 << 20, RecordBytes: 1 << 16})
		for _, value := range values {
			if !utf8.ValidString(value) || strings.ContainsAny(value, "\n\r\u0085\u2028\u2029") {
				t.Fatalf("not one safe line: %q", value)
			}
			if !json.Valid([]byte(value)) {
				t.Fatalf("no JSON: %q", value)
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

// The results are compared with encoding/json: which JSON is valid, the elements of an
// array, and the content of a value.
func FuzzElementsAndCanonical(f *testing.F) {
	for _, seed := range []string{
		` {"a" : 1 , "A":"x", "a":{"b": [1,2]}, "\u00e9/\"":null}`, `[]`, `[1, {"a":2} ,"x"]`,
		`{"b":{"z":1,"y":[{"d":1e400,"c":-0}]},"":"\ud800"}`, "{\"\xff\":\"\u2028\"}", `{"a":1}}`, `"\\\""`,
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, value []byte) {
		given := bytes.Clone(value)
		valid := json.Valid(value)
		elements := 0
		if valid && frame.Kind(value) == '[' {
			frame.ValidElements(value, func(element []byte) {
				elements++
				if !json.Valid(element) {
					t.Fatalf("element: %q", element)
				}
			})
		}
		canonical, canonicalErr := frame.Canonical(nil, value)
		if !bytes.Equal(given, value) {
			t.Fatalf("%q became %q", given, value)
		}
		if valid != (canonicalErr == nil) {
			t.Fatalf("valid %v, but: %v", valid, canonicalErr)
		}
		if canonicalErr != nil {
			return
		}
		want, got := decoded(t, value), decoded(t, canonical)
		if diff := cmp.Diff(want, got); diff != "" {
			t.Fatalf("%q became %q:\n%s", value, canonical, diff)
		}
		if want, ok := want.([]any); ok && elements != len(want) {
			t.Fatalf("%q: %d elements", value, elements)
		}
	})
}

// decoded decodes valid JSON and keeps the digits of numbers.
func decoded(t *testing.T, value []byte) (decoded any) {
	t.Helper()
	decoder := json.NewDecoder(bytes.NewReader(value))
	decoder.UseNumber()
	if err := decoder.Decode(&decoded); err != nil {
		t.Fatal(err)
	}
	return decoded
}
