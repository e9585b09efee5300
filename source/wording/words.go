package wording

import (
	"fmt"
	"strings"
	"time"
)

// Sentences collects the sentences of an explanation.
type Sentences []string

// When adds a sentence if a condition holds.
func (s *Sentences) When(holds bool, format string, args ...any) {
	if holds {
		*s = append(*s, fmt.Sprintf(format, args...))
	}
}

// Time writes a time for people, in UTC.
func Time(seconds int64) string { return time.Unix(seconds, 0).UTC().Format("2006-01-02 15:04:05 UTC") }

// Number writes a count of things: 1 survey, 2 surveys.
func Number(n int, of string) string { return Count(n, of, Plural(of)) }

// Plural returns the plural of a noun: directory, directories.
func Plural(noun string) string {
	if stem, ok := strings.CutSuffix(noun, "ry"); ok {
		return stem + "ries"
	}
	return noun + "s"
}
