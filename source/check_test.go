package source_test

import (
	"errors"
	"io"
	"net"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/birdie-ai/source-qualtrics/source/sandbox"
)

// lackingScope has the OAuth scopes of the small tenant less one.
func lackingScope(missing string) sandbox.Options {
	options := small
	for _, scope := range []string{"read:surveys", "read:survey_responses", "read:directories", "read:directory_contacts"} {
		if scope != missing {
			options.Scopes = append(options.Scopes, scope)
		}
	}
	return options
}

// refusingExports refuses to export any survey but the allowed ones.
func refusingExports(code int, allowed ...string) func(*http.Request) *http.Response {
	refuse := refusing(http.MethodPost, "/export-responses", code)
	return func(r *http.Request) *http.Response {
		if slices.ContainsFunc(allowed, func(survey string) bool { return strings.Contains(r.URL.Path, survey) }) {
			return nil
		}
		return refuse(r)
	}
}

// The most frequent mistake in the set-up of an account: its user may list surveys,
// and export none of them.
func TestCommands_FailWhereTheAccountMayExportNoSurvey(t *testing.T) {
	const advice = "the permissions to view reports and to export responses"
	for name, code := range map[string]int{"forbidden": 403, "refused without words": 400} {
		t.Run(name, func(t *testing.T) {
			insideBubble(t, func(t *testing.T) {
				tn := newTenant(t, small)
				tn.Intercept(refusingExports(code))
				checked := tn.run(t, "check", "--config", "config.json")
				if ok, message := status(t, checked); ok || checked.code != 0 || !strings.Contains(message, advice) {
					t.Errorf("check: got code %d, success %t and %q, want a failure with advice", checked.code, ok, message)
				}
				got := tn.read(t, nil, "surveys", "responses", "sync_audit")
				if got.statuses["surveys"] != "COMPLETE" || got.statuses["responses"] != "INCOMPLETE" || len(got.errors) != 1 || got.errors[0].kind != "config_error" || !strings.Contains(got.errors[0].message, advice) {
					t.Errorf("read: got %v and %v, want responses to fail for the configuration, with advice", got.statuses, got.errors)
				}
				if got.code != 1 {
					t.Errorf("read: got exit code %d, want 1", got.code)
				}
				if alone := tn.read(t, nil, "responses"); alone.code != 1 {
					t.Errorf("read of responses alone: got exit code %d, want 1", alone.code)
				}
				exported := tn.run(t, "export", "--config", "config.json", "--format", "ndjson", "--to", t.TempDir())
				if exported.code != 1 || !strings.Contains(exported.stdout, advice) {
					t.Errorf("export: got exit code %d and %s%s", exported.code, exported.stdout, exported.stderr)
				}
				if tapped := tn.tap(t, "--config", "config.json"); tapped.result.code != 1 || !strings.Contains(tapped.stderr, advice) {
					t.Errorf("tap: got exit code %d and %s", tapped.result.code, tapped.stderr)
				}
			})
		})
	}
}

// Surveys that the list shows and no export finds are not read by any run.
func TestCheck_FailsWhereNoExportFindsItsSurvey(t *testing.T) {
	insideBubble(t, func(t *testing.T) {
		tn := newTenant(t, small)
		tn.Intercept(refusingExports(404))
		if ok, message := status(t, tn.run(t, "check", "--config", "config.json")); ok || !strings.Contains(message, "start an export of survey SV_") {
			t.Errorf("got %t, %q", ok, message)
		}
	})
}

// A survey that the account may not export is no failure, whichever survey it is.
func TestCheck_SucceedsWhereSomeSurveysMayNotBeExported(t *testing.T) {
	insideBubble(t, func(t *testing.T) {
		tn := newTenant(t, small)
		for _, allowed := range tn.surveyIDs(t) {
			tn.Intercept(refusingExports(403, allowed))
			if ok, message := status(t, tn.run(t, "check", "--config", "config.json")); !ok || message != "" {
				t.Errorf("only %s may be exported: got %t, %q", allowed, ok, message)
			}
			if got := tn.read(t, nil, "responses"); got.code != 0 || len(got.records["responses"]) == 0 {
				t.Errorf("only %s may be exported: read ends with %d and %v", allowed, got.code, got.errors)
			}
		}
		// A survey that is named has to be exportable.
		ids := tn.surveyIDs(t)
		tn.config["surveys"] = map[string]any{"ids": ids[:1]}
		tn.Intercept(refusingExports(403, ids[1]))
		if ok, message := status(t, tn.run(t, "check", "--config", "config.json")); ok || !strings.Contains(message, ids[0]) {
			t.Errorf("a named survey: got %t, %q, want a failure that names it", ok, message)
		}
	})
}

