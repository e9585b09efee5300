package responses

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"time"

	"github.com/birdie-ai/source-qualtrics/source/feed"
	"github.com/birdie-ai/source-qualtrics/source/feed/reconcile"
	"github.com/birdie-ai/source-qualtrics/source/frame"
)

// auditor compares the delivered responses with those that exist, and takes the id
// snapshots for that.
type auditor struct {
	*scope
	state         *checkpointer
	reader        *reader
	joined        bool                 // streams at different positions go on together
	beside        []*tracker           // of the other streams, until an audit has compared all of them
	listedApart   bool                 // the snapshot of a load comes from another file than its rows
	audited       bool                 // this run made an audit
	needsSnapshot bool                 // the audit of this run has to take a snapshot
	modified      map[string]time.Time // modified dates of responses that the audit found
	listErr       error                // the reason why there is no list of ids
	scanned       int64                // rows of the file that was scanned last

	missing    *int64 // responses that exist and that this read did not deliver; nil: not counted
	unresolved int64  // deletions that this read's audit could not identify
}

// auditDue reports whether an audit is due.
func (a *auditor) auditDue() bool {
	t := a.tracker
	age := a.to.Sub(t.listedAt)
	switch {
	case a.to.IsZero(), a.audited, t.Doubted != 0 && !a.waited(t.Doubted):
		return false
	case t.due, len(a.beside) > 0, age >= a.env.AuditEvery, len(t.delivered) > t.entries:
		return true
	case t.snapshot == nil || a.counters.deleted <= t.deleted:
		return false
	}
	// Qualtrics' counter shows deletions. The counter may be wrong, so it only brings the audit
	// forward.
	return age >= leastSnapshotAge || a.counters.deleted-t.deleted > t.snapshot.Capacity()/2
}

// audit compares the delivered responses with a list of all ids. Responses that are gone
// become candidates for deletion. Responses that were never delivered at their version are
// read. Then it takes a new snapshot, which includes the responses that the window from
// `from` on is about to deliver. The state is stored when it returns.
func (a *auditor) audit(ctx context.Context, from time.Time) error {
	at, ok := a.env.Client.ServerTime()
	if !ok || a.to.IsZero() {
		return nil
	}
	a.audited = true
	within, err := a.within(ctx)
	if err != nil {
		return err
	}
	err = a.reader.listIDs(ctx, a.listFloor(), func(ids *frame.File) error {
		audit := a.newIDAudit(a.tracker, from)
		audit.within = within
		return a.compareIDs(ctx, ids, audit, at)
	})
	if err != nil {
		return err
	}
	return a.state.announce()
}

// compareIDs makes an audit of a list of ids that was requested at the time at.
func (a *auditor) compareIDs(ctx context.Context, ids *frame.File, audit *idAudit, at time.Time) error {
	others := a.auditsBeside(audit)
	err := a.scan(ctx, ids, func(one idRow) {
		audit.see(one)
		for _, other := range others {
			other.see(one)
		}
	})
	if err != nil {
		return err
	}
	unnamed, err := audit.conclude(ctx, ids)
	if err == nil && len(others) > 0 {
		err = audit.concludeBeside(ctx, ids, others, unnamed)
	}
	if err != nil || a.doubts(unnamed, audit.mixed) {
		return err
	}
	if audit.mixed && !a.mode.isLoad() {
		return errLoadAgain
	}
	for _, t := range append(a.beside, a.tracker) {
		if t.listedAt.After(at) && !a.env.Client.IsFuture(t.listedAt) {
			// A clock that went back removes nothing from the snapshot.
			at = t.listedAt
		}
	}
	if _, err := a.takeSnapshot(ctx, ids, at); err != nil {
		return err
	}
	for _, t := range a.beside {
		a.tracker.absorb(t)
	}
	a.beside = nil
	a.tracker.trim()
	if len(audit.expected) <= a.tracker.entries {
		// The window should deliver them. The others are read one by one after it.
		for id, modified := range audit.expected {
			a.modified[id], a.tracker.inFlight[id] = modified, true
		}
	}
	a.backfill(audit.late)
	return nil
}

