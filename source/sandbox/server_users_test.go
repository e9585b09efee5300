package sandbox_test

import (
	"maps"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/birdie-ai/source-qualtrics/source/sandbox"
)

func TestUsers_ComeInPagesOf100(t *testing.T) {
	t.Parallel()
	c := newClient(t, sandbox.Options{Users: 250})
	sizes, users := c.pages("/API/v3/users")
	if !slices.Equal(sizes, []int{100, 100, 50}) || distinct(users, "id") != 250 {
		t.Fatalf("got pages of %v with %d users", sizes, distinct(users, "id"))
	}
	if page := result[listing](t, c.get("/API/v3/users?offset=200")); page.NextPage != nil || page.Elements[0]["id"] != users[200]["id"] {
		t.Errorf("at the offset 200: next page %v", page.NextPage)
	}
	want := []string{"accountStatus", "divisionId", "email", "firstName", "id", "lastName", "userType", "username"}
	kinds := make(map[string]bool)
	for _, user := range users {
		if diff := cmp.Diff(want, slices.Sorted(maps.Keys(user))); diff != "" {
			t.Fatalf("a user (-want +got):\n%s", diff)
		}
		prefix, _, _ := strings.Cut(user["id"].(string), "_")
		kinds[prefix], kinds[user["accountStatus"].(string)] = true, true
		kinds["no division"] = kinds["no division"] || user["divisionId"] == nil
	}
	for _, kind := range []string{"UR", "URH", "active", "disabled", "notVerified", "no division"} {
		if !kinds[kind] {
			t.Errorf("no user is %s: %v", kind, kinds)
		}
	}
	self := result[map[string]any](t, c.get("/API/v3/whoami"))
	if me := users[0]; me["id"] != self["userId"] || me["username"] != self["userName"] || me["email"] != self["email"] || me["userType"] != self["accountType"] {
		t.Errorf("the account is %v, the first user %v", self, me)
	}
	owners := make(map[any]bool)
	for _, user := range users {
		owners[user["id"]] = true
	}
	for _, survey := range result[listing](t, c.get("/API/v3/surveys")).Elements {
		if !owners[survey["ownerId"]] {
			t.Errorf("the owner %v of a survey is no user", survey["ownerId"])
		}
	}
	wantError(t, c.get("/API/v3/users?offset=x"), 400, "", "offset")
}

func TestUsers_OneHasMoreMembersAndNoSecret(t *testing.T) {
	t.Parallel()
	c := newClient(t, sandbox.Options{})
	for _, user := range result[listing](t, c.get("/API/v3/users")).Elements {
		detail := result[map[string]any](t, c.get("/API/v3/users/"+user["id"].(string)))
		want := []string{
			"accountCreationDate", "accountExpirationDate", "accountStatus", "divisionId", "email", "firstName", "id", "identityProvider", "language", "lastLoginDate", "lastName", "organizationId",
			"passwordExpirationDate", "passwordLastChangedDate", "permissions", "responseCounts", "timeZone", "unsubscribed", "userType", "username",
		}
		if diff := cmp.Diff(want, slices.Sorted(maps.Keys(detail))); diff != "" {
			t.Fatalf("a user (-want +got):\n%s", diff)
		}
		for member, value := range user {
			if detail[member] != value {
				t.Errorf("%s of %v: %v in the list, %v alone", member, user["id"], value, detail[member])
			}
		}
		if _, err := time.Parse(time.RFC3339, detail["accountCreationDate"].(string)); err != nil {
			t.Error(err)
		}
		wantError(t, c.get("/API/v3/users/"+user["id"].(string)+"/apitoken"), 404, "", "")
	}
	wantError(t, c.get("/API/v3/users/UR_none"), 404, "UNF_9", "")
	rows, _ := c.tenant.Truth("users")
	for row := range rows {
		if text := string(row); strings.Contains(text, c.tenant.Credentials().APIToken) || strings.Contains(text, "password") {
			t.Errorf("a secret is in %s", text)
		}
	}
}

func TestUsers_AreChangedAndRemoved(t *testing.T) {
	t.Parallel()
	c := newClient(t, sandbox.Options{})
	users := result[listing](t, c.get("/API/v3/users")).Elements
	user := users[4]["id"].(string)
	if !c.tenant.ChangeUser(user, "UT_OTHER", "disabled", "-") {
		t.Fatal("the user was not found")
	}
	if got := c.truth("users", "user_id")[user]; got["user_type"] != "UT_OTHER" || got["account_status"] != "disabled" || got["division_id"] != nil || got["email"] != users[4]["email"] {
		t.Errorf("got %v", got)
	}
	if !c.tenant.RemoveUser(user) || c.tenant.RemoveUser(user) || c.tenant.ChangeUser(user, "x", "", "") {
		t.Error("want the user removed once, and not found afterwards")
	}
	wantError(t, c.get("/API/v3/users/"+user), 404, "UNF_9", "")
	if _, now := c.pages("/API/v3/users"); len(now) != len(users)-1 || c.truth("users", "user_id")[user] != nil {
		t.Errorf("%d of %d users are left", len(now), len(users))
	}
	if c.tenant.RemoveUser(users[0]["id"].(string)) || c.tenant.RemoveUser("UR_none") {
		t.Error("the account, or nobody, was removed")
	}
}

// A living world changes users and lists while it is read.
func TestLive_ListsAndUsersChangeToo(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		c := newClient(t, sandbox.Options{Live: true, Surveys: 1, Responses: 1, Contacts: 100})
		c.tenant.SetActivity(0, 50, 0)
		before := c.truth("mailing_list_memberships", "mailing_list_id", "contact_id")
		users := c.rowCount("users")
		time.Sleep(2 * time.Hour)
		c.get("/API/v3/whoami")
		if added, _, gone := changes(before, c.truth("mailing_list_memberships", "mailing_list_id", "contact_id")); added == 0 || gone == 0 || c.rowCount("users") == users {
			t.Errorf("%d members joined, %d left; %d users, before %d", added, gone, c.rowCount("users"), users)
		}
	})
}
