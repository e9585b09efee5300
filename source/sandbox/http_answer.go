package sandbox

import (
	"bytes"
	"compress/gzip"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"time"
)

// meta is the part of the envelope that all answers have (*recorded*, API
// §1.2).
type meta struct {
	HTTPStatus string     `json:"httpStatus"`
	Error      *metaError `json:"error,omitempty"`
	RequestID  string     `json:"requestId"`
	Notice     string     `json:"notice,omitempty"`
}

type metaError struct {
	Message string `json:"errorMessage"`
	Code    string `json:"errorCode,omitempty"`
}

// metaFirst is a result whose envelope begins with meta, as survey definitions
// do (*recorded*).
type metaFirst struct{ result any }

// apiError is an answer with an error envelope.
type apiError struct {
	status     int
	code       string
	message    string
	retryAfter time.Duration // for 429
}

func (e *apiError) Error() string { return fmt.Sprintf("%d %s: %s", e.status, e.code, e.message) }

func badRequest(format string, args ...any) error {
	// The code was recorded for invalid parameters. That it is used for these,
	// too, is *assumed*.
	return &apiError{status: http.StatusBadRequest, code: "GPR_1", message: fmt.Sprintf(format, args...)}
}

// errNotFound returns the answer to an unknown path or id (*recorded*).
func errNotFound() error {
	return &apiError{status: http.StatusNotFound, code: "UNF_9", message: "Resource not found"}
}

// tooManyRequests returns the answer to a call over the limit. Its text and
// code are *assumed*.
func tooManyRequests(wait time.Duration) error {
	return &apiError{
		status: http.StatusTooManyRequests, code: "RL_1", message: "Too many requests.",
		retryAfter: max(wait, time.Second),
	}
}

// statusText returns the text after the code in meta.httpStatus. For 503 it
// differs from the standard text of HTTP (*recorded*).
func statusText(status int) string {
	if status == http.StatusServiceUnavailable {
		return "503 - Temporary Internal Server Error"
	}
	return fmt.Sprintf("%d - %s", status, http.StatusText(status))
}

func (x *exchange) meta(status int) meta {
	m := meta{HTTPStatus: statusText(status), RequestID: x.visit.uuid()}
	if x.foreign {
		// *recorded*
		m.Notice = "Request proxied. For faster response times, use this host instead: " + x.tenant.homeHost()
	}
	return m
}

// answer sends a result with status 200.
func (x *exchange) answer(result any) {
	var envelope any = struct {
		Result any  `json:"result"`
		Meta   meta `json:"meta"`
	}{result, x.meta(http.StatusOK)}
	if first, ok := result.(metaFirst); ok {
		envelope = struct {
			Meta   meta `json:"meta"`
			Result any  `json:"result"`
		}{x.meta(http.StatusOK), first.result}
	}
	x.send(http.StatusOK, "application/json", encodeJSON(envelope))
}

// refuse sends an error.
func (x *exchange) refuse(err error) {
	var refused *apiError
	if !errors.As(err, &refused) {
		refused = &apiError{status: http.StatusInternalServerError, message: err.Error()}
	}
	if refused.retryAfter > 0 && !x.tenant.options.Doubt.NoRetryAfter {
		// The header is *assumed*: clients in use read it, but no recording has
		// it.
		seconds := int(math.Ceil(refused.retryAfter.Seconds()))
		value := strconv.Itoa(seconds)
		if x.tenant.options.Doubt.RetryAfterDate {
			value = x.tenant.Now().Add(time.Duration(seconds) * time.Second).Format(http.TimeFormat)
		}
		x.w.Header().Set("Retry-After", value)
	}
	m := x.meta(refused.status)
	m.Error = &metaError{refused.message, refused.code}
	x.send(refused.status, "application/json", encodeJSON(struct {
		Meta meta `json:"meta"`
	}{m}))
}

