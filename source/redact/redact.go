// Package redact keeps secrets out of everything the connector prints.
//
// [Secret] is a string that no printing verb, encoder or logger shows. A
// [Redactor] replaces the secrets it was told about, in the encodings in which
// they travel, wherever text from outside (a server's error message, a URL)
// is about to be shown.
package redact

import (
	"fmt"
	"io"
	"log/slog"
	"maps"
	"slices"
	"sync"
)

// Mask is what stands in the place of a secret.
const Mask = "[redacted]"

// MinLength is the shortest secret, in bytes, that a [Redactor] replaces:
// anything shorter would eat ordinary text. The configuration refuses shorter
// ones.
const MinLength = 8

// Secret is a credential. Every way of printing or encoding it gives [Mask];
// only Reveal returns the value.
type Secret string

// Reveal returns the raw value, to be put into a request and nowhere else.
func (s Secret) Reveal() string { return string(s) }

// String returns the mask.
func (Secret) String() string { return Mask }

// GoString returns the mask, for %#v.
func (Secret) GoString() string { return Mask }

// Format prints the mask for every verb.
func (Secret) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, Mask) }

// MarshalText returns the mask, for JSON and every other text encoding.
func (Secret) MarshalText() ([]byte, error) { return []byte(Mask), nil }

// LogValue returns the mask, for log/slog.
func (Secret) LogValue() slog.Value { return slog.StringValue(Mask) }

// Redactor replaces known secrets in text. The zero value knows none; it is
// safe for concurrent use, and a nil *Redactor changes nothing.
type Redactor struct {
	mu      sync.RWMutex
	secrets map[string]bool
	known   map[string]bool // the secrets in all their forms
	finder  *finder         // nil: nothing is known
}

// New returns a redactor that knows the given secrets.
func New(secrets ...Secret) *Redactor {
	r := &Redactor{}
	r.Add(secrets...)
	return r
}

// Add makes further secrets known, such as an access token that was just
// issued. Those shorter than [MinLength] are left out.
func (r *Redactor) Add(secrets ...Secret) {
	if r == nil {
		return
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.known == nil {
		r.secrets, r.known = make(map[string]bool), make(map[string]bool)
	}
	news := false
	for _, secret := range secrets {
		if len(secret) < MinLength || r.secrets[secret.Reveal()] {
			continue
		}
		r.secrets[secret.Reveal()], news = true, true
		for _, form := range encodings(secret.Reveal()) {
			r.known[form] = true
		}
	}
	if !news {
		return
	}
	r.finder = newFinder(slices.Collect(maps.Keys(r.known)))
}

// String returns text with every known secret, in any known encoding, masked.
// Secrets that overlap have one mask.
func (r *Redactor) String(text string) string {
	if masked := masked(r, text); masked != nil {
		return string(masked)
	}
	return text
}

// Bytes is String for bytes. It returns the text itself where there is
// nothing to mask, and never changes it.
func (r *Redactor) Bytes(text []byte) []byte {
	if masked := masked(r, text); masked != nil {
		return masked
	}
	return text
}

// masked is the text with every secret masked; nil where it holds none.
func masked[T string | []byte](r *Redactor, text T) (out []byte) {
	if r == nil {
		return nil
	}
	r.mu.RLock()
	defer r.mu.RUnlock()
	if r.finder == nil {
		return nil
	}
	shown := 0 // the text before is in out, or behind a mask
	for start, end := range found(r.finder, text) {
		if start >= shown {
			out = append(append(out, text[shown:start]...), Mask...)
		}
		shown = max(shown, end)
	}
	if out == nil {
		return nil
	}
	return append(out, text[shown:]...)
}
