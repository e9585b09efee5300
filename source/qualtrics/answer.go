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

	"github.com/birdie-ai/source-qualtrics/source/frame"
)

// envelope is the outer object of every JSON answer (API §1.2). It also has the members
// of older errors.
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

	taken *fields // the result, if it was taken apart
}

// fields returns the result taken apart.
func (e *envelope) fields() *fields {
	if e.taken == nil {
		return fieldsOf(e.Result)
	}
	return e.taken
}

// failed reports whether an answer is an error. Its HTTP status does not count.
func (e envelope) failed() bool { return text(e.Meta.Status) == "Error" || e.Meta.Error != nil }

func text(pointer *string) string {
	if pointer == nil {
		return ""
	}
	return *pointer
}

// read reads a JSON answer whole.
func (c *Client) read(response *http.Response) ([]byte, error) {
	buffer, _ := c.bodies.Get().(*bytes.Buffer)
	if buffer == nil {
		buffer = new(bytes.Buffer)
	}
	defer c.bodies.Put(buffer)
	buffer.Reset()
	switch _, err := buffer.ReadFrom(io.LimitReader(response.Body, maxJSON+1)); {
	case err != nil:
		return nil, c.bodyError(response, err)
	case buffer.Len() > maxJSON:
		return nil, c.bodyError(response, fmt.Errorf("it is longer than %d MiB", maxJSON>>20))
	}
	return bytes.Clone(buffer.Bytes()), nil
}

// open reads the envelope of an answer. Its usual form is read without a copy.
func (e *envelope) open(body []byte) error {
	var scanner frame.Scanner
	object, ok := scanner.Object(body)
	if !ok {
		return json.Unmarshal(body, e)
	}
	var meta json.RawMessage
	for i := range object.Members {
		m := &object.Members[i]
		switch {
		case string(m.Name) == "result" && e.Result == nil:
			e.Result = m.Value
			e.taken = &fields{raw: m.Value, members: object.Of(m)}
		case string(m.Name) == "meta" && meta == nil:
			meta = m.Value
		default: // encoding/json ignores the case of names, and takes the last of two
			*e = envelope{}
			return json.Unmarshal(body, e)
		}
	}
	if meta == nil {
		return nil
	}
	return json.Unmarshal(meta, &e.Meta)
}

// unwrap reads the envelope of an answer. It returns an error if the answer is one.
func (c *Client) unwrap(r request, response *http.Response) (envelope, error) {
	var wrapped envelope
	body, err := c.read(response)
	if err != nil {
		return wrapped, err
	}
	if err := wrapped.open(body); err != nil {
		return wrapped, c.bodyError(response, notJSON(body))
	}
	c.noted(r, wrapped)
	if wrapped.failed() {
		return wrapped, c.apiError(r, response, wrapped)
	}
	return wrapped, nil
}

// result is read by a function of its own, and by no library.
type result interface {
	read(m *fields) error
}

// decode reads an answer's result.
func (c *Client) decode(r request, response *http.Response, into any) error {
	wrapped, err := c.unwrap(r, response)
	if err != nil {
		return err
	}
	if len(wrapped.Result) == 0 || string(wrapped.Result) == "null" {
		return c.bodyError(response, errors.New("it holds no result"))
	}
	if reads, ok := into.(result); ok {
		err = reads.read(wrapped.fields())
	} else {
		err = json.Unmarshal(wrapped.Result, into)
	}
	var shape *json.UnmarshalTypeError
	switch {
	case errors.As(err, &shape):
		return c.bodyError(response, fmt.Errorf("its result has an unknown shape: %w", err))
	case err != nil:
		return c.bodyError(response, err)
	}
	return nil
}

// checked is a result that is read by a function. The function refuses a result without
// a needed member. The call is then made again, as after every unreadable answer: a
// missing member does not prove that an object is gone.
type checked func(m *fields) error

func (c checked) read(m *fields) error { return c(m) }

// shows refuses an answer about another object than the one that was asked for.
func shows[ID ~string](noun string, asked, shown ID) error {
	if shown != asked {
		return fmt.Errorf("it is about %s %.40q and not about %s", noun, shown, asked)
	}
	return nil
}

var errHTML = errors.New("it is an HTML page and not JSON")

// notJSON describes a body that is not JSON, or not an answer of Qualtrics.
func notJSON(body []byte) error {
	start := strings.ToLower(string(body[:min(len(body), 512)]))
	if strings.Contains(start, "<html") || strings.Contains(start, "<!doctype") {
		return errHTML
	}
	if len(bytes.TrimSpace(body)) == 0 {
		return errors.New("it is empty")
	}
	if json.Valid(body) {
		return errors.New("it is JSON of an unknown shape")
	}
	return errNotJSON
}

var errNotJSON = errors.New("it is not JSON")

// notZIP describes a body that came instead of a ZIP file.
func notZIP(body []byte) error {
	if json.Valid(body) {
		return errors.New("it is JSON and not a ZIP file")
	}
	if err := notJSON(body); !errors.Is(err, errNotJSON) {
		return err
	}
	return errors.New("it is not a ZIP file")
}

func (c *Client) bodyError(response *http.Response, err error) *BodyError {
	return &BodyError{Method: response.Request.Method, URL: address(response), Status: response.StatusCode, Problem: c.clean(err.Error()), Err: err}
}

// address returns the URL of the request, without its query.
func address(response *http.Response) string {
	u := *response.Request.URL
	u.RawQuery = ""
	return u.String()
}

// failure reads an answer that is an error. It need not be JSON.
func (c *Client) failure(r request, response *http.Response) error {
	body, err := io.ReadAll(io.LimitReader(response.Body, 64<<10))
	if err != nil && (response.StatusCode == http.StatusBadRequest || response.StatusCode == http.StatusNotFound) {
		// The lost part may hold the reason, and the request id. Only the id proves
		// that Qualtrics answered, and not a gateway.
		return c.bodyError(response, err)
	}
	var wrapped envelope
	if json.Unmarshal(body, &wrapped) != nil {
		wrapped = envelope{}
	}
	c.noted(r, wrapped)
	return c.apiError(r, response, wrapped)
}

var scopeWord = regexp.MustCompile(`\b(read|manage|write):[a-z_]+\b`)

func (c *Client) apiError(r request, response *http.Response, wrapped envelope) *APIError {
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
	e.HostHint = c.Notice()
	if host := c.surveyHost(r.survey); host != e.HostHint {
		e.SurveyHost = host
	}
	e.retryAfter, e.hasRetry = retryAfter(response.Header)
	return e
}

var hostWord = regexp.MustCompile(`\b([a-z0-9-]{1,63}\.){1,2}qualtrics\.com\b`)

// noticedHost finds the host that a notice proposes.
func noticedHost(notice string) string { return hostWord.FindString(strings.ToLower(notice)) }

// noted remembers the host that Qualtrics proposes for the account. A notice in an
// answer about one survey applies to that survey only, which may be shared from another
// data center.
func (c *Client) noted(r request, wrapped envelope) {
	host := noticedHost(text(wrapped.Meta.Notice))
	if host == "" || host == c.origin.Host() {
		return
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if r.survey != "" {
		c.surveyHosts[r.survey] = host
		return
	}
	c.notice = host
}

// surveyHost returns the host that Qualtrics proposed for the calls of one survey,
// or "".
func (c *Client) surveyHost(survey SurveyID) string {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.surveyHosts[survey]
}
