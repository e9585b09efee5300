package sandbox_test

import (
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/birdie-ai/source-qualtrics/source/sandbox"
)

// truth are the rows of a kind by their keys, which are columns of the row.
func (c *client) truth(kind string, keys ...string) map[string]map[string]any {
	c.t.Helper()
	rows, ok := c.tenant.Truth(kind)
	if !ok {
		c.t.Fatalf("there is no truth of %s", kind)
	}
	all := make(map[string]map[string]any)
	for line := range rows {
		c.keep(all, decode[map[string]any](c.t, line), keys)
	}
	return all
}

// keep adds a row under its key, which has to be new.
func (c *client) keep(all map[string]map[string]any, row map[string]any, keys []string) {
	c.t.Helper()
	var parts []string
	for _, key := range keys {
		parts = append(parts, fmt.Sprint(row[key]))
	}
	key := strings.Join(parts, " ")
	if all[key] != nil {
		c.t.Errorf("two rows have the key %s", key)
	}
	all[key] = row
}

// renamed is the row of an element: columns names its members.
func renamed(element map[string]any, columns map[string]string) map[string]any {
	row := make(map[string]any)
	for column, member := range columns {
		row[column] = element[member]
	}
	return row
}

func (c *client) directoryIDs() (ids []string) {
	c.t.Helper()
	_, elements := c.pages("/API/v3/directories")
	for _, element := range elements {
		ids = append(ids, element["directoryId"].(string))
	}
	return ids
}

func isoOfMillis(value any) string {
	return time.UnixMilli(int64(value.(float64))).UTC().Format(time.RFC3339)
}

// rowsOfLists reads directories, lists, members and users as a client does.
func (c *client) rowsOfLists() (directories, lists, members, users map[string]map[string]any) {
	c.t.Helper()
	directories, lists, members, users = make(map[string]map[string]any), make(map[string]map[string]any), make(map[string]map[string]any), make(map[string]map[string]any)
	_, elements := c.pages("/API/v3/directories")
	for _, element := range elements {
		c.keep(directories, renamed(element, map[string]string{
			"directory_id": "directoryId", "name": "name", "contact_count": "contactCount", "is_default": "isDefault", "deduplication_criteria": "deduplicationCriteria",
		}), []string{"directory_id"})
	}
	for directory := range directories {
		below := "/API/v3/directories/" + directory + "/mailinglists"
		_, elements := c.pages(below + "?includeCount=true")
		for _, element := range elements {
			row := renamed(element, map[string]string{"mailing_list_id": "mailingListId", "name": "name", "owner_id": "ownerId", "contact_count": "contactCount"})
			row["directory_id"] = directory
			row["creation_date"], row["last_modified_date"] = isoOfMillis(element["creationDate"]), isoOfMillis(element["lastModifiedDate"])
			c.keep(lists, row, []string{"directory_id", "mailing_list_id"})
			_, found := c.pages(below + "/" + element["mailingListId"].(string) + "/contacts?useNewPaginationScheme=true")
			for _, one := range found {
				member := renamed(one, map[string]string{
					"contact_id": "contactId", "contact_lookup_id": "contactLookupId", "unsubscribed": "unsubscribed", "mailing_list_unsubscribed": "mailingListUnsubscribed",
				})
				member["directory_id"], member["mailing_list_id"] = directory, element["mailingListId"]
				c.keep(members, member, []string{"mailing_list_id", "contact_id"})
			}
		}
	}
	_, elements = c.pages("/API/v3/users")
	for _, element := range elements {
		c.keep(users, renamed(element, map[string]string{
			"user_id": "id", "division_id": "divisionId", "username": "username", "first_name": "firstName", "last_name": "lastName",
			"user_type": "userType", "email": "email", "account_status": "accountStatus",
		}), []string{"user_id"})
	}
	return directories, lists, members, users
}

// compareLists compares the truth with the endpoints, and returns the truth.
func (c *client) compareLists(when string) (lists, members, users map[string]map[string]any) {
	c.t.Helper()
	directories, wantLists, wantMembers, wantUsers := c.rowsOfLists()
	lists = c.truth("mailing_lists", "directory_id", "mailing_list_id")
	members = c.truth("mailing_list_memberships", "mailing_list_id", "contact_id")
	users = c.truth("users", "user_id")
	for kind, pair := range map[string][2]map[string]map[string]any{
		"directories": {directories, c.truth("directories", "directory_id")}, "mailing_lists": {wantLists, lists},
		"mailing_list_memberships": {wantMembers, members}, "users": {wantUsers, users},
	} {
		if diff := cmp.Diff(pair[0], pair[1]); diff != "" {
			c.t.Errorf("%s, %s (-endpoints +truth):\n%s", when, kind, diff)
		}
	}
	return lists, members, users
}

// changes counts the rows that are new, that are other than before, and that are
// missing.
func changes(before, after map[string]map[string]any) (added, changed, gone int) {
	for key, row := range after {
		switch old := before[key]; {
		case old == nil:
			added++
		case !cmp.Equal(old, row):
			changed++
		}
	}
	for key := range before {
		if after[key] == nil {
			gone++
		}
	}
	return added, changed, gone
}

func TestTruth_OfListsAndUsersIsThatOfTheEndpoints(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		for _, doubt := range []sandbox.Doubt{{}, {PlainMembers: true, StaleMemberCounts: true, MembersMoveList: true, EmptyPages: true}} {
			c := newClient(t, sandbox.Options{Seed: 4, Surveys: 1, Responses: 1, Contacts: 200, Users: 120, Doubt: doubt})
			lists, members, users := c.compareLists("at the start")
			c.tenant.SetActivity(0, 5, 0)
			c.tenant.Advance(40*time.Hour, false)
			laterLists, laterMembers, laterUsers := c.compareLists("later")
			for kind, pair := range map[string][2]map[string]map[string]any{
				"mailing_lists": {lists, laterLists}, "mailing_list_memberships": {members, laterMembers}, "users": {users, laterUsers},
			} {
				if added, changed, gone := changes(pair[0], pair[1]); added == 0 || changed == 0 || gone == 0 {
					t.Errorf("%s: %d were added, %d changed, %d went; want some of each", kind, added, changed, gone)
				}
			}
		}
	})
}

func TestTruth_OfListsChangesWithTheSeedAndNothingElse(t *testing.T) {
	t.Parallel()
	build := func(seed uint64) string {
		c := newClient(t, sandbox.Options{Seed: seed, Surveys: 1, Responses: 1, Contacts: 60})
		all := ""
		for _, kind := range []string{"directories", "mailing_lists", "mailing_list_memberships", "users"} {
			rows, _ := c.tenant.Truth(kind)
			for row := range rows {
				all += string(row) + "\n"
			}
		}
		return all
	}
	if one, again := build(1), build(1); one != again || one == build(2) {
		t.Error("one seed has to be one world")
	}
}
