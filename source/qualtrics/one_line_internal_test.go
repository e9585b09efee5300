package qualtrics

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"strconv"
	"strings"
	"testing"
)

// A copy is what encoding/json makes of the tokens of the object.
func FuzzOneLine(f *testing.F) {
	var many strings.Builder
	for n := range 50 {
		fmt.Fprintf(&many, `"n%d":{"a":1,"a":2},`, n%40)
	}
	for _, text := range []string{
		`{}`, `{ }`, `{"a":[ ]}`, `{"a":"R&D <b>","b":"\u0026\/"}`, `{"a":"\n\"\\\u00e9\ud800\ud83d\ude00"}`, "{\"\xff\":1,\"\ufffd\":2}", "{\"a\":\"\u2028\u2029\u0085\x7f\"}",
		`{"a":1,"a_dup":2,"a":3,"a":{"a":1e5,"\u0061":-0.10}}`, "{\n\t\"a\" : [1, {\"c\" : null} , true]\r\n}", `{"b":{"a":1,"a":[{"c":1,"c":2}]},"b":2}`, `{"\u003c":1,"<":2}`, `{"":1,"":2}`,
		`{` + many.String() + `"n1":0}`,
	} {
		f.Add([]byte(text))
	}
	f.Fuzz(func(t *testing.T, object []byte) {
		object = bytes.Trim(object, " \t\r\n")
		if !json.Valid(object) || object[0] != '{' {
			return
		}
		decoder := json.NewDecoder(bytes.NewReader(object))
		decoder.UseNumber()
		var want bytes.Buffer
		wantRenamed, err := distinctNames(decoder, &want)
		if err != nil {
			t.Fatal(err)
		}
		var line oneLine
		for range 2 {
			before := string(object)
			if got, renamed := line.copy(object); string(got) != want.String() || renamed != wantRenamed || string(object) != before {
				t.Errorf("%q became %q, %t, want %q, %t", before, got, renamed, want.String(), wantRenamed)
			}
		}
	})
}

// distinctNames copies the next value without white space. It changes the second of two
// equal names of an object, because readers would keep only one of the two.
func distinctNames(decoder *json.Decoder, out *bytes.Buffer) (renamed bool, err error) {
	token, err := decoder.Token()
	if err != nil {
		return false, err
	}
	open, nested := token.(json.Delim)
	if !nested {
		encoded, err := json.Marshal(token)
		out.Write(encoded)
		return false, err
	}
	out.WriteString(open.String())
	seen := make(map[string]bool)
	for first := true; decoder.More(); first = false {
		if !first {
			out.WriteByte(',')
		}
		if open == '{' {
			token, err := decoder.Token()
			if err != nil {
				return false, err
			}
			name, _ := token.(string)
			given := name
			for n := 1; seen[name]; n++ {
				name, renamed = given+"_dup", true
				if n > 1 {
					name += strconv.Itoa(n)
				}
			}
			seen[name] = true
			encoded, err := json.Marshal(name)
			if err != nil {
				return false, err
			}
			out.Write(encoded)
			out.WriteByte(':')
		}
		within, err := distinctNames(decoder, out)
		if err != nil {
			return false, err
		}
		renamed = renamed || within
	}
	token, err = decoder.Token()
	if err != nil {
		return false, err
	}
	closing, ok := token.(json.Delim)
	if !ok {
		return false, io.ErrUnexpectedEOF
	}
	out.WriteString(closing.String())
	return renamed, nil
}
