package qualtrics

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"time"
)

// Time limits. A file may take any time while its bytes arrive.
const (
	answerTimeout = 100 * time.Second // until the headers; the API's own slowest limit
	idleTimeout   = time.Minute       // between two reads of a body
	bodyTimeout   = 10 * time.Minute  // of a whole body that is no file
	maxJSON       = 64 << 20          // bytes of one JSON answer
)

// apiPath is the first part of every path of the API. It is case-sensitive.
const apiPath = "/API/v3"

// request is one call of the API.
type request struct {
	to     endpoint
	method string
	path   string // below apiPath, escaped
	query  url.Values
	body   any      // sent as JSON; nil sends none
	survey SurveyID // for messages; may be empty
	file   bool     // the answer is a file
	// divisible is set if the caller makes a smaller request when no answer comes in
	// time.
	divisible bool
	pages     *int // counts the pages of a list; may be nil
	// accept reads an answer of status 2xx; nil reads JSON.
	accept func(*http.Response) error
}

// get asks for JSON and decodes its result.
func (c *Client) get(ctx context.Context, r request, result any) error {
	r.accept = func(response *http.Response) error { return c.decode(r, response, result) }
	return c.send(ctx, r)
}

// divisibleTries is the number of tries of a call that gets no answer in time, if a
// smaller call may get one.
const divisibleTries = 3

// send makes a call with pacing and credentials. It tries again after a failure that
// may pass.
func (c *Client) send(ctx context.Context, r request) error {
	begun, renewed := time.Now(), false
	for try := 1; ; try++ {
		for _, pace := range []*pacer{c.pacer(everything), c.pacer(r.to)} {
			if err := pace.wait(ctx); err != nil {
				return err
			}
		}
		credential, err := c.auth.credential(ctx)
		if err != nil {
			return err
		}
		err = c.once(ctx, r, func(header http.Header) { c.auth.apply(header, credential) })
		if err == nil {
			c.pacer(r.to).faster()
			c.retries.succeeded()
			return nil
		}
		if cause := stopped(ctx); cause != nil {
			return cause
		}
		var answer *APIError
		if errors.As(err, &answer) {
			switch answer.Status {
			case http.StatusUnauthorized:
				if !c.auth.refused(credential) || renewed {
					refused := c.auth.problem(strings.TrimSpace(answer.Code + " " + answer.Message))
					refused.answer = answer
					return refused
				}
				renewed = true
				continue
			case http.StatusForbidden:
				// Whether Qualtrics answers an expired token by 401 or 403 is not known
				// (API §1.4). Such a 403 does not mean that a permission is missing.
				if !renewed && c.auth.ended(credential) && c.auth.refused(credential) {
					renewed = true
					continue
				}
			case http.StatusTooManyRequests:
				c.pacer(r.to).slower()
			}
		}
		if !worthTrying(err, try) || try >= c.limits.Tries || r.divisible && try >= divisibleTries && timedOut(err) {
			return err
		}
		if err := c.pause(ctx, err, try, begun, r.survey, c.pacer(r.to)); err != nil {
			return err
		}
	}
}

// pause waits before the next try. After a 429 it also holds back the other calls of
// the pacer, which may be nil. It returns the error of the last try if the retry budget
// of the call, or the allowance of all calls, is used up.
func (c *Client) pause(ctx context.Context, failed error, try int, begun time.Time, survey SurveyID, paced *pacer) error {
	delay := backoff(try, c.jitter)
	kind := WaitRetry
	var answer *APIError
	if errors.As(failed, &answer) {
		if answer.Status == http.StatusTooManyRequests {
			kind = WaitRateLimit
			if !answer.hasRetry {
				delay = limitBackoff(try, c.jitter)
			}
		}
		if answer.hasRetry {
			delay = max(delay, answer.retryAfter)
		}
	}
	if time.Since(begun)+delay > c.limits.RetryBudget {
		return failed
	}
	if kind == WaitRetry && !c.retries.take() {
		c.log.Debug("too many calls failed recently: not trying again", "error", failed)
		return failed
	}
	c.log.Debug("trying again", "error", failed, "try", try, "wait", delay.Round(time.Millisecond))
	if kind == WaitRateLimit && paced != nil {
		paced.hold(time.Now().Add(delay)) // so that no other call gets a 429
	}
	c.wait(Wait{Kind: kind, Survey: survey, Until: time.Now().Add(delay), Reason: failed.Error()})
	return sleep(ctx, delay)
}

