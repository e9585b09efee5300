package responses

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/birdie-ai/source-qualtrics/source/feed"
	"github.com/birdie-ai/source-qualtrics/source/feed/reconcile"
	"github.com/birdie-ai/source-qualtrics/source/frame"
	"github.com/birdie-ai/source-qualtrics/source/qualtrics"
	"github.com/birdie-ai/source-qualtrics/source/response"
)

// confirmer reads single responses: to deliver those that no window delivered, and to confirm
// that others are deleted.
type confirmer struct {
	*scope
	state   *checkpointer
	names   *classifier
	emitter *emitter
	auditor *auditor

	protector *protector
}

// confirmPending reads the responses in flight that no window delivered, and the candidates
// for deletion that an audit missed at least a look-back ago.
func (c *confirmer) confirmPending(ctx context.Context) error {
	if c.tracker == nil || c.to.IsZero() || len(c.tracker.inFlight)+len(c.tracker.Absent) == 0 {
		return c.auditError()
	}
	err := errors.Join(c.deliverInFlight(ctx), c.confirm(ctx))
	if err != nil && ctx.Err() != nil {
		return err
	}
	return errors.Join(err, c.state.checkpoint(time.Time{}), c.auditError())
}

// auditError returns the errors that the audit left for the end of the read.
func (c *confirmer) auditError() error {
	if c.auditor.missing != nil {
		*c.auditor.missing = int64(len(c.tracker.inFlight))
	}
	if c.auditor.unresolved == 0 {
		return c.auditor.listErr
	}
	return errors.Join(c.auditor.listErr, &feed.UnresolvedError{Survey: c.partition.String(), Count: c.auditor.unresolved})
}

// deliverInFlight delivers responses that were announced, or found by an audit, and that no
// window delivered. A response that is not found becomes a candidate for deletion, because an
// earlier run may have delivered it.
func (c *confirmer) deliverInFlight(ctx context.Context) error {
	ids := slices.Sorted(maps.Keys(c.tracker.inFlight))
	var failed error
	for _, id := range ids[:min(len(ids), reconcile.MaxSingleCalls)] {
		switch err := c.deliver(ctx, id); {
		case err == nil:
		case qualtrics.IsNotFound(err):
			delete(c.tracker.inFlight, id)
			c.tracker.Miss(id, c.to)
		case ctx.Err() != nil:
			return err
		default:
			failed = err
		}
	}
	left := len(c.tracker.inFlight)
	switch {
	case left == 0:
		return nil
	case failed != nil:
		return fmt.Errorf("reading %d single responses that no window brought: %w", left, failed)
	default:
		return c.unfinishedError(nil, "%d responses that no window brought are to be read one by one, at most %d in a run", left, reconcile.MaxSingleCalls)
	}
}

// confirm reads the candidates for deletion that were missed at least a look-back ago. Only
// an answer of Qualtrics that a response does not exist makes it deleted.
func (c *confirmer) confirm(ctx context.Context) error {
	var (
		deletedAt time.Time // of all tombstones
		unknown   int       // responses whose call failed
		problem   error
	)
	defer func() {
		if unknown > 0 {
			c.env.Log.Warn("responses that an audit missed could not be asked for: they are not reported as deleted yet", "survey", c.survey, "responses", unknown, "error", problem)
		}
	}()
	for _, id := range c.tracker.Ripe(c.to, c.env.Lookback) {
		switch gone, err := c.gone(ctx, id); {
		case err == nil && !gone:
			// An export missed it. It was delivered, but is in no snapshot, so the next audit
			// compares its version. If it were delivered now, it would carry the date of this
			// read, and replace an edit that shows late.
			delete(c.tracker.Absent, id)
			c.tracker.delivered[id] = unknownVersion
		case err == nil:
			delete(c.tracker.Absent, id)
			delete(c.tracker.delivered, id)
			c.report.Deleted++
			if deletedAt.IsZero() {
				deletedAt = c.tracker.tombstoneTime(c.to)
			}
			if err := c.state.out.Document(&feed.Document{Partition: c.partition, ID: id, DeletedAt: deletedAt, ReadAt: c.to}); err != nil {
				return err
			}
		case ctx.Err() != nil:
			return err
		default:
			unknown, problem = unknown+1, err
		}
	}
	return nil
}

// gone reads a single response and reports whether it does not exist any more. It returns an
// error if the answer does not say.
func (c *confirmer) gone(ctx context.Context, id string) (bool, error) {
	_, err := c.env.Client.Response(ctx, c.survey, qualtrics.ResponseID(id))
	switch {
	case err == nil:
		c.learned.probed.Store(true)
		return false, nil
	case qualtrics.IsGone(err) && c.trusted(ctx):
		return true, nil
	default:
		return false, err
	}
}

// trusted reports whether single responses can be read here at all, so that a response that
// is not found does not exist. It reads responses that exist until this run found one.
func (c *confirmer) trusted(ctx context.Context) bool {
	if c.learned.probed.Load() {
		return true
	}
	known := slices.Sorted(maps.Keys(c.tracker.delivered))
	if len(known) == 0 && c.tracker.snapshot != nil {
		known = c.tracker.snapshot.IDs()
	}
	known = slices.DeleteFunc(known, func(id string) bool { _, waiting := c.tracker.Absent[id]; return waiting })
	found := feed.CanTrustNotFound(ctx, known, func(ctx context.Context, id string) error {
		_, err := c.env.Client.Response(ctx, c.survey, qualtrics.ResponseID(id))
		return err
	})
	if found {
		c.learned.probed.Store(true)
	}
	return found || len(known) == 0 // no response is left that could be found
}

// deliver delivers one response. Its answer carries no modified date: the date that an audit
// read takes its place, else the time of the read. There is no such date if the rows of
// exports have no modified date, either.
func (c *confirmer) deliver(ctx context.Context, id string) error {
	raw, err := c.env.Client.Response(ctx, c.survey, qualtrics.ResponseID(id))
	if err != nil {
		return err
	}
	c.learned.probed.Store(true)
	if _, err := c.protector.of(ctx); err != nil {
		return err
	}
	value, err := frame.Record(raw)
	if err != nil {
		return fmt.Errorf("reading response %s of %s: %w", id, c.survey, err)
	}
	c.names.keys.Undated = true // a single response has no modified date (API §3.7)
	var row response.Response
	if err := row.Parse(value.Object, c.names.keys); err != nil {
		return fmt.Errorf("survey %s: %w", c.survey, err)
	}
	row.Repaired = value.Repaired
	if row.ID != id {
		return c.unfinishedError(nil, "Qualtrics answered with response %s when it was asked for %s", row.ID, id)
	}
	if row.ModifiedAt.IsZero() {
		row.ModifiedAt = c.auditor.modified[id]
	}
	var datedAt time.Time
	if row.ModifiedAt.IsZero() && !c.tracker.undated {
		datedAt = reconcile.Later(c.to, time.Unix(c.position.Watermark, 0))
	}
	modified, recorded := cmp.Or(row.ModifiedAt, datedAt), row.Time(response.RecordedDate)
	c.tracker.noteDate(reconcile.Later(modified, recorded))
	if err := c.state.forgetRows(modified); err != nil {
		return err
	}
	if err := c.emitter.emit(&row, datedAt); err != nil {
		return err
	}
	date := c.emitter.versionDate(modified, recorded)
	c.tracker.record(id, date, recorded)
	// It is delivered even if the snapshot holds it.
	c.tracker.delivered[id] = date.UnixMilli()
	return nil
}
