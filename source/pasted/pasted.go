// Package pasted normalizes text that users copy from a web page, a chat or a
// mail. Such text may contain invisible characters, for example a zero-width
// space in a survey id.
package pasted

import (
	"regexp"
	"strings"
	"unicode"

	"golang.org/x/text/unicode/norm"
)

// Text returns text in Unicode's composed form (NFC) without invisible characters.
// One plain space replaces each run of white space; none is at the ends.
func Text(text string) string {
	if plain(text) {
		return text
	}
	return norm.NFC.String(strings.Join(strings.Fields(strings.Map(visible, text)), " "))
}

// plain reports whether text is ASCII that [Text] does not change.
func plain(text string) bool {
	for i := range len(text) {
		switch c := text[i]; {
		case c < ' ', c > '~', c == ' ' && (i == 0 || i == len(text)-1 || text[i-1] == ' '):
			return false
		}
	}
	return true
}

// visible drops characters without a glyph: zero-width characters, byte order
// marks, soft hyphens, marks of direction and variation selectors.
func visible(r rune) rune {
	switch {
	case unicode.Is(unicode.Prepended_Concatenation_Mark, r): // format characters with a glyph
		return r
	case unicode.Is(unicode.Cf, r), unicode.Is(unicode.Variation_Selector, r):
		return -1
	}
	return r
}

// pemToken matches a boundary of a PEM block, or a piece of its content.
var pemToken = regexp.MustCompile(`-----(BEGIN|END) [A-Z0-9 ]+-----|[^\s-]+`)

// PEM returns PEM text with line ends. The input may have the two characters \n for
// them, as in JSON and environment files, or spaces, as in a form with one line.
// Other text, such as a path, is returned unchanged.
func PEM(text string) string {
	clean := strings.TrimSpace(strings.Map(visible, text))
	if !strings.HasPrefix(clean, "-----BEGIN") {
		return text
	}
	clean = strings.NewReplacer(`\r\n`, "\n", `\n`, "\n", `\r`, "\n", "\r\n", "\n", "\r", "\n", "\u00a0", " ").Replace(clean)
	if !strings.Contains(clean, "\n") {
		clean = strings.Join(pemToken.FindAllString(clean, -1), "\n")
	}
	return clean + "\n"
}
