package feed

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"time"

	"github.com/birdie-ai/source-qualtrics/source/qualtrics"
)

// Responses are the recorded responses of each selected survey, read by
// last-modified windows.
const Responses Kind = "responses"

var _ = register(responses{})

type responses struct{}

func (responses) Kind() Kind { return Responses }

// Partitions are the selected surveys.
func (responses) Partitions(ctx context.Context, env *Env) iter.Seq2[Partition, error] {
	return func(yield func(Partition, error) bool) {
		surveys, err := env.Surveys(ctx)
		if err != nil {
			yield(Partition{}, err)
			return
		}
		for i := range surveys {
			survey := &surveys[i]
			partition := Partition{Kind: Responses, Key: string(survey.ID), Name: survey.Name, Named: len(env.Selection.IDs) > 0, Survey: survey}
			if !yield(partition, nil) {
				return
			}
		}
	}
}

// responsePosition is the position of one survey.
type responsePosition struct {
	// Watermark, in epoch seconds: everything that was modified before and
	// visible then was delivered. Only the filter of a verified window moves
	// it, never a row's own date.
	Watermark int64  `json:"w,omitempty"`
	Rows      string `json:"h,omitempty"` // hashes of the rows that the next window meets again
	Floor     int64  `json:"f,omitempty"` // start date of the first load, epoch seconds
	Resynced  int64  `json:"r,omitempty"` // date of the last resync that was asked for
	Loading   bool   `json:"l,omitempty"` // the first load was interrupted between two of its windows
	// Tried is when a load began, in epoch seconds, that has come no further
	// since: others go first.
	Tried int64 `json:"e,omitempty"`
	// Of accounts with many surveys: the counters (auditable, generated,
	// deleted), when they were seen to change, in epoch seconds (0: an export
	// has covered it), and whether they were seen to miss a response.
	Counts    []int64 `json:"n,omitempty"`
	Changed   int64   `json:"t,omitempty"`
	Untrusted bool    `json:"u,omitempty"`
	// Rested is when the survey was last modified, in epoch seconds, if it took
	// no responses when its counters were read last; 0: it did, or they moved.
	Rested int64 `json:"z,omitempty"`
	// Denied is when the account was last refused the survey, in epoch seconds,
	// of a survey that it never could read.
	Denied int64 `json:"d,omitempty"`
	// Missed is when the account's list was seen to lack the survey first, in
	// epoch seconds.
	Missed int64 `json:"g,omitempty"`
	// Swept is of accounts whose exports cannot be sorted by modified date.
	Swept *stretches `json:"b,omitempty"`
	// Ledger is what was delivered, as far as finding deletions needs it.
	Ledger *ledgerState `json:"a,omitempty"`
}

// Fetch reads what was modified since the position less the look-back, and
// everything on the first load.
func (responses) Fetch(ctx context.Context, env *Env, request Request, out Out) error {
	f := newResponseFetch(env, request, out)
	err := f.prepare(ctx, &request)
	if err == nil {
		err = f.run(ctx)
	}
	if errors.Is(err, errLoadAgain) {
		err = f.loadAgain(ctx)
	}
	return f.denied(f.boundary(err))
}

func newResponseFetch(env *Env, request Request, out Out) *responseFetch {
	return &responseFetch{
		env: env, partition: request.Partition, survey: qualtrics.SurveyID(request.Partition.Key), out: out,
		shown:   make(versions),
		exports: wasExported(request.Position), report: request.Report,
	}
}

// responseFetch is one read of one survey.
type responseFetch struct {
	env       *Env
	partition Partition
	survey    qualtrics.SurveyID
	out       Out
	exports   bool // the survey was exported, now or earlier

	position responsePosition
	held     int // hashes the position takes from the run's budget
	rows     *rowSet
	keys     *Keys
	total    int64     // responses by the survey's counters
	created  time.Time // of the survey
	to       time.Time // upper bound of what this run has seen; zero without a server date
	floor    int64     // of what an export of ids shows, epoch seconds: the start date
	unlisted error     // why there was no list of ids
	gap      time.Time // end of what an earlier start date has uncovered; zero: nothing

	ledger   *ledger              // nil where deletions are not followed
	deleted  int64                // by the survey's counters
	unmoved  bool                 // the counters are those of the last export
	moved    bool                 // the counters are not those of the last read
	blind    bool                 // the counters may not be read
	arrived  int                  // responses that were recorded since the last export
	loading  bool                 // a first load is at work, or the gap of an earlier start date
	apart    bool                 // the first load is sealed by another file than the one that holds its rows
	forgot   bool                 // the row hashes of the state are gone
	audited  bool                 // by this run
	seals    bool                 // this run's audit has to make a seal
	modified map[string]time.Time // of responses that the audit found
	report   *Report

	// What the state may promise: everything before covered is in windows that
	// were verified and delivered, and its watermark moved as far as reached.
	covered time.Time
	reached int64

	shown     versions  // by the file that is being delivered
	strays    *strays   // nil: nothing lies before the window
	keepFrom  time.Time // oldest modified date that the window after this one meets
	response  Response
	canonical []byte
}

