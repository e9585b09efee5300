package source_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"net/http"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/birdie-ai/source-qualtrics/integration_tests/testkit"
	"github.com/birdie-ai/source-qualtrics/source/sandbox"
)

// place is a place where a value is altered on its way, or invented.
type place struct {
	name   string
	column string // stream and column
	change string // as the log says it
	only   string // dialects; "": all
}

const (
	unfit  = " reason=SOURCE_SERIALIZATION_ERROR"
	nulled = "change=nulled" + unfit + " instead=null"
	broken = "change=truncated" + unfit + " instead=U+FFFD"
)

// places are all places where a value can become another one, each with the change
// that the log of every dialect counts. Airbyte's messages hold NUL; only Parquet
// has numbers and times of fixed width.
var places = []place{
	{"a survey's modified date that is none", "surveys.last_modified", "change=replaced" + unfit + " instead=the time of the read", ""},
	{"a survey's creation date that is none", "surveys.creation_date", nulled, ""},
	{"a survey's flag that is neither true nor false", "surveys.is_active", nulled, ""},
	{"a survey's owner that is no text", "surveys.owner_id", nulled, ""},
	{"a survey's name that is no Unicode", "surveys.name", broken, ""},

	{"a date of a response that is none", "responses.start_date", nulled, ""},
	{"a leap second", "responses.end_date", "change=truncated" + unfit + " instead=the second after the leap second", ""},
	{"a date of more than nanoseconds", "responses.recorded_date", "change=truncated" + unfit + " instead=whole nanoseconds", ""},
	{"a date of more than microseconds", "responses.recorded_date", "change=truncated" + unfit + " instead=whole microseconds", "parquet"},
	{"a cursor of more than microseconds", "responses.last_modified_date", "change=truncated" + unfit + " instead=whole microseconds", "parquet"},
	{"a response's modified date that is none", "responses.last_modified_date", "change=replaced" + unfit + " instead=the recorded date", ""},
	{"a text in a column of integers", "responses.progress", nulled, ""},
	{"an integer out of range", "responses.status", nulled, ""},
	{"a flag that is neither true nor false", "responses.finished", nulled, ""},
	{"an object in a column of texts", "responses.ip_address", nulled, ""},
	{"a number out of range", "responses.location_latitude", nulled, "parquet"},
	{"a number of many digits", "responses.location_longitude", "change=truncated" + unfit + " instead=the nearest 64-bit number", "parquet"},
	{"NUL in a text", "responses.recipient_first_name", broken, "singer ndjson parquet"},
	{"NUL in an object", "responses.answer_values", broken, "singer ndjson parquet"},
	{"a text that is no Unicode", "responses.recipient_last_name", broken, ""},
	{"a name that comes twice", "responses.embedded_data", "change=renamed reason=REPEATED_NAME instead=the name with _dup", ""},
	{"a part that comes twice", "responses.answer_labels", "change=truncated" + unfit + " instead=the first of two members of a name", ""},
	{"a list that is none", "responses.displayed_fields", nulled, ""},
	{"an object that is none", "responses.displayed_values", nulled, ""},
	{"a secret", "responses.external_data_reference", "change=replaced reason=SECRET instead=[redacted]", ""},

	{"a contact's modified date that is none", "contacts.last_modified", "change=replaced" + unfit + " instead=shortly before the read", ""},
	{"a contact's creation date out of range", "contacts.creation_date", nulled, ""},
	{"a contact's date of opting out that is none", "contacts.unsubscribe_date", nulled, ""},
	{"a contact's flag that is neither true nor false", "contacts.unsubscribed", nulled, ""},
	{"a contact's text that is none", "contacts.first_name", nulled, ""},
	{"a contact's text that is no Unicode", "contacts.last_name", broken, ""},
	{"NUL in a contact", "contacts.email", broken, "singer ndjson parquet"},
	{"a name in a contact that comes twice", "contacts.embedded_data", "change=renamed reason=REPEATED_NAME instead=the name with _dup", ""},
	{"an object of a contact that is none", "contacts.stats", nulled, ""},
	{"an object of a contact that is no Unicode", "contacts.segment_membership", broken, ""},
}

// spoil replaces members of the first object that an answer holds under a path, or of
// the first record of a file.
func spoil(t *testing.T, object []byte, members map[string]string) []byte {
	t.Helper()
	row := make(map[string]json.RawMessage)
	if err := json.Unmarshal(object, &row); err != nil {
		t.Fatal(err)
	}
	for name := range members {
		delete(row, strings.TrimRight(name, " ")) // a name with a blank comes twice
	}
	out := testkit.Encode(row)
	out = out[:len(out)-1]
	for _, name := range slices.Sorted(maps.Keys(members)) {
		out = fmt.Appendf(out, `,%q:%s`, strings.TrimRight(name, " "), members[name])
	}
	return append(bytes.Replace(out, []byte("{,"), []byte("{"), 1), '}')
}

