package qualtrics_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/birdie-ai/source-qualtrics/source/qualtrics"
)

func TestDirectoryList_EveryMemberComes(t *testing.T) {
	t.Parallel()
	b := &book{t: t, pages: []string{`{"elements":[
		{"directoryId":"POOL_1","name":"People","contactCount":12,"isDefault":true,"deduplicationCriteria":{"email":true,"phone":false}},
		{"directoryId":"POOL_2","name":7,"contactCount":"many","isDefault":"perhaps","deduplicationCriteria":[1]},
		{"directoryId":"POOL_3","name":null,"deduplicationCriteria":[]}],"nextPage":null}`}}
	got, err := client(t, b.serve).DirectoryList().All(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	want := []qualtrics.Directory{
		{ID: "POOL_1", Name: new("People"), ContactCount: new(int64(12)), IsDefault: new(true), DeduplicationCriteria: json.RawMessage(`{"email":true,"phone":false}`)},
		{ID: "POOL_2", Name: new("7"), Altered: []qualtrics.Altered{
			{Field: "ContactCount", How: qualtrics.Unreadable}, {Field: "IsDefault", How: qualtrics.Unreadable}, {Field: "DeduplicationCriteria", How: qualtrics.Unreadable},
		}},
		{ID: "POOL_3", DeduplicationCriteria: json.RawMessage(`{}`)},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

func TestMailingLists_EveryMemberComesAndCountsAreAskedFor(t *testing.T) {
	t.Parallel()
	b := &book{t: t, pages: []string{
		`{"elements":[{"mailingListId":"CG_1","name":"Newsletter","ownerId":"UR_1","creationDate":1768478400000,"lastModifiedDate":1768482000000,"contactCount":3}],
		"nextPage":"https://other.qualtrics.com/API/v3/directories/POOL_1/mailinglists?skipToken=abc"}`,
		`{"elements":[{"mailingListId":"CG_2","lastModifiedDate":"2026-01-15T13:00:00Z","creationDate":"soon"}]}`,
	}}
	b.pages = append(b.pages, b.pages...) // a list of two pages is read twice
	got, err := client(t, b.serve).MailingLists("POOL_1").All(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	one := time.Date(2026, 1, 15, 13, 0, 0, 0, time.UTC)
	want := []qualtrics.MailingList{
		{ID: "CG_1", Name: new("Newsletter"), OwnerID: new("UR_1"), CreatedAt: new(one.Add(-time.Hour)), LastModifiedAt: &one, ContactCount: new(int64(3))},
		{ID: "CG_2", LastModifiedAt: &one, Altered: []qualtrics.Altered{{Field: "CreatedAt", How: qualtrics.Unreadable}}},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	var asked []string
	for _, url := range b.asked {
		asked = append(asked, url.RequestURI())
	}
	first, second := "/API/v3/directories/POOL_1/mailinglists?includeCount=true", "/API/v3/directories/POOL_1/mailinglists?includeCount=true&skipToken=abc"
	if diff := cmp.Diff([]string{first, second, first, second}, asked); diff != "" {
		t.Errorf("asked for (-want +got):\n%s", diff)
	}
}

func TestMemberships_EveryMemberComes(t *testing.T) {
	t.Parallel()
	b := &book{t: t, pages: []string{`{"elements":[
		{"contactId":"CID_1","contactLookupId":"CGC_1","firstName":"Ada","lastName":null,"email":"ada@example.com","phone":"+1","extRef":"e-1","language":"en",
			"unsubscribed":false,"mailingListUnsubscribed":true,"mailingListUnsubscribeDate":1768482000000},
		{"contactId":"CID_2","directoryUnsubscribed":"1","directoryUnsubscribeDate":"2026-01-15T13:00:00Z","mailingListUnsubscribed":2}],"nextPage":null}`}}
	got, err := client(t, b.serve).Memberships("POOL_1", "CG_1").All(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	one := time.Date(2026, 1, 15, 13, 0, 0, 0, time.UTC)
	want := []qualtrics.Membership{
		{
			ContactID: "CID_1", LookupID: new("CGC_1"), FirstName: new("Ada"), Email: new("ada@example.com"), Phone: new("+1"), ExternalReference: new("e-1"),
			Language: new("en"), Unsubscribed: new(false), MailingListUnsubscribed: new(true), MailingListUnsubscribedAt: &one,
		},
		{ContactID: "CID_2", Unsubscribed: new(true), UnsubscribedAt: &one, Altered: []qualtrics.Altered{{Field: "MailingListUnsubscribed", How: qualtrics.Unreadable}}},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	if got := b.asked[0].RequestURI(); got != "/API/v3/directories/POOL_1/mailinglists/CG_1/contacts?useNewPaginationScheme=true" {
		t.Errorf("asked for %s", got)
	}
}

// An empty page may have a next one (seen in a recorded answer of another list), and no member of a secret is read.
func TestUsers_EveryMemberComesAndAnEmptyPageDoesNotEndTheList(t *testing.T) {
	t.Parallel()
	b := &book{t: t, pages: []string{
		`{"elements":[],"nextPage":"https://iad1.qualtrics.com/API/v3/users?offset=100"}`,
		`{"elements":[{"id":"UR_1","divisionId":null,"username":"ada@example.com#brand","firstName":"Ada","lastName":"L","userType":"UT_BRANDADMIN","email":"ada@example.com",
			"accountStatus":"active","apiToken":"canary"},{"id":"URH_2","divisionId":"DV_1","accountStatus":"disabled","email":{}}],"nextPage":null}`,
	}}
	b.pages = append(b.pages, b.pages...)
	got, err := client(t, b.serve).Users().All(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	want := []qualtrics.User{
		{
			ID: "UR_1", Username: new("ada@example.com#brand"), FirstName: new("Ada"), LastName: new("L"), UserType: new("UT_BRANDADMIN"),
			Email: new("ada@example.com"), AccountStatus: new("active"),
		},
		{ID: "URH_2", DivisionID: new("DV_1"), AccountStatus: new("disabled"), Altered: []qualtrics.Altered{{Field: "Email", How: qualtrics.Unreadable}}},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

// once makes each call once.
func once(o *qualtrics.Options) { o.Limits.Tries = 1 }

// listings are the lists of the API, by the member that is the id of an element.
var listings = map[string]func(t *testing.T, c *qualtrics.Client) ([]string, error){
	"directoryId": func(t *testing.T, c *qualtrics.Client) ([]string, error) { return idsOf(t, c.DirectoryList()) },
	"mailingListId": func(t *testing.T, c *qualtrics.Client) ([]string, error) {
		return idsOf(t, c.MailingLists("POOL_1"))
	},
	"contactId": func(t *testing.T, c *qualtrics.Client) ([]string, error) {
		return idsOf(t, c.Memberships("POOL_1", "CG_1"))
	},
	"id": func(t *testing.T, c *qualtrics.Client) ([]string, error) { return idsOf(t, c.Users()) },
}

func idsOf[T any](t *testing.T, list qualtrics.Listing[T]) ([]string, error) {
	t.Helper()
	all, err := list.All(t.Context())
	var ids []string
	for _, element := range all {
		ids = append(ids, list.ID(element))
	}
	return ids, err
}

func TestListing_IsReadUntilTwoPassesAgree(t *testing.T) {
	t.Parallel()
	for member, all := range listings {
		s := &shelf{ids: []string{"X_1", "X_2", "X_3", "X_4", "X_5"}, member: member}
		s.change = func(passes int) {
			if passes == 1 {
				s.ids = s.ids[1:] // X_3 moves to the page that was read already
			}
		}
		if got, err := all(t, client(t, s.serve)); err != nil || !slices.Equal(got, s.ids) || s.passes != 3 {
			t.Errorf("%s: got %v and %v after %d passes, want %v after 3", member, got, err, s.passes, s.ids)
		}
	}
}

func TestListing_AnElementWithoutAnIDIsNamedAndAMissingListIsNotEmpty(t *testing.T) {
	t.Parallel()
	for member, all := range listings {
		c := client(t, func(*http.Request) *http.Response {
			return ok(fmt.Sprintf(`{"elements":[{%q:"X_1"},{"x":1},{%q:"X_3"}]}`, member, member))
		})
		var nameless *qualtrics.ElementError
		if got, err := all(t, c); !errors.As(err, &nameless) || !slices.Equal(got, []string{"X_1", "X_3"}) {
			t.Errorf("%s: got %v and %v, want the other elements and an error of the second one", member, got, err)
		}
		c = client(t, func(*http.Request) *http.Response { return ok(`{"nextPage":null}`) }, once)
		if got, err := all(t, c); err == nil || got != nil || !strings.Contains(err.Error(), "no elements") {
			t.Errorf("%s: got %v and %v, want an error that says that the list is missing", member, got, err)
		}
	}
}

// Only an answer about the element itself proves that it is there, and only Qualtrics' own 404
// that it is gone.
func TestListing_AnElementIsAskedForByItsOwnCall(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		ask  func(t *testing.T, c *qualtrics.Client) error
		path string
		body string // of %s, the id
	}{
		"a mailing list": {func(t *testing.T, c *qualtrics.Client) error {
			_, err := c.MailingList(t.Context(), "POOL_1", "X_1")
			return err
		}, "/API/v3/directories/POOL_1/mailinglists/X_1", `{"mailingListId":"%s"}`},
		"a member": {func(t *testing.T, c *qualtrics.Client) error {
			return c.HasMember(t.Context(), "POOL_1", "CG_1", "X_1")
		}, "/API/v3/directories/POOL_1/mailinglists/CG_1/contacts/X_1", `{"contactId":"%s"}`},
		"a user": {func(t *testing.T, c *qualtrics.Client) error {
			_, err := c.User(t.Context(), "X_1")
			return err
		}, "/API/v3/users/X_1", `{"id":"%s"}`},
	} {
		answering := func(response func() *http.Response) error {
			return test.ask(t, client(t, func(r *http.Request) *http.Response {
				if r.URL.Path != test.path {
					t.Errorf("%s: asked for %s, want %s", name, r.URL.Path, test.path)
				}
				return response()
			}, once))
		}
		if err := answering(func() *http.Response { return ok(fmt.Sprintf(test.body, "X_1")) }); err != nil {
			t.Errorf("%s: got %v for one that exists", name, err)
		}
		if err := answering(func() *http.Response { return ok(fmt.Sprintf(test.body, "X_2")) }); err == nil || qualtrics.IsGone(err) {
			t.Errorf("%s: got %v for an answer about another one", name, err)
		}
		if err := answering(func() *http.Response { return failed(404, "UNF_9", "no") }); !qualtrics.IsGone(err) {
			t.Errorf("%s: got %v for one that does not exist", name, err)
		}
		if err := answering(func() *http.Response { return answer(404, `{"meta":{}}`) }); err == nil || qualtrics.IsGone(err) {
			t.Errorf("%s: got %v for a 404 that does not come from Qualtrics", name, err)
		}
	}
}
