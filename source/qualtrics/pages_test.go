package qualtrics_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"iter"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/birdie-ai/source-qualtrics/source/qualtrics"
)

// collect takes what a sequence yields until its first error.
func collect[T any](sequence iter.Seq2[T, error]) (all []T, err error) {
	for element, err := range sequence {
		if err != nil {
			return all, err
		}
		all = append(all, element)
	}
	return all, nil
}

// book serves the pages of a list in turn and keeps what was asked for. It
// fails the test when anybody but the configured host is asked.
type book struct {
	t     *testing.T
	pages []string // results
	asked []*url.URL
}

func (b *book) serve(r *http.Request) *http.Response {
	if r.URL.Scheme != "https" || r.URL.Host != "iad1.qualtrics.com" || r.Header.Get("X-API-TOKEN") != token {
		b.t.Errorf("a request went to %s", r.URL)
	}
	b.asked = append(b.asked, r.URL)
	if len(b.asked) > len(b.pages) {
		b.t.Errorf("a page too many was asked for: %s", r.URL)
		return failed(404, "UNF_9", "no such page")
	}
	return ok(b.pages[len(b.asked)-1])
}

// surveyPage is a page of one survey; next is JSON.
func surveyPage(n int, next string) string {
	return fmt.Sprintf(`{"elements":[{"id":"SV_%d","name":"n"}],"nextPage":%s}`, n, next)
}

func TestPages_OnlyTheQueryOfALinkIsFollowed(t *testing.T) {
	t.Parallel()
	for name, link := range map[string]string{
		"absolute":                 "https://iad1.qualtrics.com/API/v3/surveys?offset=100",
		"another data center":      "https://az1.qualtrics.com/API/v3/surveys?offset=100",
		"a foreign host":           "https://evil.example/API/v3/surveys?offset=100",
		"a host that looks alike":  "https://iad1.qualtrics.com.evil.example/API/v3/surveys?offset=100",
		"a host behind a user":     "https://iad1.qualtrics.com@evil.example/API/v3/surveys?offset=100",
		"another port":             "https://iad1.qualtrics.com:8443/API/v3/surveys?offset=100",
		"plain HTTP":               "http://iad1.qualtrics.com/API/v3/surveys?offset=100",
		"a metadata service":       "http://169.254.169.254/API/v3/surveys?offset=100",
		"a host without a scheme":  "//evil.example/API/v3/surveys?offset=100",
		"relative":                 "/API/v3/surveys?offset=100",
		"a slash before the query": "https://iad1.qualtrics.com/API/v3/surveys/?offset=100",
		"a fragment":               "https://iad1.qualtrics.com/API/v3/surveys?offset=100#top",
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := &book{t: t, pages: []string{surveyPage(1, strconv.Quote(link)), surveyPage(2, "null")}}
			surveys, err := collect(client(t, b.serve).Surveys(t.Context()))
			if err != nil || len(surveys) != 2 || surveys[0].ID != "SV_1" || surveys[1].ID != "SV_2" {
				t.Fatalf("got %+v, %v", surveys, err)
			}
			if got := b.asked[1].String(); got != "https://iad1.qualtrics.com/API/v3/surveys?offset=100" {
				t.Errorf("the second page was asked of %s", got)
			}
		})
	}
}

