package airbyte

import (
	"errors"
	"fmt"

	"github.com/birdie-ai/source-qualtrics/source/wire"
)

// SyncMode is how a stream is to be read.
type SyncMode string

// The sync modes.
const (
	FullRefresh SyncMode = "full_refresh"
	Incremental SyncMode = "incremental"
)

// ConfiguredCatalog is which streams are to be read.
type ConfiguredCatalog struct{ Streams []ConfiguredStream }

// ConfiguredStream is one of them. What a platform and a destination keep for
// themselves is left out.
type ConfiguredStream struct {
	Name     string
	SyncMode SyncMode
}

// ParseConfiguredCatalog reads a ConfiguredAirbyteCatalog. Every key but the
// stream's name may be null or missing; without a sync mode a stream is read
// in full. Words that the protocol does not know are errors that name the
// stream.
func ParseConfiguredCatalog(text []byte) (ConfiguredCatalog, error) {
	var raw struct {
		Streams *[]struct {
			Stream *struct {
				Name      *string `json:"name"`
				Namespace *string `json:"namespace"`
			} `json:"stream"`
			SyncMode            *string `json:"sync_mode"`
			DestinationSyncMode *string `json:"destination_sync_mode"`
		} `json:"streams"`
	}
	if err := wire.Decode(text, &raw); err != nil {
		return ConfiguredCatalog{}, err
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
		if seen[stream.Name] {
			return ConfiguredCatalog{}, fmt.Errorf("it names stream %.80q twice", stream.Name)
		}
		seen[stream.Name] = true
		if space := entry.Stream.Namespace; space != nil && *space != "" {
			// Records without it would be of a stream that nobody configured.
			return ConfiguredCatalog{}, fmt.Errorf("stream %.80q has the namespace %.40q, but streams of this source have none: refresh the catalog with discover", stream.Name, *space)
		}
		if mode := entry.SyncMode; mode != nil {
			stream.SyncMode = SyncMode(*mode)
			if stream.SyncMode != FullRefresh && stream.SyncMode != Incremental {
				return ConfiguredCatalog{}, fmt.Errorf("the sync_mode of stream %.80q is %.40q; it can be full_refresh or incremental", stream.Name, *mode)
			}
		}
		if mode := entry.DestinationSyncMode; mode != nil && !destinationMode(*mode) {
			return ConfiguredCatalog{}, fmt.Errorf("the destination_sync_mode of stream %.80q is %.40q, which the protocol does not know", stream.Name, *mode)
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
