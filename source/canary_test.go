package source_test

import (
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"html"
	"net/url"
	"strings"
	"testing"
)

// canaries is a secret in every form in which it may travel.
func canaries(secret string) map[string]string {
	quoted := quote(secret)
	inJSON := quoted[1 : len(quoted)-1]
	return map[string]string{
		"raw": secret, "base64": base64.StdEncoding.EncodeToString([]byte(secret)), "base64 for URLs": base64.RawURLEncoding.EncodeToString([]byte(secret)),
		"base64 of more": base64.StdEncoding.EncodeToString([]byte("x:" + secret + ":")), "base64 after one byte": base64.StdEncoding.EncodeToString([]byte(":" + secret + "::")),
		"basic authentication": base64.StdEncoding.EncodeToString([]byte("client:" + url.QueryEscape(secret) + "::")),
		"hex":                  hex.EncodeToString([]byte(secret)), "upper-case hex": strings.ToUpper(hex.EncodeToString([]byte(secret))),
		"a query": url.QueryEscape(secret), "a path": url.PathEscape(secret), "HTML": html.EscapeString(secret), "JSON": inJSON,
		"the HTML of PHP": strings.ReplaceAll(html.EscapeString(secret), "&#34;", "&quot;"), "the JSON of PHP": strings.ReplaceAll(inJSON, "/", `\/`),
	}
}

// leaks checks that no output holds a secret in any form, be it as the bytes
// of the output or as what a reader of its JSON gets.
func leaks(t *testing.T, where, text string, secrets ...string) {
	t.Helper()
	unescaped := strings.NewReplacer(`\\`, `\`, `\"`, `"`, `\/`, `/`, `\u0026`, `&`, `\u003c`, `<`, `\u003e`, `>`)
	once := unescaped.Replace(text)
	for _, read := range []string{text, once, unescaped.Replace(once)} {
		for _, secret := range secrets {
			for name, form := range canaries(secret) {
				if strings.HasPrefix(name, "ba") {
					form = form[4 : len(form)-4] // the ends hold the neighbors' bits
				}
				if at := strings.Index(read, form); at >= 0 {
					t.Errorf("%s holds a secret (%s): …%s…", where, name, read[max(0, at-200):min(len(read), at+len(form)+20)])
				}
			}
		}
	}
}

func quote(text string) string {
	quoted, err := json.Marshal(text)
	if err != nil {
		panic(err)
	}
	return string(quoted)
}
