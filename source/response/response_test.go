package response

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/birdie-ai/source-qualtrics/source/frame"
)

// read is what a parsed response holds, as text; a column that has nothing is
// left out.
func read(r *Response) map[string]string {
	got := map[string]string{"id": r.ID}
	for name, value := range map[string][]byte{
		"answers": r.Answers, "embedded": r.EmbeddedData, "labels": r.Labels, "status label": r.StatusLabel,
		"displayed fields": r.DisplayedFields, "displayed values": r.DisplayedValues,
	} {
		if value != nil {
			got[name] = string(value)
		}
	}
	for name, which := range metadata {
		if value := r.Metadata[which]; value != nil {
			got[name] = string(value)
		}
	}
	if !r.ModifiedAt.IsZero() {
		got["modified"] = r.ModifiedAt.Format(time.RFC3339Nano)
	}
	return got
}

func TestResponse_IsTakenApart(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		raw  string
		want map[string]string
	}{
		"answers, embedded data and metadata": {
			`{"responseId":"R_1","values":{"status":0,"QID1":1.0,"plan":"gold","QID2_TEXT":"a\nb","finished":1,"n":9007199254740993},` +
				`"labels":{"status":"IP Address","finished":"True","QID1":"One"},"displayedFields":["QID2","QID1"],"displayedValues":{"QID1":[1,10.0]}}`,
			map[string]string{
				"id": "R_1", "status": "0", "status label": `"IP Address"`, "finished": "1", "answers": `{"QID1":1.0,"QID2_TEXT":"a\nb"}`,
				"embedded": `{"plan":"gold","n":9007199254740993}`, "labels": `{"QID1":"One"}`,
				"displayed fields": `["QID2","QID1"]`, "displayed values": `{"QID1":[1,10.0]}`,
			},
		},
		"names in another case are other names": {
			`{"responseId":"R_1","RESPONSEID":"R_2","Values":{"QID1":9},"values":{"STARTDATE":"a","startDate":"b","QID1":1,"qid1":2},"Labels":{"QID1":"x"}}`,
			map[string]string{"id": "R_1", "startDate": `"b"`, "answers": `{"QID1":1}`, "embedded": `{"STARTDATE":"a","qid1":2}`, "labels": `{}`},
		},
		"names that are escaped": {
			`{"response\u0049d":"R_1","values":{"\u0051ID1":1,"start\u0044ate":"b","a\"b":2}}`,
			map[string]string{"id": "R_1", "startDate": `"b"`, "answers": `{"QID1":1}`, "embedded": `{"a\"b":2}`, "labels": `{}`},
		},
		"names that come again": {
			`{"responseId":"R_1","values":{"QID1":1,"plan":"a","QID1":2,"plan":"b","QID1":3,"status":0,"status":4,"status":8},"labels":{"QID1":"One","QID1":"Two"}}`,
			map[string]string{
				"id": "R_1", "status": "0", "answers": `{"QID1":1,"QID1_dup":2,"QID1_dup2":3}`,
				"embedded": `{"plan":"a","plan_dup":"b","status_dup":4,"status_dup2":8}`, "labels": `{"QID1":"One","QID1_dup":"Two"}`,
			},
		},
		"the id among the values": {
			`{"values":{"_recordId":"R_7"}}`,
			map[string]string{"id": "R_7", "_recordId": `"R_7"`, "answers": `{}`, "embedded": `{}`, "labels": `{}`},
		},
		"an id that is none": {
			`{"responseId":17,"values":{"_recordId":"R_7"}}`,
			map[string]string{"id": "R_7", "_recordId": `"R_7"`, "answers": `{}`, "embedded": `{}`, "labels": `{}`},
		},
		"the modified date": {
			`{"responseId":"R_1","values":{"_lastModifiedDate":"2024-08-01T09:12:45.310Z"}}`,
			map[string]string{
				"id": "R_1", "_lastModifiedDate": `"2024-08-01T09:12:45.310Z"`, "modified": "2024-08-01T09:12:45.31Z", "answers": `{}`, "embedded": `{}`, "labels": `{}`,
			},
		},
		"the modified date without its underscore": {
			`{"responseId":"R_1","values":{"lastModifiedDate":"2024-08-01 09:12:45"}}`,
			map[string]string{"id": "R_1", "answers": `{}`, "embedded": `{"lastModifiedDate":"2024-08-01 09:12:45"}`, "labels": `{}`},
		},
		"both of them": {
			`{"responseId":"R_1","values":{"lastModifiedDate":"2020-01-01","_lastModifiedDate":"2024-08-01"}}`,
			map[string]string{
				"id": "R_1", "_lastModifiedDate": `"2024-08-01"`, "modified": "2024-08-01T00:00:00Z", "answers": `{}`,
				"embedded": `{"lastModifiedDate":"2020-01-01"}`, "labels": `{}`,
			},
		},
		"an id that is a number": {
			`{"responseId":5,"values":{"_recordId":5,"QID1":1}}`,
			map[string]string{"id": "5", "_recordId": `5`, "answers": `{"QID1":1}`, "embedded": `{}`, "labels": `{}`},
		},
		"a modified date that is none": {
			`{"responseId":"R_1","values":{"_lastModifiedDate":"0000-00-00 00:00:00"}}`,
			map[string]string{"id": "R_1", "_lastModifiedDate": `"0000-00-00 00:00:00"`, "answers": `{}`, "embedded": `{}`, "labels": `{}`},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			// A response is used again and again: nothing of the one before
			// may be left.
			var r Response
			for _, raw := range []string{test.raw, fullRecord, test.raw} {
				if err := parse(&r, raw); err != nil {
					t.Fatal(err)
				}
			}
			if diff := cmp.Diff(test.want, read(&r)); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
			for _, text := range [][]byte{r.Answers, r.EmbeddedData, r.Labels} {
				if !json.Valid(text) {
					t.Errorf("%s is no JSON", text)
				}
			}
		})
	}
}

