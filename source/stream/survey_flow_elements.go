package stream

import (
	"encoding/json"
	"time"

	"github.com/birdie-ai/source-qualtrics/source/feed"
	"github.com/birdie-ai/source-qualtrics/source/qualtrics"
)

// SurveyFlowElement is a row of survey_flow_elements: one step of the flow of a survey.
type SurveyFlowElement struct {
	// Id of the survey (SV_…).
	SurveyID string `json:"survey_id"`
	// Id of the element (FL_7). An element without one has the id of its parent, a point
	// and its position.
	FlowID string `json:"flow_id"`
	// When the element was read with these values first, or when it was found to
	// be removed from the survey.
	LastModified time.Time `json:"last_modified"`
	// When the element was found to be removed; such a row has its ids and no more.
	// Null while it exists.
	DeletedAt *time.Time `json:"deleted_at" column:"deletion"`
	// Same as deleted_at, under the name by which Airbyte's destinations
	// delete rows.
	CDCDeletedAt *time.Time `json:"_ab_cdc_deleted_at" column:"protocol=airbyte"`
	// Type of the element: Root, Block or Standard (a block of questions), EmbeddedData,
	// Branch, BlockRandomizer, Group, EndSurvey, WebService and others.
	Type *string `json:"flow_type"`
	// Id of the element that holds it. Null of the root.
	ParentFlowID *string `json:"parent_flow_id"`
	// How many elements hold it: 0 for the root.
	Depth *int64 `json:"depth"`
	// Position in its parent, from 1.
	Position *int64 `json:"position"`
	// Id of the block that it shows (BL_…).
	BlockID *string `json:"block_id"`
	// Text of the element in the editor.
	Description *string `json:"description"`
	// Its other members as in Qualtrics' definition, such as BranchLogic, SubSet or
	// EndingType. Headers, parameters and bodies of web services, and paths of addresses
	// are replaced by [redacted]. Fields are in embedded_data_fields.
	Properties json.RawMessage `json:"properties"`
}

var _ = ofList(feed.Definitions, Stream{
	Name: "survey_flow_elements", Summary: "The steps of the flow of each survey, without credentials of web services; only if selected by its name",
	Record: SurveyFlowElement{}, Key: []string{"survey_id", "flow_id"}, Cursor: "last_modified",
	Part: string(qualtrics.FlowSection), ByName: true,
}, projectFlowElement)

func projectFlowElement(doc *feed.Document, part *feed.DefinitionPart, c *cells) (any, error) {
	row := &SurveyFlowElement{
		SurveyID: doc.Partition.Parents()[0], FlowID: doc.ID,
		LastModified: found(doc), DeletedAt: date(doc.DeletedAt), CDCDeletedAt: date(doc.DeletedAt),
	}
	if element := part.Flow; element != nil {
		row.Type, row.ParentFlowID, row.Depth, row.Position = element.Type, element.Parent, &element.Depth, &element.Position
		row.BlockID, row.Description, row.Properties = element.BlockID, element.Description, element.Properties
		return row, c.came(element.Altered, map[string]string{"Properties": "properties"})
	}
	return row, nil
}
