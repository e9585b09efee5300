package feed

import (
	"cmp"
	"context"
	"errors"
	"maps"
	"time"

	"github.com/birdie-ai/source-qualtrics/source/frame"
)

// sealFrom makes the seal of what a file shows, as of a moment before its job.
// It returns what is newer, up to one more than can be announced.
func (f *responseFetch) sealFrom(ctx context.Context, file *frame.File, at time.Time) (newer []string, err error) {
	made, lacking := newSealing(f.roomFor()), newTally(lackingBytes)
	err = f.scan(ctx, file, func(one present) {
		switch {
		case one.recorded.Before(at):
			made.put(one.id)
		case len(newer) <= 2*f.ledger.entries:
			newer = append(newer, one.id)
		}
		if f.expects(one, at) {
			lacking.put(one.id)
		}
	})
	if err != nil {
		return nil, err
	}
	set := made.seal()
	if set == nil {
		f.env.Log.Warn("deletions of the survey cannot be followed: the ids of its responses have no known form", "survey", f.survey)
	}
	f.env.resealed(f.ledger.set, set)
	f.ledger.floor = f.floorOfIDs()
	f.ledger.set, f.ledger.sealedAt, f.ledger.deleted, f.ledger.due = set, at, f.deleted, false
	f.ledger.since, f.ledger.lacking = later(f.ledger.since, at.Add(-deliveredSince)), nil
	if lacking.count > 0 {
		f.ledger.lacking = lacking.sealAs(1000)
	}
	return newer, nil
}

// auditDue reports whether it is time to look for what is gone.
func (f *responseFetch) auditDue() bool {
	l := f.ledger
	age := f.to.Sub(l.sealedAt)
	switch {
	case f.to.IsZero(), f.audited, l.doubted != 0 && !f.waited(l.doubted):
		return false
	case l.due, age >= f.env.AuditEvery, len(l.delivered) > l.entries:
		return true
	case l.set == nil || f.deleted <= l.deleted:
		return false
	}
	// Qualtrics' counter says that responses were deleted. It is a hint.
	return age >= leastSealAge || f.deleted-l.deleted > l.set.holds()/2
}

// errAuditFirst says that a window holds more than can be announced: it is
// exported again after an audit. An audit after the export would not do, for
// what is gone in between is in the window's file and in no seal.
var errAuditFirst = errors.New("an audit is due first")

// intend remembers what is about to be delivered, before it is: the rows of an
// interrupted run may have arrived. The state is out when it returns.
func (f *responseFetch) intend(ctx context.Context, file *frame.File) error {
	l := f.ledger
	var (
		fresh []string
		count int
		err   error
	)
	first := !l.sealed()
	if first {
		at := f.to
		if at.IsZero() {
			// Any moment will do: what was recorded before and comes to light
			// later is new to the set.
			if err := f.scan(ctx, file, func(one present) { at = later(at, one.recorded.Add(time.Second)) }); err != nil {
				return err
			}
		}
		fresh, err = f.sealFrom(ctx, file, at)
		count = len(fresh)
	} else {
		err = f.scan(ctx, file, func(one present) {
			sealed := f.loading && one.recorded.Before(l.sealedAt) && one.modified.Before(l.since) && !l.lacks(one.id)
			if sealed || l.has(one.id, one.modified) || l.intended[one.id] {
				return
			}
			if count++; count <= 2*l.entries {
				fresh = append(fresh, one.id)
			}
		})
	}
	switch {
	case err != nil:
		return err
	case count == 0 && !first:
		return nil
	case len(l.delivered)+count <= l.entries:
	case !f.audited && !f.loading && !f.to.IsZero():
		return errAuditFirst
	case len(l.delivered)+count > 2*l.entries:
		// The seal of this run holds nearly all of them; the next run makes
		// another.
		l.due, fresh = true, nil
	}
	for _, id := range fresh {
		l.intended[id] = true
	}
	return f.announce()
}

// sealFirst seals what exists, before a load of several windows, or where
// deletions were not followed so far.
func (f *responseFetch) sealFirst(ctx context.Context) error {
	if f.ledger == nil || f.ledger.sealed() || f.to.IsZero() {
		return nil
	}
	err := f.presence(ctx, f.floor, func(ids *frame.File) error {
		_, err := f.sealFrom(ctx, ids, f.to)
		return err
	})
	if err != nil {
		return err
	}
	if !f.loading {
		f.ledger.since = f.from() // what was delivered before was not noted
	}
	return f.announce()
}

