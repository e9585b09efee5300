package source

import (
	"encoding/json"
	"maps"
	"reflect"
	"slices"
	"strconv"
	"strings"
)

// TapConfig holds the settings that only a tap has, beside those of [Config].
type TapConfig struct {
	// Write objects and arrays as JSON text, for targets that cannot hold them.
	NestedAsText bool `json:"nested_as_text" jsonschema:"title=Nested Values as Text,default=false"`
	// Same as nested_as_text, under the name that Meltano's SDK uses: no column
	// has members that could become columns of their own.
	Flattening bool `json:"flattening_enabled" jsonschema:"title=Flattening,default=false"`
	// Understood and without effect, for the same reason.
	FlatteningDepth int `json:"flattening_max_depth" jsonschema:"title=Flattening Depth"`
	// Add _sdc_deleted_at to streams that know of deletions, for targets that
	// act on it.
	SDCDeletedAt bool `json:"sdc_deleted_at" jsonschema:"title=Deletions as _sdc_deleted_at,default=false"`
	// Tell the target to drop what is not part of a full read (FULL_TABLE).
	Versions bool `json:"emit_activate_version_messages" jsonschema:"title=Activate Versions,default=false"`
	// Write records into files that BATCH messages name.
	Batch BatchConfig `json:"batch_config" jsonschema:"title=Batches"`
}

// defaultTapConfig is what an empty configuration means.
func defaultTapConfig() TapConfig { return TapConfig{Batch: BatchConfig{Size: 10_000}} }

// nested reports whether objects are text. In Parquet files they are.
func (o *TapConfig) nested() bool {
	return o.NestedAsText || o.Flattening || o.Batch.Encoding.Format == batchParquet
}

func (o *TapConfig) check(found *findings) {
	o.Batch.check(found)
	if o.Versions && o.Batch.asked() {
		found.problem("emit_activate_version_messages and batch_config exclude each other: records in files carry no version, so targets would drop them")
	}
}

// configEnvironment stands for the environment among the configuration files.
const configEnvironment = "ENV"

// tapConfigure reads the configuration.
func (r *invocation) tapConfigure(files []string) (*settings, TapConfig, error) {
	merged, options, found, err := r.tapOptions(files)
	if err != nil {
		return nil, options, err
	}
	text, err := json.Marshal(merged)
	if err != nil {
		return nil, options, err
	}
	s, err := r.understand(text, "", found) // the files are those of a platform, made for the run
	return s, options, err
}

// tapOptions merges the configuration files, the later over the earlier ones,
// and takes the tap's own settings out.
func (r *invocation) tapOptions(files []string) (merged map[string]json.RawMessage, options TapConfig, found *findings, err error) {
	merged, options = make(map[string]json.RawMessage), defaultTapConfig()
	for _, name := range files {
		if name == configEnvironment {
			continue
		}
		text, err := r.input("configuration", name)
		if err != nil {
			return nil, options, nil, err
		}
		var members map[string]json.RawMessage
		if err := json.Unmarshal([]byte(strings.TrimPrefix(string(text), "\ufeff")), &members); err != nil {
			return nil, options, nil, configErrorf("the configuration %s is not valid JSON: %s", name, jsonProblem(err))
		}
		maps.Copy(merged, members)
	}
	if slices.Contains(files, configEnvironment) {
		r.fromEnvironment(merged) // which wins over files, wherever it stands
	}
	found, err = takeOptions(merged, &options)
	return merged, options, found, err
}

// takeOptions takes the tap's own settings out of a configuration.
func takeOptions(members map[string]json.RawMessage, options *TapConfig) (*findings, error) {
	own := make(map[string]json.RawMessage)
	for i := range reflect.TypeFor[TapConfig]().NumField() {
		name := reflect.TypeFor[TapConfig]().Field(i).Tag.Get("json")
		if value, ok := members[name]; ok {
			own[name] = value
			delete(members, name)
		}
	}
	delete(members, "user_agent") // a convention of taps; ours names itself
	text, err := json.Marshal(own)
	if err != nil {
		return nil, err
	}
	walk := &configWalk{}
	walk.object("", text, reflect.ValueOf(options).Elem())
	found := &findings{walk.warnings, walk.problems}
	options.check(found)
	return found, nil
}

// environmentPrefix begins the names of settings in the environment.
const environmentPrefix = "TAP_QUALTRICS_"

// fromEnvironment adds the settings of the environment, each of the top level:
// what is no text there is one JSON value.
func (r *invocation) fromEnvironment(members map[string]json.RawMessage) {
	for _, typ := range []reflect.Type{reflect.TypeFor[Config](), reflect.TypeFor[TapConfig]()} {
		for i := range typ.NumField() {
			name := typ.Field(i).Tag.Get("json")
			if value := r.Getenv(environmentPrefix + strings.ToUpper(name)); value != "" {
				members[name] = cast(value, typ.Field(i).Type)
			}
		}
	}
}

// cast writes a text of the environment as JSON of a type. What is none stays
// a text, of which the check of the configuration then tells.
func cast(text string, typ reflect.Type) json.RawMessage {
	switch typ.Kind() {
	case reflect.Bool:
		switch strings.ToLower(text) {
		case "true", "1", "yes", "on":
			return json.RawMessage("true")
		}
		return json.RawMessage("false")
	case reflect.Int:
		if n, err := strconv.Atoi(text); err == nil {
			return json.RawMessage(strconv.Itoa(n))
		}
	case reflect.Slice:
		if !strings.HasPrefix(strings.TrimSpace(text), "[") {
			if list, err := json.Marshal(strings.Split(text, ",")); err == nil {
				return list
			}
		}
	}
	if typ.Kind() != reflect.String && json.Valid([]byte(text)) {
		return json.RawMessage(text)
	}
	encoded, err := json.Marshal(text)
	if err != nil {
		return json.RawMessage("null")
	}
	return encoded
}
