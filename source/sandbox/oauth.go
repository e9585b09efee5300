package sandbox

import (
	"crypto/subtle"
	"mime"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"
)

const tokenPath = "/oauth2/token"

// grant holds the scopes and the expiry of a bearer token.
type grant struct {
	scopes  []string
	expires time.Time
}

// tokens holds the bearer tokens of the tenant's only OAuth client.
type tokens struct {
	seed    uint64
	lock    sync.Mutex
	issued  int
	grants  map[string]grant
	revoked bool // the client itself is revoked
}

func newTokens(seed uint64) *tokens { return &tokens{seed: seed, grants: make(map[string]grant)} }

func (t *tokens) find(token string) (grant, bool) {
	t.lock.Lock()
	defer t.lock.Unlock()
	g, ok := t.grants[token]
	return g, ok
}

func (t *tokens) issue(g grant) string {
	t.lock.Lock()
	defer t.lock.Unlock()
	t.issued++
	token := fingerprintOf(t.seed, "bearer token", strconv.Itoa(t.issued)).text(64)
	t.grants[token] = g
	return token
}

func (t *tokens) drop(token string) {
	t.lock.Lock()
	defer t.lock.Unlock()
	delete(t.grants, token)
}

func (t *tokens) revoke(client bool) {
	t.lock.Lock()
	defer t.lock.Unlock()
	clear(t.grants)
	t.revoked = t.revoked || client
}

func (t *tokens) clientRevoked() bool {
	t.lock.Lock()
	defer t.lock.Unlock()
	return t.revoked
}

// tokenAnswer is *documented* (API §1.4).
type tokenAnswer struct {
	AccessToken string `json:"access_token"`
	TokenType   string `json:"token_type"`
	ExpiresIn   int64  `json:"expires_in"` // seconds
	Scope       string `json:"scope"`
}

// tokenError has the form of the protocol (*documented*). Its texts are
// *assumed*.
type tokenError struct {
	Code        string `json:"error"`
	Description string `json:"error_description"`

	status int
}

// serveToken answers POST /oauth2/token. It accepts client credentials by HTTP
// Basic or in the form, and scopes separated by spaces (*documented*).
func (s *Sandbox) serveToken(x *exchange) {
	x.w.Header().Set("Cache-Control", "no-store")
	answer, refused := s.issueToken(x)
	if refused != nil {
		if refused.status == http.StatusUnauthorized {
			x.w.Header().Set("WWW-Authenticate", `Basic realm="oauth2"`)
		}
		x.send(refused.status, "application/json", encodeJSON(refused))
		return
	}
	x.send(http.StatusOK, "application/json", encodeJSON(answer))
}

func (s *Sandbox) issueToken(x *exchange) (*tokenAnswer, *tokenError) {
	if x.r.Method != http.MethodPost {
		return nil, &tokenError{"invalid_request", "The token endpoint takes POST.", http.StatusMethodNotAllowed}
	}
	if kind, _, err := mime.ParseMediaType(x.r.Header.Get("Content-Type")); err != nil || kind != "application/x-www-form-urlencoded" {
		return nil, &tokenError{"invalid_request", "The request must be form-encoded.", http.StatusBadRequest}
	}
	form, err := url.ParseQuery(string(x.body))
	if err != nil {
		return nil, &tokenError{"invalid_request", "The form cannot be read.", http.StatusBadRequest}
	}
	id, secret, basic := x.r.BasicAuth()
	if basic {
		id, secret = unescaped(id), unescaped(secret)
	} else {
		id, secret = form.Get("client_id"), form.Get("client_secret")
	}
	rightID := subtle.ConstantTimeCompare([]byte(id), []byte(s.credentials.ClientID))
	rightSecret := subtle.ConstantTimeCompare([]byte(secret), []byte(s.credentials.ClientSecret))
	if rightID&rightSecret != 1 || s.tokens.clientRevoked() {
		return nil, &tokenError{"invalid_client", "Client authentication failed.", http.StatusUnauthorized}
	}
	if form.Get("grant_type") != "client_credentials" {
		return nil, &tokenError{"unsupported_grant_type", "The sandbox grants client_credentials only.", http.StatusBadRequest}
	}
	scopes := strings.Fields(form.Get("scope"))
	for _, scope := range scopes {
		// Qualtrics is *assumed* to refuse a scope that the client does not
		// have. It could also omit it from the token.
		if !isScope(scope) || !slices.Contains(s.options.Scopes, scope) {
			return nil, &tokenError{"invalid_scope", "The scope " + strconv.Quote(scope) + " is unknown or not granted to this client.", http.StatusBadRequest}
		}
	}
	if len(scopes) == 0 {
		scopes = slices.Clone(s.options.Scopes) // *documented*
	}
	lifetime := s.options.Doubt.TokenLifetime
	return &tokenAnswer{
		AccessToken: s.tokens.issue(grant{scopes, s.Now().Add(lifetime)}),
		TokenType:   "Bearer",
		ExpiresIn:   int64(lifetime / time.Second),
		Scope:       strings.Join(scopes, " "),
	}, nil
}

// unescaped undoes the form encoding of credentials in a Basic header. The
// protocol requires the encoding, but most clients omit it.
func unescaped(text string) string {
	if plain, err := url.QueryUnescape(text); err == nil {
		return plain
	}
	return text
}
