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
	// deleted. New responses do not move it. Where Qualtrics does not say it in
	// a form that can be read, when the survey was read.
	LastModified time.Time `json:"last_modified"`
	// When the survey was created.
	CreationDate *time.Time `json:"creation_date"`
	// Name of the survey. Names are not unique.
	Name *string `json:"name"`
	// Id of the user who owns the survey (UR_…).
	OwnerID *string `json:"owner_id"`
	// Whether the survey takes responses now. Null where Qualtrics does not say.
	IsActive *bool `json:"is_active"`
	// When the survey was found to be deleted. At two moments neither the
	// account's list nor the survey's own call knew it, and the call found
	// other surveys. Null while it exists.
	DeletedAt *time.Time `json:"deleted_at" column:"deletion"`
}

var _ = Register(&Stream{
	Name:    "surveys",
	Summary: "The surveys that the account can see",
	Record:  Survey{},
	Key:     []string{"survey_id"},
	Cursor:  "last_modified",
	Feed:    feed.SurveyList,
	Scopes:  []string{"read:surveys"},
	Project: projectSurvey,
})

// surveyColumns are the columns of a survey's fields.
var surveyColumns = map[string]string{
	"LastModified": "", "CreationDate": "creation_date", "Name": "name", "OwnerID": "owner_id", "IsActive": "is_active",
}

func projectSurvey(doc *feed.Document, emit Emit) error {
	var c cells
	row := Survey{SurveyID: doc.ID}
	switch survey, ok := doc.Content.(*feed.Survey); {
	case !doc.DeletedAt.IsZero():
		row.LastModified, row.DeletedAt = doc.DeletedAt, &doc.DeletedAt
		c.cursor("last_modified", false, foundDeleted)
	case !ok:
		return fmt.Errorf("projecting survey %s: unexpected content %T", doc.ID, doc.Content)
	default:
		if err := c.came(survey.Altered, surveyColumns); err != nil {
			return fmt.Errorf("projecting survey %s: %w", doc.ID, err)
		}
		if row.LastModified = survey.LastModified; row.LastModified.IsZero() {
			row.LastModified = doc.ReadAt
			c.cursor("last_modified", sentButUnreadable(survey.Altered, "LastModified"), timeOfRead)
		}
		row.CreationDate = date(survey.CreationDate)
		row.Name, row.OwnerID = known(survey.Name), known(survey.OwnerID)
		if !survey.ActiveUnknown {
			row.IsActive = &survey.IsActive
		}
	}
	return emit(&row, c.changes...)
}
