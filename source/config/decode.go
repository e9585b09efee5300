package config

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"math"
	"reflect"
	"slices"
	"strconv"
	"strings"

	"github.com/birdie-ai/source-qualtrics/source/failures"
	"github.com/birdie-ai/source-qualtrics/source/pasted"
	"github.com/birdie-ai/source-qualtrics/source/redact"
)

// decodeConfig reads a configuration over the defaults. It goes on after a
// problem, so that a user learns of all of them at once. Keys are matched
// exactly; null means not set, as do all keys that are missing. The keys of the
// other types are known as well, although they were taken out of the text.
func decodeConfig(text []byte, others ...reflect.Type) (config Config, warnings, problems []string) {
	config = Default()
	raw, problem := configJSON(text)
	if problem != "" {
		return config, nil, []string{problem}
	}
	walk := &configWalk{known: settingKeys(append(others, reflect.TypeFor[Config]())...)}
	walk.object("", raw, reflect.ValueOf(&config).Elem())
	return config, walk.warnings, walk.problems
}

// configJSON returns the one value that the text of a configuration holds, or the
// reason why it cannot be read.
func configJSON(text []byte) (raw json.RawMessage, problem string) {
	decoder := json.NewDecoder(bytes.NewReader(bytes.TrimPrefix(text, []byte("\ufeff"))))
	if err := decoder.Decode(&raw); err != nil {
		return nil, "the configuration is not valid JSON: " + failures.JSON(err)
	}
	if _, err := decoder.Token(); !errors.Is(err, io.EOF) {
		return nil, "the configuration is not valid JSON: something follows its closing brace"
	}
	return raw, ""
}

// configWalk decodes objects field by field.
type configWalk struct {
	known              []string // keys of all settings, for those that are misspelled
	warnings, problems []string
}

func (w *configWalk) object(path string, raw json.RawMessage, target reflect.Value) {
	var members map[string]json.RawMessage
	if err := json.Unmarshal(raw, &members); err != nil {
		name := path
		if name == "" {
			name = "the configuration"
		}
		w.problems = append(w.problems, fmt.Sprintf("%s must be an object, not %s", name, jsonKind(raw)))
		return
	}
	typ := target.Type()
	for i := range typ.NumField() {
		name := typ.Field(i).Tag.Get("json")
		value, ok := members[name]
		delete(members, name)
		if !ok || string(value) == "null" {
			continue
		}
		w.value(join(path, name), value, target.Field(i))
		tidy(target.Field(i), typ.Field(i).Tag)
	}
	for _, name := range slices.Sorted(maps.Keys(members)) {
		w.unknown(join(path, name))
	}
}

// tidy brings pasted text into its normal form. Fields of several lines hold PEM
// text or a path, and a field tagged pasted:"verbatim" holds a path.
func tidy(field reflect.Value, tag reflect.StructTag) {
	form := pasted.Text
	switch {
	case slices.Contains(strings.Split(tag.Get("spec"), ","), "multiline"):
		form = pasted.PEM
	case tag.Get("pasted") == "verbatim":
		return
	}
	switch field.Kind() {
	case reflect.String:
		field.SetString(form(field.String()))
	case reflect.Slice:
		for i := range field.Len() {
			field.Index(i).SetString(form(field.Index(i).String()))
		}
	}
}

func (w *configWalk) value(path string, raw json.RawMessage, target reflect.Value) {
	if plainer, ok := scalar(raw, target.Kind()); ok {
		raw = plainer
	}
	if _, custom := target.Addr().Interface().(json.Unmarshaler); target.Kind() == reflect.Struct && !custom {
		w.object(path, raw, target)
		return
	}
	into := target.Addr().Interface()
	if secret, ok := into.(*redact.Secret); ok {
		// A Secret does not decode itself from text it would mask.
		into = (*string)(secret)
	}
	if err := json.Unmarshal(raw, into); err != nil {
		var own *pairsError
		if errors.As(err, &own) {
			w.problems = append(w.problems, path+" "+own.Error())
			return
		}
		w.problems = append(w.problems, fmt.Sprintf("%s must be %s, not %s", path, wanted(target.Type()), jsonKind(raw)))
	}
}

// scalar rewrites a number or a boolean that a platform passes in another form. For
// example, it reads "5" and 5.0 as 5, and "yes" as true.
func scalar(raw json.RawMessage, kind reflect.Kind) (json.RawMessage, bool) {
	text := string(raw)
	var quoted string
	if json.Unmarshal(raw, &quoted) == nil {
		text = pasted.Text(quoted)
	}
	switch kind {
	case reflect.Int:
		// Beyond 2^53 a fraction cannot be told from rounding.
		if number, err := strconv.ParseFloat(text, 64); err == nil && number == math.Trunc(number) && math.Abs(number) < 1<<53 {
			return strconv.AppendInt(nil, int64(number), 10), true
		}
	case reflect.Bool:
		switch strings.ToLower(text) {
		case "true", "yes", "on", "1":
			return json.RawMessage("true"), true
		case "false", "no", "off", "0":
			return json.RawMessage("false"), true
		}
	}
	return nil, false
}

func join(path, name string) string {
	if path == "" {
		return name
	}
	return path + "." + name
}

// wanted names the type of a field.
func wanted(typ reflect.Type) string {
	switch typ.Kind() {
	case reflect.Int:
		return "a whole number"
	case reflect.Bool:
		return "true or false"
	case reflect.Slice:
		return "a list of texts"
	default:
		return "a text"
	}
}

// jsonKind names the type of a value, without showing it.
func jsonKind(raw []byte) string {
	raw = bytes.TrimSpace(raw)
	if len(raw) == 0 {
		return "nothing"
	}
	switch raw[0] {
	case '{':
		return "an object"
	case '[':
		return "a list"
	case '"':
		return "a text"
	case 't', 'f':
		return "true or false"
	case 'n':
		return "null"
	default:
		return "a number"
	}
}

// Resync lists surveys to read again, each as "SV_…=time". In JSON an object
// {"SV_…":"time"} is understood as well.
type Resync []string

// UnmarshalJSON takes a list or an object.
func (r *Resync) UnmarshalJSON(raw []byte) (err error) {
	*r, err = pairs(raw, `must be an object {"SV_…":"time"} or a list of "SV_…=time"`)
	return err
}

type pairsError struct{ text string }

func (e *pairsError) Error() string { return e.text }

// pairs reads a list of "name=value" or an object {"name":"value"}. Members that are null are
// left out.
func pairs(raw []byte, wrong string) (list []string, err error) {
	if json.Unmarshal(raw, &list) == nil {
		return list, nil
	}
	var object map[string]*string
	if json.Unmarshal(raw, &object) != nil {
		return nil, &pairsError{wrong}
	}
	list = nil
	for _, name := range slices.Sorted(maps.Keys(object)) {
		if value := object[name]; value != nil {
			list = append(list, name+"="+*value)
		}
	}
	return list, nil
}
