package record

import (
	"encoding/json"
	"errors"
	"fmt"
	"reflect"
	"slices"
	"strings"
	"time"

	"github.com/birdie-ai/source-qualtrics/source/jsonsafe"
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
	// Deletion is set for the column that holds the time of a deletion. A row with a
	// value there reports that it is deleted.
	Deletion bool
	// Protocol is the protocol whose destinations look for the column by its name;
	// "": none. An output with a column of its own for them leaves this one out.
	Protocol string
}

// Table lists the columns of a record struct. The JSON name of a field is the name
// of its column. A pointer or json.RawMessage is a nullable column; other fields
// are never null. Fields without a JSON name, or with the name "-", are skipped.
//
// Two tags describe a column to the sinks, so that none of them knows it by its name:
// column:"deletion" and column:"protocol=NAME", see [Column].
type Table struct {
	Columns []Column
	record  reflect.Type
	fields  []int
	// prefixes are the bytes of a JSON object in front of each value, such as ,"id":
	prefixes [][]byte
}

func (t *Table) add(column Column, field int) {
	prefix := []byte{','}
	if len(t.Columns) == 0 {
		prefix[0] = '{'
	}
	t.prefixes = append(t.prefixes, append(jsonsafe.AppendString(prefix, column.Name), ':'))
	t.Columns = append(t.Columns, column)
	t.fields = append(t.fields, field)
}

var (
	timeType   = reflect.TypeFor[time.Time]()
	numberType = reflect.TypeFor[json.Number]()
	rawType    = reflect.TypeFor[json.RawMessage]()
)

// NewTable returns the columns of a record struct, given its zero value. It refuses
// a struct without columns, duplicate names, and types without a column kind.
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
		if err := column.describe(field.Tag.Get("column")); err != nil {
			return nil, fmt.Errorf("reading the columns of %s: field %s: %w", typ, field.Name, err)
		}
		if column.Deletion && table.Deletion() != "" {
			return nil, fmt.Errorf("reading the columns of %s: %s and %s both hold the time of a deletion", typ, table.Deletion(), name)
		}
		table.add(column, i)
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

// describe reads the column tag of a field.
func (c *Column) describe(tag string) error {
	protocol, ofProtocol := strings.CutPrefix(tag, "protocol=")
	switch {
	case tag == "":
	case tag == "deletion" && c.Kind == Timestamp:
		c.Deletion = true
	case tag == "deletion":
		return fmt.Errorf("the time of a deletion is not of kind %s", c.Kind)
	case ofProtocol && protocol != "":
		c.Protocol = protocol
	default:
		return fmt.Errorf("the tag column:%q is neither deletion nor protocol=NAME", tag)
	}
	return nil
}

// Index returns the index of the column of that name, or -1.
func (t *Table) Index(name string) int {
	return slices.IndexFunc(t.Columns, func(c Column) bool { return c.Name == name })
}

// Column returns the column of that name.
func (t *Table) Column(name string) (Column, bool) {
	at := t.Index(name)
	if at < 0 {
		return Column{}, false
	}
	return t.Columns[at], true
}

// Has reports whether the table has a column of that name.
func (t *Table) Has(name string) bool { return t.Index(name) >= 0 }

// Deletion returns the name of the column with the time of a deletion; "" without one.
func (t *Table) Deletion() string {
	at := slices.IndexFunc(t.Columns, func(c Column) bool { return c.Deletion })
	if at < 0 {
		return ""
	}
	return t.Columns[at].Name
}

// Row returns the row of a pointer to the table's record struct. The row refers to
// the struct, so it is valid until the struct changes. A sink that keeps cells
// after its call copies them.
func (t *Table) Row(record any, changes ...Change) (Row, error) {
	value := reflect.ValueOf(record)
	if value.Kind() != reflect.Pointer || value.IsNil() || value.Type().Elem() != t.record {
		return Row{}, fmt.Errorf("making a row: got a %T, want a *%s", record, t.record)
	}
	return Row{Changes: changes, table: t, value: value.Elem()}, nil
}

// Row is one record to deliver.
type Row struct {
	Changes []Change // columns that differ from the values of Qualtrics
	// Safe is set if the raw JSON of all cells is safe text on one line, see jsonsafe.
	// It is not searched again.
	Safe  bool
	table *Table
	value reflect.Value
	cells map[int]reflect.Value // cells replaced by Fit, by field
}

// ErrNoRow is the error of using a zero [Row].
var ErrNoRow = errors.New("the row was not made by a table")

// Table returns the table of the row.
func (r Row) Table() *Table { return r.table }

// Cell returns the value of the i-th column: nil for null, else a string,
// int64, json.Number, bool, time.Time or json.RawMessage by the column's kind.
func (r Row) Cell(i int) any {
	field, ok := r.field(i)
	if !ok {
		return nil
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
		return timeOf(field).UTC()
	default:
		if field.Len() == 0 {
			return nil
		}
		return json.RawMessage(field.Bytes())
	}
}

// Text returns the text of the i-th column, which holds strings: "" for null.
func (r Row) Text(i int) string {
	field, ok := r.field(i)
	if !ok {
		return ""
	}
	text, _ := text(field)
	return text
}

// Size returns the approximate bytes of the row, without column names.
func (r Row) Size() int {
	size := 0
	for i := range r.table.fields {
		field, ok := r.field(i)
		if !ok {
			continue
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

// Empty reports whether the i-th column is null or "".
func (r Row) Empty(i int) bool {
	field := r.at(i)
	switch field.Kind() {
	case reflect.Pointer:
		return field.IsNil()
	case reflect.String, reflect.Slice:
		return field.Len() == 0
	default:
		return false
	}
}
