package sandbox

import (
	"cmp"
	"encoding/base64"
	"net/url"
	"slices"
	"strconv"
	"strings"
)

// page is the result of a listing. Its nextPage is null at the end
// (*recorded*).
type page struct {
	Elements []any   `json:"elements"`
	NextPage *string `json:"nextPage"`
}

// pagedByOffset returns a page by offset. With Doubt.EmptyPages the first page
// is empty and has a nextPage. That is *recorded* of another list, and
// *assumed* of these.
func pagedByOffset[T any](x *exchange, all []T, size int, element func(T) any) (any, error) {
	query := x.r.URL.Query()
	text := query.Get("offset")
	if x.tenant.options.Doubt.EmptyPages && text == "" {
		query.Set("offset", "0")
		return page{Elements: []any{}, NextPage: x.link(query)}, nil
	}
	offset, err := strconv.Atoi(cmp.Or(text, "0"))
	if err != nil || offset < 0 {
		return nil, badRequest("Invalid request. Missing or invalid parameter offset.")
	}
	from := min(offset, len(all))
	to := min(from+cmp.Or(x.tenant.options.PageSize, size), len(all))
	result := page{Elements: make([]any, 0, to-from)}
	for _, e := range all[from:to] {
		result.Elements = append(result.Elements, element(e))
	}
	if to < len(all) {
		query.Set("offset", strconv.Itoa(to))
		result.NextPage = x.link(query)
	}
	return result, nil
}

// link returns the address of the request with another query. It is absolute
// and names the called host (*recorded*). Through a foreign data center it is
// *assumed* to name the home host.
func (x *exchange) link(query url.Values) *string {
	address := url.URL{Scheme: "http", Host: x.r.Host, Path: x.r.URL.Path, RawQuery: query.Encode()}
	if x.r.TLS != nil {
		address.Scheme = "https"
	}
	switch {
	case x.tenant.options.Doubt.NextPageRelative:
		address.Scheme, address.Host = "", ""
	case x.tenant.options.Doubt.NextPageForeignHost:
		address.Scheme, address.Host = "https", "az9.qualtrics.com"
	case x.foreign:
		address.Scheme, address.Host = "https", x.tenant.homeHost()
	}
	text := address.String()
	return &text
}

// paged returns a page by skipToken: a plain number, or an opaque text with
// useNewPaginationScheme=true (*documented*). The forms of the tokens are
// *assumed*. Both forms are always accepted, and nextPage repeats the
// parameters (*assumed*). A pageSize over the maximum is lowered to it, not
// refused (*documented* for members).
func paged[T any](x *exchange, all []T, size, most int, element func(T) any, id func(T) string) (any, error) {
	query := x.r.URL.Query()
	size, err := pageSize(query.Get("pageSize"), cmp.Or(x.tenant.options.PageSize, size), most)
	if err != nil {
		return nil, err
	}
	if x.tenant.options.Doubt.EmptyPages && !query.Has("skipToken") {
		query.Set("skipToken", "0")
		return page{Elements: []any{}, NextPage: x.link(query)}, nil
	}
	from, last, ok := parseSkipToken(query.Get("skipToken"))
	if !ok {
		return nil, badRequest("Invalid request. Missing or invalid parameter skipToken.")
	}
	if last != "" && (from > len(all) || id(all[from-1]) != last) {
		// The set has changed since. The opaque token continues after its
		// element.
		if at := slices.IndexFunc(all, func(e T) bool { return id(e) == last }); at >= 0 {
			from = at + 1
		}
	}
	from = min(from, len(all))
	to := min(from+size, len(all))
	result := page{Elements: make([]any, 0, to-from)}
	for _, e := range all[from:to] {
		result.Elements = append(result.Elements, element(e))
	}
	if to < len(all) {
		token := strconv.Itoa(to)
		if query.Get("useNewPaginationScheme") == "true" {
			token = base64.RawURLEncoding.EncodeToString([]byte(token + "." + id(all[to-1])))
		}
		query.Set("skipToken", token)
		result.NextPage = x.link(query)
	}
	return result, nil
}

func pageSize(text string, size, most int) (int, error) {
	if text == "" {
		return size, nil
	}
	number, err := strconv.Atoi(text)
	if err != nil || number < 1 {
		return 0, badRequest("Invalid request. Missing or invalid parameter pageSize.")
	}
	return min(number, most), nil
}

// parseSkipToken returns the offset and, for an opaque token, the element
// before it.
func parseSkipToken(token string) (offset int, last string, ok bool) {
	if token == "" {
		return 0, "", true
	}
	if number, err := strconv.Atoi(token); err == nil {
		return number, "", number >= 0
	}
	plain, err := base64.RawURLEncoding.DecodeString(token)
	if err != nil {
		return 0, "", false
	}
	number, last, _ := strings.Cut(string(plain), ".")
	offset, err = strconv.Atoi(number)
	return offset, last, err == nil && offset > 0 && last != ""
}
