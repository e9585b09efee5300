package stream

import (
	"encoding/json"
	"fmt"
	"time"

	"github.com/birdie-ai/source-qualtrics/source/feed"
	_ "github.com/birdie-ai/source-qualtrics/source/feed/contacts" // the feed
)

// Contact is a row of contacts: one contact of an XM Directory.
type Contact struct {
	// Id of the directory (POOL_…).
	DirectoryID string `json:"directory_id"`
	// Id of the contact (CID_…).
	ContactID string `json:"contact_id"`
	// When the contact was last modified, or when it was found deleted.
	// Contacts that can only be listed carry no such date; for them it is
	// shortly before they were read.
	LastModified time.Time `json:"last_modified"`
	// When the contact was found to be deleted in Qualtrics; such a row has
	// its ids and no more. Null while it exists.
	DeletedAt *time.Time `json:"deleted_at" column:"deletion"`
	// Same as deleted_at, under the name by which Airbyte's destinations
	// delete rows.
	CDCDeletedAt *time.Time `json:"_ab_cdc_deleted_at" column:"protocol=airbyte"`
	// When the contact was created.
	CreationDate *time.Time `json:"creation_date"`
	// First name.
	FirstName *string `json:"first_name"`
	// Last name.
	LastName *string `json:"last_name"`
	// E-mail address.
	Email *string `json:"email"`
	// Telephone number.
	Phone *string `json:"phone"`
	// External reference, such as a customer number; the same value that
	// responses carry as external_data_reference.
	ExternalDataReference *string `json:"external_data_reference"`
	// Language, as Qualtrics codes it.
	Language *string `json:"language"`
	// Whether the contact opted out of the directory.
	Unsubscribed *bool `json:"unsubscribed"`
	// When the contact opted out.
	UnsubscribeDate *time.Time `json:"unsubscribe_date"`
	// Embedded data by name.
	EmbeddedData json.RawMessage `json:"embedded_data"`
	// Counts of invitations and responses, as Qualtrics keeps them.
	Stats json.RawMessage `json:"stats"`
	// Segments that the contact belongs to, by segment id.
	SegmentMembership json.RawMessage `json:"segment_membership"`
}

var _ = Register(&Stream{
	Name:    "contacts",
	Summary: "The contacts of every XM Directory",
	Record:  Contact{},
	Key:     []string{"directory_id", "contact_id"},
	Cursor:  "last_modified",
	Feed:    feed.Contacts,
	Scopes:  []string{"read:directories", "read:directory_contacts"},
	Project: projectContact,
})

// contactColumns are the columns of a contact's fields.
var contactColumns = map[string]string{
	"FirstName": "first_name", "LastName": "last_name", "Email": "email", "Phone": "phone", "ExternalReference": "external_data_reference",
	"Language": "language", "Unsubscribed": "unsubscribed", "UnsubscribedAt": "unsubscribe_date", "CreatedAt": "creation_date",
	"ModifiedAt": "", "EmbeddedData": "embedded_data", "Stats": "stats", "SegmentMembership": "segment_membership",
}

func projectContact(doc *feed.Document, emit Emit) error {
	var c cells
	if !doc.DeletedAt.IsZero() {
		c.cursor("last_modified", false, foundDeleted)
		return emit(&Contact{
			DirectoryID: doc.Partition.Key, ContactID: doc.ID, LastModified: doc.DeletedAt,
			DeletedAt: &doc.DeletedAt, CDCDeletedAt: &doc.DeletedAt,
		}, c.changes...)
	}
	contact, ok := doc.Content.(*feed.Contact)
	if !ok {
		return fmt.Errorf("projecting contact %s: unexpected content %T", doc.ID, doc.Content)
	}
	row := Contact{
		DirectoryID:           doc.Partition.Key,
		ContactID:             doc.ID,
		LastModified:          doc.ReadAt,
		CreationDate:          contact.CreatedAt,
		FirstName:             contact.FirstName,
		LastName:              contact.LastName,
		Email:                 contact.Email,
		Phone:                 contact.Phone,
		ExternalDataReference: contact.ExternalReference,
		Language:              contact.Language,
		Unsubscribed:          contact.Unsubscribed,
		UnsubscribeDate:       contact.UnsubscribedAt,
		EmbeddedData:          contact.EmbeddedData,
		Stats:                 contact.Stats,
		SegmentMembership:     contact.SegmentMembership,
	}
	if err := c.came(contact.Altered, contactColumns); err != nil {
		return fmt.Errorf("projecting contact %s: %w", doc.ID, err)
	}
	unreadable := sentButUnreadable(contact.Altered, "ModifiedAt")
	switch {
	case contact.ModifiedAt != nil:
		row.LastModified = *contact.ModifiedAt
	case !doc.DatedAt.IsZero():
		row.LastModified = doc.DatedAt
		c.cursor("last_modified", unreadable, beforeTheRead)
	default:
		c.cursor("last_modified", unreadable, timeOfRead)
	}
	return emit(&row, c.changes...)
}
