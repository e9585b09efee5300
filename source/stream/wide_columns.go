package stream

import (
	"cmp"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/birdie-ai/source-qualtrics/source/qualtrics"
	"github.com/birdie-ai/source-qualtrics/source/record"
)

// WideColumns returns the columns of the value keys of a response schema. With tags, names
// begin with the export tags; see [WideColumn].
func WideColumns(schema map[string]qualtrics.Property, tags bool) []WideColumn {
	var columns []WideColumn
	for key, property := range schema {
		switch property.DataType {
		case "metadata", "embeddedData": // in columns of their own
			continue
		}
		column := WideColumn{Name: keyName(key), Kind: wideKind(property.Type, property.Format), Description: describeKey(key, &property)}
		if tags {
			column.Name = taggedName(property.ExportTag, key)
		}
		columns = append(columns, column)
	}
	return inOrder(columns)
}

// wideKind is the kind of a column by a type of JSON Schema. Another type is text, which can
// hold each value.
func wideKind(typ, format string) record.Kind {
	switch typ {
	case "string":
		if format == "date-time" {
			return record.Timestamp
		}
	case "number", "integer":
		return record.Number
	case "boolean":
		return record.Boolean
	case "array":
		return record.Array
	case "object":
		return record.Object
	}
	return record.String
}

// describeKey describes a column: its value key, the export tag, and the text of the schema.
func describeKey(key string, property *qualtrics.Property) string {
	text := "Value key " + key
	if property.ExportTag != "" {
		text += ", export tag " + property.ExportTag
	}
	if property.Description != "" {
		text += fmt.Sprintf(": %.200s", property.Description)
	}
	return text
}

// WideColumnsOf returns the columns of value keys in the schema of a stream in a catalog, by
// its properties. nil: it has none.
func WideColumnsOf(properties map[string]json.RawMessage) []WideColumn {
	var columns []WideColumn
	for _, name := range slices.Sorted(maps.Keys(properties)) {
		if keyPart(name) == "" || !validName.MatchString(name) {
			continue // a warning names it
		}
		var property struct {
			Type        any    `json:"type"`
			Format      string `json:"format"`
			Description string `json:"description"`
		}
		_ = json.Unmarshal(properties[name], &property) // without a type it holds text
		column := WideColumn{Name: name, Kind: record.String, Description: property.Description}
		switch typ := property.Type.(type) {
		case string:
			column.Kind = wideKind(typ, property.Format)
		case []any:
			for _, one := range typ {
				if one, ok := one.(string); ok && one != "null" {
					column.Kind = wideKind(one, property.Format)
					break
				}
			}
		}
		columns = append(columns, column)
	}
	return inOrder(columns)
}

// WideColumnsIn returns the columns of value keys in a JSON Schema of a wide stream.
func WideColumnsIn(schema json.RawMessage) ([]WideColumn, error) {
	var object struct {
		Properties map[string]json.RawMessage `json:"properties"`
	}
	if len(schema) == 0 {
		return nil, nil
	}
	if err := json.Unmarshal(schema, &object); err != nil {
		return nil, err
	}
	return WideColumnsOf(object.Properties), nil
}

// MergeWide returns the columns of an earlier run, and the new ones. An earlier column keeps
// its name and its kind, and it stays if its key went away.
func MergeWide(before, now []WideColumn) []WideColumn {
	merged := slices.Clone(before)
	for _, column := range now {
		part := keyPart(column.Name)
		at := slices.IndexFunc(merged[:len(before)], func(old WideColumn) bool { return keyPart(old.Name) == part })
		if at < 0 {
			merged = append(merged, column)
		} else {
			merged[at].Description = column.Description
		}
	}
	return inOrder(merged)
}

// inOrder sorts columns by their keys, with numbers by their value: qid2 before qid10.
func inOrder(columns []WideColumn) []WideColumn {
	slices.SortFunc(columns, func(a, b WideColumn) int {
		return cmp.Or(compareParts(keyPart(a.Name), keyPart(b.Name)), cmp.Compare(a.Name, b.Name))
	})
	return columns
}

func compareParts(a, b string) int {
	for a != "" && b != "" {
		if x, y := digits(a), digits(b); x > 0 && y > 0 {
			one, other := strings.TrimLeft(a[:x], "0"), strings.TrimLeft(b[:y], "0")
			if by := cmp.Or(cmp.Compare(len(one), len(other)), cmp.Compare(one, other)); by != 0 {
				return by
			}
			a, b = a[x:], b[y:]
			continue
		}
		if a[0] != b[0] {
			return cmp.Compare(a[0], b[0])
		}
		a, b = a[1:], b[1:]
	}
	return cmp.Compare(len(a), len(b))
}

// digits counts the digits that a text begins with.
func digits(text string) int {
	return len(text) - len(strings.TrimLeft(text, "0123456789"))
}
