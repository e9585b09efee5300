package feed

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/birdie-ai/source-qualtrics/source/frame"
	"github.com/birdie-ai/source-qualtrics/source/qualtrics"
)

// present is a response as an export of ids shows it.
type present struct {
	id                 string
	recorded, modified time.Time // zero where the export carries none
}

// identify reads the id and the dates of an exported record, and nothing else.
func identify(raw []byte) (present, error) {
	var r present
	err := frame.ValidMembers(raw, func(name string, value []byte) error {
		switch name {
		case "responseId":
			if id, ok := frame.String(value); ok && r.id == "" {
				r.id = id
			}
		case "values":
			if frame.Kind(value) != '{' {
				return nil
			}
			return frame.ValidMembers(value, func(name string, value []byte) error {
				text, ok := frame.String(value)
				if !ok {
					return nil
				}
				switch name {
				case "_recordId":
					if r.id == "" {
						r.id = text
					}
				case "recordedDate":
					r.recorded, _ = ParseTime(text)
				case "_lastModifiedDate":
					r.modified, _ = ParseTime(text)
				case "lastModifiedDate": // assumed, see Response
					if r.modified.IsZero() {
						r.modified, _ = ParseTime(text)
					}
				}
				return nil
			})
		}
		return nil
	})
	if err != nil {
		return r, fmt.Errorf("reading a response: %w", err)
	}
	if r.id == "" {
		return r, errNoID
	}
	return r, nil
}

// scan calls visit with every response of a file.
func scan(ctx context.Context, file *frame.File, visit func(present)) error {
	for value, err := range file.Values(ctx) {
		if err != nil {
			return err
		}
		switch one, err := identify(value.Raw); {
		case err == nil:
			visit(one)
		case !errors.Is(err, errNoID):
			return err
		}
	}
	return nil
}

// presence exports the ids of all responses there are, and hands the verified
// file over.
func (f *responseFetch) presence(ctx context.Context, use func(*frame.File) error) error {
	none := []string{}
	ids := []string{"_recordId", "recordedDate"}
	_, err := f.export(ctx, qualtrics.ExportRequest{
		Survey: f.survey, Start: time.Unix(f.position.Floor, 0), SortByModified: true,
		Questions: &none, EmbeddedData: &none, Metadata: &ids,
	}, func(file *frame.File) (int64, error) { return 0, use(file) })
	var damaged *frame.Error
	if errors.As(err, &damaged) {
		// It was tried often enough, and says nothing of the file around it.
		return &qualtrics.ExportError{Survey: f.survey, Reason: "the export of its ids: " + err.Error(), Attempts: exportAttempts}
	}
	return err
}

// sealFrom makes the seal of what a file shows, as of a moment before its job.
func (f *responseFetch) sealFrom(ctx context.Context, file *frame.File, at time.Time) error {
	made := newSealing(f.ledger.room)
	err := scan(ctx, file, func(one present) {
		if one.recorded.Before(at) {
			made.put(one.id)
		}
	})
	if err != nil {
		return err
	}
	set := made.seal()
	if set == nil {
		f.env.Log.Info("deletions of the survey cannot be followed: its share of the state is too small", "survey", f.survey, "responses", made.count)
	}
	f.ledger.set, f.ledger.sealedAt, f.ledger.deleted, f.ledger.due = set, at, f.deleted, false
	f.ledger.since = at.Add(-deliveredSince)
	return nil
}

// auditDue reports whether it is time to look for what is gone, before so
// many more responses are delivered.
func (f *responseFetch) auditDue(fresh int) bool {
	l := f.ledger
	age := f.to.Sub(l.sealedAt)
	switch {
	case f.to.IsZero():
		return false
	case l.due, age >= f.env.AuditEvery, len(l.delivered)+fresh > l.entries:
		return true
	case l.set == nil || f.deleted <= l.deleted:
		return false
	}
	// Qualtrics' counter says that responses were deleted. It is a hint.
	return age >= leastSealAge || f.deleted-l.deleted > l.set.holds()/2
}

// upcoming is what a window is about to deliver.
type upcoming struct {
	from time.Time            // the window holds what was modified since; zero: everything
	rows map[string]time.Time // id → modified; nil where they are too many to tell apart
}

// mostUpcoming bounds what is remembered of a window.
const mostUpcoming = 20_000

func (u *upcoming) add(one present, most int) {
	if u.rows != nil {
		u.rows[one.id] = one.modified
	}
	if len(u.rows) > most {
		u.rows = nil
	}
}

// count is how many rows there are; many, where nobody knows.
func (u *upcoming) count() int {
	if u.rows == nil {
		return mostUpcoming
	}
	return len(u.rows)
}

func (u *upcoming) has(one present) bool {
	if u.rows == nil {
		return one.modified.IsZero() || !one.modified.Before(u.from)
	}
	at, ok := u.rows[one.id]
	return ok && at.Equal(one.modified)
}

