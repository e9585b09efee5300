package singer

import (
	"encoding/json"
	"fmt"
	"slices"

	"github.com/birdie-ai/source-qualtrics/source/record"
)

// recordSchema returns the schema of a stream's records with the given columns, in a
// form that every target accepts. The type precedes null, and members of other
// protocols are removed.
func recordSchema(info record.Info, columns []string, nestedAsText bool) (json.RawMessage, error) {
	var published struct {
		Properties map[string]map[string]any `json:"properties"`
	}
	if err := json.Unmarshal(info.Schema, &published); err != nil {
		return nil, fmt.Errorf("reading the schema of %s: %w", info.Stream, err)
	}
	properties := make(map[string]map[string]any, len(columns))
	for _, name := range columns {
		if name == sdcDeletedAt {
			properties[name] = map[string]any{"type": []string{"string", "null"}, "format": "date-time"}
			continue
		}
		property, ok := published.Properties[name]
		if !ok {
			return nil, fmt.Errorf("the schema of %s lacks its column %s", info.Stream, name)
		}
		properties[name] = singerProperty(property, nestedAsText)
	}
	return encode(struct {
		Type       string                    `json:"type"`
		Properties map[string]map[string]any `json:"properties"`
	}{"object", properties})
}

func singerProperty(property map[string]any, nestedAsText bool) map[string]any {
	made := make(map[string]any)
	types := typesOf(property["type"])
	if nestedAsText && (slices.Contains(types, "object") || slices.Contains(types, "array")) {
		made["type"] = []string{"string", "null"}
		if description, ok := property["description"]; ok {
			made["description"] = description
		}
		return made
	}
	for key, value := range property {
		switch key {
		case "airbyte_type", "type":
		case "items":
			// Some targets drop a column with an empty schema of items.
			if items, ok := value.(map[string]any); ok && len(items) > 0 {
				made[key] = value
			}
		default:
			made[key] = value
		}
	}
	made["type"] = types
	if len(types) == 1 {
		made["type"] = types[0]
	}
	return made
}

// typesOf returns the types of a property with null last.
func typesOf(declared any) (types []string) {
	switch declared := declared.(type) {
	case string:
		return []string{declared}
	case []any:
		for _, each := range declared {
			if name, ok := each.(string); ok {
				types = append(types, name)
			}
		}
	}
	slices.SortStableFunc(types, func(a, b string) int { return last(a) - last(b) })
	return types
}

func last(name string) int {
	if name == "null" {
		return 1
	}
	return 0
}
