// Package dates reads dates as Qualtrics writes them.
package dates

import "time"

// layouts are the forms in which Qualtrics writes dates outside of QSF files. Dates
// without a zone are UTC (API §0.16, §3.5, §4.2).
var layouts = []string{time.RFC3339Nano, "2006-01-02T15:04:05", time.DateTime, time.DateOnly}

// Parse reads a date of the years 1 to 9999, which a row can hold. The readers of
// dates differ in the rest:
//   - Exported responses may hold a leap second, see [LeapSecond]. Their rows
//     report that it was rounded.
//   - Other answers may hold milliseconds since 1970. A leap second is unreadable there,
//     and so is the start of the year 1, which programs write for a missing date.
//   - The configuration takes no form with a space, and only the years 1990 to 2200.
func Parse(text string) (time.Time, bool) {
	if at, ok := parseUTC(text); ok {
		return at, true
	}
	for _, layout := range layouts {
		if at, err := time.Parse(layout, text); err == nil {
			return InYears(at)
		}
	}
	return time.Time{}, false
}

// parseUTC reads 2006-01-02T15:04:05Z, the form of nearly all dates, faster than the layouts. It
// leaves other forms, years before 1000 and the days of a month after the 28th to them.
func parseUTC(text string) (time.Time, bool) {
	const form = "0000-00-00T00:00:00Z"
	if len(text) != len(form) || text[0] == '0' {
		return time.Time{}, false
	}
	for i := range len(form) {
		if c := text[i]; form[i] == '0' && c-'0' > 9 || form[i] != '0' && c != form[i] {
			return time.Time{}, false
		}
	}
	two := func(at int) int { return int(text[at]-'0')*10 + int(text[at+1]-'0') }
	year, month, day := two(0)*100+two(2), time.Month(two(5)), two(8)
	hour, minute, second := two(11), two(14), two(17)
	at := time.Date(year, month, day, hour, minute, second, 0, time.UTC)
	return at, month >= 1 && month <= 12 && day >= 1 && day <= 28 && hour <= 23 && minute <= 59 && second <= 59
}

// LeapSecond reads a date whose second is 60. Go has no such second, so the date
// becomes the second after it.
func LeapSecond(text string) (time.Time, bool) {
	const seconds = len("2006-01-02T15:04") // where they begin in each layout
	if len(text) < seconds+3 || text[seconds:seconds+3] != ":60" {
		return time.Time{}, false
	}
	at, ok := Parse(text[:seconds] + ":59" + text[seconds+3:])
	if !ok {
		return time.Time{}, false
	}
	return InYears(at.Add(time.Second))
}

var (
	first = time.Date(1, 1, 1, 0, 0, 0, 0, time.UTC).Unix()
	end   = time.Date(10_000, 1, 1, 0, 0, 0, 0, time.UTC).Unix()
)

// InYears returns a date in UTC, if it has a year of four digits and is not of the year 0.
func InYears(at time.Time) (time.Time, bool) {
	second := at.Unix()
	return at.UTC(), second >= first && second < end
}
