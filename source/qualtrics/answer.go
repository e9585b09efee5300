package qualtrics

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"regexp"
	"strings"
)

// envelope is what every JSON answer is wrapped in (API §1.2), the older shape
// of errors included.
type envelope struct {
	Result json.RawMessage `json:"result"`
	Meta   struct {
		RequestID *string `json:"requestId"`
		Notice    *string `json:"notice"`
		Error     *struct {
			Message *string `json:"errorMessage"`
			Code    *string `json:"errorCode"`
		} `json:"error"`
		Status  *string `json:"status"` // older answers
		Message *string `json:"errorMessage"`
		Code    *string `json:"internalErrorCode"`
	} `json:"meta"`
}

// failed reports whether an answer is an error, whatever its HTTP status.
func (e envelope) failed() bool { return text(e.Meta.Status) == "Error" || e.Meta.Error != nil }

func text(pointer *string) string {
	if pointer == nil {
		return ""
	}
	return *pointer
}

// read reads a JSON answer whole.
func (c *Client) read(response *http.Response) ([]byte, error) {
	body, err := io.ReadAll(io.LimitReader(response.Body, maxJSON+1))
	switch {
	case err != nil:
		return nil, c.bodyError(response, err)
	case len(body) > maxJSON:
		return nil, c.bodyError(response, fmt.Errorf("it is longer than %d MiB", maxJSON>>20))
	}
	return body, nil
}

// decode reads an answer's result.
func (c *Client) decode(response *http.Response, result any) error {
	body, err := c.read(response)
	if err != nil {
		return err
	}
	var wrapped envelope
	if err := json.Unmarshal(body, &wrapped); err != nil {
		return c.bodyError(response, notJSON(body))
	}
	c.noted(wrapped)
	if wrapped.failed() {
		return c.apiError(response, wrapped)
	}
	if len(wrapped.Result) == 0 || string(wrapped.Result) == "null" {
		return c.bodyError(response, errors.New("it holds no result"))
	}
	if err := json.Unmarshal(wrapped.Result, result); err != nil {
		return c.bodyError(response, fmt.Errorf("its result is of another shape: %w", err))
	}
	return nil
}

// notJSON says what came instead of JSON.
func notJSON(body []byte) error {
	start := strings.ToLower(string(body[:min(len(body), 512)]))
	if strings.Contains(start, "<html") || strings.Contains(start, "<!doctype") {
		return errors.New("it is an HTML page and not JSON")
	}
	if len(bytes.TrimSpace(body)) == 0 {
		return errors.New("it is empty")
	}
	return errors.New("it is not JSON")
}

// notZIP says what came instead of a ZIP file.
func notZIP(body []byte) error {
	if json.Valid(body) {
		return errors.New("it is JSON and not a ZIP file")
	}
	if err := notJSON(body); err.Error() != "it is not JSON" {
		return err
	}
	return errors.New("it is not a ZIP file")
}

func (c *Client) bodyError(response *http.Response, err error) *BodyError {
	return &BodyError{Method: response.Request.Method, URL: address(response), Problem: c.clean(err.Error()), Err: err}
}

// address returns what was asked, without its query.
func address(response *http.Response) string {
	u := *response.Request.URL
	u.RawQuery = ""
	return u.String()
}

// failure reads an answer that is an error; it need not be JSON.
func (c *Client) failure(response *http.Response) error {
	body, err := io.ReadAll(io.LimitReader(response.Body, 64<<10))
	if err != nil && (response.StatusCode == http.StatusBadRequest || response.StatusCode == http.StatusNotFound) {
		// What was wrong, or that it is Qualtrics who says so, stands in the part
		// that did not come.
		return c.bodyError(response, err)
	}
	var wrapped envelope
	if json.Unmarshal(body, &wrapped) != nil {
		wrapped = envelope{}
	}
	c.noted(wrapped)
	return c.apiError(response, wrapped)
}

var scopeWord = regexp.MustCompile(`\b(read|manage|write):[a-z_]+\b`)

func (c *Client) apiError(response *http.Response, wrapped envelope) *APIError {
	e := &APIError{
		Method: response.Request.Method, URL: address(response), Status: response.StatusCode,
		RequestID: c.clean(text(wrapped.Meta.RequestID)),
		Code:      c.clean(text(wrapped.Meta.Code)),
		Message:   text(wrapped.Meta.Message),
	}
	if failed := wrapped.Meta.Error; failed != nil {
		e.Code, e.Message = c.clean(text(failed.Code)), text(failed.Message)
	}
	if strings.Contains(strings.ToLower(e.Message), "missing the following required scopes") {
		e.MissingScopes = scopeWord.FindAllString(e.Message, 8)
	}
	e.Message = c.clean(e.Message)
	if hint := noticedHost(text(wrapped.Meta.Notice)); hint != c.origin.Host() {
		e.HostHint = hint
	}
	e.retryAfter, e.hasRetry = retryAfter(response.Header)
	return e
}

var hostWord = regexp.MustCompile(`\b([a-z0-9-]{1,63}\.){1,2}qualtrics\.com\b`)

// noticedHost finds the host that a notice proposes.
func noticedHost(notice string) string { return hostWord.FindString(strings.ToLower(notice)) }

// noted remembers the host that Qualtrics proposes.
func (c *Client) noted(wrapped envelope) {
	host := noticedHost(text(wrapped.Meta.Notice))
	if host == "" || host == c.origin.Host() {
		return
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.notice = host
}
