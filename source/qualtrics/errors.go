package qualtrics

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"time"
	"unicode"
)

// ErrorKind says who has to act on an error.
type ErrorKind uint8

// The kinds of errors.
const (
	KindSystem    ErrorKind = iota // unexpected
	KindConfig                     // the user: credentials, permissions, configuration
	KindTransient                  // a later run may succeed
)

// Kind classifies an error of this package. Others are of KindSystem.
func Kind(err error) ErrorKind {
	var kinded interface{ kind() ErrorKind }
	if errors.As(err, &kinded) {
		return kinded.kind()
	}
	return KindSystem
}

// APIError is an answer that is an error (API §1.2, §7.3).
type APIError struct {
	Method, URL string // of the call; the URL without its query
	Status      int    // HTTP status
	Code        string // Qualtrics' own error code, such as QMST_2.1; may be empty
	Message     string // Qualtrics' own words, at most 200 characters, redacted
	RequestID   string // for Qualtrics' support; may be empty
	// MissingScopes are the OAuth scopes that the answer asks for.
	MissingScopes []string
	// HostHint is the host that Qualtrics named for the account in this run, if it is
	// not the configured one.
	HostHint string
	// SurveyHost is the host that Qualtrics named for the survey in this run. It may
	// differ from the account's: a survey can be shared from another data center.
	SurveyHost string

	to         endpoint
	survey     SurveyID
	retryAfter time.Duration
	hasRetry   bool
}

func (e *APIError) kind() ErrorKind {
	switch {
	case e.Status == http.StatusRequestTimeout, e.Status == http.StatusTooManyRequests, e.Status >= 500:
		return KindTransient
	case e.Status/100 == 3, e.Status == http.StatusBadRequest, e.Status == http.StatusUnauthorized, e.Status == http.StatusNotFound, IsForbidden(e):
		return KindConfig
	default:
		return KindSystem
	}
}

// AuthError reports that Qualtrics refuses the credentials.
type AuthError struct {
	Reason string // in Qualtrics' words
	Advice string

	answer *APIError // nil: there is none
}

// Error names the problem of the credentials and its remedy.
func (e *AuthError) Error() string { return "signing in to Qualtrics: " + e.Reason + "; " + e.Advice }

func (e *AuthError) kind() ErrorKind { return KindConfig }

// TransportError is a call without an answer.
type TransportError struct {
	Method, URL string
	Err         error
	text        string // of Err, redacted
}

// Error names the problem of the connection and its remedy.
func (e *TransportError) Error() string {
	text := fmt.Sprintf("no answer from %s: %s", hostOf(e.URL), e.text)
	if advice := remedy(e.Err); advice != "" {
		text += "; " + advice
	}
	return text
}

// Unwrap returns the cause.
func (e *TransportError) Unwrap() error { return e.Err }

func (e *TransportError) kind() ErrorKind {
	if remedy(e.Err) != "" {
		return KindConfig
	}
	return KindTransient
}

// BodyError is an unreadable answer: HTML instead of JSON, a list without its elements,
// or a body that ends too early.
type BodyError struct {
	Method, URL string
	Status      int    // HTTP status
	Problem     string // redacted, at most a few hundred characters
	Err         error  // may be nil

	to     endpoint
	survey SurveyID
}

// Error names the call and the problem of its answer.
func (e *BodyError) Error() string {
	text := fmt.Sprintf("the answer to a call to %s cannot be read: %s", e.to.task(e.survey), e.Problem)
	if errors.Is(e.Err, errHTML) {
		text += "; check data_center, base_url and network.proxy: a login page or a gateway may stand in between"
	}
	return text
}

// Unwrap returns the cause.
func (e *BodyError) Unwrap() error { return e.Err }

func (e *BodyError) kind() ErrorKind { return KindTransient }

// ExportError reports export jobs that failed for good.
type ExportError struct {
	Survey    SurveyID
	Reason    string // of the last job
	RequestID string // of its last answer; may be empty
	Attempts  int    // jobs that were started
	Failed    bool   // Qualtrics says that the last job failed

	details string // of the last answer, for support
}

// Error names the survey, and the reason of the last job.
func (e *ExportError) Error() string {
	return fmt.Sprintf("exporting the responses of %s: %d jobs failed, the last one because %s", e.Survey, e.Attempts, e.Reason)
}

func (e *ExportError) kind() ErrorKind { return KindTransient }

// ErrSearchDepth reports that a contact search matches more contacts than the API
// returns (API §4.2).
var ErrSearchDepth = errors.New("the search matches more than 10,000 contacts")

// ErrNotReady reports that a new response cannot be read yet (API §3.7).
var ErrNotReady error = notReadyError{}

type notReadyError struct{}

func (notReadyError) Error() string { return "the response is not readable yet" }

func (notReadyError) kind() ErrorKind { return KindTransient }

// IsNotFound reports whether the object of a call does not exist.
func IsNotFound(err error) bool {
	var answer *APIError
	return errors.As(err, &answer) && (answer.Status == http.StatusNotFound || answer.Status == http.StatusGone)
}

// IsGone reports whether Qualtrics itself says that the object of a call does not
// exist. Its answers carry a request id (API §1.2). The answers of a gateway do not.
func IsGone(err error) bool {
	var answer *APIError
	return IsNotFound(err) && errors.As(err, &answer) && answer.RequestID != ""
}

// IsForbidden reports whether the account may not make a call. Older answers of the API
// say so by the code GS_5 (API §7.3).
func IsForbidden(err error) bool {
	var answer *APIError
	return errors.As(err, &answer) && (answer.Status == http.StatusForbidden || answer.Code == "GS_5")
}

// IsMissingScope reports whether the OAuth client lacks a scope.
func IsMissingScope(err error) bool {
	var answer *APIError
	return errors.As(err, &answer) && len(answer.MissingScopes) > 0
}

// IsRefused reports whether Qualtrics answered by 400: it refuses the content of the
// request (API §7.3).
func IsRefused(err error) bool {
	var answer *APIError
	return errors.As(err, &answer) && answer.Status == http.StatusBadRequest
}

// IsSortRefused reports whether Qualtrics refuses to sort an export by the modified
// date. That it does so for some brands is *assumed*.
func IsSortRefused(err error) bool {
	var answer *APIError
	return errors.As(err, &answer) && answer.Status == http.StatusBadRequest && strings.Contains(answer.Message, "sortByLastModifiedDate")
}

// clean prepares text from outside for a message. It redacts and shortens it, and joins
// its lines.
func (c *Client) clean(text string) string {
	const limit = 200
	text = strings.Map(func(r rune) rune {
		if unicode.IsPrint(r) {
			return r
		}
		return ' '
	}, c.redactor.String(text))
	text = strings.TrimSpace(text)
	if runes := []rune(text); len(runes) > limit {
		text = string(runes[:limit]) + "…"
	}
	return text
}

// stopped returns why a context ended, or nil.
func stopped(ctx context.Context) error {
	if ctx.Err() == nil {
		return nil
	}
	return context.Cause(ctx)
}
