package qualtrics_test

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/birdie-ai/source-qualtrics/source/qualtrics"
)

const account = `{"brandId":"brand","userId":"UR_1","userName":"u#brand","datacenter":"iad1"}`

func whoami(t *testing.T, c *qualtrics.Client) error {
	t.Helper()
	got, err := c.WhoAmI(t.Context())
	if err == nil && got.BrandID != "brand" {
		t.Errorf("got account %+v", got)
	}
	return err
}

func TestCall_SendsTheTokenInItsHeaderAndNowhereElse(t *testing.T) {
	t.Parallel()
	c := client(t, func(r *http.Request) *http.Response {
		if r.Header.Get("X-API-TOKEN") != token || r.URL.String() != "https://iad1.qualtrics.com/API/v3/whoami" || r.Header.Get("Authorization") != "" {
			t.Errorf("got %s with %v", r.URL, r.Header)
		}
		return ok(account)
	})
	if err := whoami(t, c); err != nil {
		t.Error(err)
	}
}

func TestCall_TriesAgainWhatMayPass(t *testing.T) {
	t.Parallel()
	passing := map[string]func() *http.Response{
		"429":              func() *http.Response { return failed(429, "", "slow down") },
		"500":              func() *http.Response { return failed(500, "SURVEYS_1.2", "x") },
		"502":              func() *http.Response { return answer(502, "<html>Bad Gateway</html>", "Content-Type: text/html") },
		"503":              func() *http.Response { return answer(503, "") },
		"504":              func() *http.Response { return answer(504, "", "Retry-After: 1") },
		"408":              func() *http.Response { return answer(408, "") },
		"a reset":          func() *http.Response { return nil },
		"HTML for JSON":    func() *http.Response { return answer(200, "<!DOCTYPE html><html>maintenance</html>") },
		"half an answer":   func() *http.Response { return answer(200, `{"result":{"bran`) },
		"no answer":        func() *http.Response { return answer(200, "") },
		"no result":        func() *http.Response { return answer(200, `{"meta":{}}`) },
		"a stray redirect": func() *http.Response { return answer(302, "", "Location: https://evil.example/") },
	}
	for name, bad := range passing {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				s, calls := script(bad, bad, func() *http.Response { return ok(account) })
				if err := whoami(t, client(t, s)); err != nil || *calls != 3 {
					t.Errorf("%d calls, %v", *calls, err)
				}
				s, calls = script(bad)
				err := whoami(t, client(t, s))
				want := 8
				kind := qualtrics.KindTransient
				switch name {
				case "a stray redirect":
					want, kind = 4, qualtrics.KindConfig
				case "429": // after up to 1, 2, 4 and 8 minutes
					want = 5
				}
				if err == nil || *calls != want || qualtrics.Kind(err) != kind {
					t.Errorf("for ever: %d calls, kind %d, %v", *calls, qualtrics.Kind(err), err)
				}
			})
		})
	}
}

func TestCall_DoesNotRepeatWhatIsFinal(t *testing.T) {
	t.Parallel()
	tests := []struct {
		answer *http.Response
		kind   qualtrics.ErrorKind
		want   string
	}{
		{failed(400, "ATC_1", "An apiToken must be provided."), qualtrics.KindConfig, "ATC_1"},
		{failed(401, "DCD_7", "Unrecognized X-API-TOKEN."), qualtrics.KindConfig, "generate a new API token"},
		{failed(403, "QMST_2.1", "The operation is forbidden."), qualtrics.KindConfig, "needs the permission to use the API"},
		{failed(403, "X", "You are missing the following required scopes: read:surveys, read:users"), qualtrics.KindConfig, "add the scope read:surveys and read:users"},
		{failed(404, "UNF_9", "Resource not found"), qualtrics.KindConfig, "UNF_9"},
		{answer(200, `{"meta":{"status":"Error","errorMessage":"You do not have permission","internalErrorCode":"GS_5","errorId":"x"},"result":null}`), qualtrics.KindConfig, "GS_5"},
		{answer(400, `{"meta":{"httpStatus":"400 - Bad Request","notice":"Request proxied. For faster response times, use this host instead: az1.qualtrics.com","error":{"errorMessage":"x","errorCode":null}}}`), qualtrics.KindConfig, "lives on az1.qualtrics.com"},
		{failed(413, "", ""), qualtrics.KindSystem, "Request Entity Too Large"},
	}
	for _, test := range tests {
		calls := 0
		c := client(t, func(*http.Request) *http.Response { calls++; return test.answer })
		err := whoami(t, c)
		if err == nil || calls != 1 || qualtrics.Kind(err) != test.kind || !strings.Contains(err.Error(), test.want) {
			t.Errorf("%d: %d calls, kind %d, %v; want %q", test.answer.StatusCode, calls, qualtrics.Kind(err), err, test.want)
		}
	}
}

