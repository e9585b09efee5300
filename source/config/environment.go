package config

import (
	"encoding/json"
	"fmt"
	"reflect"
	"slices"
	"strings"
)

// EnvironmentPrefix begins the names of settings in the environment.
const EnvironmentPrefix = "TAP_QUALTRICS_"

// Variable is the name of a setting in the environment, as Meltano makes it.
func Variable(key string) string {
	return EnvironmentPrefix + strings.ToUpper(strings.ReplaceAll(key, ".", "_"))
}

// environmentKeys are the keys of all settings that the environment may hold.
func environmentKeys() []string {
	return settingKeys(reflect.TypeFor[Config](), reflect.TypeFor[TapConfig]())
}

// fromEnvironment adds the settings of the environment to those of files. A
// whole group is one JSON object; the settings of a group by themselves win
// over it.
func (l *Loader) fromEnvironment(members map[string]json.RawMessage) {
	for _, typ := range []reflect.Type{reflect.TypeFor[Config](), reflect.TypeFor[TapConfig]()} {
		l.addVariables(members, typ, "")
	}
}

func (l *Loader) addVariables(members map[string]json.RawMessage, typ reflect.Type, path string) {
	for i := range typ.NumField() {
		name := typ.Field(i).Tag.Get("json")
		key := join(path, name)
		if value := l.Getenv(Variable(key)); value != "" {
			members[name] = cast(value, typ.Field(i).Type)
		}
		inside := typ.Field(i).Type
		if inside.Kind() != reflect.Struct {
			continue
		}
		group := make(map[string]json.RawMessage)
		if text := members[name]; text != nil && json.Unmarshal(text, &group) != nil {
			continue // no object, of which the check of the configuration tells
		}
		if group == nil { // null
			group = make(map[string]json.RawMessage)
		}
		l.addVariables(group, inside, key)
		if len(group) == 0 {
			continue
		}
		if text, err := json.Marshal(group); err == nil {
			members[name] = text
		}
	}
}

// cast writes the text of a variable as JSON of a type. Numbers and truth values
// stay text, which the check of the configuration understands. A list may be one
// text with commas.
func cast(text string, typ reflect.Type) json.RawMessage {
	var value any = text
	trimmed := strings.TrimSpace(text)
	written := strings.HasPrefix(trimmed, "[") || strings.HasPrefix(trimmed, "{")
	switch kind := typ.Kind(); {
	case (kind == reflect.Slice || kind == reflect.Struct) && written && json.Valid([]byte(text)):
		return json.RawMessage(text)
	case kind == reflect.Slice && !written:
		value = strings.Split(text, ",")
	}
	encoded, err := json.Marshal(value)
	if err != nil {
		return json.RawMessage("null")
	}
	return encoded
}

// unknownVariables reports variables with the prefix that name no setting.
func (l *Loader) unknownVariables(found *findings) {
	if l.Environ == nil {
		return
	}
	keys := environmentKeys()
	names := make(map[string]bool, len(keys))
	for _, key := range keys {
		names[Variable(key)] = true
	}
	all := l.Environ()
	slices.Sort(all)
	for _, each := range all {
		name, value, _ := strings.Cut(each, "=")
		own, ok := strings.CutPrefix(name, EnvironmentPrefix)
		// Meltano's own names begin with another underscore.
		if !ok || value == "" || names[name] || strings.HasPrefix(own, "_") || own == "LOGLEVEL" || own == "USER_AGENT" {
			continue
		}
		if nearest, mistake := unknownVariable(own, keys); mistake {
			found.problem("the environment variable %.80q names no setting: the nearest is %s", name, Variable(nearest))
		} else {
			found.warnings = append(found.warnings, fmt.Sprintf("the environment variable %.80q names no setting and is ignored", name))
		}
	}
}

// unknownVariable judges the name of a variable as [unknownKey] does a key: it
// names a group where it begins with one.
func unknownVariable(name string, known []string) (nearest string, mistake bool) {
	plain := strings.ToLower(name)
	key := plain
	for _, group := range known { // a group comes before those within it
		if rest, ok := strings.CutPrefix(plain, strings.ReplaceAll(group, ".", "_")+"_"); ok && rest != "" && isGroup(group, known) {
			key = group + "." + rest
		}
	}
	return unknownKey(key, known)
}

// isGroup reports whether settings stand below a key.
func isGroup(key string, known []string) bool {
	return slices.ContainsFunc(known, func(other string) bool { return strings.HasPrefix(other, key+".") })
}