// spoiltRecord is a record of a survey with a value for every place.
func spoiltRecord(t *testing.T, record []byte, secret string) []byte {
	t.Helper()
	var row struct {
		Values json.RawMessage
	}
	if err := json.Unmarshal(record, &row); err != nil {
		t.Fatal(err)
	}
	values := spoil(t, row.Values, map[string]string{
		"startDate": `"0000-00-00 secret"`, "endDate": `"2016-12-31T23:59:60Z"`, "_lastModifiedDate": `"yesterday"`,
		"recordedDate": `"2025-11-01T10:00:00.1234567891Z"`,
		"progress":     `"most of it"`, "status": `9223372036854775808`, "finished": `"maybe"`, "ipAddress": `{"a":1}`,
		"locationLatitude": `1e400`, "locationLongitude": `"-111.80000000000000000001"`,
		"recipientFirstName": `"a\u0000b"`, "recipientLastName": `"half \ud800"`, "QID1_TEXT": `"x\u0000y"`,
		"externalDataReference": string(testkit.Encode("see " + secret)), "plan": `"a"`, "plan ": `"b"`,
	})
	return spoil(t, record, map[string]string{
		"values": string(values), "labels": `{}`, "labels ": `{"QID9":"x"}`, "displayedFields": `"none"`, "displayedValues": `[1]`,
	})
}

// spoilt is a tenant with a value for every place, each once.
func spoilt(t *testing.T) *tenant {
	t.Helper()
	tn := newTenant(t, sandbox.Options{Seed: 7, Surveys: 3, Responses: 60, Contacts: 5})
	tn.config["deletions"] = map[string]any{"mode": "off"}
	survey := tn.surveyIDs(t)[0]
	tn.config["surveys"] = map[string]any{"ids": []string{survey}}
	tn.damaging(survey, func(_ int, file []byte) []byte {
		lines := recordsOf(t, file)
		lines[0] = string(spoiltRecord(t, []byte(lines[0]), tn.Credentials().APIToken))
		return archive(t, "survey.ndjson", strings.Join(lines, "\n"))
	})
	contact, next := "", tn.transport
	tn.transport = altered{next, func(r *http.Request, answer *http.Response) {
		switch {
		case strings.HasSuffix(r.URL.Path, "/API/v3/surveys"):
			spoilElement(t, answer, survey, map[string]string{
				"lastModified": `"yesterday"`, "creationDate": `"long ago"`, "isActive": `"perhaps"`, "ownerId": `{}`, "name": `"half \ud800"`,
			})
		case strings.HasSuffix(r.URL.Path, "/contacts/search"):
			contact = spoilElement(t, answer, contact, map[string]string{
				"lastModified": `"yesterday"`, "creationDate": `999999999999999999`, "unsubscribeDate": `"0000-00-00 00:00:00"`, "unsubscribed": `"perhaps"`,
				"firstName": `{}`, "lastName": `"half \ud800"`, "email": `"a\u0000b"`, "embeddedData": `{"a":"1","a":"2"}`,
				"stats": `["none"]`, "segmentMembership": `{"a":"\ud800"}`,
			})
		}
	}}
	return tn
}

var elementID = regexp.MustCompile(`"id":"([A-Z]+_\w+)"`)

// spoilElement spoils the element of an id in an answer, or of the first one.
func spoilElement(t *testing.T, answer *http.Response, id string, members map[string]string) string {
	t.Helper()
	body, err := io.ReadAll(answer.Body)
	if err != nil {
		t.Fatal(err)
	}
	var read struct {
		Result struct {
			Elements []json.RawMessage `json:"elements"`
		} `json:"result"`
	}
	if err := json.Unmarshal(body, &read); err != nil {
		t.Fatal(err)
	}
	for _, element := range read.Result.Elements {
		found := string(elementID.FindSubmatch(element)[1])
		if id == "" {
			id = found
		}
		if found == id {
			body = bytes.Replace(body, element, spoil(t, element, members), 1)
		}
	}
	answer.Body, answer.ContentLength = io.NopCloser(bytes.NewReader(body)), int64(len(body))
	answer.Header.Del("Content-Length")
	return id
}

// toldChange reads a line of a log about changed values.
var toldChange = regexp.MustCompile(`values of (\w+\.\w+) (?:are not as Qualtrics sent them|do not come from Qualtrics) (change=\w+ reason=\w+) values=(\d+) instead=\\?"?([^"\\\n]+)`)

// everyOutput has a command for each output of three streams.
var everyOutput = map[string][]string{
	"airbyte": {"read", "--config", "config.json", "--catalog", "catalog.json"},
	"singer":  {"tap", "--config", "config.json"},
	"ndjson":  {"export", "--config", "config.json", "--format", "ndjson", "--streams", "surveys,responses,contacts", "--to"},
	"parquet": {"export", "--config", "config.json", "--streams", "surveys,responses,contacts", "--to"},
}

