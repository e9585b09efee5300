package qualtrics_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/birdie-ai/source-qualtrics/source/qualtrics"
)

// endpoints are a call of each endpoint that may be refused, and what its
// permission is about.
var endpoints = map[string]struct {
	call  func(context.Context, *qualtrics.Client) error
	needs string
}{
	"the account": {func(ctx context.Context, c *qualtrics.Client) error { _, err := c.WhoAmI(ctx); return err }, "Access API"},
	"the survey list": {
		func(ctx context.Context, c *qualtrics.Client) error { _, err := counted(c.Surveys(ctx)); return err },
		"surveys of its own, or surveys that their owners share with it",
	},
	"a survey": {func(ctx context.Context, c *qualtrics.Client) error { _, err := c.Survey(ctx, "SV_1"); return err }, "to be shared with it"},
	"an export": {
		func(ctx context.Context, c *qualtrics.Client) error {
			_, err := c.Export(ctx, qualtrics.ExportRequest{Survey: "SV_1"})
			return err
		}, "to view reports and to export responses",
	},
	"a response": {func(ctx context.Context, c *qualtrics.Client) error {
		_, err := c.Response(ctx, "SV_1", "R_1")
		return err
	}, "to view reports and to export responses"},
	"directories": {func(ctx context.Context, c *qualtrics.Client) error {
		_, err := counted(c.Directories(ctx))
		return err
	}, "Manage Directory"},
	"contacts": {func(ctx context.Context, c *qualtrics.Client) error {
		_, err := counted(c.Contacts(ctx, "POOL_1"))
		return err
	}, "Manage Directory"},
	"a search": {
		func(ctx context.Context, c *qualtrics.Client) error {
			_, err := counted(c.SearchContacts(ctx, "POOL_1", qualtrics.ContactFilter{}))
			return err
		}, "Manage Directory",
	},
	"mailing lists": {func(ctx context.Context, c *qualtrics.Client) error {
		_, err := c.MailingLists("POOL_1").All(ctx)
		return err
	}, "Manage Directory"},
	"a mailing list": {func(ctx context.Context, c *qualtrics.Client) error {
		_, err := c.MailingList(ctx, "POOL_1", "CG_1")
		return err
	}, "Manage Directory"},
	"members": {func(ctx context.Context, c *qualtrics.Client) error {
		_, err := c.Memberships("POOL_1", "CG_1").All(ctx)
		return err
	}, "Manage Directory"},
	"a member": {func(ctx context.Context, c *qualtrics.Client) error {
		return c.HasMember(ctx, "POOL_1", "CG_1", "CID_1")
	}, "Manage Directory"},
	"the users": {func(ctx context.Context, c *qualtrics.Client) error { _, err := c.Users().All(ctx); return err }, "administrator"},
	"a user":    {func(ctx context.Context, c *qualtrics.Client) error { _, err := c.User(ctx, "UR_1"); return err }, "administrator"},
}

func TestErrors_AdviseThePermissionOfTheEndpointThatRefused(t *testing.T) {
	t.Parallel()
	for name, endpoint := range endpoints {
		for _, status := range []int{400, 403} {
			err := endpoint.call(t.Context(), client(t, func(*http.Request) *http.Response { return failed(status, "EX_1", "No.") }))
			if err == nil || qualtrics.Kind(err) != qualtrics.KindConfig || !strings.Contains(err.Error(), endpoint.needs) {
				t.Errorf("%s answers %d: got kind %d, %v, want a configuration error that says %q", name, status, qualtrics.Kind(err), err, endpoint.needs)
			}
			for other, different := range endpoints {
				if different.needs != endpoint.needs && err != nil && name != "the survey list" && strings.Contains(err.Error(), different.needs) {
					t.Errorf("%s answers %d: got the advice for %s: %v", name, status, other, err)
				}
			}
		}
	}
}

// inOrder reports whether a text holds parts in their order.
func inOrder(text string, parts ...string) bool {
	for _, part := range parts {
		_, after, found := strings.Cut(text, part)
		if !found {
			return false
		}
		text = after
	}
	return true
}

const otherHost = `"notice":"Request proxied. For faster response times, use this host instead: fra1.qualtrics.com",`

