package record

import (
	"bytes"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf16"
	"unicode/utf8"
)

// replacement stands for what no database can hold: NUL, which many databases
// refuse, and what is not Unicode.
const replacement = "\ufffd"

// CleanText returns text without NUL and without invalid UTF-8.
func CleanText(text string) string {
	if utf8.ValidString(text) && strings.IndexByte(text, 0) < 0 {
		return text
	}
	return strings.ReplaceAll(strings.ToValidUTF8(text, replacement), "\x00", replacement)
}

// OneLine returns text without what would break a line, move a terminal's
// cursor or turn the direction of what follows.
func OneLine(text string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsPrint(r) {
			return r
		}
		return ' '
	}, text)
}

// CleanJSON returns JSON whose strings are free of the same, be it written out
// or as an escape: "\u0000" and escapes of single surrogates, which strict
// readers refuse, are replaced. It may return its argument.
func CleanJSON(text []byte) []byte {
	if !utf8.Valid(text) {
		text = bytes.ToValidUTF8(text, []byte(replacement))
	}
	if bytes.IndexByte(text, 0) >= 0 {
		text = bytes.ReplaceAll(text, []byte{0}, []byte(replacement))
	}
	var cleaned []byte // nil until there is something to replace
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
		size, fits := unicodeEscape(text[i:])
		if !fits {
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

// unicodeEscape measures the escape (\uXXXX, or a pair of surrogates) at the
// start of text, and reports whether it is a character that a database can hold.
// What is no escape is left for the reader to judge.
func unicodeEscape(text []byte) (size int, fits bool) {
	const width = len(`\uXXXX`)
	first, ok := codeUnit(text)
	switch {
	case !ok:
		return 2, true
	case first == 0:
		return width, false
	case !utf16.IsSurrogate(first):
		return width, true
	}
	second, ok := codeUnit(text[width:])
	if ok && utf16.DecodeRune(first, second) != utf8.RuneError {
		return 2 * width, true
	}
	return width, false
}

func codeUnit(text []byte) (rune, bool) {
	if len(text) < 6 || text[0] != '\\' || text[1] != 'u' {
		return 0, false
	}
	unit, err := strconv.ParseUint(string(text[2:6]), 16, 16)
	return rune(unit), err == nil
}
