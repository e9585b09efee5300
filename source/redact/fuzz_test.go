package redact_test

import (
	"bytes"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"html"
	"net/url"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/birdie-ai/source-qualtrics/source/jsonsafe"
	"github.com/birdie-ai/source-qualtrics/source/redact"
)

// encodedForms returns a secret in each encoding, by name, with the text around
// before and after it.
func encodedForms(secret, around string) map[string]string {
	quote := func(text string, asHTML bool) string {
		var quoted strings.Builder
		encoder := json.NewEncoder(&quoted)
		encoder.SetEscapeHTML(asHTML)
		if err := encoder.Encode(text); err != nil {
			return ""
		}
		return strings.TrimSuffix(quoted.String(), "\n")
	}
	both := around + secret + around
	forms := map[string]string{
		"raw":           both,
		"query":         url.QueryEscape(both),
		"path":          url.PathEscape(both),
		"html":          html.EscapeString(both),
		"hex":           hex.EncodeToString([]byte(both)),
		"upper hex":     strings.ToUpper(hex.EncodeToString([]byte(both))),
		"base64":        base64.StdEncoding.EncodeToString([]byte(both)),
		"base64url":     base64.RawURLEncoding.EncodeToString([]byte(both)),
		"OAuth's basic": base64.StdEncoding.EncodeToString([]byte(around + ":" + url.QueryEscape(secret))),
	}
	if utf8.ValidString(both) {
		forms["json"] = quote(both, true)
		forms["json without care for HTML"] = quote(both, false)
		forms["json of a record"] = string(jsonsafe.AppendString(nil, both))
		forms["json of PHP"] = strings.ReplaceAll(quote(both, false), "/", `\/`)
		forms["json in json"] = quote(quote(both, false), true)
		forms["json in a record"] = string(jsonsafe.AppendString(nil, quote(both, false)))
		forms["html in json"] = quote(html.EscapeString(both), true)
		forms["a query in json"] = quote(url.QueryEscape(both), true)
	}
	return forms
}

// A secret is masked in each encoding, at each place, however the text is split
// into writes, and if another secret overlaps it. Text without a secret is
// unchanged.
func FuzzWriter(f *testing.F) {
	f.Add("abcdefgh", "x", []byte{1}, "")
	f.Add("aaaaaaaa", "aaaaaaaaa", []byte{3, 5}, "aaaaaaaaaaaa")
	f.Add(`caf<é>"&+/ canary 'x'`, "\"\n", []byte{7, 0, 1}, "'x' another")
	f.Add("tok%en/with+signs==", "\r\n\xff", []byte{2, 9}, "tok%en/with")
	f.Add("a\u2028\u0085\x7f\\b\tcd", "/", []byte{250}, "b\tcd-efgh")
	f.Add("\b\f\\bc\x01def", "/", []byte{250}, "e2b\f\\bc\x01d")
	f.Add("[redacted]", "]", []byte{4}, "redacted][redacted")
	f.Add("token-0123456789", ", ", []byte{20}, "456789-the-rest")
	f.Fuzz(func(t *testing.T, secret, around string, cuts []byte, second string) {
		secrets := []string{secret}
		if len(second) >= redact.MinLength {
			secrets = append(secrets, second)
		}
		r := redact.New()
		for _, one := range secrets {
			switch {
			case len(one) < redact.MinLength || len(one) > 200 || len(around) > 200:
				return
			case strings.ContainsAny(one, "\r\n"):
				return // no configuration takes one that is printed
			case strings.Contains(redact.Mask, one) || strings.Contains(one+around, redact.Mask):
				return // the mask is no secret
			}
			r.Add(redact.Secret(one))
		}
		for _, one := range secrets {
			for name, form := range encodedForms(one, around) {
				got := written(t, r, form, cuts)
				if want := r.String(form); got != want {
					t.Errorf("%s: cut by %v got %q, as a whole %q", name, cuts, got, want)
				}
				// The mask itself may complete a secret with its neighbors.
				if left := strings.ReplaceAll(got, redact.Mask, "\n"); left == got || strings.Contains(left, one) {
					t.Errorf("%s: the secret %q in %q was not masked: %q", name, one, form, got)
				}
			}
		}
		joined := join(secret, second)
		if got := r.String(joined); len(secrets) == 2 && strings.ReplaceAll(got, redact.Mask, "") != "" {
			t.Errorf("of %q, made of %q and %q, a part is visible: %q", joined, secret, second, got)
		}
		if got := written(t, redact.New(), around+secret, cuts); got != around+secret {
			t.Errorf("without a secret %q became %q", around+secret, got)
		}
	})
}

// join returns the shortest text that begins with first and ends with second.
func join(first, second string) string {
	for i := max(0, len(first)-len(second)); ; i++ {
		if strings.HasPrefix(second, first[i:]) {
			return first + second[len(first)-i:]
		}
	}
}

// written returns the output of a writer for a text that is split into pieces of
// the lengths cuts, repeatedly.
func written(t *testing.T, r *redact.Redactor, text string, cuts []byte) string {
	t.Helper()
	var out bytes.Buffer
	w := r.Writer(&out)
	for i := 0; text != ""; i++ {
		n := len(text)
		if len(cuts) > 0 {
			n = min(n, 1+int(cuts[i%len(cuts)]))
		}
		if got, err := w.Write([]byte(text[:n])); got != n || err != nil {
			t.Fatalf("wrote %d of %d bytes, %v", got, n, err)
		}
		text = text[n:]
	}
	if err := w.Flush(); err != nil {
		t.Fatal(err)
	}
	return out.String()
}
