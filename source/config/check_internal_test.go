package config

import (
	"testing"
	"time"
)

func TestTime_TakesWhatUsersAndMeltanoWrite(t *testing.T) {
	t.Parallel()
	day := time.Date(2024, 2, 29, 0, 0, 0, 0, time.UTC)
	for text, want := range map[string]time.Time{
		"":                          {},
		"2024-02-29":                day,
		"2024-02-29T00:00:00":       day,
		"2024-02-29T00:00:00.000Z":  day,
		"2024-02-29T09:00:00+09:00": day,
	} {
		found := &findings{}
		if got := found.time("start_date", text); got != want || found.err() != nil {
			t.Errorf("%q: got %s, %v, want %s", text, got, found.err(), want)
		}
	}
	for _, text := range []string{"2024-02-29 00:00:00", "2024-02-29T23:59:60Z", "1989-12-31", "2201-01-01", "2023-02-29", "1709251198000", "yesterday"} {
		found := &findings{}
		if got := found.time("start_date", text); found.err() == nil {
			t.Errorf("%q: got %s, want it refused", text, got)
		}
	}
}
