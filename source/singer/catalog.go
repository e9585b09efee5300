package singer

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/birdie-ai/source-qualtrics/source/record"
	"github.com/birdie-ai/source-qualtrics/source/wire"
)

// The replication methods.
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

// Catalog returns the catalog of the streams. Its lines are short, because Meltano
// refuses lines above 64 KiB. Every column has metadata, because Meltano selects
// columns without metadata always.
func Catalog(streams []record.Info, nestedAsText, deletedColumn bool) ([]byte, error) {
	entries := make([]catalogEntry, 0, len(streams))
	for _, s := range streams {
		var names []string
		for _, c := range s.Table.Columns {
			if written(c) {
				names = append(names, c.Name)
			}
			if c.Deletion && deletedColumn {
				names = append(names, sdcDeletedAt)
			}
		}
		schema, err := recordSchema(s, names, nestedAsText)
		if err != nil {
			return nil, err
		}
		fixed := s.Fixed()
		entry := catalogEntry{ID: s.Stream, Stream: s.Stream, Keys: s.Key, Method: FullTable, Schema: schema}
		whole := map[string]any{"inclusion": "available", "selected-by-default": !s.OnRequest, "table-key-properties": s.Key}
		if s.Cursor != "" {
			entry.Method, entry.Replication = Incremental, s.Cursor
			whole["valid-replication-keys"] = []string{s.Cursor}
		} else {
			whole["forced-replication-method"] = FullTable
		}
		entry.Metadata = append(entry.Metadata, metadata{[]string{}, whole})
		for _, name := range names {
			inclusion := "available"
			if slices.Contains(fixed, name) {
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

// Selection is the selection of a catalog.
type Selection struct {
	Streams []SelectedStream
	// Ignored lists the invalid parts of the catalog, for the log.
	Ignored []string
}

// SelectedStream is a selected stream.
type SelectedStream struct {
	Name        string
	Method      string // Incremental or FullTable; "": the default of the stream
	unwanted    map[string]bool
	refused     map[string]bool // automatic columns with "selected": false
	declared    declaredSchema
	keys        []string
	replication string
}

// Has reports whether a column is selected. _sdc_deleted_at, which a setting of the
// tap adds, need not be in the schema.
func (s *SelectedStream) Has(column string) bool {
	if s.unwanted[column] || s.declared.columns == nil || column == sdcDeletedAt {
		return !s.unwanted[column]
	}
	_, ok := s.declared.columns[column]
	return ok
}

// Properties returns the properties of the schema in the catalog, by column. nil: it has none.
func (s *SelectedStream) Properties() map[string]json.RawMessage { return s.declared.properties }

// Unknown returns the columns in the catalog that are not in the table of the stream:
// of the deselected ones and those of the schema. Names that begin with an underscore
// are left out, because targets and a setting of the tap add such columns.
func (s *SelectedStream) Unknown(table *record.Table) []string {
	names := maps.Clone(s.unwanted)
	for name := range s.declared.columns {
		names[name] = true
	}
	maps.DeleteFunc(names, func(name string, _ bool) bool { return table.Has(name) || strings.HasPrefix(name, "_") })
	return slices.Sorted(maps.Keys(names))
}

// ParseCatalog reads the selection of a catalog by the rules of the SDK. Inclusion
// "unsupported" deselects, and "automatic" selects. Else "selected" decides, then
// "selected-by-default". Without any of them a stream or column is selected. A
// column that the schema lacks, or deselects, is never selected.
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
		stream := SelectedStream{
			Name: name, Method: entry.Method, unwanted: make(map[string]bool), refused: make(map[string]bool), keys: entry.Keys, replication: entry.Replication,
		}
		var err error
		if stream.declared, err = parseSchema(entry.Schema); err != nil {
			return nil, fmt.Errorf("the schema of stream %.80q is not an object", name)
		}
		for _, column := range slices.Sorted(maps.Keys(stream.declared.columns)) {
			switch declared := stream.declared.columns[column]; {
			case declared.selected != nil && !*declared.selected:
				stream.unwanted[column] = true
			case declared.mistaken:
				selection.Ignored = append(selection.Ignored, fmt.Sprintf("the selection of %.80q in the schema of stream %.80s: %s", column, name, notTruth("selected")))
			case declared.parts:
				selection.Ignored = append(selection.Ignored, fmt.Sprintf("the selection within %.80q in stream %.80s: parts of a column cannot be chosen", column, name))
			}
		}
		old := entry.Selected
		if schema := stream.declared.selected; schema != nil && (old == nil || !*schema) {
			old = schema
		}
		wanted := old == nil || *old
		for _, m := range entry.Metadata {
			if m.Breadcrumb == nil {
				return nil, fmt.Errorf(`the metadata of its stream %.80q has a part without a "breadcrumb"`, name)
			}
			if reason := m.mistaken(); reason != "" {
				selection.Ignored = append(selection.Ignored, fmt.Sprintf("the selection of %.120q in stream %.80s: %s", m.Breadcrumb, name, reason))
				continue
			}
			if len(m.Breadcrumb) > 0 {
				if !m.ofColumn() {
					continue // it deselects nothing
				}
				column := m.Breadcrumb[1]
				if !selected(m.Metadata, true) {
					stream.unwanted[column] = true
				}
				chosen, _ := truth(m.Metadata["selected"])
				stream.refused[column] = chosen != nil && !*chosen
				continue
			}
			if old != nil {
				delete(m.Metadata, "selected-by-default") // the user has decided
			}
			wanted = selected(m.Metadata, wanted)
			if key, ok := m.Metadata["replication-key"].(string); ok {
				stream.replication = key
			}
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

// mistaken returns the reason why a selection is invalid; "": it is valid. Metadata
// that deselects nothing is valid at any breadcrumb.
func (m *metadata) mistaken() string {
	for _, key := range []string{"selected", "selected-by-default"} {
		if _, ok := truth(m.Metadata[key]); !ok {
			return notTruth(key)
		}
	}
	of := m.Breadcrumb
	switch {
	case len(of) == 0, m.ofColumn(), selected(m.Metadata, true):
		return ""
	case len(of) > 2 && of[0] == "properties":
		return "parts of a column cannot be chosen"
	default:
		return `a column is at ["properties" "its name"]`
	}
}

// ofColumn reports whether the metadata is of a column.
func (m *metadata) ofColumn() bool { return len(m.Breadcrumb) == 2 && m.Breadcrumb[0] == "properties" }

// selected returns the selection by the metadata of a breadcrumb.
func selected(m map[string]any, otherwise bool) bool {
	switch m["inclusion"] {
	case "unsupported":
		return false
	case "automatic":
		return true
	}
	for _, key := range []string{"selected", "selected-by-default"} {
		if is, _ := truth(m[key]); is != nil {
			return *is
		}
	}
	return otherwise
}

// truth reads a boolean or its text, such as "true"; nil without a value.
func truth(value any) (is *bool, ok bool) {
	switch value {
	case nil:
		return nil, true
	case true, "true":
		return new(true), true
	case false, "false":
		return new(false), true
	}
	return nil, false
}

func notTruth(key string) string { return key + " is neither true nor false" }
