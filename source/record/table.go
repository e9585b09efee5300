package record

import (
	"encoding/json"
	"errors"
	"fmt"
	"reflect"
	"strings"
	"time"
)

// Kind is the type of a column.
type Kind uint8

// The kinds of columns, each with the Go type of its cells.
const (
	String    Kind = iota + 1 // string
	Integer                   // int64
	Number                    // json.Number, digits as Qualtrics wrote them
	Boolean                   // bool
	Timestamp                 // time.Time, in UTC
	Object                    // json.RawMessage, a JSON object
	Array                     // json.RawMessage, a JSON array
)

// String returns the kind's name.
func (k Kind) String() string {
	names := [...]string{"invalid", "string", "integer", "number", "boolean", "timestamp", "object", "array"}
	if int(k) >= len(names) {
		k = 0
	}
	return names[k]
}

// Column is one column of a stream.
type Column struct {
	Name     string
	Kind     Kind
	Nullable bool
}

// Table knows the columns of a record struct. A field's JSON name is its
// column's name; a pointer or a json.RawMessage is a column that may be null,
// every other field is never null. Fields without a JSON name, or named "-",
// are no columns.
type Table struct {
	Columns []Column
	record  reflect.Type
	fields  []int
}

var (
	timeType   = reflect.TypeFor[time.Time]()
	numberType = reflect.TypeFor[json.Number]()
	rawType    = reflect.TypeFor[json.RawMessage]()
)

// NewTable reads the columns of a record struct from its zero value. It
// refuses structs without columns, duplicate names and types that no column
// can hold.
func NewTable(record any) (*Table, error) {
	typ := reflect.TypeOf(record)
	if typ == nil || typ.Kind() != reflect.Struct {
		return nil, fmt.Errorf("reading the columns of %T: not a struct", record)
	}
	table := &Table{record: typ}
	seen := make(map[string]bool)
	for i := range typ.NumField() {
		field := typ.Field(i)
		name, _, _ := strings.Cut(field.Tag.Get("json"), ",")
		if !field.IsExported() || name == "" || name == "-" {
			continue
		}
		if seen[name] {
			return nil, fmt.Errorf("reading the columns of %s: two columns are named %q", typ, name)
		}
		seen[name] = true
		column := Column{Name: name}
		column.Kind, column.Nullable = kindOf(field)
		if column.Kind == 0 {
			return nil, fmt.Errorf("reading the columns of %s: no column can hold the %s of field %s", typ, field.Type, field.Name)
		}
		table.Columns = append(table.Columns, column)
		table.fields = append(table.fields, i)
	}
	if len(table.Columns) == 0 {
		return nil, fmt.Errorf("reading the columns of %s: none found", typ)
	}
	return table, nil
}

func kindOf(field reflect.StructField) (kind Kind, nullable bool) {
	typ := field.Type
	if typ == rawType {
		if strings.Contains(field.Tag.Get("jsonschema"), "type=array") {
			return Array, true
		}
		return Object, true
	}
	if typ.Kind() == reflect.Pointer {
		typ, nullable = typ.Elem(), true
	}
	switch {
	case typ == timeType:
		return Timestamp, nullable
	case typ == numberType:
		return Number, nullable
	case typ.Kind() == reflect.String:
		return String, nullable
	case typ.Kind() == reflect.Int64:
		return Integer, nullable
	case typ.Kind() == reflect.Bool:
		return Boolean, nullable
	}
	return 0, false
}

// Has reports whether the table has a column of that name.
func (t *Table) Has(name string) bool {
	for i := range t.Columns {
		if t.Columns[i].Name == name {
			return true
		}
	}
	return false
}

// Row makes a row of a pointer to the table's record struct. The row refers
// to the struct: it is valid as long as the struct is left alone, and a sink
// that keeps cells beyond its call copies them.
func (t *Table) Row(record any, changes ...Change) (Row, error) {
	value := reflect.ValueOf(record)
	if value.Kind() != reflect.Pointer || value.IsNil() || value.Type().Elem() != t.record {
		return Row{}, fmt.Errorf("making a row: got a %T, want a *%s", record, t.record)
	}
	return Row{Changes: changes, table: t, value: value.Elem()}, nil
}

// Row is one record to deliver.
type Row struct {
	Changes []Change // columns that do not hold what Qualtrics sent
	table   *Table
	value   reflect.Value
}

// ErrNoRow is the error of using a Row that no [Table] made.
var ErrNoRow = errors.New("the row was not made by a table")

// Table returns the table that the row belongs to.
func (r Row) Table() *Table { return r.table }

// Cell returns the value of the i-th column: nil for null, else a string,
// int64, json.Number, bool, time.Time or json.RawMessage by the column's kind.
func (r Row) Cell(i int) any {
	field := r.value.Field(r.table.fields[i])
	if field.Kind() == reflect.Pointer {
		if field.IsNil() {
			return nil
		}
		field = field.Elem()
	}
	switch r.table.Columns[i].Kind {
	case String:
		if text, ok := text(field); ok {
			return text
		}
		return nil
	case Integer:
		return field.Int()
	case Number:
		if field.Len() == 0 {
			return nil
		}
		return json.Number(field.String())
	case Boolean:
		return field.Bool()
	case Timestamp:
		return field.Interface().(time.Time).UTC()
	default:
		if field.Len() == 0 {
			return nil
		}
		return json.RawMessage(field.Bytes())
	}
}

// Size returns about how many bytes the row holds, without its names.
func (r Row) Size() int {
	size := 0
	for i, at := range r.table.fields {
		field := r.value.Field(at)
		if field.Kind() == reflect.Pointer {
			if field.IsNil() {
				continue
			}
			field = field.Elem()
		}
		switch r.table.Columns[i].Kind {
		case String, Number, Object, Array:
			size += field.Len()
		default:
			size += 8
		}
	}
	return size
}

// Empty reports whether the i-th column is null, or a text without a letter.
func (r Row) Empty(i int) bool {
	field := r.value.Field(r.table.fields[i])
	switch field.Kind() {
	case reflect.Pointer:
		return field.IsNil()
	case reflect.String, reflect.Slice:
		return field.Len() == 0
	default:
		return false
	}
}
