package responses

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/birdie-ai/source-qualtrics/source/feed"
	"github.com/birdie-ai/source-qualtrics/source/feed/reconcile"
	"github.com/birdie-ai/source-qualtrics/source/qualtrics"
)

// surveyFetch reads one survey once.
type surveyFetch struct {
	*scope
	facts     *factReader
	names     *classifier
	protector *protector
	state     *checkpointer
	reader    *reader
	emitter   *emitter
	auditor   *auditor
	windows   *windows
	confirmer *confirmer
	schedule  *schedule
	sweep     *sweep
	joiner    *joiner
	gone      *goneSurvey
}

func newSurveyFetch(env *feed.Env, request feed.Request, out feed.Out) *surveyFetch {
	s := &scope{
		env: env, learned: learnedBy(env), partition: request.Partition, survey: qualtrics.SurveyID(request.Partition.Key), report: request.Report,
	}
	facts := &factReader{scope: s, needs: request.Needs, facts: cmp.Or(request.Facts, new(feed.SurveyFacts))}
	f := &surveyFetch{scope: s, facts: facts, names: &classifier{scope: s, facts: facts}, state: &checkpointer{scope: s, out: out}}
	f.protector = &protector{scope: s, names: f.names, facts: facts}
	f.reader = &reader{scope: s, names: f.names, protector: f.protector, exported: wasExported(request.Position)}
	f.emitter = &emitter{scope: s, state: f.state, window: &f.reader.window, versions: make(versions)}
	f.auditor = &auditor{scope: s, state: f.state, reader: f.reader}
	f.windows = &windows{scope: s, state: f.state, reader: f.reader, emitter: f.emitter, auditor: f.auditor}
	f.confirmer = &confirmer{scope: s, state: f.state, names: f.names, protector: f.protector, emitter: f.emitter, auditor: f.auditor}
	f.schedule = &schedule{scope: s, names: f.names, auditor: f.auditor}
	f.sweep = &sweep{scope: s, state: f.state, reader: f.reader, emitter: f.emitter, auditor: f.auditor}
	f.joiner = &joiner{scope: s, state: f.state, auditor: f.auditor}
	f.gone = &goneSurvey{scope: s, state: f.state, reader: f.reader}
	return f
}

// prepare reads the counters and the names, then the server time, then decodes the
// position. Responses that arrive after the server time belong to the next read.
func (f *surveyFetch) prepare(ctx context.Context, request *feed.Request) error {
	detail, err := f.detail(ctx)
	if err := f.describe(detail, err); err != nil {
		return err
	}
	f.emitter.uploads = newDownloader(ctx, f.scope, request.Needs)
	f.emitter.facts = func() (*feed.SurveyFacts, error) { return f.facts.read(ctx) }
	f.names.keys = f.names.newKeys(ctx)
	if now, ok := f.upperBound(); ok {
		f.to = now
	} else {
		f.env.Log.Warn("no answer carried a date: rows are delivered, the position stays", "survey", f.survey)
	}
	if err := f.decode(request); err != nil {
		return err
	}
	if err := f.joiner.join(request); err != nil {
		return err
	}
	if f.left, err = newLeftOut(f.position.LeftOut); err != nil {
		return &feed.PositionError{Partition: f.partition, Err: err}
	}
	f.protector.notice()
	f.names.compareNames()
	f.floor, f.state.committedUntil = f.position.Floor, f.position.Watermark
	if f.state.verifiedUntil = f.env.Responses.Start; f.state.committedUntil > 0 {
		f.state.verifiedUntil = f.from()
	}
	if f.tracker != nil {
		f.auditor.modified = make(map[string]time.Time)
		f.tracker.Begin(f.to, f.env.Clock())
		if f.counters.uncounted {
			f.counters.deleted = f.tracker.deleted // no deletion is known
		}
		for id, at := range f.tracker.backfill {
			f.auditor.modified[id] = time.UnixMilli(at).UTC()
		}
	}
	switch {
	case exportsAll(f.env):
		f.position.Counts, f.position.Changed, f.position.Untrusted, f.position.DormantSince = nil, 0, false, 0
	case !f.counters.uncounted && !f.to.IsZero():
		f.schedule.compareCounters(*detail.Counts)
	case f.counters.uncounted:
		f.counters.change = unreadable
	}
	return nil
}

