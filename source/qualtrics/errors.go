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
	KindSystem    ErrorKind = iota // nobody foresaw it
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
	Method, URL string // what was asked; the URL without its query
	Status      int    // HTTP status
	Code        string // Qualtrics' own error code, such as QMST_2.1; may be empty
	Message     string // Qualtrics' own words, at most 200 characters, redacted
	RequestID   string // for Qualtrics' support; may be empty
	// MissingScopes are the OAuth scopes that the answer asks for.
	MissingScopes []string
	// HostHint is the host that Qualtrics proposes instead, if any.
	HostHint string

	retryAfter time.Duration
	hasRetry   bool
}

// Error says what was asked, what was answered, and what can be done.
func (e *APIError) Error() string {
	var text strings.Builder
	fmt.Fprintf(&text, "%s %s: HTTP %d", e.Method, e.URL, e.Status)
	if name := http.StatusText(e.Status); name != "" {
		text.WriteString(" " + name)
	}
	if e.Code != "" || e.Message != "" {
		fmt.Fprintf(&text, ": %s", strings.TrimSpace(e.Code+" "+e.Message))
	}
	if e.RequestID != "" {
		fmt.Fprintf(&text, " (request id %s)", e.RequestID)
	}
	switch {
	case len(e.MissingScopes) > 0:
		fmt.Fprintf(&text, "; add the scope %s to the OAuth client", strings.Join(e.MissingScopes, " and "))
	case e.HostHint != "":
		fmt.Fprintf(&text, "; Qualtrics says that this account lives on %s: use that as data_center", e.HostHint)
	case IsForbidden(e):
		text.WriteString("; the account lacks a permission: for responses it needs to view reports and export them")
	case e.Status/100 == 3:
		text.WriteString("; redirects are not followed: check data_center or base_url")
	}
	return text.String()
}

func (e *APIError) kind() ErrorKind {
	switch {
	case e.Status == http.StatusRequestTimeout, e.Status == http.StatusTooManyRequests, e.Status >= 500:
		return KindTransient
	case e.Status/100 == 3, e.Status == http.StatusUnauthorized, e.Status == http.StatusNotFound, IsForbidden(e),
		e.Status == http.StatusBadRequest && e.HostHint != "":
		return KindConfig
	default:
		return KindSystem
	}
}

// AuthError is that the credentials are refused.
type AuthError struct {
	Reason string // what was refused, in Qualtrics' words
	Advice string
}

// Error says what is wrong with the credentials and what to do.
func (e *AuthError) Error() string { return "signing in to Qualtrics: " + e.Reason + "; " + e.Advice }

func (e *AuthError) kind() ErrorKind { return KindConfig }

// TransportError is that no answer came.
type TransportError struct {
	Method, URL string
	Err         error
	text        string // of Err, redacted
}

// Error says what was asked, what went wrong, and what can be done.
func (e *TransportError) Error() string {
	text := fmt.Sprintf("%s %s: %s", e.Method, e.URL, e.text)
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

// BodyError is an answer that is not what it should be: HTML where JSON is
// due, or a body that ends too early.
type BodyError struct {
	Method, URL string
	Problem     string // redacted, at most a few hundred characters
	Err         error  // may be nil
}

// Error says what was asked and what is wrong with the answer.
func (e *BodyError) Error() string {
	return fmt.Sprintf("%s %s: reading the answer: %s", e.Method, e.URL, e.Problem)
}

// Unwrap returns the cause.
func (e *BodyError) Unwrap() error { return e.Err }

func (e *BodyError) kind() ErrorKind { return KindTransient }

// ExportError is that export jobs failed for good.
type ExportError struct {
	Survey    SurveyID
	Reason    string // of the last job
	RequestID string // of its last answer; may be empty
	Attempts  int    // jobs that were started
	Failed    bool   // Qualtrics says so of the last one, as it does of one that is too large (API §3.3)
}

// Error says which survey's export failed and how.
func (e *ExportError) Error() string {
	text := fmt.Sprintf("exporting the responses of %s: %d jobs failed, the last one because %s", e.Survey, e.Attempts, e.Reason)
	if e.RequestID != "" {
		text += fmt.Sprintf(" (request id %s)", e.RequestID)
	}
	return text
}

func (e *ExportError) kind() ErrorKind { return KindTransient }

// ErrSearchDepth is that a contact search matches more contacts than the API
// hands out (API §4.2).
var ErrSearchDepth = errors.New("the search matches more than 10,000 contacts")

// ErrNotReady is that a new response cannot be read yet (API §3.7).
var ErrNotReady error = notReadyError{}

type notReadyError struct{}

func (notReadyError) Error() string { return "the response is not readable yet" }

func (notReadyError) kind() ErrorKind { return KindTransient }

// IsNotFound reports whether what was asked for does not exist.
func IsNotFound(err error) bool {
	var answer *APIError
	return errors.As(err, &answer) && (answer.Status == http.StatusNotFound || answer.Status == http.StatusGone)
}

// IsGone reports whether Qualtrics itself says that what was asked for does not
// exist: its answers carry the id of the request (API §1.2), those of something
// between it and us do not.
func IsGone(err error) bool {
	var answer *APIError
	return IsNotFound(err) && errors.As(err, &answer) && answer.RequestID != ""
}

// IsForbidden reports whether the account may not do what was asked. GS_5 is
// how the API's older answers say it (API §7.3).
func IsForbidden(err error) bool {
	var answer *APIError
	return errors.As(err, &answer) && (answer.Status == http.StatusForbidden || answer.Code == "GS_5")
}

// IsMissingScope reports whether the OAuth client lacks a scope.
func IsMissingScope(err error) bool {
	var answer *APIError
	return errors.As(err, &answer) && len(answer.MissingScopes) > 0
}

// IsRefused reports whether a request was refused for what it asks (API §7.3).
func IsRefused(err error) bool {
	var answer *APIError
	return errors.As(err, &answer) && answer.Status == http.StatusBadRequest
}

// IsSortRefused reports whether an export was refused because it was to be
// sorted by the modified date; that a brand may do so is assumed.
func IsSortRefused(err error) bool {
	var answer *APIError
	return errors.As(err, &answer) && answer.Status == http.StatusBadRequest && strings.Contains(answer.Message, "sortByLastModifiedDate")
}

// clean makes text from outside fit for a message: redacted, one line, short.
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
