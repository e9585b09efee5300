package responses

import (
	"encoding/json"
	"iter"

	"github.com/birdie-ai/source-qualtrics/source/feed"
	"github.com/birdie-ai/source-qualtrics/source/feed/reconcile"
)

var _ feed.Resuming = Feed{}

// Resume notes the surveys that the account's list should hold, and counts the row hashes and
// the bytes of the snapshots in the state. It does not count the snapshots of surveys that an
// earlier run missed in the list.
func (Feed) Resume(env *feed.Env, positions iter.Seq2[string, feed.Position]) {
	mark, known, denied := env.Selection.Mark(), 0, 0
	defer func() { learnedBy(env).deniedAll = known > 0 && denied == known }()
	for survey, position := range positions {
		var p struct {
			Rows    string                   `json:"h"`
			Tracker *reconcile.SnapshotState `json:"a"`
			Missed  int64                    `json:"g"`
			Denied  int64                    `json:"d"`
			Chosen  string                   `json:"s"`
		}
		if json.Unmarshal(position, &p) != nil { // reading the survey reports the problem
			continue
		}
		env.Budget.HoldRows(feed.Partition{Kind: feed.Responses, Key: survey}.Salt(), p.Rows)
		if p.Missed == 0 {
			known++
		}
		if p.Missed == 0 && p.Denied != 0 {
			denied++
		}
		if wasExported(position) {
			env.KnowSurvey(survey, p.Chosen == mark)
		}
		if p.Tracker != nil && p.Missed == 0 {
			env.Budget.HoldSnapshot(*p.Tracker)
		}
	}
}
