package stream_test

import (
	"errors"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/birdie-ai/source-qualtrics/source/feed"
	"github.com/birdie-ai/source-qualtrics/source/record"
)

// fullResponse has something for every column.
func fullResponse() *feed.Response {
	response := &feed.Response{
		ModifiedAt:      time.Date(2024, 8, 1, 9, 12, 45, 310_000_000, time.UTC),
		Answers:         []byte(`{"QID1":3,"QID2":1.0}`),
		EmbeddedData:    []byte(`{"plan":"gold"}`),
		Labels:          []byte(`{"QID1":"Product"}`),
		StatusLabel:     []byte(`"IP Address"`),
		DisplayedFields: []byte(`["QID1"]`),
		DisplayedValues: []byte(`{"QID1":[1,2,10.0]}`),
	}
	for which, value := range map[feed.Metadata]string{
		feed.StartDate: `"2024-07-08T15:58:03Z"`, feed.EndDate: `"2024-07-08T16:00:23Z"`, feed.RecordedDate: `"2024-07-08T16:00:23.994Z"`,
		feed.LastModifiedDate: `"2024-08-01T09:12:45.310Z"`, feed.RecordID: `"R_1"`, feed.Status: `0`, feed.Progress: `100`, feed.Duration: `139`,
		feed.Finished: `1`, feed.IPAddress: `"192.0.2.10"`, feed.LocationLatitude: `"40.5000"`, feed.LocationLongitude: `"-111.8000"`,
		feed.RecipientFirstName: `"Ann"`, feed.RecipientLastName: `"Lee"`, feed.RecipientEmail: `"ann@example.com"`,
		feed.ExternalDataReference: `4711`, feed.DistributionChannel: `"email"`, feed.UserLanguage: `"PT-BR"`,
	} {
		response.Metadata[which] = []byte(value)
	}
	return response
}

func TestProject_ResponsesFillEveryColumn(t *testing.T) {
	t.Parallel()
	got := project(t, "responses", &feed.Document{
		Partition: feed.Partition{Key: "SV_1", Name: "Survey"}, ID: "R_1", Content: fullResponse(), ReadAt: readAt,
	})
	want := map[string]string{
		"survey_id": `"SV_1"`, "response_id": `"R_1"`, "last_modified_date": `"2024-08-01T09:12:45.310Z"`,
		"recorded_date": `"2024-07-08T16:00:23.994Z"`, "start_date": `"2024-07-08T15:58:03Z"`, "end_date": `"2024-07-08T16:00:23Z"`,
		"status": `0`, "status_label": `"IP Address"`, "finished": `true`, "progress": `100`, "duration": `139`,
		"distribution_channel": `"email"`, "user_language": `"PT-BR"`, "ip_address": `"192.0.2.10"`,
		"location_latitude": `40.5000`, "location_longitude": `-111.8000`,
		"recipient_first_name": `"Ann"`, "recipient_last_name": `"Lee"`, "recipient_email": `"ann@example.com"`, "external_data_reference": `"4711"`,
		"values": `{"QID1":3,"QID2":1.0}`, "labels": `{"QID1":"Product"}`, "displayed_fields": `["QID1"]`,
		"displayed_values": `{"QID1":[1,2,10.0]}`, "embedded_data": `{"plan":"gold"}`,
		"deleted_at": `null`, "_ab_cdc_deleted_at": `null`, "response_version": version(t, fullResponse()),
	}
	got.compare(t, want)
	if len(want) != len(got.columns) || len(got.changes) != 0 {
		t.Errorf("got %d columns of which %d are compared, and the changes %v", len(got.columns), len(want), got.changes)
	}
}

func version(t *testing.T, response *feed.Response) string {
	t.Helper()
	hash, err := response.Version()
	if err != nil || len(hash) != 16 {
		t.Fatalf("got the version %q, %v", hash, err)
	}
	return `"` + hash + `"`
}

func TestProject_TheVersionOfAResponseIsThatOfItsContent(t *testing.T) {
	t.Parallel()
	first := version(t, fullResponse())
	same, other := fullResponse(), fullResponse()
	same.ModifiedAt, same.Metadata[feed.LastModifiedDate], same.Metadata[feed.RecordID] = time.Time{}, nil, nil
	same.Answers = []byte(`{"QID2":1.0,"QID1":3}`)
	other.Answers = []byte(`{"QID1":3,"QID2":1}`)
	if got := version(t, same); got != first {
		t.Errorf("got %s, want %s: order, id and modified date do not count", got, first)
	}
	if got := version(t, other); got == first {
		t.Errorf("another answer has the version %s, too", got)
	}
}

