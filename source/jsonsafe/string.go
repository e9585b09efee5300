package jsonsafe

import (
	"bytes"
	"unicode/utf8"
)

const hexDigits = "0123456789abcdef"

// AppendString appends text as a JSON string that is safe on one line. Control
// characters and the separators U+0085, U+2028 and U+2029 are escaped. U+FFFD
// replaces invalid UTF-8.
func AppendString(dst []byte, text string) []byte {
	dst = append(dst, '"')
	start := 0
	for i := 0; i < len(text); {
		if c := text[i]; c < utf8.RuneSelf {
			if c >= ' ' && c != '"' && c != '\\' && c != 0x7f {
				i++
				continue
			}
			dst = append(dst, text[start:i]...)
			switch c {
			case '"', '\\':
				dst = append(dst, '\\', c)
			case '\n':
				dst = append(dst, '\\', 'n')
			case '\r':
				dst = append(dst, '\\', 'r')
			case '\t':
				dst = append(dst, '\\', 't')
			default:
				dst = appendEscape(dst, rune(c))
			}
			i++
			start = i
			continue
		}
		r, size := utf8.DecodeRuneInString(text[i:])
		switch {
		case r == utf8.RuneError && size == 1:
			dst = append(dst, text[start:i]...)
			dst = append(dst, Replacement...)
		case isSeparator(r):
			dst = append(dst, text[start:i]...)
			dst = appendEscape(dst, r)
		default:
			i += size
			continue
		}
		i += size
		start = i
	}
	dst = append(dst, text[start:]...)
	return append(dst, '"')
}

// isSeparator reports whether some readers end a line at a character that JSON
// allows in strings.
func isSeparator(r rune) bool { return r == '\u0085' || r == '\u2028' || r == '\u2029' }

// appendEscape appends the escape \uXXXX of a character below U+10000.
func appendEscape(dst []byte, r rune) []byte {
	return append(dst, '\\', 'u', hexDigits[r>>12&0xf], hexDigits[r>>8&0xf], hexDigits[r>>4&0xf], hexDigits[r&0xf])
}

// EscapeControls appends text and escapes each control character in its
// strings, as its writer should have done. It reports whether it found one. The
// text need not be valid JSON.
func EscapeControls(dst, text []byte) (appended []byte, found bool) {
	short := map[byte]byte{'\b': 'b', '\t': 't', '\n': 'n', '\f': 'f', '\r': 'r'}
	quoted := false
	for i := 0; i < len(text); i++ {
		switch c := text[i]; {
		case c == '"':
			quoted = !quoted
			dst = append(dst, c)
		case c == '\\' && quoted && i+1 < len(text):
			dst = append(dst, c, text[i+1])
			i++
		case c < ' ' && quoted:
			found = true
			if letter, ok := short[c]; ok {
				dst = append(dst, '\\', letter)
			} else {
				dst = appendEscape(dst, rune(c))
			}
		default:
			dst = append(dst, c)
		}
	}
	return dst, found
}

// StringEnd returns the offset after the string that starts at raw[at], in
// valid JSON. Most strings are names and codes: the first 16 bytes are read one
// by one, which is faster than a search.
func StringEnd(raw []byte, at int) int {
	at++
	for short := min(at+16, len(raw)); at < short; at++ {
		switch raw[at] {
		case '"':
			return at + 1
		case '\\':
			return longStringEnd(raw, at)
		}
	}
	return longStringEnd(raw, at)
}

// longStringEnd returns the offset after the string that contains raw[at]. The
// byte raw[at] is not the second one of an escape.
func longStringEnd(raw []byte, at int) int {
	for i := at; ; i++ {
		i += bytes.IndexByte(raw[i:], '"')
		escaped := false
		for j := i - 1; j >= at && raw[j] == '\\'; j-- {
			escaped = !escaped
		}
		if !escaped {
			return i + 1
		}
	}
}

// escape returns the length of the escape at the start of text, and whether it
// is a lone surrogate. A surrogate pair counts as one escape of 12 bytes.
func escape(text []byte) (n int, lone bool) {
	first, ok := codeUnit(text)
	switch {
	case !ok:
		return min(2, len(text)), false
	case first < 0xd800 || first > 0xdfff:
		return 6, false
	case first >= 0xdc00:
		return 6, true
	}
	if second, ok := codeUnit(text[6:]); ok && second >= 0xdc00 && second <= 0xdfff {
		return 12, false
	}
	return 6, true
}

// codeUnit reads the escape \uXXXX at the start of text.
func codeUnit(text []byte) (value uint32, ok bool) {
	if len(text) < 6 || text[0] != '\\' || text[1] != 'u' {
		return 0, false
	}
	for _, c := range text[2:6] {
		value <<= 4
		switch {
		case c >= '0' && c <= '9':
			value |= uint32(c - '0')
		case c >= 'a' && c <= 'f':
			value |= uint32(c-'a') + 10
		case c >= 'A' && c <= 'F':
			value |= uint32(c-'A') + 10
		default:
			return 0, false
		}
	}
	return value, true
}
