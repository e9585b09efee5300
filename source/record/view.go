package record

import (
	"fmt"
	"reflect"
)

// Pick is a column of a [Table.View].
type Pick struct {
	Column int    // index in the table
	Name   string // in the view
	// Text makes a column of objects or arrays one of strings: their JSON.
	Text bool
}

// View returns a table of some columns of another one, each by a name of its
// own. [Row.As] makes rows of it.
func (t *Table) View(picks []Pick) *Table {
	view := &Table{record: t.record}
	for _, pick := range picks {
		column := t.Columns[pick.Column]
		column.Name = pick.Name
		if pick.Text && (column.Kind == Object || column.Kind == Array) {
			column.Kind = String
		}
		view.Columns = append(view.Columns, column)
		view.fields = append(view.fields, t.fields[pick.Column])
	}
	return view
}

// As returns the same row with the columns of a view of its table.
func (r Row) As(view *Table) (Row, error) {
	if r.table == nil {
		return Row{}, ErrNoRow
	}
	if view.record != r.table.record {
		return Row{}, fmt.Errorf("making a row of %s one of %s: they are of other tables", r.table.record, view.record)
	}
	return Row{Changes: r.Changes, table: view, value: r.value}, nil
}

// text is the text of a field of a string column, which is JSON where a view
// makes it so; false stands for null.
func text(field reflect.Value) (string, bool) {
	if field.Kind() != reflect.Slice {
		return field.String(), true
	}
	raw := field.Bytes()
	return string(CleanJSON(raw)), len(raw) > 0 && string(raw) != "null"
}
