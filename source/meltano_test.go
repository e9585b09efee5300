package source_test

import (
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/santhosh-tekuri/jsonschema/v6"
	"go.yaml.in/yaml/v3"

	"github.com/birdie-ai/source-qualtrics/schemas"
	"github.com/birdie-ai/source-qualtrics/source"
	"github.com/birdie-ai/source-qualtrics/source/stream"
)

const (
	meltanoFolder     = "../docs/examples/meltano/"
	meltanoDefinition = meltanoFolder + "tap-qualtrics.yml"
	meltanoProject    = meltanoFolder + "meltano.yml"
	schemasVariable   = "QUALTRICS_PROTOCOL_SCHEMAS"
)

// meltanoPlugin is the definition of the tap as a plugin.
type meltanoPlugin struct {
	Name         string           `yaml:"name"`
	Namespace    string           `yaml:"namespace"`
	Variant      string           `yaml:"variant"`
	Quality      string           `yaml:"quality"` // the Hub's judgement
	Label        string           `yaml:"label"`
	Description  string           `yaml:"description"`
	Repo         string           `yaml:"repo"`
	Docs         string           `yaml:"docs"`
	Executable   string           `yaml:"executable"`
	Capabilities []string         `yaml:"capabilities"`
	Validation   [][]string       `yaml:"settings_group_validation"`
	Select       []string         `yaml:"select"`
	Settings     []meltanoSetting `yaml:"settings"`
}

type meltanoSetting struct {
	Name        string          `yaml:"name"`
	Label       string          `yaml:"label"`
	Description string          `yaml:"description,omitempty"`
	Kind        string          `yaml:"kind"`
	Value       any             `yaml:"value,omitempty"`
	Placeholder string          `yaml:"placeholder,omitempty"`
	Sensitive   bool            `yaml:"sensitive,omitempty"`
	Options     []meltanoOption `yaml:"options,omitempty"`
}

type meltanoOption struct {
	Label string `yaml:"label"`
	Value string `yaml:"value"`
}

// tapSetting is a setting in the JSON Schema that --about prints.
type tapSetting struct {
	Type        string                `json:"type"`
	Title       string                `json:"title"`
	Description string                `json:"description"`
	Format      string                `json:"format"`
	Default     any                   `json:"default"`
	Const       string                `json:"const"`
	Secret      bool                  `json:"secret"`
	Enum        []string              `json:"enum"`
	Examples    []any                 `json:"examples"`
	Properties  map[string]tapSetting `json:"properties"`
	OneOf       []tapSetting          `json:"oneOf"`
}

