package config

import (
	"encoding/json"
	"maps"
	"reflect"
	"slices"
	"strings"

	"github.com/birdie-ai/source-qualtrics/source/failures"
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
	// Tell the target to drop rows that are not part of a full read (FULL_TABLE).
	Versions bool `json:"emit_activate_version_messages" jsonschema:"title=Activate Versions,default=false"`
	// Write records into files that BATCH messages name.
	Batch BatchConfig `json:"batch_config" jsonschema:"title=Batches"`
}

// defaultTapConfig returns the meaning of an empty configuration.
func defaultTapConfig() TapConfig { return TapConfig{Batch: BatchConfig{Size: 10_000}} }

// Nested reports whether objects are text. In Parquet files they are.
func (o *TapConfig) Nested() bool {
	return o.NestedAsText || o.Flattening || o.Batch.Encoding.Format == BatchParquet
}

func (o *TapConfig) check(found *findings) {
	o.Batch.check(found)
	if o.Versions && o.Batch.Asked() {
		found.problem("emit_activate_version_messages and batch_config exclude each other: records in files carry no version, so targets would drop them")
	}
}

// environmentName stands for the environment among the configuration files.
const environmentName = "ENV"

// LoadTap reads the configuration of a tap: files, the later over the earlier
// ones, or the environment.
func (l *Loader) LoadTap(files []string) (*Settings, TapConfig, error) {
	merged, options, found, err := l.tapOptions(files)
	if err != nil {
		return nil, options, err
	}
	if slices.Contains(files, environmentName) {
		l.unknownVariables(found)
	}
	text, err := json.Marshal(merged)
	if err != nil {
		return nil, options, err
	}
	s, err := l.understand(text, "", found, reflect.TypeFor[TapConfig]()) // the files are those of a platform, made for the run
	return s, options, err
}

// TapOptions reads the settings that only a tap has. It does not check the others,
// which may be incomplete before the first run.
func (l *Loader) TapOptions(files []string) (TapConfig, error) {
	_, options, found, err := l.tapOptions(files)
	if err == nil {
		err = found.err()
	}
	return options, err
}

// TapAsksForWide reports whether a configuration asks for wide streams, which depend on the
// account. The rest of it is not checked.
func (l *Loader) TapAsksForWide(files []string) (bool, error) {
	merged, _, _, err := l.tapOptions(files)
	if err != nil {
		return false, err
	}
	var group struct {
		Surveys json.RawMessage `json:"surveys"`
	}
	_ = json.Unmarshal(merged["responses_wide"], &group) // another type is a problem for the check
	switch string(group.Surveys) {
	case "", "null", "[]", `""`:
		return false, nil
	}
	return true, nil
}

// tapOptions merges the configuration files, the later over the earlier ones,
// and takes the tap's own settings out.
func (l *Loader) tapOptions(files []string) (merged map[string]json.RawMessage, options TapConfig, found *findings, err error) {
	merged, options = make(map[string]json.RawMessage), defaultTapConfig()
	for _, name := range files {
		if name == environmentName {
			continue
		}
		text, err := l.input(name)
		if err != nil {
			return nil, options, nil, err
		}
		var members map[string]json.RawMessage
		if err := json.Unmarshal([]byte(strings.TrimPrefix(string(text), "\ufeff")), &members); err != nil {
			return nil, options, nil, failures.Config("the configuration %s is not valid JSON: %s", name, failures.JSON(err))
		}
		maps.Copy(merged, members)
	}
	if slices.Contains(files, environmentName) {
		l.fromEnvironment(merged) // which wins over files, wherever it stands
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
	walk := &configWalk{known: settingKeys(reflect.TypeFor[TapConfig]())}
	walk.object("", text, reflect.ValueOf(options).Elem())
	found := &findings{warnings: walk.warnings, problems: walk.problems}
	options.check(found)
	return found, nil
}
