package feed

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"iter"
	"slices"
	"time"

	"github.com/birdie-ai/source-qualtrics/source/qualtrics"
)

// Contacts are the contacts of each directory (API §4.2). They are read by
// search, because listed rows carry no dates; the list is the way for what
// search cannot reach.
const Contacts Kind = "contacts"

var _ = register(contacts{})

type contacts struct{}

func (contacts) Kind() Kind { return Contacts }

// Partitions are the directories, all of them or those of the selection.
func (contacts) Partitions(ctx context.Context, env *Env) iter.Seq2[Partition, error] {
	return func(yield func(Partition, error) bool) {
		wanted := slices.DeleteFunc(slices.Clone(env.Selection.Directories), func(id string) bool { return !env.Selection.mine(id) })
		for directory, err := range env.Client.Directories(ctx) {
			if err != nil {
				yield(Partition{}, err)
				return
			}
			id := string(directory.ID)
			if !env.Selection.mine(id) {
				continue // of another shard
			}
			if len(env.Selection.Directories) > 0 {
				if !slices.Contains(wanted, id) {
					continue
				}
				wanted = slices.DeleteFunc(wanted, func(other string) bool { return other == id })
			}
			if !yield(Partition{Kind: Contacts, Key: id, Name: directory.Name}, nil) {
				return
			}
		}
		for _, id := range wanted {
			// Not listed; reading it will say why.
			if !yield(Partition{Kind: Contacts, Key: id, Named: true}, nil) {
				return
			}
		}
	}
}

// contactPosition is the position of one directory.
type contactPosition struct {
	// Watermark, in epoch seconds: every contact modified before was
	// delivered.
	Watermark int64  `json:"w,omitempty"`
	Rows      string `json:"h,omitempty"` // hashes of the contacts that the next window meets again
	// A sweep reads every contact by its creation date: the first load, and
	// from time to time what changes without moving the modified date.
	SweepStart   int64 `json:"s,omitempty"` // when the running sweep began
	SweepThrough int64 `json:"t,omitempty"` // contacts created before were read by it
	Swept        int64 `json:"f,omitempty"` // when the last complete sweep began
	Listed       int64 `json:"l,omitempty"` // newest date that a listed contact may carry, epoch seconds
	// Ledger is what was delivered, as far as finding deletions needs it.
	Ledger *contactLedgerState `json:"a,omitempty"`
}

// Fetch sweeps the directory when it is due, then reads what was modified
// since the position less the look-back.
func (contacts) Fetch(ctx context.Context, env *Env, request Request, out Out) error {
	f := &contactFetch{env: env, partition: request.Partition, directory: qualtrics.DirectoryID(request.Partition.Key), out: out}
	if err := request.understand(&f.position); err != nil {
		return err
	}
	f.to, _ = env.Client.ServerTime()
	f.distrust()
	var err error
	if f.rows, err = newRowSet(env.Brand, f.partition, f.position.Rows); err != nil {
		return err
	}
	if f.env.AuditEvery > 0 {
		if f.ledger, err = newContactLedger(f.position.Ledger); err != nil {
			return &PositionError{f.partition, err}
		}
		f.ledger.begin(f.to, env.Clock())
	}
	f.position.Ledger, f.young = nil, make(map[string]bool)
	f.unsaid = len(f.rows.known) > 0
	f.keepFrom = later(f.to, time.Unix(f.position.Watermark, 0)).Add(-env.Lookback)
	if err := f.sealFirst(ctx); err != nil {
		return err
	}
	read := f.run
	if f.to.IsZero() {
		read = f.undated
	}
	if err := read(ctx); err != nil {
		return errors.Join(err, f.resolved())
	}
	return f.resolved()
}

// contactFetch is one read of one directory.
type contactFetch struct {
	env       *Env
	partition Partition
	directory qualtrics.DirectoryID
	out       Out

	position  contactPosition
	held      int
	rows      *rowSet
	to        time.Time    // server time before the first page; zero: unknown
	keepFrom  time.Time    // oldest modified date that the next window meets again
	searched  listing      // contacts that this run's searches showed
	unreached error        // why there are contacts that searches do not show
	unstable  bool         // a second changed in every pass over it
	behind    [2]time.Time // of each field: the first second that was not read to its end; zero: all were
	dated     bool         // the position holds the date of this run's listed contacts
	unsaid    bool         // the state does not know yet what a row means to it
	batch     []Contact
	canonical []byte

	ledger     *contactLedger  // nil where deletions are not followed
	audited    bool            // by this run, or it tried to
	sealedFrom *listing        // the list that this run made the set from
	young      map[string]bool // contacts that this run read and that came after the set was made
	unlisted   error           // why the list could not be read
	unresolved int64           // contacts that are gone and cannot be named
}

