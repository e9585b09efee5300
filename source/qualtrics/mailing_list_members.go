package qualtrics

import (
	"context"
	"net/http"
	"net/url"
	"time"
)

var (
	toMembers = endpoint{name: "GET /directories/{id}/mailinglists/{id}/contacts", perMinute: 3000, does: "list the contacts of a mailing list", needs: seeContacts}
	toMember  = endpoint{name: "GET /directories/{id}/mailinglists/{id}/contacts/{id}", perMinute: 3000, does: "show a contact of a mailing list", needs: seeContacts}
)

// Membership is a contact in a mailing list (API §4.4). Members that the answer lacks
// are nil. Lists of memberships usually have no dates.
type Membership struct {
	ContactID                 ContactID
	LookupID                  *string // of the membership: CGC_… or MLRP_…
	FirstName                 *string
	LastName                  *string
	Email                     *string
	Phone                     *string
	ExternalReference         *string
	Language                  *string
	Unsubscribed              *bool // from the directory
	UnsubscribedAt            *time.Time
	MailingListUnsubscribed   *bool
	MailingListUnsubscribedAt *time.Time
	Altered                   []Altered // fields that differ from the answer
}

func membershipOf(m *fields) (Membership, error) {
	id, err := contactID(m)
	if err != nil {
		return Membership{}, err
	}
	membership := Membership{
		ContactID:                 id,
		LookupID:                  m.text("LookupID", "contactLookupId"),
		FirstName:                 m.text("FirstName", "firstName"),
		LastName:                  m.text("LastName", "lastName"),
		Email:                     m.text("Email", "email"),
		Phone:                     m.text("Phone", "phone"),
		ExternalReference:         m.text("ExternalReference", "extRef"),
		Language:                  m.text("Language", "language"),
		Unsubscribed:              m.boolean("Unsubscribed", "unsubscribed", "directoryUnsubscribed"),
		UnsubscribedAt:            m.time("UnsubscribedAt", "unsubscribeDate", "directoryUnsubscribeDate"),
		MailingListUnsubscribed:   m.boolean("MailingListUnsubscribed", "mailingListUnsubscribed"),
		MailingListUnsubscribedAt: m.time("MailingListUnsubscribedAt", "mailingListUnsubscribeDate"),
	}
	membership.Altered = m.altered
	return membership, nil
}

// Memberships lists the contacts of a mailing list.
func (c *Client) Memberships(directory DirectoryID, list MailingListID) Listing[Membership] {
	first := request{to: toMembers, path: membersPath(directory, list), query: url.Values{"useNewPaginationScheme": {"true"}}}
	return listing(c, "the list of a mailing list's contacts", first, membershipOf, func(m Membership) string { return string(m.ContactID) })
}

// HasMember asks for one contact of a mailing list. If the list does not hold the
// contact, [IsGone] reports true for the error.
func (c *Client) HasMember(ctx context.Context, directory DirectoryID, list MailingListID, contact ContactID) error {
	call := request{to: toMember, method: http.MethodGet, path: membersPath(directory, list) + "/" + id(contact)}
	return c.get(ctx, call, checked(func(m *fields) error {
		shown, _ := contactID(m)
		return shows("contact", contact, shown)
	}))
}

func membersPath(directory DirectoryID, list MailingListID) string {
	return mailingListsPath(directory) + "/" + id(list) + "/contacts"
}
