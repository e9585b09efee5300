package sandbox_test

import (
	"maps"
	"net/http"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/birdie-ai/source-qualtrics/source/sandbox"
)

func TestMailingLists_MembersLeaveJoinAndOptOut(t *testing.T) {
	t.Parallel()
	c := newClient(t, sandbox.Options{Contacts: 400})
	directory, _ := c.directory()
	_, lists := c.pages(directory + "/mailinglists")
	path := func(list string) string { return directory + "/mailinglists/" + list }
	first, empty := lists[0]["mailingListId"].(string), lists[3]["mailingListId"].(string)
	_, members := c.pages(path(first) + "/contacts")
	want := []string{"contactId", "contactLookupId", "email", "extRef", "firstName", "language", "lastName", "mailingListUnsubscribed", "phone", "unsubscribed"}
	if diff := cmp.Diff(want, slices.Sorted(maps.Keys(members[0]))); diff != "" {
		t.Errorf("a member (-want +got):\n%s", diff)
	}
	left := make(map[any]int)
	for _, member := range members {
		left[member["mailingListUnsubscribed"]]++
	}
	if left[true] == 0 || left[true] > left[false]/10 {
		t.Errorf("%d members opted out of the list, %d did not", left[true], left[false])
	}
	at := slices.IndexFunc(members, func(member map[string]any) bool { return member["mailingListUnsubscribed"] == false })
	contact := members[at]["contactId"].(string)
	find := func(list string) map[string]any {
		_, members := c.pages(path(list) + "/contacts")
		at := slices.IndexFunc(members, func(member map[string]any) bool { return member["contactId"] == contact })
		if at < 0 {
			return nil
		}
		return members[at]
	}
	inDetail := func(list string) any {
		detail := result[map[string]any](t, c.get(directory+"/contacts/"+contact))
		return detail["mailingListMembership"].(map[string]any)[list]
	}
	if !c.tenant.OptOutMember(first, contact) || find(first)["mailingListUnsubscribed"] != true || inDetail(first).(map[string]any)["unsubscribeDate"] == nil {
		t.Error("the member did not opt out")
	}
	lookup := find(first)["contactLookupId"]
	if !c.tenant.RemoveMember(first, contact) || find(first) != nil || inDetail(first) != nil || c.tenant.RemoveMember(first, contact) {
		t.Error("the member did not leave")
	}
	if !c.tenant.AddMember(first, contact) || find(first)["mailingListUnsubscribed"] != false || find(first)["contactLookupId"] != lookup || c.tenant.AddMember(first, contact) {
		t.Error("the member did not join again")
	}
	if !c.tenant.AddMember(empty, contact) || find(empty) == nil || find(empty)["contactLookupId"] == lookup {
		t.Error("the contact did not join the empty list")
	}
	if c.tenant.AddMember(first, "CID_none") || c.tenant.RemoveMember("CG_none", contact) || c.tenant.OptOutMember(first, "CID_none") {
		t.Error("something changed that does not exist")
	}
}

func TestMailingLists_AreRenamedAddedAndRemoved(t *testing.T) {
	t.Parallel()
	c := newClient(t, sandbox.Options{Contacts: 100})
	directory, _ := c.directory()
	id := strings.TrimPrefix(directory, "/API/v3/directories/")
	_, lists := c.pages(directory + "/mailinglists")
	want := []string{"contactCount", "creationDate", "lastModifiedDate", "mailingListId", "name", "ownerId"}
	if diff := cmp.Diff(want, slices.Sorted(maps.Keys(lists[0]))); diff != "" {
		t.Errorf("a list (-want +got):\n%s", diff)
	}
	list := lists[1]["mailingListId"].(string)
	if !c.tenant.RenameMailingList(list, "Another") {
		t.Fatal("the list was not found")
	}
	got := result[map[string]any](t, c.get(directory+"/mailinglists/"+list))
	if got["name"] != "Another" || got["lastModifiedDate"].(float64) <= lists[1]["lastModifiedDate"].(float64) || got["creationDate"] != lists[1]["creationDate"] {
		t.Errorf("got %v, before %v", got, lists[1])
	}
	added := c.tenant.AddMailingList(id, "New")
	if _, now := c.pages(directory + "/mailinglists"); len(now) != len(lists)+1 || now[len(lists)]["mailingListId"] != added {
		t.Errorf("after adding %s: %v", added, now)
	}
	if !c.tenant.RemoveMailingList(list) || c.tenant.RemoveMailingList(list) || c.tenant.RenameMailingList(list, "x") || c.tenant.AddMailingList("POOL_none", "x") != "" {
		t.Error("want the list removed once, and nothing found afterwards")
	}
	for _, below := range []string{"", "/contacts"} {
		wantError(t, c.get(directory+"/mailinglists/"+list+below), 404, "UNF_9", "")
	}
	for kind, keys := range map[string][]string{"mailing_lists": nil, "mailing_list_memberships": {"contact_id"}} {
		for key, row := range c.truth(kind, append([]string{"mailing_list_id"}, keys...)...) {
			if row["mailing_list_id"] == list {
				t.Errorf("the truth of %s still has %s", kind, key)
			}
		}
	}
	if c.tenant.RenameDirectory(id, ""); c.truth("directories", "directory_id")[id]["name"] != nil {
		t.Error("the directory still has a name")
	}
}

