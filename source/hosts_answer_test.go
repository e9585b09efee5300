package source_test

import (
	"bytes"
	"io"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
)

// misled is a tenant whose answers point elsewhere. It counts the answers that
// do, and fails the test when anybody else is asked for anything.
type misled struct {
	*tenant
	pointers atomic.Int32
}

// newMisled makes one; rewrite changes a JSON answer, header is added to all.
func newMisled(t *testing.T, rewrite func(request *http.Request, body []byte) []byte, header map[string]string) *misled {
	t.Helper()
	paged := small
	paged.PageSize = 2
	m := &misled{tenant: newTenant(t, paged)}
	next := m.RoundTripper()
	m.transport = tripper(func(r *http.Request) (*http.Response, error) {
		if r.URL.Scheme != "https" || r.URL.Host != "sandbox1.qualtrics.com" || r.URL.User != nil {
			t.Errorf("%s %s was asked for, with %v", r.Method, r.URL, r.Header)
		}
		response, err := next.RoundTrip(r)
		if err != nil {
			return nil, err
		}
		for name, value := range header {
			response.Header.Set(name, value)
			m.pointers.Add(1)
		}
		if rewrite == nil || !strings.Contains(response.Header.Get("Content-Type"), "json") {
			return response, nil
		}
		body, err := io.ReadAll(response.Body)
		if err != nil {
			return nil, err
		}
		if err := response.Body.Close(); err != nil {
			return nil, err
		}
		changed := rewrite(r, body)
		if !bytes.Equal(changed, body) {
			m.pointers.Add(1)
		}
		response.Body, response.ContentLength = io.NopCloser(bytes.NewReader(changed)), int64(len(changed))
		response.Header.Del("Content-Length")
		return response, nil
	})
	return m
}

// Whatever an answer says, the whole truth is read from the configured host
// and from nobody else.
func TestRead_AsksNobodyElseWhateverAnAnswerSays(t *testing.T) {
	replacing := func(from, to string) func(*http.Request, []byte) []byte {
		return func(_ *http.Request, body []byte) []byte {
			return bytes.ReplaceAll(body, []byte(from), []byte(to))
		}
	}
	tests := map[string]struct {
		rewrite func(*http.Request, []byte) []byte
		header  map[string]string
	}{
		"a next page on another host":         {replacing(`"nextPage":"https://sandbox1.qualtrics.com`, `"nextPage":"https://evil.example`), nil},
		"a next page without TLS":             {replacing(`"nextPage":"https://`, `"nextPage":"http://`), nil},
		"a next page on another port":         {replacing(`"nextPage":"https://sandbox1.qualtrics.com`, `"nextPage":"https://sandbox1.qualtrics.com:8443`), nil},
		"a next page with a user":             {replacing(`"nextPage":"https://sandbox1`, `"nextPage":"https://evil@sandbox1`), nil},
		"a next page with a host and no more": {replacing(`"nextPage":"https://sandbox1.qualtrics.com`, `"nextPage":"//evil.example`), nil},
		"a hint at another host of Qualtrics": {replacing(`"meta":{`, `"meta":{"notice":"Request proxied. For faster response times, use this host instead: fra1.qualtrics.com",`), nil},
		"a hint at a stranger":                {replacing(`"meta":{`, `"meta":{"notice":"use this host instead: evil.example",`), nil},
		"headers that point elsewhere": {nil, map[string]string{
			"Location": "https://evil.example/", "Refresh": "0; url=https://evil.example/", "Link": `<https://evil.example/>; rel="next"`,
			"Content-Location": "https://evil.example/", "Alt-Svc": `h2="evil.example:443"`, "Set-Cookie": "a=b; Domain=qualtrics.com",
		}},
	}
	for name, test := range tests {
		for _, oauth := range []bool{false, true} {
			t.Run(map[bool]string{false: "token: ", true: "OAuth: "}[oauth]+name, func(t *testing.T) {
				insideBubble(t, func(t *testing.T) {
					m := newMisled(t, test.rewrite, test.header)
					if oauth {
						m.withOAuth()
					}
					got := m.readComplete(t, nil)
					tables := merge(nil, got)
					for _, stream := range []string{"surveys", "responses", "contacts"} {
						m.compareTruth(t, stream, tables[stream])
					}
					if m.pointers.Load() == 0 {
						t.Error("no answer pointed elsewhere")
					}
					check := m.run(t, "check", "--config", "config.json")
					if ok, message := status(t, check); !ok {
						t.Errorf("check failed: %s", message)
					}
					hinted := strings.Contains(check.stdout, "the account lives on another host") && strings.Contains(check.stdout, "fra1.qualtrics.com")
					if want := strings.Contains(name, "of Qualtrics"); hinted != want {
						t.Errorf("the hint is logged: got %v, want %v: %s", hinted, want, check.stdout)
					}
				})
			})
		}
	}
}
