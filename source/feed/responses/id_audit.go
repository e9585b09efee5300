package responses

import (
	"cmp"
	"context"
	"errors"
	"maps"
	"time"

	"github.com/birdie-ai/source-qualtrics/source/feed/reconcile"
	"github.com/birdie-ai/source-qualtrics/source/frame"
)

// idAudit compares the responses of one tracker with a list of ids.
type idAudit struct {
	auditor    *auditor
	tracker    *tracker
	from       time.Time             // the window is about to deliver responses modified since; zero: all responses
	until      time.Time             // it also delivers those modified before, of an earlier start date
	nextWindow time.Time             // responses modified since belong to the next window
	within     *reconcile.IDSet      // ids from the snapshot's start date on; nil: the dates of the rows decide
	snapshot   *reconcile.Comparison // nil without an id snapshot
	unseen     map[string]bool       // delivered since the snapshot, or in flight, and not in the list so far
	late       map[string]idRow      // not delivered at their version
	expected   map[string]time.Time  // id → modified date, of responses that the window has to deliver
	mixed      bool                  // unnamed changes that are not all deletions
}

// errLoadAgain means that a survey has to be read from its beginning: more responses changed
// than a sketch can name.
var errLoadAgain = errors.New("the survey is to be read again")

// see processes a response of the list.
func (a *idAudit) see(one idRow) {
	t := a.tracker
	if _, waiting := t.Absent[one.id]; waiting { // an earlier audit missed it
		delete(t.Absent, one.id)
		t.delivered[one.id] = unknownVersion
	}
	if one.recorded.Before(t.listedAt) && a.snapshot != nil && !a.beforeFloor(one) {
		a.snapshot.See(one.id)
	}
	delete(a.unseen, one.id)
	if !t.hasDelivered(one) {
		a.add(one)
	}
}

// beforeFloor reports whether a response lies before the start date of the snapshot, and so
// is not in the snapshot.
func (a *idAudit) beforeFloor(one idRow) bool {
	if a.within != nil && one.modified.IsZero() {
		return !a.within.Has(one.id)
	}
	return !one.modified.IsZero() && one.modified.Unix() < a.tracker.floor
}

// add adds a response that is not delivered at its version: to the expected ones if the
// window delivers it, else to the late ones.
func (a *idAudit) add(one idRow) {
	date := cmp.Or(one.modified, one.recorded)
	switch {
	case a.from.IsZero() || !date.Before(a.nextWindow):
	case !date.Before(a.from), date.Before(a.until):
		if len(a.expected) <= a.auditor.tracker.entries {
			a.expected[one.id] = one.modified
		}
	default:
		a.late[one.id] = one
	}
}

// conclude finds the responses that are gone, and those that were recorded before the
// snapshot and are not in it. It returns the number of deletions that the sketch cannot
// name.
func (a *idAudit) conclude(ctx context.Context, ids *frame.File) (unnamed int64, err error) {
	t := a.tracker
	var gone, late []string
	if a.snapshot != nil {
		var net int64
		if gone, late, net, err = a.snapshot.Result(); err != nil {
			// If Qualtrics counts as many deletions as ids are missing, none of the missing ids
			// is offset by a late response.
			counted := a.auditor.counters.deleted - t.deleted - int64(len(a.unseen))
			a.mixed = net != counted
			unnamed = max(1, max(net, counted)-int64(len(gone)-len(late)))
			if a.mixed && max(net, counted) <= 0 {
				unnamed = 0
			}
		}
	}
	missing, lost := make(map[string]bool), maps.Clone(a.unseen)
	for _, id := range late {
		if _, known := t.delivered[id]; !known {
			missing[id] = true
		}
	}
	for _, id := range gone {
		lost[id] = true
	}
	if len(missing)+len(gone) > 0 {
		err = a.auditor.reader.eachIDRow(ctx, ids, func(one idRow) {
			delete(lost, one.id) // its recorded date is later now
			if missing[one.id] {
				a.add(one)
			}
		})
		if err != nil {
			return unnamed, err
		}
	}
	for id := range lost {
		a.auditor.tracker.Miss(id, a.auditor.to)
		delete(t.delivered, id)
		delete(t.inFlight, id)
	}
	return unnamed, nil
}
