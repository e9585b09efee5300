package qualtrics

import (
	"context"
	"errors"
	"net/http"
)

// UserID is the id of a user, UR_… or URH_….
type UserID string

var (
	toUsers = endpoint{name: "GET /users", perMinute: 3000, does: "list the users", needs: seeUsers}
	toUser  = endpoint{name: "GET /users/{id}", perMinute: 3000, does: "show a user", needs: seeUsers}
)

const seeUsers = "the rights of a brand or division administrator"

// User is a user of the brand, as the list of users shows it (API §6). Members that the
// answer lacks are nil.
type User struct {
	ID            UserID
	DivisionID    *string // DV_…
	Username      *string
	FirstName     *string
	LastName      *string
	UserType      *string // UT_…
	Email         *string
	AccountStatus *string   // active, disabled or notVerified
	Altered       []Altered // fields that differ from the answer
}

func userOf(m *fields) (User, error) {
	user := User{
		ID:            UserID(m.id("id")),
		DivisionID:    m.text("DivisionID", "divisionId"),
		Username:      m.text("Username", "username"),
		FirstName:     m.text("FirstName", "firstName"),
		LastName:      m.text("LastName", "lastName"),
		UserType:      m.text("UserType", "userType"),
		Email:         m.text("Email", "email"),
		AccountStatus: m.text("AccountStatus", "accountStatus"),
	}
	user.Altered = m.altered
	if user.ID == "" {
		return user, errors.New("a user has no id")
	}
	return user, nil
}

// Users lists the users of the brand.
func (c *Client) Users() Listing[User] {
	return listing(c, "the list of users", request{to: toUsers, path: "/users"}, userOf, func(user User) string { return string(user.ID) })
}

// User reads one user.
func (c *Client) User(ctx context.Context, user UserID) (User, error) {
	var read User
	err := c.get(ctx, request{to: toUser, method: http.MethodGet, path: "/users/" + id(user)}, checked(func(m *fields) (err error) {
		if read, err = userOf(m); err != nil {
			return err
		}
		return shows("user", user, read.ID)
	}))
	return read, err
}
