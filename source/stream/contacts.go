package stream

import (
	"encoding/json"
	"fmt"
	"time"

	"github.com/birdie-ai/source-qualtrics/source/feed"
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
	DeletedAt *time.Time `json:"deleted_at"`
	// Same as deleted_at, under the name by which Airbyte's destinations
	// delete rows.
	CDCDeletedAt *time.Time `json:"_ab_cdc_deleted_at"`
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

var _ = register(&Stream{
	Name:    "contacts",
	Summary: "The contacts of every XM Directory",
	Record:  Contact{},
	Key:     []string{"directory_id", "contact_id"},
	Cursor:  "last_modified",
	Feed:    feed.Contacts,
	Scopes:  []string{"read:directories", "read:directory_contacts"},
	Project: projectContact,
})

func projectContact(doc *feed.Document, emit Emit) error {
	if !doc.DeletedAt.IsZero() {
		return emit(&Contact{
			DirectoryID: doc.Partition.Key, ContactID: doc.ID, LastModified: doc.DeletedAt,
			DeletedAt: &doc.DeletedAt, CDCDeletedAt: &doc.DeletedAt,
		})
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
	if contact.ModifiedAt != nil {
		row.LastModified = *contact.ModifiedAt
	}
	return emit(&row)
}
