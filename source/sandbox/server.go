package sandbox

import (
	"bytes"
	"errors"
	"io"
	"net"
	"net/http"
	"regexp"
	"slices"
	"strings"
)

// maxBodyBytes is the largest size of a request body. A larger body is answered
// with 413. The limit is *assumed*.
const maxBodyBytes = 1 << 20

// Handler serves the API, the OAuth token endpoint and the admin endpoints.
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
		// The API accepts paths as they are. A ServeMux would clean them and
		// redirect.
		if r.URL.Path == "/" || strings.HasPrefix(r.URL.Path, "/sandbox/") {
			mux.ServeHTTP(w, r)
			return
		}
		s.serve(w, r)
	})
}

var slashes = regexp.MustCompile(`/{2,}`)

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
	foreign bool // called through the host of another data center
	token   bool // to the token endpoint
	bearer  bool // signed in with OAuth
	counted bool
}

// serve answers a request outside the admin endpoints.
func (s *Sandbox) serve(w http.ResponseWriter, r *http.Request) {
	s.live()
	r.URL.Path, r.URL.RawPath = slashes.ReplaceAllString(r.URL.Path, "/"), slashes.ReplaceAllString(r.URL.RawPath, "/")
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
	x.token = path == tokenPath || (s.options.Doubt.TokenBelowAPI && path == apiPrefix+tokenPath[1:])
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
	if (x.route != nil || x.token) && x.fail() {
		return
	}
	switch {
	case len(body) > maxBodyBytes:
		x.refuse(&apiError{status: http.StatusRequestEntityTooLarge, message: "Request body is too large."})
	case x.token:
		s.serveToken(x)
	case !isAPI:
		x.refuse(errNotFound())
	default:
		result, err := x.call(known)
		if err != nil {
			x.refuse(err)
			return
		}
		switch file := result.(type) {
		case *download:
			file.send(x)
		case *plainFile:
			x.send(http.StatusOK, file.contentType, file.content)
		default:
			x.answer(result)
		}
	}
}

// call checks credentials, path, limits and scope, then returns the result of
// the endpoint. The order of the first three checks is *assumed*.
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
	d, disturbed := x.disturbed(nil)
	if disturbed && d.List == SoundList {
		return nil, x.suffer(d)
	}
	result, err := x.route.handle(x)
	if disturbed && err == nil {
		result = d.List.bent(result)
	}
	return result, err
}

// relay sends the answer of an interceptor.
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

// endpoint returns the name of the request in the counts.
func (x *exchange) endpoint() string {
	switch {
	case x.route != nil:
		return x.route.endpoint()
	case x.token:
		return x.r.Method + " " + tokenPath
	default:
		return x.r.Method + " (unknown)" + x.tenant.counts.shape(x.r.URL.Path)
	}
}

func (x *exchange) count(status int) {
	if !x.counted {
		x.counted = true
		x.tenant.counts.add(x.endpoint(), status)
	}
}

// abort ends the connection before the answer is complete.
func (x *exchange) abort() {
	x.count(0)
	panic(http.ErrAbortHandler)
}

// isForeign reports whether a host belongs to another data center. A brand's
// name may precede it (*recorded*, API §1.1).
func (s *Sandbox) isForeign(host string) bool {
	return slices.ContainsFunc(s.options.ForeignHosts, func(foreign string) bool { return isHost(host, foreign) })
}

// isHost compares hosts without port and letter case. It ignores a brand before
// the host.
func isHost(host, name string) bool {
	if bare, _, err := net.SplitHostPort(host); err == nil {
		host = bare
	}
	host, name = strings.ToLower(host), strings.ToLower(name)
	return host == name || strings.HasSuffix(host, "."+name)
}

func (s *Sandbox) homeHost() string { return s.options.DataCenter + ".qualtrics.com" }
