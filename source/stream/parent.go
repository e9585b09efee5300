package stream

import (
	"fmt"
	"slices"
	"strings"

	"github.com/birdie-ai/source-qualtrics/source/feed"
	"github.com/birdie-ai/source-qualtrics/source/record"
)

// parentOf returns the values of the columns of the parent; nil for a stream without one.
func (s *Stream) parentOf(doc *feed.Document) []string {
	if len(s.Parent) == 0 {
		return nil
	}
	parent := append(doc.Partition.Parents(), doc.ID)
	return parent[max(0, len(parent)-len(s.Parent)):]
}

// partColumns are the columns of a stream whose rows have a parent.
type partColumns struct {
	parent, own     []int // of the key
	version, cursor int
}

func (s *Stream) partColumns() partColumns {
	of := s.table.Index
	columns := partColumns{version: of(s.Version), cursor: of(s.Cursor)}
	for i, name := range s.Key {
		if i < len(s.Parent) {
			columns.parent = append(columns.parent, of(name))
		} else {
			columns.own = append(columns.own, of(name))
		}
	}
	return columns
}

// marks reports whether a row has the key of a marker.
func (s *Stream) marks(row record.Row) bool {
	return !slices.ContainsFunc(s.columns.own, func(i int) bool { return row.Text(i) != record.MarkerKey })
}

// checkPart refuses a row of another parent than the document.
func (s *Stream) checkPart(doc *feed.Document, row record.Row, parent []string) error {
	for at, i := range s.columns.parent {
		if at >= len(parent) || row.Text(i) != parent[at] {
			return s.invariant(doc, fmt.Sprintf("a row belongs to %q, not %q", texts(row, s.columns.parent), parent))
		}
	}
	if version := row.Text(s.columns.version); (version == record.DeletedVersion) == doc.DeletedAt.IsZero() {
		return s.invariant(doc, fmt.Sprintf("a row has the version %q", version))
	}
	return nil
}

// checkParts refuses rows with equal keys, and rows of different versions.
func (s *Stream) checkParts(doc *feed.Document, rows []record.Row) error {
	var cursor any
	seen := make(map[string]bool, len(rows))
	for i, row := range rows {
		key := row.Text(s.columns.own[0])
		if len(s.columns.own) > 1 {
			key = strings.Join(texts(row, s.columns.own), "\x00")
		}
		if seen[key] {
			return s.invariant(doc, fmt.Sprintf("two rows have the key %q", key))
		}
		seen[key] = true
		if i == 0 {
			cursor = row.Cell(s.columns.cursor)
			continue
		}
		if got, want := row.Text(s.columns.version), rows[0].Text(s.columns.version); got != want {
			return s.invariant(doc, fmt.Sprintf("its rows have the %s %v and %v", s.Version, want, got))
		}
		if got := row.Cell(s.columns.cursor); got != cursor {
			return s.invariant(doc, fmt.Sprintf("its rows have the %s %v and %v", s.Cursor, cursor, got))
		}
	}
	return nil
}

// texts are the values of columns of a key.
func texts(row record.Row, columns []int) (texts []string) {
	for _, i := range columns {
		texts = append(texts, row.Text(i))
	}
	return texts
}

// invariant is the error of rows that cannot take the place of a document's earlier rows.
func (s *Stream) invariant(doc *feed.Document, what string) error {
	return &record.InvariantError{What: fmt.Sprintf("the rows of %s of document %s: %s", s.Name, doc.ID, what)}
}
