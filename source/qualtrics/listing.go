package qualtrics

import (
	"context"
	"iter"
)

// Listing is a paged list of the API, such as the users of the brand.
type Listing[T any] struct {
	name  string // "the list of users", for messages
	pages func(ctx context.Context, pages *int) iter.Seq2[T, error]
	id    func(T) string
}

// NewListing makes a list from its name and two functions. The first yields the
// elements of one pass over the pages, and counts each page in *pages. The second
// returns the id of an element.
func NewListing[T any](name string, pages func(ctx context.Context, pages *int) iter.Seq2[T, error], id func(T) string) Listing[T] {
	return Listing[T]{name, pages, id}
}

// listing returns the list that begins with a request and goes on with the links in its
// answers.
func listing[T any](c *Client, name string, first request, each func(*fields) (T, error), id func(T) string) Listing[T] {
	return NewListing(name, func(ctx context.Context, pages *int) iter.Seq2[T, error] {
		request := first
		request.pages = pages
		return list(ctx, c, request, each)
	}, id)
}

// ID returns the id of an element.
func (l Listing[T]) ID(element T) string { return l.id(element) }

// Pages yields the elements of one pass over the pages. It may leave out elements if
// others are deleted meanwhile; [Listing.All] does not.
func (l Listing[T]) Pages(ctx context.Context) iter.Seq2[T, error] { return l.pages(ctx, new(int)) }

// All reads the list until two passes over its pages agree. It reads a list of one page
// once. With an [ElementError] it returns all elements but those without an id.
func (l Listing[T]) All(ctx context.Context) ([]T, error) {
	pass := func(pages *int) iter.Seq2[T, error] { return l.pages(ctx, pages) }
	return untilStable(l.name, pass, l.id)
}
