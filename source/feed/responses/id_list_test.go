package responses

import (
	"errors"
	"strings"
	"testing"

	"github.com/birdie-ai/source-qualtrics/source/frame"
	"github.com/birdie-ai/source-qualtrics/source/response"
)

// A respondent can set any value through a link. So a value of an export is the modified date
// only if sorting added it, or if the response schema says so.
func TestIDList_HasTheModifiedDateOfTheResponse(t *testing.T) {
	t.Parallel()
	types := func(of string) func() (map[string]string, error) {
		return func() (map[string]string, error) {
			return map[string]string{"lastModifiedDate": of, "_lastModifiedDate": of}, nil
		}
	}
	const plain, marked = `{"responseId":"R_1","values":{"lastModifiedDate":"2030-01-01"}}`, `{"responseId":"R_1","values":{"_lastModifiedDate":"2030-01-01"}}`
	for name, test := range map[string]struct {
		raw     string
		flow    []string // embedded data that the survey itself defines
		schema  string
		undated bool // not sorted by the modified date
		want    bool // it is the modified date
	}{
		"the schema says that it is":                 {plain, nil, "metadata", false, true},
		"the schema does not know it":                {plain, nil, "", false, false},
		"the schema says that it is embedded":        {plain, nil, "embeddedData", false, false},
		"the survey defines it":                      {plain, []string{"lastModifiedDate"}, "metadata", false, false},
		"sorted":                                     {marked, nil, "", false, true},
		"not sorted":                                 {marked, nil, "", true, false},
		"not sorted, and the schema says that it is": {marked, nil, "metadata", true, true},
	} {
		keys := response.NewKeys(test.flow, nil, types(test.schema))
		keys.Undated = test.undated
		var r response.Response
		value, err := frame.Record([]byte(test.raw))
		if err == nil {
			err = r.Parse(value.Object, keys)
		}
		if err != nil {
			t.Fatal(err)
		}
		one, err := parseIDRow(value.Object, keys)
		if err != nil || one.modified != r.ModifiedAt {
			t.Errorf("%s: the list of ids has the date %s (%v), the response %s", name, one.modified, err, r.ModifiedAt)
		}
		embedded := strings.Contains(string(r.EmbeddedData), "2030-01-01")
		if r.ModifiedAt.IsZero() == test.want || embedded == test.want {
			t.Errorf("%s: got the modified date %s and the embedded data %s", name, r.ModifiedAt, r.EmbeddedData)
		}
	}
	broken := response.NewKeys(nil, nil, func() (map[string]string, error) { return nil, errors.New("no answer") })
	value, err := frame.Record([]byte(plain))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := parseIDRow(value.Object, broken); err == nil {
		t.Error("a date was read although the response schema, which decides about its name, cannot be read")
	}
}