func TestPages_ALinkThatCannotBeFollowedIsAnError(t *testing.T) {
	t.Parallel()
	for link, want := range map[string]string{
		"https://iad1.qualtrics.com/API/v3/users?offset=100":                "another path",
		"https://iad1.qualtrics.com/API/v3/surveys/SV_1?offset=100":         "another path",
		"https://iad1.qualtrics.com/API/v3/surveys/../users?offset=100":     "another path",
		"https://iad1.qualtrics.com/API/v3/surveys%2f..%2fusers?offset=100": "another path",
		"https://iad1.qualtrics.com/api/v3/surveys?offset=100":              "another path",
		"https://iad1.qualtrics.com/?offset=100":                            "another path",
		"/oauth2/token?offset=100":                                          "another path",
		"?offset=100":                                                       "another path",
		"javascript:alert(1)":                                               "cannot be read",
		"mailto:somebody@example.com":                                       "cannot be read",
		"https://iad1.qualtrics.com:port/API/v3/surveys?offset=100":         "cannot be read",
		"https://[::1/API/v3/surveys?offset=100":                            "cannot be read",
		"https://iad1.qualtrics.com/API/v3/surveys%zz?offset=100":           "cannot be read",
		"https://iad1.qualtrics.com/API/v3/sur\nveys?offset=100":            "cannot be read",
		"https://iad1.qualtrics.com/API/v3/surveys?offset=%zz":              "earlier one",
		"https://iad1.qualtrics.com/API/v3/surveys":                         "earlier one",
		"https://iad1.qualtrics.com/API/v3/" + token + "?offset=100":        "another path",
	} {
		t.Run(link, func(t *testing.T) {
			t.Parallel()
			b := &book{t: t, pages: []string{surveyPage(1, strconv.Quote(link))}}
			surveys, err := collect(client(t, b.serve).Surveys(t.Context()))
			if len(surveys) != 1 || err == nil || !strings.Contains(err.Error(), want) || strings.Contains(err.Error(), token) {
				t.Errorf("got %d surveys, %v; want %q", len(surveys), err, want)
			}
		})
	}
}

func TestPages_ALoopOfLinksIsAnError(t *testing.T) {
	t.Parallel()
	for name, offsets := range map[string][]string{
		"a page that links to itself":    {"100", "100"},
		"a page that links to an older":  {"100", "200", "300", "100"},
		"the same query in another form": {"100&x=1", "1%300&y=1", "100&x=1"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := &book{t: t}
			for i, offset := range offsets {
				b.pages = append(b.pages, surveyPage(i, strconv.Quote("https://iad1.qualtrics.com/API/v3/surveys?offset="+offset)))
			}
			surveys, err := collect(client(t, b.serve).Surveys(t.Context()))
			if err == nil || !strings.Contains(err.Error(), "earlier one") || len(surveys) != len(offsets) {
				t.Errorf("got %d surveys, %v", len(surveys), err)
			}
		})
	}
}

func TestPages_OfAnotherShapeAreErrors(t *testing.T) {
	t.Parallel()
	for page, want := range map[string]string{
		`{"elements":{"id":"SV_1"},"nextPage":null}`: "a survey has no id",
		`{"elements":"none"}`:                        "no elements",
		`{"elements":[],"nextPage":true}`:            "the link to the next page is no text",
		`[]`:                                         "no elements",
		`"SV_1"`:                                     "no elements",
		`null`:                                       "no result",
		`{"elements":[{"name":"nameless"}]}`:         "a survey has no id",
		`{"elements":[{"ID":"SV_1"}]}`:               "a survey has no id",
		`{"elements":[{"id":null}]}`:                 "a survey has no id",
		`{"elements":[null]}`:                        "a survey has no id",
		`{"elements":["SV_1"]}`:                      "a survey has no id",
		`{"elements":[{"id":{"SV":"1"}}],"nextPage":null}`: "a survey has no id",
	} {
		c := client(t, func(*http.Request) *http.Response { return ok(page) }, func(o *qualtrics.Options) { o.Limits.Tries = 1 })
		surveys, err := collect(c.Surveys(t.Context()))
		if err == nil || len(surveys) > 0 || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: got %v, %v; want %q", page, surveys, err, want)
		}
	}
}

// lists are the calls that read a list, each to its end.
var lists = map[string]func(context.Context, *qualtrics.Client) (int, error){
	"surveys":     func(ctx context.Context, c *qualtrics.Client) (int, error) { return counted(c.Surveys(ctx)) },
	"directories": func(ctx context.Context, c *qualtrics.Client) (int, error) { return counted(c.Directories(ctx)) },
	"contacts":    func(ctx context.Context, c *qualtrics.Client) (int, error) { return counted(c.Contacts(ctx, "POOL_1")) },
	"contact ids": func(ctx context.Context, c *qualtrics.Client) (int, error) {
		return counted(c.ContactIDs(ctx, "POOL_1"))
	},
	"a search": func(ctx context.Context, c *qualtrics.Client) (int, error) {
		return counted(c.SearchContacts(ctx, "POOL_1", qualtrics.ContactFilter{}))
	},
}

