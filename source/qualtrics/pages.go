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

	"github.com/birdie-ai/source-qualtrics/source/frame"
)

// page is one page of a list (API §7.1).
type page struct {
	list      json.RawMessage // of elements, valid: an array, or PHP's object
	NextPage  *string
	SkipToken json.RawMessage // of searches; text or number, nil for null
}

// read reads a page. A page without a list of elements is an error: read as an
// empty page, it would make all delivered elements look deleted. A missing link means
// that no page follows. Some lists never have one.
func (p *page) read(m *fields) error {
	p.list = m.first("elements")
	if kind := frame.Kind(p.list); kind != '[' && kind != '{' {
		return errors.New("the list has no elements member, or its value is not a list")
	}
	next := m.first("nextPage")
	p.NextPage, p.SkipToken = textOf(next), m.first("skipToken")
	if p.NextPage == nil && next != nil {
		return errors.New("the link to the next page is no text")
	}
	return nil
}

// ElementError reports an element of a list that has no readable id. The list does not
// end with it.
type ElementError struct {
	Problem string

	to       endpoint
	position int // in the whole list, from 1
}

// Error names the list and the position of the element.
func (e *ElementError) Error() string {
	return fmt.Sprintf("element %d of the answer to a call to %s cannot be read: %s", e.position, e.to.task(""), e.Problem)
}

func (e *ElementError) kind() ErrorKind { return KindTransient }

// each calls a function with the elements of a page, until it returns false.
func (p *page) each(do func(*fields) bool) {
	var m fields
	if p.list[0] == '[' {
		var scanner frame.Scanner
		scanner.Elements(p.list, func(raw []byte, object *frame.Object) bool {
			if m.take(raw, nil); object != nil {
				m.members = object.Members
			}
			return do(&m)
		})
		return
	}
	elements, _ := listOf(p.list)
	for _, raw := range elements {
		if !do(fieldsOf(raw)) {
			return
		}
	}
}

// elements decodes the elements of a page and yields them. before is the number of
// elements on earlier pages. It returns the number with this page, and whether to go on.
func elements[T any](page page, to endpoint, before int, each func(*fields) (T, error), yield func(T, error) bool) (shown int, more bool) {
	shown, more = before, true
	page.each(func(m *fields) bool {
		shown++
		element, err := each(m)
		if err != nil {
			err = &ElementError{Problem: err.Error(), to: to, position: shown}
		}
		more = yield(element, err)
		return more
	})
	return shown, more
}

// token returns the token of a search's next page, "" after the last one.
func (p page) token() (string, error) {
	token := textOf(p.SkipToken)
	if token == nil && p.SkipToken != nil {
		return "", errors.New("the token of the next page is neither a text nor a number")
	}
	return text(token), nil
}

// list yields the elements of all pages of a list, decoded by each. If each refuses an
// element, list yields an [ElementError] and goes on. Every other error ends the list.
// A link back to an earlier page is an error, because it would make an endless loop.
func list[T any](ctx context.Context, c *Client, first request, each func(*fields) (T, error)) iter.Seq2[T, error] {
	return func(yield func(T, error) bool) {
		var none T
		first.method = http.MethodGet
		next, seen, shown := first, map[string]bool{first.query.Encode(): true}, 0
		for {
			if first.pages != nil {
				*first.pages++
			}
			var got page
			if err := c.get(ctx, next, &got); err != nil {
				yield(none, err)
				return
			}
			var more bool
			if shown, more = elements(got, first.to, shown, each, yield); !more {
				return
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
				yield(none, fmt.Errorf("a page of the answer to a call to %s links back to an earlier one: %.100q", first.to.task(""), query.Encode()))
				return
			}
			seen[query.Encode()] = true
			next.query = query
		}
	}
}

// follow reads the link to the next page. Only its query is used: the next request goes
// to the same path of the configured origin. The host of the link is ignored, and a
// link to another path is an error. Parameters of the first request that the link lacks
// are added. A link may be a bare token, as one client of /directories saw (API §7.1,
// unconfirmed).
func (c *Client) follow(first request, link string) (url.Values, error) {
	query := url.Values{}
	parsed, err := url.Parse(link)
	switch {
	case err == nil && !strings.ContainsAny(link, "/?:"):
		query.Set("skipToken", link)
	case err != nil || parsed.Opaque != "":
		return nil, fmt.Errorf("the link to the next page of the answer to a call to %s cannot be read", first.to.task(""))
	case strings.TrimSuffix(parsed.EscapedPath(), "/") != apiPath+first.path:
		return nil, fmt.Errorf("the link to the next page of the answer to a call to %s leads to another path: %.100q", first.to.task(""), c.clean(parsed.EscapedPath()))
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