// prepare reads the counters and the names, fixes the upper bound, and
// understands the position, in this order: what arrives later than the bound
// belongs to the next run.
func (f *responseFetch) prepare(ctx context.Context, request *Request) error {
	detail, err := f.env.Client.Survey(ctx, f.survey)
	known := err == nil
	switch {
	case err == nil:
		f.total = detail.Counts.Auditable + detail.Counts.Generated
		f.deleted = detail.Counts.Deleted
		f.report.Counted = &detail.Counts.Auditable
		f.created = detail.CreationDate
	case qualtrics.IsForbidden(err), qualtrics.IsNotFound(err):
		// The export may be allowed all the same, and only it says whether the
		// survey is gone; the names then come from the response schema.
		f.env.Log.Info("the survey itself may not be read", "survey", f.survey, "error", err)
	default:
		return err
	}
	f.keys = NewKeys(detail.EmbeddedData, detail.QuestionIDs, func() map[string]string { return f.dataTypes(ctx) })
	if now, ok := f.env.Client.ServerTime(); ok {
		f.to = now
	} else {
		f.env.Log.Warn("no answer carried a date: rows are delivered, the position stays", "survey", f.survey)
	}
	if err := request.understand(&f.position); err != nil {
		return err
	}
	if f.position.Swept != nil {
		if err := f.position.Swept.understand(); err != nil {
			return &PositionError{f.partition, err}
		}
	}
	f.distrust()
	f.position.Denied, f.position.Missed = 0, 0
	f.floor, f.reached = f.position.Floor, f.position.Watermark
	if f.covered = f.env.Start; f.reached > 0 {
		f.covered = f.from()
	}
	if f.env.AuditEvery > 0 {
		f.modified = make(map[string]time.Time)
		if f.ledger, err = newLedger(f.position.Ledger, len(f.env.listed)); err != nil {
			return &PositionError{f.partition, err}
		}
		f.ledger.begin(f.to, f.env.Clock())
		for id, at := range f.ledger.owed {
			f.modified[id] = time.UnixMilli(at).UTC()
		}
	}
	switch {
	case f.env.exportsAll():
		f.position.Counts, f.position.Changed, f.position.Untrusted, f.position.Rested = nil, 0, false, 0
	case known && !f.to.IsZero():
		f.counted(detail.Counts)
	default:
		f.blind = !known
	}
	f.rows, err = newRowSet(f.env.Brand, f.partition, f.position.Rows)
	return err
}

// distrust drops a watermark that lies in the future: it was poisoned by a
// wrong date, and keeping it would lose everything until then.
func (f *responseFetch) distrust() {
	if !f.env.Client.IsFuture(time.Unix(f.position.Watermark, 0)) {
		return
	}
	f.env.Log.Warn("the position lies in the future: the survey is read again from its beginning",
		"survey", f.survey, "position", time.Unix(f.position.Watermark, 0).UTC(), "server_time", f.to)
	f.position.Watermark, f.position.Rows, f.position.Loading = 0, "", false
}

// dataTypes asks the response schema what each key is.
func (f *responseFetch) dataTypes(ctx context.Context) map[string]string {
	schema, err := f.env.Client.ResponseSchema(ctx, f.survey)
	if err != nil {
		f.env.Log.Warn("the response schema cannot be read: unknown names count as embedded data", "survey", f.survey, "error", err)
		return map[string]string{}
	}
	types := make(map[string]string, len(schema))
	for key, property := range schema {
		types[key] = property.DataType
	}
	return types
}