func TestCheck_ExportsTheIDsOfTheSmallestSurveyAndDoesNotWaitForLong(t *testing.T) {
	insideBubble(t, func(t *testing.T) {
		options := small
		options.ExportDelay = time.Hour
		tn := newTenant(t, options)
		var bodies []string
		next := tn.transport
		tn.transport = tripper(func(r *http.Request) (*http.Response, error) {
			if strings.HasSuffix(r.URL.Path, "/export-responses") {
				body, err := io.ReadAll(r.Body)
				if err != nil {
					return nil, err
				}
				bodies = append(bodies, string(body))
				r.Body = io.NopCloser(strings.NewReader(string(body)))
			}
			return next.RoundTrip(r)
		})
		begun := time.Now()
		if ok, message := status(t, tn.run(t, "check", "--config", "config.json")); !ok {
			t.Errorf("got a failure: %s", message)
		}
		if took := time.Since(begun); took > 15*time.Second || len(bodies) != 1 || !strings.Contains(bodies[0], `"questionIds":[]`) {
			t.Errorf("got the exports %q in %s, want one of ids alone in some seconds", bodies, took)
		}
	})
}

// A run that finds every survey refused does not keep later runs from asking.
func TestRead_SeesAtOnceThatExportsAreAllowedNow(t *testing.T) {
	insideBubble(t, func(t *testing.T) {
		tn := newTenant(t, small)
		tn.sizes.ExportAll = 1 // as in an account with many surveys
		tn.Intercept(refusingExports(403))
		first := tn.read(t, nil, "responses")
		if first.code != 1 {
			t.Fatalf("got exit code %d, want 1: %v", first.code, first.errors)
		}
		again := tn.read(t, first.states, "responses")
		if again.code != 1 {
			t.Errorf("the run after it: got exit code %d, want 1: %v", again.code, again.errors)
		}
		tn.goesOn(t, nil, again, "responses")
	})
}

// brokenAnswers are the answers that may come in place of a proper one.
func brokenAnswers() map[string]func(*http.Request) (*http.Response, error) {
	answering := func(code int, body string) func(*http.Request) (*http.Response, error) {
		return func(r *http.Request) (*http.Response, error) { return answer(r, code, body), nil }
	}
	failing := func(err error) func(*http.Request) (*http.Response, error) {
		return func(*http.Request) (*http.Response, error) { return nil, err }
	}
	return map[string]func(*http.Request) (*http.Response, error){
		"400": answering(400, errorBody(400, "EX_1", "Bad request")), "403": answering(403, errorBody(403, "QMST_2.1", "no")), "404": answering(404, errorBody(404, "UNF_9", "no")),
		"405": answering(405, ""), "429": answering(429, ""), "500": answering(500, ""), "502": answering(502, "<html>"), "503": answering(503, ""), "504": answering(504, ""),
		"a login page": answering(200, "<!DOCTYPE html><html><body>Sign in</body></html>"), "an empty answer": answering(200, ""), "an answer without members": answering(200, `{"result":{},"meta":{}}`),
		"no such host":   failing(&net.OpError{Op: "dial", Err: &net.DNSError{Err: "no such host", Name: "sandbox1.qualtrics.com", IsNotFound: true}}),
		"no name server": failing(&net.OpError{Op: "dial", Err: &net.DNSError{Err: "server misbehaving", Name: "sandbox1.qualtrics.com", IsTemporary: true}}),
		"a dead host":    failing(&net.OpError{Op: "dial", Err: errors.New("connect: connection refused")}),
		"a host that is silent": func(r *http.Request) (*http.Response, error) {
			<-r.Context().Done()
			return nil, r.Context().Err()
		},
	}
}

