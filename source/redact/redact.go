// Package redact keeps secrets out of everything that the connector prints.
//
// [Secret] is a string that no printing verb, encoder or logger shows. A
// [Redactor] replaces known secrets in text from outside, such as the error
// message of a server or a URL. It also finds their encoded forms.
package redact

import (
	"fmt"
	"io"
	"log/slog"
	"maps"
	"slices"
	"sync"
	"sync/atomic"
)

// Mask replaces a secret in text.
const Mask = "[redacted]"

// MinLength is the shortest secret, in bytes, that a [Redactor] replaces, because
// a shorter one may occur in ordinary text. The configuration refuses shorter
// secrets.
const MinLength = 8

// Secret is a credential. Printing or encoding it writes [Mask]; only Reveal
// returns the value.
type Secret string

// Reveal returns the value, for use in a request only.
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

// Redactor replaces known secrets in text. It is safe for concurrent use. The zero
// value has no secrets, and a nil *Redactor changes nothing.
type Redactor struct {
	mu      sync.Mutex // of adding secrets
	secrets map[string]bool
	known   map[string]bool        // the secrets in all encoded forms
	finder  atomic.Pointer[finder] // nil: no secrets
}

// New returns a redactor of the given secrets.
func New(secrets ...Secret) *Redactor {
	r := &Redactor{}
	r.Add(secrets...)
	return r
}

// Add adds secrets, such as a new access token. It ignores secrets shorter than
// [MinLength].
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
	r.finder.Store(newFinder(slices.Collect(maps.Keys(r.known))))
}

// String returns text in which the mask replaces every secret and encoded form.
// Overlapping secrets get one mask.
func (r *Redactor) String(text string) string {
	if masked := masked(r, text); masked != nil {
		return string(masked)
	}
	return text
}

// Bytes is String for bytes. It does not change text, and returns text itself if
// there is no secret in it.
func (r *Redactor) Bytes(text []byte) []byte {
	if masked := masked(r, text); masked != nil {
		return masked
	}
	return text
}

// masked returns text with every secret masked; nil if there is none.
func masked[T string | []byte](r *Redactor, text T) (out []byte) {
	if r == nil {
		return nil
	}
	finder := r.finder.Load()
	if finder == nil || len(text) < finder.window {
		return nil
	}
	shown := 0 // text[:shown] was copied or masked
	for start, end := range found(finder, text) {
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
