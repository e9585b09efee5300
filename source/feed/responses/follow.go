package responses

import (
	"encoding/json"
	"time"

	"github.com/birdie-ai/source-qualtrics/source/feed"
	"github.com/birdie-ai/source-qualtrics/source/feed/reconcile"
)

var _ feed.Following = Feed{}

// Follows reports whether the stream of deletions can continue from the position of the
// rows. It can if nothing is pending in its own position only, and if the rows cannot have
// reported a deletion that it did not report. The latter holds if the rows' snapshot is not
// newer, or if no look-back has passed since its own.
func (Feed) Follows(env *feed.Env, own, rows feed.Position) bool {
	if len(own) == 0 {
		return true
	}
	var a, b surveyPosition
	if json.Unmarshal(own, &a) != nil || json.Unmarshal(rows, &b) != nil || a.Watermark > b.Watermark {
		return false // the read reports the error
	}
	mine, theirs := a.Tracker, b.Tracker
	switch {
	case mine == nil:
		return true
	case theirs == nil, a.Loading, mine.Undelivered != nil, mine.Doubted != 0, len(mine.InFlight) > 0:
		return false
	}
	for id := range mine.Absent {
		if _, waiting := theirs.Absent[id]; !waiting {
			return false
		}
	}
	return mine.ListedAt >= theirs.ListedAt || !reconcile.Waited(time.Unix(b.Watermark, 0), mine.ListedAt, env.Lookback)
}
