package qualtrics

import "bytes"

// Altered says that a field differs from the member of the answer that it was read from.
type Altered struct {
	Field string // name of the Go field
	How   Alteration
}

// Alteration is the way in which a member was changed.
type Alteration int

// The alterations of members.
const (
	Unreadable Alteration = iota // the field is nil, zero or false
	Repaired                     // text that is no Unicode became U+FFFD
	Renamed                      // the second of two equal names of an object was changed
)

// repaired reports whether decoding JSON has put U+FFFD in place of text that is no
// Unicode.
func repaired(raw, decoded []byte) bool {
	replacement := []byte("\ufffd")
	if !bytes.Contains(decoded, replacement) {
		return false
	}
	sent := bytes.Count(raw, replacement) + bytes.Count(bytes.ToLower(raw), []byte(`\ufffd`))
	return bytes.Count(decoded, replacement) > sent
}
