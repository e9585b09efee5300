package stream

import (
	"encoding/json"
	"fmt"
	"time"

	"github.com/birdie-ai/source-qualtrics/source/feed"
	"github.com/birdie-ai/source-qualtrics/source/record"
)

// Response is a row of responses: one recorded response to a survey, with its
// answers as maps.
type Response struct {
	// Id of the survey (SV_…).
	SurveyID string `json:"survey_id"`
	// Id of the response (R_…), unique within its survey.
	ResponseID string `json:"response_id"`
	// When the response was last modified, an edit included, or when it was
	// found deleted. Where Qualtrics does not say, when it was recorded.
	LastModifiedDate time.Time `json:"last_modified_date"`
	// When the response was found to be deleted in Qualtrics; such a row has
	// no answers. Null while it exists.
	DeletedAt *time.Time `json:"deleted_at"`
	// Same as deleted_at, under the name by which Airbyte's destinations
	// delete rows.
	CDCDeletedAt *time.Time `json:"_ab_cdc_deleted_at"`
	// Version of the response: a hash of its content. Rows of other streams
	// are current when theirs is the same.
	ResponseVersion *string `json:"response_version"`
	// When the response was recorded, which for a partial response is long
	// after it ended, and for an imported one when it was imported.
	RecordedDate *time.Time `json:"recorded_date"`
	// When the respondent opened the survey.
	StartDate *time.Time `json:"start_date"`
	// When the respondent last did something in the survey.
	EndDate *time.Time `json:"end_date"`
	// Kind of response by Qualtrics' code: 0 normal, 1 preview, 2 test,
	// 4 imported, 8 spam, 16 offline, and sums of these.
	Status *int64 `json:"status"`
	// Kind of response in words.
	StatusLabel *string `json:"status_label"`
	// Whether the respondent reached the end of the survey.
	Finished *bool `json:"finished"`
	// How much of the survey was seen, in per cent.
	Progress *int64 `json:"progress"`
	// Time from start to end, in seconds.
	Duration *int64 `json:"duration"`
	// How the respondent came to the survey: anonymous, email, gl, preview,
	// qr, social, sms, offline …
	DistributionChannel *string `json:"distribution_channel"`
	// Language of the respondent, as Qualtrics codes it (EN, PT-BR …).
	UserLanguage *string `json:"user_language"`
	// IP address of the respondent. Null in anonymised surveys.
	IPAddress *string `json:"ip_address"`
	// Latitude in degrees, estimated from the IP address or given by the
	// device. Null in anonymised surveys.
	LocationLatitude *json.Number `json:"location_latitude"`
	// Longitude in degrees, estimated from the IP address or given by the
	// device. Null in anonymised surveys.
	LocationLongitude *json.Number `json:"location_longitude"`
	// First name of the linked contact. Null unless the respondent was
	// identified.
	RecipientFirstName *string `json:"recipient_first_name"`
	// Last name of the linked contact.
	RecipientLastName *string `json:"recipient_last_name"`
	// E-mail address of the linked contact.
	RecipientEmail *string `json:"recipient_email"`
	// External reference of the linked contact, such as a customer number.
	ExternalDataReference *string `json:"external_data_reference"`
	// Answers by Qualtrics' value key (QID1, QID1_3_TEXT, QID2_NPS_GROUP,
	// SC_… …), as coded. Questions without an answer have no key.
	Values json.RawMessage `json:"values"`
	// Texts of the coded answers, by the same keys, as they read when the
	// response was exported.
	Labels json.RawMessage `json:"labels"`
	// Value keys of the questions that the respondent was shown.
	DisplayedFields json.RawMessage `json:"displayed_fields" jsonschema:"type=array"`
	// Codes that were offered, by value key.
	DisplayedValues json.RawMessage `json:"displayed_values"`
	// Embedded data by name, as stored with the response.
	EmbeddedData json.RawMessage `json:"embedded_data"`
}

