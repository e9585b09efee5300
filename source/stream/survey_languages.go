package stream

import (
	"time"

	"github.com/birdie-ai/source-qualtrics/source/feed"
	"github.com/birdie-ai/source-qualtrics/source/qualtrics"
)

// SurveyLanguage is a row of survey_languages: a language in which a survey can be read.
type SurveyLanguage struct {
	// Id of the survey (SV_…).
	SurveyID string `json:"survey_id"`
	// Code of the language, such as EN or PT-BR.
	Language string `json:"language"`
	// When the language was read with these values first, or when it was found to
	// be removed from the survey.
	LastModified time.Time `json:"last_modified"`
	// When the language was found to be removed; such a row has its ids and no more.
	// Null while it exists.
	DeletedAt *time.Time `json:"deleted_at" column:"deletion"`
	// Same as deleted_at, under the name by which Airbyte's destinations
	// delete rows.
	CDCDeletedAt *time.Time `json:"_ab_cdc_deleted_at" column:"protocol=airbyte"`
	// Whether the survey is written in it; the others are translations. Null of a removed
	// language.
	IsBase *bool `json:"is_base"`
	// Title of the survey in this language, if it is translated.
	SurveyTitle *string `json:"survey_title"`
	// Description of the survey for search engines in this language, if it is translated.
	SurveyMetaDescription *string `json:"survey_meta_description"`
}

var _ = ofList(feed.Definitions, Stream{
	Name: "survey_languages", Summary: "The languages of each survey; only if selected by its name",
	Record: SurveyLanguage{}, Key: []string{"survey_id", "language"}, Cursor: "last_modified",
	Part: string(qualtrics.LanguageSection), ByName: true,
}, projectSurveyLanguage)

func projectSurveyLanguage(doc *feed.Document, part *feed.DefinitionPart, _ *cells) (any, error) {
	row := &SurveyLanguage{
		SurveyID: doc.Partition.Parents()[0], Language: doc.ID,
		LastModified: found(doc), DeletedAt: date(doc.DeletedAt), CDCDeletedAt: date(doc.DeletedAt),
	}
	if language := part.Language; language != nil {
		row.IsBase, row.SurveyTitle, row.SurveyMetaDescription = &language.Base, language.Title, language.Description
	}
	return row, nil
}
