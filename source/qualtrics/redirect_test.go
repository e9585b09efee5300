package qualtrics_test

import (
	"context"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"

	"github.com/birdie-ai/source-qualtrics/source/qualtrics"
)

// elsewhere are the places that a hostile answer sends a client to, by a
// Location header. PATH stands for what was asked for.
var elsewhere = map[string]string{
	"another host":                   "https://evil.example/PATH",
	"another host of Qualtrics":      "https://fra1.qualtrics.com/PATH",
	"a host that begins like ours":   "https://iad1.qualtrics.com.evil.example/PATH",
	"a host under ours":              "https://x.iad1.qualtrics.com/PATH",
	"another port":                   "https://iad1.qualtrics.com:8443/PATH",
	"another scheme":                 "http://iad1.qualtrics.com/PATH",
	"another scheme and port":        "http://iad1.qualtrics.com:443/PATH",
	"a host without a scheme":        "//evil.example/PATH",
	"our host as a user":             "https://iad1.qualtrics.com@evil.example/PATH",
	"our host with a user":           "https://user@iad1.qualtrics.com/PATH",
	"our host with a final dot":      "https://iad1.qualtrics.com./PATH",
	"our host in full-width letters": "https://ｉad1.qualtrics.com/PATH",
	"this machine":                   "https://127.0.0.1/PATH",
	"a metadata service":             "http://169.254.169.254/latest/meta-data/PATH",
	"a file":                         "file:///etc/passwd",
}

// home is the configured server. It redirects what is below a path; another
// server must never hear of us.
type home struct {
	t        *testing.T
	redirect string // of paths that contain it
	status   int
	location string
	job      *jobs

	redirected, strangers int
}

func (h *home) serve(r *http.Request) *http.Response {
	if r.URL.Scheme != "https" || r.URL.Host != "iad1.qualtrics.com" || r.URL.User != nil || r.Host != "" && r.Host != r.URL.Host {
		h.strangers++
		h.t.Errorf("%s %s was asked for, with %v", r.Method, r.URL, r.Header)
		return failed(404, "", "")
	}
	if strings.Contains(r.URL.Path, h.redirect) {
		h.redirected++
		location := strings.ReplaceAll(h.location, "PATH", strings.TrimPrefix(r.URL.Path, "/"))
		return answer(h.status, `{"meta":{"notice":"use evil.example"}}`, "Location: "+location, "Refresh: 0; url="+location, "Content-Location: "+location, "Alt-Svc: h2=\"evil.example:443\"")
	}
	switch {
	case r.URL.Path == "/oauth2/token":
		return answer(200, `{"access_token":"bearer-token-1","token_type":"Bearer","expires_in":3600}`, "Content-Type: application/json")
	case strings.Contains(r.URL.Path, "/export-responses"):
		return h.job.serve(r)
	default:
		return ok(account)
	}
}

// redirectable are calls, with the path that is redirected. The POST ones go
// nowhere at all.
var redirectable = map[string]struct {
	path string
	call func(ctx context.Context, c *qualtrics.Client) error
}{
	"a GET": {"/whoami", func(ctx context.Context, c *qualtrics.Client) error {
		_, err := c.WhoAmI(ctx)
		return err
	}},
	"a search": {"/search", func(ctx context.Context, c *qualtrics.Client) error {
		_, err := collect(c.SearchContacts(ctx, "POOL_1", qualtrics.ContactFilter{}))
		return err
	}},
	"a list":                   {"/surveys", listed},
	"the start of an export":   {"/export-responses", exported},
	"the progress of one":      {"/ES_1", exported},
	"the download of one":      {"/file", exported},
	"the token endpoint":       {"/oauth2/token", listed},
	"everything that there is": {"/", listed},
}

func listed(ctx context.Context, c *qualtrics.Client) error {
	_, err := collect(c.Surveys(ctx))
	return err
}

func exported(ctx context.Context, c *qualtrics.Client) error {
	file, err := c.Export(ctx, qualtrics.ExportRequest{Survey: "SV_1"})
	if err == nil {
		err = file.Close()
	}
	return err
}

