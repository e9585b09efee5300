package jsonsafe_test

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/birdie-ai/source-qualtrics/source/jsonsafe"
)

// Whatever the place of a byte in a string, it decides as in encoding/json.
func TestIsValid_AgreesAboutEveryByte(t *testing.T) {
	t.Parallel()
	for b := range 256 {
		for at := range 20 {
			text := []byte(`{"a":"` + strings.Repeat("x", 20) + `","b":1}`)
			text[6+at] = byte(b)
			if got, want := jsonsafe.IsValid(text), json.Valid(text); got != want {
				t.Errorf("%q: got %t, want %t", text, got, want)
			}
			if !json.Valid(text) {
				continue
			}
			var content struct {
				A string `json:"a"`
			}
			if err := json.Unmarshal(text, &content); err != nil {
				t.Fatal(err)
			}
			want := append(jsonsafe.AppendString([]byte(`{"a":`), content.A), `,"b":1}`...)
			if b != '"' {
				if got, err := jsonsafe.AppendObject(nil, text); err != nil || string(got) != string(want) {
					t.Errorf("%q became %q, %v, want %q", text, got, err, want)
				}
			}
		}
	}
}

func FuzzIsValid(f *testing.F) {
	for _, seed := range []string{``, `"`, `"a`, `""`, `"\\"`, `"\"`, `{"a":"b\"c","d":"\\","e":1}`, "\"\x01\"", `{"a":"` + strings.Repeat("b", 40) + `"}`, `[1,"a""b"]`} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		if got, want := jsonsafe.IsValid(text), json.Valid(text); got != want {
			t.Errorf("%q: got %t, want %t", text, got, want)
		}
	})
}