// counted counts the elements of a list and keeps its first error.
func counted[T any](sequence iter.Seq2[T, error]) (n int, first error) {
	for _, err := range sequence {
		switch {
		case err == nil:
			n++
		case first == nil:
			first = err
		}
	}
	return n, first
}

// every is an element that each list takes.
const every = `{"id":"X_%[1]d","directoryId":"X_%[1]d","contactId":"X_%[1]d"}`

func TestLists_WithoutTheirElementsAreUnreadableAndNotEmpty(t *testing.T) {
	t.Parallel()
	full := fmt.Sprintf(`{"elements":[`+every+`],"nextPage":"skip1","skipToken":"skip1"}`, 1)
	for name, call := range lists {
		for _, result := range []string{`{}`, `[]`, `{"nextPage":null}`, `{"elements":null,"nextPage":null}`, `{"element":[]}`, `{"elements":false}`} {
			unreadable(t, result, "the list has no elements", func(ctx context.Context, c *qualtrics.Client) error {
				n, err := call(ctx, c)
				if n > 0 {
					t.Errorf("%s: got %d elements of %s", name, n, result)
				}
				return err
			})
			synctest.Test(t, func(t *testing.T) {
				s, calls := script(func() *http.Response { return ok(full) }, func() *http.Response { return ok(result) })
				if n, err := call(t.Context(), client(t, s)); n != 1 || qualtrics.Kind(err) != qualtrics.KindTransient || *calls != 9 {
					t.Errorf("%s: a later page %s: got %d elements and %v after %d calls, want 1, a transient error and 9", name, result, n, err, *calls)
				}
			})
		}
	}
}

func TestLists_AreRepairedByATryThatHoldsTheElements(t *testing.T) {
	t.Parallel()
	for name, call := range lists {
		synctest.Test(t, func(t *testing.T) {
			s, calls := script(func() *http.Response { return ok(`{"nextPage":null}`) }, func() *http.Response { return ok(fmt.Sprintf(`{"elements":[`+every+`]}`, 1)) })
			if n, err := call(t.Context(), client(t, s)); n != 1 || err != nil || *calls != 2 {
				t.Errorf("%s: got %d elements and %v after %d calls", name, n, err, *calls)
			}
		})
	}
}

func TestLists_MayBeObjectsKeyedByPosition(t *testing.T) {
	t.Parallel()
	for name, call := range lists {
		page := fmt.Sprintf(`{"elements":{"0":`+every+`,"2":`, 1) + fmt.Sprintf(every+`,"10":`, 2) + fmt.Sprintf(every+`}}`, 3)
		if n, err := call(t.Context(), client(t, func(*http.Request) *http.Response { return ok(page) })); n != 3 || err != nil {
			t.Errorf("%s: got %d elements and %v, want 3", name, n, err)
		}
	}
	c := client(t, func(*http.Request) *http.Response {
		return ok(`{"elements":{"10":{"id":"SV_3"},"0":{"id":"SV_1"},"9":{"id":"SV_2"}},"nextPage":null}`)
	})
	got, err := collect(c.Surveys(t.Context()))
	var ids []qualtrics.SurveyID
	for _, survey := range got {
		ids = append(ids, survey.ID)
	}
	if diff := cmp.Diff([]qualtrics.SurveyID{"SV_1", "SV_2", "SV_3"}, ids); diff != "" || err != nil {
		t.Errorf("%v, in the order of the positions:\n%s", err, diff)
	}
}

