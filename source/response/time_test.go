package response_test

import (
	"math/rand/v2"
	"testing"
	"time"

	"github.com/birdie-ai/source-qualtrics/integration_tests/thorough"
	"github.com/birdie-ai/source-qualtrics/source/response"
)

func TestParseTime_ReadsEveryFormBack(t *testing.T) {
	t.Parallel()
	random := rand.New(rand.NewPCG(1, 2))
	first, last := time.Date(1, 1, 2, 0, 0, 0, 0, time.UTC).Unix(), time.Date(9999, 12, 30, 0, 0, 0, 0, time.UTC).Unix()
	for range thorough.Number(143_000, 30_000) { // in seven forms each: all are a million
		at := time.Unix(first+random.Int64N(last-first), random.Int64N(1e9)).UTC()
		zone := time.FixedZone("", 60*(random.IntN(24*60)-12*60))
		for layout, precision := range map[string]time.Duration{
			time.RFC3339:                    time.Second,
			"2006-01-02T15:04:05.000Z07:00": time.Millisecond,
			time.RFC3339Nano:                1,
			time.DateTime:                   time.Second,
			"2006-01-02T15:04:05":           time.Second,
			"2006-01-02T15:04:05.000":       time.Millisecond,
		} {
			written, want := at, at.Truncate(precision)
			if layout == time.RFC3339 || layout == time.RFC3339Nano {
				written = at.In(zone)
			}
			text := written.Format(layout)
			if got, ok := response.ParseTime(text); !ok || !got.Equal(want) || got.Location() != time.UTC {
				t.Fatalf("%s: got %s, %t, want %s", text, got, ok, want)
			}
		}
		day := at.Format(time.DateOnly)
		if got, ok := response.ParseTime(day); !ok || got.Format(time.DateOnly) != day || got != got.Truncate(24*time.Hour) {
			t.Fatalf("%s: got %s, %t", day, got, ok)
		}
	}
}

func TestParseTime_RefusesWhatIsNoDateOfOurYears(t *testing.T) {
	t.Parallel()
	for _, text := range []string{
		"", " ", "0000-00-00", "0000-00-00 00:00:00", "0000-12-31T23:59:59Z", "0001-01-01T00:00:00+00:01", "9999-12-31T23:59:59-00:01",
		"9999-12-31T24:00:00Z", "2024-01-01T24:00", "2024-01-01 24:00:00", "2024-13-01", "2024-02-30", "2023-02-29T00:00:00Z", "2024-01-01T00:60:00Z", "2024-01-01T00:00:61Z", "2024-01-01T00:00:600Z", "2024-01-01T24:00:60Z",
		"9999-12-31T23:59:60Z", "-2024-01-01", "10000-01-01",
		"2024-1-1", "01/02/2024", "2024-01-01T00:00:00Z trailing", " 2024-01-01", "1720454423994", "20240101", "now", "null",
	} {
		if got, ok := response.ParseTime(text); ok {
			t.Errorf("%q: got %s, want it refused", text, got)
		}
	}
}

func TestParseTime_TakesTheEdgesOfTheYears(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]time.Time{
		"0001-01-01":                     time.Date(1, 1, 1, 0, 0, 0, 0, time.UTC),
		"0000-12-31T23:59:59-00:01":      time.Date(1, 1, 1, 0, 0, 59, 0, time.UTC),
		"9999-12-31T23:59:59.999999999Z": time.Date(9999, 12, 31, 23, 59, 59, 999_999_999, time.UTC),
		"2024-02-29 23:59:59":            time.Date(2024, 2, 29, 23, 59, 59, 0, time.UTC),
	} {
		if got, ok := response.ParseTime(text); !ok || got != want {
			t.Errorf("%q: got %s, %t, want %s", text, got, ok, want)
		}
	}
}

// A leap second has no number of its own in what we write: it is the next one.
func TestParseTime_TakesALeapSecondAsTheNextOne(t *testing.T) {
	t.Parallel()
	next := time.Date(2017, 1, 1, 0, 0, 0, 0, time.UTC)
	for text, want := range map[string]time.Time{
		"2016-12-31T23:59:60Z":          next,
		"2016-12-31 23:59:60":           next,
		"2016-12-31T23:59:60":           next,
		"2016-12-31T23:59:60.999Z":      next.Add(999 * time.Millisecond),
		"2017-01-01T08:59:60+09:00":     next,
		"2016-12-31T18:59:60.000-05:00": next,
	} {
		if got, ok := response.ParseTime(text); !ok || got != want {
			t.Errorf("%q: got %s, %t, want %s", text, got, ok, want)
		}
	}
}
