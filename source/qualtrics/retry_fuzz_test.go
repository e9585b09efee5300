package qualtrics_test

import (
	"net/http"
	"testing"
	"testing/synctest"
	"time"

	"github.com/birdie-ai/source-qualtrics/source/qualtrics"
)

// Whatever a server asks for, the wait is above zero and at most a quarter of
// an hour; and whatever its dates say, its time is believed only where two of
// them agree, and never later than the earlier one.
func FuzzRetryAfterAndDate(f *testing.F) {
	const noon, later, future = "Thu, 15 Jan 2026 12:00:00 GMT", "Thu, 15 Jan 2026 12:01:00 GMT", "Thu, 31 Dec 9999 23:59:59 GMT"
	for _, after := range []string{"", "0", "-1", "1.5", "1e-300", "1e300", "NaN", "+Inf", "0x10p-4", " 7 ", "1_0", later, noon, future, "Mon, 01 Jan 0001 00:00:00 GMT"} {
		f.Add(after, noon, later)
	}
	f.Add("10", noon, future)
	f.Add(future, "Mon, 01 Jan 0000 00:00:00 GMT", noon)
	f.Add("Thursday, 15-Jan-26 12:00:30 GMT", "Thu Jan 15 12:00:00 2026", "")
	f.Fuzz(func(t *testing.T, after, first, second string) {
		wait, ok := qualtrics.RetryAfter(http.Header{"Retry-After": {after}, "Date": {first}})
		if ok && (wait <= 0 || wait > 24*time.Hour) {
			t.Errorf("%q at %q: got a wait of %s", after, first, wait)
		}
		synctest.Test(t, func(t *testing.T) {
			got, ok := qualtrics.ServerTimeBy(http.Header{"Date": {first}}, http.Header{"Date": {second}})
			one, firstErr := http.ParseTime(first)
			other, secondErr := http.ParseTime(second)
			agree := firstErr == nil && secondErr == nil && one.Sub(other).Abs() <= 2*time.Minute
			if ok != agree {
				t.Errorf("%q and %q: got %v, %t", first, second, got, ok)
			}
			if ok && (got.After(one) || got.After(other)) {
				t.Errorf("%q and %q: got the later %v", first, second, got)
			}
			if alone, ok := qualtrics.ServerTimeBy(http.Header{"Date": {first}}); ok {
				t.Errorf("%q alone was believed: %v", first, alone)
			}
		})
	})
}
