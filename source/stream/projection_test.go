package stream_test

import (
	"reflect"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/birdie-ai/source-qualtrics/source/feed"
	"github.com/birdie-ai/source-qualtrics/source/record"
	"github.com/birdie-ai/source-qualtrics/source/response"
)

// fullResponse has something for every column.
func fullResponse() *response.Response {
	full := &response.Response{
		ModifiedAt:      time.Date(2024, 8, 1, 9, 12, 45, 310_000_000, time.UTC),
		Answers:         []byte(`{"QID1":3,"QID2":1.0}`),
		EmbeddedData:    []byte(`{"plan":"gold"}`),
		Labels:          []byte(`{"QID1":"Product"}`),
		StatusLabel:     []byte(`"IP Address"`),
		DisplayedFields: []byte(`["QID1"]`),
		DisplayedValues: []byte(`{"QID1":[1,2,10.0]}`),
	}
	for which, value := range map[response.Metadata]string{
		response.StartDate: `"2024-07-08T15:58:03Z"`, response.EndDate: `"2024-07-08T16:00:23Z"`, response.RecordedDate: `"2024-07-08T16:00:23.994Z"`,
		response.LastModifiedDate: `"2024-08-01T09:12:45.310Z"`, response.RecordID: `"R_1"`, response.Status: `0`, response.Progress: `100`, response.Duration: `139`,
		response.Finished: `1`, response.IPAddress: `"192.0.2.10"`, response.LocationLatitude: `"40.5000"`, response.LocationLongitude: `"-111.8000"`,
		response.RecipientFirstName: `"Ann"`, response.RecipientLastName: `"Lee"`, response.RecipientEmail: `"ann@example.com"`,
		response.ExternalDataReference: `4711`, response.DistributionChannel: `"email"`, response.UserLanguage: `"PT-BR"`,
	} {
		full.Metadata[which] = []byte(value)
	}
	return full
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
		"answer_values": `{"QID1":3,"QID2":1.0}`, "answer_labels": `{"QID1":"Product"}`, "displayed_fields": `["QID1"]`,
		"displayed_values": `{"QID1":[1,2,10.0]}`, "embedded_data": `{"plan":"gold"}`,
		"deleted_at": `null`, "_ab_cdc_deleted_at": `null`, "response_version": version(t, fullResponse()),
	}
	got.compare(t, want)
	if len(want) != len(got.columns) || len(got.changes) != 0 {
		t.Errorf("got %d columns of which %d are compared, and the changes %v", len(got.columns), len(want), got.changes)
	}
}

func version(t *testing.T, full *response.Response) string {
	t.Helper()
	hash := string(full.AppendVersion(nil))
	if len(hash) != 16 {
		t.Fatalf("got the version %q", hash)
	}
	return `"` + hash + `"`
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
	got := project(t, "responses", &feed.Document{Partition: feed.Partition{Key: "SV_1"}, ID: "R_1", Content: &response.Response{}, ReadAt: readAt})
	filled := map[string]string{
		"survey_id": `"SV_1"`, "response_id": `"R_1"`, "last_modified_date": `"2026-03-04T05:06:07Z"`,
		"response_version": version(t, &response.Response{}),
	}
	got.compare(t, filled)
	if nulls := got.nulls(); len(nulls) != len(got.columns)-len(filled) {
		t.Errorf("got the nulls %v", nulls)
	}
	if diff := cmp.Diff([]record.Change{record.Invent("last_modified_date", "the time of the read")}, got.changes); diff != "" {
		t.Errorf("changes (-want +got):\n%s", diff)
	}
}