// countedChanges runs a command of [everyOutput]. It returns how many values of each
// change the log counts.
func (tn *tenant) countedChanges(t *testing.T, args []string) (got result, counted map[string]string) {
	t.Helper()
	tn.files["catalog.json"] = testkit.Catalog("surveys", "responses", "contacts")
	if args[0] == "export" {
		args = append(slices.Clone(args), filepath.Join(t.TempDir(), "data"))
	}
	if got = tn.run(t, args...); got.code != 0 {
		t.Fatalf("code %d: %s", got.code, got.stderr)
	}
	counted = make(map[string]string)
	for _, line := range toldChange.FindAllStringSubmatch(got.stdout+got.stderr, -1) {
		counted[line[1]+" "+line[2]+" instead="+strings.TrimSpace(line[4])] = line[3]
	}
	return got, counted
}

// What is altered on its way, or invented, is told once for each column, without the
// values, wherever the rows go.
func TestRead_TellsOfEveryValueThatIsNotAsItCame(t *testing.T) {
	for dialect, args := range everyOutput {
		told := func(t *testing.T) {
			tn := spoilt(t)
			got, counted := tn.countedChanges(t, args)
			for _, place := range places {
				if place.only != "" && !strings.Contains(place.only, dialect) {
					continue
				}
				key := place.column + " " + place.change
				if counted[key] != "1" {
					t.Errorf("%s: the log counts %q values of %s, want 1", place.name, counted[key], key)
				}
				delete(counted, key)
			}
			for key, count := range counted {
				t.Errorf("the log tells of %s values of %s, which is no place of the list", count, key)
			}
			if strings.Contains(fmt.Sprint(got.stderr), "0000-00-00") {
				t.Error("the log holds a value")
			}
			if dialect == "airbyte" {
				saysChanges(t, got.stdout)
			}
		}
		t.Run(dialect, func(t *testing.T) {
			if args[0] == "export" { // the compressors are shared with other tests
				t.Parallel()
				told(t)
				return
			}
			insideBubble(t, told)
		})
	}
}

// Dates that Qualtrics did not send are counted, too: of contacts that are only listed,
// and of responses whose export cannot be sorted by the modified date.
func TestRead_TellsOfEveryDateThatDidNotCome(t *testing.T) {
	missing := " reason=SOURCE_RETRIEVAL_ERROR instead="
	for dialect, args := range everyOutput {
		told := func(t *testing.T) {
			tn := newTenant(t, sandbox.Options{Seed: 7, Surveys: 2, Responses: 60, Contacts: 5, Doubt: sandbox.Doubt{LiteDirectory: true, RejectSort: true}})
			tn.transport = altered{tn.transport, func(r *http.Request, answer *http.Response) {
				if strings.HasSuffix(r.URL.Path, "/API/v3/surveys") {
					rewritten("/surveys", `"lastModified":`, `"modified":`)(r, answer)
				}
			}}
			got, counted := tn.countedChanges(t, args)
			want := make(map[string]string)
			for stream, change := range map[string]string{
				"surveys":   "surveys.last_modified change=invented" + missing + "the time of the read",
				"responses": "responses.last_modified_date change=invented" + missing + "the recorded date",
				"contacts":  "contacts.last_modified change=invented" + missing + "shortly before the read",
			} {
				want[change] = fmt.Sprint(len(keysOfTruth(t, tn, stream)))
			}
			if diff := cmp.Diff(want, counted); diff != "" {
				t.Errorf("changes (-want +got):\n%s", diff)
			}
			if strings.Contains(got.stdout, "0001-01-01") {
				t.Error("a row is of the year 1")
			}
		}
		t.Run(dialect, func(t *testing.T) {
			if args[0] == "export" {
				t.Parallel()
				told(t)
				return
			}
			insideBubble(t, told)
		})
	}
}

// saysChanges checks that Airbyte's records say each change themselves.
func saysChanges(t *testing.T, output string) {
	t.Helper()
	type change struct{ Field, Change, Reason string }
	said := make(map[string]change)
	for line := range strings.Lines(output) {
		var message struct {
			Record struct {
				Stream string
				Meta   struct{ Changes []change }
			}
		}
		if err := json.Unmarshal([]byte(line), &message); err != nil {
			t.Fatal(err)
		}
		for _, each := range message.Record.Meta.Changes {
			said[message.Record.Stream+"."+each.Field] = each
		}
	}
	for _, place := range places {
		if place.only != "" || strings.Contains(place.change, "renamed") { // the protocol does not know names
			continue
		}
		_, field, _ := strings.Cut(place.column, ".")
		want := change{field, "TRUNCATED", "SOURCE_SERIALIZATION_ERROR"}
		if strings.Contains(place.change, "nulled") {
			want.Change = "NULLED"
		}
		if diff := cmp.Diff(want, said[place.column]); diff != "" {
			t.Errorf("%s (-want +got):\n%s", place.name, diff)
		}
	}
}
