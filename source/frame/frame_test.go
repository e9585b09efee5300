package frame_test

import (
	"archive/zip"
	"bytes"
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"go.uber.org/goleak"

	"github.com/birdie-ai/source-qualtrics/source/frame"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// archive makes a ZIP in the form of Qualtrics: deflated, with data descriptors.
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

// read verifies a file and returns its values.
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

func deep(depth int) string { return strings.Repeat("[", depth) + strings.Repeat("]", depth) }

func TestValues_ReadsEveryFormOfLine(t *testing.T) {
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
		{"exact numbers", `{"a":12345678901234567890.10,"b":-0.0,"c":1e400}`, []string{`{"a":12345678901234567890.10,"b":-0.0,"c":1e400}`}},
		{"names that differ in case and twice", `{"a":1,"A":2,"a":3}`, []string{`{"a":1,"A":2,"a":3}`}},
		{"line separators", "{\"a\":\"x\u0085y\u2028z\u2029 \\u2028\"}", []string{`{"a":"x\u0085y\u2028z\u2029 \u2028"}`}},
		{"deep nesting", `{"a":` + deep(9_000) + `}`, []string{`{"a":` + deep(9_000) + `}`}},
		{"surrogate pair", `{"a":"\ud83c\udf89"}`, []string{`{"a":"\ud83c\udf89"}`}},
		{"nothing escaped", `{"a":"\u0000\"\\ud800"}`, []string{`{"a":"\u0000\"\\ud800"}`}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			got, repaired, err := read(t, archive(t, test.text), frame.Limits{})
			if err != nil || repaired {
				t.Fatalf("repaired %v, error %v", repaired, err)
			}
			if diff := cmp.Diff(test.want, got); diff != "" {
				t.Errorf("values (-want +got):\n%s", diff)
			}
		})
	}
}

func TestValues_ReadsSeveralMembersInOrder(t *testing.T) {
	t.Parallel()
	got, _, err := read(t, archive(t, "{\"a\":1}\n", "{\"b\":2}\n"), frame.Limits{})
	if diff := cmp.Diff([]string{`{"a":1}`, `{"b":2}`}, got); diff != "" || err != nil {
		t.Errorf("error %v (-want +got):\n%s", err, diff)
	}
}

func TestValues_AcceptRecordsUpToTheLimit(t *testing.T) {
	t.Parallel()
	record := func(size int) string { return `{"` + strings.Repeat("x", size-6) + `":1}` }
	for _, test := range []struct {
		limits frame.Limits
		size   int
	}{
		{frame.Limits{}, 32 << 20},
		{frame.Limits{RecordBytes: 1 << 20}, 1 << 20},
	} {
		within, beyond := record(test.size), record(test.size+1)
		got, _, err := read(t, archive(t, "\n"+within+"\r\n"), test.limits)
		if err != nil || len(got) != 1 || got[0] != within {
			t.Errorf("%d bytes: %d values, %v", test.size, len(got), err)
		}
		_, _, err = read(t, archive(t, "\n"+beyond+"\r\n"), test.limits)
		if typed := new(frame.Error); !errors.As(err, &typed) || typed.Kind != frame.TooLarge {
			t.Errorf("%d bytes and one more: got %v, want too large", test.size, err)
		}
	}
}

func TestValues_AreCompact(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		`{ "a" : [ 1 , 2 ] , "b c" : " x , y : z " }`: `{"a":[1,2],"b c":" x , y : z "}`,
		"{\t\"a\\\"\":\t1\r}\r":                       `{"a\"":1}`,
		`{"a\\":"\\\" "}`:                             `{"a\\":"\\\" "}`,
	} {
		got, _, err := read(t, archive(t, text), frame.Limits{})
		if diff := cmp.Diff([]string{want}, got); diff != "" || err != nil {
			t.Errorf("%s: %v (-want +got):\n%s", text, err, diff)
		}
	}
}

func TestValues_HaveTheirLineNumberAndOffset(t *testing.T) {
	t.Parallel()
	const text = "\ufeff\n{\"a\":1}\r\n{}\n  {\"b\":2}"
	type place struct{ Number, Offset int64 }
	file := archive(t, text)
	opened, err := frame.Open(bytes.NewReader(file), int64(len(file)), frame.Limits{})
	if err != nil {
		t.Fatal(err)
	}
	var got []place
	for value, err := range opened.Values(t.Context()) {
		if err != nil {
			t.Fatal(err)
		}
		if !strings.HasPrefix(text[value.Offset:], string(value.Raw)) {
			t.Errorf("%s is not at %d", value.Raw, value.Offset)
		}
		got = append(got, place{value.Number, value.Offset})
	}
	// The byte order mark has 3 bytes.
	if diff := cmp.Diff([]place{{2, 4}, {4, 18}}, got); diff != "" {
		t.Errorf("places (-want +got):\n%s", diff)
	}
}
