package stream

import (
	"time"

	"github.com/birdie-ai/source-qualtrics/source/feed"
	"github.com/birdie-ai/source-qualtrics/source/qualtrics"
)

// Question is a row of questions: one question of a survey, as its editor shows it
// now.
type Question struct {
	// Id of the survey (SV_…).
	SurveyID string `json:"survey_id"`
	// Id of the question (QID7). The columns of a side-by-side question are
	// questions, too: QID8#1. Keys of the values of a response begin with it.
	QuestionID string `json:"question_id"`
	// When the question was read with these values first, or when it was found to
	// be removed from the survey.
	LastModified time.Time `json:"last_modified"`
	// When the question was found to be removed from the survey; such a row has its
	// ids and no more. Null while it exists.
	DeletedAt *time.Time `json:"deleted_at" column:"deletion"`
	// Same as deleted_at, under the name by which Airbyte's destinations
	// delete rows.
	CDCDeletedAt *time.Time `json:"_ab_cdc_deleted_at" column:"protocol=airbyte"`
	// Of a column of a side-by-side question, the id of that question.
	ParentQuestionID *string `json:"parent_question_id"`
	// Id of the block that holds the question (BL_…).
	BlockID *string `json:"block_id"`
	// Type of that block. Trash holds questions that were deleted in the editor;
	// their answers remain.
	BlockType *string `json:"block_type"`
	// Name of the question in the columns of CSV exports, such as Q7.
	DataExportTag *string `json:"data_export_tag"`
	// Type of the question, such as MC, Matrix or TE.
	QuestionType *string `json:"question_type"`
	// Variant of the type, such as NPS or SAVR.
	Selector *string `json:"selector"`
	// Variant of the selector, such as SingleAnswer.
	SubSelector *string `json:"sub_selector"`
	// Text of the question, in HTML.
	QuestionText *string `json:"question_text"`
	// Text of the question without HTML, cut by Qualtrics to about 100 characters.
	QuestionDescription *string `json:"question_description"`
}

var _ = ofList(feed.Definitions, Stream{
	Name: "questions", Summary: "The questions of each survey, with their texts",
	Record: Question{}, Key: []string{"survey_id", "question_id"}, Cursor: "last_modified",
}, projectQuestion)

func projectQuestion(doc *feed.Document, part *feed.DefinitionPart, _ *cells) (any, error) {
	id, kind, _ := qualtrics.SplitPartID(doc.ID)
	if kind != "" {
		return nil, nil //nolint:nilnil // a choice is no row here
	}
	question := part.Question
	if question == nil { // it is gone
		question = &qualtrics.Question{}
	}
	return &Question{
		SurveyID: doc.Partition.Parents()[0], QuestionID: id,
		LastModified: found(doc), DeletedAt: date(doc.DeletedAt), CDCDeletedAt: date(doc.DeletedAt),
		ParentQuestionID: question.Parent, BlockID: question.Block, BlockType: question.BlockType, DataExportTag: question.ExportTag,
		QuestionType: question.Type, Selector: question.Selector, SubSelector: question.SubSelector,
		QuestionText: question.Text, QuestionDescription: question.Description,
	}, nil
}
