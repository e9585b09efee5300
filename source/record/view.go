package record

import (
	"fmt"
	"reflect"
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
	view := &Table{record: t.record}
	for _, pick := range picks {
		column := t.Columns[pick.Column]
		column.Name = pick.Name
		if pick.Text && (column.Kind == Object || column.Kind == Array) {
			column.Kind = String
		}
		view.add(column, t.fields[pick.Column])
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

// text returns the text of a field in a string column; false for null. In a view
// the text may be JSON.
func text(field reflect.Value) (string, bool) {
	if field.Kind() != reflect.Slice {
		return field.String(), true
	}
	raw := field.Bytes()
	return string(raw), len(raw) > 0 && string(raw) != "null"
}
