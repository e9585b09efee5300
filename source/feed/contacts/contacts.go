// Package contacts reads the contacts of each directory, and finds deleted contacts.
//
// A fetch reads one directory. Its searcher reads search windows, and its lister the directory's list.
// The emitter delivers contacts. The auditor finds deletions, with the tracker. They share a directory,
// which holds the position.
package contacts

import (
	"context"
	"errors"
	"time"

	"github.com/birdie-ai/source-qualtrics/source/feed"
	"github.com/birdie-ai/source-qualtrics/source/feed/reconcile"
	"github.com/birdie-ai/source-qualtrics/source/qualtrics"
)

var _ = feed.Register(Feed{})

// Feed is the feed of contacts. A partition is one directory.
type Feed struct{}

// Kind returns [feed.Contacts].
func (Feed) Kind() feed.Kind { return feed.Contacts }

// Fetch reads all contacts if a sweep is due, then the contacts that were modified since the
// watermark less the look-back. At last it audits, if that is due.
func (Feed) Fetch(ctx context.Context, env *feed.Env, request feed.Request, out feed.Out) error {
	if request.Partition.Missing != nil {
		return missingDirectory(env, &request, out)
	}
	f, err := newFetch(env, &request, out)
	if err != nil {
		return err
	}
	if err := f.audit.first(ctx); err != nil {
		return err
	}
	run := f.run
	if f.to.IsZero() {
		run = f.undated
	}
	err = run(ctx)
	return errors.Join(err, f.list.err, f.audit.err())
}

// fetch is one read of one directory.
type fetch struct {
	*directory
	emit   *emitter
	search *searcher
	list   *lister
	audit  *auditor

	lastShown idSet // contacts in the last window of a sweep
	compares  bool  // the list could not be compared with the searches of the sweep yet
}

// newFetch decodes the position of a request.
func newFetch(env *feed.Env, request *feed.Request, out feed.Out) (*fetch, error) {
	d := &directory{env: env, partition: request.Partition, id: qualtrics.DirectoryID(request.Partition.Key), out: out}
	if err := request.Understand(&d.position); err != nil {
		return nil, err
	}
	d.to, _ = env.Client.ServerTime()
	d.distrust()
	rows, err := reconcile.NewRowHashes(env.Brand, d.partition.Salt(), d.position.Rows)
	if err == nil && env.AuditEvery > 0 {
		d.tracker, err = newTracker(d.position.Tracker)
	}
	if err == nil && d.position.Shown != nil {
		d.sweepShown, err = reconcile.NewSnapshot(*d.position.Shown)
	}
	if err != nil {
		return nil, &feed.PositionError{Partition: d.partition, Err: err}
	}
	if d.tracker != nil {
		d.tracker.Begin(d.to, env.Clock())
	}
	d.position.Tracker, d.position.Missed = nil, 0
	d.notice()

	f := &fetch{directory: d}
	f.emit = &emitter{
		directory: d, rows: rows, unannounced: !rows.Empty(),
		keepFrom: reconcile.Later(d.to, time.Unix(d.position.Watermark, 0)).Add(-env.Lookback),
	}
	f.search = &searcher{directory: d, emit: f.emit}
	f.list = &lister{directory: d, emit: f.emit, single: make(idSet)}
	f.audit = &auditor{directory: d, emit: f.emit, search: f.search, list: f.list}
	return f, nil
}