func TestProject_TheCursorOfAResponseHasAFallback(t *testing.T) {
	t.Parallel()
	const column = "last_modified_date"
	modified, recorded := time.Date(2024, 8, 1, 0, 0, 0, 0, time.UTC), `"2024-07-08T16:00:23.994Z"`
	for name, test := range map[string]struct {
		modified time.Time
		recorded string
		sent     string // the modified date
		want     string
		change   []record.Change
	}{
		"modified":                            {modified, recorded, ``, `"2024-08-01T00:00:00Z"`, nil},
		"recorded where not modified":         {time.Time{}, recorded, ``, `"2024-07-08T16:00:23.994Z"`, []record.Change{record.Invent(column, "the recorded date")}},
		"recorded where that is bad":          {time.Time{}, recorded, `"soon"`, `"2024-07-08T16:00:23.994Z"`, []record.Change{record.Replace(column, "the recorded date")}},
		"read where neither":                  {time.Time{}, ``, ``, `"2026-03-04T05:06:07Z"`, []record.Change{record.Invent(column, "the time of the read")}},
		"read where the recorded one is bad":  {time.Time{}, `"0000-00-00 00:00:00"`, ``, `"2026-03-04T05:06:07Z"`, []record.Change{record.Null("recorded_date"), record.Invent(column, "the time of the read")}},
		"read where the recorded one is none": {time.Time{}, `"0001-01-01T00:00:00Z"`, ``, `"2026-03-04T05:06:07Z"`, []record.Change{record.Invent(column, "the time of the read")}},
		"a leap second":                       {time.Date(2017, 1, 1, 0, 0, 0, 0, time.UTC), recorded, `"2016-12-31T23:59:60Z"`, `"2017-01-01T00:00:00Z"`, []record.Change{record.Round(column, "the second after the leap second")}},
		"picoseconds":                         {modified, recorded, `"2024-08-01T00:00:00.0000000001Z"`, `"2024-08-01T00:00:00Z"`, []record.Change{record.Round(column, "whole nanoseconds")}},
		"zeros beyond nanoseconds":            {modified, recorded, `"2024-08-01T00:00:00.000000000000Z"`, `"2024-08-01T00:00:00Z"`, nil},
	} {
		full := &response.Response{ModifiedAt: test.modified}
		if test.recorded != "" {
			full.Metadata[response.RecordedDate] = []byte(test.recorded)
		}
		if test.sent != "" {
			full.Metadata[response.LastModifiedDate] = []byte(test.sent)
		}
		got := project(t, "responses", &feed.Document{ID: "R_1", Content: full, ReadAt: readAt})
		if cursor := got.cell(t, "last_modified_date"); cursor != test.want {
			t.Errorf("%s: got %s, want %s", name, cursor, test.want)
		}
		if diff := cmp.Diff(test.change, got.changes); diff != "" {
			t.Errorf("%s: changes (-want +got):\n%s", name, diff)
		}
	}
}

