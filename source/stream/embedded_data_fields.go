package stream

import (
	"time"

	"github.com/birdie-ai/source-qualtrics/source/feed"
	"github.com/birdie-ai/source-qualtrics/source/qualtrics"
)

// EmbeddedDataField is a row of embedded_data_fields: a field that the flow of a survey
// sets.
type EmbeddedDataField struct {
	// Id of the survey (SV_…).
	SurveyID string `json:"survey_id"`
	// Id of the element of the flow that sets it (FL_7). Several elements can set a field.
	FlowID string `json:"flow_id"`
	// Name of the field. Names can differ in their case only.
	Field string `json:"field"`
	// When the field was read with these values first, or when it was found to
	// be removed from the survey.
	LastModified time.Time `json:"last_modified"`
	// When the field was found to be removed; such a row has its ids and no more.
	// Null while it exists.
	DeletedAt *time.Time `json:"deleted_at" column:"deletion"`
	// Same as deleted_at, under the name by which Airbyte's destinations
	// delete rows.
	CDCDeletedAt *time.Time `json:"_ab_cdc_deleted_at" column:"protocol=airbyte"`
	// Position in its element, from 1.
	Position *int64 `json:"position"`
	// Custom, if the survey sets it, or Recipient, if it comes from the contact.
	Type *string `json:"field_type"`
	// Text of the field in the editor; mostly its name.
	Description *string `json:"description"`
	// Type of its values, such as String, Nominal or Scale.
	VariableType *string `json:"variable_type"`
	// The value that it gets, with piped texts as they are written. Null: it is not set
	// here. [redacted] if its name is that of a credential, such as api_key.
	Value *string `json:"value"`
	// Whether Text iQ analyzes it.
	AnalyzeText *bool `json:"analyze_text"`
	// Whether it exists in the flow only, and responses do not have it.
	FlowOnly *bool `json:"flow_only"`
}

var _ = ofList(feed.Definitions, Stream{
	Name: "embedded_data_fields", Summary: "The embedded data that each survey sets, with defaults and types; only if selected by its name",
	Record: EmbeddedDataField{}, Key: []string{"survey_id", "flow_id", "field"}, Cursor: "last_modified",
	Part: string(qualtrics.FieldSection), ByName: true,
}, projectEmbeddedField)

func projectEmbeddedField(doc *feed.Document, part *feed.DefinitionPart, _ *cells) (any, error) {
	flow, name := qualtrics.SplitInnerID(doc.ID)
	row := &EmbeddedDataField{
		SurveyID: doc.Partition.Parents()[0], FlowID: flow, Field: name,
		LastModified: found(doc), DeletedAt: date(doc.DeletedAt), CDCDeletedAt: date(doc.DeletedAt),
	}
	if field := part.Field; field != nil {
		row.Position, row.Type, row.Description, row.VariableType = &field.Position, field.Type, field.Description, field.VariableType
		row.Value, row.AnalyzeText, row.FlowOnly = field.Value, field.AnalyzeText, field.FlowOnly
	}
	return row, nil
}
