package qualtrics_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/birdie-ai/source-qualtrics/source/qualtrics"
)

// The three shapes that the API has for one contact (API §4.2).
const (
	listedContact = `{"contactId":"CID_1","firstName":"Ada","lastName":null,"email":"ada@example.com","phone":"+1","extRef":"e-1","language":"en",
		"unsubscribed":true,"embeddedData":{"b":"2","a":"1"}}`
	searchedContact = `{"id":"CID_1","creationDate":"2026-01-15 12:00:00","lastModified":"2026-01-15 13:00:00","firstName":"Ada","lastName":null,"email":"ada@example.com",
		"phoneNumber":"+1","externalDataReference":"e-1","language":"en","unsubscribed":"1","unsubscribeDate":"2026-01-15 14:00:00",
		"stats":[],"embeddedData":{"b":"2","a":"1"},"segmentMembership":[]}`
	detailedContact = `{"contactId":"CID_1","firstName":"Ada","lastName":null,"email":"ada@example.com","emailDomain":"example.com","phone":"+1","extRef":"e-1","language":"en",
		"creationDate":1768478400000,"lastModified":1768482000000,"embeddedData":{"b":"2","a":"1"},"directoryUnsubscribed":true,"directoryUnsubscribeDate":1768485600000,
		"stats":{},"segmentMembership":{},"skipped":null}`
)

func TestContacts_EveryShapeSaysTheSame(t *testing.T) {
	t.Parallel()
	created := time.Date(2026, 1, 15, 12, 0, 0, 0, time.UTC)
	dated := qualtrics.Contact{
		ID: "CID_1", FirstName: new("Ada"), Email: new("ada@example.com"), Phone: new("+1"), ExternalReference: new("e-1"), Language: new("en"),
		Unsubscribed: new(true), UnsubscribedAt: new(created.Add(2 * time.Hour)), CreatedAt: &created, ModifiedAt: new(created.Add(time.Hour)),
		EmbeddedData: json.RawMessage(`{"b":"2","a":"1"}`), Stats: json.RawMessage(`{}`), SegmentMembership: json.RawMessage(`{}`),
	}
	undated := dated
	undated.UnsubscribedAt, undated.CreatedAt, undated.ModifiedAt, undated.Stats, undated.SegmentMembership = nil, nil, nil, nil, nil
	for shape, want := range map[string]qualtrics.Contact{listedContact: undated, searchedContact: dated, detailedContact: dated} {
		c := client(t, func(*http.Request) *http.Response { return ok(`{"elements":[` + shape + `]}`) })
		want.Raw = json.RawMessage(shape)
		listed, err := collect(c.Contacts(t.Context(), "POOL_1"))
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff([]qualtrics.Contact{want}, listed); diff != "" {
			t.Errorf("listed %s:\n%s", shape, diff)
		}
		var found []qualtrics.Contact
		for each, err := range c.SearchContacts(t.Context(), "POOL_1", qualtrics.ContactFilter{}) {
			if err != nil {
				t.Fatal(err)
			}
			found = append(found, each.Contact())
		}
		if diff := cmp.Diff([]qualtrics.Contact{want}, found); diff != "" {
			t.Errorf("found %s:\n%s", shape, diff)
		}
	}
}

// contact reads one contact with a member of any form.
func contact(t *testing.T, member string) qualtrics.Contact {
	t.Helper()
	c := client(t, func(*http.Request) *http.Response { return ok(`{"elements":[{"contactId":"CID_1",` + member + `}]}`) })
	contacts, err := collect(c.Contacts(t.Context(), "POOL_1"))
	if err != nil || len(contacts) != 1 {
		t.Fatalf("%s: got %v, %v", member, contacts, err)
	}
	return contacts[0]
}

