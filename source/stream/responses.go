package stream

import (
	"encoding/json"
	"time"

	"github.com/birdie-ai/source-qualtrics/source/feed"
	_ "github.com/birdie-ai/source-qualtrics/source/feed/responses" // the feed
	"github.com/birdie-ai/source-qualtrics/source/response"
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
	DeletedAt *time.Time `json:"deleted_at" column:"deletion"`
	// Same as deleted_at, under the name by which Airbyte's destinations
	// delete rows.
	CDCDeletedAt *time.Time `json:"_ab_cdc_deleted_at" column:"protocol=airbyte"`
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
	Values json.RawMessage `json:"answer_values"`
	// Texts of the coded answers, by the same keys, as they read when the
	// response was exported.
	Labels json.RawMessage `json:"answer_labels"`
	// Value keys of the questions that the respondent was shown.
	DisplayedFields json.RawMessage `json:"displayed_fields" jsonschema:"type=array"`
	// Codes that were offered, by value key.
	DisplayedValues json.RawMessage `json:"displayed_values"`
	// Embedded data by name, as stored with the response.
	EmbeddedData json.RawMessage `json:"embedded_data"`
}

var _ = Register(&Stream{
	Name:    "responses",
	Summary: "Every recorded response, with its answers, embedded data and linked contact",
	Record:  Response{},
	Key:     []string{"survey_id", "response_id"},
	Cursor:  "last_modified_date",
	Feed:    feed.Responses,
	Scopes:  []string{"read:survey_responses", "read:surveys"},
	Safe:    true,
	Project: projectResponse,
})

func projectResponse(doc *feed.Document, emit Emit) error {
	var c cells
	got, row, err := responseRow(doc, &c)
	switch {
	case err != nil:
		return err
	case got == nil:
		return emit(row, c.changes...)
	}
	s, _ := ByName("responses")
	return emit(row, append(c.changes, responseChanges(got, s.table, row)...)...)
}

// responseRow returns the response of a document and its row. A deleted response is nil.
func responseRow(doc *feed.Document, c *cells) (*response.Response, *Response, error) {
	if !doc.DeletedAt.IsZero() {
		c.cursor("last_modified_date", false, foundDeleted)
		return nil, &Response{
			SurveyID: doc.Partition.Key, ResponseID: doc.ID, LastModifiedDate: doc.DeletedAt,
			DeletedAt: &doc.DeletedAt, CDCDeletedAt: &doc.DeletedAt,
		}, nil
	}
	got, err := responseOf(doc)
	if err != nil {
		return nil, nil, err
	}
	row := c.response(got)
	row.SurveyID, row.ResponseID = doc.Partition.Key, doc.ID
	row.ResponseVersion = keep(c.texts[:], &c.taken.texts, c.word(got.AppendVersion(make([]byte, 0, 16))))
	row.LastModifiedDate = c.modifiedDate(doc, got, row.RecordedDate)
	return got, &row, nil
}

// response returns the columns that come from the record of a response alone.
func (c *cells) response(got *response.Response) Response {
	of := &got.Metadata
	return Response{
		RecordedDate:          c.time("recorded_date", of[response.RecordedDate]),
		StartDate:             c.time("start_date", of[response.StartDate]),
		EndDate:               c.time("end_date", of[response.EndDate]),
		Status:                c.integer("status", of[response.Status]),
		StatusLabel:           c.text("status_label", got.StatusLabel),
		Finished:              c.boolean("finished", of[response.Finished]),
		Progress:              c.integer("progress", of[response.Progress]),
		Duration:              c.integer("duration", of[response.Duration]),
		DistributionChannel:   c.text("distribution_channel", of[response.DistributionChannel]),
		UserLanguage:          c.text("user_language", of[response.UserLanguage]),
		IPAddress:             c.text("ip_address", of[response.IPAddress]),
		LocationLatitude:      c.number("location_latitude", of[response.LocationLatitude]),
		LocationLongitude:     c.number("location_longitude", of[response.LocationLongitude]),
		RecipientFirstName:    c.text("recipient_first_name", of[response.RecipientFirstName]),
		RecipientLastName:     c.text("recipient_last_name", of[response.RecipientLastName]),
		RecipientEmail:        c.text("recipient_email", of[response.RecipientEmail]),
		ExternalDataReference: c.text("external_data_reference", of[response.ExternalDataReference]),
		Values:                got.Answers,
		Labels:                got.Labels,
		DisplayedFields:       got.DisplayedFields,
		DisplayedValues:       got.DisplayedValues,
		EmbeddedData:          got.EmbeddedData,
	}
}

// modifiedDate returns the cursor: the modified date, or the recorded date where the
// export has none. Of two versions with one cursor, a destination keeps the version
// that was read last, which is newer.
func (c *cells) modifiedDate(doc *feed.Document, got *response.Response, recorded *time.Time) time.Time {
	const column = "last_modified_date"
	raw := got.Metadata[response.LastModifiedDate]
	switch sent := !absent(raw); {
	case !doc.DatedAt.IsZero():
		c.cursor(column, sent, timeOfRead)
		return doc.DatedAt
	case !got.ModifiedAt.IsZero():
		if text, ok := c.decoded(raw); ok {
			c.exact(column, text)
		}
		return got.ModifiedAt
	case recorded != nil && !recorded.IsZero():
		c.cursor(column, sent, recordedDate)
		return *recorded
	default:
		c.cursor(column, sent, timeOfRead)
		return doc.ReadAt
	}
}
