package source_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
)

// Who runs the program by hand may keep the secret in the environment.
func TestCheck_TakesAMissingSecretFromTheEnvironment(t *testing.T) {
	t.Parallel()
	for variable, prepare := range map[string]func(tn *tenant) (string, map[string]any){
		"QUALTRICS_API_TOKEN": func(tn *tenant) (string, map[string]any) {
			return tn.Credentials().APIToken, map[string]any{"auth_type": "api_token"}
		},
		"QUALTRICS_CLIENT_SECRET": func(tn *tenant) (string, map[string]any) {
			return tn.Credentials().ClientSecret, map[string]any{"auth_type": "oauth2_client_credentials", "client_id": tn.Credentials().ClientID}
		},
	} {
		tn := newTenant(t, small)
		secret, credentials := prepare(tn)
		tn.config["credentials"], tn.env[variable] = credentials, secret
		got := tn.run(t, "check", "--config", "config.json")
		if ok, message := status(t, got); !ok || !strings.Contains(got.stdout, "the credentials come from the environment: "+variable) {
			t.Errorf("%s: got %v, %s, want it taken and said so: %s", variable, ok, message, got.stdout)
		}
		leaks(t, "the output", got.stdout+got.stderr, secret)

		// One that is too short is refused like any other, and the
		// configuration's own comes first.
		tn.env[variable] = "short-1"
		if ok, message := status(t, tn.run(t, "check", "--config", "config.json")); ok || !strings.Contains(message, "shorter than 8 characters") || strings.Contains(message, "short-1") {
			t.Errorf("%s: a short one: got %v, %s", variable, ok, message)
		}
		credentials["api_token"], credentials["client_secret"] = tn.Credentials().APIToken, tn.Credentials().ClientSecret
		got = tn.run(t, "check", "--config", "config.json")
		if ok, message := status(t, got); !ok || strings.Contains(got.stdout, "come from the environment") {
			t.Errorf("%s: beside one in the configuration: got %v, %s", variable, ok, message)
		}
	}
}

// The password of a proxy is a secret like any other, wherever it is written.
func TestCheck_MasksThePasswordOfAProxy(t *testing.T) {
	insideBubble(t, func(t *testing.T) {
		const password, key = "pr0xy/pass+word", "-----BEGIN PRIVATE KEY-----\nMIIEvQIBADANBgkqhkiG9w0BAQEFAASC\nBKcwggSjAgEAAoIBAQC7\n-----END PRIVATE KEY-----"
		for address, says := range map[string]string{
			"http://user:pr0xy%2Fpass+word@127.0.0.1:1": "",
			"http://pr0xy%2Fpass+word@127.0.0.1:1":      "",
			"http://user:short-1@127.0.0.1:1":           "the password of the proxy is shorter than 8 characters",
		} {
			tn := newTenant(t, small)
			tn.config["network"] = map[string]any{"proxy": address, "client_certificate": "-----BEGIN x", "client_key": key}
			tn.transport = tripper(func(r *http.Request) (*http.Response, error) {
				return nil, fmt.Errorf("proxyconnect with %s, %s\n%s", password, address, key)
			})
			got := tn.run(t, "surveys", "--config", "config.json")
			if got.code == 0 || !strings.Contains(got.stderr, says) || says == "" && !strings.Contains(got.stderr, "[redacted]") {
				t.Errorf("%s: got exit code %d and %q", address, got.code, got.stderr)
			}
			leaks(t, "the output", got.stdout+got.stderr, password, "MIIEvQIBADANBgkqhkiG9w0BAQEFAASC", "BKcwggSjAgEAAoIBAQC7")
		}
	})
	t.Run("in the environment", func(t *testing.T) {
		t.Parallel()
		tn := newTenant(t, small)
		tn.transport, tn.env["HTTPS_PROXY"] = nil, "http://user:short-1@127.0.0.1:1"
		if ok, message := status(t, tn.run(t, "check", "--config", "config.json")); ok || !strings.Contains(message, "HTTPS_PROXY: the password of the proxy is shorter") || strings.Contains(message, "short-1") {
			t.Errorf("got %v, %s, want a refusal that does not show it", ok, message)
		}
	})
}