func TestContacts_DatesComeInManyForms(t *testing.T) {
	t.Parallel()
	at := new(time.Date(2026, 1, 15, 12, 0, 0, 0, time.UTC))
	for value, want := range map[string]*time.Time{
		`1768478400000`: at, `"1768478400000"`: at, `1768478400123`: new(at.Add(123 * time.Millisecond)),
		`"2026-01-15T12:00:00Z"`: at, `"2026-01-15T14:00:00+02:00"`: at, `"2026-01-15T12:00:00.5Z"`: new(at.Add(500 * time.Millisecond)),
		`"2026-01-15T12:00:00"`: at, `"2026-01-15 12:00:00"`: at, `"2026-01-15"`: new(at.Add(-12 * time.Hour)),
		`-1000`: new(time.Date(1969, 12, 31, 23, 59, 59, 0, time.UTC)), `0`: new(time.Unix(0, 0).UTC()),
		`null`: nil, `""`: nil, `"soon"`: nil, `"0000-00-00 00:00:00"`: nil, `"2026-13-45 12:00:00"`: nil, `true`: nil, `[]`: nil, `{}`: nil, `1e400`: nil,
	} {
		if diff := cmp.Diff(want, contact(t, `"creationDate":`+value).CreatedAt); diff != "" {
			t.Errorf("%s:\n%s", value, diff)
		}
	}
}

func TestContacts_FlagsComeInManyForms(t *testing.T) {
	t.Parallel()
	for value, want := range map[string]*bool{
		`true`: new(true), `1`: new(true), `"1"`: new(true), `"true"`: new(true),
		`false`: new(false), `0`: new(false), `"0"`: new(false), `"false"`: new(false),
		`null`: nil, `""`: nil, `2`: nil, `"yes"`: nil, `[]`: nil,
	} {
		if diff := cmp.Diff(want, contact(t, `"unsubscribed":`+value).Unsubscribed); diff != "" {
			t.Errorf("%s:\n%s", value, diff)
		}
	}
}

func TestContacts_TextsComeAsNumbersToo(t *testing.T) {
	t.Parallel()
	for value, want := range map[string]*string{
		`"x"`: new("x"), `""`: new(""), `12`: new("12"), `12345678901234567890`: new("12345678901234567890"), `"\u00e9\n"`: new("é\n"),
		`null`: nil, `true`: nil, `[]`: nil, `{"a":1}`: nil,
	} {
		if diff := cmp.Diff(want, contact(t, `"extRef":`+value).ExternalReference); diff != "" {
			t.Errorf("%s:\n%s", value, diff)
		}
	}
}

func TestContacts_MapsAreObjectsOnOneLine(t *testing.T) {
	t.Parallel()
	for value, want := range map[string]string{
		`[]`: "{}", "[ \n\t]": "{}", `{}`: "{}", "{\n \"b\" : [1, {\"c\": null}],\r\n \"a\":\"1\"\n}": `{"b":[1,{"c":null}],"a":"1"}`,
		`{"n":12345678901234567890.10}`: `{"n":12345678901234567890.10}`,
		`null`:                          "", `"text"`: "", `7`: "", `["a"]`: "", `[[]]`: "", `true`: "",
	} {
		if got := contact(t, `"embeddedData":`+value).EmbeddedData; string(got) != want {
			t.Errorf("%s: got %s, want %s", value, got, want)
		}
	}
}