func TestProject_RepairedTextIsSaidBesideWhatDoesNotFit(t *testing.T) {
	t.Parallel()
	full := fullResponse()
	full.Repaired, full.Labels = true, []byte("{\"QID1\":\"Pro\ufffduct\"}")
	full.Metadata[response.Duration] = []byte(`"long"`)
	full.StatusLabel = []byte(`{}`)
	got := project(t, "responses", &feed.Document{ID: "R_1", Content: full, ReadAt: readAt})
	want := []record.Change{
		record.Null("status_label"),
		record.Null("duration"),
		record.Repair("answer_labels"),
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

func TestProject_AContactWithoutAModifiedDateHasTheDateOfItsDocument(t *testing.T) {
	t.Parallel()
	unreadable := []feed.Altered{{Field: "ModifiedAt", How: feed.Unreadable}}
	for name, test := range map[string]struct {
		altered []feed.Altered
		datedAt time.Time
		date    string
		change  record.Change
	}{
		"no date sent":                        {nil, readAt.Add(-time.Hour), `"2026-03-04T04:06:07Z"`, record.Invent("last_modified", "shortly before the read")},
		"an unreadable date":                  {unreadable, readAt.Add(-time.Hour), `"2026-03-04T04:06:07Z"`, record.Replace("last_modified", "shortly before the read")},
		"no date by the feed":                 {nil, time.Time{}, `"2026-03-04T05:06:07Z"`, record.Invent("last_modified", "the time of the read")},
		"unreadable, and no date by the feed": {unreadable, time.Time{}, `"2026-03-04T05:06:07Z"`, record.Replace("last_modified", "the time of the read")},
	} {
		doc := feed.Document{Partition: feed.Partition{Key: "POOL_1"}, ID: "CID_1", Content: &feed.Contact{ID: "CID_1", Altered: test.altered}, ReadAt: readAt, DatedAt: test.datedAt}
		got := project(t, "contacts", &doc)
		got.compare(t, map[string]string{"directory_id": `"POOL_1"`, "contact_id": `"CID_1"`, "last_modified": test.date})
		if !slices.Equal(got.changes, []record.Change{test.change}) {
			t.Errorf("%s: got the changes %v, want %v", name, got.changes, test.change)
		}
	}
}

func TestProject_RefusesAnotherFeedsDocument(t *testing.T) {
	t.Parallel()
	contents := map[string]any{"surveys": &feed.Survey{}, "responses": &response.Response{}, "contacts": &feed.Contact{}}
	for name := range contents {
		for of, content := range contents {
			if of == name {
				continue
			}
			rows, err := byName(t, name).Projector(record.Format{}).Rows(&feed.Document{ID: "X_1", Content: content})
			if len(rows) > 0 {
				t.Errorf("%s made a row of a document of %s", name, of)
			}
			if err == nil || !strings.Contains(err.Error(), "X_1") || !strings.Contains(err.Error(), reflect.TypeOf(content).String()) {
				t.Errorf("%s of a document of %s: got %v, want an error with the id and the type", name, of, err)
			}
		}
	}
}

// A tombstone carries a date that Qualtrics did not send.
func TestProject_TheDateOfATombstoneIsInvented(t *testing.T) {
	t.Parallel()
	for name, column := range map[string]string{"surveys": "last_modified", "responses": "last_modified_date", "contacts": "last_modified"} {
		got := project(t, name, &feed.Document{Partition: feed.Partition{Key: "SV_1"}, ID: "1", DeletedAt: readAt, ReadAt: readAt})
		if diff := cmp.Diff([]record.Change{record.Invent(column, "when it was found deleted")}, got.changes); diff != "" {
			t.Errorf("%s: changes (-want +got):\n%s", name, diff)
		}
	}
}

// Of a response that came by its own call the modified date is not known.
func TestProject_AResponseOfItsOwnCallIsDatedByTheRead(t *testing.T) {
	t.Parallel()
	full := fullResponse()
	full.Metadata[response.LastModifiedDate], full.ModifiedAt = nil, time.Time{}
	dated := readAt.Add(time.Second)
	got := project(t, "responses", &feed.Document{ID: "R_1", Content: full, ReadAt: readAt, DatedAt: dated})
	if date := string(got.columns["last_modified_date"]); date != strconv.Quote(dated.Format(time.RFC3339)) {
		t.Errorf("last_modified_date is %s, want %s", date, dated)
	}
	if diff := cmp.Diff([]record.Change{record.Invent("last_modified_date", "the time of the read")}, got.changes); diff != "" {
		t.Errorf("changes (-want +got):\n%s", diff)
	}
}

// A record above the size limit says which columns lost a text.
func TestProject_AShortenedRecordSaysWhereTextsAreMissing(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		change func(*response.Response)
		want   []string
	}{
		"of an answer":        {func(r *response.Response) { r.Answers = []byte(`{"QID1":3,"QID2_TEXT":null}`) }, []string{"answer_values"}},
		"of embedded data":    {func(r *response.Response) { r.EmbeddedData = []byte(`{"notes":null}`) }, []string{"embedded_data"}},
		"of a member of none": {func(*response.Response) {}, []string{"answer_values"}},
	} {
		full := fullResponse()
		full.Shortened = true
		test.change(full)
		got := project(t, "responses", &feed.Document{ID: "R_1", Content: full, ReadAt: readAt})
		var want []record.Change
		for _, column := range test.want {
			want = append(want, record.Shorten(column))
		}
		if diff := cmp.Diff(want, got.changes); diff != "" {
			t.Errorf("%s: changes (-want +got):\n%s", name, diff)
		}
	}
}

// Every field of a survey or contact that can be altered is reported with its column.
func TestProject_EveryFieldHasAColumnToTellOf(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		fields any
		make   func(altered feed.Altered) any
		own    []string // fields that are no columns, or cannot be altered
	}{
		"surveys":  {feed.Survey{}, func(a feed.Altered) any { return &feed.Survey{LastModified: readAt, Altered: []feed.Altered{a}} }, []string{"ID", "Altered", "ActiveUnknown", "Read"}},
		"contacts": {feed.Contact{}, func(a feed.Altered) any { return &feed.Contact{ModifiedAt: &readAt, Altered: []feed.Altered{a}} }, []string{"ID", "Altered", "Raw"}},
	} {
		for field := range reflect.TypeOf(test.fields).Fields() {
			if slices.Contains(test.own, field.Name) {
				continue
			}
			got := project(t, name, &feed.Document{ID: "1", Content: test.make(feed.Altered{Field: field.Name, How: feed.Unreadable}), ReadAt: readAt})
			if cursor := strings.HasPrefix(field.Name, "LastModified") || field.Name == "ModifiedAt"; len(got.changes) != 1 && !cursor {
				t.Errorf("%s.%s: got the changes %v", name, field.Name, got.changes)
			}
		}
	}
}

// Text that was read as if its control characters were escaped holds no U+FFFD.
func TestProject_ControlCharactersWithoutAnEscapeAreCounted(t *testing.T) {
	t.Parallel()
	full := fullResponse()
	full.Repaired, full.Answers = true, []byte(`{"QID1_TEXT":"a\u001ab"}`)
	got := project(t, "responses", &feed.Document{ID: "R_1", Content: full, ReadAt: readAt})
	if diff := cmp.Diff([]record.Change{record.Round("answer_values", "control characters as if they were escaped")}, got.changes); diff != "" {
		t.Errorf("changes (-want +got):\n%s", diff)
	}
}