func TestLists_GoOnAfterAnElementWithoutAnID(t *testing.T) {
	t.Parallel()
	first := fmt.Sprintf(`{"elements":[`+every+`,{"name":"nameless"},`, 1) + fmt.Sprintf(every+`],"nextPage":"skip1","skipToken":"skip1"}`, 2)
	second := fmt.Sprintf(`{"elements":[`+every+`]}`, 3)
	for name, call := range lists {
		s, _ := script(func() *http.Response { return ok(first) }, func() *http.Response { return ok(second) })
		n, err := call(t.Context(), client(t, s))
		var nameless *qualtrics.ElementError
		if n != 3 || !errors.As(err, &nameless) || !strings.Contains(err.Error(), "element 2 of the answer") || !strings.Contains(err.Error(), "has no id") {
			t.Errorf("%s: got %d elements and %v, want 3 and an error that names the second element", name, n, err)
		}
	}
}

func TestPages_AreNotAskedForWhenNobodyWantsThem(t *testing.T) {
	t.Parallel()
	b := &book{t: t, pages: []string{surveyPage(1, `"/API/v3/surveys?offset=1"`)}}
	for survey, err := range client(t, b.serve).Surveys(t.Context()) {
		if survey.ID != "SV_1" || err != nil {
			t.Errorf("got %v, %v", survey, err)
		}
		break
	}
}

func TestPages_AnErrorInTheMiddleEndsTheList(t *testing.T) {
	t.Parallel()
	s, calls := script(
		func() *http.Response { return ok(surveyPage(1, `"/API/v3/surveys?offset=1"`)) },
		func() *http.Response { return failed(403, "QMST_2.1", "no") },
	)
	surveys, err := collect(client(t, s).Surveys(t.Context()))
	if len(surveys) != 1 || !qualtrics.IsForbidden(err) || *calls != 2 {
		t.Errorf("got %v, %v after %d calls", surveys, err, *calls)
	}
}