// A field that differs from its member is reported beside it.
func TestContacts_SayWhichFieldsAreNotAsTheyCame(t *testing.T) {
	t.Parallel()
	unreadable := func(field string) []qualtrics.Altered {
		return []qualtrics.Altered{{Field: field, How: qualtrics.Unreadable}}
	}
	repaired := func(field string) []qualtrics.Altered {
		return []qualtrics.Altered{{Field: field, How: qualtrics.Repaired}}
	}
	for member, want := range map[string][]qualtrics.Altered{
		`"firstName":"Ada","email":null,"phone":"","creationDate":"","stats":null`: nil,
		`"firstName":{"a":1}`:                     unreadable("FirstName"),
		`"lastName":true`:                         unreadable("LastName"),
		`"language":["EN"]`:                       unreadable("Language"),
		`"unsubscribed":"maybe"`:                  unreadable("Unsubscribed"),
		`"unsubscribeDate":"0000-00-00 00:00:00"`: unreadable("UnsubscribedAt"),
		`"creationDate":"long ago"`:               unreadable("CreatedAt"),
		`"creationDate":999999999999999999`:       unreadable("CreatedAt"),
		`"lastModified":{}`:                       unreadable("ModifiedAt"),
		`"embeddedData":"none"`:                   unreadable("EmbeddedData"),
		`"stats":["a"]`:                           unreadable("Stats"),
		`"segmentMembership":7`:                   unreadable("SegmentMembership"),
		"\"email\":\"a\xffb\"":                    repaired("Email"),
		`"extRef":"a\ud800b"`:                     repaired("ExternalReference"),
		`"extRef":"a\ufffdb"`:                     nil,
		"\"phone\":\"a\ufffdb\"":                  nil,
		"\"embeddedData\":{\"a\":\"\xff\"}":       repaired("EmbeddedData"),
		`"embeddedData":{"a":"1","a":"2"}`:        {{Field: "EmbeddedData", How: qualtrics.Renamed}},
		`"segmentMembership":{"S":{"a":1,"a":2}}`: {{Field: "SegmentMembership", How: qualtrics.Renamed}},
	} {
		if diff := cmp.Diff(want, contact(t, member).Altered); diff != "" {
			t.Errorf("%s (-want +got):\n%s", member, diff)
		}
	}
	for value, want := range map[string]string{
		`{"a":"1","a":"2"}`:                 `{"a":"1","a_dup":"2"}`,
		`{"a":1,"a_dup":2,"a":3,"a":4}`:     `{"a":1,"a_dup":2,"a_dup2":3,"a_dup3":4}`,
		`{"b":{"a":1,"a":[{"c":1,"c":2}]}}`: `{"b":{"a":1,"a_dup":[{"c":1,"c_dup":2}]}}`,
	} {
		if got := contact(t, `"embeddedData":`+value).EmbeddedData; string(got) != want {
			t.Errorf("%s: got %s, want %s", value, got, want)
		}
	}
}

func TestContacts_NamesAreTakenByTheirExactSpelling(t *testing.T) {
	t.Parallel()
	if got := contact(t, `"Email":"wrong@example.com","EMAIL":"wrong@example.com"`); got.Email != nil {
		t.Errorf("got %q", *got.Email)
	}
	if got := contact(t, `"email":"right@example.com","Email":"wrong@example.com"`); got.Email == nil || *got.Email != "right@example.com" {
		t.Errorf("got %v", got.Email)
	}
	if got := contact(t, `"phone":null,"phoneNumber":"+1"`); got.Phone == nil || *got.Phone != "+1" {
		t.Errorf("got %v", got.Phone)
	}
}

