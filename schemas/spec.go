package schemas

import (
	"fmt"
	"reflect"
	"slices"
	"strings"

	"github.com/invopop/jsonschema"
)

// Group is a card of the form; its fields name it by ID.
type Group struct {
	ID    string `json:"id"`
	Title string `json:"title"`
}

// Choice is a configuration type that is one of several structs, told apart
// by the constant of their first field.
type Choice interface{ SpecVariants() []any }

// Spec returns the specification of a configuration struct: draft-07, compact,
// in the order of the fields, with the keywords that Airbyte's form knows.
func Spec(config any, title string, groups []Group, comments Comments) ([]byte, error) {
	typ := reflect.TypeOf(config)
	schema, err := reflected(typ)
	if err != nil {
		return nil, err
	}
	body, err := specObject(typ, schema, comments)
	if err != nil {
		return nil, fmt.Errorf("making the specification: %w", err)
	}
	return marshal(slices.Concat(object{{"$schema", draft7}, {"title", title}}, body, object{{"groups", groups}}))
}

// specTag holds the parts of the spec tag of a field.
type specTag struct {
	required, secret, alwaysShow, multiline bool
	group, patternDescriptor, variant       string
}

func parseSpecTag(field reflect.StructField) (tag specTag, err error) {
	for part := range strings.SplitSeq(field.Tag.Get("spec"), ",") {
		key, value, _ := strings.Cut(part, "=")
		switch key {
		case "":
		case "required":
			tag.required = true
		case "secret":
			tag.secret = true
		case "always_show":
			tag.alwaysShow = true
		case "multiline":
			tag.multiline = true
		case "group":
			tag.group = value
		case "pattern_descriptor":
			tag.patternDescriptor = value
		case "variant":
			tag.variant = value
		default:
			return tag, fmt.Errorf("field %s: the spec tag knows no %q", field.Name, key)
		}
	}
	return tag, nil
}

// specObject writes the members of an object schema.
func specObject(typ reflect.Type, schema *jsonschema.Schema, comments Comments) (object, error) {
	var required []string
	properties := object{}
	for i := range typ.NumField() {
		field := typ.Field(i)
		name := columnName(field)
		if name == "" {
			continue
		}
		property, ok := schema.Properties.Get(name)
		if !ok {
			return nil, fmt.Errorf("field %s is missing from its schema", field.Name)
		}
		tag, err := parseSpecTag(field)
		if err != nil {
			return nil, err
		}
		constant := constOf(field)
		if tag.required || constant != "" {
			required = append(required, name)
		}
		written, err := specProperty(field, property, tag, comments.of(typ, field.Name), comments)
		if err != nil {
			return nil, err
		}
		written = append(written, member{"order", len(properties)})
		properties = append(properties, member{name, written})
	}
	body := object{{"type", "object"}}
	if len(required) > 0 {
		body = append(body, member{"required", required})
	}
	return append(body, member{"properties", properties}, member{"additionalProperties", true}), nil
}

// constOf returns the constant that a field's jsonschema tag sets; the library
// does not know that keyword.
func constOf(field reflect.StructField) string {
	for part := range strings.SplitSeq(field.Tag.Get("jsonschema"), ",") {
		if value, ok := strings.CutPrefix(part, "const="); ok {
			return value
		}
	}
	return ""
}

// secretNames lists names of fields that have to be marked as secrets (Airbyte
// reference, §3.2).
var secretNames = []string{
	"client_token", "access_token", "api_token", "token", "secret", "client_secret", "password", "key",
	"service_account_info", "service_account", "tenant_id", "certificate", "jwt", "app_id", "appid", "refresh_token",
}

// specProperty writes one property.
func specProperty(field reflect.StructField, property *jsonschema.Schema, tag specTag, description string, comments Comments) (object, error) {
	name := columnName(field)
	if !tag.secret && property.Type == "string" && slices.Contains(secretNames, name) {
		return nil, fmt.Errorf("field %s: %s has to be marked as a secret", field.Name, name)
	}
	written := object{}
	add := func(keyword string, value any, is bool) {
		if is {
			written = append(written, member{keyword, value})
		}
	}
	choice, isChoice := reflect.Zero(field.Type).Interface().(Choice)
	switch {
	case isChoice:
		variants, err := specVariants(choice, comments)
		if err != nil {
			return nil, err
		}
		written = object{{"type", "object"}, {"oneOf", variants}}
	case property.Type == "object":
		nested, err := specObject(field.Type, property, comments)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", name, err)
		}
		written = nested
	case property.Type == "array":
		if property.Items == nil || property.Items.Type != "string" {
			return nil, fmt.Errorf("field %s: a list can only hold texts", field.Name)
		}
		written = object{{"type", "array"}, {"items", object{{"type", "string"}}}}
		add("examples", property.Items.Examples, len(property.Items.Examples) > 0)
	case slices.Contains([]string{"string", "integer", "number", "boolean"}, property.Type):
		written = object{{"type", property.Type}}
	default:
		return nil, fmt.Errorf("field %s: the form has no field for %s", field.Name, field.Type)
	}
	constant := constOf(field)
	add("const", constant, constant != "")
	add("title", property.Title, property.Title != "")
	add("description", description, description != "")
	add("default", property.Default, property.Default != nil)
	add("enum", property.Enum, len(property.Enum) > 0)
	add("format", property.Format, property.Format != "")
	add("pattern", property.Pattern, property.Pattern != "")
	add("pattern_descriptor", tag.patternDescriptor, tag.patternDescriptor != "")
	add("minimum", property.Minimum, property.Minimum != "")
	add("maximum", property.Maximum, property.Maximum != "")
	add("examples", property.Examples, len(property.Examples) > 0)
	add("airbyte_secret", true, tag.secret)
	add("multiline", true, tag.multiline)
	add("always_show", true, tag.alwaysShow)
	add("group", tag.group, tag.group != "")
	return written, nil
}

// specVariants writes the structs that a choice is between.
func specVariants(choice Choice, comments Comments) ([]object, error) {
	variants := make([]object, 0, 2)
	for _, variant := range choice.SpecVariants() {
		typ := reflect.TypeOf(variant)
		schema, err := reflected(typ)
		if err != nil {
			return nil, err
		}
		tag, err := parseSpecTag(typ.Field(0))
		if err != nil {
			return nil, err
		}
		if tag.variant == "" || constOf(typ.Field(0)) == "" {
			return nil, fmt.Errorf("the first field of %s needs a constant and a variant's title", typ)
		}
		body, err := specObject(typ, schema, comments)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", typ, err)
		}
		variants = append(variants, append(object{{"title", tag.variant}}, body...))
	}
	return variants, nil
}
