package schemas

import (
	"cmp"
	"encoding/json"
	"fmt"
	"reflect"
	"time"

	"github.com/invopop/jsonschema"
)

// Column is a column of a stream, for people.
type Column struct {
	Name        string
	Type        string // string, integer, number, boolean, timestamp, object or array
	Nullable    bool
	Description string
}

// Record returns the JSON Schema of a record struct: draft-07, compact, in the
// order of the fields, with nothing in it that platforms stumble over.
func Record(record any, comments Comments) ([]byte, error) {
	properties := object{}
	err := eachColumn(record, comments, func(column Column, property *jsonschema.Schema) error {
		written := object{}
		if column.Nullable {
			written = append(written, member{"type", []string{"null", property.Type}})
		} else {
			written = append(written, member{"type", property.Type})
		}
		switch column.Type {
		case "timestamp":
			written = append(written, member{"format", "date-time"}, member{"airbyte_type", "timestamp_with_timezone"})
		case "object":
			written = append(written, member{"additionalProperties", true})
		case "array":
			written = append(written, member{"items", object{}})
		}
		if column.Description != "" {
			written = append(written, member{"description", column.Description})
		}
		properties = append(properties, member{column.Name, written})
		return nil
	})
	if err != nil {
		return nil, err
	}
	return marshal(object{
		{"$schema", draft7},
		{"type", "object"},
		{"properties", properties},
		{"additionalProperties", true},
	})
}

// Columns returns the columns of a record struct in their order.
func Columns(record any, comments Comments) ([]Column, error) {
	var columns []Column
	err := eachColumn(record, comments, func(column Column, _ *jsonschema.Schema) error {
		columns = append(columns, column)
		return nil
	})
	return columns, err
}

func eachColumn(record any, comments Comments, each func(Column, *jsonschema.Schema) error) error {
	typ := reflect.TypeOf(record)
	if typ == nil {
		return fmt.Errorf("making a schema: there is no record")
	}
	schema, err := reflected(typ)
	if err != nil {
		return err
	}
	for i := range typ.NumField() {
		field := typ.Field(i)
		name := columnName(field)
		if name == "" {
			continue
		}
		property, ok := schema.Properties.Get(name)
		if !ok {
			return fmt.Errorf("making a schema of %s: field %s is missing from it", typ, field.Name)
		}
		column := Column{Name: name, Description: cmp.Or(comments.of(typ, field.Name), property.Description)}
		if err := column.typed(field.Type, property); err != nil {
			return fmt.Errorf("making a schema of %s: field %s: %w", typ, field.Name, err)
		}
		if err := each(column, property); err != nil {
			return err
		}
	}
	return nil
}

// typed finds the column's type, and corrects the property's.
func (c *Column) typed(typ reflect.Type, property *jsonschema.Schema) error {
	if typ == reflect.TypeFor[json.RawMessage]() {
		c.Nullable = true
		if property.Type != "array" {
			property.Type = "object"
		}
		c.Type = property.Type
		return nil
	}
	if typ.Kind() == reflect.Pointer {
		typ, c.Nullable = typ.Elem(), true
	}
	switch {
	case typ == reflect.TypeFor[time.Time]():
		c.Type = "timestamp"
	case typ == reflect.TypeFor[json.Number]():
		c.Type, property.Type = "number", "number"
	case typ.Kind() == reflect.String, typ.Kind() == reflect.Int64, typ.Kind() == reflect.Bool:
		c.Type = property.Type
	default:
		return fmt.Errorf("a column cannot hold %s", typ)
	}
	return nil
}
