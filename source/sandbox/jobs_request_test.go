package sandbox_test

import (
	"net/http"
	"strings"
	"testing"

	"github.com/birdie-ai/source-qualtrics/source/sandbox"
)

func TestExportRequest_IsChecked(t *testing.T) {
	t.Parallel()
	c := newClient(t, sandbox.Options{})
	survey := c.surveyIDs()[0]
	for body, message := range map[string]string{
		``:                  "JSON object",
		`[]`:                "JSON object",
		`null`:              "JSON object",
		`{}`:                "format",
		`{"Format":"json"}`: "format",
		`{"format":"JSON"}`: "format",
		`{"format":"spss"}`: "no exports of the format spss",
		`{"format":"json","lastResponseId":"R_1"}`:                                "lastResponseId",
		`{"format":"json","StartDate":"2026-01-01T00:00:00Z"}`:                    "StartDate",
		`{"format":"json","color":"red"}`:                                         "color",
		`{"format":"json","timeZone":"UTC"}`:                                      "timeZone",
		`{"format":"json","useLabels":true}`:                                      "useLabels",
		`{"format":"json","breakoutSets":true}`:                                   "breakoutSets",
		`{"format":"json","includeDisplayOrder":true}`:                            "includeDisplayOrder",
		`{"format":"json","seenUnansweredRecode":-1}`:                             "seenUnansweredRecode",
		`{"format":"json","multiselectSeenUnansweredRecode":-1}`:                  "multiselectSeenUnansweredRecode",
		`{"format":"ndjson","formatDecimalAsComma":"true"}`:                       "formatDecimalAsComma",
		`{"format":"ndjson","newlineReplacement":" "}`:                            "newlineReplacement",
		`{"format":"json","sortByLastModifiedDate":true,"filterId":"f"}`:          "cannot be combined with sortByLastModifiedDate",
		`{"format":"json","filterId":"f"}`:                                        "filterId",
		`{"format":"json","allowContinuation":false,"continuationToken":"token"}`: "cannot be combined with continuationToken",
		`{"format":"csv","allowContinuation":true,"filterId":"f"}`:                "cannot be combined with allowContinuation",
		`{"format":"json","continuationToken":"token"}`:                           "continuationToken",
		`{"format":"json","continuationToken":""}`:                                "continuationToken",
		`{"format":"csv","useLabels":true,"includeLabelColumns":true}`:            "cannot be combined with includeLabelColumns",
		`{"format":"csv","timeZone":"Mars/Olympus"}`:                              "timeZone",
		`{"format":"csv","seenUnansweredRecode":""}`:                              "seenUnansweredRecode",
		`{"format":"csv","breakoutSets":"no"}`:                                    "breakoutSets",
		`{"format":"csv","newlineReplacement":1}`:                                 "newlineReplacement",
		`{"format":"json","questionIds":"QID1"}`:                                  "questionIds",
		`{"format":"json","questionIds":["QID5_3_TEXT"]}`:                         "questionIds",
		`{"format":"json","questionIds":["Q1"]}`:                                  "questionIds",
		`{"format":"json","embeddedDataIds":null}`:                                "embeddedDataIds",
		`{"format":"json","surveyMetadataIds":"status"}`:                          "surveyMetadataIds",
		`{"format":"json","surveyMetadataIds":["nothing"]}`:                       "surveyMetadataIds",
		`{"format":"json","startDate":"yesterday"}`:                               "startDate",
		`{"format":"json","endDate":"2026-01-01"}`:                                "endDate",
		`{"format":"json","startDate":1}`:                                         "startDate",
		`{"format":"json","limit":0}`:                                             "limit",
		`{"format":"json","limit":"many"}`:                                        "limit",
		`{"format":"json","compress":1}`:                                          "compress",
	} {
		got := c.do(http.MethodPost, exportPath(survey), body)
		if got.status != http.StatusBadRequest {
			t.Errorf("%s: got %d, want 400", body, got.status)
			continue
		}
		wantError(t, got, 400, "", message)
	}
	for _, body := range []string{
		`{"format":"ndjson","sortByLastModifiedDate":"true","startDate":"2026-01-01T00:00:00.123+00:00","endDate":"2026-02-01T00:00:00Z"}`,
		`{"format":"json","limit":5,"allowContinuation":false,"includeLabelColumns":true}`,
		`{"format":"ndjson","questionIds":["QID1"],"embeddedDataIds":[],"surveyMetadataIds":["externalReference"]}`,
		`{"format":"ndjson","exportResponsesInProgress":true,"sortByLastModifiedDate":true}`,
		`{"format":"ndjson","useLabels":false,"breakoutSets":"false","seenUnansweredRecode":null}`,
		`{"format":"tsv","timeZone":"Z","newlineReplacement":null}`,
	} {
		if got := c.do(http.MethodPost, exportPath(survey), body); got.status != 200 {
			t.Errorf("%s: got %d %s", body, got.status, got.body)
		}
	}
}

func TestExportRequest_ParametersOfTablesAreRefusedWithJSONAlsoWhenFalse(t *testing.T) {
	t.Parallel()
	c := newClient(t, sandbox.Options{Doubt: sandbox.Doubt{RefuseFalseWithJSON: true}})
	survey := c.surveyIDs()[0]
	wantError(t, c.do(http.MethodPost, exportPath(survey), `{"format":"json","useLabels":false}`), 400, "", "useLabels")
	if got := c.do(http.MethodPost, exportPath(survey), `{"format":"csv","useLabels":false}`); got.status != 200 {
		t.Errorf("got %d %s", got.status, got.body)
	}
}

func TestExportRequest_SortCanBeRefused(t *testing.T) {
	t.Parallel()
	c := newClient(t, sandbox.Options{Doubt: sandbox.Doubt{RejectSort: true}})
	survey := c.surveyIDs()[0]
	wantError(t, c.do(http.MethodPost, exportPath(survey), `{"format":"json","sortByLastModifiedDate":true}`), 400, "", "sortByLastModifiedDate")
	if got := c.do(http.MethodPost, exportPath(survey), `{"format":"json","sortByLastModifiedDate":false}`); got.status != 200 {
		t.Errorf("got %d %s", got.status, got.body)
	}
}

func TestExportRequest_EmptyListsExcludeTheirCategory(t *testing.T) {
	t.Parallel()
	c := newClient(t, sandbox.Options{})
	survey := c.surveyIDs()[0]
	list := c.exported(survey, `{"format":"ndjson","questionIds":[],"embeddedDataIds":[],"surveyMetadataIds":["_recordId"]}`)
	if len(list) == 0 {
		t.Fatal("no records")
	}
	for _, r := range list {
		if len(r.Values) != 1 || r.Values["_recordId"] != r.ResponseID {
			t.Fatalf("got values %v of %s", r.Values, r.ResponseID)
		}
	}
	for _, r := range c.exported(survey, `{"format":"ndjson","surveyMetadataIds":[]}`) {
		if _, ok := r.Values["startDate"]; ok {
			t.Fatalf("metadata were not excluded: %v", r.Values)
		}
	}
	questions := false
	for _, r := range c.exported(survey, `{"format":"ndjson","embeddedDataIds":[],"surveyMetadataIds":[]}`) {
		for name := range r.Values {
			questions = questions || strings.Contains(name, "QID")
		}
	}
	if !questions {
		t.Error("no question among the values")
	}
}
