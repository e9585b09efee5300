// Package schemas makes JSON Schemas of Go structs. A record struct gives the schema
// of its rows. A configuration struct gives the specification that Airbyte shows as a
// form. The package also embeds the published files beside it: <stream>.json, spec.json,
// and comments.json with the comments of the structs. The files are written by
//
//	go test ./schemas -update
//
// # Tags
//
// A record's columns follow the types. A pointer or a json.RawMessage is a column that
// may be null. A time.Time is a timestamp. A json.RawMessage is an object or, with
// jsonschema:"type=array", an array. The column tag describes a column to sinks, see
// package record. A field without a comment, of a struct that is made at run time, is
// described by its jsonschema_description tag.
//
// A configuration's fields take these keywords in the jsonschema tag: title, example,
// default, enum, format, pattern, minimum, maximum and const. The spec tag has the
// keywords of Airbyte's form: required, secret, always_show, multiline, group=ID,
// pattern_descriptor=TEXT, and variant=TITLE on the first field of a variant. A type
// with a SpecVariants method is a choice between the structs that it returns.
package schemas

import (
	"embed"
	"encoding/json"
	"fmt"
	"io/fs"
	"reflect"
	"strings"

	"github.com/invopop/jsonschema"
)

const draft7 = "http://json-schema.org/draft-07/schema#"

//go:embed *.json
var files embed.FS

// Files returns the published files.
func Files() fs.FS { return files }

// Comments maps "package path.Type" and "package path.Type.Field" to their comments.
type Comments map[string]string

// generated marks the embedded comments; it is no comment itself.
const generated = "_generated"

// Published returns the embedded comments.
func Published() Comments {
	comments := make(Comments)
	text, err := files.ReadFile("comments.json")
	if err == nil {
		err = json.Unmarshal(text, &comments)
	}
	if err != nil {
		panic(fmt.Sprintf("reading the embedded comments: %v", err))
	}
	delete(comments, generated)
	return comments
}

// of returns a comment on one line.
func (c Comments) of(typ reflect.Type, field string) string {
	key := typ.PkgPath() + "." + typ.Name()
	if field != "" {
		key += "." + field
	}
	return strings.Join(strings.Fields(c[key]), " ")
}

// member is one member of an object whose order matters: platforms compare
// schemas byte by byte.
type member struct {
	name  string
	value any
}

type object []member

// MarshalJSON writes the members in order.
func (o object) MarshalJSON() ([]byte, error) {
	text := []byte{'{'}
	for i, m := range o {
		if i > 0 {
			text = append(text, ',')
		}
		name, err := marshal(m.name)
		if err != nil {
			return nil, err
		}
		value, err := marshal(m.value)
		if err != nil {
			return nil, err
		}
		text = append(append(append(text, name...), ':'), value...)
	}
	return append(text, '}'), nil
}

// marshal is json.Marshal without the escaping that only HTML needs.
func marshal(value any) ([]byte, error) {
	var text strings.Builder
	encoder := json.NewEncoder(&text)
	encoder.SetEscapeHTML(false)
	if err := encoder.Encode(value); err != nil {
		return nil, err
	}
	return []byte(strings.TrimSuffix(text.String(), "\n")), nil
}

// reflected returns the library's schema of a struct without references. A recursive
// struct would not end.
func reflected(typ reflect.Type) (*jsonschema.Schema, error) {
	if typ.Kind() != reflect.Struct {
		return nil, fmt.Errorf("making a schema of %s: not a struct", typ)
	}
	if err := acyclic(typ, nil); err != nil {
		return nil, fmt.Errorf("making a schema of %s: %w", typ, err)
	}
	reflector := &jsonschema.Reflector{DoNotReference: true, ExpandedStruct: true, Anonymous: true}
	return reflector.ReflectFromType(typ), nil
}

func acyclic(typ reflect.Type, above []reflect.Type) error {
	for typ.Kind() == reflect.Pointer || typ.Kind() == reflect.Slice || typ.Kind() == reflect.Map {
		typ = typ.Elem()
	}
	if typ.Kind() != reflect.Struct {
		return nil
	}
	for _, other := range above {
		if other == typ {
			return fmt.Errorf("%s contains itself", typ)
		}
	}
	for i := range typ.NumField() {
		if field := typ.Field(i); field.IsExported() {
			if err := acyclic(field.Type, append(above, typ)); err != nil {
				return err
			}
		}
	}
	return nil
}

// columnName returns the JSON name of a field, "" for one that is not written.
func columnName(field reflect.StructField) string {
	name, _, _ := strings.Cut(field.Tag.Get("json"), ",")
	if !field.IsExported() || name == "-" {
		return ""
	}
	return name
}
