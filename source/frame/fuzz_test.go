package frame_test

import (
	"bytes"
	"encoding/json"
	"errors"
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

var errInvalid = errors.New("the value is not valid JSON")

// The results are compared with encoding/json: which JSON is valid, its members,
// and the content of a value.
func FuzzMembersAndCanonical(f *testing.F) {
	for _, seed := range []string{
		` {"a" : 1 , "A":"x", "a":{"b": [1,2]}, "\u00e9/\"":null}`, `[]`, `[1, {"a":2} ,"x"]`,
		`{"b":{"z":1,"y":[{"d":1e400,"c":-0}]},"":"\ud800"}`, "{\"\xff\":\"\u2028\"}", `{"a":1}}`, `"\\\""`,
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, value []byte) {
		given := bytes.Clone(value)
		var names []string
		valid := json.Valid(value)
		membersErr := errInvalid
		if valid {
			membersErr = frame.ValidMembers(value, func(name string, member []byte) error {
				names = append(names, name)
				if !json.Valid(member) {
					t.Fatalf("member %q: %q", name, member)
				}
				return nil
			})
		}
		elements := 0
		elementsErr := frame.Elements(value, func(element []byte) error {
			elements++
			if !json.Valid(element) {
				t.Fatalf("element: %q", element)
			}
			return nil
		})
		canonical, canonicalErr := frame.Canonical(nil, value)
		if !bytes.Equal(given, value) {
			t.Fatalf("%q became %q", given, value)
		}
		if valid != (canonicalErr == nil) || !valid && elementsErr == nil {
			t.Fatalf("valid %v, but: %v, %v", valid, canonicalErr, elementsErr)
		}
		if canonicalErr != nil {
			return
		}
		want, got := decoded(t, value), decoded(t, canonical)
		if diff := cmp.Diff(want, got); diff != "" {
			t.Fatalf("%q became %q:\n%s", value, canonical, diff)
		}
		switch want := want.(type) {
		case map[string]any:
			seen := map[string]bool{}
			for _, name := range names {
				seen[name] = true
			}
			if membersErr != nil || len(seen) != len(want) {
				t.Fatalf("%q: members %q, %v", value, names, membersErr)
			}
			for name := range want {
				if !seen[name] {
					t.Fatalf("%q: member %q is not in %q", value, name, names)
				}
			}
		case []any:
			if elementsErr != nil || elements != len(want) || (membersErr == nil) != (len(want) == 0) {
				t.Fatalf("%q: %d elements, %v, %v", value, elements, elementsErr, membersErr)
			}
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
