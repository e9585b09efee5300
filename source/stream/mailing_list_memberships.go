package stream

import (
	"context"
	"time"

	"github.com/birdie-ai/source-qualtrics/source/feed"
	"github.com/birdie-ai/source-qualtrics/source/privacy"
	"github.com/birdie-ai/source-qualtrics/source/qualtrics"
)

// MailingListMembership is a row of mailing_list_memberships: one contact in one mailing list.
type MailingListMembership struct {
	// Id of the directory (POOL_…).
	DirectoryID string `json:"directory_id"`
	// Id of the mailing list (CG_…).
	MailingListID string `json:"mailing_list_id"`
	// Id of the contact (CID_…).
	ContactID string `json:"contact_id"`
	// When the membership was read with these values first, or when the contact was
	// found to have left the list. Qualtrics does not say when a membership was
	// modified. Rows of a long list may be delivered again without a change.
	LastModified time.Time `json:"last_modified"`
	// When the contact was found to have left the mailing list, or the list to be
	// deleted. Such a row has only its ids. Null while the contact is in the list.
	DeletedAt *time.Time `json:"deleted_at" column:"deletion"`
	// Same as deleted_at, under the name by which Airbyte's destinations
	// delete rows.
	CDCDeletedAt *time.Time `json:"_ab_cdc_deleted_at" column:"protocol=airbyte"`
	// Id of the membership (CGC_… or MLRP_…).
	ContactLookupID *string `json:"contact_lookup_id"`
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
	ExtRef *string `json:"ext_ref"`
	// Language, as Qualtrics codes it.
	Language *string `json:"language"`
	// Whether the contact opted out of the directory.
	Unsubscribed *bool `json:"unsubscribed"`
	// When the contact opted out of the directory. Null where the list of the
	// mailing list's contacts does not say it.
	DirectoryUnsubscribeDate *time.Time `json:"directory_unsubscribe_date"`
	// Whether the contact opted out of this mailing list.
	MailingListUnsubscribed *bool `json:"mailing_list_unsubscribed"`
	// When the contact opted out of this mailing list. Null where the list of the
	// mailing list's contacts does not say it.
	MailingListUnsubscribeDate *time.Time `json:"mailing_list_unsubscribe_date"`
}

var mailingListMemberships = feed.RegisterList(feed.List[qualtrics.Membership]{
	Name:  "mailing_list_memberships",
	Noun:  "membership",
	Below: mailingLists,
	Read: func(client *qualtrics.Client, parents []string) qualtrics.Listing[qualtrics.Membership] {
		return client.Memberships(qualtrics.DirectoryID(parents[0]), qualtrics.MailingListID(parents[1]))
	},
	Ask: func(ctx context.Context, client *qualtrics.Client, parents []string, id string) error {
		return client.HasMember(ctx, qualtrics.DirectoryID(parents[0]), qualtrics.MailingListID(parents[1]), qualtrics.ContactID(id))
	},
	Protect: func(rules *privacy.Rules, m *qualtrics.Membership) {
		m.FirstName, m.LastName = rules.Text(privacy.FirstName, m.FirstName), rules.Text(privacy.LastName, m.LastName)
		m.Email, m.Phone = rules.Text(privacy.Email, m.Email), rules.Text(privacy.Phone, m.Phone)
		m.ExternalReference = rules.Text(privacy.ExternalReference, m.ExternalReference)
	},
	Scopes: []string{"read:mailing_list_contacts"},
})

var _ = ofList(mailingListMemberships, Stream{
	Name: "mailing_list_memberships", Summary: "The contacts of every mailing list",
	Record: MailingListMembership{}, Key: []string{"mailing_list_id", "contact_id"}, Cursor: "last_modified",
}, projectMailingListMembership)

// membershipColumns are the columns of a membership's fields.
var membershipColumns = map[string]string{
	"LookupID": "contact_lookup_id", "FirstName": "first_name", "LastName": "last_name", "Email": "email", "Phone": "phone",
	"ExternalReference": "ext_ref", "Language": "language", "Unsubscribed": "unsubscribed", "UnsubscribedAt": "directory_unsubscribe_date",
	"MailingListUnsubscribed": "mailing_list_unsubscribed", "MailingListUnsubscribedAt": "mailing_list_unsubscribe_date",
}

func projectMailingListMembership(doc *feed.Document, m *qualtrics.Membership, c *cells) (any, error) {
	parents := doc.Partition.Parents()
	return &MailingListMembership{
		DirectoryID:                parents[0],
		MailingListID:              parents[1],
		ContactID:                  doc.ID,
		LastModified:               found(doc),
		DeletedAt:                  date(doc.DeletedAt),
		CDCDeletedAt:               date(doc.DeletedAt),
		ContactLookupID:            m.LookupID,
		FirstName:                  m.FirstName,
		LastName:                   m.LastName,
		Email:                      m.Email,
		Phone:                      m.Phone,
		ExtRef:                     m.ExternalReference,
		Language:                   m.Language,
		Unsubscribed:               m.Unsubscribed,
		DirectoryUnsubscribeDate:   m.UnsubscribedAt,
		MailingListUnsubscribed:    m.MailingListUnsubscribed,
		MailingListUnsubscribeDate: m.MailingListUnsubscribedAt,
	}, c.came(m.Altered, membershipColumns)
}
