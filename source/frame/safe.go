package frame

import (
	"bytes"
	"unicode/utf8"
)

// plain reports whether valid JSON can go out as it is: compact, one line by
// every common definition, valid UTF-8, and no escape that may be half a
// surrogate pair. It may say no to text that could, and never yes to text that
// could not.
func plain(raw []byte) bool {
	if !compact(raw) || !utf8.Valid(raw) {
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

// appendSafe appends valid JSON without insignificant white space, with the
// line separators escaped, and with U+FFFD for invalid UTF-8 and for lone
// surrogates.
func appendSafe(dst, raw []byte) (line []byte, repaired bool) {
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
			n, replace := escape(raw[i:])
			if replace {
				dst, repaired = append(dst, "\ufffd"...), true
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
				dst, repaired = append(dst, "\ufffd"...), true
			case r == 0x85:
				dst = append(dst, `\u0085`...)
			case r == 0x2028:
				dst = append(dst, `\u2028`...)
			case r == 0x2029:
				dst = append(dst, `\u2029`...)
			default:
				dst = append(dst, raw[i:i+n]...)
			}
			i += n
		}
	}
	return dst, repaired
}

// escape returns the length of the escape that text starts with, a surrogate
// pair being one, and whether it is a lone surrogate.
func escape(text []byte) (n int, lone bool) {
	first, ok := unit(text)
	switch {
	case !ok:
		return min(2, len(text)), false
	case first < 0xd800 || first > 0xdfff:
		return 6, false
	case first >= 0xdc00:
		return 6, true
	}
	if second, ok := unit(text[6:]); ok && second >= 0xdc00 && second <= 0xdfff {
		return 12, false
	}
	return 6, true
}

// unit reads a \uXXXX escape.
func unit(text []byte) (value uint32, ok bool) {
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
