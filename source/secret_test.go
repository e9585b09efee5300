package source_test

import (
	"encoding/base64"
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/birdie-ai/source-qualtrics/integration_tests/testkit"
)

// A server that repeats what it was sent, in whatever form and place, does
// not get the connector to print it.
func TestCommands_PrintNoSecretThatAServerEchoes(t *testing.T) {
	const token, clientSecret, access = `t0k"en/+&<secret>%%~'abc`, `cl1ent/S+ecret="&'<>%xyz`, "acc3ss.t0ken-that_was/issued+now=="
	oauth := map[string]any{"auth_type": "oauth2_client_credentials", "client_id": "client", "client_secret": clientSecret}
	apiToken := map[string]any{"auth_type": "api_token", "api_token": token}
	issue := func(r *http.Request, _ string) *http.Response {
		return answer(r, 200, fmt.Sprintf(`{"access_token":%q,"token_type":"bearer","expires_in":3600,"scope":"manage:all"}`, access))
	}
	fails := func(code int, prefix string) echo {
		return func(r *http.Request, text string) *http.Response {
			quoted := quote(prefix + text)
			return answer(r, code, fmt.Sprintf(`{"meta":{"httpStatus":"%d","requestId":%s,"notice":%[2]s,"error":{"errorMessage":%[2]s,"errorCode":%[2]s}}}`, code, quoted))
		}
	}
	refuses := func(code int) echo {
		return func(r *http.Request, text string) *http.Response {
			return answer(r, code, fmt.Sprintf(`{"error":%s,"error_description":%[1]s,"error_uri":%[1]s}`, quote(text)))
		}
	}
	page := func(r *http.Request, text string) *http.Response { return answer(r, 200, "<html>"+text) }
	tests := map[string]struct {
		credentials map[string]any
		token, api  echo
		secrets     []string // that the server has seen
	}{
		"in a refusal of the token":            {apiToken, nil, fails(401, ""), []string{token}},
		"in a refusal of permission":           {apiToken, nil, fails(403, ""), []string{token}},
		"in a bad request":                     {apiToken, nil, fails(400, ""), []string{token}},
		"in an error of the server":            {apiToken, nil, fails(500, ""), []string{token}},
		"in a page":                            {apiToken, nil, page, []string{token}},
		"in an error that is called a success": {apiToken, nil, fails(200, ""), []string{token}},
		"in a result of another kind": {apiToken, nil, func(r *http.Request, text string) *http.Response {
			return answer(r, 200, fmt.Sprintf(`{"result":{"elements":{%s:1},"brandId":{%[1]s:%[1]s}}}`, quote(text)))
		}, []string{token}},
		"in a redirect": {apiToken, nil, func(r *http.Request, text string) *http.Response {
			response := answer(r, 302, text)
			for _, name := range []string{"Location", "Retry-After", "Date", "Content-Type"} {
				response.Header.Set(name, "https://evil.example/?"+text)
			}
			return response
		}, []string{token}},
		"in an error of the transport":      {apiToken, nil, nil, []string{token}},
		"in a refusal of the client":        {oauth, refuses(401), nil, []string{clientSecret}},
		"in a bad request for a token":      {oauth, refuses(400), nil, []string{clientSecret}},
		"in an error of the token endpoint": {oauth, refuses(503), nil, []string{clientSecret}},
		"in a page of the token endpoint":   {oauth, page, nil, []string{clientSecret}},
		"in a refusal of the access token":  {oauth, issue, fails(401, ""), []string{clientSecret, access}},
		"in a lack of scopes":               {oauth, issue, fails(403, "You are missing the following required scopes: read:surveys "), []string{clientSecret, access}},
		"in an error with the access token": {oauth, issue, fails(500, ""), []string{clientSecret, access}},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			insideBubble(t, func(t *testing.T) {
				for _, secret := range test.secrets {
					for form, text := range canaries(secret) {
						tn := newTenant(t, small)
						tn.config["credentials"] = test.credentials
						tn.transport = echoing(test.token, test.api, text)
						tn.env["LOG_LEVEL"] = "debug"
						tn.files["catalog.json"] = testkit.Catalog("surveys", "responses", "contacts")
						commands := [][]string{{"read", "--config", "config.json", "--catalog", "catalog.json"}}
						if form == "raw" {
							commands = append(commands, []string{"check", "--config", "config.json"}, []string{"surveys", "--config", "config.json"})
						}
						for _, args := range commands {
							got := tn.run(t, args...)
							leaks(t, args[0]+" of "+form, got.stdout+got.stderr, secret)
							if args[0] == "read" && got.code == 0 {
								t.Error("the read is complete: the server was not asked")
							}
						}
					}
				}
			})
		})
	}
}