// run reads a directory.
func (f *fetch) run(ctx context.Context) error {
	sweeps, whole := f.sweepDue(), f.position.SweepThrough == 0
	if sweeps {
		if err := f.sweep(ctx); err != nil {
			return err
		}
	}
	if err := f.search.read(ctx, f.modified()); err != nil {
		return err
	}
	if f.search.incomplete != nil && !(sweeps && whole) {
		// The list also shows contacts that earlier runs found by searches. This run must
		// make all searches, to tell which contacts only the list shows.
		sweeps, whole, f.position.SweepThrough = true, true, 0
		if err := f.sweep(ctx); err != nil {
			return err
		}
	}
	if sweeps {
		if err := f.compareSweep(ctx, whole); err != nil {
			return err
		}
	}
	if err := f.deliverUnreached(ctx); err != nil {
		return err
	}
	if f.nameless.First != nil {
		return f.nameless.First // the next run reads the same windows again
	}
	f.advance(sweeps)
	f.emit.keepRows()
	if err := f.checkpoint(); err != nil || f.tracker == nil {
		return err
	}
	if err := f.audit.ifDue(ctx); err != nil {
		return err
	}
	f.emit.keepRows() // also of the contacts that the audit delivered
	if err := f.audit.confirm(ctx); err != nil {
		return err
	}
	return errors.Join(f.checkpoint(), f.nameless.First)
}

// undated reads a directory without knowing the server's time. The position stays, because the
// end of the last window is unknown.
func (f *fetch) undated(ctx context.Context) error {
	f.env.Log.Warn("no answer carried a date: rows are delivered, the position stays", "directory", f.id)
	window := f.modified()
	every := contactWindow{field: createdField, from: firstContact}
	if f.position.Watermark == 0 {
		window = every
	}
	if err := f.search.read(ctx, window); err != nil {
		return err
	}
	if f.search.incomplete != nil && window != every {
		if err := f.search.read(ctx, every); err != nil {
			return err
		}
	}
	if window == every {
		if err := f.compareSweep(ctx, true); err != nil {
			return err
		}
	}
	if err := f.deliverUnreached(ctx); err != nil {
		return err
	}
	return f.nameless.First
}

// modified returns the window of the contacts that were modified since the last complete read.
func (f *fetch) modified() contactWindow {
	return contactWindow{field: modifiedField, from: time.Unix(f.position.readSince(), 0).Add(-f.env.Lookback)}
}

// deliverUnreached delivers the contacts that only the directory's list shows, if searches do not
// show all. It comes last, because rows of the list have fewer values and no dates. Windows that
// changed in every pass come first: the next run reads them, and the list if it is still needed.
func (f *fetch) deliverUnreached(ctx context.Context) error {
	if f.search.incomplete == nil || f.search.unstable {
		return nil
	}
	if f.tracker != nil && f.tracker.snapshot != nil && !f.tracker.snapshot.IsList() && !f.audit.done {
		// Rows of the list have no creation date, which says whether a contact is in a sketch.
		if err := f.audit.run(ctx); err != nil {
			return err
		}
	}
	f.env.Log.Info("reading the directory's list", "directory", f.id, "reason", f.search.incomplete)
	if err := f.emit.flush(); err != nil {
		return err
	}
	f.search.shown.Sort()
	return f.list.deliver(ctx, func(id string) bool { return !f.search.shown.Has(id) && !f.list.single[id] })
}

// advance moves the position to the end of this read. Windows that changed in every pass, and the
// list if it was needed with them, are left to the next run.
func (f *fetch) advance(sweeps bool) {
	read, swept := f.to, true
	if f.search.unstable {
		f.env.Log.Warn("the directory changed in every pass over a part of it: the next run reads that again", "directory", f.id)
		if at := f.search.unread[modifiedField]; !at.IsZero() {
			read = reconcile.Earlier(read, at)
		}
		swept = f.search.unread[createdField].IsZero()
		if f.search.incomplete != nil {
			read, swept = time.Unix(f.position.readSince(), 0), false
			f.search.unread[createdField] = time.Unix(0, 0)
		}
	}
	// The watermark does not go back if the server's clock does.
	f.position.Watermark = max(f.position.Watermark, f.position.readSince(), read.Unix())
	switch {
	case f.compares: // the next run repeats the last window of the sweep, and compares then
	case sweeps && swept:
		f.position.Swept = f.position.SweepStart
		f.position.SweepStart, f.position.SweepThrough = 0, 0
	case sweeps:
		f.position.SweepThrough = f.search.unread[createdField].Unix()
	}
}
