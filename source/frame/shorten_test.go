package frame_test

import (
	"archive/zip"
	"bytes"
	"errors"
	"io"
	"strings"
	"testing"

	"github.com/birdie-ai/source-qualtrics/integration_tests/thorough"
	"github.com/birdie-ai/source-qualtrics/source/frame"
)

// A record of a gigabyte is returned with null for its longest text; its other
// values are unchanged. It takes no more memory than a record at the limit.
func TestValues_ShortenATooLongLine(t *testing.T) {
	if !thorough.Asked() {
		t.Skip("a gigabyte is slow under the race detector, and shorter lines cover the same code")
	}
	const size = 1 << 30
	var file bytes.Buffer
	archive := zip.NewWriter(&file)
	member, err := archive.Create("survey.ndjson")
	if err != nil {
		t.Fatal(err)
	}
	block := strings.Repeat(`much, \"much\" `, 1<<16)
	_, err = io.WriteString(member, `{"id":"R_1"}`+"\n"+`{"id":"R_2","short":"as it is","long":"`)
	for n := 0; n < size && err == nil; n += len(block) {
		_, err = io.WriteString(member, block)
	}
	if err == nil {
		_, err = io.WriteString(member, `","after":[1]}`+"\n"+`{"id":"R_3"}`)
	}
	if err := errors.Join(err, archive.Close()); err != nil {
		t.Fatal(err)
	}
	opened, err := frame.Open(bytes.NewReader(file.Bytes()), int64(file.Len()), frame.Limits{})
	if err != nil {
		t.Fatal(err)
	}
	before := allocated()
	want := []string{`{"id":"R_1"}`, `{"id":"R_2","short":"as it is","long":null,"after":[1]}`, `{"id":"R_3"}`}
	for value, err := range opened.Values(t.Context()) {
		switch {
		case err != nil:
			t.Fatal(err)
		case len(want) == 0 || string(value.Raw) != want[0] || value.Shortened != (value.Number == 2):
			t.Fatalf("value %d is %.80q, shortened: %t", value.Number, value.Raw, value.Shortened)
		}
		want = want[1:]
	}
	if used := allocated() - before; len(want) > 0 || used > 8*32<<20 {
		t.Errorf("%d values are missing, %d bytes were allocated", len(want), used)
	}
}

// A skipped text is still validated: without its end the line is not a record.
func TestValues_RefuseInvalidLinesThatAreTooLong(t *testing.T) {
	t.Parallel()
	long := strings.Repeat("x", 400_000)
	for name, test := range map[string]struct{ text, kind string }{
		"a text without an end":                     {`{"a":"` + long, frame.Truncated},
		"a text without an end before another line": {`{"a":"` + long + "\n" + `{"a":1}`, frame.NotJSON},
		"a text at the end of an escape":            {`{"a":"` + long + `\"}`, frame.Truncated},
		"a bracket after a long text":               {`{"a":"` + long + `"]`, frame.NotJSON},
		"a long text by itself":                     {`"` + long + `"`, frame.TooLarge},
		"an element of a list":                      {`{"a":["` + long + `"]}`, frame.TooLarge},
		"many short texts":                          {`{"a":0` + strings.Repeat(`,"a":"xxxxx"`, 40_000) + `}`, frame.TooLarge},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			values, _, err := read(t, archive(t, test.text), frame.Limits{RecordBytes: 100_000})
			var typed *frame.Error
			if !errors.As(err, &typed) || typed.Kind != test.kind || len(values) > 0 {
				t.Errorf("got %d values and %v, want none and kind %q", len(values), err, test.kind)
			}
		})
	}
}