func TestProject_ADeletedResponseIsItsKeyAndWhenItWasFound(t *testing.T) {
	t.Parallel()
	gone := &feed.Document{Partition: feed.Partition{Key: "SV_1"}, ID: "R_1", DeletedAt: readAt, ReadAt: readAt}
	at := `"2026-03-04T05:06:07Z"`
	got := project(t, "responses", gone)
	got.compare(t, map[string]string{
		"survey_id": `"SV_1"`, "response_id": `"R_1"`, "last_modified_date": at, "deleted_at": at, "_ab_cdc_deleted_at": at,
	})
	if nulls := got.nulls(); len(nulls) != len(got.columns)-5 {
		t.Errorf("got the nulls %v", nulls)
	}
	project(t, "response_deletions", gone).compare(t, map[string]string{"survey_id": `"SV_1"`, "response_id": `"R_1"`, "deleted_at": at})
}

func TestProject_ResponsesAreNullWhereNothingCame(t *testing.T) {
	t.Parallel()
	got := project(t, "responses", &feed.Document{Partition: feed.Partition{Key: "SV_1"}, ID: "R_1", Content: &feed.Response{}, ReadAt: readAt})
	filled := map[string]string{
		"survey_id": `"SV_1"`, "response_id": `"R_1"`, "last_modified_date": `"2026-03-04T05:06:07Z"`,
		"response_version": version(t, &feed.Response{}),
	}
	got.compare(t, filled)
	if nulls := got.nulls(); len(nulls) != len(got.columns)-len(filled) || len(got.changes) != 0 {
		t.Errorf("got the nulls %v and the changes %v", nulls, got.changes)
	}
}

func TestProject_TheCursorOfAResponseHasAFallback(t *testing.T) {
	t.Parallel()
	modified, recorded := time.Date(2024, 8, 1, 0, 0, 0, 0, time.UTC), `"2024-07-08T16:00:23.994Z"`
	for name, test := range map[string]struct {
		modified time.Time
		recorded string
		want     string
	}{
		"modified":                           {modified, recorded, `"2024-08-01T00:00:00Z"`},
		"recorded where not modified":        {time.Time{}, recorded, `"2024-07-08T16:00:23.994Z"`},
		"read where neither":                 {time.Time{}, ``, `"2026-03-04T05:06:07Z"`},
		"read where the recorded one is bad": {time.Time{}, `"0000-00-00 00:00:00"`, `"2026-03-04T05:06:07Z"`},
	} {
		response := &feed.Response{ModifiedAt: test.modified}
		if test.recorded != "" {
			response.Metadata[feed.RecordedDate] = []byte(test.recorded)
		}
		got := project(t, "responses", &feed.Document{ID: "R_1", Content: response, ReadAt: readAt})
		if cursor := got.cell(t, "last_modified_date"); cursor != test.want {
			t.Errorf("%s: got %s, want %s", name, cursor, test.want)
		}
	}
}

func TestProject_RepairedTextIsSaidBesideWhatDoesNotFit(t *testing.T) {
	t.Parallel()
	response := fullResponse()
	response.Repaired = true
	response.Metadata[feed.Duration] = []byte(`"long"`)
	response.StatusLabel = []byte(`{}`)
	got := project(t, "responses", &feed.Document{ID: "R_1", Content: response, ReadAt: readAt})
	want := []record.Change{
		{Column: "status_label", Kind: record.Nulled, Reason: record.Unfit},
		{Column: "duration", Kind: record.Nulled, Reason: record.Unfit},
		{Column: "values", Kind: record.Truncated, Reason: record.Unfit},
	}
	if diff := cmp.Diff(want, got.changes); diff != "" {
		t.Errorf("changes (-want +got):\n%s", diff)
	}
	if nulls := got.nulls(); !slices.Equal(nulls, []string{"_ab_cdc_deleted_at", "deleted_at", "duration", "status_label"}) {
		t.Errorf("got the nulls %v", nulls)
	}
}

func TestProject_Surveys(t *testing.T) {
	t.Parallel()
	modified, created := time.Date(2020, 2, 20, 1, 19, 11, 0, time.UTC), time.Date(2020, 2, 20, 0, 35, 40, 0, time.UTC)
	full := &feed.Survey{ID: "SV_1", Name: "Beskar\u2028Armor", OwnerID: "UR_1", LastModified: modified, CreationDate: created, IsActive: true}
	for name, test := range map[string]struct {
		doc  feed.Document
		want map[string]string
	}{
		"full": {feed.Document{ID: "SV_1", Content: full, ReadAt: readAt}, map[string]string{
			"survey_id": `"SV_1"`, "last_modified": `"2020-02-20T01:19:11Z"`, "creation_date": `"2020-02-20T00:35:40Z"`,
			"name": `"Beskar\u2028Armor"`, "owner_id": `"UR_1"`, "is_active": `true`, "deleted_at": `null`,
		}},
		"inactive, without name, owner and creation date": {
			feed.Document{ID: "SV_1", Content: &feed.Survey{ID: "SV_1", LastModified: modified}, ReadAt: readAt},
			map[string]string{
				"survey_id": `"SV_1"`, "last_modified": `"2020-02-20T01:19:11Z"`, "creation_date": `null`,
				"name": `null`, "owner_id": `null`, "is_active": `false`, "deleted_at": `null`,
			},
		},
		"deleted": {feed.Document{ID: "SV_1", DeletedAt: readAt, ReadAt: readAt}, map[string]string{
			"survey_id": `"SV_1"`, "last_modified": `"2026-03-04T05:06:07Z"`, "creation_date": `null`,
			"name": `null`, "owner_id": `null`, "is_active": `null`, "deleted_at": `"2026-03-04T05:06:07Z"`,
		}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got := project(t, "surveys", &test.doc)
			got.compare(t, test.want)
			if len(test.want) != len(got.columns) {
				t.Errorf("got %d columns, want %d", len(got.columns), len(test.want))
			}
		})
	}
}