func TestSurveys_ReadEveryForm(t *testing.T) {
	t.Parallel()
	c := client(t, func(*http.Request) *http.Response {
		return ok(`{"elements":[
			{"id":"SV_1","name":"a","ownerId":"UR_1","lastModified":"2026-01-15T12:00:00Z","creationDate":"2026-01-14T12:00:00Z","isActive":true},
			{"id":"SV_2","name":null,"ownerId":null,"lastModified":null,"creationDate":"0000-00-00 00:00:00","isActive":null},
			{"id":"SV_3","name":2026,"lastModified":"later","isActive":"1"},
			{"id":"SV_4"}]}`)
	})
	got, err := collect(c.Surveys(t.Context()))
	if err != nil {
		t.Fatal(err)
	}
	at := time.Date(2026, 1, 15, 12, 0, 0, 0, time.UTC)
	want := []qualtrics.Survey{
		{Read: true, ID: "SV_1", Name: "a", OwnerID: "UR_1", LastModified: at, CreationDate: at.AddDate(0, 0, -1), IsActive: true},
		{Read: true, ID: "SV_2", ActiveUnknown: true, Altered: []qualtrics.Altered{{Field: "CreationDate", How: qualtrics.Unreadable}}},
		{Read: true, ID: "SV_3", Name: "2026", IsActive: true, Altered: []qualtrics.Altered{{Field: "LastModified", How: qualtrics.Unreadable}}},
		{Read: true, ID: "SV_4", ActiveUnknown: true},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

func TestSurvey_PHPsTypesVary(t *testing.T) {
	t.Parallel()
	const head = `{"id":"SV_1","name":"n","ownerId":"UR_1","organizationId":"brand","isActive":true,"lastModifiedDate":"2026-01-15T12:00:00Z"`
	at := time.Date(2026, 1, 15, 12, 0, 0, 0, time.UTC)
	plain := qualtrics.SurveyDetail{
		Survey:         qualtrics.Survey{Read: true, ID: "SV_1", Name: "n", OwnerID: "UR_1", IsActive: true, LastModified: at},
		OrganizationID: "brand",
	}
	full := plain
	full.Counts = &qualtrics.ResponseCounts{Auditable: 44, Generated: 1, Deleted: 2}
	full.EmbeddedData, full.QuestionIDs = []string{"a", "b"}, []string{"QID1", "QID2"}
	for name, test := range map[string]struct {
		members string
		want    qualtrics.SurveyDetail
	}{
		"full":                  {`"responseCounts":{"auditable":44,"generated":1,"deleted":2},"embeddedData":[{"name":"a","defaultValue":"1"},{"name":"b"}],"questions":{"QID1":{},"QID2":[]}`, full},
		"texts for numbers":     {`"responseCounts":{"auditable":"44","generated":"1","deleted":"2"},"embeddedData":[{"name":"a"},{"name":"b"}],"questions":{"QID1":null,"QID2":""}`, full},
		"floats for numbers":    {`"responseCounts":{"auditable":44.0,"generated":1.0,"deleted":"2.0"},"embeddedData":[{"name":"a"},{"name":"b"}],"questions":{"QID1":null,"QID2":""}`, full},
		"an object for a list":  {`"responseCounts":{"auditable":44,"generated":1,"deleted":2},"embeddedData":{"1":{"name":"a"},"3":{"name":"b"}},"questions":{"QID1":{},"QID2":{}}`, full},
		"empty arrays":          {`"responseCounts":[],"embeddedData":[],"questions":[]`, plain},
		"empty objects":         {`"responseCounts":{},"embeddedData":{},"questions":{}`, plain},
		"nulls":                 {`"responseCounts":null,"embeddedData":null,"questions":null`, plain},
		"false":                 {`"responseCounts":false,"embeddedData":false,"questions":false`, plain},
		"nameless data":         {`"responseCounts":{"auditable":null,"generated":"many","deleted":[]},"embeddedData":[{},null,"a",{"name":null}],"questions":[{}]`, plain},
		"one count is missing":  {`"responseCounts":{"auditable":44,"generated":1}`, plain},
		"one count is negative": {`"responseCounts":{"auditable":44,"generated":-1,"deleted":2}`, plain},
		"nothing":               {`"expiration":[]`, plain},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got, err := client(t, func(r *http.Request) *http.Response {
				if r.URL.Path != "/API/v3/surveys/SV_1" {
					t.Errorf("got %s", r.URL)
				}
				return ok(head + "," + test.members + "}")
			}).Survey(t.Context(), "SV_1")
			if err != nil {
				t.Fatal(err)
			}
			slices.Sort(got.QuestionIDs)
			if listed := name != "nulls" && name != "false" && name != "nameless data" && strings.Contains(test.members, `"questions"`); got.ListsQuestions != listed {
				t.Errorf("got a list of questions: %t", got.ListsQuestions)
			}
			got.Questions, got.ListsQuestions = nil, false
			if diff := cmp.Diff(test.want, got); diff != "" {
				t.Error(diff)
			}
		})
	}
}