const fullRecord = `{"responseId":"R_0","values":{"startDate":"a","endDate":"b","recordedDate":"c","_lastModifiedDate":"2024-01-01","_recordId":"R_0",` +
	`"status":1,"progress":2,"duration":3,"finished":1,"ipAddress":"d","locationLatitude":"1","locationLongitude":"2","recipientFirstName":"e",` +
	`"recipientLastName":"f","recipientEmail":"g","externalDataReference":"h","distributionChannel":"i","userLanguage":"j","QID1":1,"plan":"k"},` +
	`"labels":{"status":"l","finished":"m","QID1":"n"},"displayedFields":["QID1"],"displayedValues":{"QID1":[1]}}`

// parse takes a record of an export apart.
func parse(r *Response, raw string) error {
	value, err := frame.Record([]byte(raw))
	if err != nil {
		return err
	}
	return r.Parse(value.Object, testKeys())
}

func testKeys() *Keys { return NewKeys([]string{"plan"}, []string{"QID1", "QID2"}, nil) }

func TestResponse_KnowsEveryMetadataKey(t *testing.T) {
	t.Parallel()
	var r Response
	if err := parse(&r, fullRecord); err != nil {
		t.Fatal(err)
	}
	for name, which := range metadata {
		if len(r.Metadata[which]) == 0 {
			t.Errorf("%s was not taken", name)
		}
	}
	if len(metadata) != int(metadataCount) || string(r.Answers) != `{"QID1":1}` || string(r.EmbeddedData) != `{"plan":"k"}` {
		t.Errorf("got %d of %d keys, the answers %s and the embedded data %s", len(metadata), metadataCount, r.Answers, r.EmbeddedData)
	}
}

// PHP writes an empty map as []; null and absence mean the same.
func TestResponse_AnEmptyMapHasManyForms(t *testing.T) {
	t.Parallel()
	for _, empty := range []string{`[]`, `[ ]`, `null`, `{}`, ``, `""`, `0`} {
		raw := `{"responseId":"R_1"}`
		if empty != "" {
			raw = `{"responseId":"R_1","values":` + empty + `,"labels":` + empty + `,"displayedFields":` + empty + `,"displayedValues":` + empty + `}`
		}
		var r Response
		if err := parse(&r, raw); err != nil {
			t.Errorf("%s: %v", raw, err)
			continue
		}
		for name, got := range map[string][]byte{"answers": r.Answers, "embedded data": r.EmbeddedData, "labels": r.Labels} {
			if string(got) != `{}` {
				t.Errorf("%s: got the %s %s, want none", raw, name, got)
			}
		}
		if len(r.DisplayedFields) > 0 && (!strings.HasPrefix(empty, "[") || string(r.DisplayedFields) != `[]`) {
			t.Errorf("%s: got the displayed fields %s", raw, r.DisplayedFields)
		}
		if len(r.DisplayedValues) > 0 && string(r.DisplayedValues) != `{}` {
			t.Errorf("%s: got the displayed values %s", raw, r.DisplayedValues)
		}
	}
}

