package pasted

import (
	"strings"
	"unicode"
)

// Matches compares a name with a pattern. A * stands for any text and ? for one character. Case and
// invisible characters do not matter.
func Matches(pattern, name string) bool {
	p, n := []rune(Text(pattern)), []rune(Text(name))
	// star is the index of the last * so far, or -1. It stands for the name up to from.
	at, star, from := 0, -1, 0
	for i := 0; i < len(n); {
		switch {
		case at < len(p) && p[at] == '*':
			star, from = at, i
			at++
		case at < len(p) && (p[at] == '?' || sameLetter(p[at], n[i])):
			at++
			i++
		case star >= 0: // the * stands for one more character
			from++
			at, i = star+1, from
		default:
			return false
		}
	}
	return strings.Trim(string(p[at:]), "*") == ""
}

// sameLetter compares two characters without regard to case.
func sameLetter(a, b rune) bool {
	if a == b {
		return true
	}
	for r := unicode.SimpleFold(a); r != a; r = unicode.SimpleFold(r) {
		if r == b {
			return true
		}
	}
	return false
}