// intend remembers what is about to be delivered, before it is: the rows of an
// interrupted run may have arrived. The state is out when it returns.
func (f *responseFetch) intend(ctx context.Context, file *frame.File, from time.Time) error {
	l := f.ledger
	next := &upcoming{from: from, rows: make(map[string]time.Time)}
	switch {
	case !l.sealed():
		if err := f.firstSeal(ctx, file); err != nil {
			return err
		}
		return f.announce()
	case f.position.Watermark == 0 && !f.audited:
		// A first load was interrupted before its end: what it had sealed may
		// be delivered, and gone by now.
		next.rows = nil
		if err := f.audit(ctx, next); err != nil {
			return err
		}
		return f.announce()
	}
	err := scan(ctx, file, func(one present) {
		sealed := f.loading && one.recorded.Before(l.sealedAt) && one.modified.Before(l.since)
		if !sealed && !l.has(one.id, one.modified) {
			next.add(one, mostUpcoming)
		}
	})
	if err != nil {
		return err
	}
	if !f.audited && !f.loading && f.auditDue(next.count()) {
		if err := f.audit(ctx, next); err != nil {
			return err
		}
		return f.announce()
	}
	if len(l.delivered)+next.count() > 2*l.entries {
		// A seal made in this run covers nearly all of them; the next run
		// makes another.
		l.due = true
		return nil
	}
	for id := range next.rows {
		l.intended[id] = true
	}
	if len(next.rows) == 0 {
		return nil
	}
	return f.announce()
}

// firstSeal seals what the first load is about to deliver. What a load that
// was interrupted before had sealed is compared first.
func (f *responseFetch) firstSeal(ctx context.Context, file *frame.File) error {
	if f.to.IsZero() {
		return nil // there is nothing to date it by
	}
	if f.whole {
		return f.sealFrom(ctx, file, f.to)
	}
	return f.presence(ctx, func(ids *frame.File) error { return f.sealFrom(ctx, ids, f.to) })
}

// audit holds what was delivered against what exists: responses that are gone
// become absent, until they are confirmed; responses that were never delivered
// at their version are owed. Then all is sealed anew. The rows of next are
// about to be delivered.
func (f *responseFetch) audit(ctx context.Context, next *upcoming) error {
	at, ok := f.env.Client.ServerTime()
	if !ok {
		return nil
	}
	f.audited = true
	return f.presence(ctx, func(ids *frame.File) error {
		a := f.auditing(next)
		if err := scan(ctx, ids, a.see); err != nil {
			return err
		}
		if err := a.conclude(ctx, ids); err != nil {
			return err
		}
		if err := f.sealFrom(ctx, ids, at); err != nil {
			return err
		}
		f.ledger.trim()
		return f.owe(a.owed)
	})
}

// auditing begins a comparison.
func (f *responseFetch) auditing(next *upcoming) *auditing {
	a := &auditing{
		fetch: f, next: next, settled: f.to.Add(-f.env.Lookback), owed: make(map[string]present), unseen: maps.Clone(f.ledger.intended),
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
	fetch   *responseFetch
	next    *upcoming
	settled time.Time       // what was modified since belongs to the next window
	sealed  *comparison     // nil without a set
	unseen  map[string]bool // delivered since the seal, or intended, and not seen yet
	owed    map[string]present
}

// see takes a response that exists.
func (a *auditing) see(one present) {
	l := a.fetch.ledger
	before := one.recorded.Before(l.sealedAt)
	if before && a.sealed != nil {
		a.sealed.see(one.id)
	}
	delete(a.unseen, one.id)
	if a.next.has(one) || l.has(one.id, one.modified) {
		return
	}
	_, known := l.delivered[one.id]
	changed := known || (!one.modified.IsZero() && !one.modified.Before(l.since))
	if !before || changed {
		a.owe(one)
	}
}

func (a *auditing) owe(one present) {
	date := one.modified
	if date.IsZero() {
		date = one.recorded
	}
	if date.Before(a.settled) {
		a.owed[one.id] = one
	}
}

// conclude names what is gone, and what was recorded before the seal and is
// not in it.
func (a *auditing) conclude(ctx context.Context, ids *frame.File) error {
	f, l := a.fetch, a.fetch.ledger
	var gone, late []string
	if a.sealed != nil {
		var net int64
		var err error
		if gone, late, net, err = a.sealed.result(); err != nil {
			f.report.Unresolved += max(1, net-int64(len(gone)-len(late)))
		}
	}
	for _, id := range slices.Concat(gone, slices.Collect(maps.Keys(a.unseen))) {
		if _, waiting := l.absent[id]; !waiting {
			l.absent[id] = f.to.Unix()
		}
		delete(l.delivered, id)
		delete(l.intended, id)
	}
	missing := make(map[string]bool)
	for _, id := range late {
		if _, known := l.delivered[id]; !known {
			missing[id] = true
		}
	}
	if len(missing) == 0 {
		return nil
	}
	return scan(ctx, ids, func(one present) {
		if missing[one.id] && !a.next.has(one) {
			a.owe(one)
		}
	})
}

// owe makes owed responses come: few one by one, many by a window that begins
// before the oldest of them.
func (f *responseFetch) owe(owed map[string]present) error {
	f.report.Missing = new(int64)
	if len(owed) == 0 {
		return nil
	}
	f.report.Late += int64(len(owed))
	f.env.Log.Warn("the audit found responses that were not delivered: reading them now", "survey", f.survey, "responses", len(owed))
	oldest := f.to
	for id, one := range owed {
		f.modified[id] = one.modified
		if one.modified.IsZero() {
			oldest = time.Time{}
		} else {
			oldest = earlier(oldest, one.modified)
			f.report.LatestBy = max(f.report.LatestBy, f.to.Sub(one.modified))
		}
		f.ledger.intended[id] = true
	}
	if len(owed) > mostQuestions {
		for id := range owed {
			delete(f.ledger.intended, id)
		}
		f.rewind = true
		// The position goes back too: an interrupted run has to do it again.
		f.position.Watermark = max(1, min(f.position.Watermark, epoch(oldest)))
	}
	return nil
}
