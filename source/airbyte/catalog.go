package airbyte

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"

	"github.com/birdie-ai/source-qualtrics/source/wire"
)

// SyncMode is the sync mode of a stream.
type SyncMode string

// The sync modes.
const (
	FullRefresh SyncMode = "full_refresh"
	Incremental SyncMode = "incremental"
)

// ConfiguredCatalog lists the streams to read.
type ConfiguredCatalog struct{ Streams []ConfiguredStream }

// ConfiguredStream is a stream to read, without the fields for platforms and
// destinations.
type ConfiguredStream struct {
	Name     string
	SyncMode SyncMode
	// Columns are the columns of the schema, sorted, because a platform removes
	// the others. Nil: the schema names no column, so all are selected.
	Columns []string
	// Properties are the properties of that schema, by column.
	Properties map[string]json.RawMessage
}

// ParseConfiguredCatalog reads a ConfiguredAirbyteCatalog. Every key except the name
// of a stream may be null or missing. A stream without a sync mode has full
// refresh. A sync mode that is not in the protocol is an error.
func ParseConfiguredCatalog(text []byte) (ConfiguredCatalog, error) {
	var raw struct {
		Type    *string `json:"type"`
		Streams *[]struct {
			Stream *struct {
				Name      *string `json:"name"`
				Namespace *string `json:"namespace"`
				Schema    *struct {
					Properties map[string]json.RawMessage `json:"properties"`
				} `json:"json_schema"`
			} `json:"stream"`
			SyncMode            *string `json:"sync_mode"`
			DestinationSyncMode *string `json:"destination_sync_mode"`
		} `json:"streams"`
	}
	if err := wire.Decode(text, &raw); err != nil {
		return ConfiguredCatalog{}, err
	}
	if raw.Streams == nil && raw.Type != nil && *raw.Type == "CATALOG" {
		return ConfiguredCatalog{}, errors.New(`it is the message of discover: a configured catalog is {"streams": [{"stream": …, "sync_mode": "incremental", "destination_sync_mode": "append_dedup"}]}, with the streams of that message`)
	}
	if raw.Streams == nil {
		return ConfiguredCatalog{}, errors.New(`it has no "streams"`)
	}
	var catalog ConfiguredCatalog
	seen := make(map[string]bool)
	for i, entry := range *raw.Streams {
		if entry.Stream == nil || entry.Stream.Name == nil || *entry.Stream.Name == "" {
			return ConfiguredCatalog{}, fmt.Errorf("its stream number %d has no name", i+1)
		}
		stream := ConfiguredStream{Name: *entry.Stream.Name, SyncMode: FullRefresh}
		if schema := entry.Stream.Schema; schema != nil {
			stream.Properties = schema.Properties
			stream.Columns = slices.Sorted(maps.Keys(schema.Properties))
		}
		if seen[stream.Name] {
			return ConfiguredCatalog{}, fmt.Errorf("it names stream %.80q twice", stream.Name)
		}
		seen[stream.Name] = true
		if space := entry.Stream.Namespace; space != nil && *space != "" {
			// Our records have no namespace, so they would belong to a stream that
			// is not configured.
			return ConfiguredCatalog{}, fmt.Errorf("stream %.80q has the namespace %.40q, but streams of this source have none: refresh the catalog with discover", stream.Name, *space)
		}
		if mode := entry.SyncMode; mode != nil {
			stream.SyncMode = SyncMode(*mode)
			if stream.SyncMode != FullRefresh && stream.SyncMode != Incremental {
				return ConfiguredCatalog{}, fmt.Errorf("the sync_mode of stream %.80q is %.40q; it can be full_refresh or incremental", stream.Name, *mode)
			}
		}
		if mode := entry.DestinationSyncMode; mode != nil && !destinationMode(*mode) {
			return ConfiguredCatalog{}, fmt.Errorf("the destination_sync_mode of stream %.80q is %.40q, which is not in the protocol", stream.Name, *mode)
		}
		catalog.Streams = append(catalog.Streams, stream)
	}
	return catalog, nil
}

func destinationMode(mode string) bool {
	switch mode {
	case "append", "overwrite", "append_dedup", "overwrite_dedup", "update", "soft_delete":
		return true
	}
	return false
}
