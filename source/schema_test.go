package source_test

import (
	"bytes"
	"sync"
	"testing"

	"github.com/santhosh-tekuri/jsonschema/v6"

	"github.com/birdie-ai/source-qualtrics/schemas"
	"github.com/birdie-ai/source-qualtrics/source/airbyte/airbytetest"
	"github.com/birdie-ai/source-qualtrics/source/stream"
)

func validate(t testing.TB, schema *jsonschema.Schema, text []byte) error {
	t.Helper()
	value, err := jsonschema.UnmarshalJSON(bytes.NewReader(text))
	if err != nil {
		t.Fatal(err)
	}
	return schema.Validate(value)
}

var publishedSchemas sync.Map // of *jsonschema.Schema by the name of a stream

// publishedSchema compiles the schema of a stream's records once.
func publishedSchema(t testing.TB, s *stream.Stream) *jsonschema.Schema {
	t.Helper()
	if known, ok := publishedSchemas.Load(s.Name); ok {
		return known.(*jsonschema.Schema)
	}
	text, err := schemas.Record(s.Record, schemas.Published())
	if err != nil {
		t.Fatal(err)
	}
	schema := airbytetest.CompileSchema(t, text)
	publishedSchemas.Store(s.Name, schema)
	return schema
}

// validateRecords checks every record of a reading against its stream's
// schema, and that it holds exactly the columns that the schema declares.
func validateRecords(t testing.TB, r *reading) {
	t.Helper()
	for name, records := range r.records {
		s, ok := stream.ByName(name)
		if !ok {
			t.Errorf("records of %s, which is no stream", name)
			continue
		}
		schema := publishedSchema(t, s)
		wrong := 0
		for _, record := range records {
			if err := schema.Validate(record); err != nil || len(record) != len(s.Table().Columns) {
				if wrong++; wrong <= 3 {
					t.Errorf("a record of %s with %d of %d columns: %v", name, len(record), len(s.Table().Columns), err)
				}
			}
		}
	}
}
