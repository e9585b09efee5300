package frame_test

import (
	"strings"
	"testing"

	"github.com/birdie-ai/source-qualtrics/source/frame"
)

func TestValues_ReplaceInvalidUTF8AndLoneSurrogates(t *testing.T) {
	t.Parallel()
	tests := map[string]string{
		"{\"a\":\"x\xffy\"}":         "{\"a\":\"x\ufffdy\"}",
		"{\"a\":\"\xe2\x80\"}":       "{\"a\":\"\ufffd\ufffd\"}",
		"{\"a\":\"\xed\xa0\x80\"}":   "{\"a\":\"\ufffd\ufffd\ufffd\"}",
		"{\"a\xc2\":1}":              "{\"a\ufffd\":1}",
		`{"a":"\ud800"}`:             "{\"a\":\"\ufffd\"}",
		`{"a":"\uDC00x"}`:            "{\"a\":\"\ufffdx\"}",
		`{"a":"\udc00\ud800"}`:       "{\"a\":\"\ufffd\ufffd\"}",
		`{"a":"\ud800\n"}`:           "{\"a\":\"\ufffd\\n\"}",
		`{"a":"\ud800\u0041"}`:       "{\"a\":\"\ufffd\\u0041\"}",
		`{"a":"\ud800\ud83c\udf89"}`: "{\"a\":\"\ufffd\\ud83c\\udf89\"}",
	}
	for text, want := range tests {
		got, repaired, err := read(t, archive(t, text), frame.Limits{})
		if err != nil || !repaired || len(got) != 1 || got[0] != want {
			t.Errorf("%q: got %q, repaired %v, %v; want %q", text, got, repaired, err, want)
		}
	}
}

// A block of the file can end within a character or an escape.
func TestValues_AreSafeWhereverABlockEnds(t *testing.T) {
	t.Parallel()
	const block = 128 << 10 // a multiple of the size of a block
	tests := []struct {
		name, text, want string
		repaired         bool
	}{
		{"next line", "x\u0085y", `x\u0085y`, false},
		{"line separator", "x\u2028y", `x\u2028y`, false},
		{"paragraph separator", "x\u2029y", `x\u2029y`, false},
		{"surrogate pair", `x\ud83c\udf89y`, `x\ud83c\udf89y`, false},
		{"lone surrogates", `x\udf89\ud83cy`, "x\ufffd\ufffdy", true},
		{"bad byte", "x\xe2\x80y", "x\ufffd\ufffdy", true},
		{"letters of four bytes", "x🎉🎉y", "x🎉🎉y", false},
		{"escapes", `x\\\"\u0000\\y`, `x\\\"\u0000\\y`, false},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			record, want := `{"a":"`+test.text+`"}`, `{"a":"`+test.want+`"}`
			for before := range len(record) + 2 {
				filler := `{"a":"` + strings.Repeat("x", block-before-len(`{"a":""}`+"\n")) + `"}`
				got, repaired, err := read(t, archive(t, filler+"\n"+record+"\n"), frame.Limits{})
				if err != nil || len(got) != 2 || got[1] != want || repaired != test.repaired {
					t.Fatalf("%d bytes before the end: got %q, repaired %v, %v; want %q", before, got[max(0, len(got)-1):], repaired, err, want)
				}
			}
		})
	}
}
