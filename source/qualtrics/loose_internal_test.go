package qualtrics

import (
	"encoding/json"
	"strings"
	"testing"
	"time"
)

// Answers other than exports report an unreadable date, but no rounded one.
func TestMembers_ReadMillisecondsAndRefuseDatesThatStandForNone(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]time.Time{
		`"2024-02-29 23:59:58"`: time.Date(2024, 2, 29, 23, 59, 58, 0, time.UTC),
		`1709251198500`:         time.Date(2024, 2, 29, 23, 59, 58, 500_000_000, time.UTC),
		`"1709251198500"`:       time.Date(2024, 2, 29, 23, 59, 58, 500_000_000, time.UTC),
	} {
		if got := (members{"at": json.RawMessage(text)}).time("at"); got == nil || *got != want {
			t.Errorf("%s: got %v, want %s", text, got, want)
		}
	}
	for _, text := range []string{`null`, `""`, `"0001-01-01T00:00:00Z"`, `"0001-01-01"`, `-62135596800000`, `"2016-12-31T23:59:60Z"`, `253402300800000`, `true`, strings.Repeat("9", 30)} {
		if got := (members{"at": json.RawMessage(text)}).time("at"); got != nil {
			t.Errorf("%s: got %s, want none", text, got)
		}
	}
}
