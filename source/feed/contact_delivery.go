package feed

import (
	"fmt"
	"time"

	"github.com/birdie-ai/source-qualtrics/source/frame"
	"github.com/birdie-ai/source-qualtrics/source/record"
)

// take takes a contact that a search showed.
func (f *contactFetch) take(contact *Contact) error {
	f.searched.put(string(contact.ID))
	return f.deliver(contact)
}

// deliver takes a contact that is to be delivered by the next flush.
func (f *contactFetch) deliver(contact *Contact) error {
	if f.batch = append(f.batch, *contact); len(f.batch) < searchPage {
		return nil
	}
	return f.flush()
}

// flush hands over the contacts that were taken, unless they are known to be
// delivered already. The state learns of them before.
func (f *contactFetch) flush() error {
	batch := make([]*Contact, 0, len(f.batch))
	for i := range f.batch {
		f.meet(&f.batch[i])
		known, err := f.known(&f.batch[i])
		if err != nil {
			return err
		}
		if !known {
			batch = append(batch, &f.batch[i])
		}
	}
	f.batch = f.batch[:0]
	if len(batch) == 0 {
		return nil
	}
	f.intend(batch)
	if err := f.announce(); err != nil {
		return err
	}
	for _, contact := range batch {
		if err := f.out.Document(&Document{Partition: f.partition, ID: string(contact.ID), Content: contact, ReadAt: f.to}); err != nil {
			return err
		}
	}
	return nil
}

// known reports whether a contact was delivered before as it is, and remembers
// it where a later window meets it again.
func (f *contactFetch) known(contact *Contact) (bool, error) {
	var modified time.Time
	if contact.ModifiedAt != nil {
		modified = *contact.ModifiedAt
	} else {
		// Listed: the next list shows it again, whenever that is.
		cursor := f.cursor()
		contact.ModifiedAt, modified = &cursor, later(cursor, f.keepFrom)
	}
	again := !modified.Before(f.keepFrom)
	if len(f.rows.known) == 0 && !again {
		return false, nil
	}
	canonical, err := frame.Canonical(f.canonical[:0], contact.Raw)
	if err != nil {
		return false, fmt.Errorf("hashing contact %s: %w", contact.ID, err)
	}
	f.canonical = canonical
	hash := f.rows.hash(string(contact.ID), canonical)
	if again {
		f.rows.keep(hash, modified)
	}
	return f.rows.known[hash], nil
}

// cursor is what this run dates contacts by that carry no date: the look-back
// before the read, so that a row with a date of its own, read since, wins; but
// after those of the run before, and of one that no state knows of.
func (f *contactFetch) cursor() time.Time {
	if !f.dated {
		now := firstContact
		if !f.to.IsZero() {
			now = f.to.Add(-f.env.Lookback)
		}
		f.position.Listed = stamp(now, f.position.Listed)
		f.dated, f.unsaid = true, true
	}
	return time.Unix(f.position.Listed, 0).UTC()
}

// announce tells the state of the rows to come, before the first of them. The
// row hashes leave it: should this run be interrupted, and a contact be changed
// back to what it was, its row is not to be taken for the one that was
// delivered then.
func (f *contactFetch) announce() error {
	if !f.unsaid {
		return nil
	}
	f.unsaid, f.position.Rows = false, ""
	return f.report(f.out.Announce)
}

// fingerprint identifies a contact and its content within one window.
func (f *contactFetch) fingerprint(contact *Contact) rowHash {
	return f.rows.hash(string(contact.ID), record.AppendString(nil, string(contact.Raw)))
}
