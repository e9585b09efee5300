package wording

import "strings"

// longest is the number of characters of a text that are compared.
const longest = 100

// Distance is the number of characters that have to be inserted, removed or
// replaced to turn one text into the other (Levenshtein). Of longer texts the
// first 100 characters are compared.
func Distance(a, b string) int { return distance(a, b, false) }

// Slips is [Distance], with a swap of two neighboring characters counted once
// (optimal string alignment): "raed" is one slip from "read".
func Slips(a, b string) int { return distance(a, b, true) }

func distance(a, b string, swaps bool) int {
	x, y := characters(a), characters(b)
	var before []int // the row of the character before the last one
	last := make([]int, len(y)+1)
	for j := range last {
		last[j] = j
	}
	for i, one := range x {
		row := make([]int, len(y)+1)
		row[0] = i + 1
		for j, other := range y {
			replaced := last[j]
			if one != other {
				replaced++
			}
			row[j+1] = min(replaced, last[j+1]+1, row[j]+1)
			if swaps && i > 0 && j > 0 && one == y[j-1] && x[i-1] == other {
				row[j+1] = min(row[j+1], before[j-1]+1)
			}
		}
		before, last = last, row
	}
	return last[len(y)]
}

func characters(text string) []rune {
	all := []rune(text[:min(len(text), 4*longest)])
	return all[:min(len(all), longest)]
}

// Nearest returns the known name that a mistyped word most likely means, or "" if
// none is close to it. One slip is allowed in short words, and one more for every
// four letters. An abbreviation means the first name that begins with it.
func Nearest(word string, known []string) string {
	word = strings.ToLower(word)
	if len(word) > longest { // too long for a name
		return ""
	}
	best, least := "", 2+len(word)/4
	for _, name := range known {
		if slips := Slips(word, strings.ToLower(name)); slips < least && slips < len(name) {
			best, least = name, slips
		}
	}
	if best != "" || len(word) < 3 {
		return best
	}
	for _, name := range known {
		if strings.HasPrefix(strings.ToLower(name), word) {
			return name
		}
	}
	return ""
}

// DidYouMean ends an error about an unknown word. It proposes the nearest known name,
// if there is one, and the command that lists all names.
func DidYouMean(word, before string, known []string, lists string) string {
	if name := Nearest(word, known); name != "" {
		return "; did you mean " + before + name + "? See " + lists
	}
	return "; see " + lists
}
