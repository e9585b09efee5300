package responses

import (
	"encoding/json"
	"time"

	"github.com/birdie-ai/source-qualtrics/source/feed"
)

var _ feed.Comparing = Feed{}

// Compared returns the time of the last list of ids, with which the next audit compares.
func (Feed) Compared(position feed.Position) time.Time {
	var p struct {
		Tracker struct {
			ListedAt int64 `json:"c"`
		} `json:"a"`
	}
	if json.Unmarshal(position, &p) != nil || p.Tracker.ListedAt <= 0 {
		return time.Time{}
	}
	return time.Unix(p.Tracker.ListedAt, 0).UTC()
}