// newIDAudit begins a comparison of a tracker with a list of ids.
func (a *auditor) newIDAudit(t *tracker, from time.Time) *idAudit {
	audit := &idAudit{
		auditor: a, tracker: t, from: from, until: a.gap, nextWindow: a.to.Add(-a.env.Lookback),
		late: make(map[string]idRow), expected: make(map[string]time.Time), unseen: maps.Clone(t.inFlight),
	}
	for id := range t.delivered {
		audit.unseen[id] = true
	}
	if t.snapshot != nil {
		audit.snapshot = t.snapshot.Compare()
	}
	return audit
}

// within lists the ids from the snapshot's start date on. It is needed if the start date was
// moved back and rows have no modified date to compare with it.
func (a *auditor) within(ctx context.Context) (*reconcile.IDSet, error) {
	if !a.tracker.undated || a.floor >= a.tracker.floor {
		return nil, nil //nolint:nilnil // there is no need for one
	}
	ids := &reconcile.IDSet{}
	err := a.reader.listIDs(ctx, a.tracker.floor, func(file *frame.File) error {
		return a.reader.eachIDRow(ctx, file, func(one idRow) { ids.Add(one.id) })
	})
	ids.Sort()
	return ids, err
}

// doubts reports whether to wait for a second audit, because a truncated list of ids looks
// like mass deletion. The snapshot then stays until another audit agrees, a look-back later.
// If rows are about to be delivered that were not announced, a new snapshot is needed at
// once.
func (a *auditor) doubts(unnamed int64, mixed bool) bool {
	t := a.tracker
	if (unnamed > 0 || mixed) && t.Doubted == 0 && !a.mode.isLoad() && !a.needsSnapshot {
		a.env.Log.Warn("the list of ids lacks more responses than the audit can identify: another audit checks that before deletions are reported", "survey", a.survey, "responses", unnamed)
		t.Doubt(a.to)
		t.due = true
		return true
	}
	a.unresolved += unnamed
	t.Doubted = 0
	return false
}

// backfill has responses read that were never delivered at their version. Few are read one
// by one, many by a window that begins before the oldest one.
func (a *auditor) backfill(late map[string]idRow) {
	a.missing = new(int64)
	if len(late) == 0 {
		return
	}
	a.report.Late += int64(len(late))
	oldest := a.to
	for id, one := range late {
		a.modified[id] = one.modified
		a.tracker.inFlight[id] = len(late) <= reconcile.MaxSingleCalls
		if one.modified.IsZero() {
			oldest = time.Time{}
			continue
		}
		a.tracker.backfill[id] = one.modified.UnixMilli()
		oldest = reconcile.Earlier(oldest, one.modified)
		a.report.LatestBy = max(a.report.LatestBy, a.to.Sub(one.modified))
	}
	a.env.Log.Warn("the audit found responses that were not delivered: they are read now", "survey", a.survey, "responses", len(late), "latest_by", a.report.LatestBy)
	if len(late) <= reconcile.MaxSingleCalls {
		return
	}
	maps.DeleteFunc(a.tracker.inFlight, func(_ string, single bool) bool { return !single })
	// The window of this run begins there. If it is interrupted, so does that of the next run.
	a.state.rewind(min(a.position.Watermark, oldest.Unix()))
}

// deferListError keeps the error of an audit without a list of ids until the end of the
// read, so that new rows are delivered.
func (a *auditor) deferListError(err error) error {
	var unlisted *listError
	switch {
	case !errors.As(err, &unlisted):
		return err
	case len(a.beside) > 0:
		return fmt.Errorf("%w: %w", feed.ErrCannotJoin, err)
	}
	a.env.Log.Warn("the ids of the survey's responses cannot be listed: new responses are read nevertheless", "survey", a.survey, "error", err)
	a.listErr = err
	return nil
}