func TestErrors_ABadRequestAdvisesInTheOrderOfLikelihood(t *testing.T) {
	t.Parallel()
	export := endpoints["an export"].call
	bare := client(t, func(*http.Request) *http.Response { return failed(400, "EX_1", "Bad request") })
	if err := export(t.Context(), bare); !inOrder(err.Error(), "EX_1 Bad request", "view reports", "data_center", "the API is enabled") {
		t.Errorf("got %v", err)
	}
	// An earlier answer of the run named the host where the account lives.
	told := client(t, func(r *http.Request) *http.Response {
		if strings.HasSuffix(r.URL.Path, "/whoami") {
			return answer(200, `{"result":{"brandId":"b"},"meta":{`+otherHost+`"requestId":"r-1"}}`)
		}
		return failed(400, "EX_1", "Bad request")
	})
	if _, err := told.WhoAmI(t.Context()); err != nil {
		t.Fatal(err)
	}
	if err := export(t.Context(), told); !inOrder(err.Error(), "data_center", "this account lives on fra1.qualtrics.com", "view reports", "the API is enabled") {
		t.Errorf("got %v", err)
	}
}

func TestErrors_ANoticeOnOneSurveysCallIsAboutThatSurvey(t *testing.T) {
	t.Parallel()
	for _, status := range []int{400, 403} {
		c := client(t, func(*http.Request) *http.Response {
			return answer(status, fmt.Sprintf(`{"meta":{"httpStatus":"%d - x",%s"error":{"errorMessage":"no","errorCode":"EX_1"}}}`, status, otherHost))
		})
		err := endpoints["an export"].call(t.Context(), c)
		if !strings.Contains(err.Error(), "this survey lives on fra1.qualtrics.com") || strings.Contains(err.Error(), "this account lives") || c.Notice() != "" {
			t.Errorf("%d: got %v, and the account's host is said to be %q", status, err, c.Notice())
		}
		// The same on the account's own call is about the account.
		if err := endpoints["the survey list"].call(t.Context(), c); !strings.Contains(err.Error(), "this account lives on fra1.qualtrics.com") {
			t.Errorf("%d: got %v", status, err)
		}
	}
}

// The call that succeeds carries the notice, as of a proxied GET, and the one that
// fails has none.
func TestErrors_AnEarlierNoticeOnTheSurveysCallsIsTold(t *testing.T) {
	t.Parallel()
	c := client(t, func(r *http.Request) *http.Response {
		if r.Method == http.MethodGet {
			return answer(200, `{"result":{"id":"SV_1","name":"n"},"meta":{`+otherHost+`"requestId":"r-1"}}`)
		}
		return failed(400, "EX_1", "Bad request")
	})
	if _, err := c.Survey(t.Context(), "SV_1"); err != nil {
		t.Fatal(err)
	}
	if _, err := c.Export(t.Context(), qualtrics.ExportRequest{Survey: "SV_1"}); !strings.Contains(err.Error(), "this survey lives on fra1.qualtrics.com") {
		t.Errorf("got %v", err)
	}
	if _, err := c.Export(t.Context(), qualtrics.ExportRequest{Survey: "SV_2"}); strings.Contains(err.Error(), "fra1") || c.Notice() != "" {
		t.Errorf("another survey: got %v", err)
	}
}

