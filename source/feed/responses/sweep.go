package responses

import (
	"context"
	"time"

	"github.com/birdie-ai/source-qualtrics/source/feed"
	"github.com/birdie-ai/source-qualtrics/source/feed/reconcile"
	"github.com/birdie-ai/source-qualtrics/source/frame"
	"github.com/birdie-ai/source-qualtrics/source/qualtrics"
	"github.com/birdie-ai/source-qualtrics/source/response"
)

// sweep finds edits in accounts whose exports cannot be sorted by modified date: it reads
// every row and compares the sums of the buckets.
type sweep struct {
	*scope
	state   *checkpointer
	reader  *reader
	emitter *emitter
	auditor *auditor
}

// bucketsEvery returns the time between two sweeps.
func bucketsEvery(env *feed.Env) time.Duration {
	if env.AuditEvery > 0 {
		return env.AuditEvery
	}
	return defaultSweep
}

// run makes the sweep if it is due.
func (s *sweep) run(ctx context.Context) error {
	p := &s.position
	switch {
	case !s.learned.unsorted.Load():
		p.Buckets = nil
		return nil
	case s.to.IsZero(), p.Buckets != nil && s.to.Sub(time.Unix(p.Buckets.At, 0)) < bucketsEvery(s.env):
		return nil
	}
	before := p.Buckets
	if before == nil {
		before = &buckets{}
	}
	if s.tracker != nil && !s.auditor.audited {
		// The snapshot of an audit holds all responses, so that no row has to be announced.
		s.auditor.needsSnapshot = true
		if err := s.auditor.audit(ctx, s.from()); err != nil {
			return err
		}
	}
	now := newBuckets(reconcile.Later(s.env.Responses.Start, s.counters.created), s.to, s.env.SurveyCount())
	s.mode = bucketSweep
	_, err := s.reader.export(ctx, qualtrics.ExportRequest{Survey: s.survey, Start: s.env.Responses.Start}, func(file *frame.File) (int64, error) {
		return s.compare(ctx, file, before, now)
	})
	s.mode = windowRead
	if err != nil {
		return err
	}
	now.encode()
	if !s.left.incomplete() {
		p.Buckets = now
	}
	return s.state.checkpoint(s.to)
}

// compare computes the sums of the buckets again, and delivers the rows of buckets whose sum
// has changed.
func (s *sweep) compare(ctx context.Context, file *frame.File, before, now *buckets) (rows int64, err error) {
	again := *before
	again.sums = make([]uint64, len(before.sums))
	clear(now.sums)
	err = s.reader.eachRow(ctx, file, func(row *response.Response, _ frame.Value) error {
		hash := row.ContentHash()
		recorded := row.Time(response.RecordedDate)
		hash = response.ContentOf(hash, row.ID, nil)
		again.add(recorded, hash)
		now.add(recorded, hash)
		return nil
	})
	if err != nil {
		return 0, err
	}
	if s.tracker != nil {
		if err := s.auditor.announceRows(ctx, file); err != nil {
			return 0, err
		}
	}
	clear(s.emitter.versions)
	err = s.reader.eachRow(ctx, file, func(row *response.Response, value frame.Value) error {
		if i := before.of(row.Time(response.RecordedDate)); i >= 0 && again.sums[i] == before.sums[i] {
			return nil
		}
		rows++
		return s.emitter.process(row, value)
	})
	return rows, err
}
