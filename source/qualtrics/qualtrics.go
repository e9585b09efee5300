// Package qualtrics is a client of the Qualtrics v3 REST API, as far as
// reading surveys, responses and contacts needs it: authentication, pacing,
// retries, typed errors, pages and export jobs. It is written from the API
// reference alone; its sections are named as "API §n". It sends nothing to any
// host but the configured one.
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

// Credentials are an API token, or an OAuth client with the client-credentials
// grant; exactly one of the two.
type Credentials struct {
	APIToken     redact.Secret
	ClientID     string
	ClientSecret redact.Secret
	Scopes       []string // asked for; empty: those of the client (API §1.4)
}

// Options is what a client is made of.
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
	// Waiting is told when an export or a limit holds the client up; it may
	// be nil, and is called from the goroutine that waits.
	Waiting func(Wait)
	// Jitter returns any duration from 0 up to a bound and spreads the waits;
	// nil means a random one.
	Jitter func(bound time.Duration) time.Duration
}

// Spool is a temporary file that vanishes when it is closed.
type Spool interface {
	io.Writer
	io.ReaderAt
	io.Closer
}

// WaitKind says what is being waited for.
type WaitKind uint8

// What a client waits for.
const (
	WaitExport    WaitKind = iota + 1 // an export job
	WaitRateLimit                     // a limit of Qualtrics
	WaitRetry                         // the next try of a call that failed
)

// Wait is news that the client is waiting.
type Wait struct {
	Kind   WaitKind
	Survey SurveyID  // "" where it concerns no survey
	Until  time.Time // when it goes on, by the local clock
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
	jitter   func(time.Duration) time.Duration
	clock    serverClock
	retries  allowance

	mu     sync.Mutex // guards what follows
	pacers map[string]*pacer
	notice string
}

// New makes a client. It calls nobody.
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
		jitter:   o.Jitter,
		clock:    serverClock{start: time.Now()},
		pacers:   make(map[string]*pacer),
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

// Notice returns the host that Qualtrics proposes instead of the configured
// one (API §1.1), or "". It is never followed.
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
