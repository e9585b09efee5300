package feed

import (
	"cmp"
	"context"
	"errors"
	"time"

	"github.com/birdie-ai/source-qualtrics/source/qualtrics"
)

// Search stops at 10,000 contacts (API §4.2), a page holds 100.
const (
	searchPage   = 100
	windowTarget = 4000 // contacts of one sweep window, well below the limit
)

type contactField int

const (
	createdField contactField = iota
	modifiedField
)

// contactWindow is a half-open range of creation or modified dates, in whole
// seconds; a zero bound is open.
type contactWindow struct {
	field        contactField
	from, before time.Time
}

func (w contactWindow) filter() qualtrics.ContactFilter {
	if w.field == createdField {
		return qualtrics.ContactFilter{CreatedFrom: w.from, CreatedBefore: w.before}
	}
	return qualtrics.ContactFilter{ModifiedFrom: w.from, ModifiedBefore: w.before}
}

// errUnstable says that the passes over a window kept differing.
var errUnstable = errors.New("the window changed in every pass")

// read delivers the contacts of a window, halving it as long as it is too
// deep for search or changes too fast to be read.
func (f *contactFetch) read(ctx context.Context, window contactWindow) error {
	_, err := f.passes(ctx, window)
	if refused(err) {
		f.unreached = err
		return nil
	}
	if !errors.Is(err, qualtrics.ErrSearchDepth) && !errors.Is(err, errUnstable) {
		return err
	}
	end := window.before
	if end.IsZero() {
		end = cmp.Or(f.to, f.env.Now()).Add(time.Second) // any end does: the last window is open
	}
	half := end.Sub(window.from) / 2
	if half < time.Second {
		f.miss(window, err)
		return nil
	}
	middle := window.from.Add(half).Truncate(time.Second)
	first, second := window, window
	first.before, second.from = middle, middle
	if err := f.read(ctx, first); err != nil {
		return err
	}
	return f.read(ctx, second)
}

// miss notes that a second cannot be read to its end: it holds more contacts
// than search shows, or changes too fast.
func (f *contactFetch) miss(window contactWindow, err error) {
	if at := &f.behind[window.field]; at.IsZero() || window.from.Before(*at) {
		*at = window.from
	}
	if errors.Is(err, errUnstable) {
		f.unstable = true
	} else {
		f.unreached = err
	}
}

// passes reads a window until it is verified: it fits one page, or two passes
// in a row show the same contacts. A single pass is not enough, for a contact
// that leaves the window shifts the pages under the reader, who then misses
// another one. What any pass shows is delivered.
func (f *contactFetch) passes(ctx context.Context, window contactWindow) (count int, err error) {
	delivered := make(map[rowHash]bool)
	var before map[qualtrics.ContactID]bool
	for range 3 {
		ids := make(map[qualtrics.ContactID]bool)
		for contact, err := range f.env.Client.SearchContacts(ctx, f.directory, window.filter()) {
			if err != nil {
				return len(ids), err
			}
			ids[contact.ID] = true
			if shown := f.fingerprint(&contact); !delivered[shown] {
				delivered[shown] = true
				if err := f.take(&contact); err != nil {
					return len(ids), err
				}
			}
		}
		if err := f.flush(); err != nil {
			return len(ids), err
		}
		if len(ids) < searchPage || sameIDs(before, ids) {
			return len(ids), nil
		}
		before = ids
	}
	return len(before), errUnstable
}

func sameIDs(a, b map[qualtrics.ContactID]bool) bool {
	if len(a) != len(b) {
		return false
	}
	for id := range a {
		if !b[id] {
			return false
		}
	}
	return true
}

// slices sweeps the creation dates from where the sweep stands to now. The
// width of a window follows what the one before held.
func (f *contactFetch) slices(ctx context.Context) error {
	from := time.Unix(f.position.SweepThrough, 0)
	width := f.to.Sub(firstContact)
	for {
		window := contactWindow{field: createdField, from: from, before: from.Add(width).Truncate(time.Second)}
		if from.Unix() == 0 {
			window.before = firstContact.Add(width).Truncate(time.Second)
		}
		last := !window.before.Before(f.to)
		if last {
			window.before = time.Time{}
		}
		count, err := f.passes(ctx, window)
		switch {
		case refused(err):
			f.unreached = err
			return nil
		case errors.Is(err, qualtrics.ErrSearchDepth) || errors.Is(err, errUnstable):
			if width > time.Second {
				width = max(time.Second, (width / 8).Truncate(time.Second))
				continue
			}
			f.miss(window, err)
		case err != nil:
			return err
		}
		if last {
			return nil
		}
		from = window.before
		if f.behind[createdField].IsZero() {
			f.position.SweepThrough = from.Unix()
		}
		if err := f.checkpoint(); err != nil {
			return err
		}
		width = adapt(width, int64(count), windowTarget, grows)
	}
}

// firstContact is before the first contact of any directory: the product is
// younger. assumed
var firstContact = time.Date(2005, 1, 1, 0, 0, 0, 0, time.UTC)

// refused reports whether a directory offers no search at all (XM Directory
// Lite, API §4).
func refused(err error) bool {
	return qualtrics.IsNotFound(err) || (qualtrics.IsForbidden(err) && !qualtrics.IsMissingScope(err))
}

// list delivers from the directory's list what the searches of this run did not
// reach, should there be any. It comes last, for listed contacts carry no dates,
// and less than the others, and not as long as a search may show them.
func (f *contactFetch) list(ctx context.Context) error {
	if f.unreached == nil || f.unstable {
		return nil
	}
	if f.ledger != nil && f.ledger.set != nil && f.ledger.set.table != nil && !f.audited {
		// Without dates nothing tells whether a contact is in a sketch.
		if err := f.audit(ctx); err != nil {
			return err
		}
	}
	f.env.Log.Info("reading the directory's list", "directory", f.directory, "reason", f.unreached)
	if err := f.flush(); err != nil {
		return err
	}
	f.searched.close()
	for contact, err := range f.env.Client.Contacts(ctx, f.directory) {
		switch {
		case err != nil:
			return err
		case f.searched.has(string(contact.ID)):
			continue
		}
		if err := f.deliver(&contact); err != nil {
			return err
		}
	}
	return f.flush()
}
