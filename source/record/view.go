package record

import (
	"fmt"
)

// Pick is a column of a [Table.View].
type Pick struct {
	Column int    // index in the table
	Name   string // in the view
	// Text turns a column of objects or arrays into strings, which hold their
	// JSON.
	Text bool
}

// View returns a table of some columns of t, which may have other names. [Row.As]
// returns its rows.
func (t *Table) View(picks []Pick) *Table {
	view := &Table{record: t.record, fields: t.fields}
	for _, pick := range picks {
		column := t.Columns[pick.Column]
		column.Name = pick.Name
		if pick.Text && (column.Kind == Object || column.Kind == Array) {
			column.Kind = String
		}
		view.add(column, t.cells[pick.Column])
	}
	return view
}

// As returns the same row with the columns of a view of its table.
func (r Row) As(view *Table) (Row, error) {
	if r.table == nil {
		return Row{}, ErrNoRow
	}
	if view.record != r.table.record {
		return Row{}, fmt.Errorf("viewing a row of %s as %s: the record structs differ", r.table.record, view.record)
	}
	r.table = view
	return r, nil
}