// unreadable checks that a call whose answers lack a member fails after the usual
// tries with an error that a later run may not see, and that says what is missing.
func unreadable(t *testing.T, result, says string, call func(context.Context, *qualtrics.Client) error) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		s, calls := script(func() *http.Response { return ok(result) })
		err := call(t.Context(), client(t, s))
		if err == nil || !strings.Contains(err.Error(), says) || qualtrics.Kind(err) != qualtrics.KindTransient || *calls != 8 {
			t.Errorf("%s: got kind %d, %v after %d calls, want a transient error after 8 that says %q", result, qualtrics.Kind(err), err, *calls, says)
		}
	})
}

func TestSurvey_WithoutItsOwnIDIsUnreadable(t *testing.T) {
	t.Parallel()
	for result, says := range map[string]string{
		`{}`: "a survey has no id", `[]`: "a survey has no id", `"SV_1"`: "a survey has no id", `{"id":""}`: "a survey has no id", `{"id":[]}`: "a survey has no id",
		`{"id":"SV_2","name":"another"}`: `it is about survey "SV_2"`,
	} {
		unreadable(t, result, says, func(ctx context.Context, c *qualtrics.Client) error {
			_, err := c.Survey(ctx, "SV_1")
			return err
		})
	}
}

func TestResponse_WithoutAnIDIsUnreadable(t *testing.T) {
	t.Parallel()
	for _, result := range []string{`{}`, `[]`, `{"values":{}}`, `{"responseId":null}`} {
		unreadable(t, result, "it holds no responseId", func(ctx context.Context, c *qualtrics.Client) error {
			_, err := c.Response(ctx, "SV_1", "R_1")
			return err
		})
	}
}

func TestDefinition_TellsNoQuestionsFromAnAnswerWithoutThem(t *testing.T) {
	t.Parallel()
	for result, want := range map[string]qualtrics.SurveyDefinition{
		`{"BrandID":"brand","SurveyID":"SV_1","LastModified":"2026-03-01T10:00:00Z","Questions":[],"Blocks":[]}`: {BrandID: "brand", LastModified: time.Date(2026, 3, 1, 10, 0, 0, 0, time.UTC), Questions: []qualtrics.Question{}},
		`{"BrandID":"brand","Questions":{},"Blocks":null,"QuestionCount":7}`:                                     {BrandID: "brand", Questions: []qualtrics.Question{}},
		`{"BrandID":null,"brandid":"wrong","Questions":null}`:                                                    {},
		`{"BrandID":"brand"}`: {BrandID: "brand"},
	} {
		got, err := client(t, func(r *http.Request) *http.Response {
			if r.URL.RequestURI() != "/API/v3/survey-definitions/SV_1" {
				t.Errorf("got %s", r.URL)
			}
			return ok(result)
		}).Definition(t.Context(), "SV_1")
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Error(diff)
		}
	}
	for _, result := range []string{`[]`, `7`} {
		unreadable(t, result, "it is no object", func(ctx context.Context, c *qualtrics.Client) error {
			_, err := c.Definition(ctx, "SV_1")
			return err
		})
	}
	unreadable(t, `{"SurveyID":"SV_2","Questions":[]}`, "it is about survey", func(ctx context.Context, c *qualtrics.Client) error {
		_, err := c.Definition(ctx, "SV_1")
		return err
	})
}

