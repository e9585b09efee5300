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
		"raw":        canary,
		"query":      url.QueryEscape(canary),
		"path":       url.PathEscape(canary),
		"json":       string(quoted),
		"html":       html.EscapeString(canary),
		"hex":        hex.EncodeToString([]byte(canary)),
		"upper hex":  strings.ToUpper(hex.EncodeToString([]byte(canary))),
		"base64":     base64.StdEncoding.EncodeToString([]byte(canary)),
		"base64url":  base64.URLEncoding.EncodeToString([]byte(canary)),
		"basic auth": base64.StdEncoding.EncodeToString([]byte("client:" + canary)),
		"shifted":    base64.StdEncoding.EncodeToString([]byte("ab" + canary + "tail")),
	} {
		got := redactor.String("before " + text + " after")
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

func TestRedactor_LaterSecretsAreKnownToo(t *testing.T) {
	t.Parallel()
	redactor := redact.New("first-secret")
	redactor.Add("second-secret", "short")
	got := redactor.String("first-secret second-secret short")
	if want := "[redacted] [redacted] short"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}

func TestRedactor_NilAndZeroChangeNothing(t *testing.T) {
	t.Parallel()
	var none *redact.Redactor
	none.Add("a-long-secret")
	var zero redact.Redactor
	for _, redactor := range []*redact.Redactor{none, &zero} {
		if got := redactor.String("a-long-secret"); got != "a-long-secret" {
			t.Errorf("got %q, want the text unchanged", got)
		}
	}
}
