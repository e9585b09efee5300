package sandbox

import (
	"encoding/json"
	"slices"
)

// responseSchema is the result of GET /surveys/{id}/response-schema (API §2.4):
// the value keys of the survey with their types and labels.
func (s *survey) responseSchema() any {
	properties := s.metadataSchema()
	if key := s.world.doubt.ModifiedKey; key != "" && key != "none" {
		properties[key] = map[string]any{"description": key, "dataType": "metadata", "type": "string", "format": "date-time"}
	}
	all := s.everySheet()
	for i := range all.questions {
		q := &all.questions[i]
		for j := range q.parts {
			q.parts[j].schema(q, properties)
		}
	}
	for _, f := range all.fields {
		kind, format := f.value.jsonType()
		property := map[string]any{"description": f.name, "dataType": "embeddedData", "type": kind}
		if format != "" {
			property["format"] = format
		}
		properties[f.name] = property
	}
	list := func(items any) map[string]any { return map[string]any{"type": "array", "items": items} }
	return map[string]any{
		"$schema":     "https://json-schema.org/draft/2019-09/schema",
		"$id":         "http://qualtrics.com/API/v3/surveys/" + s.ident + "/response-schema",
		"title":       "Survey Response",
		"description": "The schema of a response to " + s.name(),
		"type":        "object",
		"required":    []string{"values", "displayedFields", "displayedValues", "labels", "responseId"},
		"properties": map[string]any{
			"responseId":      map[string]any{"type": "string"},
			"displayedFields": list(map[string]any{"type": "string"}),
			"displayedValues": map[string]any{"type": "object"},
			"labels":          map[string]any{"type": "object"},
			"values":          map[string]any{"type": "object", "properties": properties},
		},
	}
}

func (s *survey) metadataSchema() map[string]any {
	properties := map[string]any{}
	add := func(kind string, names ...string) {
		for _, name := range names {
			properties[name] = map[string]any{"description": name, "dataType": "metadata", "type": kind}
		}
	}
	add("string", "_recordId", "distributionChannel", "userLanguage")
	add("integer", "status", "progress", "duration", "finished")
	if !s.kind.anonymous {
		add("string", "ipAddress", "locationLatitude", "locationLongitude",
			"recipientLastName", "recipientFirstName", "recipientEmail", "externalDataReference")
	}
	for _, name := range []string{"startDate", "endDate", "recordedDate"} {
		properties[name] = map[string]any{
			"description": name, "dataType": "metadata", "type": "string", "format": "date-time",
		}
	}
	return properties
}

// schema adds the keys of the part.
func (p *part) schema(q *question, properties map[string]any) {
	for i := range p.columns {
		c := &p.columns[i]
		property := c.property(q)
		switch kind := p.jsonType(i); kind {
		case "array":
			items := map[string]any{"type": "string"}
			if c.labels != nil {
				items["oneOf"] = c.constants()
			}
			property["type"], property["items"] = kind, items
		case "clicks":
			axis := map[string]any{"type": "number"}
			property["type"] = "array"
			property["items"] = map[string]any{"type": "object", "properties": map[string]any{"x": axis, "y": axis}}
		default:
			property["type"] = kind
			if c.labels != nil {
				property["oneOf"] = c.constants()
			}
		}
		properties[c.key] = property
	}
	for i := range p.entries {
		property := p.entries[i].column.property(q)
		property["type"] = "string"
		properties[p.entries[i].column.key] = property
	}
}

func (c *column) property(q *question) map[string]any {
	property := map[string]any{"description": c.label, "dataType": "question", "exportTag": c.tag}
	if !q.appendages {
		property["questionId"], property["questionExportTag"] = q.id, q.tag
	}
	return property
}

// constants pairs each code with its label.
func (c *column) constants() []any {
	all := []any{}
	for i := range c.codes {
		if !slices.Contains(c.codes[:i], c.codes[i]) { // a deleted choice may have had the code of another one
			all = append(all, map[string]any{"label": json.RawMessage(c.labels[i]), "const": json.RawMessage(c.codes[i])})
		}
	}
	return all
}

// jsonType is the type of the value at column i, "clicks" for points.
func (p *part) jsonType(i int) string {
	switch p.shape {
	case shapeMultiple, shapeCheck, shapeMarks, shapeOrder:
		return "array"
	case shapeGroup:
		if p.columns[i].codes != nil {
			return "array"
		}
		return "number"
	case shapeText, shapeDerived, shapeBrowser:
		return "string"
	case shapeTopics:
		if i == 0 {
			return "string"
		}
		switch topicSuffixes[i-1] {
		case "Topics", "ParTopics", "TopicHierarchy1", "Emotion":
			return "array"
		case "SenPol", "SenScore", "TopicSenScore", "EffortNumeric":
			return "integer"
		}
		return "string"
	case shapeFile:
		if i == 2 {
			return "number"
		}
		return "string"
	case shapeTiming:
		if i == 3 {
			return "integer"
		}
		return "number"
	case shapeClicks:
		return "clicks"
	}
	return "number"
}
