package source

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/birdie-ai/source-qualtrics/schemas"
	"github.com/birdie-ai/source-qualtrics/source/config"
	"github.com/birdie-ai/source-qualtrics/source/failures"
	"github.com/birdie-ai/source-qualtrics/source/singer"
)

// tapCapabilities are the capabilities of this tap, by their names in Meltano.
var tapCapabilities = []string{"about", "catalog", "discover", "state", "structured-logging", "test", "activate-version", "batch", "schema-flattening"}

const tapDescription = "Qualtrics surveys, responses and contacts, with edits and deletions"

// tapAbout prints the name, the capabilities and the settings of the tap.
func (r *invocation) tapAbout(format string) (int, error) {
	settings, err := TapSettings(schemas.Published())
	if err != nil {
		return 0, err
	}
	switch format {
	case "json":
		return r.printIndented(map[string]any{
			"name": singer.TapName, "description": tapDescription, "version": Version, "sdk_version": nil, "supported_python_versions": nil,
			"capabilities": tapCapabilities, "settings": json.RawMessage(settings),
		})
	case "text", "markdown":
		return r.print(aboutText(settings, format == "markdown"))
	default:
		return 0, failures.Config("the format of --about is text, json or markdown, not %.40q", format)
	}
}

// TapOptions returns the JSON Schema of the settings that only a tap has.
func TapOptions(comments schemas.Comments) ([]byte, error) {
	return schemas.Spec(config.TapConfig{}, "", nil, comments)
}

// TapSettings returns the JSON Schema of a tap's configuration.
func TapSettings(comments schemas.Comments) ([]byte, error) {
	spec, err := SpecOf(comments)
	if err != nil {
		return nil, err
	}
	own, err := TapOptions(comments)
	if err != nil {
		return nil, err
	}
	var whole, more map[string]any
	if err := json.Unmarshal(spec, &whole); err != nil {
		return nil, err
	}
	if err := json.Unmarshal(own, &more); err != nil {
		return nil, err
	}
	properties, _ := whole["properties"].(map[string]any)
	if options, ok := more["properties"].(map[string]any); ok && properties != nil {
		maps.Copy(properties, options)
	}
	markSecrets(whole)
	delete(whole, "groups")
	return json.Marshal(whole)
}

// markSecrets gives secrets the marks of the SDK in place of Airbyte's, and removes
// the keywords of forms.
func markSecrets(schema any) {
	switch schema := schema.(type) {
	case map[string]any:
		if schema["airbyte_secret"] == true {
			schema["secret"], schema["writeOnly"] = true, true
		}
		if _, isProperty := schema["type"]; isProperty {
			for _, name := range []string{"airbyte_secret", "order", "group", "multiline", "always_show", "pattern_descriptor"} {
				delete(schema, name)
			}
		}
		for _, value := range schema {
			markSecrets(value)
		}
	case []any:
		for _, value := range schema {
			markSecrets(value)
		}
	}
}

// aboutText lists the settings of the top level.
func aboutText(settings []byte, markdown bool) string {
	var schema struct {
		Properties map[string]struct {
			Description string `json:"description"`
		} `json:"properties"`
		Required []string `json:"required"`
	}
	if err := json.Unmarshal(settings, &schema); err != nil {
		return ""
	}
	var text strings.Builder
	if markdown {
		fmt.Fprintf(&text, "# %s\n\n%s.\n\nVersion %s. Capabilities: %s.\n\n| setting | required | description |\n|---|---|---|\n",
			singer.TapName, tapDescription, Version, strings.Join(tapCapabilities, ", "))
	} else {
		fmt.Fprintf(&text, "%s %s\n%s.\n\nCapabilities: %s\n\nSettings:\n", singer.TapName, Version, tapDescription, strings.Join(tapCapabilities, ", "))
	}
	for _, name := range slices.Sorted(maps.Keys(schema.Properties)) {
		required := ""
		if slices.Contains(schema.Required, name) {
			required = "yes"
		}
		description := strings.Join(strings.Fields(schema.Properties[name].Description), " ")
		if markdown {
			fmt.Fprintf(&text, "| `%s` | %s | %s |\n", name, required, description)
			continue
		}
		if required != "" {
			description = "(required) " + description
		}
		fmt.Fprintf(&text, "  %-32s%s\n", name, description)
	}
	return text.String()
}
