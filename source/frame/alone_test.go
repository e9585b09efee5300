package frame_test

import (
	"bytes"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/birdie-ai/source-qualtrics/source/frame"
)

// readPastErrors reads a file to its end. A line that cannot be read appears as
// "number: kind".
func readPastErrors(t *testing.T, file []byte, limits frame.Limits) (read []string, last error) {
	t.Helper()
	opened, err := frame.Open(bytes.NewReader(file), int64(len(file)), limits)
	if err != nil {
		t.Fatal(err)
	}
	for value, err := range opened.Values(t.Context()) {
		var failure *frame.Error
		switch last = err; {
		case err == nil:
			read = append(read, string(value.Raw))
		case errors.As(err, &failure) && frame.IsAlone(err):
			read = append(read, fmt.Sprintf("%d: %s", failure.Record, failure.Kind))
			if value.Number != failure.Record || len(value.Raw) == 0 {
				t.Errorf("record %d comes as number %d with %d bytes", failure.Record, value.Number, len(value.Raw))
			}
			last = nil
		}
	}
	return read, last
}

func TestValues_ContinuesAfterALineThatCannotBeRead(t *testing.T) {
	t.Parallel()
	long := `{"a":[` + strings.Repeat("1,", 200_000) + `1]}`
	for name, test := range map[string]struct {
		text string
		want []string
	}{
		"not JSON":                      {"{\"a\":1}\n{\"a\":NaN}\n{\"a\":2}\n", []string{`{"a":1}`, "2: not JSON", `{"a":2}`}},
		"cut in the middle":             {"{\"a\":\n{\"a\":2}\n", []string{"1: not JSON", `{"a":2}`}},
		"not an object":                 {"7\n{\"a\":2}\n[]\n", []string{"1: not JSON", `{"a":2}`, "3: not JSON"}},
		"two objects on one line":       {"{\"a\":1}{\"a\":2}\n{\"a\":3}", []string{"1: not JSON", `{"a":3}`}},
		"the last line":                 {"{\"a\":1}\n{\"a\":2]\n", []string{`{"a":1}`, "2: not JSON"}},
		"too long":                      {"{\"a\":1}\n" + long + "\n{\"a\":2}\n", []string{`{"a":1}`, "2: too large", `{"a":2}`}},
		"too long, over several blocks": {long + long + "\n\n{\"a\":2}", []string{"1: too large", `{"a":2}`}},
		"too long, the last line":       {"{\"a\":1}\n" + long, []string{`{"a":1}`, "2: too large"}},
		"too long by bytes in a block":  {"{\"" + strings.Repeat("x", 50_000) + "\":1}\n{\"a\":2}\n", []string{"1: too large", `{"a":2}`}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got, last := readPastErrors(t, archive(t, test.text), frame.Limits{RecordBytes: 40_000})
			if last != nil {
				t.Errorf("the file ends with %v", last)
			}
			if diff := cmp.Diff(test.want, got); diff != "" {
				t.Errorf("records (-want +got):\n%s", diff)
			}
		})
	}
}

// A last line without its end is an error of the whole file, because more lines
// may be missing after it.
func TestValues_EndsWhereTheFileIsCutInALine(t *testing.T) {
	t.Parallel()
	for name, text := range map[string]string{
		"a line that ends with the file":                       "{\"a\":1}\n{\"a\":",
		"a line with a raw tabulator that ends with the file":  "{\"a\":1}\n{\"a\":\"\t",
		"a line that ends with the file after an invalid line": "{\"a\":1}\n{\"a\"}\n{\"a\":",
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got, last := readPastErrors(t, archive(t, text), frame.Limits{})
			if last == nil || frame.IsAlone(last) || got[0] != `{"a":1}` {
				t.Errorf("read %q and then %v, want an error of the whole file", got, last)
			}
		})
	}
}

func TestValues_EscapesRawControlCharactersInStrings(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"{\"a\":\"x\x1ay\"}":                    `{"a":"x\u001ay"}`,
		"{\"a\":\"x\ty\",\t\"b\":\"\x00\b\f\"}": `{"a":"x\ty","b":"\u0000\b\f"}`,
		"{\"a\x01b\":[\"\\\"\x02\"]}":           `{"a\u0001b":["\"\u0002"]}`,
		"{\"a\":\"\x1a\xff\u2028\"}":            `{"a":"\u001a` + "\ufffd" + `\u2028"}`,
		"{\"a\":\"x\ry\"}":                      `{"a":"x\ry"}`,
	} {
		values, repaired, err := read(t, archive(t, text+"\n{\"b\":1}\n"), frame.Limits{})
		if diff := cmp.Diff([]string{want, `{"b":1}`}, values); diff != "" || err != nil || !repaired {
			t.Errorf("%q: repaired %t, %v (-want +got):\n%s", text, repaired, err, diff)
		}
	}
	for _, text := range []string{"{\"a\":1\x1a}", "{\"a\":\"\\\t\"}", "{\"a\":\"\x1a\",}"} {
		if values, _, err := read(t, archive(t, text+"\n"), frame.Limits{}); !frame.IsAlone(err) {
			t.Errorf("%q: read %q and %v, want an error of that line", text, values, err)
		}
	}
}
