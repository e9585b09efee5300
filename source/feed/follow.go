package feed

import (
	"encoding/json"
	"time"
)

var _ Following = responses{}

// Follows holds where nothing is pending that only the own position knows, and
// nothing that was found gone since its seal can have been told already: the
// other seal is not newer, or no look-back has passed since the own one.
func (responses) Follows(env *Env, own, rows Position) bool {
	if len(own) == 0 {
		return true
	}
	var a, b responsePosition
	if json.Unmarshal(own, &a) != nil || json.Unmarshal(rows, &b) != nil || a.Watermark > b.Watermark {
		return false // who reads them says what is wrong
	}
	mine, theirs := a.Ledger, b.Ledger
	switch {
	case mine == nil:
		return true
	case theirs == nil, a.Loading, mine.Lacking != nil, mine.Doubted != 0, len(mine.Intended) > 0:
		return false
	}
	for id := range mine.Absent {
		if _, waiting := theirs.Absent[id]; !waiting {
			return false
		}
	}
	return mine.SealedAt >= theirs.SealedAt || !waited(time.Unix(b.Watermark, 0), mine.SealedAt, env.Lookback)
}
