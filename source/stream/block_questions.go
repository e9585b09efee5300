package stream

import (
	"time"

	"github.com/birdie-ai/source-qualtrics/source/feed"
	"github.com/birdie-ai/source-qualtrics/source/qualtrics"
)

// BlockQuestion is a row of block_questions: a question or a page break in a block.
type BlockQuestion struct {
	// Id of the survey (SV_…).
	SurveyID string `json:"survey_id"`
	// Id of the block (BL_…).
	BlockID string `json:"block_id"`
	// Id of the question (QID7). Of a page break, # and its position, because it has none.
	ElementID string `json:"element_id"`
	// When the element was read with these values first, or when it was found to
	// be removed from the block.
	LastModified time.Time `json:"last_modified"`
	// When the element was found to be removed; such a row has its ids and no more.
	// Null while it exists.
	DeletedAt *time.Time `json:"deleted_at" column:"deletion"`
	// Same as deleted_at, under the name by which Airbyte's destinations
	// delete rows.
	CDCDeletedAt *time.Time `json:"_ab_cdc_deleted_at" column:"protocol=airbyte"`
	// Position in the block, from 1. Page breaks count, too.
	Position *int64 `json:"position"`
	// Question, or Page Break.
	Type *string `json:"element_type"`
	// Id of the question (QID7). Null of a page break.
	QuestionID *string `json:"question_id"`
}

var _ = ofList(feed.Definitions, Stream{
	Name: "block_questions", Summary: "The questions and page breaks of each block, in their order; only if selected by its name",
	Record: BlockQuestion{}, Key: []string{"survey_id", "block_id", "element_id"}, Cursor: "last_modified",
	Part: string(qualtrics.ElementSection), ByName: true,
}, projectBlockQuestion)

func projectBlockQuestion(doc *feed.Document, part *feed.DefinitionPart, _ *cells) (any, error) {
	block, id := qualtrics.SplitInnerID(doc.ID)
	row := &BlockQuestion{
		SurveyID: doc.Partition.Parents()[0], BlockID: block, ElementID: id,
		LastModified: found(doc), DeletedAt: date(doc.DeletedAt), CDCDeletedAt: date(doc.DeletedAt),
	}
	if element := part.Element; element != nil {
		row.Position, row.Type, row.QuestionID = &element.Position, element.Type, element.QuestionID
	}
	return row, nil
}
