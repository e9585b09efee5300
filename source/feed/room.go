package feed

import (
	"cmp"
	"encoding/json"
	"iter"
)

const (
	// sealBytes is what the seals of all partitions may take in a state, the
	// least that each needs aside.
	sealBytes = 192 << 10
	// manyResponses is of a survey from which many may be deleted at once.
	manyResponses = 500
)

var _ Resuming = responses{}

// Resume notes which surveys the account's list should hold, and counts what
// their seals take so far. Those that it was seen to lack do not count.
func (responses) Resume(env *Env, positions iter.Seq2[string, Position]) {
	for survey, position := range positions {
		var p struct {
			Ledger *sealState `json:"a"`
			Missed int64      `json:"g"`
		}
		if json.Unmarshal(position, &p) != nil || p.Missed != 0 { // who reads it all says what is wrong
			continue
		}
		env.expect(survey)
		if p.Ledger != nil {
			env.sealed += p.Ledger.size()
		}
	}
}

// roomFor is what the next seal of this survey may take: its share; where
// deletions have happened, or may at once, its own and half of what all leave
// free.
func (f *responseFetch) roomFor() int {
	e := f.env
	e.budget.Lock()
	defer e.budget.Unlock()
	all := cmp.Or(e.SealBytes, sealBytes)
	share := all / max(1, len(e.listed))
	if f.deleted == 0 && f.total < manyResponses {
		return share
	}
	own := f.ledger.set.state().size()
	return max(share, own+(all-e.sealed)/2)
}

// resealed counts that one seal took the place of another.
func (e *Env) resealed(before, after *seal) {
	e.budget.Lock()
	defer e.budget.Unlock()
	e.sealed += after.state().size() - before.state().size()
}

func (s sealState) size() int { return len(s.IDs) + len(s.Pins) + len(s.Cells) }
