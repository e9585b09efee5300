package record

import (
	"strings"
	"unicode"
)

// OneLine returns text with a space for each character that is not printable:
// line ends, terminal control sequences and marks of text direction.
func OneLine(text string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsPrint(r) {
			return r
		}
		return ' '
	}, text)
}
