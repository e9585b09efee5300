package redact

import (
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"html"
	"net/url"
	"strings"
)

// encodings lists the forms in which a secret can turn up in text.
func encodings(secret string) []string {
	forms := []string{secret}
	for _, escaped := range []string{url.QueryEscape(secret), url.PathEscape(secret)} {
		forms = append(forms, escaped, lowerEscapes(escaped))
	}
	// Other languages name quotes differently.
	asHTML := html.EscapeString(secret)
	forms = append(forms, asHTML,
		strings.NewReplacer("&#34;", "&quot;").Replace(asHTML),
		strings.NewReplacer("&#34;", "&quot;", "&#39;", "&#039;").Replace(asHTML),
		strings.NewReplacer("&#34;", "&quot;", "&#39;", "&#x27;").Replace(asHTML),
		strings.NewReplacer("&#34;", "&quot;", "&#39;", "&apos;").Replace(asHTML))
	inHex := hex.EncodeToString([]byte(secret))
	forms = append(forms, inHex, strings.ToUpper(inHex))
	forms = append(forms, base64Forms(secret)...)
	// OAuth's basic authentication escapes before it encodes (RFC 6749 §2.3.1).
	forms = append(forms, base64Forms(url.QueryEscape(secret))...)
	// A form that came as the text of a JSON value leaves as one, and a value
	// may hold a whole answer: two layers of JSON.
	for range 2 {
		for _, form := range forms {
			forms = append(forms, jsonForms(form)...)
		}
	}
	return forms
}

// jsonForms are the ways to write text in a JSON string: as Go does, without
// its care for HTML, with the slash escaped, as PHP does, and as our records
// are written.
func jsonForms(text string) []string {
	if !strings.ContainsFunc(text, func(c rune) bool { return c < ' ' || c > '~' || strings.ContainsRune(`"\/<>&`, c) }) {
		return nil // as it is
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

// asRecord turns what Go's encoder wrote into what our records have.
var asRecord = strings.NewReplacer(`\\`, `\\`, `\b`, `\u0008`, `\f`, `\u000c`, "\x7f", `\u007f`, "\u0085", `\u0085`)

// base64Forms are the base64 of a longer text that holds the secret: they
// depend on where it starts in a group of three bytes. The characters that
// also depend on its neighbors are left out.
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

// lowerEscapes writes the digits of percent-escapes small.
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
