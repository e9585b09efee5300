// Package jsonsafe makes JSON text safe for its readers. Safe text is valid
// UTF-8, without line separators and without lone surrogates. Databases also
// refuse NUL. It is a leaf.
//
// There are three ways to make text safe, because each changes other bytes:
//   - [Repair] keeps every escape: "é\ud800" becomes "é\ufffd".
//   - [AppendObject] decodes and encodes each string: "\u00e9" becomes "é".
//   - [Clean] changes the refused characters only, and returns its argument if
//     there are none.
package jsonsafe

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"unicode/utf8"
)

// Replacement takes the place of a character that a reader refuses.
const Replacement = "\ufffd"

// IsSafe reports whether valid JSON is safe apart from white space between its
// tokens. Text with the escape of any surrogate counts as unsafe, because only
// [Repair] finds out whether it is one of a pair.
func IsSafe(raw []byte) bool {
	if !utf8.Valid(raw) {
		return false
	}
	// U+0085 is C2 85; U+2028 and U+2029 are E2 80 A8 and E2 80 A9.
	for rest := raw; ; {
		at := bytes.IndexByte(rest, 0xe2)
		if at < 0 {
			break
		}
		if rest = rest[at+1:]; len(rest) > 1 && rest[0] == 0x80 && (rest[1] == 0xa8 || rest[1] == 0xa9) {
			return false
		}
	}
	return !bytes.Contains(raw, []byte{0xc2, 0x85}) &&
		!bytes.Contains(raw, []byte(`\ud`)) && !bytes.Contains(raw, []byte(`\uD`))
}

// IsCompact reports whether valid JSON has no white space between its tokens.
// Such text has no line feed either: strings hold none.
func IsCompact(raw []byte) bool {
	for i := 0; i < len(raw); {
		switch c := raw[i]; {
		case c == '"':
			i = StringEnd(raw, i)
		case c <= ' ':
			return false
		default:
			i++
		}
	}
	return true
}

// Repair appends valid JSON as safe text without white space between tokens.
// Line separators are escaped. U+FFFD replaces invalid UTF-8 and lone
// surrogates, which replaced reports.
func Repair(dst, raw []byte) (line []byte, replaced bool) {
	quoted := false
	for i := 0; i < len(raw); {
		c := raw[i]
		switch {
		case !quoted && (c == ' ' || c == '\t' || c == '\n' || c == '\r'):
			i++
		case c == '"':
			quoted = !quoted
			dst = append(dst, c)
			i++
		case c == '\\':
			n, lone := escape(raw[i:])
			if lone {
				dst, replaced = append(dst, Replacement...), true
			} else {
				dst = append(dst, raw[i:i+n]...)
			}
			i += n
		case c < utf8.RuneSelf:
			dst = append(dst, c)
			i++
		default:
			r, n := utf8.DecodeRune(raw[i:])
			switch {
			case r == utf8.RuneError && n == 1:
				dst, replaced = append(dst, Replacement...), true
			case isSeparator(r):
				dst = appendEscape(dst, r)
			default:
				dst = append(dst, raw[i:i+n]...)
			}
			i += n
		}
	}
	return dst, replaced
}

var errNoObject = errors.New("not a JSON object")

// AppendObject appends a JSON object as safe text without white space between
// tokens. Each string is encoded by [AppendString]. Numbers and the order of
// members stay.
func AppendObject(dst, text []byte) ([]byte, error) {
	tokens, plain := hollow(text)
	if !json.Valid(tokens) {
		var refused json.RawMessage
		return dst, json.Unmarshal(text, &refused)
	}
	raw := bytes.TrimLeft(text, " \t\r\n")
	if raw[0] != '{' {
		return dst, errNoObject
	}
	if plain && !bytes.ContainsAny(tokens, " \t\r\n") {
		return append(dst, raw...), nil
	}
	for i := 0; i < len(raw); {
		switch raw[i] {
		case ' ', '\t', '\r', '\n':
			i++
		case '"':
			end := StringEnd(raw, i)
			if isPlain(raw[i+1 : end-1]) {
				dst = append(dst, raw[i:end]...)
				i = end
				continue
			}
			var text string
			if err := json.Unmarshal(raw[i:end], &text); err != nil {
				return dst, fmt.Errorf("decoding the string %.40s: %w", raw[i:end], err)
			}
			dst = AppendString(dst, text)
			i = end
		default:
			dst = append(dst, raw[i])
			i++
		}
	}
	return dst, nil
}

// Clean returns JSON in which U+FFFD replaces invalid UTF-8 and lone
// surrogates, and NUL unless nul allows it. Strings are read in both forms:
// "\u0000" becomes "\ufffd". The text need not be valid JSON.
func Clean(text []byte, nul bool) []byte {
	if !utf8.Valid(text) {
		text = bytes.ToValidUTF8(text, []byte(Replacement))
	}
	if !nul && bytes.IndexByte(text, 0) >= 0 {
		text = bytes.ReplaceAll(text, []byte{0}, []byte(Replacement))
	}
	var cleaned []byte // nil until a character is replaced
	start := 0
	for i := 0; ; {
		next := bytes.IndexByte(text[i:], '\\')
		if next < 0 || i+next+1 >= len(text) {
			break
		}
		i += next
		if text[i+1] != 'u' {
			i += 2
			continue
		}
		size, refused := escape(text[i:])
		if refused || !nul && bytes.HasPrefix(text[i:], []byte(`\u0000`)) {
			cleaned = append(append(cleaned, text[start:i]...), `\ufffd`...)
			start = i + size
		}
		i += size
	}
	if cleaned == nil {
		return text
	}
	return append(cleaned, text[start:]...)
}

// CleanText returns text in which U+FFFD replaces invalid UTF-8, and NUL unless
// nul allows it.
func CleanText(text string, nul bool) string {
	if !utf8.ValidString(text) {
		text = strings.ToValidUTF8(text, Replacement)
	}
	if !nul && strings.IndexByte(text, 0) >= 0 {
		text = strings.ReplaceAll(text, "\x00", Replacement)
	}
	return text
}
