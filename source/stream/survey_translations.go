package stream

import (
	"strings"
	"time"

	"github.com/birdie-ai/source-qualtrics/source/feed"
	"github.com/birdie-ai/source-qualtrics/source/qualtrics"
)

// SurveyTranslation is a row of survey_translations: a text of a survey in one language.
type SurveyTranslation struct {
	// Id of the survey (SV_…).
	SurveyID string `json:"survey_id"`
	// Code of the language, such as EN or PT-BR.
	Language string `json:"language"`
	// Key of the text, such as QID1_QuestionText, QID1_Choice3 or QID1_Answer2. Choices of
	// a matrix are its rows, and answers its columns.
	TextKey string `json:"text_key"`
	// When the text was read with these values first, or when it was found to
	// be removed from the survey.
	LastModified time.Time `json:"last_modified"`
	// When the text was found to be removed; such a row has its ids and no more.
	// Null while it exists.
	DeletedAt *time.Time `json:"deleted_at" column:"deletion"`
	// Same as deleted_at, under the name by which Airbyte's destinations
	// delete rows.
	CDCDeletedAt *time.Time `json:"_ab_cdc_deleted_at" column:"protocol=airbyte"`
	// Id of the question that has the text (QID7, or QID8#1), as the key says. Null: the
	// text is none of a question.
	QuestionID *string `json:"question_id"`
	// The text, in HTML.
	Text *string `json:"text"`
}

var _ = ofList(feed.Translations, Stream{
	Name: "survey_translations", Summary: "The texts of each survey in each language, with a call for each language; only if selected by its name",
	Record: SurveyTranslation{}, Key: []string{"survey_id", "language", "text_key"}, Cursor: "last_modified",
}, projectTranslation)

func projectTranslation(doc *feed.Document, translation *feed.Translation, _ *cells) (any, error) {
	language, key := qualtrics.SplitInnerID(doc.ID)
	row := &SurveyTranslation{
		SurveyID: doc.Partition.Parents()[0], Language: language, TextKey: key,
		LastModified: found(doc), DeletedAt: date(doc.DeletedAt), CDCDeletedAt: date(doc.DeletedAt), Text: translation.Text,
	}
	if question, _, ok := strings.Cut(key, "_"); ok && strings.HasPrefix(question, "QID") && doc.DeletedAt.IsZero() {
		row.QuestionID = &question
	}
	return row, nil
}
