package contacts

import (
	"fmt"
	"time"

	"github.com/birdie-ai/source-qualtrics/source/feed"
	"github.com/birdie-ai/source-qualtrics/source/feed/reconcile"
	"github.com/birdie-ai/source-qualtrics/source/frame"
)

// emitter delivers contacts in batches, without those that were delivered before. A state with the
// ids of a batch goes out before it if they are not in a state yet.
type emitter struct {
	*directory
	rows     *reconcile.RowHashes
	keepFrom time.Time // oldest modified date that the next window reads again

	batch       []feed.Contact
	dated       bool // the position has this run's date of contacts without a modified date
	unannounced bool // the position has to go out before the next contact
}

// deliver adds a contact to the batch.
func (e *emitter) deliver(contact *feed.Contact) error {
	if err := e.protect(contact); err != nil {
		return err
	}
	if e.batch = append(e.batch, *contact); len(e.batch) < searchPage {
		return nil
	}
	return e.flush()
}

// flush delivers the batch.
func (e *emitter) flush() error {
	batch := make([]*feed.Contact, 0, len(e.batch))
	for i := range e.batch {
		if e.tracker != nil {
			e.tracker.observe(&e.batch[i])
		}
		known, err := e.wasDelivered(&e.batch[i])
		if err != nil {
			return err
		}
		if !known {
			batch = append(batch, &e.batch[i])
		}
	}
	e.batch = e.batch[:0]
	if len(batch) == 0 {
		return nil
	}
	if err := e.announceBatch(batch); err != nil {
		return err
	}
	for _, contact := range batch {
		doc := feed.Document{Partition: e.partition, ID: string(contact.ID), Content: contact, ReadAt: e.to}
		if contact.ModifiedAt == nil {
			doc.DatedAt = e.syntheticDate()
		}
		if err := e.out.Document(&doc); err != nil {
			return err
		}
	}
	return nil
}

// announceBatch reports the position before a batch, if the state does not have its ids and dates. The
// row hashes are left out of it. Example: a contact is "A" in the old state, this run delivers "B" and is
// interrupted, and the contact becomes "A" again. The next run has to deliver "A".
func (e *emitter) announceBatch(batch []*feed.Contact) error {
	if e.tracker != nil {
		for _, contact := range batch {
			if e.tracker.intend(contact, e.dateOf(contact), e.to) {
				e.unannounced = true
			}
		}
	}
	if !e.unannounced {
		return nil
	}
	e.unannounced, e.position.Rows = false, ""
	return e.announce()
}

// wasDelivered reports whether a contact was delivered before with the same values.
func (e *emitter) wasDelivered(contact *feed.Contact) (bool, error) {
	modified := e.dateOf(contact)
	if contact.ModifiedAt == nil {
		modified = reconcile.Later(modified, e.keepFrom) // the next list shows it again
	}
	delivered, err := e.rows.WasDelivered(string(contact.ID), modified, e.keepFrom, func(dst []byte) ([]byte, error) {
		return frame.Canonical(dst, contact.Raw)
	})
	if err != nil {
		return false, fmt.Errorf("hashing contact %s: %w", contact.ID, err)
	}
	return delivered, nil
}

// dateOf returns the modified date of a contact, or the date that stands in for it.
func (e *emitter) dateOf(contact *feed.Contact) time.Time {
	if contact.ModifiedAt != nil {
		return *contact.ModifiedAt
	}
	return e.syntheticDate()
}

// syntheticDate returns the date of this run's contacts that have no modified date: server time
// − look-back. A row with a date of its own then has a later cursor. The date is later than that
// of the run before.
func (e *emitter) syntheticDate() time.Time {
	if !e.dated {
		now := firstContact
		if !e.to.IsZero() {
			now = e.to.Add(-e.env.Lookback)
		}
		e.position.Listed = reconcile.TombstoneTime(now, e.position.Listed)
		e.dated, e.unannounced = true, true
	}
	return time.Unix(e.position.Listed, 0).UTC()
}

// keepRows puts the hashes of the rows that the next window reads again into the position.
func (e *emitter) keepRows() {
	e.rows.Roll(e.keepFrom)
	e.position.Rows = e.env.Budget.EncodeRows(e.rows, e.partition.Salt(), reconcile.MaxRows)
}