func TestCheck_EveryOutcomeIsOneStatusWithinAMinute(t *testing.T) {
	for name, fail := range brokenAnswers() {
		for _, oauth := range []bool{false, true} {
			t.Run(name, func(t *testing.T) {
				insideBubble(t, func(t *testing.T) {
					tn := newTenant(t, small)
					if oauth {
						tn.withOAuth()
					}
					tn.transport = tripper(fail)
					begun := time.Now()
					got := tn.run(t, "check", "--config", "config.json")
					ok, message := status(t, got)
					if took := time.Since(begun); ok || got.code != 0 || message == "" || took > time.Minute {
						t.Errorf("got code %d, success %t and %q in %s, want a failure within a minute", got.code, ok, message, took)
					}
					if strings.Contains(got.stdout, `"type":"TRACE"`) {
						t.Errorf("the output holds a trace beside the status:\n%s", got.stdout)
					}
				})
			})
		}
	}
}

// Contacts are optional: nobody has to read them.
func TestCheck_SucceedsWithoutWhatIsOptionalAndSaysWhy(t *testing.T) {
	for name, fail := range brokenAnswers() {
		t.Run(name, func(t *testing.T) {
			insideBubble(t, func(t *testing.T) {
				tn := newTenant(t, small)
				next := tn.transport
				tn.transport = tripper(func(r *http.Request) (*http.Response, error) {
					if strings.Contains(r.URL.Path, "/directories") {
						return fail(r)
					}
					return next.RoundTrip(r)
				})
				begun := time.Now()
				ok, message := status(t, tn.run(t, "check", "--config", "config.json"))
				if took := time.Since(begun); !ok || !strings.Contains(message, "these streams cannot be read: contacts, directories, mailing_list_memberships, mailing_lists, because ") || took > time.Minute {
					t.Errorf("got success %t and %q in %s, want a success that names contacts", ok, message, took)
				}
				// Whoever names directories wants to read them.
				tn.config["directories"] = []any{"POOL_000000000000001"}
				if ok, message := status(t, tn.run(t, "check", "--config", "config.json")); ok || !strings.Contains(message, "the contacts of the configured directories") {
					t.Errorf("with directories: got success %t and %q, want a failure", ok, message)
				}
			})
		})
	}
}

// All streams that an account without the scope for responses cannot read are left
// out by default. Selected, they fail, and the others finish.
func TestDefaultStreams_LeaveOutEveryStreamOfARefusedFeed(t *testing.T) {
	insideBubble(t, func(t *testing.T) {
		tn := newTenant(t, lackingScope("read:survey_responses")).withOAuth()
		exported := tn.run(t, "export", "--config", "config.json", "--format", "ndjson", "--to", t.TempDir())
		if exported.code != 0 || strings.Contains(exported.stdout, "response") || strings.Contains(exported.stdout, "sync_audit") || !strings.Contains(exported.stdout, "contacts") {
			t.Errorf("export: got exit code %d and\n%s%s", exported.code, exported.stdout, exported.stderr)
		}
		for _, stream := range []string{"responses", "response_deletions", "sync_audit"} {
			if !strings.Contains(exported.stderr, "the account cannot read a stream stream="+stream) {
				t.Errorf("export does not name %s:\n%s", stream, exported.stderr)
			}
		}
		tapped := tn.tap(t, "--config", "config.json")
		if tapped.result.code != 0 || strings.Contains(tapped.stdout, `"responses"`) || strings.Contains(tapped.stdout, `"sync_audit"`) || len(tapped.records["contacts"]) == 0 || len(tapped.records["surveys"]) == 0 {
			t.Errorf("tap: got exit code %d and\n%.2000s%s", tapped.result.code, tapped.stdout, tapped.stderr)
		}
		chosen := tn.run(t, "export", "--config", "config.json", "--format", "ndjson", "--to", t.TempDir(), "--streams", "surveys,responses,response_deletions,contacts")
		if chosen.code != 4 || !strings.Contains(chosen.stdout, "add the scope read:survey_responses") || strings.Count(chosen.stdout, " complete\n") != 2 {
			t.Errorf("export of chosen streams: got exit code %d and\n%s%s", chosen.code, chosen.stdout, chosen.stderr)
		}
	})
}
