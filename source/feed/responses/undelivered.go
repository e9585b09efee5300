package responses

import (
	"time"

	"github.com/birdie-ai/source-qualtrics/source/feed/reconcile"
	"github.com/birdie-ai/source-qualtrics/source/response"
)

// Responses in the id snapshot count as delivered. The snapshot of a load may come from
// another file than the rows. A second set then holds the ids that no window has delivered
// yet. The set must be empty when the load ends. The same holds for the gap of an earlier
// start date. The set is stored together with the watermark.

// undeliveredBytes limits the undelivered ids of one load in the state.
const undeliveredBytes = 32 << 10

// expects reports whether the windows of this load have to deliver a response of the
// snapshot. Windows overlap: a row counts for the window that its own date belongs to. Rows
// without a date are not expected.
func (a *auditor) expects(one idRow, listedAt time.Time) bool {
	date := one.modified
	if date.IsZero() && a.learned.unsorted.Load() {
		date = one.recorded // windows are of recorded dates there
	}
	switch {
	case !a.mode.isLoad(), date.IsZero(), !one.recorded.Before(listedAt):
		return false
	case !a.gap.IsZero():
		return date.Before(a.gap.Add(-time.Second)) // later responses were loaded before
	default:
		return a.listedApart && date.Unix() >= a.position.Watermark
	}
}

// undeliveredRest is the set of undelivered ids less those of one file. It replaces the
// tracker's set when the whole file is delivered.
type undeliveredRest struct {
	auditor *auditor
	ids     *reconcile.Snapshot // nil: every id is delivered
}

func (a *auditor) undeliveredRest() undeliveredRest {
	u := undeliveredRest{auditor: a}
	if a.tracker != nil && a.tracker.undelivered != nil {
		u.ids = a.tracker.undelivered.Clone()
	}
	return u
}

// remove takes a response out of the set.
func (u undeliveredRest) remove(row *response.Response) {
	if u.ids == nil {
		return
	}
	if one := (idRow{row.ID, row.Time(response.RecordedDate), row.ModifiedAt}); u.auditor.expects(one, u.auditor.tracker.listedAt) {
		u.ids.Remove(row.ID)
	}
}

func (u undeliveredRest) store() {
	if u.ids != nil {
		u.auditor.tracker.undelivered = u.ids
	}
}
