package stream

import (
	"time"

	"github.com/birdie-ai/source-qualtrics/source/feed"
)

// ResponseDeletion is a row of response_deletions: a response that was
// delivered and is gone.
type ResponseDeletion struct {
	// Id of the survey (SV_…).
	SurveyID string `json:"survey_id"`
	// Id of the response (R_…).
	ResponseID string `json:"response_id"`
	// When the response was found to be deleted, which is later than when it
	// was: Qualtrics does not tell that.
	DeletedAt time.Time `json:"deleted_at" column:"deletion"`
}

var _ = Register(&Stream{
	Name:    "response_deletions",
	Summary: "Responses that were delivered and deleted in Qualtrics since",
	Record:  ResponseDeletion{},
	Key:     []string{"survey_id", "response_id"},
	Cursor:  "deleted_at",
	Feed:    feed.Responses,
	Scopes:  []string{"read:survey_responses", "read:surveys"},
	Project: projectResponseDeletion,

	Tombstones: true,
})

func projectResponseDeletion(doc *feed.Document, emit Emit) error {
	if doc.DeletedAt.IsZero() {
		return nil
	}
	return emit(&ResponseDeletion{SurveyID: doc.Partition.Key, ResponseID: doc.ID, DeletedAt: doc.DeletedAt})
}