// The plugin definition is made of the settings, and both files are what
// Meltano takes.
func TestMeltano_TheDefinitionIsUpToDate(t *testing.T) {
	t.Parallel()
	text, err := source.TapSettings(schemas.Published())
	if err != nil {
		t.Fatal(err)
	}
	var settings tapSetting
	if err := json.Unmarshal(text, &settings); err != nil {
		t.Fatal(err)
	}
	plugin := meltanoPlugin{
		Name: "tap-qualtrics", Namespace: "tap_qualtrics", Variant: "birdie-ai", Quality: "unknown", Label: "Qualtrics",
		Description: "Surveys, responses and contacts of Qualtrics, with edits and deletions",
		Repo:        strings.TrimSuffix(source.DocumentationURL, "#readme"), Docs: source.DocumentationURL, Executable: "tap-qualtrics",
		Capabilities: []string{"about", "activate-version", "batch", "catalog", "discover", "schema-flattening", "state", "structured-logging", "test"},
		Validation: [][]string{
			{"data_center", "credentials.auth_type", "credentials.api_token"},
			{"data_center", "credentials.auth_type", "credentials.client_id", "credentials.client_secret"},
		},
		Settings: flatSettings("", settings),
	}
	for _, s := range stream.All() { // Meltano does not read which ones the catalog selects
		if !s.OnRequest() {
			plugin.Select = append(plugin.Select, s.Name+".*")
		}
	}
	encoded, err := yaml.Marshal(plugin)
	if err != nil {
		t.Fatal(err)
	}
	want := "# Made of the settings: go test ./source -run Meltano -update\n" + string(encoded)
	if *update {
		if err := os.WriteFile(meltanoDefinition, []byte(want), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	if found, err := os.ReadFile(meltanoDefinition); err != nil || string(found) != want {
		t.Errorf("%s is out of date (%v): run go test ./source -run Meltano -update", meltanoDefinition, err)
	}
}

// flatSettings names members of objects by their path, as Meltano does.
func flatSettings(prefix string, schema tapSetting) (settings []meltanoSetting) {
	for _, name := range slices.Sorted(maps.Keys(schema.Properties)) {
		each := schema.Properties[name]
		switch {
		case len(each.OneOf) > 0:
			settings = append(settings, variants(prefix+name+".", each)...)
		case each.Type == "object" && len(each.Properties) > 0:
			settings = append(settings, flatSettings(prefix+name+".", each)...)
		default:
			settings = append(settings, setting(prefix+name, each))
		}
	}
	return settings
}

// variants are the members of all forms of an object; the member that tells
// the forms apart is a choice.
func variants(prefix string, schema tapSetting) (settings []meltanoSetting) {
	members := make(map[string]tapSetting)
	for _, form := range schema.OneOf {
		for name, each := range form.Properties {
			if each.Const != "" {
				choice := members[name]
				choice.Type, choice.Title, choice.Description = "string", schema.Title, schema.Description
				choice.Enum = append(choice.Enum, each.Const)
				each = choice
			}
			members[name] = each
		}
	}
	return flatSettings(prefix, tapSetting{Properties: members})
}

func setting(name string, schema tapSetting) meltanoSetting {
	made := meltanoSetting{Name: name, Label: schema.Title, Description: schema.Description, Kind: schema.Type, Value: schema.Default, Sensitive: schema.Secret}
	switch {
	case len(schema.Enum) > 0:
		made.Kind = "options"
		for _, value := range schema.Enum {
			made.Options = append(made.Options, meltanoOption{value, value})
		}
	case schema.Format == "date-time":
		made.Kind = "date_iso8601"
	}
	if len(schema.Examples) > 0 && made.Kind == "string" {
		made.Placeholder = fmt.Sprint(schema.Examples[0])
	}
	return made
}

// hubLoader loads the Hub's schemas, which name each other from their root.
type hubLoader struct{ jsonschema.FileLoader }

func (l hubLoader) Load(url string) (any, error) {
	return l.FileLoader.Load(strings.Replace(url, "/common/common/", "/common/", 1))
}

func TestMeltano_TakesTheFiles(t *testing.T) {
	t.Parallel()
	folder := os.Getenv(schemasVariable)
	if folder == "" {
		t.Skipf("%s is not set: the files for Meltano are not checked against its schemas", schemasVariable)
	}
	for file, schema := range map[string]string{
		meltanoDefinition: "meltano-hub/plugin_definitions/extractors.schema.json",
		meltanoProject:    "meltano.schema.json",
	} {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		var document any
		if err := yaml.Unmarshal(text, &document); err != nil {
			t.Fatal(err)
		}
		compiler := jsonschema.NewCompiler()
		compiler.UseLoader(hubLoader{})
		compiled, err := compiler.Compile(filepath.Join(folder, schema))
		if err != nil {
			t.Fatal(err)
		}
		encoded, err := json.Marshal(document)
		if err != nil {
			t.Fatal(err)
		}
		value, err := jsonschema.UnmarshalJSON(strings.NewReader(string(encoded)))
		if err != nil {
			t.Fatal(err)
		}
		if err := compiled.Validate(value); err != nil {
			t.Errorf("%s: %v", file, err)
		}
	}
}
