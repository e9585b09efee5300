package dates_test

import (
	"testing"
	"time"

	"github.com/birdie-ai/source-qualtrics/source/dates"
)

func TestParse_ReadsTheFormsThatAllReadersShare(t *testing.T) {
	t.Parallel()
	at := time.Date(2024, 2, 29, 23, 59, 58, 0, time.UTC)
	for text, want := range map[string]time.Time{
		"2024-02-29T23:59:58Z":           at,
		"2024-02-28T23:59:58Z":           at.AddDate(0, 0, -1),
		"2024-03-01T08:59:58+09:00":      at,
		"2024-02-29T23:59:58.123456789Z": at.Add(123_456_789),
		"2024-02-29T23:59:58":            at,
		"2024-02-29T23:59:58.5":          at.Add(time.Second / 2),
		"2024-02-29 23:59:58":            at,
		"2024-02-29":                     at.Truncate(24 * time.Hour),
		"0001-01-01":                     {},
		"9999-12-31T23:59:59.999999999Z": time.Date(9999, 12, 31, 23, 59, 59, 999_999_999, time.UTC),
	} {
		if got, ok := dates.Parse(text); !ok || got != want {
			t.Errorf("%q: got %s, %t, want %s", text, got, ok, want)
		}
	}
	for _, text := range []string{
		"", "0000-12-31", "0001-01-01T00:00:00+00:01", "9999-12-31T23:59:59-00:01", "2023-02-29", "2024-02-29T23:59", "2024-02-29T23:59:60Z",
		"2024-13-01T00:00:00Z", "2024-00-01T00:00:00Z", "2024-01-00T00:00:00Z", "2024-01-32T00:00:00Z", "2024-01-01T24:00:00Z", "2024-01-01T00:60:00Z",
		"2024-01-01T00:00:0:Z", "2024-01-01 00:00:00Z", "29/02/2024", " 2024-02-29", "2024-02-29 ", "1709251198000", "now",
	} {
		if got, ok := dates.Parse(text); ok {
			t.Errorf("%q: got %s, want it refused", text, got)
		}
	}
}

func TestLeapSecond_ReadsNothingElse(t *testing.T) {
	t.Parallel()
	next := time.Date(2017, 1, 1, 0, 0, 0, 0, time.UTC)
	for text, want := range map[string]time.Time{
		"2016-12-31T23:59:60Z":          next,
		"2016-12-31 23:59:60":           next,
		"2016-12-31T23:59:60.5":         next.Add(time.Second / 2),
		"2016-12-31T18:59:60.000-05:00": next,
	} {
		if got, ok := dates.LeapSecond(text); !ok || got != want {
			t.Errorf("%q: got %s, %t, want %s", text, got, ok, want)
		}
	}
	for _, text := range []string{"", "2016-12-31", "2016-12-31T23:59:59Z", "2016-12-31T23:60:00Z", "2016-12-31T23:59:61Z", "2016-12-31T23:59:600Z", "9999-12-31T23:59:60Z"} {
		if got, ok := dates.LeapSecond(text); ok {
			t.Errorf("%q: got %s, want it refused", text, got)
		}
	}
}
