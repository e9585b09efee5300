package contacts

import (
	"context"
	"fmt"

	"github.com/birdie-ai/source-qualtrics/source/feed/reconcile"
	"github.com/birdie-ai/source-qualtrics/source/qualtrics"
)

// lister reads the directory's list. Its rows have no dates and fewer values than those of a search.
type lister struct {
	*directory
	emit *emitter

	asked  bool             // ids was called in this run
	listed *reconcile.IDSet // its result; nil: the list is refused or failed
	err    error            // why the list could not be read; it makes the directory incomplete
	single idSet            // contacts that were read by a call for each, which has more values
}

// ids returns the ids in the directory's list. A run reads them once. If the list is refused or fails,
// it returns nil without an error, and notes a failure in err. An error ends the run.
func (l *lister) ids(ctx context.Context) (*reconcile.IDSet, error) {
	if l.asked {
		return l.listed, nil
	}
	l.asked = true
	listed := &reconcile.IDSet{}
	for id, err := range l.env.Client.ContactIDs(ctx, l.id) {
		switch {
		case err == nil:
			listed.Add(string(id))
		case l.nameless.Takes(err):
		case ctx.Err() != nil:
			return nil, context.Cause(ctx)
		case refused(err):
			l.env.Log.Warn("deleted contacts cannot be found, nor those that searches do not show: the directory's list is refused", "directory", l.id, "error", err)
			return nil, nil //nolint:nilnil // as the comment says
		default:
			l.err = fmt.Errorf("listing the contacts of %s: %w", l.partition, err)
			return nil, nil //nolint:nilnil // as the comment says
		}
	}
	listed.Sort()
	l.listed = listed
	return listed, nil
}

// deliverEach delivers contacts that only the list shows. Each is read by its own call, which has
// dates. If that call fails, and for contacts above [reconcile.MaxSingleCalls], the row of the list
// is delivered instead.
func (l *lister) deliverEach(ctx context.Context, ids []string) error {
	if len(ids) == 0 {
		return nil
	}
	l.env.Log.Info("the directory's list shows contacts that searches do not: they are delivered, too", "directory", l.id, "contacts", len(ids))
	rest, failed := make(idSet), error(nil)
	for i, id := range ids {
		if i >= reconcile.MaxSingleCalls {
			rest[id] = true
			continue
		}
		contact, err := l.env.Client.Contact(ctx, l.id, qualtrics.ContactID(id))
		switch {
		case ctx.Err() != nil:
			return context.Cause(ctx)
		case err != nil:
			rest[id] = true
			if !qualtrics.IsGone(err) {
				failed = err
			}
		default:
			l.single[id] = true
			if err := l.emit.deliver(&contact); err != nil {
				return err
			}
		}
	}
	if len(rest) > 0 {
		err := l.deliver(ctx, func(id string) bool {
			wanted := rest[id]
			delete(rest, id)
			return wanted
		})
		if err != nil {
			return err
		}
	}
	if len(rest) > 0 && failed != nil {
		return fmt.Errorf("reading %d contacts of %s that were listed before: %w", len(rest), l.partition, failed)
	}
	return l.emit.flush()
}

// deliver delivers the wanted rows of the list.
func (l *lister) deliver(ctx context.Context, wanted func(id string) bool) error {
	for contact, err := range l.env.Client.Contacts(ctx, l.id) {
		switch {
		case l.nameless.Takes(err):
			continue
		case err != nil:
			return err
		case !wanted(string(contact.ID)):
			continue
		}
		if err := l.emit.deliver(&contact); err != nil {
			return err
		}
	}
	return l.emit.flush()
}