// A name that comes twice never overwrites what describes the response, and
// nothing of it is dropped.
func TestResponse_TheFirstOfTwoMetadataCounts(t *testing.T) {
	t.Parallel()
	raw := `{"responseId":"R_1","values":{"startDate":"first","_lastModifiedDate":"2024-01-01","_recordId":"R_1","QID1":1,` +
		`"startDate":"second","_lastModifiedDate":"2030-01-01","_recordId":"R_2","QID1":2}}`
	var r Response
	if err := parse(&r, raw); err != nil {
		t.Fatal(err)
	}
	if r.ID != "R_1" || string(r.Metadata[StartDate]) != `"first"` || r.ModifiedAt.Year() != 2024 {
		t.Errorf("got the id %s, the start %s and the modified date %s, want the first of each", r.ID, r.Metadata[StartDate], r.ModifiedAt)
	}
	kept := string(r.Answers) + string(r.EmbeddedData)
	for _, text := range []string{`"second"`, `"2030-01-01"`, `"R_2"`, `1`, `2`} {
		if !strings.Contains(kept, text) {
			t.Errorf("%s is lost: %s", text, kept)
		}
	}
}

func TestResponse_RefusesWhatIsNone(t *testing.T) {
	t.Parallel()
	for raw, want := range map[string]string{
		`{}`: "responseId", `[]`: "not a JSON object", `{"responseId":null}`: "responseId", `{"responseId":""}`: "responseId", `{"responseId":{}}`: "responseId",
		`{"responseId":"","values":{"_recordId":""}}`: "responseId", `{"responseid":"R_1"}`: "responseId",
		`"R_1"`: "not a JSON object", `[1]`: "not a JSON object", ``: "not a JSON object", `null`: "not a JSON object",
	} {
		var r Response
		if err := parse(&r, raw); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: got %v, want an error with %q", raw, err, want)
		}
		// The next one is not hurt.
		if err := parse(&r, fullRecord); err != nil || r.ID != "R_0" {
			t.Errorf("after %s: got the id %q, %v", raw, r.ID, err)
		}
	}
}

// A record full of one name is no way to keep us busy.
func TestResponse_ManyEqualNamesCostNoMoreThanTheirLength(t *testing.T) {
	t.Parallel()
	const n = 100_000
	var r Response
	if err := parse(&r, `{"responseId":"R_1","values":{`+strings.Repeat(`"a":1,`, n)+`"a_dup7":2,"a":3}}`); err != nil {
		t.Fatal(err)
	}
	if got := len(r.EmbeddedData); got > 20*n {
		t.Errorf("%d names became %d bytes", n, got)
	}
	var embedded map[string]int
	if err := json.Unmarshal(r.EmbeddedData, &embedded); err != nil || len(embedded) != n+2 {
		t.Errorf("got %d names, %v, want %d", len(embedded), err, n+2)
	}
}

func TestVersion_IsThatOfTheContent(t *testing.T) {
	t.Parallel()
	version := func(raw string) string {
		var r Response
		if err := parse(&r, raw); err != nil {
			t.Fatalf("%s: %v", raw, err)
		}
		return string(r.AppendVersion(nil))
	}
	first := version(fullRecord)
	for name, test := range map[string]struct {
		from, to string
		equal    bool
	}{
		"the modified date":   {`"_lastModifiedDate":"2024-01-01",`, ``, true},
		"the repeated id":     {`"_recordId":"R_0",`, ``, true},
		"the order":           {`"QID1":1,"plan":"k"`, `"plan":"k","QID1":1`, true},
		"escapes of a name":   {`"plan":`, `"\u0070lan":`, true},
		"white space":         {`"QID1":1,`, `"QID1" : 1 , `, true},
		"an answer":           {`"QID1":1,`, `"QID1":2,`, false},
		"digits":              {`"QID1":1,`, `"QID1":1.0,`, false},
		"a name":              {`"QID1":1,`, `"QID2":1,`, false},
		"embedded data":       {`"plan":"k"`, `"plan":"K"`, false},
		"the column":          {`"QID1":1,"plan":"k"`, `"plan":1,"QID1":"k"`, false},
		"metadata":            {`"status":1`, `"status":2`, false},
		"two metadata":        {`"startDate":"a","endDate":"b"`, `"startDate":"b","endDate":"a"`, false},
		"a label":             {`"QID1":"n"`, `"QID1":"N"`, false},
		"the label of status": {`"status":"l"`, `"status":"L"`, false},
		"a displayed field":   {`["QID1"]`, `["QID2"]`, false},
		"displayed values":    {`{"QID1":[1]}`, `{"QID1":[2]}`, false},
		"a second answer":     {`"QID1":1,`, `"QID1":1,"QID1":1,`, false},
	} {
		changed := strings.Replace(fullRecord, test.from, test.to, 1)
		if changed == fullRecord {
			t.Fatalf("%s: nothing was changed", name)
		}
		if got := version(changed) == first; got != test.equal {
			t.Errorf("%s: got equal %t, want %t", name, got, test.equal)
		}
	}
}
