package source_test

import (
	"strings"
	"testing"

	"github.com/birdie-ai/source-qualtrics/integration_tests/testkit"
)

// Every user of a machine can read its processes' arguments: whoever passes a
// secret there is told so, and the secret is not repeated.
func TestCommandLine_TakesNoSecrets(t *testing.T) {
	t.Parallel()
	const token, jwt = "aBcDeFgHiJkLmNoPqRsTuVwXyZ0123456789aBcD", "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0In0.c2lnbmF0dXJl"
	for _, args := range [][]string{
		{token},
		{"check", "--config", "config.json", token},
		{"check", "--config", token},
		{"check", "--config=" + token},
		{"check", "--config", "config.json", "--api-token", "short-1"},
		{"check", "--config", "config.json", "--api_token=short-1"},
		{"check", "--config", "config.json", "--X-API-TOKEN=" + token},
		{"check", "--config", "config.json", "--client-secret", token},
		{"check", "--config", "config.json", "-password=" + token},
		{"check", "--config", "config.json", "--apikey=" + token},
		{"check", "--" + token},
		{"export", "--config", "config.json", "--to", "data", "--streams", token},
		{"export", "--config", "config.json", "--to", token},
		{"surveys", "--config", "config.json", "--authorization", "Bearer " + token},
		{"surveys", "--config", "config.json", jwt},
		{"sandbox", "--surveys", token},
		{"help", token},
	} {
		tn := newTenant(t, small)
		got := tn.run(t, args...)
		if text := got.stdout + got.stderr; got.code != 1 || !strings.Contains(text, "everybody on this machine can read") || !strings.Contains(text, "configuration file") {
			t.Errorf("%q: got exit code %d and %q, want 1 and a refusal", args, got.code, text)
		}
		leaks(t, "the output", got.stdout+got.stderr, token, jwt)
		if calls := requests(tn); calls != 0 {
			t.Errorf("%q: got %d calls, want none", args, calls)
		}
	}
}

func TestCommandLine_TakesLongNamesOfFiles(t *testing.T) {
	t.Parallel()
	for _, name := range []string{"./0123456789abcdef0123456789abcdef", "source-qualtrics-configuration-2026-01-01.json", "/run/secrets/qualtrics-token-0123456789.json", "aLongNameWithoutAnyDigitThatIsInNoWayAToken"} {
		tn := newTenant(t, small)
		tn.files[name] = testkit.Encode(tn.config)
		if got := tn.run(t, "discover", "--config", name); got.code != 0 {
			t.Errorf("%s: got exit code %d and %s, want 0", name, got.code, got.stdout)
		}
	}
}