func TestCall_HonoursRetryAfterInEveryForm(t *testing.T) {
	t.Parallel()
	tests := []struct {
		header   string
		min, max time.Duration
	}{
		{"7", 7 * time.Second, 8 * time.Second},
		{"2.5", 2500 * time.Millisecond, 3500 * time.Millisecond},
		{" 3 ", 3 * time.Second, 4 * time.Second},
		{"Thu, 15 Jan 2026 12:00:30 GMT", 30 * time.Second, 31 * time.Second},
		{"Thu, 15 Jan 2026 11:00:00 GMT", 0, time.Second},
		{"0", 1, time.Second},
		{"-5", 1, time.Second},
		{"soon", 1, time.Second},
		{"", 1, time.Second},
		{"NaN", 1, time.Second},
		{"1e9999", 1, time.Second},
	}
	for _, test := range tests {
		synctest.Test(t, func(t *testing.T) {
			s, _ := script(func() *http.Response { return answer(503, "", "Retry-After: "+test.header) }, func() *http.Response { return ok(account) })
			begun := time.Now()
			if err := whoami(t, client(t, s)); err != nil {
				t.Error(err)
			}
			if took := time.Since(begun); took < test.min || took > test.max {
				t.Errorf("Retry-After %q: waited %s", test.header, took)
			}
		})
	}
	// More than the budget allows: the call fails at once with what it has.
	synctest.Test(t, func(t *testing.T) {
		s, calls := script(func() *http.Response { return answer(429, "", "Retry-After: 86400") })
		begun := time.Now()
		err := whoami(t, client(t, s))
		if err == nil || *calls > 2 || time.Since(begun) > 15*time.Minute {
			t.Errorf("%d calls in %s: %v", *calls, time.Since(begun), err)
		}
	})
}

func TestCall_SlowsDownWhenThereAreTooMany(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var waits []qualtrics.Wait
		calls := 0
		c := client(t, func(*http.Request) *http.Response {
			if calls++; calls >= 20 && calls < 24 {
				return answer(429, "", "Retry-After: 5")
			}
			return ok(account)
		}, func(o *qualtrics.Options) { o.Waiting = func(w qualtrics.Wait) { waits = append(waits, w) } })
		pace := func(n int) time.Duration {
			begun := time.Now()
			for range n {
				if err := whoami(t, c); err != nil {
					t.Fatal(err)
				}
			}
			return time.Since(begun)
		}
		pace(19)
		pace(1)
		if len(waits) != 4 || waits[0].Kind != qualtrics.WaitRateLimit || time.Until(waits[0].Until) > 0 {
			t.Errorf("got waits %+v", waits)
		}
		if slow, later := pace(10), pace(300); slow < 1500*time.Millisecond || later > 15*time.Second {
			t.Errorf("10 calls took %s after the 429s, then 300 took %s", slow, later)
		}
	})
}

func TestCall_KeepsToTheLimits(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		c := client(t, func(*http.Request) *http.Response { return ok(`{"properties":{"values":{"properties":{}}}}`) })
		begun := time.Now()
		for range 73 { // 36 a minute: 60 % of 60
			if _, err := c.ResponseSchema(t.Context(), "SV_1"); err != nil {
				t.Fatal(err)
			}
		}
		if took := time.Since(begun); took < 119*time.Second || took > 125*time.Second {
			t.Errorf("73 calls took %s", took)
		}
	})
}

