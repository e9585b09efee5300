package airbyte

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"unicode/utf8"

	"github.com/birdie-ai/source-qualtrics/source/record"
)

var errNoObject = errors.New("not a JSON object")

// unsafeOnLine reports whether text cannot be part of a line as it is. Valid
// JSON with the line separators escaped in its strings can; escapes of
// surrogates (\ud800 to \udfff) are looked at, for one may stand alone.
func unsafeOnLine(text []byte) bool {
	return bytes.IndexByte(text, '\n') >= 0 || bytes.IndexByte(text, '\r') >= 0 || !utf8.Valid(text) ||
		bytes.Contains(text, []byte("\u0085")) || bytes.Contains(text, []byte("\u2028")) || bytes.Contains(text, []byte("\u2029")) ||
		bytes.Contains(text, []byte(`\ud`)) || bytes.Contains(text, []byte(`\uD`))
}

// appendObject appends a JSON object so that it is safe on a line: without
// space between tokens, in valid UTF-8 and without lone surrogates. Numbers
// and the order of members stay as they are.
func appendObject(dst, text []byte) ([]byte, error) {
	var raw json.RawMessage
	if err := json.Unmarshal(text, &raw); err != nil {
		return dst, err
	}
	raw = bytes.TrimLeft(raw, " \t\r\n")
	if raw[0] != '{' {
		return dst, errNoObject
	}
	for i := 0; i < len(raw); {
		switch raw[i] {
		case ' ', '\t', '\r', '\n':
			i++
		case '"':
			end := stringEnd(raw, i)
			var err error
			if dst, err = appendQuoted(dst, raw[i:end]); err != nil {
				return dst, err
			}
			i = end
		default:
			dst = append(dst, raw[i])
			i++
		}
	}
	return dst, nil
}

// stringEnd returns the index after the string that starts at start, in valid
// JSON.
func stringEnd(text []byte, start int) int {
	for i := start + 1; i < len(text); i++ {
		switch text[i] {
		case '\\':
			i++
		case '"':
			return i + 1
		}
	}
	return len(text)
}

func appendQuoted(dst, quoted []byte) ([]byte, error) {
	var text string
	if err := json.Unmarshal(quoted, &text); err != nil {
		return dst, fmt.Errorf("decoding the string %.40s: %w", quoted, err)
	}
	return record.AppendString(dst, text), nil
}