// run reads the windows that are due.
func (f *responseFetch) run(ctx context.Context) error {
	f.report.To, f.report.Reason = f.to, Window
	if f.position.Watermark == 0 || f.position.Loading {
		return f.load(ctx)
	}
	if err := f.lowerFloor(ctx); err != nil {
		return err
	}
	if err := f.complete(ctx); err != nil {
		return err
	}
	from := f.from()
	switch {
	case f.again():
		resync := f.resync()
		f.env.Log.Info("reading the survey again", "survey", f.survey, "from", resync)
		from, f.rows.known = earlier(from, resync), nil
		f.report.Reason = Resync
	case f.idle():
		f.report.Reason = Unchanged
		return f.settle(ctx)
	}
	if err := f.sealFirst(ctx); err != nil {
		return err
	}
	if f.ledger != nil && f.auditDue() {
		if err := f.patiently(f.audit(ctx, from)); err != nil {
			return err
		}
		from = earlier(from, f.from())
	}
	f.report.From = from
	if err := f.read(ctx, from); err != nil {
		return err
	}
	f.exported()
	if f.report.Reason == Resync { // all of it is out, and in no sum of an earlier read
		f.position.Resynced, f.position.Swept = f.env.Resync[string(f.survey)].Unix(), nil
	}
	if err := f.checkpoint(f.to); err != nil {
		return err
	}
	if err := f.sweepRows(ctx); err != nil {
		return err
	}
	return f.settle(ctx)
}

// from is where the next window begins.
func (f *responseFetch) from() time.Time {
	return time.Unix(f.position.Watermark, 0).Add(-f.env.Lookback)
}

// resync is from where the survey is read once more. What lies before the start
// date is not read: no audit would find it.
func (f *responseFetch) resync() time.Time {
	return later(f.env.Resync[string(f.survey)], time.Unix(f.floor, 0))
}

// again reports whether the survey was asked for once more.
func (f *responseFetch) again() bool {
	resync := f.env.Resync[string(f.survey)]
	return !resync.IsZero() && resync.Unix() != f.position.Resynced
}

// uncovered reports whether the start date was moved back.
func (f *responseFetch) uncovered() bool {
	return f.position.Floor != 0 && (f.env.Start.IsZero() || f.env.Start.Unix() < f.position.Floor)
}

// lowerFloor reads what a start date that was moved back has uncovered.
func (f *responseFetch) lowerFloor(ctx context.Context) error {
	if !f.uncovered() {
		return nil
	}
	f.gap = time.Unix(f.position.Floor, 0).Add(time.Second)
	f.env.Log.Info("the start date was moved back: reading the gap", "survey", f.survey, "from", f.env.Start, "until", f.gap)
	if f.ledger != nil && f.to.IsZero() {
		// Without a date there is no seal for what it holds: it is read again by
		// a run that has one.
		_, err := f.window(ctx, f.env.Start, f.gap)
		f.gap = time.Time{}
		return err
	}
	f.floor, f.loading = epoch(f.env.Start), true
	if f.ledger != nil {
		// The gap's rows have to be in a seal before they are delivered.
		seal := func() error { return f.audit(ctx, f.from()) }
		if !f.ledger.sealed() {
			seal = func() error { return f.sealFirst(ctx) }
		}
		if err := seal(); err != nil {
			return err
		}
	}
	if _, err := f.window(ctx, f.env.Start, f.gap); err != nil {
		return err
	}
	f.position.Floor, f.loading = f.floor, false
	return f.checkpoint(time.Time{})
}

// read reads what was modified since, after an audit if it is too much to be
// announced.
func (f *responseFetch) read(ctx context.Context, from time.Time) error {
	_, err := f.window(ctx, from, time.Time{})
	if !errors.Is(err, errAuditFirst) {
		return err
	}
	f.seals = true
	if err := f.audit(ctx, from); err != nil {
		return err
	}
	_, err = f.window(ctx, earlier(from, f.from()), time.Time{})
	return err
}

// boundary tells what is outside of the selection from what failed.
func (f *responseFetch) boundary(err error) error {
	switch {
	case err == nil:
		return nil
	case qualtrics.IsGone(err) && !f.partition.Named:
		return &Skipped{fmt.Sprintf("survey %s is gone", f.partition), true}
	case qualtrics.IsForbidden(err) && !f.exports && !f.partition.Named && !f.env.Selection.FailOnDenied && !qualtrics.IsMissingScope(err):
		return &Skipped{fmt.Sprintf("survey %s may not be exported by this account: %v", f.partition, err), false}
	default:
		return err
	}
}

func earlier(a, b time.Time) time.Time {
	if a.Before(b) {
		return a
	}
	return b
}

func epoch(at time.Time) int64 {
	if at.IsZero() {
		return 0
	}
	return at.Unix()
}