func TestCall_NeverFollowsARedirectToAnotherHost(t *testing.T) {
	t.Parallel()
	var leaked atomic.Bool
	other := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { leaked.Store(true) }))
	defer other.Close()
	var home *httptest.Server
	home = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch r.URL.Path {
		case "/API/v3/whoami":
			http.Redirect(w, r, home.URL+"/API/v3/whoami/", http.StatusTemporaryRedirect)
		case "/API/v3/whoami/":
			_, _ = io.WriteString(w, `{"result":`+account+`}`)
		default:
			http.Redirect(w, r, other.URL+r.URL.Path, http.StatusTemporaryRedirect)
		}
	}))
	defer home.Close()
	origin, err := qualtrics.ParseBaseURL(home.URL, true, false)
	if err != nil {
		t.Fatal(err)
	}
	transport, err := qualtrics.NewTransport(qualtrics.TransportOptions{AllowAny: true})
	if err != nil {
		t.Fatal(err)
	}
	defer transport.(*http.Transport).CloseIdleConnections()
	c := client(t, nil, func(o *qualtrics.Options) { o.Origin, o.Transport, o.Limits.Tries = origin, transport, 1 })
	if err := whoami(t, c); err != nil {
		t.Errorf("a redirect within the origin: %v", err)
	}
	_, err = c.Survey(t.Context(), "SV_1")
	var answer *qualtrics.APIError
	if !errors.As(err, &answer) || answer.Status != 307 || leaked.Load() {
		t.Errorf("a redirect to another host: %v, followed %v", err, leaked.Load())
	}
}

func TestNewTransport_RefusesPrivateAddresses(t *testing.T) {
	t.Parallel()
	transport, err := qualtrics.NewTransport(qualtrics.TransportOptions{})
	if err != nil {
		t.Fatal(err)
	}
	listener := httptest.NewServer(http.NotFoundHandler())
	defer listener.Close()
	request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, listener.URL, http.NoBody)
	if err != nil {
		t.Fatal(err)
	}
	response, err := transport.RoundTrip(request)
	if err == nil {
		_ = response.Body.Close()
		t.Fatal("a loopback address was dialed")
	}
	if !strings.Contains(err.Error(), "private network") {
		t.Error(err)
	}
}

func TestCall_ShowsNoSecret(t *testing.T) {
	t.Parallel()
	for _, response := range []*http.Response{
		failed(400, token, "you sent "+token+" \x1b[31m"), answer(404, token), answer(200, token),
	} {
		c := client(t, func(*http.Request) *http.Response { return response }, func(o *qualtrics.Options) { o.Limits.Tries = 1 })
		err := whoami(t, c)
		if err == nil || strings.Contains(err.Error(), token) || strings.Contains(err.Error(), "\x1b") {
			t.Errorf("got %v", err)
		}
	}
}

func TestCall_EndsABodyThatFallsSilent(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		c := client(t, func(r *http.Request) *http.Response {
			response := ok(account)
			response.ContentLength = -1
			response.Body = io.NopCloser(silent{r.Context()})
			return response
		}, func(o *qualtrics.Options) { o.Limits.Tries = 2 })
		begun := time.Now()
		err := whoami(t, c)
		var body *qualtrics.BodyError
		if !errors.As(err, &body) || time.Since(begun) < 2*time.Minute || time.Since(begun) > 3*time.Minute {
			t.Errorf("after %s: %v", time.Since(begun), err)
		}
	})
}

// silent is a body that never says anything.
type silent struct{ ctx context.Context }

func (s silent) Read([]byte) (int, error) {
	<-s.ctx.Done()
	return 0, s.ctx.Err()
}

func TestCall_EndsWithItsContext(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		why := errors.New("out of time")
		ctx, cancel := context.WithTimeoutCause(t.Context(), 10*time.Second, why)
		defer cancel()
		c := client(t, func(*http.Request) *http.Response { return answer(503, "", "Retry-After: 60") })
		if _, err := c.WhoAmI(ctx); !errors.Is(err, why) {
			t.Errorf("got %v", err)
		}
	})
}

