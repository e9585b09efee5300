package sandbox

import (
	"bytes"
	"cmp"
	"encoding/base64"
	"encoding/json"
	"net/http"
	"strconv"
	"strings"
	"time"
)

const (
	searchDepth      = 10_000 // *documented*: a higher offset returns 400
	mostFilters      = 5      // in one combination, *documented*
	mostSearchResult = 1000   // the largest page; *assumed*
)

// searchPage is the result of a search. Its skipToken is not a URL, and is
// absent on the last page (*documented*, API §4.2).
type searchPage struct {
	Elements  []any  `json:"elements"`
	SkipToken string `json:"skipToken,omitempty"`
}

// searchContacts finds contacts by their position in the directory (*assumed*).
// So offsets shift if the set changes.
func (s *Sandbox) searchContacts(x *exchange) (any, error) {
	found, err := s.pathDirectory(x)
	if err != nil {
		return nil, err
	}
	if s.options.Doubt.LiteDirectory {
		return nil, errForbidden() // unavailability is *documented*, the answer is *assumed*
	}
	query := x.r.URL.Query()
	size, err := pageSize(query.Get("pageSize"), contactsPerPage, mostSearchResult)
	if err != nil {
		return nil, err
	}
	from, err := searchOffset(query.Get("skipToken"))
	if err != nil {
		return nil, err
	}
	matches, err := parseSearch(x.body)
	if err != nil {
		return nil, err
	}
	depth := cmp.Or(s.options.SearchDepth, searchDepth)
	// One contact more than the depth shows that the result is too large.
	results := s.contacts.list(x.params["id"]+"?"+string(x.body), func() []*contact {
		var list []*contact
		for c := range found.contacts() {
			if matches(c) {
				if list = append(list, c); len(list) > depth {
					break
				}
			}
		}
		return list
	})
	size = min(size, depth)
	if from >= depth || (from+size > depth && len(results) > depth) {
		return nil, badRequest("Invalid request. A search cannot go beyond the first %d contacts.", depth)
	}
	embedded := query.Get("includeEmbedded") == "true"
	from = min(from, len(results))
	to := min(from+size, len(results))
	result := searchPage{Elements: make([]any, 0, to-from)}
	for _, c := range results[from:to] {
		result.Elements = append(result.Elements, c.searchElement(s.options.Doubt, embedded))
	}
	if to-from == size {
		result.SkipToken = base64.StdEncoding.EncodeToString(strconv.AppendInt(nil, int64(to), 10))
	}
	return result, nil
}

// searchOffset reads a token: the offset in base64 (*documented*).
func searchOffset(token string) (int, error) {
	plain, err := base64.StdEncoding.DecodeString(token)
	if err != nil {
		return 0, badRequest("Invalid request. Missing or invalid parameter skipToken.")
	}
	if len(plain) == 0 {
		return 0, nil
	}
	offset, err := strconv.Atoi(string(plain))
	if err != nil || offset < 0 {
		return 0, badRequest("Invalid request. Missing or invalid parameter skipToken.")
	}
	return offset, nil
}

type contactFilter func(*contact) bool

// searchFilter is one filter, or a combination of them.
type searchFilter struct {
	Type        string         `json:"filterType"`
	Comparison  any            `json:"comparison"`
	Value       *string        `json:"value"`
	Field       string         `json:"field"`
	MailingList string         `json:"mailingListId"`
	Conjunction string         `json:"conjunction"`
	Filters     []searchFilter `json:"filters"`
}

// parseSearch reads {"filter":{…}}. That unknown members are refused is
// *assumed*.
func parseSearch(body []byte) (contactFilter, error) {
	var request struct {
		Filter *searchFilter `json:"filter"`
	}
	decoder := json.NewDecoder(bytes.NewReader(body))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(&request); err != nil || request.Filter == nil {
		return nil, invalidFilter("filter")
	}
	f := *request.Filter
	if f.Conjunction == "" && f.Filters == nil {
		return f.compile()
	}
	if f.Conjunction != "and" || f.Type != "" || len(f.Filters) < 2 || len(f.Filters) > mostFilters {
		return nil, invalidFilter("filters")
	}
	var all []contactFilter
	for _, part := range f.Filters {
		compiled, err := part.compile()
		if err != nil {
			return nil, err
		}
		all = append(all, compiled)
	}
	return func(c *contact) bool {
		for _, matches := range all {
			if !matches(c) {
				return false
			}
		}
		return true
	}, nil
}

func invalidFilter(part string) error {
	return &apiError{status: http.StatusBadRequest, code: "GPR_1", message: "Invalid request. Missing or invalid parameter " + part + "."}
}

// compile reads a single filter, by the table of API §4.2 (*documented*).
func (f searchFilter) compile() (contactFilter, error) {
	comparison, _ := f.Comparison.(string)
	switch f.Type {
	case "email", "firstName", "lastName", "language", "phone", "extRef":
		if f.Value == nil || (comparison != "eq" && comparison != "neq") {
			return nil, invalidFilter(f.Type)
		}
		value, wanted := strings.TrimSpace(*f.Value), comparison == "eq"
		return func(c *contact) bool { return strings.EqualFold(c.field(f.Type), value) == wanted }, nil
	case "created", "lastModified":
		at, ok := f.date()
		within := comparisons[comparison]
		if !ok || within == nil {
			return nil, invalidFilter(f.Type)
		}
		if f.Type == "created" {
			return func(c *contact) bool { return within(c.createdAt().Compare(at)) }, nil
		}
		return func(c *contact) bool { return within(c.modifiedAt().Compare(at)) }, nil
	case "inList":
		wanted, ok := f.Comparison.(bool)
		if !ok && (comparison == "true" || comparison == "false") {
			wanted, ok = comparison == "true", true
		}
		if !ok || f.MailingList == "" {
			return nil, invalidFilter(f.Type)
		}
		return func(c *contact) bool { return c.inList(f.MailingList) == wanted }, nil
	case "infoFieldState":
		known := f.Field == "email" || f.Field == "extRef" || f.Field == "firstName" || f.Field == "lastName"
		if !known || (comparison != "empty" && comparison != "notEmpty") {
			return nil, invalidFilter(f.Type)
		}
		empty := comparison == "empty"
		return func(c *contact) bool { return (c.field(f.Field) == "") == empty }, nil
	default:
		return nil, invalidFilter("filterType")
	}
}

// comparisons holds the operators of date filters. Their argument is the result
// of comparing the date with the value.
var comparisons = map[string]func(int) bool{
	"eq":  func(order int) bool { return order == 0 },
	"neq": func(order int) bool { return order != 0 },
	"gt":  func(order int) bool { return order > 0 },
	"gte": func(order int) bool { return order >= 0 },
	"lt":  func(order int) bool { return order < 0 },
	"lte": func(order int) bool { return order <= 0 },
}

// date reads the value in UTC. A day is *assumed* to mean its first instant.
func (f searchFilter) date() (time.Time, bool) {
	if f.Value == nil {
		return time.Time{}, false
	}
	for _, layout := range []string{time.DateTime, time.DateOnly} {
		if at, err := time.Parse(layout, *f.Value); err == nil {
			return at, true
		}
	}
	return time.Time{}, false
}
