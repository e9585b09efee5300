package feed

import (
	"context"
	"errors"
	"maps"
	"time"

	"github.com/birdie-ai/source-qualtrics/source/qualtrics"
)

// sealFirst seals what is listed before rows go out: of a set that has no date
// only the list tells what it holds.
func (f *contactFetch) sealFirst(ctx context.Context) error {
	if f.ledger == nil || !f.ledger.sealedAt.IsZero() {
		return nil
	}
	return f.audit(ctx)
}

// auditDue audits when it is time, after the windows: then all that came since
// the set was made is known.
func (f *contactFetch) auditDue(ctx context.Context) error {
	l := f.ledger
	if !f.audited && l.due(f.to, f.env.AuditEvery, f.env.Lookback) {
		if err := f.audit(ctx); err != nil {
			return err
		}
	}
	if f.sealedFrom != nil {
		l.sealedAt = f.to
	}
	return nil
}

// audit holds the directory's list against what may have been delivered:
// contacts that are gone become absent, until they are confirmed. Then all
// that is listed is sealed anew; the state is out when it returns. That the
// list cannot be read holds back no row.
func (f *contactFetch) audit(ctx context.Context) error {
	l := f.ledger
	f.audited = true
	shown := &listing{}
	for id, err := range f.env.Client.ContactIDs(ctx, f.directory) {
		switch {
		case err == nil:
			shown.put(string(id))
		case ctx.Err() != nil:
			return err
		case refused(err):
			f.env.Log.Warn("deleted contacts cannot be found: the directory's list is refused", "directory", f.directory, "error", err)
			if !l.sealed {
				f.ledger = nil // it would only grow
			}
			return nil
		default:
			f.unlisted = err
			return nil
		}
	}
	shown.close()
	gone, more, err := l.compare(shown, f.young)
	switch doubtedBefore := l.doubted != 0 && !f.to.IsZero() && waited(f.to, l.doubted, f.env.Lookback); {
	case err == nil:
	case more <= 0:
		f.env.Log.Warn("more contacts came since the last audit than it can tell from those that are gone: deletions may be missed", "directory", f.directory)
	case doubtedBefore:
		f.unresolved += more
	default:
		// A list that is cut short looks like this, too: another one decides.
		f.env.Log.Warn("the directory's list lacks more contacts than can be named: it is read again by a later run", "directory", f.directory, "contacts", more)
		l.doubt(f.to)
		return f.report(f.out.Announce)
	}
	now, _ := f.env.Client.ServerTime()
	l.reseal(shown, now)
	f.sealedFrom = shown
	if l.set == nil {
		f.env.Log.Info("deletions of the directory cannot be followed: the ids of its contacts have no known form", "directory", f.directory)
	}
	maps.DeleteFunc(l.absent, func(id string, _ int64) bool { return shown.has(id) })
	for _, id := range gone {
		if !l.miss(id, f.to) {
			f.unresolved++
		}
	}
	return f.report(f.out.Announce)
}

// intend notes in the ledger what is about to be delivered: the rows of an
// interrupted run may have arrived.
func (f *contactFetch) intend(contacts []*Contact) {
	l := f.ledger
	if l == nil {
		return
	}
	for id, lacking := range f.fresh(contacts) {
		// One that finds no room is as good as sealed: this run's audit makes
		// a seal that holds it.
		if len(l.added) < 2*mostAdded {
			l.added[id], f.unsaid = lacking, true
		}
		delete(l.absent, id)
	}
	for _, contact := range contacts {
		if modified := contact.ModifiedAt.Unix(); modified > l.newest {
			// The state learns of it in steps: most rows are older than now.
			const step = int64(time.Hour / time.Second)
			l.newest, f.unsaid = modified, true
			if modified <= f.to.Unix() {
				l.newest = f.to.Unix()
			} else if modified < lastSecond-step {
				l.newest = modified + step - modified%step
			}
		}
	}
}

// meet notes the creation date of a contact that was read.
func (f *contactFetch) meet(contact *Contact) {
	if f.ledger == nil || contact.CreatedAt == nil {
		return
	}
	l, created := f.ledger, contact.CreatedAt.Unix()
	l.created = max(l.created, created)
	switch id := string(contact.ID); {
	case created <= l.through, l.through == 0 && f.sealedFrom == nil:
	case f.sealedFrom == nil:
		f.young[id] = true
	case f.sealedFrom.has(id):
		l.through = created
	}
}

// fresh are the contacts that need not be in the set, with whether it lacks
// them for sure. Ids tell, or the list that the set was just made from; else
// their creation date does.
func (f *contactFetch) fresh(contacts []*Contact) map[string]bool {
	l, fresh := f.ledger, make(map[string]bool)
	for _, contact := range contacts {
		id := string(contact.ID)
		_, added := l.added[id]
		_, gone := l.absent[id]
		switch {
		case added:
		case gone, l.set == nil:
			fresh[id] = true
		case l.set.ids != nil:
			if !l.set.ids[id] {
				fresh[id] = true
			}
		case f.sealedFrom != nil:
			if !f.sealedFrom.has(id) {
				fresh[id] = true
			}
		case contact.CreatedAt == nil:
			fresh[id] = false
		case contact.CreatedAt.Unix() > l.through-int64(createdLate/time.Second):
			fresh[id] = contact.CreatedAt.Unix() > l.through
		}
	}
	return fresh
}

// confirm asks for the contacts that the list did not show at least a
// look-back ago: only Qualtrics' own word that a contact does not exist makes
// it deleted, and only where it has a word for one that does.
func (f *contactFetch) confirm(ctx context.Context) error {
	asked := f.ledger.ripe(f.to, f.env.Lookback)
	if len(asked) == 0 {
		return nil
	}
	if known, err := f.answers(ctx); err != nil || !known {
		return err
	}
	f.ledger.newest = stamp(f.to, f.ledger.newest)
	at := time.Unix(f.ledger.newest, 0).UTC()
	for _, id := range asked {
		switch exists, err := f.env.Client.HasContact(ctx, f.directory, qualtrics.ContactID(id)); {
		case ctx.Err() != nil:
			return context.Cause(ctx)
		case err != nil:
			f.env.Log.Info("whether a contact was deleted cannot be told yet", "directory", f.directory, "contact", id, "error", err)
		case exists:
			// As it was delivered; its edits come with the windows.
			delete(f.ledger.absent, id)
			f.ledger.added[id] = true // the set was made without it
		default:
			delete(f.ledger.absent, id)
			if err := f.out.Document(&Document{Partition: f.partition, ID: id, DeletedAt: at, ReadAt: f.to}); err != nil {
				return err
			}
		}
	}
	return nil
}

// answers reports whether single contacts can be asked for: one that is listed
// is found. Of an empty directory none tells.
func (f *contactFetch) answers(ctx context.Context) (bool, error) {
	for id, err := range f.env.Client.ContactIDs(ctx, f.directory) {
		var exists bool
		if err == nil {
			exists, err = f.env.Client.HasContact(ctx, f.directory, id)
		}
		switch {
		case ctx.Err() != nil:
			return false, context.Cause(ctx)
		case err != nil || !exists:
			f.env.Log.Warn("deleted contacts cannot be confirmed yet: one that is listed is not found", "directory", f.directory, "contact", id, "error", err)
			return false, nil
		default:
			return true, nil
		}
	}
	return true, nil
}

// resolved says what of the audits failed.
func (f *contactFetch) resolved() error {
	var ghosts error
	if f.unresolved > 0 {
		ghosts = &UnresolvedError{f.partition.String(), f.unresolved}
	}
	return errors.Join(f.unlisted, ghosts)
}
