package stream

import (
	"context"
	"time"

	"github.com/birdie-ai/source-qualtrics/source/feed"
	"github.com/birdie-ai/source-qualtrics/source/qualtrics"
)

// User is a row of users: one user of the Qualtrics brand.
type User struct {
	// Id of the user (UR_… or URH_…); owner_id of surveys and mailing lists refers to it.
	UserID string `json:"user_id"`
	// When the user was read with these values first, or when it was found
	// deleted. The list of users does not say when a user was modified.
	LastModified time.Time `json:"last_modified"`
	// When the user was found to be deleted in Qualtrics; such a row has
	// its id and no more. Null while it exists.
	DeletedAt *time.Time `json:"deleted_at" column:"deletion"`
	// Same as deleted_at, under the name by which Airbyte's destinations
	// delete rows.
	CDCDeletedAt *time.Time `json:"_ab_cdc_deleted_at" column:"protocol=airbyte"`
	// Id of the division that the user belongs to (DV_…).
	DivisionID *string `json:"division_id"`
	// Name by which the user signs in.
	Username *string `json:"username"`
	// First name.
	FirstName *string `json:"first_name"`
	// Last name.
	LastName *string `json:"last_name"`
	// Id of the user type (UT_…), such as UT_BRANDADMIN.
	UserType *string `json:"user_type"`
	// E-mail address.
	Email *string `json:"email"`
	// Whether the account is active, disabled or notVerified.
	AccountStatus *string `json:"account_status"`
}

var users = feed.RegisterList(feed.List[qualtrics.User]{
	Name: "users",
	Noun: "user",
	Read: func(client *qualtrics.Client, _ []string) qualtrics.Listing[qualtrics.User] { return client.Users() },
	Ask: func(ctx context.Context, client *qualtrics.Client, _ []string, id string) error {
		_, err := client.User(ctx, qualtrics.UserID(id))
		return err
	},
	Scopes:    []string{"read:users"},
	OnRequest: true, // only administrators may list users
})

var _ = ofList(users, Stream{
	Name: "users", Summary: "The users of the brand, for administrators; only if selected by its name",
	Record: User{}, Key: []string{"user_id"}, Cursor: "last_modified",
}, projectUser)

// userColumns are the columns of a user's fields.
var userColumns = map[string]string{
	"DivisionID": "division_id", "Username": "username", "FirstName": "first_name", "LastName": "last_name",
	"UserType": "user_type", "Email": "email", "AccountStatus": "account_status",
}

func projectUser(doc *feed.Document, user *qualtrics.User, c *cells) (any, error) {
	return &User{
		UserID:        doc.ID,
		LastModified:  found(doc),
		DeletedAt:     date(doc.DeletedAt),
		CDCDeletedAt:  date(doc.DeletedAt),
		DivisionID:    user.DivisionID,
		Username:      user.Username,
		FirstName:     user.FirstName,
		LastName:      user.LastName,
		UserType:      user.UserType,
		Email:         user.Email,
		AccountStatus: user.AccountStatus,
	}, c.came(user.Altered, userColumns)
}
