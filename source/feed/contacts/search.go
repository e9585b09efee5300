package contacts

import (
	"cmp"
	"context"
	"errors"
	"hash/maphash"
	"maps"
	"time"

	"github.com/birdie-ai/source-qualtrics/source/feed/reconcile"
	"github.com/birdie-ai/source-qualtrics/source/qualtrics"
)

const searchPage = 100 // contacts of one page

// firstContact is earlier than the first contact of any directory: the product is younger. *Assumed.*
var firstContact = time.Date(2005, 1, 1, 0, 0, 0, 0, time.UTC)

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

// idSet is a set of contact ids.
type idSet map[string]bool

// searcher reads search windows. A search ends at 10,000 contacts (API §4.2).
type searcher struct {
	*directory
	emit *emitter

	shown      reconcile.IDSet // contacts that the searches of this run showed
	incomplete error           // why searches do not show all contacts; nil: they do
	unstable   bool            // a second changed in every pass over it
	unread     [2]time.Time    // by field, the first second that was not read completely; zero: there is none
}

// errUnstable says that the passes over a window differed each time.
var errUnstable = errors.New("the window changed in every pass")

// refused reports whether a directory has no search or list at all (XM Directory Lite, API §4).
func refused(err error) bool {
	return qualtrics.IsNotFound(err) || (qualtrics.IsForbidden(err) && !qualtrics.IsMissingScope(err))
}

// unreadable reports whether a window has too many contacts for a search, or changes too fast. A
// shorter one may be readable.
func unreadable(err error) bool {
	return errors.Is(err, qualtrics.ErrSearchDepth) || errors.Is(err, errUnstable)
}

// read delivers the contacts of a window. It halves a window that is not readable, down to a second.
func (s *searcher) read(ctx context.Context, window contactWindow) error {
	_, err := s.passes(ctx, window)
	if refused(err) {
		s.incomplete = err
		return nil
	}
	if !unreadable(err) {
		return err
	}
	end := window.before
	if end.IsZero() {
		end = cmp.Or(s.to, s.env.Now()).Add(time.Second) // only to find a middle: the last window stays open
	}
	half := end.Sub(window.from) / 2
	if half < time.Second {
		s.giveUp(window, err)
		return nil
	}
	middle := window.from.Add(half).Truncate(time.Second)
	first, second := window, window
	first.before, second.from = middle, middle
	if err := s.read(ctx, first); err != nil {
		return err
	}
	return s.read(ctx, second)
}

// giveUp notes that a second is not readable.
func (s *searcher) giveUp(window contactWindow, err error) {
	if at := &s.unread[window.field]; at.IsZero() || window.from.Before(*at) {
		*at = window.from
	}
	if errors.Is(err, errUnstable) {
		s.unstable = true
	} else {
		s.incomplete = err
	}
}

// passes reads a window until it is verified: it fits on one page, or two consecutive passes show
// the same contacts. One pass is not enough: if a contact leaves the window meanwhile, the
// following contacts move up, perhaps to a page that was read already. The contacts of all
// passes are delivered.
func (s *searcher) passes(ctx context.Context, window contactWindow) (ids idSet, err error) {
	delivered, seed := make(map[uint64]bool), maphash.MakeSeed() // by the hashes of their elements
	var before idSet
	for range 3 {
		ids = make(idSet, len(before))
		for found, err := range s.env.Client.SearchContacts(ctx, s.id, window.filter()) {
			switch {
			case s.nameless.Takes(err):
				continue
			case err != nil:
				return ids, err
			}
			ids[string(found.ID)] = true
			if hash := maphash.Bytes(seed, found.Raw); !delivered[hash] {
				delivered[hash] = true
				s.shown.Add(string(found.ID))
				contact := found.Contact()
				if err := s.emit.deliver(&contact); err != nil {
					return ids, err
				}
			}
		}
		if err := s.emit.flush(); err != nil {
			return ids, err
		}
		if len(ids) < searchPage || maps.Equal(before, ids) {
			return ids, nil
		}
		before = ids
	}
	return before, errUnstable
}
