package frame

import "github.com/birdie-ai/source-qualtrics/source/jsonsafe"

// These functions read valid JSON, so they check quotes and brackets only.

// valueEnd returns the offset after the value that starts at raw[at].
func valueEnd(raw []byte, at int) int {
	depth := 0
	for {
		switch raw[at] {
		case '"':
			at = jsonsafe.StringEnd(raw, at)
		case '{', '[':
			depth++
			at++
		case '}', ']':
			depth--
			at++
		case ',', ':', ' ', '\t', '\r', '\n':
			at++
			continue // no value ends here
		default:
			at = scalarEnd(raw, at)
		}
		if depth == 0 {
			return at
		}
	}
}

// scalarEnd returns the offset after the number or the literal at raw[at].
func scalarEnd(raw []byte, at int) int {
	for at < len(raw) {
		switch raw[at] {
		case ',', ':', '}', ']', ' ', '\t', '\r', '\n':
			return at
		}
		at++
	}
	return at
}

// skip returns the offset after white space around one optional mark.
func skip(raw []byte, at int, mark byte) int {
	for at < len(raw) && (raw[at] == mark || raw[at] == ' ' || raw[at] == '\t' || raw[at] == '\r' || raw[at] == '\n') {
		if raw[at] == mark {
			mark = ' '
		}
		at++
	}
	return at
}