func TestTransportErrors_SayWhoHasToAct(t *testing.T) {
	t.Parallel()
	alert := func(code tls.AlertError) error {
		return &net.OpError{Op: "proxyconnect", Err: &net.OpError{Op: "remote error", Err: errors.New(code.Error())}}
	}
	for _, test := range []struct {
		cause  error
		tries  int
		advice string // "": a later run may succeed
	}{
		{&net.DNSError{Err: "no such host", Name: "xyz9.qualtrics.com", IsNotFound: true}, 3, "check data_center, base_url and network"},
		{&net.DNSError{Err: "server misbehaving", Name: "iad1.qualtrics.com", IsTemporary: true}, 8, ""},
		{&net.DNSError{Err: "i/o timeout", Name: "iad1.qualtrics.com", IsTimeout: true}, 8, ""},
		{&net.OpError{Op: "dial", Err: errors.New("connection refused")}, 8, ""},
		{tls.RecordHeaderError{Msg: "first record does not look like a TLS handshake", RecordHeader: [5]byte([]byte("HTTP/"))}, 1, "check the port of base_url"},
		{&net.OpError{Op: "proxyconnect", Err: tls.RecordHeaderError{RecordHeader: [5]byte([]byte("HTTP/"))}}, 1, "whether the proxy's address has to begin with http://"},
		{tls.RecordHeaderError{Msg: "first record does not look like a TLS handshake", RecordHeader: [5]byte([]byte("SSH-2"))}, 8, ""},
		{&tls.CertificateVerificationError{Err: x509.UnknownAuthorityError{}}, 1, "network.ca_file"},
		{&tls.CertificateVerificationError{Err: x509.CertificateInvalidError{Reason: x509.Expired}}, 1, "clock"},
		{&tls.CertificateVerificationError{Err: x509.CertificateInvalidError{Reason: x509.TooManyIntermediates}}, 1, "check data_center, base_url and network.ca_file"},
		{&tls.CertificateVerificationError{Err: x509.HostnameError{Certificate: &x509.Certificate{}, Host: "iad1.qualtrics.com"}}, 1, "a name that the certificate is for"},
		{alert(70), 1, "TLS 1.2 or newer"},
		{alert(40), 1, "network.client_certificate"},
		{alert(42), 1, "network.client_certificate"},
		{alert(48), 1, "network.client_certificate"},
		{alert(116), 1, "network.client_certificate"},
		{alert(112), 1, "check data_center and base_url"},
		{alert(20), 8, ""}, // bad_record_mac
		{alert(80), 8, ""}, // internal_error
		{&net.OpError{Op: "local error", Err: errors.New(tls.AlertError(70).Error())}, 8, ""},
	} {
		synctest.Test(t, func(t *testing.T) {
			want := qualtrics.KindTransient
			if test.advice != "" {
				want = qualtrics.KindConfig
			}
			for name, options := range map[string][]option{"token": nil, "OAuth": {withOAuth}} {
				tries := 0
				transport := roundTripper(func(*http.Request) (*http.Response, error) { tries++; return nil, test.cause })
				err := whoami(t, client(t, nil, append(options, func(o *qualtrics.Options) { o.Transport = transport })...))
				if qualtrics.Kind(err) != want || tries != test.tries || !strings.Contains(err.Error(), test.advice) || want == qualtrics.KindTransient && strings.Contains(err.Error(), "; ") {
					t.Errorf("%s: kind %d after %d tries: %v; want kind %d after %d, and %q", name, qualtrics.Kind(err), tries, err, want, test.tries, test.advice)
				}
			}
		})
	}
}

