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
	for _, layout := range layouts {
		if at, err := time.Parse(layout, text); err == nil {
			return InYears(at)
		}
	}
	return time.Time{}, false
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

// InYears returns a date in UTC, if it has a year of four digits and is not of the year 0.
func InYears(at time.Time) (time.Time, bool) {
	at = at.UTC()
	return at, at.Year() >= 1 && at.Year() <= 9999
}
