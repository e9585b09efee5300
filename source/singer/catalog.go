package singer

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"

	"github.com/birdie-ai/source-qualtrics/source/record"
	"github.com/birdie-ai/source-qualtrics/source/wire"
)

// The replication methods that a stream can be read by.
const (
	Incremental = "INCREMENTAL"
	FullTable   = "FULL_TABLE"
)

type metadata struct {
	Breadcrumb []string       `json:"breadcrumb"`
	Metadata   map[string]any `json:"metadata"`
}

type catalogEntry struct {
	ID          string          `json:"tap_stream_id"`
	Stream      string          `json:"stream"`
	Keys        []string        `json:"key_properties"`
	Method      string          `json:"replication_method,omitempty"`
	Replication string          `json:"replication_key,omitempty"`
	Selected    *bool           `json:"selected,omitempty"`
	Schema      json.RawMessage `json:"schema"`
	Metadata    []metadata      `json:"metadata"`
}

// Catalog is the catalog of these streams, on short lines: Meltano reads none
// that is longer than 64 KiB. Every column has its metadata, for Meltano makes
// up that one without cannot be left out.
func Catalog(streams []record.Info, nestedAsText, deletedColumn bool) ([]byte, error) {
	entries := make([]catalogEntry, 0, len(streams))
	for _, s := range streams {
		var names []string
		for _, c := range s.Table.Columns {
			if written(c.Name) {
				names = append(names, c.Name)
			}
			if c.Name == deletedAt && deletedColumn {
				names = append(names, sdcDeletedAt)
			}
		}
		schema, err := recordSchema(s, names, nestedAsText)
		if err != nil {
			return nil, err
		}
		entry := catalogEntry{ID: s.Stream, Stream: s.Stream, Keys: s.Key, Method: FullTable, Schema: schema}
		whole := map[string]any{"inclusion": "available", "selected-by-default": true, "table-key-properties": s.Key}
		if s.Cursor != "" {
			entry.Method, entry.Replication = Incremental, s.Cursor
			whole["valid-replication-keys"] = []string{s.Cursor}
		} else {
			whole["forced-replication-method"] = FullTable
		}
		entry.Metadata = append(entry.Metadata, metadata{[]string{}, whole})
		for _, name := range names {
			inclusion := "available"
			if slices.Contains(s.Key, name) || name == s.Cursor {
				inclusion = "automatic"
			}
			entry.Metadata = append(entry.Metadata, metadata{[]string{"properties", name}, map[string]any{"inclusion": inclusion, "selected-by-default": true}})
		}
		entries = append(entries, entry)
	}
	encoded, err := json.MarshalIndent(map[string]any{"streams": entries}, "", "  ")
	if err != nil {
		return nil, fmt.Errorf("writing the catalog: %w", err)
	}
	return append(encoded, '\n'), nil
}

// Selection is what a catalog asks for.
type Selection struct {
	Streams []SelectedStream
	// Ignored says what of the catalog is not understood, for the log.
	Ignored []string
}

// SelectedStream is one stream that is wanted.
type SelectedStream struct {
	Name     string
	Method   string // Incremental or FullTable; "": as the stream prefers
	unwanted map[string]bool
}

// Has reports whether a column is wanted.
func (s *SelectedStream) Has(column string) bool { return !s.unwanted[column] }

// Unwanted are the columns that are left out.
func (s *SelectedStream) Unwanted() []string { return slices.Sorted(maps.Keys(s.unwanted)) }

// ParseCatalog reads which streams and columns a catalog selects, by the rules
// of the SDK: what is unsupported is out, what is automatic is in, then what
// is selected counts, then what is selected by default; else it is in.
func ParseCatalog(text []byte) (*Selection, error) {
	var raw struct {
		Streams *[]catalogEntry `json:"streams"`
	}
	if err := wire.Decode(text, &raw); err != nil {
		return nil, err
	}
	if raw.Streams == nil {
		return nil, errors.New(`it has no "streams"`)
	}
	selection := &Selection{}
	seen := make(map[string]bool)
	for i, entry := range *raw.Streams {
		name := entry.ID
		if name == "" {
			name = entry.Stream
		}
		switch {
		case name == "":
			return nil, fmt.Errorf("its stream number %d has no tap_stream_id", i+1)
		case seen[name]:
			return nil, fmt.Errorf("it names stream %.80q twice", name)
		}
		seen[name] = true
		stream := SelectedStream{Name: name, Method: entry.Method, unwanted: make(map[string]bool)}
		wanted := entry.Selected == nil || *entry.Selected
		for _, m := range entry.Metadata {
			if m.Breadcrumb == nil {
				return nil, fmt.Errorf(`the metadata of its stream %.80q has a part without a "breadcrumb"`, name)
			}
			if what := m.mistaken(); what != "" {
				selection.Ignored = append(selection.Ignored, fmt.Sprintf("the selection of %.120q in stream %.80s: %s", m.Breadcrumb, name, what))
				continue
			}
			if len(m.Breadcrumb) > 0 {
				if !selected(m.Metadata, true) {
					stream.unwanted[m.Breadcrumb[1]] = true
				}
				continue
			}
			wanted = selected(m.Metadata, wanted)
			if method, ok := m.Metadata["replication-method"].(string); ok {
				stream.Method = method
			}
		}
		if stream.Method != "" && stream.Method != Incremental && stream.Method != FullTable {
			return nil, fmt.Errorf("the replication method of stream %.80q is %.40q; it can be %s or %s", name, stream.Method, Incremental, FullTable)
		}
		if wanted {
			selection.Streams = append(selection.Streams, stream)
		}
	}
	return selection, nil
}

// mistaken says why a selection cannot be followed; "": it can. What selects
// nothing may stand anywhere.
func (m *metadata) mistaken() string {
	for _, key := range []string{"selected", "selected-by-default"} {
		switch m.Metadata[key].(type) {
		case nil, bool:
		default:
			return key + " is neither true nor false"
		}
	}
	of := m.Breadcrumb
	switch {
	case len(of) == 0, len(of) == 2 && of[0] == "properties", selected(m.Metadata, true):
		return ""
	case len(of) > 2 && of[0] == "properties":
		return "parts of a column cannot be chosen"
	default:
		return `a column is at ["properties" "its name"]`
	}
}

// selected decides by the metadata of a breadcrumb.
func selected(m map[string]any, otherwise bool) bool {
	switch m["inclusion"] {
	case "unsupported":
		return false
	case "automatic":
		return true
	}
	for _, key := range []string{"selected", "selected-by-default"} {
		if is, ok := m[key].(bool); ok {
			return is
		}
	}
	return otherwise
}
