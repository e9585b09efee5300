package stream

import (
	"encoding/json"
	"slices"
	"time"

	"github.com/birdie-ai/source-qualtrics/source/feed"
	"github.com/birdie-ai/source-qualtrics/source/feed/responses"
	"github.com/birdie-ai/source-qualtrics/source/record"
)

// ResponseInProgress is a row of responses_in_progress: a session of a survey that is not
// recorded yet. Its columns are those of [Response], but for the recorded date.
type ResponseInProgress struct {
	// Id of the survey (SV_…).
	SurveyID string `json:"survey_id"`
	// Id of the session (FS_…). The response that it becomes has another id (R_…).
	SessionID string `json:"session_id"`
	// When the session was read with these values first, or when it was found to have
	// ended.
	LastModified time.Time `json:"last_modified"`
	// When the session was found to have ended: it was recorded as a response, or has
	// expired. Such a row has its ids and no more. Null while it is open.
	DeletedAt *time.Time `json:"deleted_at" column:"deletion"`
	// Same as deleted_at, under the name by which Airbyte's destinations
	// delete rows.
	CDCDeletedAt *time.Time `json:"_ab_cdc_deleted_at" column:"protocol=airbyte"`
	// As in responses.
	StartDate *time.Time `json:"start_date"`
	// As in responses.
	EndDate *time.Time `json:"end_date"`
	// As in responses.
	Status *int64 `json:"status"`
	// As in responses.
	StatusLabel *string `json:"status_label"`
	// As in responses: false.
	Finished *bool `json:"finished"`
	// As in responses.
	Progress *int64 `json:"progress"`
	// As in responses.
	Duration *int64 `json:"duration"`
	// As in responses.
	DistributionChannel *string `json:"distribution_channel"`
	// As in responses.
	UserLanguage *string `json:"user_language"`
	// As in responses. The recorded export of sessions has none.
	IPAddress *string `json:"ip_address"`
	// As in responses. The recorded export of sessions has none.
	LocationLatitude *json.Number `json:"location_latitude"`
	// As in responses. The recorded export of sessions has none.
	LocationLongitude *json.Number `json:"location_longitude"`
	// As in responses. The recorded export of sessions has none.
	RecipientFirstName *string `json:"recipient_first_name"`
	// As in responses. The recorded export of sessions has none.
	RecipientLastName *string `json:"recipient_last_name"`
	// As in responses. The recorded export of sessions has none.
	RecipientEmail *string `json:"recipient_email"`
	// As in responses. The recorded export of sessions has none.
	ExternalDataReference *string `json:"external_data_reference"`
	// As in responses: the answers so far.
	Values json.RawMessage `json:"answer_values"`
	// As in responses.
	Labels json.RawMessage `json:"answer_labels"`
	// As in responses.
	DisplayedFields json.RawMessage `json:"displayed_fields" jsonschema:"type=array"`
	// As in responses.
	DisplayedValues json.RawMessage `json:"displayed_values"`
	// As in responses.
	EmbeddedData json.RawMessage `json:"embedded_data"`
}

var _ = ofList(responses.InProgress, Stream{
	Name: "responses_in_progress", Summary: "Sessions that are not recorded yet, with an export for each survey in each run; only if selected by its name",
	Record: ResponseInProgress{}, Key: []string{"survey_id", "session_id"}, Cursor: "last_modified", Safe: true,
}, projectSession)

func projectSession(doc *feed.Document, session *responses.Session, c *cells) (any, error) {
	row := &ResponseInProgress{
		SurveyID: doc.Partition.Key, SessionID: doc.ID,
		LastModified: found(doc), DeletedAt: date(doc.DeletedAt), CDCDeletedAt: date(doc.DeletedAt),
	}
	if session.Response == nil { // it has ended
		return row, nil
	}
	of := c.response(session.Response)
	row.StartDate, row.EndDate, row.Status, row.StatusLabel = of.StartDate, of.EndDate, of.Status, of.StatusLabel
	row.Finished, row.Progress, row.Duration = of.Finished, of.Progress, of.Duration
	row.DistributionChannel, row.UserLanguage, row.IPAddress = of.DistributionChannel, of.UserLanguage, of.IPAddress
	row.LocationLatitude, row.LocationLongitude = of.LocationLatitude, of.LocationLongitude
	row.RecipientFirstName, row.RecipientLastName, row.RecipientEmail = of.RecipientFirstName, of.RecipientLastName, of.RecipientEmail
	row.ExternalDataReference = of.ExternalDataReference
	row.Values, row.Labels, row.EmbeddedData = of.Values, of.Labels, of.EmbeddedData
	row.DisplayedFields, row.DisplayedValues = of.DisplayedFields, of.DisplayedValues
	// The export has no recorded date, and the table no column for one.
	c.changes = slices.DeleteFunc(c.changes, func(change record.Change) bool { return change.Column == "recorded_date" })
	s, _ := ByName("responses_in_progress")
	c.changes = append(c.changes, responseChanges(session.Response, s.table, row)...)
	return row, nil
}
