package stream

import (
	"encoding/json"
	"time"

	"github.com/birdie-ai/source-qualtrics/source/feed"
)

// Directory is a row of directories: one XM Directory that the account can see.
type Directory struct {
	// Id of the directory (POOL_…).
	DirectoryID string `json:"directory_id"`
	// When the directory was read with these values first, or when it was found
	// deleted. Qualtrics does not say when a directory was modified.
	LastModified time.Time `json:"last_modified"`
	// When the directory was found to be deleted in Qualtrics; such a row has
	// its id and no more. Null while it exists.
	DeletedAt *time.Time `json:"deleted_at" column:"deletion"`
	// Same as deleted_at, under the name by which Airbyte's destinations
	// delete rows.
	CDCDeletedAt *time.Time `json:"_ab_cdc_deleted_at" column:"protocol=airbyte"`
	// Name of the directory.
	Name *string `json:"name"`
	// How many contacts the directory has, as Qualtrics counts them.
	ContactCount *int64 `json:"contact_count"`
	// Whether it is the brand's default directory.
	IsDefault *bool `json:"is_default"`
	// By which fields Qualtrics finds that two contacts are the same person, such
	// as email; the value of each is true or false.
	DeduplicationCriteria json.RawMessage `json:"deduplication_criteria"`
}

var _ = ofList(feed.Directories, Stream{
	Name: "directories", Summary: "The XM Directories that the account can see",
	Record: Directory{}, Key: []string{"directory_id"}, Cursor: "last_modified",
}, projectDirectory)

// directoryColumns are the columns of a directory's fields.
var directoryColumns = map[string]string{
	"Name": "name", "ContactCount": "contact_count", "IsDefault": "is_default", "DeduplicationCriteria": "deduplication_criteria",
}

func projectDirectory(doc *feed.Document, directory *feed.Directory, c *cells) (any, error) {
	return &Directory{
		DirectoryID:           doc.ID,
		LastModified:          found(doc),
		DeletedAt:             date(doc.DeletedAt),
		CDCDeletedAt:          date(doc.DeletedAt),
		Name:                  directory.Name,
		ContactCount:          directory.ContactCount,
		IsDefault:             directory.IsDefault,
		DeduplicationCriteria: directory.DeduplicationCriteria,
	}, c.came(directory.Altered, directoryColumns)
}
