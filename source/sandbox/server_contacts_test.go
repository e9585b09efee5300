package sandbox_test

import (
	"encoding/base64"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/birdie-ai/source-qualtrics/source/sandbox"
)

// directory returns the path of the largest directory and its contacts.
func (c *client) directory() (string, int) {
	c.t.Helper()
	path, most := "", -1
	for _, element := range result[listing](c.t, c.get("/API/v3/directories")).Elements {
		if count := int(element["contactCount"].(float64)); count > most {
			path, most = "/API/v3/directories/"+element["directoryId"].(string), count
		}
	}
	return path, most
}

// pages follows nextPage.
func (c *client) pages(path string) (sizes []int, elements []map[string]any) {
	c.t.Helper()
	for next := &path; next != nil; {
		page := result[listing](c.t, c.get(*next))
		sizes = append(sizes, len(page.Elements))
		elements = append(elements, page.Elements...)
		next = page.NextPage
	}
	return sizes, elements
}

func distinct(elements []map[string]any, key string) int {
	seen := make(map[any]bool)
	for _, element := range elements {
		seen[element[key]] = true
	}
	return len(seen)
}

func TestContacts_PageBySkipTokenInBothSchemes(t *testing.T) {
	t.Parallel()
	c := newClient(t, sandbox.Options{Contacts: 1200})
	directory, count := c.directory()
	for _, query := range []string{"", "?useNewPaginationScheme=true", "?pageSize=7&useNewPaginationScheme=true", "?pageSize=5000"} {
		sizes, elements := c.pages(directory + "/contacts" + query)
		if distinct(elements, "contactId") != count || len(elements) != count {
			t.Errorf("%q: got %d contacts, want %d", query, len(elements), count)
		}
		want := map[string]int{"": 100, "?useNewPaginationScheme=true": 100, "?pageSize=7&useNewPaginationScheme=true": 7, "?pageSize=5000": min(count, 1000)}[query]
		if sizes[0] != want {
			t.Errorf("%q: got a page of %d, want %d", query, sizes[0], want)
		}
	}
	next := func(query string) string {
		page := result[listing](t, c.get(directory+"/contacts"+query))
		_, token, _ := strings.Cut(*page.NextPage, "skipToken=")
		token, _, _ = strings.Cut(token, "&")
		return token
	}
	if got := next(""); got != "100" {
		t.Errorf("got the token %q, want a plain number", got)
	}
	if got := next("?useNewPaginationScheme=true"); strings.Trim(got, "0123456789") == "" {
		t.Errorf("got the token %q, want an opaque text", got)
	}
	for _, query := range []string{"?skipToken=!", "?pageSize=0", "?pageSize=x"} {
		wantError(t, c.get(directory+"/contacts"+query), 400, "", "Invalid request")
	}
}

func TestContacts_SingleOneHasEpochMilliseconds(t *testing.T) {
	t.Parallel()
	c := newClient(t, sandbox.Options{})
	directory, _ := c.directory()
	page := result[listing](t, c.get(directory+"/contacts?includeEmbedded=true"))
	got := result[map[string]any](t, c.get(directory+"/contacts/"+page.Elements[0]["contactId"].(string)))
	created, ok := got["creationDate"].(float64)
	if at := time.UnixMilli(int64(created)); !ok || at.Year() < 2000 || at.After(c.tenant.Now()) {
		t.Errorf("got creationDate %v", got["creationDate"])
	}
	if _, ok := page.Elements[0]["lastModified"]; ok {
		t.Error("the list has modified dates")
	}
	wantError(t, c.get(directory+"/contacts/CID_unknown"), 404, "UNF_9", "")
}

func TestMailingLists_CutPagesOfMembersAt50(t *testing.T) {
	t.Parallel()
	c := newClient(t, sandbox.Options{Contacts: 2000})
	directory, _ := c.directory()
	_, lists := c.pages(directory + "/mailinglists?includeCount=true")
	slices.SortFunc(lists, func(a, b map[string]any) int { return int(b["contactCount"].(float64) - a["contactCount"].(float64)) })
	list := directory + "/mailinglists/" + lists[0]["mailingListId"].(string)
	sizes, elements := c.pages(list + "/contacts?pageSize=500")
	if sizes[0] != 50 || distinct(elements, "contactId") != len(elements) || len(elements) <= 50 {
		t.Errorf("got pages of %v with %d members", sizes, len(elements))
	}
	if got := result[map[string]any](t, c.get(list)); got["mailingListId"] != lists[0]["mailingListId"] {
		t.Errorf("got %v", got)
	}
	for _, list := range result[listing](t, c.get(directory+"/mailinglists")).Elements {
		if list["contactCount"] != 0.0 {
			t.Errorf("counted without being asked: %v", list)
		}
	}
	wantError(t, c.get(directory+"/mailinglists/CG_unknown/contacts"), 404, "UNF_9", "")
}

type found struct {
	Elements  []map[string]any `json:"elements"`
	SkipToken *string          `json:"skipToken"`
}

func TestSearch_PagesByBareToken(t *testing.T) {
	t.Parallel()
	c := newClient(t, sandbox.Options{Contacts: 500})
	directory, count := c.directory()
	const filter = `{"filter":{"filterType":"created","comparison":"gt","value":"1990-01-01"}}`
	// One size divides the directory, one does not.
	for _, size := range []int{count / 2, count/2 + 1} {
		var sizes []int
		var all []map[string]any
		for token := ""; ; {
			page := result[found](t, c.do(http.MethodPost, fmt.Sprintf("%s/contacts/search?pageSize=%d&skipToken=%s", directory, size, token), filter))
			sizes = append(sizes, len(page.Elements))
			all = append(all, page.Elements...)
			if page.SkipToken == nil {
				break
			}
			token = *page.SkipToken
			if want := base64.StdEncoding.EncodeToString(fmt.Append(nil, len(all))); token != want {
				t.Fatalf("got token %q, want %q", token, want)
			}
		}
		want := []int{size, count - size}
		if count%size == 0 {
			want = slices.Repeat([]int{size}, count/size)
			want = append(want, 0)
		}
		if diff := cmp.Diff(want, sizes); diff != "" || distinct(all, "id") != count {
			t.Errorf("size %d of %d: %d contacts, pages (-want +got):\n%s", size, count, distinct(all, "id"), diff)
		}
	}
}

