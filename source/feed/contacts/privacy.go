package contacts

import (
	"encoding/json"
	"fmt"
	"slices"

	"github.com/birdie-ai/source-qualtrics/source/feed"
	"github.com/birdie-ai/source-qualtrics/source/privacy"
)

// protect applies the privacy settings to a contact. The API has no way to ask for less of one.
// Raw becomes the delivered values: otherwise the row hash would confirm a guess of a value that
// was left out.
func (d *directory) protect(contact *feed.Contact) (err error) {
	rules := d.env.Privacy
	if rules == nil {
		return nil
	}
	for _, one := range []struct {
		name, field string
		value       **string
	}{
		{privacy.FirstName, "FirstName", &contact.FirstName},
		{privacy.LastName, "LastName", &contact.LastName},
		{privacy.Email, "Email", &contact.Email},
		{privacy.Phone, "Phone", &contact.Phone},
		{privacy.ExternalReference, "ExternalReference", &contact.ExternalReference},
	} {
		*one.value = rules.Text(one.name, *one.value)
		if rules.Metadata(one.name) != privacy.Keep {
			contact.Altered = slices.DeleteFunc(contact.Altered, func(a feed.Altered) bool { return a.Field == one.field })
		}
	}
	contact.EmbeddedData = rules.Object(contact.EmbeddedData)
	contact.Raw = nil
	if contact.Raw, err = json.Marshal(contact); err != nil {
		return fmt.Errorf("writing contact %s: %w", contact.ID, err)
	}
	return nil
}

// notice compares the privacy settings with those of the position, and says once if they differ.
func (d *directory) notice() {
	before, now := d.position.Privacy, d.env.Privacy.Mark()
	if d.position.readSince() != 0 && before != now {
		d.env.NoticePrivacy()
	}
	d.position.Privacy = now
}