// distrust drops what lies in the future: it was poisoned by a wrong date.
// Dates that rows carry are none of that, for later ones have to be greater.
func (f *contactFetch) distrust() {
	if !f.env.Client.IsFuture(time.Unix(f.position.Watermark, 0)) {
		return
	}
	f.env.Log.Warn("the position lies in the future: the directory is read again from its beginning", "directory", f.directory)
	f.position = contactPosition{Listed: f.position.Listed, Ledger: f.position.Ledger}
}

func (f *contactFetch) run(ctx context.Context) error {
	sweeps, whole := f.sweepDue(), f.position.SweepThrough == 0
	if sweeps {
		if err := f.sweep(ctx); err != nil {
			return err
		}
	}
	if err := f.read(ctx, f.modified()); err != nil {
		return err
	}
	if f.unreached != nil && !(sweeps && whole) {
		// What earlier runs' searches showed is not for the list, either.
		sweeps, f.position.SweepThrough = true, 0
		if err := f.sweep(ctx); err != nil {
			return err
		}
	}
	if err := f.list(ctx); err != nil {
		return err
	}
	f.advance(sweeps)
	f.rows.roll(f.keepFrom)
	f.position.Rows, f.held = f.env.encodeWithin(f.rows, f.held)
	if err := f.checkpoint(); err != nil || f.ledger == nil {
		return err
	}
	if err := f.auditDue(ctx); err != nil {
		return err
	}
	if err := f.confirm(ctx); err != nil {
		return err
	}
	return f.checkpoint()
}

// advance moves the position over what was read. What changed in every pass is
// read by the next run, and so is the list that has to wait for that.
func (f *contactFetch) advance(sweeps bool) {
	read, swept := f.to, true
	if f.unstable {
		f.env.Log.Warn("the directory changed in every pass over a part of it: the next run reads that again", "directory", f.directory)
		if at := f.behind[modifiedField]; !at.IsZero() {
			read = earlier(read, at)
		}
		swept = f.behind[createdField].IsZero()
		if f.unreached != nil {
			read, swept = time.Unix(f.since(), 0), false
			f.behind[createdField] = time.Unix(0, 0)
		}
	}
	f.position.Watermark = max(f.since(), read.Unix())
	switch {
	case sweeps && swept:
		f.position.Swept = f.position.SweepStart
		f.position.SweepStart, f.position.SweepThrough = 0, 0
	case sweeps:
		f.position.SweepThrough = f.behind[createdField].Unix()
	}
}

// since is when the last complete read began, in epoch seconds, or the sweep
// that is the first one.
func (f *contactFetch) since() int64 {
	if f.position.Swept == 0 {
		return f.position.SweepStart
	}
	return f.position.Watermark
}

// modified is the window of what was modified since then.
func (f *contactFetch) modified() contactWindow {
	return contactWindow{field: modifiedField, from: time.Unix(f.since(), 0).Add(-f.env.Lookback)}
}

// undated reads without knowing the server's time: what was read cannot be
// told from what comes later, so the position stays.
func (f *contactFetch) undated(ctx context.Context) error {
	f.env.Log.Warn("no answer carried a date: rows are delivered, the position stays", "directory", f.directory)
	window := f.modified()
	every := contactWindow{field: createdField, from: firstContact}
	if f.position.Watermark == 0 {
		window = every
	}
	if err := f.read(ctx, window); err != nil {
		return err
	}
	if f.unreached != nil && window != every {
		if err := f.read(ctx, every); err != nil {
			return err
		}
	}
	return f.list(ctx)
}

func (f *contactFetch) sweepDue() bool {
	if f.position.Swept == 0 || f.position.SweepStart != 0 {
		return true
	}
	every := time.Duration(f.env.SweepDays) * 24 * time.Hour
	return every > 0 && f.to.Sub(time.Unix(f.position.Swept, 0)) >= every
}

// sweep reads every contact in windows of its creation date, which never
// changes. What is modified meanwhile is read again by the modified window
// that follows a first sweep from the sweep's own start.
func (f *contactFetch) sweep(ctx context.Context) error {
	if f.position.SweepStart == 0 {
		f.position.SweepStart, f.position.SweepThrough = f.to.Unix(), 0
	}
	return f.slices(ctx)
}

func (f *contactFetch) checkpoint() error { return f.report(f.out.Checkpoint) }

// report hands the position to who takes it.
func (f *contactFetch) report(to func(Position) error) error {
	if f.ledger != nil {
		f.position.Ledger = f.ledger.state()
	}
	encoded, err := json.Marshal(f.position)
	if err != nil {
		return fmt.Errorf("writing the position of %s: %w", f.partition, err)
	}
	return to(encoded)
}