// audit holds what was delivered against what exists: responses that are gone
// become absent, until they are confirmed; responses that were never delivered
// at their version are owed. Then all is sealed anew, what the window that
// begins at from is about to deliver included; the state is out when it
// returns.
func (f *responseFetch) audit(ctx context.Context, from time.Time) error {
	at, ok := f.env.Client.ServerTime()
	if !ok || f.to.IsZero() {
		return nil
	}
	f.audited = true
	within, err := f.within(ctx)
	if err != nil {
		return err
	}
	err = f.presence(ctx, f.floorOfIDs(), func(ids *frame.File) error {
		a := f.auditing(from)
		a.within = within
		if err := f.scan(ctx, ids, a.see); err != nil {
			return err
		}
		if unnamed, err := a.conclude(ctx, ids); err != nil || f.doubts(unnamed, a.mixed) {
			return err
		}
		if a.mixed && !f.loading {
			return errLoadAgain
		}
		if f.ledger.sealedAt.After(at) && !f.env.Client.IsFuture(f.ledger.sealedAt) {
			// A clock that is too early takes nothing out of the set.
			at = f.ledger.sealedAt
		}
		if _, err := f.sealFrom(ctx, ids, at); err != nil {
			return err
		}
		f.ledger.trim()
		if len(a.expected) <= f.ledger.entries {
			// The window shall bring them; whatever it does not is asked for.
			for id, modified := range a.expected {
				f.modified[id], f.ledger.intended[id] = modified, true
			}
		}
		f.owe(a.owed)
		return nil
	})
	if err != nil {
		return err
	}
	return f.announce()
}

// auditing begins a comparison.
func (f *responseFetch) auditing(from time.Time) *auditing {
	a := &auditing{
		fetch: f, from: from, until: f.gap, settled: f.to.Add(-f.env.Lookback),
		owed: make(map[string]present), expected: make(map[string]time.Time), unseen: maps.Clone(f.ledger.intended),
	}
	for id := range f.ledger.delivered {
		a.unseen[id] = true
	}
	if f.ledger.set != nil {
		a.sealed = f.ledger.set.compare()
	}
	return a
}

// auditing is an audit at work.
type auditing struct {
	fetch    *responseFetch
	from     time.Time       // what was modified since is about to be delivered; zero: everything
	until    time.Time       // and what was modified before, of an earlier start date
	settled  time.Time       // what was modified since belongs to the next window
	within   *listing        // what exists from the seal's start date on; nil: the rows' dates tell
	sealed   *comparison     // nil without a set
	unseen   map[string]bool // delivered since the seal, or intended, and not seen yet
	owed     map[string]present
	expected map[string]time.Time // id → modified, of what the window has to bring
	mixed    bool                 // more has changed than can be named, and not all of it is gone
}

// see takes a response that exists.
func (a *auditing) see(one present) {
	l := a.fetch.ledger
	if _, waiting := l.absent[one.id]; waiting { // an audit missed it
		delete(l.absent, one.id)
		l.delivered[one.id] = unknownVersion
	}
	before := one.recorded.Before(l.sealedAt)
	if before && a.sealed != nil && !a.uncovers(one) {
		a.sealed.see(one.id)
	}
	delete(a.unseen, one.id)
	if l.has(one.id, one.modified) {
		return
	}
	_, known := l.delivered[one.id]
	changed := known || (!one.modified.IsZero() && !one.modified.Before(l.since))
	if !before || changed {
		a.owe(one)
	}
}

// uncovers reports whether a response lies before the start date of the seal:
// it is not in there.
func (a *auditing) uncovers(one present) bool {
	if a.within != nil && one.modified.IsZero() {
		return !a.within.has(one.id)
	}
	return !one.modified.IsZero() && one.modified.Unix() < a.fetch.ledger.floor
}