func TestProject_Contacts(t *testing.T) {
	t.Parallel()
	created, modified, left := time.Date(2021, 1, 1, 0, 0, 0, 0, time.UTC), time.Date(2022, 1, 1, 0, 0, 0, 0, time.UTC), time.Date(2022, 6, 1, 0, 0, 0, 0, time.UTC)
	full := &feed.Contact{
		ID: "CID_1", FirstName: pointer("Ann"), LastName: pointer("Lee"), Email: pointer("ann@example.com"), Phone: pointer("+1 555 0100"),
		ExternalReference: pointer("4711"), Language: pointer("en"), Unsubscribed: pointer(true), UnsubscribedAt: &left, CreatedAt: &created, ModifiedAt: &modified,
		EmbeddedData: []byte(`{"plan":"gold"}`), Stats: []byte(`{"n":1.0}`), SegmentMembership: []byte(`{}`),
	}
	got := project(t, "contacts", &feed.Document{Partition: feed.Partition{Key: "POOL_1"}, ID: "CID_1", Content: full, ReadAt: readAt})
	want := map[string]string{
		"directory_id": `"POOL_1"`, "contact_id": `"CID_1"`, "last_modified": `"2022-01-01T00:00:00Z"`, "creation_date": `"2021-01-01T00:00:00Z"`,
		"first_name": `"Ann"`, "last_name": `"Lee"`, "email": `"ann@example.com"`, "phone": `"+1 555 0100"`, "external_data_reference": `"4711"`,
		"language": `"en"`, "unsubscribed": `true`, "unsubscribe_date": `"2022-06-01T00:00:00Z"`,
		"embedded_data": `{"plan":"gold"}`, "stats": `{"n":1.0}`, "segment_membership": `{}`, "deleted_at": "null", "_ab_cdc_deleted_at": "null",
	}
	got.compare(t, want)
	if len(want) != len(got.columns) {
		t.Errorf("got %d columns of which %d are compared", len(got.columns), len(want))
	}

	gone := project(t, "contacts", &feed.Document{Partition: feed.Partition{Key: "POOL_1"}, ID: "CID_1", DeletedAt: left, ReadAt: readAt})
	at := `"2022-06-01T00:00:00Z"`
	tombstone := map[string]string{"directory_id": `"POOL_1"`, "contact_id": `"CID_1"`, "last_modified": at, "deleted_at": at, "_ab_cdc_deleted_at": at}
	gone.compare(t, tombstone)
	if nulls := gone.nulls(); len(nulls) != len(gone.columns)-len(tombstone) {
		t.Errorf("a deleted contact has %d columns without a value of %d", len(nulls), len(gone.columns))
	}

	bare := project(t, "contacts", &feed.Document{Partition: feed.Partition{Key: "POOL_1"}, ID: "CID_1", Content: &feed.Contact{ID: "CID_1"}, ReadAt: readAt})
	filled := map[string]string{"directory_id": `"POOL_1"`, "contact_id": `"CID_1"`, "last_modified": `"2026-03-04T05:06:07Z"`}
	bare.compare(t, filled)
	if nulls := bare.nulls(); len(nulls) != len(bare.columns)-len(filled) {
		t.Errorf("got the nulls %v", nulls)
	}
}

func TestProject_RefusesAnotherFeedsDocument(t *testing.T) {
	t.Parallel()
	contents := map[string]any{"surveys": &feed.Survey{}, "responses": &feed.Response{}, "contacts": &feed.Contact{}}
	for name := range contents {
		for of, content := range contents {
			if of == name {
				continue
			}
			err := byName(t, name).Rows(&feed.Document{ID: "X_1", Content: content}, func(record.Row) error {
				t.Errorf("%s made a row of a document of %s", name, of)
				return nil
			})
			if err == nil || !strings.Contains(err.Error(), "X_1") || !strings.Contains(err.Error(), reflect.TypeOf(content).String()) {
				t.Errorf("%s of a document of %s: got %v, want an error with the id and the type", name, of, err)
			}
		}
	}
}

func TestRows_ReturnsTheErrorOfWhoeverTakesThem(t *testing.T) {
	t.Parallel()
	full := errors.New("the disk is full")
	err := byName(t, "responses").Rows(&feed.Document{ID: "R_1", Content: fullResponse()}, func(record.Row) error { return full })
	if !errors.Is(err, full) {
		t.Errorf("got %v, want %v", err, full)
	}
}
