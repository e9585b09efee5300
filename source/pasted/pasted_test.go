package pasted_test

import (
	"encoding/pem"
	"strings"
	"testing"

	"github.com/birdie-ai/source-qualtrics/source/pasted"
)

func TestText_IsEqualForTextThatLooksEqual(t *testing.T) {
	t.Parallel()
	for want, pastes := range map[string][]string{
		"":             {"", " ", "\u00a0\n", "\u200b", "\ufeff"},
		"NPS 2024":     {"NPS 2024", " NPS  2024\r\n", "NPS\u00a02024", "\ufeffNPS\u202f2024\u200b", "NP\u00adS\t2024", "\u202aNPS 2024\u202c"},
		"Enquête été":  {"Enquête été", "Enque\u0302te e\u0301te\u0301", "Enque\u200b\u0302te e\u0301te\u0301"},
		"\u2764 love":  {"\u2764\ufe0f love", "\u2764 love"},
		"a-token_42.x": {"a-token_42.x", "\u2060a-token_42.x "},
		"\u06001":      {"\u06001"}, // the Arabic number sign is a format character with a glyph
	} {
		for _, paste := range pastes {
			if got := pasted.Text(paste); got != want {
				t.Errorf("%+q: got %+q, want %+q", paste, got, want)
			}
			if got := pasted.Text(pasted.Text(paste)); got != want {
				t.Errorf("%+q: got %+q the second time, want %+q", paste, got, want)
			}
		}
	}
	for a, b := range map[string]string{"NPS": "nps", "NPS 1": "NPS1", "ｉad1": "iad1", "iаd1": "iad1", "a\x00": "a"} {
		if pasted.Text(a) == pasted.Text(b) {
			t.Errorf("%+q and %+q look different, and become the same", a, b)
		}
	}
}

func TestPEM_HasLineEndsInEveryPastedForm(t *testing.T) {
	t.Parallel()
	block := string(pem.EncodeToMemory(&pem.Block{Type: "EC PRIVATE KEY", Bytes: []byte(strings.Repeat("some bytes of a key ", 10))}))
	both := block + strings.ReplaceAll(block, "EC PRIVATE KEY", "CERTIFICATE")
	for name, paste := range map[string]string{
		"unchanged":                        both,
		"with \\n for line ends":           strings.ReplaceAll(both, "\n", `\n`),
		"with \\r\\n for line ends":        strings.ReplaceAll(both, "\n", `\r\n`),
		"with line ends of Windows":        strings.ReplaceAll(both, "\n", "\r\n"),
		"in one line":                      strings.ReplaceAll(both, "\n", " "),
		"in one line with no-break spaces": strings.ReplaceAll(both, "\n", "\u00a0"),
		"after a byte order mark":          "\ufeff\n" + both,
	} {
		rest, blocks := []byte(pasted.PEM(paste)), 0
		for {
			var one *pem.Block
			if one, rest = pem.Decode(rest); one == nil {
				break
			}
			if blocks++; string(one.Bytes) != strings.Repeat("some bytes of a key ", 10) {
				t.Errorf("%s: block %d holds %q", name, blocks, one.Bytes)
			}
		}
		if blocks != 2 || strings.TrimSpace(string(rest)) != "" {
			t.Errorf("%s: got %d blocks and then %q, want 2", name, blocks, rest)
		}
	}
	for _, path := range []string{"/etc/ssl/my  ca.pem", "", `C:\new\ca.pem`, " x"} {
		if got := pasted.PEM(path); got != path {
			t.Errorf("the path %q became %q", path, got)
		}
	}
}
