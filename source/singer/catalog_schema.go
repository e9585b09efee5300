package singer

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"

	"github.com/birdie-ai/source-qualtrics/source/record"
)

// declaredSchema is the schema of a stream in a catalog. A column that it lacks is
// deselected. The same is true for a column with "selected": false in the schema,
// the form before there was metadata.
type declaredSchema struct {
	columns  map[string]declaredColumn // nil: the schema has no columns and deselects none
	selected *bool

	properties map[string]json.RawMessage
}

type declaredColumn struct {
	types    []string // without null; nil: not declared
	format   string
	selected *bool
	mistaken bool // selected is neither true nor false
	parts    bool // parts of the column are deselected
}

// parseSchema reads the schema of a stream in a catalog; it may be absent.
func parseSchema(text json.RawMessage) (declared declaredSchema, err error) {
	var schema struct {
		Selected   *bool                      `json:"selected"`
		Properties map[string]json.RawMessage `json:"properties"`
	}
	if len(text) == 0 {
		return declared, nil
	}
	if err := json.Unmarshal(text, &schema); err != nil {
		return declared, err
	}
	declared.selected = schema.Selected
	if len(schema.Properties) == 0 {
		return declared, nil
	}
	declared.properties = schema.Properties
	declared.columns = make(map[string]declaredColumn, len(schema.Properties))
	for name, property := range schema.Properties {
		declared.columns[name] = parseProperty(property)
	}
	return declared, nil
}

// parseProperty reads the known members of a property and ignores all others.
func parseProperty(text json.RawMessage) (column declaredColumn) {
	var property map[string]any
	if json.Unmarshal(text, &property) != nil {
		return column
	}
	chosen, ok := truth(property["selected"])
	column.selected, column.mistaken = chosen, !ok
	if property["inclusion"] == "unsupported" {
		column.selected = new(false)
	}
	column.types = notNull(property["type"])
	column.format, _ = property["format"].(string)
	parts, _ := property["properties"].(map[string]any)
	for _, part := range parts {
		if part, ok := part.(map[string]any); ok && part["selected"] == false {
			column.parts = true
		}
	}
	return column
}

// notNull returns the types of a property, sorted and without null.
func notNull(declared any) []string {
	types := slices.DeleteFunc(typesOf(declared), func(name string) bool { return name == "null" })
	slices.Sort(types)
	return slices.Compact(types)
}

// without lists the columns of a stream that the schema lacks.
func (d *declaredSchema) without(info record.Info) (missing []string) {
	for _, column := range info.Table.Columns {
		if _, ok := d.columns[column.Name]; !ok && d.columns != nil && written(column) {
			missing = append(missing, column.Name)
		}
	}
	return missing
}

// Differences compares a catalog with a stream. It returns the ignored settings of
// the catalog, one sentence each. missing lists the columns that are left out because
// the catalog's schema lacks them.
func (s *SelectedStream) Differences(info record.Info, nestedAsText bool) (ignored, missing []string, err error) {
	fixed := info.Fixed()
	var kept []string
	for _, name := range slices.Sorted(slices.Values(fixed)) {
		if s.refused[name] || !s.Has(name) {
			kept = append(kept, name)
		}
	}
	for _, name := range s.declared.without(info) {
		if !slices.Contains(fixed, name) {
			missing = append(missing, name)
		}
	}
	if len(kept) > 0 {
		what := "columns of the key and the replication key"
		if info.Version != "" {
			what = "columns of the key, the replication key and the version"
		}
		ignored = append(ignored, fmt.Sprintf("%s cannot be left out: %s", what, shown(kept)))
	}
	retyped, err := s.retyped(info, nestedAsText)
	if err != nil {
		return nil, nil, err
	}
	if len(retyped) > 0 {
		ignored = append(ignored, fmt.Sprintf("the types of its schema are ignored; records have the types that --discover prints: %s", shown(retyped)))
	}
	if others := slices.Sorted(slices.Values(s.keys)); len(others) > 0 && !slices.Equal(others, slices.Sorted(slices.Values(info.Key))) {
		ignored = append(ignored, fmt.Sprintf("its key_properties %s are ignored: the key is %s", shown(others), shown(info.Key)))
	}
	if s.replication != "" && s.replication != info.Cursor {
		ignored = append(ignored, fmt.Sprintf("its replication key %.80q is ignored: the replication key is %q", s.replication, info.Cursor))
	}
	return ignored, missing, nil
}

// retyped lists the columns with another type in the catalog's schema.
func (s *SelectedStream) retyped(info record.Info, nestedAsText bool) (names []string, err error) {
	for _, name := range slices.Sorted(maps.Keys(s.declared.columns)) {
		theirs := s.declared.columns[name]
		if column, ok := info.Table.Column(name); !ok || !written(column) || theirs.types == nil {
			continue
		}
		schema, err := recordSchema(info, []string{name}, nestedAsText)
		if err != nil {
			return nil, err
		}
		ours, err := parseSchema(schema)
		if err != nil {
			return nil, err
		}
		if own := ours.columns[name]; !slices.Equal(own.types, theirs.types) || own.format != theirs.format {
			names = append(names, name)
		}
	}
	return names, nil
}

// shown lists at most 20 names of a catalog on one line.
func shown(names []string) string {
	const most = 20
	if len(names) <= most {
		return fmt.Sprintf("%.80q", names)
	}
	return fmt.Sprintf("%.80q and %d more", names[:most], len(names)-most)
}
