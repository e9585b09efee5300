package stream

import (
	"fmt"
	"time"

	"github.com/birdie-ai/source-qualtrics/source/feed"
)

// ofList registers the stream of a list, with the scopes of the list. project makes the row of
// an element. A deleted element has no members, so that its row has the ids and the dates only.
// A nil row is not emitted: one list can have elements of several streams.
func ofList[T any](list *feed.List[T], s Stream, project func(doc *feed.Document, element *T, c *cells) (row any, err error)) *Stream {
	s.Feed, s.Scopes = list.Name, list.AllScopes()
	s.Project = func(doc *feed.Document, emit Emit) error {
		var (
			c       cells
			element = new(T)
		)
		if doc.DeletedAt.IsZero() {
			var ok bool
			if element, ok = doc.Content.(*T); !ok {
				return fmt.Errorf("projecting %s %s: unexpected content %T", list.Noun, doc.ID, doc.Content)
			}
		}
		row, err := project(doc, element, &c)
		if err != nil {
			return fmt.Errorf("projecting %s %s: %w", list.Noun, doc.ID, err)
		}
		if row == nil {
			return nil // the element belongs to another stream of the feed
		}
		return emit(row, c.changes...)
	}
	return Register(&s)
}

// modified returns the cursor of an element: when Qualtrics last modified it, when it was found
// deleted, or else when it was read.
func (c *cells) modified(doc *feed.Document, column string, at *time.Time, unreadable bool) time.Time {
	switch {
	case !doc.DeletedAt.IsZero():
		c.cursor(column, false, foundDeleted)
		return doc.DeletedAt
	case at == nil:
		c.cursor(column, unreadable, timeOfRead)
		return doc.ReadAt
	default:
		return *at
	}
}

// found returns the cursor of lists without modified dates: the time at which an element was first
// read with these values, or found deleted. No row has another date, so none reports it.
func found(doc *feed.Document) time.Time {
	if !doc.DeletedAt.IsZero() {
		return doc.DeletedAt
	}
	return doc.ReadAt
}