func sleep(ctx context.Context, delay time.Duration) error {
	defer waited(ctx, time.Now())
	timer := time.NewTimer(delay)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

var (
	errNoAnswer = fmt.Errorf("no answer came within %s", answerTimeout)
	errIdle     = fmt.Errorf("no byte came for %s", idleTimeout)
	errSlow     = fmt.Errorf("it did not end within %s", bodyTimeout)
)

// once sends one request and reads its answer.
func (c *Client) once(ctx context.Context, r request, authorize func(http.Header)) error {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	watchdog := time.AfterFunc(answerTimeout, func() { cancel(errNoAnswer) })
	defer watchdog.Stop()
	made, err := c.build(ctx, r)
	if err != nil {
		return err
	}
	authorize(made.Header)
	count(ctx, r.to.name)
	response, err := c.http.Do(made)
	if err != nil {
		return c.unanswered(ctx, r, err)
	}
	watchdog.Stop()
	response.Body = &watchedBody{response.Body, cancel}
	defer func() { _ = response.Body.Close() }()
	c.clock.observe(response.Header)
	accept := r.accept
	if response.StatusCode/100 != 2 {
		accept, r.file = func(response *http.Response) error { return c.failure(r, response) }, false
	}
	if !r.file {
		deadline := time.AfterFunc(bodyTimeout, func() { cancel(errSlow) })
		defer deadline.Stop()
	}
	err = accept(response)
	var body *BodyError
	if cause := context.Cause(ctx); errors.As(err, &body) && (errors.Is(cause, errIdle) || errors.Is(cause, errSlow)) {
		err = c.bodyError(response, cause)
	}
	r.sign(err)
	return err
}

// sign adds the endpoint and the survey of the call to an error of its answer.
func (r request) sign(err error) {
	var (
		answer *APIError
		body   *BodyError
	)
	if errors.As(err, &answer) {
		answer.to, answer.survey = r.to, r.survey
	}
	if errors.As(err, &body) {
		body.to, body.survey = r.to, r.survey
	}
}

// build makes the request without its credentials.
func (c *Client) build(ctx context.Context, r request) (*http.Request, error) {
	var body io.Reader
	if r.body != nil {
		encoded, err := json.Marshal(r.body)
		if err != nil {
			return nil, fmt.Errorf("%s %s: encoding the request: %w", r.method, r.path, err)
		}
		body = bytes.NewReader(encoded)
	}
	address := c.origin.String() + apiPath + r.path
	if len(r.query) > 0 {
		address += "?" + r.query.Encode()
	}
	made, err := http.NewRequestWithContext(ctx, r.method, address, body)
	if err != nil {
		return nil, fmt.Errorf("%s %s: making the request: %w", r.method, r.path, err)
	}
	if !c.origin.holds(made.URL) {
		return nil, fmt.Errorf("%s %s: the address leaves %s", r.method, r.path, c.origin)
	}
	made.Header.Set("Accept", "application/json, application/zip, */*;q=0.5")
	if r.body != nil {
		made.Header.Set("Content-Type", "application/json")
	}
	if c.agent != "" {
		made.Header.Set("User-Agent", c.agent)
	}
	return made, nil
}

// redirect follows up to three redirects of a GET within the origin, where the
// credentials may go. Every other redirect is the answer.
func (c *Client) redirect(next *http.Request, via []*http.Request) error {
	if len(via) > 3 || via[0].Method != http.MethodGet || !c.origin.holds(next.URL) {
		return http.ErrUseLastResponse
	}
	return nil
}

func (c *Client) unanswered(ctx context.Context, r request, err error) error {
	if cause := context.Cause(ctx); errors.Is(cause, errNoAnswer) {
		err = cause
	}
	var wrapped *url.Error
	if errors.As(err, &wrapped) {
		err = wrapped.Err
	}
	return &TransportError{Method: r.method, URL: c.origin.String() + apiPath + r.path, Err: err, text: c.clean(err.Error())}
}

// watchedBody is a body that cancels its call if no byte comes for idleTimeout.
type watchedBody struct {
	io.ReadCloser
	cancel context.CancelCauseFunc
}

func (b *watchedBody) Read(p []byte) (int, error) {
	timer := time.AfterFunc(idleTimeout, func() { b.cancel(errIdle) })
	defer timer.Stop()
	return b.ReadCloser.Read(p)
}
