package record

import (
	"encoding/json"
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
	fields  []int // of the record struct, those of a view included
	cells   []int // place of each column in the cells of a row
	// prefixes are the bytes of a JSON object in front of each value, such as ,"id":
	prefixes [][]byte
}

// add adds a column that is the cell of a row at that place.
func (t *Table) add(column Column, cell int) {
	prefix := []byte{','}
	if len(t.Columns) == 0 {
		prefix[0] = '{'
	}
	t.prefixes = append(t.prefixes, append(jsonsafe.AppendString(prefix, column.Name), ':'))
	t.Columns = append(t.Columns, column)
	t.cells = append(t.cells, cell)
}

var (
	rawType = reflect.TypeFor[json.RawMessage]()
	kinds   = map[reflect.Type]Kind{
		reflect.TypeFor[string]():      String,
		reflect.TypeFor[int64]():       Integer,
		reflect.TypeFor[json.Number](): Number,
		reflect.TypeFor[bool]():        Boolean,
		reflect.TypeFor[time.Time]():   Timestamp,
	}
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
		table.add(column, len(table.fields))
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
	return kinds[typ], nullable
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