var _ = register(&Stream{
	Name:    "responses",
	Summary: "Every recorded response, with its answers, embedded data and linked contact",
	Record:  Response{},
	Key:     []string{"survey_id", "response_id"},
	Cursor:  "last_modified_date",
	Feed:    feed.Responses,
	Scopes:  []string{"read:survey_responses", "read:surveys"},
	Project: projectResponse,
})

func projectResponse(doc *feed.Document, emit Emit) error {
	if !doc.DeletedAt.IsZero() {
		return emit(&Response{
			SurveyID: doc.Partition.Key, ResponseID: doc.ID, LastModifiedDate: doc.DeletedAt,
			DeletedAt: &doc.DeletedAt, CDCDeletedAt: &doc.DeletedAt,
		})
	}
	response, ok := doc.Content.(*feed.Response)
	if !ok {
		return fmt.Errorf("projecting response %s: unexpected content %T", doc.ID, doc.Content)
	}
	var c cells
	of := &response.Metadata
	row := Response{
		SurveyID:              doc.Partition.Key,
		ResponseID:            doc.ID,
		RecordedDate:          c.time("recorded_date", of[feed.RecordedDate]),
		StartDate:             c.time("start_date", of[feed.StartDate]),
		EndDate:               c.time("end_date", of[feed.EndDate]),
		Status:                c.integer("status", of[feed.Status]),
		StatusLabel:           c.text("status_label", response.StatusLabel),
		Finished:              c.boolean("finished", of[feed.Finished]),
		Progress:              c.integer("progress", of[feed.Progress]),
		Duration:              c.integer("duration", of[feed.Duration]),
		DistributionChannel:   c.text("distribution_channel", of[feed.DistributionChannel]),
		UserLanguage:          c.text("user_language", of[feed.UserLanguage]),
		IPAddress:             c.text("ip_address", of[feed.IPAddress]),
		LocationLatitude:      c.number("location_latitude", of[feed.LocationLatitude]),
		LocationLongitude:     c.number("location_longitude", of[feed.LocationLongitude]),
		RecipientFirstName:    c.text("recipient_first_name", of[feed.RecipientFirstName]),
		RecipientLastName:     c.text("recipient_last_name", of[feed.RecipientLastName]),
		RecipientEmail:        c.text("recipient_email", of[feed.RecipientEmail]),
		ExternalDataReference: c.text("external_data_reference", of[feed.ExternalDataReference]),
		Values:                response.Answers,
		Labels:                response.Labels,
		DisplayedFields:       response.DisplayedFields,
		DisplayedValues:       response.DisplayedValues,
		EmbeddedData:          response.EmbeddedData,
	}
	version, err := response.Version()
	if err != nil {
		return fmt.Errorf("projecting response %s: %w", doc.ID, err)
	}
	row.ResponseVersion = &version
	row.LastModifiedDate = modifiedDate(doc, response, row.RecordedDate)
	if response.ModifiedAt.IsZero() {
		c.time("last_modified_date", of[feed.LastModifiedDate]) // another date stands in
	}
	if response.Renamed {
		c.changes = append(c.changes, record.Change{Column: "values", Kind: record.Renamed, Reason: record.Repeated})
	}
	if response.Shortened {
		c.changes = append(c.changes, record.Change{Column: "values", Kind: record.Truncated, Reason: record.TooLarge})
	}
	if response.Repaired {
		c.changes = append(c.changes, record.Change{Column: "values", Kind: record.Truncated, Reason: record.Unfit})
	}
	return emit(&row, c.changes...)
}

// modifiedDate is the cursor. Where the export carries no modified date the
// recorded one stands in: of two versions with an equal cursor a destination
// keeps the one that was read last, which is the newer one.
func modifiedDate(doc *feed.Document, response *feed.Response, recorded *time.Time) time.Time {
	switch {
	case !response.ModifiedAt.IsZero():
		return response.ModifiedAt
	case recorded != nil:
		return *recorded
	default:
		return doc.ReadAt
	}
}
