package qualtrics

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"time"
)

// MailingListID is the id of a mailing list, CG_….
type MailingListID string

var (
	toMailingLists = endpoint{name: "GET /directories/{id}/mailinglists", perMinute: 3000, does: "list the mailing lists of a directory", needs: seeContacts}
	toMailingList  = endpoint{name: "GET /directories/{id}/mailinglists/{id}", perMinute: 3000, does: "show a mailing list", needs: seeContacts}
)

// MailingList is a mailing list of a directory (API §4.4). Members that the answer lacks are
// nil.
type MailingList struct {
	ID             MailingListID
	Name           *string
	OwnerID        *string // UR_…
	CreatedAt      *time.Time
	LastModifiedAt *time.Time
	ContactCount   *int64    // approximate
	Altered        []Altered // fields that differ from the answer
}

func mailingListOf(m *fields) (MailingList, error) {
	list := MailingList{
		ID:             MailingListID(m.id("mailingListId")),
		Name:           m.text("Name", "name"),
		OwnerID:        m.text("OwnerID", "ownerId"),
		CreatedAt:      m.time("CreatedAt", "creationDate"),
		LastModifiedAt: m.time("LastModifiedAt", "lastModifiedDate"),
		ContactCount:   m.count("ContactCount", "contactCount"),
	}
	list.Altered = m.altered
	if list.ID == "" {
		return list, errors.New("a mailing list has no id")
	}
	return list, nil
}

// MailingLists lists the mailing lists of a directory. Without includeCount the counts are 0.
func (c *Client) MailingLists(directory DirectoryID) Listing[MailingList] {
	first := request{to: toMailingLists, path: mailingListsPath(directory), query: url.Values{"includeCount": {"true"}}}
	return listing(c, "the list of mailing lists", first, mailingListOf, func(list MailingList) string { return string(list.ID) })
}

// MailingList reads one mailing list.
func (c *Client) MailingList(ctx context.Context, directory DirectoryID, list MailingListID) (MailingList, error) {
	var read MailingList
	call := request{to: toMailingList, method: http.MethodGet, path: mailingListsPath(directory) + "/" + id(list)}
	err := c.get(ctx, call, checked(func(m *fields) (err error) {
		if read, err = mailingListOf(m); err != nil {
			return err
		}
		return shows("mailing list", list, read.ID)
	}))
	return read, err
}

func mailingListsPath(directory DirectoryID) string {
	return "/directories/" + id(directory) + "/mailinglists"
}
