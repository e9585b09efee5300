package redact_test

import (
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"html"
	"log/slog"
	"net/url"
	"strings"
	"testing"

	"github.com/birdie-ai/source-qualtrics/source/redact"
)

const canary = `caf<é>"&+/ canary 0123456789`

func TestSecret_NoVerbEncoderOrLoggerShowsIt(t *testing.T) {
	t.Parallel()
	secret := redact.Secret(canary)
	holder := struct {
		Token redact.Secret
		Many  []redact.Secret
	}{secret, []redact.Secret{secret}}

	var shown strings.Builder
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%X", "%d"} {
		fmt.Fprintf(&shown, verb+"\n"+verb+"\n", secret, holder)
	}
	encoded, err := json.Marshal(holder)
	if err != nil {
		t.Fatal(err)
	}
	shown.Write(encoded)
	slog.New(slog.NewTextHandler(&shown, nil)).Info("token", "secret", secret, "holder", holder)
	slog.New(slog.NewJSONHandler(&shown, nil)).Info("token", "secret", secret, "holder", holder)

	if strings.Contains(shown.String(), "canary") || strings.Contains(shown.String(), hex.EncodeToString([]byte("canary"))) {
		t.Errorf("a secret was printed:\n%s", shown.String())
	}
	if secret.Reveal() != canary {
		t.Errorf("Reveal() = %q, want the value itself", secret.Reveal())
	}
}

