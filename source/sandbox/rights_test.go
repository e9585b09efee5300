package sandbox_test

import (
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/birdie-ai/source-qualtrics/source/sandbox"
)

// listPaths are paths below each right and scope.
func (c *client) listPaths() map[string][]string {
	directory, _ := c.directory()
	list := directory + "/mailinglists/" + result[listing](c.t, c.get(directory+"/mailinglists")).Elements[0]["mailingListId"].(string)
	return map[string][]string{
		"users": {"/API/v3/users", "/API/v3/users/" + result[listing](c.t, c.get("/API/v3/users")).Elements[0]["id"].(string)}, "directories": {"/API/v3/directories"},
		"mailing_lists": {directory + "/mailinglists", list}, "mailing_list_contacts": {list + "/contacts"},
	}
}

func TestScopes_OfListsAndUsersAreNeeded(t *testing.T) {
	t.Parallel()
	c := newClient(t, sandbox.Options{})
	all := c.listPaths()
	for scope := range all {
		issued, _ := c.token(true, grantForm("read:"+scope))
		narrow := c.with("X-API-TOKEN", "").with("Authorization", "Bearer "+issued.AccessToken)
		for needed, paths := range all {
			for _, path := range paths {
				if needed == scope {
					result[map[string]any](t, narrow.get(path))
				} else {
					wantError(t, narrow.get(path), 403, "", "You are missing the following required scopes: read:"+needed)
				}
			}
		}
	}
}

func TestRights_AnAccountCanLackThem(t *testing.T) {
	t.Parallel()
	truths := map[sandbox.Right][]string{sandbox.RightUsers: {"users"}, sandbox.RightMailingLists: {"mailing_lists", "mailing_list_memberships"}}
	whole := newClient(t, sandbox.Options{})
	all := whole.listPaths()
	paths := map[sandbox.Right][]string{sandbox.RightUsers: all["users"], sandbox.RightMailingLists: slices.Concat(all["mailing_lists"], all["mailing_list_contacts"])}
	for _, right := range sandbox.Rights() {
		for status, doubt := range map[int]sandbox.Doubt{403: {}, 404: {MissingRightCode: 404}} {
			c := newClient(t, sandbox.Options{Without: []sandbox.Right{right}, Doubt: doubt})
			for area, paths := range paths {
				for _, path := range paths {
					if area == right {
						wantError(t, c.get(path), status, "QMST_2.1", "The operation is forbidden.")
					} else if got := c.get(path); got.status != http.StatusOK {
						t.Errorf("without %s, %s answers %d", right, path, got.status)
					}
				}
			}
			for area, kinds := range truths {
				for _, kind := range kinds {
					if none := c.rowCount(kind) == 0; none != (area == right) {
						t.Errorf("without %s, the truth of %s has no rows: %v", right, kind, none)
					}
				}
			}
			if kind := result[map[string]any](t, c.get("/API/v3/whoami"))["accountType"]; (kind == "UT_BRANDADMIN") == (right == sandbox.RightUsers) {
				t.Errorf("without %s the account is a %v", right, kind)
			}
			c.tenant.RestoreRight(right)
			if got := c.get(paths[right][0]); got.status != http.StatusOK {
				t.Errorf("with %s again: %d", right, got.status)
			}
		}
		whole.tenant.WithdrawRight(right)
		wantError(t, whole.get(paths[right][0]), 403, "QMST_2.1", "")
		whole.tenant.RestoreRight(right)
	}
	if _, err := sandbox.New(sandbox.Options{Without: []sandbox.Right{"sleep"}}); err == nil || !strings.Contains(err.Error(), "mailing_lists") {
		t.Errorf("got the error %v, want one that names the rights", err)
	}
}

func (c *client) rowCount(kind string) (n int) {
	rows, _ := c.tenant.Truth(kind)
	for range rows {
		n++
	}
	return n
}
