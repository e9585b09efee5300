package sandbox

import (
	"bytes"
	"errors"
	"io"
	"net"
	"net/http"
	"slices"
	"strings"
)

// maxBodyBytes bounds what a request may carry; a larger one answers 413. The
// figure is *assumed*.
const maxBodyBytes = 1 << 20

// Handler serves the API, the OAuth token endpoint and the admin face.
func (s *Sandbox) Handler() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /sandbox/truth/{kind}", s.adminTruth)
	mux.HandleFunc("POST /sandbox/advance", s.adminAdvance)
	mux.HandleFunc("GET /sandbox/requests", s.adminRequests)
	mux.HandleFunc("GET /sandbox/faults", s.adminFaults)
	mux.HandleFunc("POST /sandbox/faults", s.adminScript)
	mux.HandleFunc("DELETE /sandbox/faults", s.adminUnscript)
	mux.HandleFunc("GET /{$}", s.adminPage)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		// The API takes paths as they are; a ServeMux would clean and redirect.
		if r.URL.Path == "/" || strings.HasPrefix(r.URL.Path, "/sandbox/") {
			mux.ServeHTTP(w, r)
			return
		}
		s.serve(w, r)
	})
}

// exchange is one request to the tenant and its answer.
type exchange struct {
	tenant  *Sandbox
	w       http.ResponseWriter
	r       *http.Request
	body    []byte
	route   *route // nil for the token endpoint and unknown paths
	params  map[string]string
	visit   visit
	fault   fault
	foreign bool // addressed as another data center
	bearer  bool // signed in with OAuth
	counted bool
}

// serve answers a request outside the admin face.
func (s *Sandbox) serve(w http.ResponseWriter, r *http.Request) {
	s.live()
	x := &exchange{tenant: s, w: w, r: r, foreign: s.isForeign(r.Host)}
	body, err := io.ReadAll(io.LimitReader(r.Body, maxBodyBytes+1))
	if err != nil {
		panic(http.ErrAbortHandler)
	}
	x.body = body
	path, query := strings.TrimSuffix(r.URL.Path, "/"), r.URL.RawQuery
	x.visit = s.visits.next(r.Method, path, query, body)

	known := false
	below, isAPI := strings.CutPrefix(r.URL.Path, apiPrefix)
	isToken := r.URL.Path == tokenPath
	if isAPI {
		x.route, x.params, known = s.routes.find(r.Method, below)
	}
	if planned := s.intercept.Load(); planned != nil { //nolint:bodyclose // relay closes it
		r.Body = io.NopCloser(bytes.NewReader(body))
		if response := (*planned)(r); response != nil { //nolint:bodyclose // relay closes it
			x.relay(response)
			return
		}
	}
	if (x.route != nil || isToken) && x.fail() {
		return
	}
	switch {
	case len(body) > maxBodyBytes:
		x.refuse(&apiError{status: http.StatusRequestEntityTooLarge, message: "Request body is too large."})
	case isToken:
		s.serveToken(x)
	case !isAPI:
		x.refuse(errNotFound())
	default:
		result, err := x.call(known)
		if err != nil {
			x.refuse(err)
			return
		}
		if file, ok := result.(*download); ok {
			file.send(x)
			return
		}
		x.answer(result)
	}
}

// call checks what stands before an endpoint and asks it for its result. That
// credentials come before the path, and the path before the limits, is
// *assumed*.
func (x *exchange) call(known bool) (any, error) {
	granted, err := x.authenticate()
	if err != nil {
		return nil, err
	}
	if x.route == nil {
		if known {
			return nil, &apiError{status: http.StatusMethodNotAllowed, message: "The method is not allowed for this resource."}
		}
		return nil, errNotFound()
	}
	if wait, ok := x.tenant.limits.take(x.tenant.Now(), x.route); !ok {
		return nil, tooManyRequests(wait)
	}
	if err := x.authorize(granted); err != nil {
		return nil, err
	}
	return x.route.handle(x)
}

// relay sends an answer that an interceptor made.
func (x *exchange) relay(response *http.Response) {
	x.w.Header().Set("Date", x.tenant.Now().Format(http.TimeFormat))
	for name, values := range response.Header {
		x.w.Header()[name] = slices.Clone(values)
	}
	status := response.StatusCode
	if status == 0 {
		status = http.StatusOK
	}
	x.count(status)
	x.w.WriteHeader(status)
	if response.Body == nil {
		return
	}
	_, err := io.Copy(x.w, response.Body)
	if err := errors.Join(err, response.Body.Close()); err != nil {
		panic(http.ErrAbortHandler)
	}
}

// endpoint names the request in the counts.
func (x *exchange) endpoint() string {
	switch {
	case x.route != nil:
		return x.route.endpoint()
	case x.r.URL.Path == tokenPath:
		return x.r.Method + " " + tokenPath
	default:
		return x.r.Method + " (unknown)"
	}
}

func (x *exchange) count(status int) {
	if !x.counted {
		x.counted = true
		x.tenant.counts.add(x.endpoint(), status)
	}
}

// abort ends the connection without (the rest of) an answer.
func (x *exchange) abort() {
	x.count(0)
	panic(http.ErrAbortHandler)
}

// isForeign says whether a host stands for another data center. A brand's own
// name may precede it (*recorded*, API §1.1).
func (s *Sandbox) isForeign(host string) bool {
	return slices.ContainsFunc(s.options.ForeignHosts, func(foreign string) bool { return isHost(host, foreign) })
}

// isHost compares without port and letter case, and ignores a brand in front.
func isHost(host, name string) bool {
	if bare, _, err := net.SplitHostPort(host); err == nil {
		host = bare
	}
	host, name = strings.ToLower(host), strings.ToLower(name)
	return host == name || strings.HasSuffix(host, "."+name)
}

func (s *Sandbox) homeHost() string { return s.options.DataCenter + ".qualtrics.com" }
