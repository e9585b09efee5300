package responses

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"reflect"
	"time"

	"github.com/birdie-ai/source-qualtrics/source/feed"
	"github.com/birdie-ai/source-qualtrics/source/feed/reconcile"
	"github.com/birdie-ai/source-qualtrics/source/frame"
)

// Streams of one feed can stand at different positions of a survey: one was
// selected later, or a run was cut between their states. Read separately, they
// would export the survey once for each of them in every run. So each stream
// is first read to its end by itself. Then they go on from one position, which
// claims only deliveries that all of them have:
//
//	A at 12:00, B at 11:40  →  both at 11:40, and one window from 11:25 on
//
// An audit compares the tracker of each stream with the ids that exist. So a response that
// only one stream delivered is neither lost nor kept after its deletion.

var _ feed.Joining = Feed{}

// Joins reports whether a stream at this position was read to its end and, if deletions are
// followed, has a complete id snapshot.
func (Feed) Joins(env *feed.Env, position feed.Position) bool {
	var p surveyPosition
	if json.Unmarshal(position, &p) != nil || p.Plausible() != nil {
		return false
	}
	if p.Watermark == 0 || p.Loading || env.Client.IsFuture(time.Unix(p.Watermark, 0)) {
		return false
	}
	t := p.Tracker
	return env.AuditEvery == 0 || t != nil && t.ListedAt > 0 && t.Undelivered == nil && t.Doubted == 0
}

// joiner makes one position of those of several streams.
type joiner struct {
	*scope
	state   *checkpointer
	auditor *auditor
}

// join joins the request's positions.
func (j *joiner) join(request *feed.Request) error {
	for _, position := range request.Beside {
		if j.to.IsZero() {
			return feed.ErrCannotJoin // an audit needs a server date
		}
		var other surveyPosition
		if err := json.Unmarshal(position, &other); err != nil {
			return &feed.PositionError{Partition: j.partition, Err: err}
		}
		if err := j.joinPosition(&other); err != nil {
			return err
		}
	}
	j.auditor.joined = len(request.Beside) > 0
	if j.auditor.joined {
		j.env.Log.Info("streams at different positions of a survey go on together", "survey", j.survey, "streams", 1+len(request.Beside), "from", j.from())
	}
	return nil
}

// joinPosition joins another position with that of the read. Where they differ, the result
// claims fewer deliveries.
func (j *joiner) joinPosition(other *surveyPosition) error {
	p := &j.position
	p.Watermark = min(p.Watermark, other.Watermark)
	p.Floor = max(p.Floor, other.Floor)
	if asked := j.env.Responses.Resync[string(j.survey)]; other.Resynced != asked.Unix() {
		p.Resynced = other.Resynced // that stream was not read again yet
	}
	p.DormantSince, p.Missed = 0, 0
	if !reflect.DeepEqual(p.Counts, other.Counts) {
		p.Counts, p.Changed = nil, 0
	}
	p.Changed, p.Untrusted = max(p.Changed, other.Changed), p.Untrusted || other.Untrusted
	if !p.Buckets.same(other.Buckets) {
		p.Buckets = nil // every row is delivered again, once
	}
	switch {
	case p.Names == nil:
		p.Names = other.Names
	case other.Names != nil && p.Names.sum() != other.Names.sum():
		return fmt.Errorf("%w: one of them has to be read again, because the meaning of names has changed", feed.ErrCannotJoin)
	}
	p.Width, p.LeftOut = cmp.Or(p.Width, other.Width), cmp.Or(p.LeftOut, other.LeftOut)
	rows, err := reconcile.NewRowHashes(j.env.Brand, j.partition.Salt(), other.Rows)
	if err != nil {
		return &feed.PositionError{Partition: j.partition, Err: err}
	}
	// The state may be stored before this read delivers anything. It must not hold a row that
	// one of the streams lacks, or the next run would suppress that row for all of them.
	p.Rows = j.state.rows.Intersect(rows)
	j.env.Budget.HoldRows(j.partition.Salt(), p.Rows)
	return j.joinTracker(other.Tracker)
}

// joinTracker adds the tracker of another stream, which the next audit compares, too.
func (j *joiner) joinTracker(other *trackerState) error {
	if j.tracker == nil {
		if p := &j.position; !reflect.DeepEqual(p.Tracker, other) {
			p.Tracker = nil // tracking begins again if deletions are followed later
		}
		return nil
	}
	t, err := newTracker(other, j.env.SurveyCount())
	if err != nil {
		return &feed.PositionError{Partition: j.partition, Err: err}
	}
	if t.floor != j.tracker.floor && (t.undated || j.tracker.undated) {
		return fmt.Errorf("%w: they have different start dates", feed.ErrCannotJoin)
	}
	j.auditor.beside = append(j.auditor.beside, t)
	j.tracker.expect(t, j.to)
	return nil
}

// auditsBeside begins to compare the other trackers with the list of ids that an audit
// reads. Responses that one of them lacks are read again for all.
func (a *auditor) auditsBeside(first *idAudit) (others []*idAudit) {
	for _, t := range a.beside {
		other := a.newIDAudit(t, first.from)
		other.within, other.late, other.expected = first.within, first.late, first.expected
		others = append(others, other)
	}
	return others
}

// concludeBeside ends the comparison of the other trackers. If an audit cannot
// name every difference, each stream waits by itself for a second audit.
func (a *idAudit) concludeBeside(ctx context.Context, ids *frame.File, others []*idAudit, unnamed int64) error {
	doubtful := unnamed > 0 || a.mixed
	for _, other := range others {
		unnamed, err := other.conclude(ctx, ids)
		if err != nil {
			return err
		}
		doubtful = doubtful || unnamed > 0 || other.mixed
	}
	if doubtful {
		return fmt.Errorf("%w: more responses were deleted, or came late, than an audit can name", feed.ErrCannotJoin)
	}
	return nil
}