func TestRedirect_NobodyElseHearsOfUs(t *testing.T) {
	t.Parallel()
	for name, each := range redirectable {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				for where, location := range elsewhere {
					for _, status := range []int{301, 302, 303, 307, 308} {
						for kind, options := range map[string][]option{"token": nil, "OAuth": {withOAuth}} {
							if each.path == "/oauth2/token" && kind == "token" {
								continue
							}
							h := &home{t: t, redirect: each.path, status: status, location: location, job: &jobs{t: t}}
							err := each.call(t.Context(), client(t, h.serve, options...))
							if qualtrics.Kind(err) != qualtrics.KindConfig || !strings.Contains(qualtrics.Detail(err), fmt.Sprintf("HTTP %d", status)) || !strings.Contains(err.Error(), "is redirected") || strings.Contains(err.Error(), "evil.example") {
								t.Errorf("%d to %s with %s: got %v, want a problem of the configuration that names no other host", status, where, kind, err)
							}
							if h.redirected == 0 || h.strangers > 0 {
								t.Errorf("%d to %s with %s: %d redirects, %d requests to others", status, where, kind, h.redirected, h.strangers)
							}
						}
					}
				}
			})
		})
	}
}

// Within the origin a GET may be sent on, and nothing else: not more than
// three times, and never what starts or signs something.
func TestRedirect_WithinTheOriginAGETIsFollowed(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		for kind, options := range map[string][]option{"token": nil, "OAuth": {withOAuth}} {
			for _, location := range []string{"/API/v3/elsewhere", "https://iad1.qualtrics.com/API/v3/elsewhere", "//iad1.qualtrics.com/API/v3/elsewhere", "elsewhere"} {
				h := &home{t: t, redirect: "/whoami", status: 307, location: location}
				if err := whoami(t, client(t, h.serve, options...)); err != nil || h.redirected != 1 {
					t.Errorf("%s to %s: got %v after %d redirects, want the answer after one", kind, location, err, h.redirected)
				}
			}
			h := &home{t: t, redirect: "/API", status: 302, location: "/PATH/x"}
			if err := whoami(t, client(t, h.serve, options...)); qualtrics.Kind(err) != qualtrics.KindConfig {
				t.Errorf("%s in a circle: got %v, want a problem of the configuration", kind, err)
			}
		}
		for _, status := range []int{301, 302, 303, 307, 308} {
			h := &home{t: t, redirect: "/search", status: status, location: "/API/v3/whoami"}
			if err := redirectable["a search"].call(t.Context(), client(t, h.serve)); qualtrics.Kind(err) != qualtrics.KindConfig {
				t.Errorf("a POST answered by %d: got %v, want a problem of the configuration", status, err)
			}
			h = &home{t: t, redirect: "/oauth2/token", status: status, location: "/API/v3/whoami"}
			if err := whoami(t, client(t, h.serve, withOAuth)); qualtrics.Kind(err) != qualtrics.KindConfig {
				t.Errorf("a sign-in answered by %d: got %v, want a problem of the configuration", status, err)
			}
		}
	})
}

// chain redirects a call so many times before it is answered.
func chain(times int, requests *int) server {
	*requests = 0
	return func(r *http.Request) *http.Response {
		if r.URL.Path == "/oauth2/token" {
			return answer(200, `{"access_token":"bearer-token-1","token_type":"Bearer","expires_in":3600}`, "Content-Type: application/json")
		}
		if *requests++; *requests > times {
			return ok(account)
		}
		return answer(302, "", fmt.Sprintf("Location: /API/v3/hop/%d", *requests))
	}
}

func TestRedirect_ThreeAreFollowedAndNoFourth(t *testing.T) {
	t.Parallel()
	for kind, options := range map[string][]option{"token": nil, "OAuth": {withOAuth}} {
		requests := 0
		once := append([]option{func(o *qualtrics.Options) { o.Limits.Tries = 1 }}, options...)
		for times := range 4 {
			if err := whoami(t, client(t, chain(times, &requests), once...)); err != nil || requests != times+1 {
				t.Errorf("%s, %d redirects: got %v after %d requests, want the answer", kind, times, err, requests)
			}
		}
		for _, times := range []int{4, 5, 100} {
			err := whoami(t, client(t, chain(times, &requests), once...))
			if qualtrics.Kind(err) != qualtrics.KindConfig || requests != 4 || !strings.Contains(err.Error(), "is redirected (Found); redirects are not followed: check data_center or base_url") {
				t.Errorf("%s, %d redirects: got %v after %d requests, want a problem of the configuration after 4", kind, times, err, requests)
			}
		}
	}
}
