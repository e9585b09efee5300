package source_test

import (
	"encoding/json"
	"testing"
)

// positions returns the positions of a stream's state by partition.
func positions(t *testing.T, states []byte, stream string) map[string]json.RawMessage {
	t.Helper()
	var list []struct {
		Stream struct {
			Descriptor struct{ Name string } `json:"stream_descriptor"`
			State      struct {
				Partitions map[string]json.RawMessage `json:"partitions"`
			} `json:"stream_state"`
		} `json:"stream"`
	}
	if err := json.Unmarshal(states, &list); err != nil {
		t.Fatal(err)
	}
	for _, s := range list {
		if s.Stream.Descriptor.Name == stream {
			return s.Stream.State.Partitions
		}
	}
	return nil
}
