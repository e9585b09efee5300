package landing_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/birdie-ai/source-qualtrics/source/landing"
	"github.com/birdie-ai/source-qualtrics/source/record"
	"github.com/birdie-ai/source-qualtrics/source/redact"
)

// titled has a key and a cursor with text from outside.
type titled struct {
	ID     string          `json:"id"`
	At     string          `json:"at"`
	Title  *string         `json:"title"`
	Values json.RawMessage `json:"values"`
	Plain  string          `json:"plain"`
}

// landNamed writes a row with the text in every column, and returns the content of
// the folder, with data files as rows.
func landNamed(t *testing.T, format landing.Format, mask landing.Masker, text string) string {
	t.Helper()
	folder := newMemory()
	o := options(folder, format, "run")
	o.Mask = mask
	w, err := landing.Open(o)
	if err != nil {
		t.Fatal(err)
	}
	quoted, err := json.Marshal(text)
	if err != nil {
		t.Fatal(err)
	}
	of := info(t, "named", titled{}, "id", "at")
	title := "my " + text + " survey"
	values := fmt.Appendf(nil, `{%s:[%[1]s,"kept"]}`, quoted)
	err = errors.Join(
		w.Begin(of),
		w.Record("named", row(t, of, &titled{ID: "id " + text, At: text, Title: &title, Values: values, Plain: "kept"})),
		w.State("named", fmt.Appendf(nil, `{"at":%s}`, quoted)),
		w.End("named", &record.Failure{Type: record.SystemError, Message: "refused: " + text}),
		w.Close(),
	)
	if err != nil {
		t.Fatal(err)
	}
	var all strings.Builder
	for _, name := range folder.files("", "") {
		content := folder.content(name)
		fmt.Fprintf(&all, "%s: %s\n", name, content)
		switch {
		case strings.HasSuffix(name, ".zst"):
			fmt.Fprintln(&all, strings.Join(readNDJSON(t, content), "\n"))
		case strings.HasSuffix(name, ".parquet"):
			_, columns := readParquet(t, content)
			fmt.Fprintln(&all, columns)
		case !json.Valid(content):
			t.Errorf("%s is not JSON: %s", name, content)
		}
	}
	return all.String()
}

func TestWriter_MasksSecretsInEveryFile(t *testing.T) {
	t.Parallel()
	const secret = `t0k"en/+&<secret>`
	for _, format := range formats {
		// Without a mask the search below finds the text in the data, the state
		// and the manifest.
		if found := strings.Count(landNamed(t, format, nil, secret), "secret"); found < 7 {
			t.Errorf("%s: unmasked the secret was found %d times, want it in every place", format, found)
		}
		got := landNamed(t, format, redact.New(secret), secret)
		if strings.Contains(got, "t0k") || strings.Contains(got, "secret") {
			t.Errorf("%s: a file holds the secret:\n%s", format, got)
		}
		if found := strings.Count(got, redact.Mask); found < 7 || strings.Count(got, "kept") < 2 {
			t.Errorf("%s: got %d masks, want them in every place and all else kept:\n%s", format, found, got)
		}
	}
}

// A redactor gets new access tokens during a run.
func TestWriter_MasksSecretsAddedDuringTheRun(t *testing.T) {
	t.Parallel()
	for _, format := range formats {
		mask := redact.New()
		o := options(newMemory(), format, "run")
		folder := o.FS.(*memory)
		o.Mask = mask
		w, of := started(t, o)
		write(t, w, of, 1, "before token-0123456789")
		mask.Add("token-0123456789")
		write(t, w, of, 2, "after token-0123456789")
		if err := errors.Join(w.End("rows", nil), w.Close()); err != nil {
			t.Fatal(err)
		}
		var got string
		if content := folder.content(folder.files("rows/", "")[0]); format != landing.Parquet {
			got = strings.Join(readNDJSON(t, content), "\n")
		} else {
			_, columns := readParquet(t, content)
			got = fmt.Sprint(columns)
		}
		if !strings.Contains(got, "before token-0123456789") || !strings.Contains(got, "after "+redact.Mask) {
			t.Errorf("%s: got %s, want the second row masked", format, got)
		}
	}
}

// The benchmark compares the same rows with and without a mask.
func BenchmarkWriter_Mask(b *testing.B) {
	text := strings.Repeat("Some words that a respondent wrote. ", 6)
	values, err := json.Marshal(map[string]string{"QID1": text, "QID2_TEXT": text, "QID3": "4"})
	if err != nil {
		b.Fatal(err)
	}
	for _, format := range formats {
		for _, mask := range []landing.Masker{nil, redact.New("0123456789012345678901234567890123456789", "an-access-token+with/more&signs")} {
			b.Run(fmt.Sprintf("%s/masked=%t", format, mask != nil), func(b *testing.B) {
				of := info(b, "named", titled{}, "id", "at")
				for b.Loop() {
					o := options(newMemory(), format, "run")
					o.Mask = mask
					w, err := landing.Open(o)
					if err != nil {
						b.Fatal(err)
					}
					err = w.Begin(of)
					for i := range 20_000 {
						err = errors.Join(err, w.Record("named", row(b, of, &titled{ID: fmt.Sprint("R_", i), At: "2026-01-01T00:00:00Z", Title: &text, Values: values, Plain: "x"})))
					}
					if err = errors.Join(err, w.Close()); err != nil {
						b.Fatal(err)
					}
				}
				b.SetBytes(int64(20_000 * (len(text) + len(values) + 30)))
			})
		}
	}
}
