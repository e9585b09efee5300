package qualtrics

import (
	"context"
	"encoding/json"
	"errors"
	"iter"
)

// Directory is an XM Directory (API §4.1). Members that the answer lacks are nil.
type Directory struct {
	ID                    DirectoryID
	Name                  *string
	ContactCount          *int64
	IsDefault             *bool
	DeduplicationCriteria json.RawMessage // an object on one line
	Altered               []Altered       // fields that differ from the answer
}

func directoryOf(m *fields) (Directory, error) {
	directory := Directory{
		ID:                    DirectoryID(m.id("directoryId")),
		Name:                  m.text("Name", "name"),
		ContactCount:          m.count("ContactCount", "contactCount"),
		IsDefault:             m.boolean("IsDefault", "isDefault"),
		DeduplicationCriteria: m.object("DeduplicationCriteria", "deduplicationCriteria"),
	}
	directory.Altered = m.altered
	if directory.ID == "" {
		return directory, errors.New("a directory has no id")
	}
	return directory, nil
}

// DirectoryList lists the directories of the brand.
func (c *Client) DirectoryList() Listing[Directory] {
	return listing(c, "the list of directories", request{to: toDirectories, path: "/directories"}, directoryOf,
		func(directory Directory) string { return string(directory.ID) })
}

// Directories yields the directories of the brand in one pass over their pages.
func (c *Client) Directories(ctx context.Context) iter.Seq2[Directory, error] {
	return c.DirectoryList().Pages(ctx)
}

// AllDirectories reads the list of directories until it is complete.
func (c *Client) AllDirectories(ctx context.Context) ([]Directory, error) {
	return c.DirectoryList().All(ctx)
}