// A server of old does not refuse TLS 1.2: it answers with its own version.
func TestCall_TLSOfOldIsAProblemOfTheConfiguration(t *testing.T) {
	t.Parallel()
	for _, version := range []byte{1, 2} { // TLS 1.0 and 1.1
		synctest.Test(t, func(t *testing.T) {
			hello := append([]byte{22, 3, version, 0, 42, 2, 0, 0, 38, 3, version}, make([]byte, 36)...)
			hello[len(hello)-2] = 0x2f // TLS_RSA_WITH_AES_128_CBC_SHA, after a random and an empty session id
			tries := 0
			transport := piped(t, func(conn net.Conn) {
				tries++
				if _, err := conn.Read(make([]byte, 64<<10)); err == nil {
					_, _ = conn.Write(hello)
				}
				deaf(conn)
			})
			err := whoami(t, client(t, nil, func(o *qualtrics.Options) { o.Transport = transport }))
			if qualtrics.Kind(err) != qualtrics.KindConfig || tries != 1 || !strings.Contains(err.Error(), "TLS 1.2 or newer is needed") {
				t.Errorf("TLS 1.%d: got kind %d, %v after %d tries, want a problem of the configuration after one", version-1, qualtrics.Kind(err), err, tries)
			}
		})
	}
}

// What one call is told about a limit holds for the others, too.
func TestCall_OneIsToldToWaitAndAllDo(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var calls atomic.Int64
		begun := time.Now()
		c := client(t, func(*http.Request) *http.Response {
			if calls.Add(1) == 1 {
				return answer(429, "", "Retry-After: 30")
			}
			if waited := time.Since(begun); waited < 30*time.Second {
				t.Errorf("a call came after %s", waited)
			}
			return ok(account)
		})
		var callers sync.WaitGroup
		for i := range 8 {
			callers.Go(func() {
				time.Sleep(time.Duration(i) * 3 * time.Second)
				if err := whoami(t, c); err != nil {
					t.Error(err)
				}
			})
		}
		callers.Wait()
		if took := time.Since(begun); took > time.Minute || calls.Load() != 9 {
			t.Errorf("%d calls took %s", calls.Load(), took)
		}
	})
}

func TestServerTime_FollowsTheServersClock(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		answers := []struct{ date, want string }{
			{"", ""},
			{"Thu, 15 Jan 2026 12:00:00 GMT", ""}, // alone it may be wrong
			{"Fri, 16 Jan 2026 12:00:00 GMT", ""},
			{"nonsense", ""},
			{"Thu, 15 Jan 2026 12:00:30 GMT", "2026-01-15 12:00:30"}, // half a minute earlier than the first: late
			{"Thu, 15 Jan 2026 12:01:20 GMT", "2026-01-15 12:00:50"}, // ahead of the one before
			{"", "2026-01-15 12:01:10"},
			{"Wed, 14 Jan 2026 12:00:00 GMT", "2026-01-14 12:00:00"}, // never too late
		}
		calls := 0
		c := client(t, func(*http.Request) *http.Response {
			response := ok(account)
			response.Header.Del("Date")
			if answers[calls].date != "" {
				response.Header.Set("Date", answers[calls].date)
			}
			calls++
			return response
		})
		for i, answer := range answers {
			if err := whoami(t, c); err != nil {
				t.Fatal(err)
			}
			got := ""
			if now, known := c.ServerTime(); known {
				got = now.Format(time.DateTime)
			}
			if got != answer.want {
				t.Errorf("after answer %d: got %q, want %q", i+1, got, answer.want)
			}
			time.Sleep(20 * time.Second)
		}
		// One date that was too early makes no future of what is past.
		for at, want := range map[string]bool{"12:01:00": false, "12:02:00": false, "12:04:00": true} {
			moment, err := time.Parse(time.DateTime, "2026-01-15 "+at)
			if err != nil {
				t.Fatal(err)
			}
			if got := c.IsFuture(moment); got != want {
				t.Errorf("%s is in the future: %t", at, got)
			}
		}
	})
}

