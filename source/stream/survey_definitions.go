package stream

import (
	"encoding/json"
	"time"

	"github.com/birdie-ai/source-qualtrics/source/feed"
	"github.com/birdie-ai/source-qualtrics/source/qualtrics"
)

// SurveyDefinition is a row of survey_definitions: a survey as its editor shows it, at one
// time.
type SurveyDefinition struct {
	// Id of the survey (SV_…).
	SurveyID string `json:"survey_id"`
	// When the definition was read with this content first, or when the survey was found
	// deleted. A destination that keeps all rows has one for each version that a run saw.
	LastModified time.Time `json:"last_modified"`
	// When the survey was found to be deleted; such a row has its id and no more. Null while
	// it exists.
	DeletedAt *time.Time `json:"deleted_at" column:"deletion"`
	// Same as deleted_at, under the name by which Airbyte's destinations
	// delete rows.
	CDCDeletedAt *time.Time `json:"_ab_cdc_deleted_at" column:"protocol=airbyte"`
	// When the definition was modified, as Qualtrics says in it.
	DefinitionLastModified *time.Time `json:"definition_last_modified"`
	// Name of the survey.
	SurveyName *string `json:"survey_name"`
	// Active, Inactive and others.
	SurveyStatus *string `json:"survey_status"`
	// The definition as Qualtrics sends it. Headers, parameters and bodies of web services,
	// callbacks of quotas, values with the name of a credential, and paths of addresses
	// are replaced by [redacted]. Questions stay as they are.
	Definition json.RawMessage `json:"definition"`
}

var _ = ofList(feed.Definitions, Stream{
	Name: "survey_definitions", Summary: "The whole definition of each survey as JSON, without credentials of web services; only if selected by its name",
	Record: SurveyDefinition{}, Key: []string{"survey_id"}, Cursor: "last_modified",
	Part: string(qualtrics.WholeSection), ByName: true,
}, projectDefinition)

func projectDefinition(doc *feed.Document, part *feed.DefinitionPart, c *cells) (any, error) {
	row := &SurveyDefinition{
		SurveyID: doc.Partition.Parents()[0], LastModified: found(doc), DeletedAt: date(doc.DeletedAt), CDCDeletedAt: date(doc.DeletedAt),
	}
	if whole := part.Whole; whole != nil {
		row.DefinitionLastModified, row.SurveyName, row.SurveyStatus, row.Definition = whole.LastModified, whole.Name, whole.Status, whole.Definition
		return row, c.came(whole.Altered, map[string]string{"Definition": "definition"})
	}
	return row, nil
}
