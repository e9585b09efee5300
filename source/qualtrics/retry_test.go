package qualtrics_test

import (
	"errors"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/birdie-ai/source-qualtrics/source/qualtrics"
)

// What a server asks for is waited for when it fits into what a call may take,
// and never in part.
func TestCall_HonoursRetryAfterUpToItsBudget(t *testing.T) {
	t.Parallel()
	const budget = 15 * time.Minute
	at := time.Date(2026, 1, 15, 12, 0, 0, 0, time.UTC) // the Date of an answer
	for _, status := range []int{429, 503} {
		for _, test := range []struct {
			after time.Duration
			waits bool
		}{{budget - time.Second, true}, {budget, true}, {budget + time.Second, false}, {time.Hour, false}, {48 * time.Hour, false}, {1e6 * time.Hour, false}} {
			for _, header := range []string{fmt.Sprintf("%.0f", test.after.Seconds()), at.Add(test.after).Format(http.TimeFormat)} {
				for name, options := range map[string][]option{"token": nil, "OAuth": {withOAuth}} {
					synctest.Test(t, func(t *testing.T) {
						s, calls := script(
							func() *http.Response { return answer(status, "", "Retry-After: "+header) },
							func() *http.Response {
								return answer(200, `{"access_token":"bearer-token-1","token_type":"Bearer","result":`+account+`}`, "Content-Type: application/json")
							},
						)
						begun := time.Now()
						err := whoami(t, client(t, s, options...))
						took := time.Since(begun)
						if test.waits && (err != nil || took < test.after || took > test.after+time.Second) {
							t.Errorf("%d, %s, Retry-After %s: got %v after %s", status, name, header, err, took)
						}
						if !test.waits && (qualtrics.Kind(err) != qualtrics.KindTransient || *calls != 1 || took != 0) {
							t.Errorf("%d, %s, Retry-After %s: got %v after %d calls in %s, want it given up at once", status, name, header, err, *calls, took)
						}
					})
				}
			}
		}
	}
}

// No try begins when the time of a call is over, and the last answer's words
// reach the user.
func TestCall_TriesErrorsOfTheServerForAWhile(t *testing.T) {
	t.Parallel()
	for _, status := range []int{500, 502, 503, 504, 507, 520, 522, 524, 599} {
		for _, each := range []time.Duration{0, time.Second, 99 * time.Second} {
			synctest.Test(t, func(t *testing.T) {
				calls, begun := 0, time.Now()
				var last time.Time
				c := client(t, func(*http.Request) *http.Response {
					calls, last = calls+1, time.Now()
					time.Sleep(each)
					if calls%2 == 1 {
						return answer(status, "<html>"+strings.Repeat("x", 1000), "Content-Type: text/html")
					}
					return failed(status, "X_1", "the last word")
				})
				err := whoami(t, c)
				var answer *qualtrics.APIError
				if !errors.As(err, &answer) || answer.Status != status || answer.RequestID != "r-2" || qualtrics.Kind(err) != qualtrics.KindTransient {
					t.Errorf("%d: got kind %d, %v", status, qualtrics.Kind(err), err)
				}
				if err != nil && !strings.Contains(err.Error(), "fails to name the account (X_1 the last word)") {
					t.Errorf("%d: got %v, want the words of the last answer", status, err)
				}
				for _, text := range []string{fmt.Sprintf("HTTP %d", status), "(request id r-2)"} {
					if !strings.Contains(qualtrics.Detail(err), text) {
						t.Errorf("%d: got the detail %q, want %q in it", status, qualtrics.Detail(err), text)
					}
				}
				if took := last.Sub(begun); calls != 8 || took > 15*time.Minute {
					t.Errorf("%d after %s each: got %d calls, the last one after %s, want 8 within 15 minutes", status, each, calls, took)
				}
			})
		}
	}
}
