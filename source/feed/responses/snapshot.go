package responses

import (
	"cmp"
	"context"
	"errors"
	"time"

	"github.com/birdie-ai/source-qualtrics/source/feed/reconcile"
	"github.com/birdie-ai/source-qualtrics/source/frame"
)

// errAuditFirst means that a window holds more responses than can be announced: it is
// exported again after an audit. An audit of the same export would not do. Responses that
// are deleted between that export and the audit would be delivered, but in no snapshot.
var errAuditFirst = errors.New("an audit is due first")

// announceRows stores the ids of the rows that are about to be delivered, because the rows
// of an interrupted run may have reached the destination. The first export of a survey
// becomes the id snapshot.
func (a *auditor) announceRows(ctx context.Context, file *frame.File) error {
	t := a.tracker
	var (
		fresh []string
		count int
		err   error
	)
	first := !t.hasSnapshot()
	if first {
		at := a.to
		if at.IsZero() {
			// Any moment will do: responses recorded before it that show later are late arrivals.
			if err := a.scan(ctx, file, func(one idRow) { at = reconcile.Later(at, one.recorded.Add(time.Second)) }); err != nil {
				return err
			}
		}
		fresh, err = a.takeSnapshot(ctx, file, at)
		count = len(fresh)
	} else {
		err = a.scan(ctx, file, func(one idRow) {
			inSnapshot := a.mode.isLoad() && one.recorded.Before(t.listedAt) && one.modified.Before(t.since) && !t.lacks(one.id)
			if inSnapshot || t.has(one.id, one.modified) || t.inFlight[one.id] {
				return
			}
			if count++; count <= 2*t.entries {
				fresh = append(fresh, one.id)
			}
		})
	}
	switch {
	case err != nil:
		return err
	case count == 0 && !first:
		return nil
	case len(t.delivered)+count <= t.entries:
	case !a.audited && !a.mode.isLoad() && !a.to.IsZero():
		return errAuditFirst
	case len(t.delivered)+count > 2*t.entries:
		// The snapshot of this run holds nearly all of them. The next run takes another one.
		t.due, fresh = true, nil
	}
	t.markInFlight(fresh)
	return a.state.announce()
}

// snapshotFirst takes an id snapshot if there is none: before a load of several windows, or
// when deletions were not followed so far.
func (a *auditor) snapshotFirst(ctx context.Context) error {
	if a.tracker == nil || a.tracker.hasSnapshot() || a.to.IsZero() {
		return nil
	}
	err := a.reader.listIDs(ctx, a.floor, func(ids *frame.File) error {
		_, err := a.takeSnapshot(ctx, ids, a.to)
		return err
	})
	if err != nil {
		return err
	}
	if !a.mode.isLoad() {
		a.tracker.since = a.from() // earlier deliveries were not noted
	}
	return a.state.announce()
}

// takeSnapshot makes the id snapshot from a file: the responses that were recorded before at,
// a moment before its job began. It returns the ids of later ones, up to one more than can be
// announced.
func (a *auditor) takeSnapshot(ctx context.Context, file *frame.File, at time.Time) (newer []string, err error) {
	snapshot, undelivered := reconcile.NewSnapshotBuilder(a.snapshotBudget(a.env.SurveyCount())), reconcile.NewTableBuilder(undeliveredBytes)
	t := a.tracker
	err = a.scan(ctx, file, func(one idRow) {
		switch {
		case one.recorded.Before(at):
			snapshot.Add(one.id)
		case len(newer) <= 2*t.entries:
			newer = append(newer, one.id)
		}
		if a.expects(one, at) {
			undelivered.Add(one.id)
		}
	})
	if err != nil {
		return nil, err
	}
	set := snapshot.Build()
	if set == nil {
		a.env.Log.Warn("deletions of this survey are not reported: its response ids have an unknown form", "survey", a.survey)
	}
	a.env.Budget.Replaced(t.snapshot, set)
	t.floor = a.listFloor()
	t.snapshot, t.listedAt, t.deleted, t.due = set, at, a.counters.deleted, false
	t.since, t.undelivered = reconcile.Later(t.since, at.Add(-deliveredSince)), nil
	if undelivered.Len() > 0 {
		t.undelivered = undelivered.BuildAs(1000)
	}
	return newer, nil
}

// manyResponses is the size of a survey from which many responses may be deleted at once.
const manyResponses = 500

// snapshotBudget returns the bytes that the next snapshot of this survey may take: an equal
// share. A survey with deletions, or with many responses, may also take its current bytes
// and half of the free ones.
func (a *auditor) snapshotBudget(surveys int) int {
	all := cmp.Or(a.env.SnapshotBytes, reconcile.SnapshotBytes)
	share := all / max(1, surveys)
	if a.counters.deleted == 0 && a.counters.total < manyResponses {
		return share
	}
	return max(share, a.env.Budget.Half(a.tracker.snapshot, all))
}

// scan calls visit with every response of a file whose rows are delivered, or were, and
// notes their dates.
func (a *auditor) scan(ctx context.Context, file *frame.File, visit func(idRow)) error {
	rows, dated := 0, 0
	var newest time.Time
	err := a.reader.eachIDRow(ctx, file, func(one idRow) {
		rows++
		if !one.modified.IsZero() {
			dated++
		}
		newest = reconcile.Later(newest, one.newest())
		if check := a.reader.window.check; check != nil {
			check.see(one)
		}
		visit(one)
	})
	if err != nil {
		return err // at the end of the file its checksum is compared: nothing before counts
	}
	a.tracker.noteDate(newest)
	a.scanned = int64(rows)
	if rows > 0 {
		a.tracker.undated = dated == 0
	}
	return a.reader.inWindow(ctx)
}

// listFloor returns the start date for a list of ids. It is the earliest one of the read and of
// the snapshots that are compared with the list.
func (a *auditor) listFloor() int64 {
	floor := a.floor
	for _, t := range append(a.beside, a.tracker) {
		if t.hasSnapshot() {
			floor = min(floor, t.floor)
		}
	}
	return floor
}