// describe takes the counters and the names from the survey, or the error of reading it.
func (f *surveyFetch) describe(detail qualtrics.SurveyDetail, err error) error {
	f.counters.created = detail.CreationDate
	if row := f.partition.Survey; row != nil && f.counters.created.IsZero() {
		f.counters.created = row.CreationDate
	}
	f.counters.uncounted = detail.Counts == nil
	switch {
	case err == nil && f.counters.uncounted:
		f.env.Log.Info("the counters of the survey cannot be read", "survey", f.survey)
	case err == nil:
		f.counters.total = detail.Counts.Auditable + detail.Counts.Generated
		f.counters.deleted = detail.Counts.Deleted
		f.report.Counted = &detail.Counts.Auditable
	case qualtrics.IsForbidden(err), qualtrics.IsNotFound(err):
		// The export may be allowed all the same, and only the export says whether the survey
		// is gone. The names then come from the response schema.
		f.env.Log.Info("the survey itself may not be read", "survey", f.survey, "error", err)
	default:
		return err
	}
	f.names.defined, f.names.detail = err == nil, detail
	f.facts.undefined, f.facts.embedded = err, detail.EmbeddedData
	return nil
}

// decode decodes the request's position.
func (f *surveyFetch) decode(request *feed.Request) error {
	err := request.Understand(&f.position)
	if err != nil {
		return err
	}
	if f.position.Buckets != nil {
		if err := f.position.Buckets.decode(); err != nil {
			return &feed.PositionError{Partition: f.partition, Err: err}
		}
	}
	f.state.dropFuture()
	f.position.Denied, f.position.Missed = 0, 0
	if f.state.rows, err = reconcile.NewRowHashes(f.env.Brand, f.partition.Salt(), f.position.Rows); err != nil {
		return &feed.PositionError{Partition: f.partition, Err: err}
	}
	if f.env.AuditEvery > 0 {
		if f.tracker, err = newTracker(f.position.Tracker, f.env.SurveyCount()); err != nil {
			return &feed.PositionError{Partition: f.partition, Err: err}
		}
	}
	if f.tracker != nil && request.Audit {
		f.tracker.due = true
	}
	return nil
}

// run makes the reads that are due.
func (f *surveyFetch) run(ctx context.Context) error {
	f.report.To, f.report.Reason = f.to, feed.Window
	if f.names.renamed {
		if _, err := f.names.keys.Ask(); err != nil {
			return err
		}
	}
	if f.position.Watermark == 0 || f.position.Loading {
		return f.load(ctx)
	}
	if err := f.readGap(ctx); err != nil {
		return err
	}
	if err := f.completeLoad(ctx); err != nil {
		return err
	}
	from := f.from()
	switch {
	case f.resyncDue():
		resync := f.resync()
		f.env.Log.Info("reading the survey again", "survey", f.survey, "from", resync)
		from = reconcile.Earlier(from, resync)
		f.state.rows.Forget()
		f.report.Reason = feed.Resync
	case f.schedule.idle():
		f.report.Reason = feed.Unchanged
		return f.confirmer.confirmPending(ctx)
	}
	if err := f.auditor.snapshotFirst(ctx); err != nil {
		return err
	}
	if f.tracker != nil && f.auditor.auditDue() {
		if err := f.auditor.deferListError(f.auditor.audit(ctx, from)); err != nil {
			return err
		}
		from = reconcile.Earlier(from, f.from())
	}
	f.report.From = from
	if err := f.readSince(ctx, from); err != nil {
		return err
	}
	if f.left.incomplete() {
		return errors.Join(f.state.checkpoint(f.to), f.confirmer.confirmPending(ctx))
	}
	f.schedule.exported()
	if f.report.Reason == feed.Resync { // its rows are in no sum of an earlier read
		f.position.Resynced, f.position.Buckets = f.env.Responses.Resync[string(f.survey)].Unix(), nil
	}
	if err := f.state.checkpoint(f.to); err != nil {
		return err
	}
	if err := f.sweep.run(ctx); err != nil {
		return err
	}
	return f.confirmer.confirmPending(ctx)
}

