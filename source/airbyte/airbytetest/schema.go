package airbytetest

import (
	"bytes"
	"testing"

	"github.com/santhosh-tekuri/jsonschema/v6"
)

// CompileSchema compiles the JSON Schema of a stream's records or of a configuration.
// The schema also checks formats. Invalid schemas end the test.
func CompileSchema(t testing.TB, text []byte) *jsonschema.Schema {
	t.Helper()
	document, err := jsonschema.UnmarshalJSON(bytes.NewReader(text))
	if err != nil {
		t.Fatal(err)
	}
	compiler := jsonschema.NewCompiler()
	compiler.AssertFormat()
	if err := compiler.AddResource("mem:schema.json", document); err != nil {
		t.Fatal(err)
	}
	schema, err := compiler.Compile("mem:schema.json")
	if err != nil {
		t.Fatal(err)
	}
	return schema
}
