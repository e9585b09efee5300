package feedback

import (
	"maps"
	"slices"
)

// statuses has the kinds of responses by the bits of their status (API §3.5). The sums are
// recorded: 12 is an imported response that is spam.
var statuses = map[string]int64{
	"normal":    0,
	"preview":   1,
	"test":      2,
	"imported":  4,
	"spam":      8,
	"offline":   16,
	"employee":  32,  // of employee experience
	"synthetic": 256, // made by a model; known from one source
}

// Unfinished names responses whose respondent did not reach the end of the survey.
const Unfinished = "unfinished"

// DefaultStatuses are the finished responses of real respondents.
func DefaultStatuses() []string { return []string{"normal", "imported", "offline", "employee"} }

// StatusNames lists the kinds of responses.
func StatusNames() []string {
	return append(slices.Sorted(maps.Keys(statuses)), Unfinished)
}

// Counts reports whether a response counts. Each bit of its status has to be a kind of
// response that the settings name. Bits without a known meaning count. nil: it is not known.
func (s *Settings) Counts(status *int64, finished *bool) bool {
	names := DefaultStatuses()
	if s != nil && s.Statuses != nil {
		names = s.Statuses
	}
	if finished != nil && !*finished && !slices.Contains(names, Unfinished) {
		return false
	}
	if status == nil {
		return true
	}
	if *status == 0 {
		return slices.Contains(names, "normal")
	}
	for name, bit := range statuses {
		if *status&bit != 0 && !slices.Contains(names, name) {
			return false
		}
	}
	return true
}
