package integration_tests

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/santhosh-tekuri/jsonschema/v6"
	"go.yaml.in/yaml/v3"

	"github.com/birdie-ai/source-qualtrics/source"
	"github.com/birdie-ai/source-qualtrics/source/stream"
)

const schemasVariable = "QUALTRICS_PROTOCOL_SCHEMAS"

func metadata(t *testing.T) (document map[string]any, data map[string]any) {
	t.Helper()
	text, err := os.ReadFile("../metadata.yaml")
	if err != nil {
		t.Fatal(err)
	}
	if err := yaml.Unmarshal(text, &document); err != nil {
		t.Fatal(err)
	}
	data, _ = document["data"].(map[string]any)
	return document, data
}

func TestMetadata_IsValid(t *testing.T) {
	t.Parallel()
	folder := os.Getenv(schemasVariable)
	if folder == "" {
		t.Skipf("%s is not set: metadata.yaml is not checked against its schema", schemasVariable)
	}
	text, err := os.ReadFile(filepath.Join(folder, "ConnectorMetadataDefinitionV0.bundled.json"))
	if err != nil {
		t.Fatal(err)
	}
	var schema any
	if err := json.Unmarshal(text, &schema); err != nil {
		t.Fatal(err)
	}
	repair(schema)
	compiler := jsonschema.NewCompiler()
	if err := compiler.AddResource("mem:metadata.json", schema); err != nil {
		t.Fatal(err)
	}
	compiled, err := compiler.Compile("mem:metadata.json")
	if err != nil {
		t.Fatal(err)
	}
	document, _ := metadata(t)
	encoded, err := json.Marshal(document)
	if err != nil {
		t.Fatal(err)
	}
	value, err := jsonschema.UnmarshalJSON(bytes.NewReader(encoded))
	if err != nil {
		t.Fatal(err)
	}
	if err := compiled.Validate(value); err != nil {
		t.Error(err)
	}
}

// repair removes what keeps the published schema from compiling: ids that move
// the base of its pointers, and types that JSON Schema does not know.
func repair(value any) {
	switch value := value.(type) {
	case map[string]any:
		if _, text := value["$id"].(string); text {
			delete(value, "$id")
		}
		if name, text := value["type"].(string); text && !slices.Contains([]string{"array", "boolean", "integer", "null", "number", "object", "string"}, name) {
			delete(value, "type")
		}
		for _, member := range value {
			repair(member)
		}
	case []any:
		for _, element := range value {
			repair(element)
		}
	}
}

func TestMetadata_NamesStreamsThatExist(t *testing.T) {
	t.Parallel()
	_, data := metadata(t)
	suggested, _ := data["suggestedStreams"].(map[string]any)
	names, _ := suggested["streams"].([]any)
	if len(names) == 0 {
		t.Fatal("no stream is suggested")
	}
	for _, name := range names {
		if _, ok := stream.ByName(name.(string)); !ok {
			t.Errorf("there is no stream %v", name)
		}
	}
}

func TestDockerfile_AgreesWithTheMetadata(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile("../Dockerfile")
	if err != nil {
		t.Fatal(err)
	}
	image := string(text)
	_, data := metadata(t)
	find := func(pattern string) string {
		t.Helper()
		match := regexp.MustCompile(pattern).FindStringSubmatch(image)
		if match == nil {
			t.Fatalf("the Dockerfile has no %s", pattern)
		}
		return match[1]
	}
	if got := find(`io\.airbyte\.name="([^"]+)"`); got != data["dockerRepository"] {
		t.Errorf("the image is named %q, the metadata says %v", got, data["dockerRepository"])
	}
	for _, label := range []string{`io\.airbyte\.version`, `org\.opencontainers\.image\.version`} {
		version := find(label + `="([^"]+)"`)
		if version != data["dockerImageTag"] || version != source.Version {
			t.Errorf("the image is of version %q, the metadata of %v, the program of %s", version, data["dockerImageTag"], source.Version)
		}
	}
	var entrypoint []string
	if err := json.Unmarshal([]byte(find(`(?m)^ENTRYPOINT (\[.*\])$`)), &entrypoint); err != nil {
		t.Fatal(err)
	}
	if got := find(`AIRBYTE_ENTRYPOINT="([^"]+)"`); got != strings.Join(entrypoint, " ") {
		t.Errorf("AIRBYTE_ENTRYPOINT is %q, the entry point %q", got, entrypoint)
	}
	if got := find(`(?m)^USER (\S+)$`); got != "1000:1000" {
		t.Errorf("the image runs as %q", got)
	}
	module, err := os.ReadFile("../go.mod")
	if err != nil {
		t.Fatal(err)
	}
	if needs := regexp.MustCompile(`(?m)^go (\d+\.\d+)`).FindSubmatch(module); needs == nil || find(`(?m)^ARG BUILD_BASE=golang:(\d+\.\d+)\.\d+-alpine$`) != string(needs[1]) {
		t.Errorf("the image is not built with the Go that the module needs: %s", needs)
	}
	if strings.Contains(image, "scratch") || strings.Contains(image, "distroless") {
		t.Error("the image has no shell")
	}
}
