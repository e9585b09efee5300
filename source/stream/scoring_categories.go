package stream

import (
	"encoding/json"
	"time"

	"github.com/birdie-ai/source-qualtrics/source/feed"
	"github.com/birdie-ai/source-qualtrics/source/qualtrics"
)

// ScoringCategory is a row of scoring_categories: a category in which answers score points.
type ScoringCategory struct {
	// Id of the survey (SV_…).
	SurveyID string `json:"survey_id"`
	// Id of the category (SC_…). Values of responses have it as their key.
	CategoryID string `json:"category_id"`
	// When the category was read with these values first, or when it was found to
	// be removed from the survey.
	LastModified time.Time `json:"last_modified"`
	// When the category was found to be removed; such a row has its ids and no more.
	// Null while it exists.
	DeletedAt *time.Time `json:"deleted_at" column:"deletion"`
	// Same as deleted_at, under the name by which Airbyte's destinations
	// delete rows.
	CDCDeletedAt *time.Time `json:"_ab_cdc_deleted_at" column:"protocol=airbyte"`
	// Name of the category.
	Name *string `json:"name"`
	// Description of the category.
	Description *string `json:"description"`
	// Position in the definition, from 1.
	Position *int64 `json:"position"`
	// Whether it is the default category of the survey. Null of a removed one.
	IsDefault *bool `json:"is_default"`
	// The groups that hold it: objects with id (SCG_…) and name. Null: none.
	Groups json.RawMessage `json:"category_groups" jsonschema:"type=array"`
}

var _ = ofList(feed.Definitions, Stream{
	Name: "scoring_categories", Summary: "The scoring categories of each survey; only if selected by its name",
	Record: ScoringCategory{}, Key: []string{"survey_id", "category_id"}, Cursor: "last_modified",
	Part: string(qualtrics.ScoringSection), ByName: true,
}, projectScoringCategory)

func projectScoringCategory(doc *feed.Document, part *feed.DefinitionPart, _ *cells) (any, error) {
	row := &ScoringCategory{
		SurveyID: doc.Partition.Parents()[0], CategoryID: doc.ID,
		LastModified: found(doc), DeletedAt: date(doc.DeletedAt), CDCDeletedAt: date(doc.DeletedAt),
	}
	if category := part.Scoring; category != nil {
		row.Name, row.Description, row.Position = category.Name, category.Description, &category.Position
		row.IsDefault, row.Groups = &category.Default, category.Groups
	}
	return row, nil
}
