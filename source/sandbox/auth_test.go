package sandbox_test

import (
	"encoding/base64"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/birdie-ai/source-qualtrics/source/sandbox"
)

func TestCredentials_AreChecked(t *testing.T) {
	t.Parallel()
	c := newClient(t, sandbox.Options{})
	if got := len(c.tenant.Credentials().APIToken); got != 40 {
		t.Errorf("the API token has %d characters, want 40", got)
	}
	nobody := c.with("X-API-TOKEN", "")
	wantError(t, nobody.get("/API/v3/surveys"), 400, "ATC_1", "An apiToken must be provided.")
	wantError(t, nobody.with("Authorization", "Basic eDp5").get("/API/v3/surveys"), 400, "ATC_1", "")
	wantError(t, c.with("X-API-TOKEN", "unknown").get("/API/v3/surveys"), 401, "DCD_7", "Unrecognized X-API-TOKEN.")
	wantError(t, nobody.with("Authorization", "Bearer unknown").get("/API/v3/surveys"), 401, "DCD_7", "")
}

type token struct {
	AccessToken string `json:"access_token"`
	TokenType   string `json:"token_type"`
	ExpiresIn   int    `json:"expires_in"`
	Scope       string `json:"scope"`
	Error       string `json:"error"`
}

// token asks for a bearer token; basic says how the client names itself.
func (c *client) token(basic bool, form url.Values) (token, int) {
	c.t.Helper()
	credentials := c.tenant.Credentials()
	other := c.with("X-API-TOKEN", "").with("Content-Type", "application/x-www-form-urlencoded")
	if basic {
		pair := credentials.ClientID + ":" + credentials.ClientSecret
		other = other.with("Authorization", "Basic "+base64.StdEncoding.EncodeToString([]byte(pair)))
	} else if !form.Has("client_id") {
		form.Set("client_id", credentials.ClientID)
		form.Set("client_secret", credentials.ClientSecret)
	}
	got := other.do(http.MethodPost, "/oauth2/token", form.Encode())
	return decode[token](c.t, got.body), got.status
}

func grantForm(scopes ...string) url.Values {
	form := url.Values{"grant_type": {"client_credentials"}}
	if len(scopes) > 0 {
		form.Set("scope", strings.Join(scopes, " "))
	}
	return form
}

func TestToken_IsIssuedByBasicAuthAndForm(t *testing.T) {
	t.Parallel()
	c := newClient(t, sandbox.Options{})
	for _, basic := range []bool{true, false} {
		got, status := c.token(basic, grantForm("read:surveys", "read:survey_responses"))
		if status != 200 || got.TokenType != "Bearer" || got.ExpiresIn != 3600 || got.Scope != "read:surveys read:survey_responses" {
			t.Errorf("basic=%v: got %d %+v", basic, status, got)
		}
		bearer := c.with("X-API-TOKEN", "").with("Authorization", "bearer "+got.AccessToken)
		if page := result[listing](t, bearer.get("/API/v3/surveys")); len(page.Elements) != 12 {
			t.Errorf("got %d surveys", len(page.Elements))
		}
		wantError(t, bearer.get("/API/v3/directories"), 403, "", "You are missing the following required scopes: read:directories")
	}
	all, status := c.token(true, grantForm())
	if status != 200 || !strings.Contains(all.Scope, "read:directory_contacts") {
		t.Errorf("without a scope: got %d %+v", status, all)
	}
}

func TestToken_EndpointBelowTheAPIIsInDoubt(t *testing.T) {
	t.Parallel()
	for want, doubt := range map[int]sandbox.Doubt{400: {}, 200: {TokenBelowAPI: true}} {
		c := newClient(t, sandbox.Options{Doubt: doubt})
		form := grantForm("read:surveys")
		form.Set("client_id", c.tenant.Credentials().ClientID)
		form.Set("client_secret", c.tenant.Credentials().ClientSecret)
		got := c.with("X-API-TOKEN", "").with("Content-Type", "application/x-www-form-urlencoded").do("POST", "/API/v3/oauth2/token/", form.Encode())
		if got.status != want {
			t.Errorf("TokenBelowAPI=%v: got %d %s, want %d", doubt.TokenBelowAPI, got.status, got.body, want)
		}
	}
}

func TestToken_IsRefusedInTheShapeOfTheProtocol(t *testing.T) {
	t.Parallel()
	c := newClient(t, sandbox.Options{Scopes: []string{"read:surveys"}})
	for name, test := range map[string]struct {
		form   url.Values
		status int
		code   string
	}{
		"unknown scope":   {grantForm("read:contacts"), 400, "invalid_scope"},
		"comma separated": {grantForm("read:surveys,read:users"), 400, "invalid_scope"},
		"scope not given": {grantForm("read:users"), 400, "invalid_scope"},
		"other grant":     {url.Values{"grant_type": {"password"}}, 400, "unsupported_grant_type"},
		"unknown client":  {url.Values{"grant_type": {"client_credentials"}, "client_id": {"x"}, "client_secret": {"y"}}, 401, "invalid_client"},
	} {
		got, status := c.token(false, test.form)
		if status != test.status || got.Error != test.code || got.AccessToken != "" {
			t.Errorf("%s: got %d %+v, want %d %s", name, status, got, test.status, test.code)
		}
	}
	c.tenant.RevokeClient()
	if got, status := c.token(true, grantForm()); status != 401 || got.Error != "invalid_client" {
		t.Errorf("revoked client: got %d %+v", status, got)
	}
}

func TestToken_ExpiresByTheServerClock(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		for _, code := range []int{0, 403} {
			c := newClient(t, sandbox.Options{Doubt: sandbox.Doubt{ExpiredTokenCode: code, TokenLifetime: 90 * time.Second}})
			got, _ := c.token(true, grantForm())
			bearer := c.with("X-API-TOKEN", "").with("Authorization", "Bearer "+got.AccessToken)
			time.Sleep(89 * time.Second)
			if got := bearer.get("/API/v3/whoami"); got.status != 200 {
				t.Errorf("got %d before the token expires", got.status)
			}
			c.tenant.Advance(time.Second, true)
			want := code
			if want == 0 {
				want = 401
			}
			wantError(t, bearer.get("/API/v3/whoami"), want, "", "expired")
		}
	})
}

func TestToken_CanBeRevoked(t *testing.T) {
	t.Parallel()
	c := newClient(t, sandbox.Options{Doubt: sandbox.Doubt{WhoAmINeedsScope: true}})
	got, _ := c.token(true, grantForm())
	bearer := c.with("X-API-TOKEN", "").with("Authorization", "Bearer "+got.AccessToken)
	wantError(t, bearer.get("/API/v3/whoami"), 403, "", "You are missing the following required scopes:")
	if got := c.get("/API/v3/whoami"); got.status != 200 {
		t.Errorf("the API token needs no scope, got %d", got.status)
	}
	c.tenant.RevokeTokens()
	wantError(t, bearer.get("/API/v3/surveys"), 401, "DCD_7", "")
	if _, status := c.token(true, grantForm()); status != 200 {
		t.Errorf("a new token answers %d", status)
	}
}
