package frame

import "bytes"

// The functions here find their way in JSON that is known to be valid, so that
// they need to look at nothing but quotes and brackets.

// stringEnd returns the offset behind the string that starts at raw[at]. Most
// strings are names and codes, too short for a search to pay.
func stringEnd(raw []byte, at int) int {
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

// longStringEnd returns the offset behind the string that raw[at] lies in; no
// escape is cut by at.
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

// valueEnd returns the offset behind the value that starts at raw[at].
func valueEnd(raw []byte, at int) int {
	depth := 0
	for {
		switch raw[at] {
		case '"':
			at = stringEnd(raw, at)
		case '{', '[':
			depth++
			at++
		case '}', ']':
			depth--
			at++
		case ',', ':', ' ', '\t', '\r', '\n':
			at++
			continue // nothing ends here
		default:
			at = scalarEnd(raw, at)
		}
		if depth == 0 {
			return at
		}
	}
}

// scalarEnd returns the offset behind the number or the literal at raw[at].
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

// skip returns the offset behind white space around one optional mark.
func skip(raw []byte, at int, mark byte) int {
	for at < len(raw) && (raw[at] == mark || raw[at] == ' ' || raw[at] == '\t' || raw[at] == '\r' || raw[at] == '\n') {
		if raw[at] == mark {
			mark = ' '
		}
		at++
	}
	return at
}

// compact reports whether there is no white space outside of strings. A raw
// line feed is white space too: strings hold none.
func compact(raw []byte) bool {
	for i := 0; i < len(raw); {
		switch c := raw[i]; {
		case c == '"':
			i = stringEnd(raw, i)
		case c <= ' ':
			return false
		default:
			i++
		}
	}
	return true
}