func TestResponseSchema_ReadsTheValues(t *testing.T) {
	t.Parallel()
	for result, want := range map[string]map[string]qualtrics.Property{
		`{"properties":{"values":{"properties":{"QID1":{"dataType":"question","questionId":"QID1"},"duration":{"dataType":"metadata"},"x":{"dataType":"embeddedData"},"y":[]}}}}`: {
			"QID1": {DataType: "question", QuestionID: "QID1"}, "duration": {DataType: "metadata"}, "x": {DataType: "embeddedData"}, "y": {},
		},
		`{"properties":{"values":{"properties":[]}}}`: {},
		`{"properties":{"values":{"properties":{` +
			`"1_QID2":{"description":"Taste","dataType":"question","type":"array","exportTag":"1_Q2","questionId":"QID2","questionExportTag":"Q2","loopNumber":1,` +
			`"items":{"type":"string","oneOf":[{"label":"Sweet","const":"1"},{"label":"Sour","const":"2"},{"label":"again","const":"2"},7,{"const":"3"}]}},` +
			`"QID3":{"type":"number","format":["x"],"oneOf":[{"label":5,"const":10.0}],"items":null},"QID4":{"oneOf":{},"items":[]}}}}}`: {
			"1_QID2": {
				Description: "Taste", DataType: "question", Type: "array", ExportTag: "1_Q2", QuestionID: "QID2", QuestionTag: "Q2", Loop: "1",
				Labels: map[string]string{"1": "Sweet", "2": "Sour"},
			},
			"QID3": {Type: "number", Labels: map[string]string{"10.0": "5"}}, "QID4": {},
		},
	} {
		got, err := client(t, func(*http.Request) *http.Response { return ok(result) }).ResponseSchema(t.Context(), "SV_1")
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s:\n%s", result, diff)
		}
	}
}

// A schema without its list of values is not one of a survey without values.
func TestResponseSchema_WithoutItsListOfValuesIsUnreadable(t *testing.T) {
	t.Parallel()
	for _, result := range []string{
		`{}`, `[]`, `{"properties":{}}`, `{"properties":[]}`, `{"properties":{"values":{"type":"object"}}}`, `{"properties":{"values":{}}}`,
		`{"properties":{"values":{"properties":null}}}`, `{"properties":{"values":{"properties":[1]}}}`,
	} {
		unreadable(t, result, "does not list the values of a response", func(ctx context.Context, c *qualtrics.Client) error {
			got, err := c.ResponseSchema(ctx, "SV_1")
			if !qualtrics.IsPermanent(err) || got != nil {
				t.Errorf("%s: got %v, %v, want an error that stays", result, got, err)
			}
			return err
		})
	}
	for status, want := range map[int]bool{400: true, 403: true, 404: true, 429: false, 500: false, 503: false} {
		_, err := client(t, func(*http.Request) *http.Response { return answer(status, "{}") }, func(o *qualtrics.Options) { o.Limits.Tries = 1 }).ResponseSchema(t.Context(), "SV_1")
		if err == nil || qualtrics.IsPermanent(err) != want {
			t.Errorf("%d: got %v, want that it stays so: %t", status, err, want)
		}
	}
}

func TestResponse_IsNotReadyWhileTheServerSaysSo(t *testing.T) {
	t.Parallel()
	s, calls := script(func() *http.Response { return answer(202, `{"meta":{}}`) }, func() *http.Response { return ok(`{"responseId":"R_1"}`) })
	c := client(t, s)
	record, err := c.Response(t.Context(), "SV_1", "R_1")
	if !errors.Is(err, qualtrics.ErrNotReady) || record != nil || *calls != 1 {
		t.Errorf("got %s, %v after %d calls", record, err, *calls)
	}
	if kind := qualtrics.Kind(fmt.Errorf("reading it: %w", err)); kind != qualtrics.KindTransient {
		t.Errorf("got kind %d of %v, want that a later run may succeed", kind, err)
	}
	if record, err := c.Response(t.Context(), "SV_1", "R_1"); err != nil || string(record) != `{"responseId":"R_1"}` {
		t.Errorf("got %s, %v", record, err)
	}
}