func TestDirectories_ABareTokenIsTheNextPage(t *testing.T) {
	t.Parallel()
	b := &book{t: t, pages: []string{
		`{"elements":[{"directoryId":"POOL_1","name":null,"contactCount":"12","isDefault":1}],"nextPage":"dG9rZW4="}`,
		`{"elements":[{"directoryId":"POOL_2","name":"n","contactCount":7,"isDefault":false},{"directoryId":"POOL_3"}],"nextPage":""}`,
	}}
	got, err := collect(client(t, b.serve).Directories(t.Context()))
	if err != nil {
		t.Fatal(err)
	}
	want := []qualtrics.Directory{
		{ID: "POOL_1", ContactCount: new(int64(12)), IsDefault: new(true)}, {ID: "POOL_2", Name: new("n"), ContactCount: new(int64(7)), IsDefault: new(false)}, {ID: "POOL_3"},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	if got := b.asked[1].String(); got != "https://iad1.qualtrics.com/API/v3/directories?skipToken=dG9rZW4%3D" {
		t.Errorf("the second page was asked of %s", got)
	}
}

func TestContacts_WhatALinkLeavesOutIsAskedForAgain(t *testing.T) {
	t.Parallel()
	b := &book{t: t, pages: []string{
		`{"elements":[{"contactId":"CID_1"}],"nextPage":"https://iad1.qualtrics.com/API/v3/directories/POOL_1/contacts?pageSize=100&skipToken=a%2Bb%2F%3D"}`,
		`{"elements":[{"contactId":"CID_2"}],"nextPage":"https://iad1.qualtrics.com/API/v3/directories/POOL_1/contacts?skipToken=2&includeEmbedded=false"}`,
		`{"elements":[],"nextPage":null}`,
	}}
	contacts, err := collect(client(t, b.serve).Contacts(t.Context(), "POOL_1"))
	if err != nil || len(contacts) != 2 {
		t.Fatalf("got %v, %v", contacts, err)
	}
	want := []url.Values{
		{"useNewPaginationScheme": {"true"}, "includeEmbedded": {"true"}},
		{"useNewPaginationScheme": {"true"}, "includeEmbedded": {"true"}, "pageSize": {"100"}, "skipToken": {"a+b/="}},
		{"useNewPaginationScheme": {"true"}, "includeEmbedded": {"false"}, "skipToken": {"2"}},
	}
	for i, asked := range b.asked {
		if diff := cmp.Diff(want[i], asked.Query()); diff != "" || asked.Path != "/API/v3/directories/POOL_1/contacts" {
			t.Errorf("page %d was asked of %s:\n%s", i+1, asked, diff)
		}
	}
}

func TestContacts_AnotherDirectorysContactsAreNotTheNextPage(t *testing.T) {
	t.Parallel()
	b := &book{t: t, pages: []string{`{"elements":[],"nextPage":"https://iad1.qualtrics.com/API/v3/directories/POOL_2/contacts?skipToken=2"}`}}
	if _, err := collect(client(t, b.serve).Contacts(t.Context(), "POOL_1")); err == nil || !strings.Contains(err.Error(), "another path") {
		t.Errorf("got %v", err)
	}
}

func TestPaths_AnIDCannotLeaveItsPlace(t *testing.T) {
	t.Parallel()
	b := &book{t: t, pages: []string{`{"elements":[]}`}}
	if _, err := collect(client(t, b.serve).Contacts(t.Context(), "../x?y=1#z")); err != nil {
		t.Fatal(err)
	}
	if got := b.asked[0].EscapedPath(); got != "/API/v3/directories/..%2Fx%3Fy=1%23z/contacts" {
		t.Errorf("asked for %s", got)
	}
}

// searched serves a search of so many contacts and keeps what was asked for.
type searched struct {
	t        *testing.T
	total    int
	pageSize int
	token    func(offset int) string // as JSON
	queries  []url.Values
	bodies   []string
}

func (s *searched) serve(r *http.Request) *http.Response {
	body, err := io.ReadAll(r.Body)
	if err != nil || r.Method != http.MethodPost || r.URL.Path != "/API/v3/directories/POOL_1/contacts/search" {
		s.t.Errorf("got %s %s, %v", r.Method, r.URL, err)
	}
	s.bodies, s.queries = append(s.bodies, string(body)), append(s.queries, r.URL.Query())
	offset := 0
	if text := r.URL.Query().Get("skipToken"); text != "" {
		if offset, err = strconv.Atoi(strings.Trim(text, "/+=")); err != nil {
			s.t.Errorf("got the token %q", text)
			return failed(400, "X", "no such token")
		}
	}
	if offset+s.pageSize > 10_000 {
		return failed(400, "DIR_9", "too deep")
	}
	var elements []string
	for n := offset; n < min(offset+s.pageSize, s.total); n++ {
		elements = append(elements, fmt.Sprintf(`{"id":"CID_%d"}`, n))
	}
	next := ""
	if len(elements) == s.pageSize {
		next = `,"skipToken":` + s.token(offset+s.pageSize)
	}
	return ok(`{"elements":[` + strings.Join(elements, ",") + `]` + next + `}`)
}

func TestSearchContacts_FollowsBareTokens(t *testing.T) {
	t.Parallel()
	for name, token := range map[string]func(int) string{
		"text":               func(at int) string { return fmt.Sprintf(`"%d"`, at) },
		"number":             strconv.Itoa,
		"base64 by PHP":      func(at int) string { return fmt.Sprintf(`"\/%d+=="`, at) },
		"base64, escaped":    func(at int) string { return fmt.Sprintf(`"/%d\u002b\u003d\u003d"`, at) },
		"base64, as written": func(at int) string { return fmt.Sprintf(`"/%d+=="`, at) },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				s := &searched{t: t, total: 250, pageSize: 100, token: token}
				contacts, err := collect(client(t, s.serve).SearchContacts(t.Context(), "POOL_1", qualtrics.ContactFilter{}))
				if err != nil || len(contacts) != 250 || contacts[249].ID != "CID_249" || len(s.queries) != 3 {
					t.Fatalf("got %d contacts by %d calls, %v", len(contacts), len(s.queries), err)
				}
				var skip []string
				for _, query := range s.queries {
					skip = append(skip, query.Get("skipToken"))
					query.Del("skipToken")
					if diff := cmp.Diff(url.Values{"pageSize": {"100"}, "includeEmbedded": {"true"}, "includeSegments": {"true"}}, query); diff != "" {
						t.Error(diff)
					}
				}
				var want [3]string
				for i := 1; i < 3; i++ {
					if err := json.Unmarshal([]byte(token(100*i)), &want[i]); err != nil {
						want[i] = token(100 * i)
					}
				}
				if diff := cmp.Diff(want[:], skip); diff != "" {
					t.Errorf("tokens:\n%s", diff)
				}
			})
		})
	}
}

