package responses

import "time"

// counters are the counts of a survey's responses.
type counters struct {
	total     int64     // responses by the survey's counters, or by a list of ids
	deleted   int64     // by the survey's counters
	created   time.Time // of the survey
	uncounted bool      // the counters cannot be read
	change    change
	arrived   int // responses recorded since the last export, and long enough ago to be counted
}

// change is the result of comparing the survey's counters with those of the position.
type change uint8

const (
	notCompared change = iota // every run exports the survey, or no answer carried a date
	unreadable                // the counters cannot be read
	moved                     // the counters differ from those of the last read
	waiting                   // the counters are equal, but another export has to follow their last change
	unmoved                   // the counters are those of the last export
)
