package stream

import (
	"encoding/json"
	"time"

	"github.com/birdie-ai/source-qualtrics/source/feed"
	"github.com/birdie-ai/source-qualtrics/source/qualtrics"
)

// Block is a row of blocks: one block of questions of a survey.
type Block struct {
	// Id of the survey (SV_…).
	SurveyID string `json:"survey_id"`
	// Id of the block (BL_…).
	BlockID string `json:"block_id"`
	// When the block was read with these values first, or when it was found to
	// be removed from the survey.
	LastModified time.Time `json:"last_modified"`
	// When the block was found to be removed; such a row has its ids and no more.
	// Null while it exists.
	DeletedAt *time.Time `json:"deleted_at" column:"deletion"`
	// Same as deleted_at, under the name by which Airbyte's destinations
	// delete rows.
	CDCDeletedAt *time.Time `json:"_ab_cdc_deleted_at" column:"protocol=airbyte"`
	// Name of the block in the editor.
	Description *string `json:"description"`
	// Type of the block: Default is the first one of a survey, Standard any other one. Trash
	// holds questions that were deleted in the editor.
	Type *string `json:"block_type"`
	// Variant of the type; null for most blocks.
	SubType *string `json:"sub_type"`
	// Its position in the definition, from 1. The order that respondents see is that of
	// survey_flow_elements.
	Position *int64 `json:"position"`
	// Options of the block as in Qualtrics' definition, such as Looping and
	// RandomizeQuestions.
	Options json.RawMessage `json:"options"`
}

var _ = ofList(feed.Definitions, Stream{
	Name: "blocks", Summary: "The blocks of each survey, with their options; only if selected by its name",
	Record: Block{}, Key: []string{"survey_id", "block_id"}, Cursor: "last_modified",
	Part: string(qualtrics.BlockSection), ByName: true,
}, projectBlock)

func projectBlock(doc *feed.Document, part *feed.DefinitionPart, c *cells) (any, error) {
	row := &Block{
		SurveyID: doc.Partition.Parents()[0], BlockID: doc.ID,
		LastModified: found(doc), DeletedAt: date(doc.DeletedAt), CDCDeletedAt: date(doc.DeletedAt),
	}
	if block := part.Block; block != nil {
		row.Description, row.Type, row.SubType = block.Description, block.Type, block.SubType
		row.Position, row.Options = &block.Position, block.Options
		return row, c.came(block.Altered, map[string]string{"Options": "options"})
	}
	return row, nil
}
