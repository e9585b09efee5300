package qualtrics

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"iter"
	"net/http"
	"net/url"
	"strings"
)

// page is one page of a list (API §7.1).
type page struct {
	Elements  []json.RawMessage `json:"elements"`
	NextPage  *string           `json:"nextPage"`
	SkipToken json.RawMessage   `json:"skipToken"` // of searches; text or number
}

// token returns the token of a search's next page, "" after the last one.
func (p page) token() (string, error) {
	m := members{"skipToken": p.SkipToken}
	token := m.text("skipToken")
	if token == nil && m.first("skipToken") != nil {
		return "", errors.New("the token of the next page is neither a text nor a number")
	}
	return text(token), nil
}

// list yields the elements of all pages of a list, decoded by each. A page
// that links back to an earlier one is an error, never an endless loop.
func list[T any](ctx context.Context, c *Client, first request, each func(json.RawMessage) (T, error)) iter.Seq2[T, error] {
	return func(yield func(T, error) bool) {
		var none T
		first.method = http.MethodGet
		next, seen := first, map[string]bool{first.query.Encode(): true}
		for {
			var got page
			if err := c.get(ctx, next, &got); err != nil {
				yield(none, err)
				return
			}
			for _, raw := range got.Elements {
				element, err := each(raw)
				if err != nil {
					yield(none, fmt.Errorf("%s: %w", first.to.name, err))
					return
				}
				if !yield(element, nil) {
					return
				}
			}
			if text(got.NextPage) == "" {
				return
			}
			query, err := c.follow(first, *got.NextPage)
			if err != nil {
				yield(none, err)
				return
			}
			if seen[query.Encode()] {
				yield(none, fmt.Errorf("%s: the page %.100q links back to an earlier one", first.to.name, query.Encode()))
				return
			}
			seen[query.Encode()] = true
			next.query = query
		}
	}
}

// follow reads the link to the next page. Only its query counts: it is asked
// of the same path of the configured origin, whatever host the link names, and
// a link to another path is refused. What first asked for and the link leaves
// out is asked for again. A link that is a bare token, which one client of
// /directories saw (API §7.1, unconfirmed), is understood as one.
func (c *Client) follow(first request, link string) (url.Values, error) {
	query := url.Values{}
	parsed, err := url.Parse(link)
	switch {
	case err == nil && !strings.ContainsAny(link, "/?:"):
		query.Set("skipToken", link)
	case err != nil || parsed.Opaque != "":
		return nil, fmt.Errorf("%s: the link to the next page cannot be read", first.to.name)
	case strings.TrimSuffix(parsed.EscapedPath(), "/") != apiPath+first.path:
		return nil, fmt.Errorf("%s: the link to the next page leads to another path: %.100q", first.to.name, c.clean(parsed.EscapedPath()))
	default:
		query = parsed.Query()
	}
	for name, values := range first.query {
		if !query.Has(name) {
			query[name] = values
		}
	}
	return query, nil
}

// id escapes an id for a path.
func id[T ~string](of T) string { return url.PathEscape(string(of)) }
