package qualtrics

import (
	"fmt"
	"net/http"
	"net/url"
	"strings"
)

// Error names in one sentence the refused task, the reason and the remedy. [Detail]
// returns the method, URL and status.
func (e *APIError) Error() string {
	text := e.cause()
	words := strings.TrimSpace(e.Code + " " + e.Message)
	if words == "" {
		words = http.StatusText(e.Status)
	}
	if words != "" {
		text += " (" + words + ")"
	}
	if advice := e.advice(); advice != "" {
		text += "; " + advice
	}
	return text
}

// cause describes the result of the call.
func (e *APIError) cause() string {
	task := e.to.task(e.survey)
	switch {
	case IsForbidden(e), IsMissingScope(e):
		return "Qualtrics does not allow this account to " + task
	case IsNotFound(e):
		return "Qualtrics finds nothing when it is asked to " + task
	case e.Status == http.StatusTooManyRequests:
		return "Qualtrics takes no more calls for now to " + task
	case e.Status/100 == 3:
		return "the call to " + task + " is redirected"
	case e.kind() == KindTransient && e.RequestID == "":
		return "Qualtrics, or a gateway in front of it, fails to " + task
	case e.kind() == KindTransient:
		return "Qualtrics fails to " + task
	default:
		return "Qualtrics refuses to " + task
	}
}

// advice returns the likeliest remedy.
func (e *APIError) advice() string {
	switch {
	case len(e.MissingScopes) > 0:
		return fmt.Sprintf("add the scope %s to the OAuth client", strings.Join(e.MissingScopes, " and "))
	case e.Status == http.StatusBadRequest:
		return e.checkInOrder()
	case e.hosts() != "" && e.kind() == KindConfig:
		if IsForbidden(e) {
			return e.hosts() + "; else the account needs " + e.to.needs
		}
		return e.hosts()
	case IsForbidden(e):
		return "the account needs " + e.to.needs
	case e.Status/100 == 3:
		return "redirects are not followed: check data_center or base_url"
	}
	return ""
}

// checkInOrder is the advice for a bare 400. Users report it for a missing permission,
// for the wrong data center, and for an account without the API (API §7.3, §8). If
// Qualtrics names another host, the data center comes first.
func (e *APIError) checkInOrder() string {
	permission := "that the account has " + e.to.needs
	center := "that data_center is the account's own"
	if hosts := e.hosts(); hosts != "" {
		return "check data_center first (" + hosts + "), then " + permission + ", then that the API is enabled for the account"
	}
	return "check in this order " + permission + ", " + center + ", and that the API is enabled for the account"
}

// hosts names the other host that Qualtrics proposes for the account or for one survey.
func (e *APIError) hosts() string {
	switch {
	case e.HostHint != "":
		return fmt.Sprintf("Qualtrics says that this account lives on %s: use that as data_center", e.HostHint)
	case e.SurveyHost != "":
		return fmt.Sprintf("Qualtrics says that this survey lives on %s: read it with an account of that data center", e.SurveyHost)
	}
	return ""
}

// Detail returns the HTTP side of err and of all errors that it wraps: method, URL,
// status and request id. It is for logs and for Qualtrics' support. It is "" if there
// is none.
func Detail(err error) string {
	var details []string
	var walk func(error)
	walk = func(err error) {
		if of, ok := err.(interface{ detail() string }); ok && of.detail() != "" {
			details = append(details, of.detail())
		}
		switch wrapping := err.(type) { //nolint:errorlint // the tree is walked by hand
		case interface{ Unwrap() error }:
			if next := wrapping.Unwrap(); next != nil {
				walk(next)
			}
		case interface{ Unwrap() []error }:
			for _, next := range wrapping.Unwrap() {
				walk(next)
			}
		}
	}
	if err != nil {
		walk(err)
	}
	return strings.Join(details, "; ")
}

func (e *APIError) detail() string { return httpDetail(e.Method, e.URL, e.Status, e.RequestID) }

func (e *BodyError) detail() string { return httpDetail(e.Method, e.URL, e.Status, "") }

func (e *TransportError) detail() string { return httpDetail(e.Method, e.URL, 0, "") }

func (e *ExportError) detail() string {
	if e.details == "" && e.RequestID != "" {
		return "request id " + e.RequestID
	}
	return e.details
}

func (e *AuthError) detail() string {
	if e.answer == nil {
		return ""
	}
	return e.answer.detail()
}

// httpDetail describes a call and its answer. It leaves out empty parts.
func httpDetail(method, address string, status int, requestID string) string {
	text := method + " " + address
	if status != 0 {
		text += ": " + strings.TrimSpace(fmt.Sprintf("HTTP %d %s", status, http.StatusText(status)))
	}
	if requestID != "" {
		text += " (request id " + requestID + ")"
	}
	return text
}

// hostOf returns the host of an address.
func hostOf(address string) string {
	parsed, err := url.Parse(address)
	if err != nil {
		return address
	}
	return parsed.Host
}