// echo answers with a text in it.
type echo func(r *http.Request, text string) *http.Response

// echoing is a server that answers so; without an answer it is out of reach.
func echoing(token, api echo, text string) tripper {
	return func(r *http.Request) (*http.Response, error) {
		if r.Body != nil {
			if err := r.Body.Close(); err != nil {
				return nil, err
			}
		}
		respond := api
		if r.URL.Path == "/oauth2/token" {
			respond = token
		}
		if respond == nil {
			return nil, fmt.Errorf("dialing with %s: %s", r.Header, text)
		}
		return respond(r, text), nil
	}
}

// Errors that come after the sign-in name a survey, whose name may be
// anything.
func TestRead_PrintsNoSecretThatASurveyIsNamedAfter(t *testing.T) {
	insideBubble(t, func(t *testing.T) {
		tn := newTenant(t, small).withOAuth()
		secret := tn.Credentials().ClientSecret
		named := quote(secret + " " + base64.StdEncoding.EncodeToString([]byte(secret)))
		tn.Intercept(func(r *http.Request) *http.Response {
			switch {
			case r.URL.Path == "/API/v3/surveys":
				return answer(r, 200, `{"result":{"elements":[{"id":"SV_planted0000000","name":`+named+
					`,"ownerId":"UR_1","lastModified":"2025-01-01T00:00:00Z","creationDate":"2025-01-01T00:00:00Z","isActive":true}],"nextPage":null},"meta":{"httpStatus":"200 - OK"}}`)
			case strings.HasPrefix(r.URL.Path, "/API/v3/surveys/"):
				return answer(r, 403, errorBody(403, "TEST_1", "Sorry, "+secret))
			}
			return nil
		})
		tn.config["surveys"] = map[string]any{"on_denied": "fail"}
		tn.env["LOG_LEVEL"] = "debug"
		got := tn.read(t, nil, "responses")
		if got.code == 0 || len(got.errors) != 1 || !strings.Contains(got.errors[0].message, "[redacted]") {
			t.Errorf("got exit code %d and %v, want a failure that names the survey", got.code, got.errors)
		}
		leaks(t, "stdout", got.output, secret, tn.Credentials().APIToken)
		leaks(t, "the state", string(got.states), secret)
	})
}

// Nothing that a complete run prints holds a credential.
func TestCommands_PrintNoSecretOfTheirOwn(t *testing.T) {
	insideBubble(t, func(t *testing.T) {
		for _, tn := range []*tenant{newTenant(t, small), newTenant(t, small).withOAuth()} {
			credentials := tn.Credentials()
			tn.env["LOG_LEVEL"] = "debug"
			tn.files["catalog.json"] = testkit.Catalog("surveys", "responses", "contacts")
			for _, args := range [][]string{
				{"spec"},
				{"check", "--config", "config.json"},
				{"discover", "--config", "config.json"},
				{"read", "--config", "config.json", "--catalog", "catalog.json"},
				{"surveys", "--config", "config.json"},
			} {
				got := tn.run(t, args...)
				if got.code != 0 {
					t.Errorf("%s: got exit code %d, want 0", args[0], got.code)
				}
				leaks(t, args[0], got.stdout+got.stderr, credentials.APIToken, credentials.ClientSecret)
			}
		}
	})
}
