// Package qualtrics is a client of the Qualtrics v3 REST API for surveys, responses,
// contacts and users. It does authentication, pacing, retries, typed errors, pages and
// export jobs. It is written from the API reference alone, and cites its sections as
// "API §n". It sends requests to the configured host only.
package qualtrics

import (
	"errors"
	"io"
	"log/slog"
	"math/rand/v2"
	"net/http"
	"sync"
	"time"

	"github.com/birdie-ai/source-qualtrics/source/redact"
)

// SurveyID is the id of a survey, SV_….
type SurveyID string

// ResponseID is the id of a response within its survey, R_….
type ResponseID string

// DirectoryID is the id of an XM Directory, POOL_….
type DirectoryID string

// ContactID is the id of a contact in a directory, CID_….
type ContactID string

// Credentials are either an API token, or an OAuth client with the client-credentials
// grant.
type Credentials struct {
	APIToken     redact.Secret
	ClientID     string
	ClientSecret redact.Secret
	Scopes       []string // to ask for; empty: all scopes of the client (API §1.4)
}

// Options are the parts and settings of a client.
type Options struct {
	Origin      Origin
	Credentials Credentials
	Transport   http.RoundTripper // the network, see NewTransport
	Limits      Limits            // zero fields mean DefaultLimits
	Redactor    *redact.Redactor  // learns the access tokens, cleans every error
	Logger      *slog.Logger
	// Spool returns a fresh temporary file for a download.
	Spool     func() (Spool, error)
	UserAgent string
	// Waiting is called when the client waits for an export or a limit, in the
	// goroutine that waits. It may be nil.
	Waiting func(Wait)
	// Exporting is called at every step of an export job. It may be nil.
	Exporting func(Job)
	// Jitter returns a duration from 0 up to a bound, to spread the waits. nil means a
	// random one.
	Jitter func(bound time.Duration) time.Duration
}

// Spool is a temporary file. Close deletes it.
type Spool interface {
	io.Writer
	io.ReaderAt
	io.Closer
}

// WaitKind is the reason for a wait.
type WaitKind uint8

// The reasons for waits.
const (
	WaitExport    WaitKind = iota + 1 // an export job
	WaitRateLimit                     // a limit of Qualtrics
	WaitRetry                         // the next try of a call that failed
)

// Wait reports that the client waits.
type Wait struct {
	Kind   WaitKind
	Survey SurveyID  // "" if the wait concerns no survey
	Until  time.Time // end of the wait by the local clock
	Reason string
}

// Client calls the API. It is safe for concurrent use.
type Client struct {
	origin   Origin
	http     *http.Client
	auth     authorizer
	limits   Limits
	redactor *redact.Redactor
	log      *slog.Logger
	spool    func() (Spool, error)
	agent    string
	waiting  func(Wait)
	exports  func(Job)
	jitter   func(time.Duration) time.Duration
	clock    serverClock
	retries  allowance
	bodies   sync.Pool // of buffers, for answers

	mu     sync.Mutex // guards the fields below
	pacers map[string]*pacer
	notice string
	// surveyHosts are the hosts that Qualtrics proposed for single surveys.
	surveyHosts map[SurveyID]string
}

// New makes a client. It sends no request.
func New(o Options) (*Client, error) {
	switch {
	case o.Origin.host == "":
		return nil, errors.New("making a client: it has no origin")
	case o.Transport == nil || o.Spool == nil:
		return nil, errors.New("making a client: it has no transport or no spool")
	case (o.Credentials.APIToken == "") == (o.Credentials.ClientSecret == ""):
		return nil, errors.New("making a client: it takes either an API token or an OAuth client")
	}
	c := &Client{
		origin:   o.Origin,
		limits:   o.Limits.withDefaults(),
		redactor: o.Redactor,
		log:      o.Logger,
		spool:    o.Spool,
		agent:    o.UserAgent,
		waiting:  o.Waiting,
		exports:  o.Exporting,
		jitter:   o.Jitter,
		clock:    serverClock{start: time.Now()},
		pacers:   make(map[string]*pacer),

		surveyHosts: make(map[SurveyID]string),
	}
	if c.redactor == nil {
		c.redactor = redact.New()
	}
	c.redactor.Add(o.Credentials.APIToken, o.Credentials.ClientSecret)
	if c.jitter == nil {
		c.jitter = rand.N[time.Duration]
	}
	if c.log == nil {
		c.log = slog.New(slog.DiscardHandler)
	}
	c.http = &http.Client{Transport: o.Transport, CheckRedirect: c.redirect}
	if o.Credentials.APIToken != "" {
		c.auth = apiToken{o.Credentials.APIToken}
	} else {
		c.auth = newOAuth(c, o.Credentials, o.Transport)
	}
	return c, nil
}

// Notice returns the host that Qualtrics proposes instead of the configured one (API
// §1.1), or "". No request goes there.
func (c *Client) Notice() string {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.notice
}

func (c *Client) wait(w Wait) {
	if c.waiting != nil {
		c.waiting(w)
	}
}
