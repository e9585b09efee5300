package stream

import (
	"fmt"
	"time"

	"github.com/birdie-ai/source-qualtrics/source/feed"
)

// Survey is a row of surveys: one survey that the account can see.
type Survey struct {
	// Id of the survey (SV_…).
	SurveyID string `json:"survey_id"`
	// When the survey's definition was last changed, or when it was found
	// deleted. New responses do not move it.
	LastModified time.Time `json:"last_modified"`
	// When the survey was created.
	CreationDate *time.Time `json:"creation_date"`
	// Name of the survey. Names are not unique.
	Name *string `json:"name"`
	// Id of the user who owns the survey (UR_…).
	OwnerID *string `json:"owner_id"`
	// Whether the survey takes responses now.
	IsActive *bool `json:"is_active"`
	// When the survey was found to be gone: it was missing from two passes
	// over the account's list. Null while it exists.
	DeletedAt *time.Time `json:"deleted_at"`
}

var _ = register(&Stream{
	Name:    "surveys",
	Summary: "The surveys that the account can see",
	Record:  Survey{},
	Key:     []string{"survey_id"},
	Cursor:  "last_modified",
	Feed:    feed.SurveyList,
	Scopes:  []string{"read:surveys"},
	Project: projectSurvey,
})

func projectSurvey(doc *feed.Document, emit Emit) error {
	row := Survey{SurveyID: doc.ID}
	switch survey, ok := doc.Content.(*feed.Survey); {
	case !doc.DeletedAt.IsZero():
		row.LastModified, row.DeletedAt = doc.DeletedAt, &doc.DeletedAt
	case !ok:
		return fmt.Errorf("projecting survey %s: unexpected content %T", doc.ID, doc.Content)
	default:
		row.LastModified = survey.LastModified
		if !survey.CreationDate.IsZero() {
			row.CreationDate = &survey.CreationDate
		}
		row.Name, row.OwnerID, row.IsActive = known(survey.Name), known(survey.OwnerID), &survey.IsActive
	}
	return emit(&row)
}
