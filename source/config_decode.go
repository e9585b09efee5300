package source

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"reflect"
	"slices"
	"strings"

	"github.com/birdie-ai/source-qualtrics/source/redact"
)

// decodeConfig reads a configuration over the defaults. It goes on after a
// problem, so that a user learns of all of them at once. Keys are matched
// exactly; null means not set, as do all keys that are missing.
func decodeConfig(text []byte) (config Config, warnings, problems []string) {
	config = defaultConfig()
	text = bytes.TrimPrefix(text, []byte("\ufeff"))
	decoder := json.NewDecoder(bytes.NewReader(text))
	var raw json.RawMessage
	if err := decoder.Decode(&raw); err != nil {
		return config, nil, []string{"the configuration is not valid JSON: " + jsonProblem(err)}
	}
	if _, err := decoder.Token(); !errors.Is(err, io.EOF) {
		return config, nil, []string{"the configuration is not valid JSON: something follows its closing brace"}
	}
	walk := &configWalk{}
	walk.object("", raw, reflect.ValueOf(&config).Elem())
	return config, walk.warnings, walk.problems
}

// jsonProblem words a decoding error; it never quotes the input, which may
// hold secrets.
func jsonProblem(err error) string {
	var syntax *json.SyntaxError
	switch {
	case errors.As(err, &syntax):
		return fmt.Sprintf("a mistake at byte %d", syntax.Offset)
	case errors.Is(err, io.EOF):
		return "it is empty"
	case errors.Is(err, io.ErrUnexpectedEOF):
		return "it ends too early"
	default:
		return "it cannot be decoded"
	}
}

// configWalk decodes objects field by field.
type configWalk struct{ warnings, problems []string }

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
	}
	for _, name := range slices.Sorted(maps.Keys(members)) {
		// Platforms inject keys of their own that start with an underscore.
		if !strings.HasPrefix(name, "_") {
			w.warnings = append(w.warnings, fmt.Sprintf("the configuration key %.80q is unknown and ignored", join(path, name)))
		}
	}
}

func (w *configWalk) value(path string, raw json.RawMessage, target reflect.Value) {
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
		var own *resyncError
		if errors.As(err, &own) {
			w.problems = append(w.problems, path+" "+own.Error())
			return
		}
		w.problems = append(w.problems, fmt.Sprintf("%s must be %s, not %s", path, wanted(target.Type()), jsonKind(raw)))
	}
}

func join(path, name string) string {
	if path == "" {
		return name
	}
	return path + "." + name
}

// wanted names what a field takes.
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

// jsonKind names what a value is, without showing it.
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

type resyncError struct{ text string }

func (e *resyncError) Error() string { return e.text }

// UnmarshalJSON takes a list or an object.
func (r *Resync) UnmarshalJSON(raw []byte) error {
	var list []string
	if json.Unmarshal(raw, &list) == nil {
		*r = list
		return nil
	}
	var object map[string]*string
	if json.Unmarshal(raw, &object) != nil {
		return &resyncError{`must be an object {"SV_…":"time"} or a list of "SV_…=time"`}
	}
	*r = nil
	for _, survey := range slices.Sorted(maps.Keys(object)) {
		if from := object[survey]; from != nil {
			*r = append(*r, survey+"="+*from)
		}
	}
	return nil
}
