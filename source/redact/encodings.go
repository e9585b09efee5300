package redact

import (
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"html"
	"net/url"
	"strings"
)

// encodings lists the encoded forms of a secret that text can contain.
func encodings(secret string) []string {
	forms := []string{secret}
	for _, escaped := range []string{url.QueryEscape(secret), url.PathEscape(secret)} {
		forms = append(forms, escaped, lowerEscapes(escaped))
	}
	// Libraries of other languages escape quotes differently.
	asHTML := html.EscapeString(secret)
	forms = append(forms, asHTML,
		strings.NewReplacer("&#34;", "&quot;").Replace(asHTML),
		strings.NewReplacer("&#34;", "&quot;", "&#39;", "&#039;").Replace(asHTML),
		strings.NewReplacer("&#34;", "&quot;", "&#39;", "&#x27;").Replace(asHTML),
		strings.NewReplacer("&#34;", "&quot;", "&#39;", "&apos;").Replace(asHTML))
	inHex := hex.EncodeToString([]byte(secret))
	forms = append(forms, inHex, strings.ToUpper(inHex))
	forms = append(forms, base64Forms(secret)...)
	// Basic authentication of OAuth escapes before base64 (RFC 6749 §2.3.1).
	forms = append(forms, base64Forms(url.QueryEscape(secret))...)
	// A log line is JSON, and may quote an answer that is JSON: two layers.
	for range 2 {
		for _, form := range forms {
			forms = append(forms, jsonForms(form)...)
		}
	}
	return forms
}

// jsonForms lists the forms of text in a JSON string. Go escapes HTML or not, PHP
// escapes the slash, and our records escape control characters in their own way.
func jsonForms(text string) []string {
	if !strings.ContainsFunc(text, func(c rune) bool { return c < ' ' || c > '~' || strings.ContainsRune(`"\/<>&`, c) }) {
		return nil // nothing to escape
	}
	var forms []string
	for _, asHTML := range []bool{true, false} {
		var quoted strings.Builder
		encoder := json.NewEncoder(&quoted)
		encoder.SetEscapeHTML(asHTML)
		if encoder.Encode(text) != nil {
			continue
		}
		form := strings.TrimSuffix(quoted.String(), "\n")
		form = form[1 : len(form)-1]
		for _, each := range []string{form, strings.ReplaceAll(form, "/", `\/`), asRecord.Replace(form)} {
			if each != text {
				forms = append(forms, each)
			}
		}
	}
	return forms
}

// asRecord turns the escapes of Go's encoder into those of our records.
var asRecord = strings.NewReplacer(`\\`, `\\`, `\b`, `\u0008`, `\f`, `\u000c`, "\x7f", `\u007f`, "\u0085", `\u0085`)

// base64Forms lists the base64 of a secret inside a longer text, for each of its
// three offsets in a group of three bytes. Characters that also depend on the
// neighbors are left out.
func base64Forms(secret string) []string {
	var forms []string
	for _, encoding := range []*base64.Encoding{base64.RawStdEncoding, base64.RawURLEncoding} {
		for shift := range 3 {
			padded := encoding.EncodeToString([]byte(strings.Repeat("\x00", shift) + secret))
			first := (shift*8 + 5) / 6
			last := (shift + len(secret)) * 8 / 6
			if last-first >= MinLength {
				forms = append(forms, padded[first:last])
			}
		}
	}
	return forms
}

// lowerEscapes turns percent-escapes into lower case: %2F becomes %2f.
func lowerEscapes(escaped string) string {
	lower := []byte(escaped)
	for i := 0; i+2 < len(lower); i++ {
		if lower[i] == '%' {
			copy(lower[i+1:], strings.ToLower(escaped[i+1:i+3]))
			i += 2
		}
	}
	return string(lower)
}
