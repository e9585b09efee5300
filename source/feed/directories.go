package feed

import (
	"context"
	"errors"

	"github.com/birdie-ai/source-qualtrics/source/qualtrics"
)

// Directory is a row of the list of directories.
type Directory = qualtrics.Directory

// Directories are the parents of contacts and of mailing lists.
var Directories = RegisterList(List[Directory]{
	Name: DirectoryList,
	Noun: "directory",
	Read: func(client *qualtrics.Client, _ []string) qualtrics.Listing[Directory] { return client.DirectoryList() },
	Ask: func(ctx context.Context, client *qualtrics.Client, _ []string, id string) error {
		return askDirectory(ctx, client, id)
	},
	Title: func(directory *Directory) string {
		if directory.Name == nil {
			return ""
		}
		return *directory.Name
	},
	Scopes:  []string{"read:directories"},
	parent:  true, // of contacts
	Setting: "directories",
	Chosen:  func(s *Selection) []string { return s.Directories },
})

// errEmptyDirectory says that a missing directory shows no contact. An empty directory may look the
// same as one that does not exist.
var errEmptyDirectory = errors.New("its own list of contacts is empty")

// askDirectory reads the first contact of a directory, because directories have no call of their
// own.
func askDirectory(ctx context.Context, client *qualtrics.Client, id string) error {
	for _, err := range client.ContactIDs(ctx, qualtrics.DirectoryID(id)) {
		return err
	}
	return errEmptyDirectory
}