func TestMailingLists_TheirCountsAndDatesAreInDoubt(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		for _, doubtful := range []bool{false, true} {
			c := newClient(t, sandbox.Options{Seed: 3, Contacts: 300, Surveys: 1, Responses: 1, Doubt: sandbox.Doubt{StaleMemberCounts: doubtful, MembersMoveList: doubtful}})
			directory, _ := c.directory()
			list := result[listing](t, c.get(directory+"/mailinglists")).Elements[0]
			path := directory + "/mailinglists/" + list["mailingListId"].(string)
			_, members := c.pages(path + "/contacts")
			c.tenant.RemoveMember(list["mailingListId"].(string), members[0]["contactId"].(string))
			if moved := result[map[string]any](t, c.get(path))["lastModifiedDate"] != list["lastModifiedDate"]; moved != doubtful {
				t.Errorf("MembersMoveList=%v: the modified date moved: %v", doubtful, moved)
			}
			c.tenant.SetActivity(0, 20, 0)
			c.tenant.Advance(48*time.Hour, false)
			_, members = c.pages(path + "/contacts")
			if count := int(result[map[string]any](t, c.get(path))["contactCount"].(float64)); (count > len(members)) != doubtful || count < len(members) {
				t.Errorf("StaleMemberCounts=%v: counts %d of %d members", doubtful, count, len(members))
			}
		}
	})
}

func TestMailingLists_MembersCanLackTheirMembership(t *testing.T) {
	t.Parallel()
	c := newClient(t, sandbox.Options{Contacts: 60, Doubt: sandbox.Doubt{PlainMembers: true}})
	directory, _ := c.directory()
	list := result[listing](t, c.get(directory+"/mailinglists")).Elements[0]["mailingListId"].(string)
	for _, member := range result[listing](t, c.get(directory+"/mailinglists/"+list+"/contacts?includeEmbedded=true")).Elements {
		want := []string{"contactId", "email", "embeddedData", "extRef", "firstName", "language", "lastName", "phone", "unsubscribed"}
		if diff := cmp.Diff(want, slices.Sorted(maps.Keys(member))); diff != "" {
			t.Fatalf("a member (-want +got):\n%s", diff)
		}
	}
}

func TestLists_CanBeginWithAnEmptyPage(t *testing.T) {
	t.Parallel()
	c := newClient(t, sandbox.Options{Contacts: 60, Surveys: 3, Doubt: sandbox.Doubt{EmptyPages: true}})
	directory, contacts := c.directoryOf(0)
	for path, want := range map[string]int{
		"/API/v3/surveys": 3, "/API/v3/users": 30, "/API/v3/directories": 2, directory + "/contacts?pageSize=20": contacts, directory + "/mailinglists?includeCount=true": 4,
	} {
		sizes, elements := c.pages(path)
		if sizes[0] != 0 || len(elements) != want {
			t.Errorf("%s: pages of %v with %d elements, want an empty page and %d", path, sizes, len(elements), want)
		}
	}
}

// directoryOf is the path of a directory by its position, and its contacts.
func (c *client) directoryOf(position int) (string, int) {
	c.t.Helper()
	id := c.directoryIDs()[position]
	return "/API/v3/directories/" + id, int(c.truth("directories", "directory_id")[id]["contact_count"].(float64))
}

func TestMailingLists_OneMemberIsFoundByItsID(t *testing.T) {
	t.Parallel()
	c := newClient(t, sandbox.Options{Contacts: 100})
	directory, _ := c.directory()
	_, lists := c.pages(directory + "/mailinglists")
	list := lists[0]["mailingListId"].(string)
	path := directory + "/mailinglists/" + list + "/contacts"
	_, members := c.pages(path)
	contact := members[0]["contactId"].(string)
	if !c.tenant.OptOutMember(list, contact) {
		t.Fatal("the member did not opt out")
	}
	member := result[map[string]any](t, c.get(path+"/"+contact))
	if member["contactId"] != contact || member["contactLookupId"] != members[0]["contactLookupId"] || member["mailingListUnsubscribed"] != true {
		t.Errorf("got %v", member)
	}
	if _, number := member["mailingListUnsubscribeDate"].(float64); !number {
		t.Errorf("the date of the opt-out is %v, want milliseconds", member["mailingListUnsubscribeDate"])
	}
	if !c.tenant.RemoveMember(list, contact) {
		t.Fatal("the member did not leave")
	}
	if got := c.get(path + "/" + contact); got.status != http.StatusNotFound {
		t.Errorf("a contact that left the list: got %d, want 404", got.status)
	}
}
