package jsonsafe_test

import (
	"bytes"
	"encoding/json"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"

	"github.com/birdie-ai/source-qualtrics/source/jsonsafe"
)

func TestCleanText_ReplacesNULAndInvalidUTF8(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"":               "",
		"é世😀\x01\n":      "é世😀\x01\n",
		"a\x00b":         "a\ufffdb",
		"a\xff\xfeb\x00": "a\ufffdb\ufffd",
		"\xed\xa0\x80":   "\ufffd",
	} {
		if got := jsonsafe.CleanText(text, false); got != want {
			t.Errorf("%q: got %q, want %q", text, got, want)
		}
	}
}

func TestClean_ReplacesNULAndLoneSurrogates(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		`{}`:                           `{}`,
		`"\\u0000"`:                    `"\\u0000"`,
		`"\\\u0000"`:                   `"\\\ufffd"`,
		`"\u0000\u0000x"`:              `"\ufffd\ufffdx"`,
		`"\u00e9\uD83D\uDE00\u0001"`:   `"\u00e9\uD83D\uDE00\u0001"`,
		`"\ud83d"`:                     `"\ufffd"`,
		`"\ud83dx\ude00"`:              `"\ufffdx\ufffd"`,
		`"\ud83d\ud83d\ude00"`:         `"\ufffd\ud83d\ude00"`,
		`"\ud83d\n\u0000\""`:           `"\ufffd\n\ufffd\""`,
		"\"\xff\"":                     "\"\ufffd\"",
		`"\u12`:                        `"\u12`,
		`"\`:                           `"\`,
		`{"\u0000":{"\udc00":[true]}}`: `{"\ufffd":{"\ufffd":[true]}}`,
	} {
		if got := string(jsonsafe.Clean([]byte(text), false)); got != want {
			t.Errorf("%s: got %s, want %s", text, got, want)
		}
	}
}

func FuzzClean(f *testing.F) {
	for _, seed := range []string{`"\u0000"`, `{"a":"\ud800\\u0000"}`, "\"\xff\"", `["\ud83d\ude00"]`} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		before, valid := tokens(text)
		cleaned := jsonsafe.Clean(bytes.Clone(text), false)
		if !utf8.Valid(cleaned) || bytes.IndexByte(cleaned, 0) >= 0 {
			t.Fatalf("%q is not clean", cleaned)
		}
		if !valid || !utf8.Valid(text) {
			return
		}
		for i, token := range before {
			if text, ok := token.(string); ok {
				before[i] = strings.ReplaceAll(text, "\x00", jsonsafe.Replacement)
			}
		}
		after, valid := tokens(cleaned)
		if diff := cmp.Diff(before, after); diff != "" || !valid {
			t.Fatalf("%q became %q (-want +got):\n%s", text, cleaned, diff)
		}
	})
}

// tokens decodes JSON. The decoder replaces lone surrogates.
func tokens(text []byte) (found []json.Token, valid bool) {
	decoder := json.NewDecoder(bytes.NewReader(text))
	decoder.UseNumber()
	for {
		token, err := decoder.Token()
		if err != nil {
			return found, json.Valid(text)
		}
		found = append(found, token)
	}
}