// The cause comes first, and the details for support are kept beside it.
func TestErrors_KeepTheHTTPSideInTheirDetail(t *testing.T) {
	t.Parallel()
	const list = "https://iad1.qualtrics.com/API/v3/surveys"
	tests := map[string]struct {
		answer  func() *http.Response
		message string
		detail  string
	}{
		"a refusal": {
			func() *http.Response { return failed(403, "QMST_2.1", "The operation is forbidden.") },
			"Qualtrics does not allow this account to list the surveys (QMST_2.1 The operation is forbidden.)", "GET " + list + ": HTTP 403 Forbidden (request id r-2)",
		},
		"no words": {
			func() *http.Response { return answer(502, "<html>") },
			"Qualtrics, or a gateway in front of it, fails to list the surveys (Bad Gateway)", "GET " + list + ": HTTP 502 Bad Gateway",
		},
		"a page": {
			func() *http.Response { return answer(200, "<!DOCTYPE html><html>Sign in") },
			"the answer to a call to list the surveys cannot be read: it is an HTML page and not JSON; check data_center", "GET " + list + ": HTTP 200 OK",
		},
		"no answer": {func() *http.Response { return nil }, "no answer from iad1.qualtrics.com: connection reset by peer", "GET " + list},
		"a refused token": {
			func() *http.Response { return failed(401, "DCD_7", "Unrecognized X-API-TOKEN.") },
			"signing in to Qualtrics: DCD_7 Unrecognized X-API-TOKEN.", "GET " + list + ": HTTP 401 Unauthorized (request id r-2)",
		},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				c := client(t, func(*http.Request) *http.Response { return test.answer() }, func(o *qualtrics.Options) { o.Limits.Tries = 1 })
				_, err := counted(c.Surveys(t.Context()))
				if err == nil || !strings.HasPrefix(err.Error(), test.message) || strings.Contains(err.Error(), "https://") || strings.Contains(err.Error(), "HTTP ") {
					t.Errorf("got %v, want that it begins with %q and has no HTTP detail", err, test.message)
				}
				if got := qualtrics.Detail(errors.Join(fmt.Errorf("reading: %w", err), errors.New("another"))); got != test.detail {
					t.Errorf("got the detail %q, want %q", got, test.detail)
				}
			})
		})
	}
	if got := qualtrics.Detail(nil) + qualtrics.Detail(errors.New("of no call")); got != "" {
		t.Errorf("got the detail %q of errors without one", got)
	}
}

func TestExport_ProgressWithoutAStatusIsUnreadable(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		begun := time.Now()
		j := &jobs{t: t, poll: func(int, int) *http.Response { return ok(`{"percentComplete":50.0}`) }}
		_, _, err := j.export(t)
		if err == nil || !strings.Contains(err.Error(), "it holds no status") || qualtrics.Kind(err) != qualtrics.KindTransient || j.polls != 8 || time.Since(begun) > 15*time.Minute {
			t.Errorf("got kind %d, %v after %d polls in %s", qualtrics.Kind(err), err, j.polls, time.Since(begun))
		}
	})
}

func TestTryExport_AStartedJobProvesThePermission(t *testing.T) {
	t.Parallel()
	const patience = 10 * time.Second
	tests := map[string]struct {
		jobs    jobs
		refused bool
		starts  int
	}{
		"complete":              {jobs{}, false, 1},
		"running for long":      {jobs{poll: func(int, int) *http.Response { return running("1.0") }}, false, 1},
		"failed":                {jobs{poll: func(int, int) *http.Response { return failedJob() }}, false, 1},
		"refused":               {jobs{start: func(int) *http.Response { return failed(403, "QMST_2.1", "no") }}, true, 1},
		"refused without words": {jobs{start: func(int) *http.Response { return failed(400, "EX_1", "no") }}, true, 2},
		"refused while polled":  {jobs{poll: func(int, int) *http.Response { return failed(403, "QMST_2.1", "no") }}, true, 1},
		"without lists of columns": {jobs{start: func(job int) *http.Response {
			if job == 1 {
				return failed(400, "EX_1", "no")
			}
			return ok(`{"progressId":"ES_2","status":"inProgress"}`)
		}}, false, 2},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				j, begun := test.jobs, time.Now()
				j.t = t
				err := client(t, j.serve).TryExport(t.Context(), "SV_1", patience, false)
				if (err != nil) != test.refused || test.refused && qualtrics.Kind(err) != qualtrics.KindConfig {
					t.Errorf("got kind %d, %v, want a refusal: %t", qualtrics.Kind(err), err, test.refused)
				}
				if took := time.Since(begun); took > patience+time.Second || j.starts != test.starts || j.files != 0 {
					t.Errorf("got %d starts and %d downloads in %s", j.starts, j.files, took)
				}
				if !strings.Contains(j.bodies[0], `"questionIds":[]`) || !strings.Contains(j.bodies[0], `"surveyMetadataIds":["_recordId"]`) {
					t.Errorf("got the request %s, want the ids alone", j.bodies[0])
				}
			})
		})
	}
}