func TestSearch_EndsAtItsDepth(t *testing.T) {
	t.Parallel()
	c := newClient(t, sandbox.Options{Contacts: 30_000})
	directory, _ := c.directory()
	const filter = `{"filter":{"filterType":"created","comparison":"gt","value":"1990-01-01"}}`
	search := func(offset int) answer {
		token := base64.StdEncoding.EncodeToString(fmt.Append(nil, offset))
		return c.do(http.MethodPost, directory+"/contacts/search?skipToken="+token, filter)
	}
	if page := result[found](t, search(9900)); len(page.Elements) != 100 || page.SkipToken == nil {
		t.Errorf("got %d contacts at 9900", len(page.Elements))
	}
	for _, offset := range []int{9901, 10_000, 20_000} {
		wantError(t, search(offset), 400, "", "10000")
	}
}

func TestSearch_FiltersByTheTable(t *testing.T) {
	t.Parallel()
	c := newClient(t, sandbox.Options{Contacts: 300})
	directory, count := c.directory()
	search := func(filter string) []map[string]any {
		page := result[found](t, c.do(http.MethodPost, directory+"/contacts/search?pageSize=1000", `{"filter":`+filter+`}`))
		return page.Elements
	}
	one := search(`{"filterType":"infoFieldState","field":"email","comparison":"notEmpty"}`)[0]
	email, modified := one["email"].(string), one["lastModified"].(string)
	at, err := time.Parse(time.RFC3339, modified)
	if err != nil {
		t.Fatal(err)
	}
	same := search(fmt.Sprintf(`{"filterType":"email","comparison":"eq","value":" %s "}`, strings.ToUpper(email)))
	others := search(fmt.Sprintf(`{"filterType":"email","comparison":"neq","value":%q}`, email))
	if len(same) != 1 || same[0]["id"] != one["id"] || len(others) != count-1 {
		t.Errorf("eq found %d, neq %d of %d", len(same), len(others), count)
	}
	second := at.Format(time.DateTime)
	split := map[string]int{}
	for _, comparison := range []string{"eq", "neq", "gt", "gte", "lt", "lte"} {
		split[comparison] = len(search(fmt.Sprintf(`{"filterType":"lastModified","comparison":%q,"value":%q}`, comparison, second)))
	}
	if split["eq"] < 1 || split["eq"]+split["neq"] != count || split["gt"]+split["eq"] != split["gte"] || split["lt"]+split["gte"] != count || split["gt"]+split["lte"] != count {
		t.Errorf("got %v of %d", split, count)
	}
	both := search(fmt.Sprintf(`{"conjunction":"and","filters":[{"filterType":"lastModified","comparison":"gte","value":%q},{"filterType":"lastModified","comparison":"lte","value":%q}]}`, second, second))
	if len(both) != split["eq"] {
		t.Errorf("a combination found %d, want %d", len(both), split["eq"])
	}
	_, lists := c.pages(directory + "/mailinglists")
	list := lists[0]["mailingListId"].(string)
	_, members := c.pages(directory + "/mailinglists/" + list + "/contacts")
	in := search(fmt.Sprintf(`{"filterType":"inList","comparison":true,"mailingListId":%q}`, list))
	out := search(fmt.Sprintf(`{"filterType":"inList","comparison":"false","mailingListId":%q}`, list))
	if len(in) != len(members) || len(in)+len(out) != count {
		t.Errorf("%d in the list and %d not, want %d of %d", len(in), len(out), len(members), count)
	}
	day := `{"filterType":"created","comparison":"lt","value":"2026-01-01"}`
	for _, filter := range []string{
		``, `{}`, `{"filter":{}}`, `{"filter":{"filterType":"nothing","comparison":"eq","value":"x"}}`,
		`{"filter":{"filterType":"email","comparison":"gt","value":"x"}}`,
		`{"filter":{"filterType":"created","comparison":"gt","value":"2026-01-01T00:00:00Z"}}`,
		`{"filter":{"filterType":"created","comparison":"about","value":"2026-01-01"}}`,
		`{"filter":{"filterType":"infoFieldState","comparison":"empty","field":"phone"}}`,
		`{"filter":{"filterType":"inList","comparison":true}}`,
		`{"filter":{"conjunction":"or","filters":[` + day + `,` + day + `]}}`,
		`{"filter":{"conjunction":"and","filters":[` + day + `]}}`,
		`{"filter":{"conjunction":"and","filters":[` + strings.Repeat(day+",", 5) + day + `]}}`,
	} {
		wantError(t, c.do(http.MethodPost, directory+"/contacts/search", filter), 400, "", "Invalid request")
	}
}

func TestSearch_IsMissingInALiteDirectory(t *testing.T) {
	t.Parallel()
	c := newClient(t, sandbox.Options{Doubt: sandbox.Doubt{LiteDirectory: true}})
	directory, count := c.directory()
	wantError(t, c.do(http.MethodPost, directory+"/contacts/search", `{"filter":{"filterType":"created","comparison":"gt","value":"1990-01-01"}}`), 403, "", "")
	if _, elements := c.pages(directory + "/contacts"); len(elements) != count {
		t.Errorf("listed %d of %d contacts", len(elements), count)
	}
}
