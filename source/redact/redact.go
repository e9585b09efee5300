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
	"slices"
	"strings"
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
	mu       sync.RWMutex
	secrets  map[string]bool
	known    map[string]bool   // the secrets in all their forms
	replacer *strings.Replacer // nil: nothing is known
	finder   *finder
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
	forms := make([]string, 0, len(r.known))
	for form := range r.known {
		forms = append(forms, form)
	}
	// The replacer tries its pairs in order, so the longest form comes first.
	slices.SortFunc(forms, func(a, b string) int {
		if len(a) != len(b) {
			return len(b) - len(a)
		}
		return strings.Compare(a, b)
	})
	pairs := make([]string, 0, 2*len(forms))
	for _, form := range forms {
		pairs = append(pairs, form, Mask)
	}
	r.replacer, r.finder = strings.NewReplacer(pairs...), newFinder(forms)
}

// String returns text with every known secret, in any known encoding, masked.
func (r *Redactor) String(text string) string {
	if r == nil {
		return text
	}
	r.mu.RLock()
	defer r.mu.RUnlock()
	if r.finder == nil || !found(r.finder, text) {
		return text
	}
	return r.replacer.Replace(text)
}

// Bytes is String for bytes. It returns the text itself where there is
// nothing to mask, and never changes it.
func (r *Redactor) Bytes(text []byte) []byte {
	if r == nil {
		return text
	}
	r.mu.RLock()
	defer r.mu.RUnlock()
	if r.finder == nil || !found(r.finder, text) {
		return text
	}
	return []byte(r.replacer.Replace(string(text)))
}