// send writes a whole body. The Content-Type of JSON has no charset
// (*recorded*). The body is compressed if the client asks for it
// (*documented*).
func (x *exchange) send(status int, contentType string, body []byte) {
	x.setHeaders(contentType)
	if contentType == "application/json" && acceptsGzip(x.r) {
		body = gzipped(body)
		x.w.Header().Set("Content-Encoding", "gzip")
	}
	x.w.Header().Set("Content-Length", strconv.Itoa(len(body)))
	x.sendBytes(status, body)
}

// sendBytes writes a body whose length is in the headers, or only a part of it
// if the fault breaks the connection.
func (x *exchange) sendBytes(status int, body []byte) {
	switch {
	case x.fault.class != faultReset:
		x.count(status)
		x.w.WriteHeader(status)
		_, _ = x.w.Write(body) // the client may have left
	case x.fault.roll%2 == 0 || len(body) == 0:
		x.abort()
	default:
		x.count(status)
		x.w.WriteHeader(status)
		_, _ = x.w.Write(body[:x.fault.roll/2%uint64(len(body))])
		x.flush()
		x.abort()
	}
}

func (x *exchange) flush() {
	// A writer that cannot flush sends its buffer when it is full.
	_ = http.NewResponseController(x.w).Flush()
}

// setHeaders sets the headers of all answers. The names are *recorded* (API
// §1.2). Values that the reference does not give are *assumed*.
func (x *exchange) setHeaders(contentType string) {
	h := x.w.Header()
	h.Set("Content-Type", contentType)
	h.Set("Request-Time", strconv.FormatUint(20+x.visit.number(3)%400, 10))
	h.Set("Strict-Transport-Security", "max-age=63072000; includeSubDomains; preload")
	h.Set("X-Frame-Options", "DENY")
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("X-XSS-Protection", "1; mode=block")
	h.Set("X-Permitted-Cross-Domain-Policies", "master-only")
	h.Set("Referrer-Policy", "strict-origin-when-cross-origin")
	h.Set("Permissions-Policy", "geolocation=(), microphone=(), camera=()")
	date := x.tenant.Now()
	if x.fault.class == faultDateless || (x.fault.class == faultClock && x.fault.roll%3 == 0) {
		h["Date"] = nil // present without a value: the server adds none
		return
	}
	if x.fault.class == faultClock {
		date = date.Add(time.Duration(x.fault.roll%172_800)*time.Second - 24*time.Hour)
	}
	h.Set("Date", date.Format(http.TimeFormat))
}

func acceptsGzip(r *http.Request) bool {
	for _, value := range r.Header.Values("Accept-Encoding") {
		for coding := range strings.SplitSeq(value, ",") {
			name, weight, _ := strings.Cut(strings.ToLower(strings.TrimSpace(coding)), ";")
			if strings.TrimSpace(name) == "gzip" && strings.ReplaceAll(weight, " ", "") != "q=0" {
				return true
			}
		}
	}
	return false
}

// writers are reused, because making one takes longer than most answers.
var writers = sync.Pool{New: func() any { return gzip.NewWriter(nil) }}

func gzipped(body []byte) []byte {
	var out bytes.Buffer
	w := writers.Get().(*gzip.Writer) //nolint:forcetypeassert // the pool holds nothing else
	defer writers.Put(w)
	w.Reset(&out)
	if _, err := w.Write(body); err != nil {
		panic(err) // a buffer takes everything
	}
	if err := w.Close(); err != nil {
		panic(err)
	}
	return out.Bytes()
}

func encodeJSON(value any) []byte {
	var out bytes.Buffer
	encoder := json.NewEncoder(&out)
	encoder.SetEscapeHTML(false)
	if err := encoder.Encode(value); err != nil {
		panic(fmt.Errorf("encoding an answer: %w", err)) // the tenant's own values always encode
	}
	return bytes.TrimSuffix(out.Bytes(), []byte("\n"))
}
