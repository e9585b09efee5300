package record

import (
	"encoding/json"
	"errors"
	"fmt"
	"reflect"
	"time"
)

// Row is one record to deliver. It refers to a record struct, so it is valid until the
// struct changes. A sink that keeps cells after its call copies them.
type Row struct {
	Changes []Change // columns that differ from the values of Qualtrics
	// Safe is set if the raw JSON of all cells is safe text on one line, see jsonsafe.
	// It is not searched again.
	Safe  bool
	table *Table
	cells []any // pointers to the fields of the columns; nil: null, by Fit
}

// ErrNoRow is the error of using a zero [Row].
var ErrNoRow = errors.New("the row was not made by a table")

// Row returns the row of a pointer to the table's record struct.
func (t *Table) Row(record any, changes ...Change) (Row, error) {
	value, err := t.structOf(record)
	if err != nil {
		return Row{}, err
	}
	return Row{Changes: changes, table: t, cells: t.bind(value)}, nil
}

// structOf returns the record struct that a pointer points to.
func (t *Table) structOf(record any) (reflect.Value, error) {
	value := reflect.ValueOf(record)
	if value.Kind() != reflect.Pointer || value.IsNil() || value.Type().Elem() != t.record {
		return value, fmt.Errorf("making a row: got a %T, want a *%s", record, t.record)
	}
	return value.Elem(), nil
}

// bind returns pointers to the fields of a record struct. Reading cells by them is several
// times as fast as by reflection.
func (t *Table) bind(value reflect.Value) []any {
	cells := make([]any, len(t.fields))
	for i, field := range t.fields {
		cells[i] = value.Field(field).Addr().Interface()
	}
	return cells
}

// Buffer holds the rows of one document after the other. It keeps the record structs and
// uses them again.
type Buffer struct {
	table *Table
	slots []slot
	rows  []Row
}

// slot is a record struct and the pointers to its fields.
type slot struct {
	record reflect.Value
	cells  []any
}

// mostSlots is the number of record structs that a buffer keeps between documents.
const mostSlots = 256

// NewBuffer returns a buffer for rows of a table.
func NewBuffer(t *Table) *Buffer { return &Buffer{table: t} }

// Reset drops the rows: they are not valid any more.
func (b *Buffer) Reset() {
	clear(b.rows)
	b.rows = b.rows[:0]
	if len(b.slots) > mostSlots {
		b.slots, b.rows = b.slots[:mostSlots:mostSlots], nil
	}
}

// Rows returns the rows since the last Reset.
func (b *Buffer) Rows() []Row { return b.rows }

// Add copies a record, given a pointer to it, and adds its row, which it returns.
func (b *Buffer) Add(record any, changes ...Change) (*Row, error) {
	value, err := b.table.structOf(record)
	if err != nil {
		return nil, err
	}
	if len(b.rows) == len(b.slots) {
		own := reflect.New(b.table.record).Elem()
		b.slots = append(b.slots, slot{own, b.table.bind(own)})
	}
	own := &b.slots[len(b.rows)]
	own.record.Set(value)
	b.rows = append(b.rows, Row{Changes: changes, table: b.table, cells: own.cells})
	return &b.rows[len(b.rows)-1], nil
}

// Table returns the table of the row.
func (r Row) Table() *Table { return r.table }

// cell returns the pointer to the field of the i-th column; nil for null.
func (r *Row) cell(i int) any { return r.cells[r.table.cells[i]] }

// text returns the text of a column of strings. In a view it may be JSON.
func (r *Row) text(i int) (text string, ok bool) {
	switch cell := r.cell(i).(type) {
	case *string:
		return *cell, true
	case **string:
		if *cell != nil {
			return **cell, true
		}
	case *json.RawMessage:
		return string(*cell), len(*cell) > 0 && string(*cell) != "null"
	}
	return "", false
}

// raw returns the JSON of a column of objects or arrays; nil for null.
func (r *Row) raw(i int) json.RawMessage {
	if cell, ok := r.cell(i).(*json.RawMessage); ok && len(*cell) > 0 {
		return *cell
	}
	return nil
}

// number returns the digits of a column of numbers; "" for null.
func (r *Row) number(i int) json.Number {
	if cell, ok := value[json.Number](r.cell(i)); ok {
		return *cell
	}
	return ""
}

// value returns the value of a cell, null as nil and false.
func value[T any](cell any) (*T, bool) {
	switch cell := cell.(type) {
	case *T:
		return cell, true
	case **T:
		return *cell, *cell != nil
	}
	return nil, false
}

// Cell returns the value of the i-th column: nil for null, else a string,
// int64, json.Number, bool, time.Time or json.RawMessage by the column's kind.
func (r Row) Cell(i int) any {
	switch r.table.Columns[i].Kind {
	case String:
		if text, ok := r.text(i); ok {
			return text
		}
	case Integer:
		if cell, ok := value[int64](r.cell(i)); ok {
			return *cell
		}
	case Number:
		if digits := r.number(i); digits != "" {
			return digits
		}
	case Boolean:
		if cell, ok := value[bool](r.cell(i)); ok {
			return *cell
		}
	case Timestamp:
		if cell, ok := value[time.Time](r.cell(i)); ok {
			return cell.UTC()
		}
	default:
		if raw := r.raw(i); raw != nil {
			return raw
		}
	}
	return nil
}

// Text returns the text of the i-th column, which holds strings: "" for null.
func (r Row) Text(i int) string {
	text, _ := r.text(i)
	return text
}

// Size returns the approximate bytes of the row, without column names.
func (r Row) Size() int {
	size := 0
	for i := range r.table.cells {
		switch cell := r.cell(i).(type) {
		case *string:
			size += len(*cell)
		case **string:
			if *cell != nil {
				size += len(**cell)
			}
		case *json.RawMessage:
			size += len(*cell)
		case *json.Number:
			size += len(*cell)
		case **json.Number:
			if *cell != nil {
				size += len(**cell)
			}
		default:
			if !isNull(cell) {
				size += 8
			}
		}
	}
	return size
}

// isNull reports whether a cell is null.
func isNull(cell any) bool {
	switch cell := cell.(type) {
	case nil:
		return true
	case **string:
		return *cell == nil
	case **int64:
		return *cell == nil
	case **json.Number:
		return *cell == nil
	case **bool:
		return *cell == nil
	case **time.Time:
		return *cell == nil
	}
	return false
}

// Empty reports whether the i-th column is null or "".
func (r Row) Empty(i int) bool {
	switch cell := r.cell(i).(type) {
	case *string:
		return *cell == ""
	case *json.Number:
		return *cell == ""
	case *json.RawMessage:
		return len(*cell) == 0
	default:
		return isNull(cell)
	}
}
