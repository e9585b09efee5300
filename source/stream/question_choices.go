package stream

import (
	"time"

	"github.com/birdie-ai/source-qualtrics/source/feed"
	"github.com/birdie-ai/source-qualtrics/source/qualtrics"
)

// QuestionChoice is a row of question_choices: an option, a row, a column or a
// group of a question.
type QuestionChoice struct {
	// Id of the survey (SV_…).
	SurveyID string `json:"survey_id"`
	// Id of the question (QID7).
	QuestionID string `json:"question_id"`
	// The list of the question that holds it. choice: the options, or the rows of a
	// matrix. answer: the columns of a matrix. group: a group of pick, group and
	// rank. dynamic_choice: carried forward from another question.
	Kind string `json:"kind"`
	// Id of the choice within its question and kind. Keys of the values of a
	// response end with it.
	ChoiceID string `json:"choice_id"`
	// When the choice was read with these values first, or when it was found to be
	// removed.
	LastModified time.Time `json:"last_modified"`
	// When the choice was found to be removed; such a row has its ids and no more.
	// Null while it exists.
	DeletedAt *time.Time `json:"deleted_at" column:"deletion"`
	// Same as deleted_at, under the name by which Airbyte's destinations
	// delete rows.
	CDCDeletedAt *time.Time `json:"_ab_cdc_deleted_at" column:"protocol=airbyte"`
	// Text of the choice, in HTML.
	Display *string `json:"display"`
	// Its position, from 1, in the order that respondents see by default.
	Position *int64 `json:"position"`
	// The value that exports hold for it. Null: its id.
	RecodeValue *string `json:"recode_value"`
	// Name of its variable.
	VariableName *string `json:"variable_name"`
	// Its part of the names of columns in CSV exports.
	ExportTag *string `json:"export_tag"`
	// Whether respondents can enter a text beside it. Null of a removed choice.
	TextEntry *bool `json:"text_entry"`
	// Whether it excludes the other choices. Null of a removed choice.
	ExclusiveAnswer *bool `json:"exclusive_answer"`
	// Whether reports of Qualtrics count it. Null of a removed choice.
	Analyze *bool `json:"analyzed"`
}

var _ = ofList(feed.Definitions, Stream{
	Name: "question_choices", Summary: "The choices of each question, with their texts and codes",
	Record: QuestionChoice{}, Key: []string{"survey_id", "question_id", "kind", "choice_id"}, Cursor: "last_modified",
}, projectChoice)

func projectChoice(doc *feed.Document, part *feed.DefinitionPart, _ *cells) (any, error) {
	question, kind, id := qualtrics.SplitPartID(doc.ID)
	if kind == "" {
		return nil, nil //nolint:nilnil // a question is no row here
	}
	row := &QuestionChoice{
		SurveyID: doc.Partition.Parents()[0], QuestionID: question, Kind: string(kind), ChoiceID: id,
		LastModified: found(doc), DeletedAt: date(doc.DeletedAt), CDCDeletedAt: date(doc.DeletedAt),
	}
	if choice := part.Choice; choice != nil {
		row.Display, row.Position, row.RecodeValue = choice.Display, choice.Position, choice.Recode
		row.VariableName, row.ExportTag = choice.VariableName, choice.ExportTag
		row.TextEntry, row.ExclusiveAnswer, row.Analyze = &choice.TextEntry, &choice.Exclusive, &choice.Analyze
	}
	return row, nil
}
