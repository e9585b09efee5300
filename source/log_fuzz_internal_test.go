package source

import (
	"bytes"
	"log/slog"
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"

	"github.com/birdie-ai/source-qualtrics/source/record"
	"github.com/birdie-ai/source-qualtrics/source/redact"
)

// A log record for people is one printable line of bounded length that holds
// no secret.
func FuzzLines(f *testing.F) {
	const secret = "canary-0123456789"
	f.Add("two\nlines \x1b[31m", "value "+secret, `a "b"`, 4)
	f.Add("\u2028\u0085\xff\u202e", "\x00", secret+secret, 8)
	f.Add(strings.Repeat("\x80", 51), strings.Repeat(`"`, 40), "x", -4)
	f.Add(secret[:8], secret[8:], "", 0)
	f.Fuzz(func(t *testing.T, message, bound, value string, level int) {
		var out bytes.Buffer
		log := slog.New(&redacted{newLines(&out, slog.LevelInfo), redact.New(secret), true}).With("survey", bound).WithGroup("group")
		log.Log(t.Context(), slog.Level(level), message, "error", value)
		if level < 0 {
			if out.Len() > 0 {
				t.Errorf("level %d was written: %s", level, out.String())
			}
			return
		}
		line, ok := strings.CutSuffix(out.String(), "\n")
		if !ok || !utf8.ValidString(line) {
			t.Fatalf("not one line of UTF-8: %q", out.String())
		}
		if at := strings.IndexFunc(line, func(r rune) bool { return !unicode.IsPrint(r) }); at >= 0 {
			t.Errorf("%q is not printable at %d", line, at)
		}
		if len(line) > maxLine {
			t.Errorf("the line has %d bytes", len(line))
		}
		if strings.Contains(line, secret) {
			t.Errorf("%q holds the secret", line)
		}
		cause := record.OneLine(redact.New(secret).String(value))
		named := strings.Contains(line, "survey=") || strings.Contains(cause, record.OneLine(redact.New(secret).String(bound)))
		if len(line) < maxLine-10 && (!named || !strings.Contains(line, cause)) {
			t.Errorf("%q lacks the survey or the cause %q", line, cause)
		}
	})
}

func TestLines_AreCutBetweenCharacters(t *testing.T) {
	t.Parallel()
	for _, text := range []string{"é", "\x80", "x", `"`} {
		var out bytes.Buffer
		slog.New(newLines(&out, slog.LevelInfo)).Info("x"+strings.Repeat(text, maxLine), "error", strings.Repeat(text, maxLine))
		if line := strings.TrimSuffix(out.String(), "\n"); len(line) > maxLine || len(line) < maxLine-3 || !utf8.ValidString(line) {
			t.Errorf("%q: got a line of %d bytes, want at most %d", text, len(line), maxLine)
		}
	}
}