func TestSearchContacts_AFullLastPageIsFollowedByAnEmptyOne(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := &searched{t: t, total: 200, pageSize: 100, token: strconv.Itoa}
		contacts, err := collect(client(t, s.serve).SearchContacts(t.Context(), "POOL_1", qualtrics.ContactFilter{}))
		if err != nil || len(contacts) != 200 || len(s.queries) != 3 {
			t.Errorf("got %d contacts by %d calls, %v", len(contacts), len(s.queries), err)
		}
	})
}

func TestSearchContacts_SaysWhenASearchIsTooDeep(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name            string
		total, pageSize int
		contacts, calls int
		deep            bool
	}{
		{"below", 9_999, 100, 9_999, 100, false},
		{"on the edge", 10_000, 100, 10_000, 100, true},
		{"beyond", 10_001, 100, 10_000, 100, true},
		{"pages that are cut otherwise", 20_000, 99, 9_999, 102, true},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				s := &searched{t: t, total: test.total, pageSize: test.pageSize, token: strconv.Itoa}
				contacts, err := collect(client(t, s.serve).SearchContacts(t.Context(), "POOL_1", qualtrics.ContactFilter{}))
				if errors.Is(err, qualtrics.ErrSearchDepth) != test.deep || (err != nil) != test.deep || len(contacts) != test.contacts || len(s.queries) != test.calls {
					t.Errorf("got %d contacts by %d calls, %v", len(contacts), len(s.queries), err)
				}
			})
		})
	}
}

// Another depth than the published one is one, too; a search that is refused at
// once is refused.
func TestSearchContacts_A400BehindAPageIsAMatterOfDepth(t *testing.T) {
	t.Parallel()
	refused := func() *http.Response { return failed(400, "DIR_1", "no") }
	page := func() *http.Response { return ok(`{"elements":[{"id":"CID_1"}],"skipToken":"NQ=="}`) }
	for deep, answers := range map[bool][]func() *http.Response{true: {page, refused}, false: {refused}} {
		s, calls := script(answers...)
		_, err := collect(client(t, s).SearchContacts(t.Context(), "POOL_1", qualtrics.ContactFilter{}))
		var answer *qualtrics.APIError
		if errors.Is(err, qualtrics.ErrSearchDepth) != deep || !errors.As(err, &answer) || answer.Code != "DIR_1" || *calls != len(answers) {
			t.Errorf("got %v after %d calls", err, *calls)
		}
	}
}

func TestSearchContacts_ATokenThatComesBackIsAnError(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s, calls := script(
			func() *http.Response { return ok(`{"elements":[{"id":"CID_1"}],"skipToken":"NQ=="}`) },
			func() *http.Response { return ok(`{"elements":[],"skipToken":"MTA="}`) },
			func() *http.Response { return ok(`{"elements":[],"skipToken":"NQ=="}`) },
			func() *http.Response { return ok(`{"elements":[]}`) },
		)
		contacts, err := collect(client(t, s).SearchContacts(t.Context(), "POOL_1", qualtrics.ContactFilter{}))
		if err == nil || !strings.Contains(err.Error(), "repeats an earlier one") || len(contacts) != 1 || *calls != 3 {
			t.Errorf("got %v, %v after %d calls", contacts, err, *calls)
		}
	})
}

