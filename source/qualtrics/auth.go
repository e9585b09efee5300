package qualtrics

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"time"

	"golang.org/x/oauth2"
	"golang.org/x/oauth2/clientcredentials"

	"github.com/birdie-ai/source-qualtrics/source/redact"
)

// authorizer adds credentials to requests.
type authorizer interface {
	// credential returns the credential for the next request.
	credential(ctx context.Context) (redact.Secret, error)
	// apply puts a credential into the headers.
	apply(header http.Header, credential redact.Secret)
	// refused notes that Qualtrics answered a credential by 401. It reports whether a
	// new credential may help.
	refused(credential redact.Secret) bool
	// ended reports whether a credential has expired or was replaced.
	ended(credential redact.Secret) bool
	// problem makes the error for a 401 that is not tried again.
	problem(reason string) *AuthError
}

// apiToken is a token that belongs to a user (API §1.3).
type apiToken struct{ token redact.Secret }

func (t apiToken) credential(context.Context) (redact.Secret, error) { return t.token, nil }

func (apiToken) apply(header http.Header, credential redact.Secret) {
	header.Set("X-API-TOKEN", credential.Reveal())
}

func (apiToken) refused(redact.Secret) bool { return false }

func (apiToken) ended(redact.Secret) bool { return false }

func (apiToken) problem(reason string) *AuthError {
	return &AuthError{Reason: reason, Advice: "generate a new API token under Account Settings > Qualtrics IDs and configure it; a new token ends the old one"}
}

// Lifetimes of access tokens.
const (
	earlyRefresh    = time.Minute      // a token is replaced this long before it expires
	unknownLifetime = 15 * time.Minute // of a token that does not say when it expires
)

// oauthClient signs in by client credentials (API §1.4). All calls share one token. The
// first call that needs a new token fetches it while the others wait.
type oauthClient struct {
	client *Client
	config clientcredentials.Config
	http   *http.Client

	turn    chan struct{} // a lock of the fields below: it holds a value while it is free
	token   redact.Secret
	expires time.Time // the time to replace it
	ends    time.Time // the time at which Qualtrics stops accepting it
}

func newOAuth(c *Client, credentials Credentials, transport http.RoundTripper) *oauthClient {
	o := &oauthClient{
		client: c,
		turn:   make(chan struct{}, 1),
		config: clientcredentials.Config{
			ClientID:     credentials.ClientID,
			ClientSecret: credentials.ClientSecret.Reveal(),
			TokenURL:     c.origin.String() + "/oauth2/token",
			Scopes:       credentials.Scopes,
			AuthStyle:    oauth2.AuthStyleInHeader,
		},
		http: &http.Client{Transport: transport, Timeout: answerTimeout, CheckRedirect: c.redirect},
	}
	o.turn <- struct{}{}
	return o
}

func (o *oauthClient) credential(ctx context.Context) (redact.Secret, error) {
	select {
	case <-o.turn:
		defer func() { o.turn <- struct{}{} }()
	case <-ctx.Done():
		return "", context.Cause(ctx)
	}
	if o.token != "" && time.Now().Before(o.expires) {
		return o.token, nil
	}
	token, asked, err := o.fetch(ctx)
	if err != nil {
		return "", err
	}
	o.token = redact.Secret(token.AccessToken)
	o.client.redactor.Add(o.token)
	lifetime := unknownLifetime
	if !token.Expiry.IsZero() {
		lifetime = time.Until(token.Expiry)
	}
	// The lifetime began when Qualtrics made the token. The time of the request is the
	// earliest possible moment.
	o.ends = asked.Add(lifetime)
	o.expires = o.ends.Add(-min(earlyRefresh, lifetime/5))
	return o.token, nil
}

// fetch asks for a token, and tries again after a failure that may pass. It also
// returns the time of the last request.
func (o *oauthClient) fetch(ctx context.Context) (*oauth2.Token, time.Time, error) {
	begun := time.Now()
	ctx = context.WithValue(ctx, oauth2.HTTPClient, o.http)
	for try := 1; ; try++ {
		count(ctx, toToken.name)
		asked := time.Now()
		token, err := o.config.Token(ctx)
		if err == nil {
			return token, asked, nil
		}
		if cause := stopped(ctx); cause != nil {
			return nil, asked, cause
		}
		err = o.explain(err)
		if !worthTrying(err, try) || try == o.client.limits.Tries {
			return nil, asked, err
		}
		if err := o.client.pause(ctx, err, try, begun, "", nil); err != nil {
			return nil, asked, err
		}
	}
}

// explain turns an error of the token endpoint into a typed one. It never shows the
// body of the answer, which may repeat the credentials.
func (o *oauthClient) explain(err error) error {
	url := o.config.TokenURL
	var answer *oauth2.RetrieveError
	if !errors.As(err, &answer) {
		return &TransportError{Method: http.MethodPost, URL: url, Err: err, text: o.client.clean(err.Error())}
	}
	reason := o.client.clean(answer.ErrorCode + " " + answer.ErrorDescription)
	status := http.StatusOK
	if answer.Response != nil {
		status = answer.Response.StatusCode
	}
	switch {
	case status == http.StatusTooManyRequests || status >= 500:
		typed := &APIError{Method: http.MethodPost, URL: url, Status: status, Message: reason, to: toToken}
		typed.retryAfter, typed.hasRetry = retryAfter(answer.Response.Header)
		return typed
	case status/100 == 3:
		return &APIError{Method: http.MethodPost, URL: url, Status: status, to: toToken}
	case status < 300:
		return &BodyError{Method: http.MethodPost, URL: url, Status: status, Problem: "it holds no access token", Err: err, to: toToken}
	case answer.ErrorCode == "invalid_scope":
		return &AuthError{
			Reason: "the OAuth client does not have the scopes that are asked for: " + reason, Advice: "add them to the client in Qualtrics",
			answer: &APIError{Method: http.MethodPost, URL: url, Status: status, to: toToken},
		}
	default:
		if reason == "" {
			reason = http.StatusText(status)
		}
		refused := o.problem(fmt.Sprintf("the OAuth client is refused (%s)", reason))
		refused.answer = &APIError{Method: http.MethodPost, URL: url, Status: status, to: toToken}
		return refused
	}
}

func (*oauthClient) apply(header http.Header, credential redact.Secret) {
	header.Set("Authorization", "Bearer "+credential.Reveal())
}

// refused drops the token, unless another call has done so already.
func (o *oauthClient) refused(credential redact.Secret) bool {
	<-o.turn
	defer func() { o.turn <- struct{}{} }()
	if o.token == credential {
		o.token = ""
	}
	return true
}

func (o *oauthClient) ended(credential redact.Secret) bool {
	<-o.turn
	defer func() { o.turn <- struct{}{} }()
	return o.token != credential || !time.Now().Before(o.ends)
}

func (*oauthClient) problem(reason string) *AuthError {
	return &AuthError{Reason: reason, Advice: "check client_id and client_secret, and in Qualtrics under OAuth Client Manager that the client still exists with the grant type client credentials"}
}