// within lists what exists from the seal's start date on, should that have been
// moved back and rows not tell by a date of their own.
func (f *responseFetch) within(ctx context.Context) (*listing, error) {
	if !f.ledger.undated || f.floor >= f.ledger.floor {
		return nil, nil //nolint:nilnil // there is no need for one
	}
	shown := &listing{}
	err := f.presence(ctx, f.ledger.floor, func(ids *frame.File) error {
		return scan(ctx, ids, func(one present) { shown.put(one.id) })
	})
	shown.close()
	return shown, err
}

// owe takes a response that is not delivered at its version.
func (a *auditing) owe(one present) {
	date := cmp.Or(one.modified, one.recorded)
	switch {
	case a.from.IsZero() || !date.Before(a.settled):
	case !date.Before(a.from), date.Before(a.until):
		if len(a.expected) <= a.fetch.ledger.entries {
			a.expected[one.id] = one.modified
		}
	default:
		a.owed[one.id] = one
	}
}

// doubts reports whether it is too early to believe that so much has changed
// that it cannot be named: a file that lacks rows looks like this, too, so
// the seal stays until another audit agrees a look-back later. Where rows are
// about to go out that no announcement names, there has to be a new one.
func (f *responseFetch) doubts(unnamed int64, mixed bool) bool {
	l := f.ledger
	if (unnamed > 0 || mixed) && l.doubted == 0 && !f.loading && !f.seals {
		f.env.Log.Warn("the audit lacks more responses than it can name: another one follows", "survey", f.survey, "responses", unnamed)
		l.doubt(f.to)
		l.due = true
		return true
	}
	f.report.Unresolved += unnamed
	l.doubted = 0
	return false
}

// errLoadAgain says that a survey has to be read from its beginning: more came
// to light than can be named.
var errLoadAgain = errors.New("the survey is to be read again")

// conclude names what is gone, and what was recorded before the seal and is
// not in it; of more than a sketch can name it says how many.
func (a *auditing) conclude(ctx context.Context, ids *frame.File) (unnamed int64, err error) {
	f, l := a.fetch, a.fetch.ledger
	var gone, late []string
	if a.sealed != nil {
		var net int64
		if gone, late, net, err = a.sealed.result(); err != nil {
			// Where Qualtrics counts as many deletions as ids are missing, no
			// response came to light among them.
			counted := f.deleted - l.deleted - int64(len(a.unseen))
			a.mixed = net != counted
			unnamed = max(1, max(net, counted)-int64(len(gone)-len(late)))
			if a.mixed && max(net, counted) <= 0 {
				unnamed = 0
			}
		}
	}
	missing, lost := make(map[string]bool), maps.Clone(a.unseen)
	for _, id := range late {
		if _, known := l.delivered[id]; !known {
			missing[id] = true
		}
	}
	for _, id := range gone {
		lost[id] = true
	}
	if len(missing)+len(gone) > 0 {
		err = scan(ctx, ids, func(one present) {
			delete(lost, one.id) // it was given a later date
			if missing[one.id] {
				a.owe(one)
			}
		})
		if err != nil {
			return unnamed, err
		}
	}
	for id := range lost {
		f.miss(id)
		delete(l.delivered, id)
		delete(l.intended, id)
	}
	return unnamed, nil
}

// owe makes owed responses come: few one by one, many by a window that begins
// before the oldest of them.
func (f *responseFetch) owe(owed map[string]present) {
	f.report.Missing = new(int64)
	if len(owed) == 0 {
		return
	}
	f.report.Late += int64(len(owed))
	oldest := f.to
	for id, one := range owed {
		f.modified[id] = one.modified
		f.ledger.intended[id] = len(owed) <= mostQuestions
		if one.modified.IsZero() {
			oldest = time.Time{}
			continue
		}
		f.ledger.owed[id] = one.modified.UnixMilli()
		oldest = earlier(oldest, one.modified)
		f.report.LatestBy = max(f.report.LatestBy, f.to.Sub(one.modified))
	}
	f.env.Log.Warn("the audit found responses that were not delivered: reading them now", "survey", f.survey, "responses", len(owed), "latest_by", f.report.LatestBy)
	if len(owed) <= mostQuestions {
		return
	}
	maps.DeleteFunc(f.ledger.intended, func(_ string, meant bool) bool { return !meant })
	// The position goes back: this run's window, and that of the next one
	// should this be interrupted, begins there.
	f.rewind(min(f.position.Watermark, oldest.Unix()))
}