func TestRedactor_MasksEveryEncoding(t *testing.T) {
	t.Parallel()
	quoted, err := json.Marshal(canary)
	if err != nil {
		t.Fatal(err)
	}
	redactor := redact.New(canary)
	for name, text := range map[string]string{
		"raw":                 canary,
		"query":               url.QueryEscape(canary),
		"path":                url.PathEscape(canary),
		"json":                string(quoted),
		"html":                html.EscapeString(canary),
		"hex":                 hex.EncodeToString([]byte(canary)),
		"upper hex":           strings.ToUpper(hex.EncodeToString([]byte(canary))),
		"base64":              base64.StdEncoding.EncodeToString([]byte(canary)),
		"base64url":           base64.URLEncoding.EncodeToString([]byte(canary)),
		"basic auth":          base64.StdEncoding.EncodeToString([]byte("client:" + canary)),
		"shifted":             base64.StdEncoding.EncodeToString([]byte("ab" + canary + "tail")),
		"basic auth of OAuth": base64.StdEncoding.EncodeToString([]byte("client:" + url.QueryEscape(canary))),
		"lower-case escapes":  strings.ToLower(url.QueryEscape(strings.ToLower(canary))),
		"json of PHP":         strings.ReplaceAll(string(quoted), "/", `\/`),
		"json in json":        strings.ReplaceAll(strings.ReplaceAll(string(quoted), `\`, `\\`), `"`, `\"`),
		"html in json":        strings.ReplaceAll(html.EscapeString(canary), "&", `\u0026`),
		"html of PHP":         strings.ReplaceAll(html.EscapeString(canary), "&#34;", "&quot;"),
	} {
		got := redactor.String("before " + text + " after")
		if again := string(redactor.Bytes([]byte("before " + text + " after"))); again != got {
			t.Errorf("%s: as bytes it is %q, as text %q", name, again, got)
		}
		if !strings.Contains(got, redact.Mask) {
			t.Errorf("%s: %q was not masked", name, got)
		}
		if strings.Contains(got, "canary") {
			t.Errorf("%s: %q still holds the secret", name, got)
		}
		if !strings.HasPrefix(got, "before ") || !strings.HasSuffix(got, " after") {
			t.Errorf("%s: %q lost its surroundings", name, got)
		}
	}
}

func TestRedactor_FindsASecretAtEveryAlignmentOfBase64(t *testing.T) {
	t.Parallel()
	for _, secret := range []redact.Secret{"12345678", "\xff\xfe\xfd~~~???>>>", "a-secret-of-some-length"} {
		redactor := redact.New(secret)
		for before := range 7 {
			for after := range 7 {
				text := strings.Repeat("x", before) + secret.Reveal() + strings.Repeat("y", after)
				for _, encoding := range []*base64.Encoding{base64.StdEncoding, base64.RawStdEncoding, base64.URLEncoding, base64.RawURLEncoding} {
					if encoded := encoding.EncodeToString([]byte(text)); !strings.Contains(redactor.String(encoded), redact.Mask) {
						t.Errorf("%q after %d and before %d bytes: %s was not masked", secret.Reveal(), before, after, encoded)
					}
				}
			}
		}
	}
}

func TestRedactor_DoesNotChangeSimilarText(t *testing.T) {
	t.Parallel()
	redactor := redact.New("token-0123456789", "another/secret+")
	for _, text := range []string{"", "token", "token-012345678", "oken-0123456789", "TOKEN-0123456789", "another/secret", strings.Repeat("token-012345678 ", 100)} {
		if got := redactor.String(text); got != text {
			t.Errorf("got %q, want %q", got, text)
		}
		if held := []byte(text); string(redactor.Bytes(held)) != text || len(text) > 0 && &redactor.Bytes(held)[0] != &held[0] {
			t.Errorf("%q: the bytes were copied", text)
		}
	}
}

func TestRedactor_MasksSecretsAddedLater(t *testing.T) {
	t.Parallel()
	redactor := redact.New("first-secret")
	redactor.Add("second-secret", "short")
	got := redactor.String("first-secret second-secret short")
	if want := "[redacted] [redacted] short"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}

// Secrets may contain or overlap each other: one mask replaces both completely.
func TestRedactor_MasksSecretsThatOverlap(t *testing.T) {
	t.Parallel()
	const short, long, tail = "token-0123", "token-0123456789", "456789-rest-of-it"
	tests := map[string]struct {
		secrets    []redact.Secret
		text, want string
	}{
		"the prefix known first":     {[]redact.Secret{short, long}, "a " + long + " b", "a [redacted] b"},
		"the prefix known last":      {[]redact.Secret{long, short}, "a " + long + " b", "a [redacted] b"},
		"the prefix alone":           {[]redact.Secret{long, short}, "a " + short + "x b", "a [redacted]x b"},
		"one contains the other":     {[]redact.Secret{"en-012345", long}, long, "[redacted]"},
		"two overlap":                {[]redact.Secret{long, tail}, "a token-0123456789-rest-of-it b", "a [redacted] b"},
		"a longer one overlaps":      {[]redact.Secret{"89-later", long}, "token-0123456789-later.", "[redacted]."},
		"three in a row":             {[]redact.Secret{"abcdefgh", "fghijklm", "lmnopqrs"}, "abcdefghijklmnopqrs", "[redacted]"},
		"one overlaps itself":        {[]redact.Secret{"abababab"}, "xababababababy", "x[redacted]y"},
		"two adjacent":               {[]redact.Secret{short, tail}, short + tail, "[redacted][redacted]"},
		"each in another encoding":   {[]redact.Secret{"needs%25", "25escapes"}, "needs%2525escapes", "[redacted]"},
		"one too short to be masked": {[]redact.Secret{"token-0", long}, "token-0 " + long, "token-0 [redacted]"},
	}
	for name, test := range tests {
		r := redact.New(test.secrets...)
		if got := r.String(test.text); got != test.want {
			t.Errorf("%s: got %q, want %q", name, got, test.want)
		}
		if got := string(r.Bytes([]byte(test.text))); got != test.want {
			t.Errorf("%s: as bytes got %q, want %q", name, got, test.want)
		}
	}
}

func TestRedactor_NilAndZeroChangeNothing(t *testing.T) {
	t.Parallel()
	var none *redact.Redactor
	none.Add("a-long-secret")
	var zero redact.Redactor
	for _, redactor := range []*redact.Redactor{none, &zero} {
		if got := redactor.String("a-long-secret") + string(redactor.Bytes([]byte("a-long-secret"))); got != "a-long-secreta-long-secret" {
			t.Errorf("got %q, want the text unchanged", got)
		}
	}
}
