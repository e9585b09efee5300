package qualtrics

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
)

// Property describes a key of a response's values (API §2.4). Fields that the schema lacks
// are empty.
type Property struct {
	DataType    string // question, metadata or embeddedData
	Type        string // string, number, integer, array or object
	Format      string // date-time
	Description string // text for people
	ExportTag   string // column name of CSV exports
	QuestionID  string // of question keys
	QuestionTag string // column name of the question in CSV exports
	Loop        string // number of the loop
	// Labels has the texts of coded values by code, for a list those of its elements.
	Labels map[string]string
}

// errNoValues reports a response schema of an unknown shape.
var errNoValues = errors.New("it does not list the values of a response")

// ResponseSchema reads the descriptions of the keys of a survey's responses, by key.
func (c *Client) ResponseSchema(ctx context.Context, survey SurveyID) (map[string]Property, error) {
	values := make(members)
	call := request{to: toSchema, method: http.MethodGet, path: "/surveys/" + id(survey) + "/response-schema", survey: survey}
	err := c.get(ctx, call, checked(func(result *fields) error {
		raw := result.raw
		for _, name := range []string{"properties", "values", "properties"} {
			raw = membersOf(raw).first(name)
		}
		if emptyList(raw) {
			return nil // PHP's form of an object without members
		}
		if values = membersOf(raw); values == nil {
			return errNoValues
		}
		return nil
	}))
	if err != nil {
		return nil, err
	}
	properties := make(map[string]Property, len(values))
	for key, property := range values {
		properties[key] = propertyOf(property)
	}
	return properties, nil
}

// propertyOf reads one description. Parts of other shapes count as absent.
func propertyOf(raw json.RawMessage) Property {
	m := membersOf(raw)
	property := Property{
		DataType: text(m.text("dataType")), Type: text(m.text("type")), Format: text(m.text("format")),
		Description: text(m.text("description")), ExportTag: text(m.text("exportTag")),
		QuestionID: text(m.text("questionId")), QuestionTag: text(m.text("questionExportTag")), Loop: text(m.text("loopNumber")),
	}
	constants := m.list("oneOf")
	if constants == nil {
		constants = membersOf(m.first("items")).list("oneOf")
	}
	for _, one := range constants {
		constant := membersOf(one)
		code, label := constant.text("const"), constant.text("label")
		if code == nil || label == nil {
			continue
		}
		if property.Labels == nil {
			property.Labels = make(map[string]string, len(constants))
		}
		if _, ok := property.Labels[*code]; !ok { // of two labels the first one counts
			property.Labels[*code] = *label
		}
	}
	return property
}
