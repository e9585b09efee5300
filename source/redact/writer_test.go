package redact_test

import (
	"bytes"
	"encoding/base64"
	"errors"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/birdie-ai/source-qualtrics/source/redact"
)

func TestWriter_MasksSecretsSplitBetweenWrites(t *testing.T) {
	t.Parallel()
	const secret = "s3cr3t/with+signs=="
	random := rand.New(rand.NewPCG(1, 2))
	text := strings.Repeat("plain text, s3cr3t/with and nothing else\n", 20) + "a " + secret + " b\nc " +
		base64.StdEncoding.EncodeToString([]byte("id:"+secret)) + " d\n" + secret + secret + "\nwithout an end: " + secret
	want := redact.New(secret).String(text)
	for range 500 {
		var out bytes.Buffer
		w := redact.New(secret, "another-secret").Writer(&out)
		for rest := text; rest != ""; {
			n := 1 + random.IntN(len(rest))
			if got, err := w.Write([]byte(rest[:n])); got != n || err != nil {
				t.Fatalf("wrote %d of %d bytes, %v", got, n, err)
			}
			rest = rest[n:]
		}
		if got := out.String(); strings.HasSuffix(got, "end: ") || strings.Contains(got, "without") {
			t.Fatal("half a line was written")
		}
		if err := w.Flush(); err != nil || out.String() != want {
			t.Fatalf("got %q, %v, want %q", out.String(), err, want)
		}
	}
}

func TestWriter_MasksSecretsAddedBetweenWrites(t *testing.T) {
	t.Parallel()
	var out bytes.Buffer
	r := redact.New()
	w := r.Writer(&out)
	_, _ = w.Write([]byte("a token-0123456789\nb token-"))
	r.Add("token-0123456789")
	_, _ = w.Write([]byte("0123456789\n"))
	if got, want := out.String(), "a token-0123456789\nb "+redact.Mask+"\n"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}

type broken struct{}

func (broken) Write([]byte) (int, error) { return 0, errors.New("broken") }

func TestWriter_ReturnsTheErrorOfItsOutput(t *testing.T) {
	t.Parallel()
	w := redact.New("0123456789").Writer(broken{})
	if n, err := w.Write([]byte("half")); n != 4 || err != nil {
		t.Errorf("half a line: %d, %v", n, err)
	}
	if _, err := w.Write([]byte(" and half\n")); err == nil {
		t.Error("a whole line: no error")
	}
}

func BenchmarkWriter(b *testing.B) {
	text := []byte(strings.Repeat(`"QID12_3_TEXT":"Some text that a respondent wrote","QID13":4,`, 1000) + "\n")
	w := redact.New("0123456789012345678901234567890123456789", "abcdefghijklmnop").Writer(discard{})
	b.SetBytes(int64(len(text)))
	for b.Loop() {
		if _, err := w.Write(text); err != nil {
			b.Fatal(err)
		}
	}
}

type discard struct{}

func (discard) Write(p []byte) (int, error) { return len(p), nil }