func TestOAuth_OneTokenServesAllCallsUntilShortlyBeforeItsEnd(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var tokens atomic.Int64
		c := client(t, func(r *http.Request) *http.Response {
			if r.URL.Path == "/oauth2/token" {
				user, password, _ := r.BasicAuth()
				if user != "client-1" || password != "canary-secret-0123456789" {
					t.Errorf("signed in as %q", user)
				}
				time.Sleep(time.Second)
				return answer(200, fmt.Sprintf(`{"access_token":"bearer-token-%d","token_type":"Bearer","expires_in":3600}`, tokens.Add(1)), "Content-Type: application/json")
			}
			if got := r.Header.Get("Authorization"); got != fmt.Sprintf("Bearer bearer-token-%d", tokens.Load()) {
				t.Errorf("sent %q", got)
			}
			return ok(account)
		}, withOAuth)
		call := func() {
			var callers sync.WaitGroup
			for range 20 {
				callers.Go(func() {
					if err := whoami(t, c); err != nil {
						t.Error(err)
					}
				})
			}
			callers.Wait()
		}
		call()
		time.Sleep(58 * time.Minute)
		call()
		if tokens.Load() != 1 {
			t.Errorf("%d tokens were fetched", tokens.Load())
		}
		time.Sleep(time.Minute + 30*time.Second)
		call()
		if tokens.Load() != 2 {
			t.Errorf("%d tokens were fetched, want a second one shortly before the end of the first", tokens.Load())
		}
	})
}

func TestOAuth_A401RefreshesOnce(t *testing.T) {
	t.Parallel()
	for _, cured := range []bool{true, false} {
		tokens := 0
		c := client(t, func(r *http.Request) *http.Response {
			if r.URL.Path == "/oauth2/token" {
				tokens++
				return answer(200, fmt.Sprintf(`{"access_token":"bearer-token-%d","token_type":"Bearer","expires_in":3600}`, tokens), "Content-Type: application/json")
			}
			if tokens == 1 || !cured {
				return failed(401, "AUTH", "expired")
			}
			return ok(account)
		}, withOAuth)
		err := whoami(t, c)
		var refused *qualtrics.AuthError
		if tokens != 2 || (err == nil) != cured || (!cured && !errors.As(err, &refused)) {
			t.Errorf("cured %v: %d tokens, %v", cured, tokens, err)
		}
	}
}

// Some gateways answer an ended token by 403. A 403 to a living one is a
// missing permission.
func TestOAuth_A403RefreshesATokenThatEndedOnItsWay(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		takes  time.Duration // until the call is answered
		tokens int
	}{{2 * time.Second, 1}, {time.Minute, 2}} {
		synctest.Test(t, func(t *testing.T) {
			tokens := 0
			c := client(t, func(r *http.Request) *http.Response {
				if r.URL.Path == "/oauth2/token" {
					tokens++
					return answer(200, fmt.Sprintf(`{"access_token":"bearer-token-%d","token_type":"Bearer","expires_in":20}`, tokens), "Content-Type: application/json")
				}
				if tokens == 1 {
					time.Sleep(test.takes)
					return failed(403, "DCD_7", "The access token has expired.")
				}
				return ok(account)
			}, withOAuth)
			if err := whoami(t, c); (err == nil) != (test.tokens == 2) || qualtrics.IsForbidden(err) != (test.tokens == 1) || tokens != test.tokens {
				t.Errorf("answered after %s: %d tokens, %v, want %d tokens", test.takes, tokens, err, test.tokens)
			}
		})
	}
}

func TestOAuth_SaysWhatIsWrongWithTheClient(t *testing.T) {
	t.Parallel()
	tests := []struct {
		status int
		body   string
		calls  int
		kind   qualtrics.ErrorKind
	}{
		{401, `{"error":"invalid_client","error_description":"no such client canary-secret-0123456789"}`, 1, qualtrics.KindConfig},
		{400, `{"error":"invalid_scope"}`, 1, qualtrics.KindConfig},
		{503, "", 8, qualtrics.KindTransient},
		{200, `{"token_type":"Bearer"}`, 8, qualtrics.KindTransient},
		{302, "", 4, qualtrics.KindConfig},
	}
	for _, test := range tests {
		synctest.Test(t, func(t *testing.T) {
			s, calls := script(func() *http.Response {
				return answer(test.status, test.body, "Content-Type: application/json", "Location: https://evil.example/")
			})
			err := whoami(t, client(t, s, withOAuth))
			if err == nil || *calls != test.calls || qualtrics.Kind(err) != test.kind || strings.Contains(err.Error(), "canary") {
				t.Errorf("%d: %d calls, kind %d, %v", test.status, *calls, qualtrics.Kind(err), err)
			}
		})
	}
}
