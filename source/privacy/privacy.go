// Package privacy leaves personal data out of responses and contacts, or hashes it.
//
// [Rules] are the settings of a connection. [Rules.Survey] applies them to the questions and
// fields of one survey. It lists the names that an export asks for, and decides about each value
// that arrives.
package privacy

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"slices"
	"strings"

	"github.com/birdie-ai/source-qualtrics/source/frame"
	"github.com/birdie-ai/source-qualtrics/source/pasted"
)

// Treatment decides about a value.
type Treatment uint8

// The treatments of a value.
const (
	Keep     Treatment = iota
	LeaveOut           // it is never delivered
	Hash               // its keyed hash is delivered instead
)

// Settings are the privacy settings of a configuration.
type Settings struct {
	Strict       bool     // leave out data that usually identifies a person
	Metadata     []string // names of metadata to leave out
	Questions    []string // QID7, SV_1/QID7, or patterns of question tags
	EmbeddedData []string // patterns of names to leave out
	Hash         []string // names of metadata, or embedded_data. with a pattern of names
	Key          string   // of the hashes
}

// Rules are settings that were checked. nil: nothing is left out or hashed.
type Rules struct {
	strict   bool
	metadata map[string]Treatment // by name; names that are kept are absent
	ids      map[string]bool      // QID7, or SV_1/QID7
	tags     []tagRule
	embedded []string // patterns of names to leave out
	hashed   []string // patterns of names to hash
	key      []byte
	mark     string
}

// tagRule leaves out the questions whose tag matches.
type tagRule struct {
	survey  string // "": in all surveys
	pattern string
}

// Mark is a short checksum of the settings: "" for none. It tells nothing about the key.
func (r *Rules) Mark() string {
	if r == nil {
		return ""
	}
	return r.mark
}

// markVersion is part of each checksum. It changes when equal settings have another effect.
const markVersion = 1

// makeMark makes the checksum. Two bytes of an HMAC stand for the key: they show most changes,
// and do not confirm a guess of the key.
func makeMark(s *Settings) string {
	sorted := func(texts []string) []string { return slices.Sorted(slices.Values(texts)) }
	var key []byte
	if s.Key != "" {
		key = mac([]byte(s.Key), "settings", nil)[:2]
	}
	text, _ := json.Marshal([]any{markVersion, s.Strict, sorted(s.Metadata), sorted(s.Questions), sorted(s.EmbeddedData), sorted(s.Hash), key}) // texts and numbers only
	sum := sha256.Sum256(text)
	return base64.RawURLEncoding.EncodeToString(sum[:6])
}

// Metadata returns the treatment of a metadata field of responses, or of the contact's field that
// fills it. See [Fields].
func (r *Rules) Metadata(name string) Treatment {
	if r == nil {
		return Keep
	}
	return r.metadata[name]
}

// EmbeddedData returns the treatment of a field of embedded data.
func (r *Rules) EmbeddedData(name string) Treatment {
	if r == nil {
		return Keep
	}
	names := []string{name}
	// A name that collides with a column is exported with this prefix (API §3.6).
	if original, ok := strings.CutPrefix(name, "QSED"); ok {
		names = append(names, original)
	}
	treatment := Keep
	for _, name := range names {
		// A field may have the name of metadata, perhaps in other letters.
		like := canonicalName(name)
		switch {
		case slices.Contains(strictNames, like) && r.metadata[like] == LeaveOut, matchesAny(r.embedded, name), r.strict && isPersonal(name) && !matchesAny(r.hashed, name):
			return LeaveOut
		case matchesAny(r.hashed, name):
			treatment = Hash
		}
	}
	return treatment
}

func matchesAny(patterns []string, name string) bool {
	return slices.ContainsFunc(patterns, func(pattern string) bool { return pasted.Matches(pattern, name) })
}

// HashMetadata returns the hash of a metadata field, as a JSON text.
func (r *Rules) HashMetadata(name string, value []byte) []byte { return r.hash(name, value) }

// HashEmbeddedData returns the hash of a field of embedded data, as a JSON text.
func (r *Rules) HashEmbeddedData(name string, value []byte) []byte {
	return r.hash(embeddedPrefix+name, value)
}

// hash hashes a raw JSON value of a field. A text is hashed without its quotes, and a number like
// the text of its digits. Absent values stay as they are: null and the empty text.
func (r *Rules) hash(field string, value []byte) []byte {
	switch text, ok := frame.String(value); {
	case ok && text == "", frame.Kind(value) == 'n', frame.Kind(value) == 0:
		return value
	case ok:
		value = []byte(text)
	}
	sum := mac(r.key, field, value)
	quoted := make([]byte, 0, 2+hex.EncodedLen(len(sum)))
	return append(hex.AppendEncode(append(quoted, '"'), sum), '"')
}

// mac makes the HMAC-SHA-256 of a value. The name of the field separates it from other fields.
func mac(key []byte, field string, value []byte) []byte {
	h := hmac.New(sha256.New, key)
	_, _ = h.Write([]byte("source-qualtrics\x00" + field + "\x00"))
	_, _ = h.Write(value)
	return h.Sum(nil)
}

// Text applies the rules to a field of a contact: it returns the value, its hash, or nil.
func (r *Rules) Text(name string, value *string) *string {
	if value == nil {
		return nil
	}
	switch r.Metadata(name) {
	case LeaveOut:
		return nil
	case Hash:
		if *value == "" {
			return value
		}
		text := hex.EncodeToString(mac(r.key, name, []byte(*value)))
		return &text
	default:
		return value
	}
}

// Object applies the rules to an object of embedded data.
func (r *Rules) Object(object json.RawMessage) json.RawMessage {
	var scanner frame.Scanner
	taken, ok := scanner.Object(object)
	if r == nil || !ok {
		return object
	}
	changed := []byte{'{'}
	for _, m := range taken.Members {
		name, value := string(m.Name), m.Value
		switch r.EmbeddedData(name) {
		case LeaveOut:
			continue
		case Hash:
			value = r.HashEmbeddedData(name, value)
		}
		if len(changed) > 1 {
			changed = append(changed, ',')
		}
		quoted, _ := json.Marshal(name) // a text
		changed = append(append(append(changed, quoted...), ':'), value...)
	}
	return append(changed, '}')
}
