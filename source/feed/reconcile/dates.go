package reconcile

import "time"

// Later returns the later of two times.
func Later(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}

// Earlier returns the earlier of two times.
func Earlier(a, b time.Time) time.Time {
	if a.Before(b) {
		return a
	}
	return b
}

// Epoch returns the epoch seconds of a time, and 0 for the zero time.
func Epoch(at time.Time) int64 {
	if at.IsZero() {
		return 0
	}
	return at.Unix()
}

// TombstoneTime returns the date of a tombstone in epoch seconds: the later of now and the
// second after last, and at most [LastSecond]. last is the greatest cursor of the delivered rows.
// A destination keeps the row with the greatest cursor, so the tombstone must be later than last
// even if the server's clock is slow. now is the server time; it is zero if no answer had a date.
func TombstoneTime(now time.Time, last int64) int64 { return min(max(now.Unix(), last+1), LastSecond) }

// LastSecond is 9999-12-31T23:59:59Z in epoch seconds, the last date with a year of four digits.
const LastSecond = 253402300799
