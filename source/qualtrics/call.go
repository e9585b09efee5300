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

// Time limits. A file may take as long as it likes while bytes arrive.
const (
	answerTimeout = 100 * time.Second // until the headers; the API's own slowest limit
	idleTimeout   = time.Minute       // between two reads of a body
	bodyTimeout   = 10 * time.Minute  // of a whole body that is no file
	maxJSON       = 64 << 20          // bytes of one JSON answer
)

// apiPath is what every path of the API begins with; it is case-sensitive.
const apiPath = "/API/v3"

// request is one call of the API.
type request struct {
	to     endpoint
	method string
	path   string // below apiPath, escaped
	query  url.Values
	body   any      // sent as JSON; nil sends none
	survey SurveyID // for news about waiting
	file   bool     // the answer is a file
	// accept reads an answer of status 2xx; nil reads JSON.
	accept func(*http.Response) error
}

// get asks for JSON and decodes its result.
func (c *Client) get(ctx context.Context, r request, result any) error {
	r.accept = func(response *http.Response) error { return c.decode(response, result) }
	return c.send(ctx, r)
}

// send makes a call: paced, authorized, and again while that may help.
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
					return c.auth.problem(strings.TrimSpace(answer.Code + " " + answer.Message))
				}
				renewed = true
				continue
			case http.StatusForbidden:
				// Whether an ended token is answered by 401 or 403 is open
				// (API §1.4), and no permission is missing by that.
				if !renewed && c.auth.ended(credential) && c.auth.refused(credential) {
					renewed = true
					continue
				}
			case http.StatusTooManyRequests:
				c.pacer(r.to).slower()
			}
		}
		if !worthTrying(err, try) || try >= c.limits.Tries {
			return err
		}
		if err := c.pause(ctx, err, try, begun, r.survey, c.pacer(r.to)); err != nil {
			return err
		}
	}
}

// pause waits before the next try, and holds back other calls of the pacer (nil:
// there are none) if it is a limit that was met. It returns the error of the last
// try when the budget is used up: this call's, or that of all calls.
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
		c.log.Debug("so many calls failed that none is tried again for now", "error", failed)
		return failed
	}
	c.log.Debug("trying again", "error", failed, "try", try, "wait", delay.Round(time.Millisecond))
	if kind == WaitRateLimit && paced != nil {
		paced.hold(time.Now().Add(delay)) // no other call has to find out
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
		accept, r.file = c.failure, false
	}
	if !r.file {
		deadline := time.AfterFunc(bodyTimeout, func() { cancel(errSlow) })
		defer deadline.Stop()
	}
	err = accept(response)
	var body *BodyError
	if cause := context.Cause(ctx); errors.As(err, &body) && (errors.Is(cause, errIdle) || errors.Is(cause, errSlow)) {
		return c.bodyError(response, cause)
	}
	return err
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

// redirect follows only where the credentials may go: a GET, within the
// origin, a few times. Every other redirect is the answer.
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

// watchedBody is a body that must not fall silent.
type watchedBody struct {
	io.ReadCloser
	cancel context.CancelCauseFunc
}

func (b *watchedBody) Read(p []byte) (int, error) {
	timer := time.AfterFunc(idleTimeout, func() { b.cancel(errIdle) })
	defer timer.Stop()
	return b.ReadCloser.Read(p)
}
