package stream

import (
	"context"
	"time"

	"github.com/birdie-ai/source-qualtrics/source/feed"
	"github.com/birdie-ai/source-qualtrics/source/qualtrics"
)

// MailingList is a row of mailing_lists: one mailing list of an XM Directory.
type MailingList struct {
	// Id of the directory (POOL_…).
	DirectoryID string `json:"directory_id"`
	// Id of the mailing list (CG_…).
	MailingListID string `json:"mailing_list_id"`
	// When the mailing list was last modified, or when it was found deleted. Where
	// Qualtrics does not say it in a form that can be read, when the list was read.
	LastModifiedDate time.Time `json:"last_modified_date"`
	// When the mailing list was found to be deleted in Qualtrics; such a row has
	// its ids and no more. Null while it exists.
	DeletedAt *time.Time `json:"deleted_at" column:"deletion"`
	// Same as deleted_at, under the name by which Airbyte's destinations
	// delete rows.
	CDCDeletedAt *time.Time `json:"_ab_cdc_deleted_at" column:"protocol=airbyte"`
	// When the mailing list was created.
	CreationDate *time.Time `json:"creation_date"`
	// Name of the mailing list. Names are not unique.
	Name *string `json:"name"`
	// Id of the user who owns the mailing list (UR_…).
	OwnerID *string `json:"owner_id"`
	// About how many contacts the mailing list has, as Qualtrics counts them.
	ContactCount *int64 `json:"contact_count"`
}

var mailingLists = feed.RegisterList(feed.List[qualtrics.MailingList]{
	Name:  "mailing_lists",
	Noun:  "mailing list",
	Below: feed.Directories,
	Read: func(client *qualtrics.Client, parents []string) qualtrics.Listing[qualtrics.MailingList] {
		return client.MailingLists(qualtrics.DirectoryID(parents[0]))
	},
	Ask: func(ctx context.Context, client *qualtrics.Client, parents []string, id string) error {
		_, err := client.MailingList(ctx, qualtrics.DirectoryID(parents[0]), qualtrics.MailingListID(id))
		return err
	},
	Title: func(list *qualtrics.MailingList) string {
		if list.Name == nil {
			return ""
		}
		return *list.Name
	},
	Modified: func(list *qualtrics.MailingList) time.Time {
		if list.LastModifiedAt == nil {
			return time.Time{}
		}
		return *list.LastModifiedAt
	},
	Scopes: []string{"read:mailing_lists"},
})

var _ = ofList(mailingLists, Stream{
	Name: "mailing_lists", Summary: "The mailing lists of every XM Directory",
	Record: MailingList{}, Key: []string{"directory_id", "mailing_list_id"}, Cursor: "last_modified_date",
}, projectMailingList)

// mailingListColumns are the columns of a mailing list's fields.
var mailingListColumns = map[string]string{
	"Name": "name", "OwnerID": "owner_id", "CreatedAt": "creation_date", "LastModifiedAt": "", "ContactCount": "contact_count",
}

func projectMailingList(doc *feed.Document, list *qualtrics.MailingList, c *cells) (any, error) {
	return &MailingList{
		DirectoryID:      doc.Partition.Parents()[0],
		MailingListID:    doc.ID,
		LastModifiedDate: c.modified(doc, "last_modified_date", list.LastModifiedAt, sentButUnreadable(list.Altered, "LastModifiedAt")),
		DeletedAt:        date(doc.DeletedAt),
		CDCDeletedAt:     date(doc.DeletedAt),
		CreationDate:     list.CreatedAt,
		Name:             list.Name,
		OwnerID:          list.OwnerID,
		ContactCount:     list.ContactCount,
	}, c.came(list.Altered, mailingListColumns)
}