// readSince reads the responses that were modified since a moment. If they are too many to
// be announced, it audits the survey first.
func (f *surveyFetch) readSince(ctx context.Context, from time.Time) error {
	_, err := f.windows.read(ctx, from, time.Time{})
	if !errors.Is(err, errAuditFirst) {
		return err
	}
	f.auditor.needsSnapshot = true
	if err := f.auditor.audit(ctx, from); err != nil {
		return err
	}
	_, err = f.windows.read(ctx, reconcile.Earlier(from, f.from()), time.Time{})
	return err
}

// readAgain reads a survey from its beginning, because new rows may have values in other
// columns than the delivered rows.
func (f *surveyFetch) readAgain(ctx context.Context) error {
	f.env.Log.Warn("the meaning of names in the survey has changed: all of its responses are read again, because values may move between values and embedded_data",
		"survey", f.survey)
	f.position.Names, f.position.Rows, f.names.renamed, f.names.delivered = nil, "", false, false
	f.state.rows.Clear()
	f.names.keys = f.names.newKeys(ctx)
	f.names.keys.Privacy = f.protector.made
	f.names.compareNames()
	err := f.loadAgain(ctx)
	f.report.Reason = feed.Resync
	return err
}

// boundary separates surveys outside of the selection from failures.
func (f *surveyFetch) boundary(ctx context.Context, request *feed.Request, err error) error {
	switch {
	case err == nil:
		return nil
	case qualtrics.IsNotFound(err):
		return f.gone.notFound(ctx, request, err)
	case qualtrics.IsForbidden(err) && !f.reader.exported && !f.partition.Named && !f.env.Selection.FailOnDenied && !qualtrics.IsMissingScope(err):
		return &feed.Skipped{Reason: fmt.Sprintf("survey %s may not be exported by this account: %v", f.partition, err), Cause: err}
	default:
		return err
	}
}

// readsLeft reports whether a survey that left the selection has to be read a last time. It
// has to if a position was stored while the selection held it.
func (f *surveyFetch) readsLeft(request *feed.Request) bool {
	for _, position := range request.Positions() {
		var p surveyPosition
		if json.Unmarshal(position, &p) != nil {
			return true // the read reports the error
		}
		if p.Watermark != 0 && p.Chosen == f.env.Selection.Mark() {
			return true
		}
	}
	return false
}

// endLeft notes that a survey that left the selection was read a last time.
func (f *surveyFetch) endLeft() error {
	if f.report.Reason == feed.Window {
		f.report.Reason = feed.Left
	}
	f.position.Chosen = ""
	return f.state.checkpoint(time.Time{})
}

// finish adds the records that were left out to the result of the read, and enters the
// number of undelivered responses into the report. Streams that are read one after the
// other share a report: it holds the greatest of their numbers.
func (f *surveyFetch) finish(err error) error {
	var skipped *feed.Skipped
	missing := f.auditor.missing
	left := f.left.err(f.partition, err != nil)
	if left != nil && !errors.As(err, &skipped) && !errors.Is(err, feed.ErrCannotJoin) {
		if missing == nil {
			missing = new(int64)
		}
		*missing += f.left.count()
		err = errors.Join(err, left)
	}
	r := f.report
	if r.Missing == nil || missing != nil && *missing > *r.Missing {
		r.Missing = missing
	}
	r.Unresolved = max(r.Unresolved, f.auditor.unresolved)
	if n := f.emitter.leftOut; n > 0 && f.protector.made.Known() {
		f.env.Log.Warn("values arrived that the privacy settings leave out and that were not asked for: they are dropped", "survey", f.survey, "values", n)
	}
	return err
}