func TestSearchContacts_TokensOfAnotherShapeAreErrors(t *testing.T) {
	t.Parallel()
	for _, token := range []string{`{"a":1}`, `["NQ=="]`, `true`} {
		synctest.Test(t, func(t *testing.T) {
			s, calls := script(func() *http.Response { return ok(`{"elements":[{"id":"CID_1"}],"skipToken":` + token + `}`) })
			contacts, err := collect(client(t, s).SearchContacts(t.Context(), "POOL_1", qualtrics.ContactFilter{}))
			if err == nil || len(contacts) != 1 || *calls != 1 {
				t.Errorf("%s: got %v, %v after %d calls", token, contacts, err, *calls)
			}
		})
	}
	for _, none := range []string{`null`, `""`} {
		c := client(t, func(*http.Request) *http.Response {
			return ok(`{"elements":[{"id":"CID_1"}],"skipToken":` + none + `}`)
		})
		if contacts, err := collect(c.SearchContacts(t.Context(), "POOL_1", qualtrics.ContactFilter{})); err != nil || len(contacts) != 1 {
			t.Errorf("%s: got %v, %v", none, contacts, err)
		}
	}
}

func TestSearchContacts_StopsWhenNobodyWantsMore(t *testing.T) {
	t.Parallel()
	s := &searched{t: t, total: 200, pageSize: 100, token: strconv.Itoa}
	for _, err := range client(t, s.serve).SearchContacts(t.Context(), "POOL_1", qualtrics.ContactFilter{}) {
		if err != nil {
			t.Error(err)
		}
		break
	}
	if len(s.queries) != 1 {
		t.Errorf("%d calls", len(s.queries))
	}
}

func TestSearchContacts_FilterShapes(t *testing.T) {
	t.Parallel()
	at := time.Date(2026, 1, 15, 13, 30, 5, 999, time.FixedZone("", 3600)) // 12:30:05 UTC
	tests := []struct {
		filter qualtrics.ContactFilter
		want   string
	}{
		{qualtrics.ContactFilter{}, `{"filter":{"filterType":"created","comparison":"gte","value":"1970-01-01 00:00:00"}}`},
		{qualtrics.ContactFilter{ModifiedFrom: at}, `{"filter":{"filterType":"lastModified","comparison":"gte","value":"2026-01-15 12:30:05"}}`},
		{qualtrics.ContactFilter{CreatedBefore: at}, `{"filter":{"filterType":"created","comparison":"lt","value":"2026-01-15 12:30:05"}}`},
		{
			qualtrics.ContactFilter{ModifiedFrom: at, ModifiedBefore: at.Add(time.Hour)},
			`{"filter":{"conjunction":"and","filters":[{"filterType":"lastModified","comparison":"gte","value":"2026-01-15 12:30:05"},{"filterType":"lastModified","comparison":"lt","value":"2026-01-15 13:30:05"}]}}`,
		},
		{
			qualtrics.ContactFilter{CreatedFrom: at, CreatedBefore: at, ModifiedFrom: at, ModifiedBefore: at},
			`{"filter":{"conjunction":"and","filters":[` +
				`{"filterType":"created","comparison":"gte","value":"2026-01-15 12:30:05"},{"filterType":"created","comparison":"lt","value":"2026-01-15 12:30:05"},` +
				`{"filterType":"lastModified","comparison":"gte","value":"2026-01-15 12:30:05"},{"filterType":"lastModified","comparison":"lt","value":"2026-01-15 12:30:05"}]}}`,
		},
	}
	for _, test := range tests {
		s := &searched{t: t, pageSize: 100}
		if _, err := collect(client(t, s.serve).SearchContacts(t.Context(), "POOL_1", test.filter)); err != nil {
			t.Error(err)
		}
		var got, want any
		if err := errors.Join(json.Unmarshal([]byte(s.bodies[0]), &got), json.Unmarshal([]byte(test.want), &want)); err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%+v:\n%s", test.filter, diff)
		}
	}
}
