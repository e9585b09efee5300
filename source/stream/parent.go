package stream

import (
	"fmt"
	"slices"
	"strings"

	"github.com/birdie-ai/source-qualtrics/source/feed"
	"github.com/birdie-ai/source-qualtrics/source/record"
)

// replacing returns the rows of a document that take the place of all its earlier rows: those
// of the projection, or else the marker.
func (s *Stream) replacing(doc *feed.Document, format record.Format) (rows []record.Row, err error) {
	add := func(rec any, changes ...record.Change) error {
		row, err := s.table.Row(rec, changes...)
		if err == nil {
			err = s.checkPart(doc, row)
		}
		if err != nil {
			return err
		}
		rows = append(rows, row.Fit(format))
		return nil
	}
	if doc.DeletedAt.IsZero() {
		err = s.Project(doc, add)
		for _, row := range rows {
			if s.marks(row) {
				return nil, s.invariant(doc, "the projection made a marker")
			}
		}
	}
	if err == nil && len(rows) == 0 {
		if err = s.Marker(doc, add); err == nil && (len(rows) != 1 || !s.marks(rows[0])) {
			err = s.invariant(doc, "the marker is not one row with the key of a marker")
		}
	}
	if err == nil {
		err = s.checkParts(doc, rows)
	}
	if err != nil {
		return nil, err
	}
	return rows, nil
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
	return !slices.ContainsFunc(s.columns.own, func(i int) bool { return row.Cell(i) != record.MarkerKey })
}

// checkPart refuses a row of another parent than the document.
func (s *Stream) checkPart(doc *feed.Document, row record.Row) error {
	ids := append(doc.Partition.Parents(), doc.ID)
	ids = ids[max(0, len(ids)-len(s.Parent)):]
	if got := texts(row, s.columns.parent); !slices.Equal(got, ids) {
		return s.invariant(doc, fmt.Sprintf("a row belongs to %q, not %q", got, ids))
	}
	if version := row.Cell(s.columns.version); (version == record.DeletedVersion) == doc.DeletedAt.IsZero() {
		return s.invariant(doc, fmt.Sprintf("a row has the version %q", version))
	}
	return nil
}

// checkParts refuses rows with equal keys, and rows of different versions.
func (s *Stream) checkParts(doc *feed.Document, rows []record.Row) error {
	seen := make(map[string]bool, len(rows))
	for _, row := range rows {
		key := strings.Join(texts(row, s.columns.own), "\x00")
		if seen[key] {
			return s.invariant(doc, fmt.Sprintf("two rows have the key %q", key))
		}
		seen[key] = true
		for _, i := range []int{s.columns.version, s.columns.cursor} {
			if got, want := row.Cell(i), rows[0].Cell(i); got != want {
				return s.invariant(doc, fmt.Sprintf("its rows have the %s %v and %v", s.table.Columns[i].Name, want, got))
			}
		}
	}
	return nil
}

// texts are the values of columns of a key.
func texts(row record.Row, columns []int) (texts []string) {
	for _, i := range columns {
		text, _ := row.Cell(i).(string)
		texts = append(texts, text)
	}
	return texts
}

// invariant is the error of rows that cannot take the place of a document's earlier rows.
func (s *Stream) invariant(doc *feed.Document, what string) error {
	return &record.InvariantError{What: fmt.Sprintf("the rows of %s of document %s: %s", s.Name, doc.ID, what)}
}
