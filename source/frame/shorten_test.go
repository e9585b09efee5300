package frame_test

import (
	"archive/zip"
	"bytes"
	"errors"
	"io"
	"strings"
	"testing"

	"github.com/birdie-ai/source-qualtrics/source/frame"
)

// A record of a gigabyte comes without its longest text, and those around it as
// they are; it takes the memory of one that is as long as may be.
func TestValues_ShortenALineThatIsTooLong(t *testing.T) {
	if testing.Short() {
		t.Skip("a shorter line races as much")
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

// What is cut is still checked: a text that never ends is no record.
func TestValues_ShortenNoRecordThatIsNone(t *testing.T) {
	t.Parallel()
	long := strings.Repeat("x", 400_000)
	for name, test := range map[string]struct{ text, kind string }{
		"a text without an end":             {`{"a":"` + long, frame.Truncated},
		"a text without an end, and a line": {`{"a":"` + long + "\n" + `{"a":1}`, frame.NotJSON},
		"a text at the end of an escape":    {`{"a":"` + long + `\"}`, frame.Truncated},
		"something after it":                {`{"a":"` + long + `"]`, frame.NotJSON},
		"a long text by itself":             {`"` + long + `"`, frame.TooLarge},
		"an element of a list":              {`{"a":["` + long + `"]}`, frame.TooLarge},
		"many short ones":                   {`{"a":0` + strings.Repeat(`,"a":"xxxxx"`, 40_000) + `}`, frame.TooLarge},
		"one of a document":                 {`{"responses":[{"a":"` + long + `"}]}`, frame.TooLarge},
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
