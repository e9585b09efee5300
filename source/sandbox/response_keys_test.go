package sandbox

import (
	"encoding/json"
	"fmt"
	"regexp"
	"slices"
	"testing"
)

func TestExport_HoldsEveryValueKeyOfTheReference(t *testing.T) {
	t.Parallel()
	w := testWorld(t, worldOptions{Surveys: 40, Responses: 6000, Contacts: 200})
	const number, integer, text, array, points = `-?\d+(\.\d+)?`, `-?\d+`, `".*"`, `\["[^{]*\]`, `\[\{"x":.*\]`
	shapes := map[string]string{
		`QID1`: integer, `QID1_10_TEXT`: text, `QID36`: array, `QID36_7_TEXT`: text, `QID18`: integer,
		`QID18_NPS_GROUP`: `[123]`, `QID27_TEXT`: text, `QID10_1`: text, `QID67_1`: integer, `QID13_2`: array,
		`QID5_1_2`: text, `QID7_1_2`: integer, `QID9_1_2`: integer, `QID1_3_TEXT`: text, `QID8#1_2`: integer,
		`QID8#2_1`: array, `QID8#3_2_1`: text, `QID8#1_4_TEXT`: text, `QID31_1`: integer, `QID29_1`: integer,
		`QID30_1`: number, `QID12_1`: integer, `QID64_0_GROUP`: array, `QID64_G0_13_RANK`: integer, `QID64_5_TEXT`: text,
		`QID14_FIRST_CLICK`: number, `QID14_LAST_CLICK`: number, `QID14_PAGE_SUBMIT`: number, `QID14_CLICK_COUNT`: integer,
		`QID15_(BROWSER|VERSION|OS|RESOLUTION)`: text, `QID24_FILE_ID`: `"F_.*"`, `QID24_FILE_NAME`: text,
		`QID24_FILE_SIZE`: integer, `QID23_FILE_TYPE`: text, `QID20`: points, `QID21_2`: integer, `QID22_[123]`: `\["[4-9]".*\]`,
		`QID28_x1`: integer, `QID28_x4_TEXT`: text, `1_QID4_1`: integer, `2_QID3_TEXT`: text, `x1_QID2`: integer,
		`QID1_DO`: array, `QID1_ADO`: array, `FL_7_DO`: array, `BL_\w{15}_DO`: array, `QID27_FollowUpPrompt`: text,
		`QID34_TEXT_[0-9a-f]{24}Topics`: array, `QID34_TEXT_[0-9a-f]{24}SenPol`: integer,
		`QID34_TEXT_[0-9a-f]{24}Sentiment`: text, `QID34_TEXT_[0-9a-f]{24}Emotion`: array, `SC_\w{15}`: number,
		`QID34_TEXT_DERIVED\w{7}`: text, `Q_URL`: text, `QSEDResponseId`: text, `2024`: text, `Ledger Number`: integer,
		`Create New Field or Choose From Dropdown\.\.\.`: text, `customer id`: text, `Customer ID`: text, `QID33`: integer,
		`ipAddress`: text, `locationLatitude`: text, `recipientEmail`: `"[^"]*@example\.com"`, `externalDataReference`: text,
	}
	seen := map[string][]string{}
	for _, s := range w.listed() {
		if !s.canExport() {
			continue
		}
		for _, r := range rows(t, s, exportQuery{}) {
			for key, value := range r.Values {
				if len(seen[key]) < 40 {
					seen[key] = append(seen[key], string(value))
				}
			}
		}
	}
	for key, shape := range shapes {
		keys, values := regexp.MustCompile("^"+key+"$"), regexp.MustCompile("^"+shape+"$")
		matched := false
		for name, examples := range seen {
			matched = matched || keys.MatchString(name) && slices.ContainsFunc(examples, values.MatchString)
		}
		if !matched {
			t.Errorf("no record has key %s with a value like %s", key, shape)
		}
	}
}

func TestExport_AgreesWithTheResponseSchema(t *testing.T) {
	t.Parallel()
	w := testWorld(t, worldOptions{Surveys: 12, Responses: 3000, Contacts: 100})
	for _, s := range w.listed() {
		encoded, err := json.Marshal(s.responseSchema())
		if err != nil {
			t.Fatal(err)
		}
		var schema struct {
			Properties struct {
				Values struct {
					Properties map[string]struct {
						Type string `json:"type"`
					} `json:"properties"`
				} `json:"values"`
			} `json:"properties"`
		}
		if err := json.Unmarshal(encoded, &schema); err != nil {
			t.Fatal(err)
		}
		for _, r := range rows(t, s, exportQuery{}) {
			for key, value := range r.Values {
				want := schema.Properties.Values.Properties[key].Type
				var v any
				if err := json.Unmarshal(value, &v); err != nil {
					t.Fatal(err)
				}
				got := map[string]string{"string": "string", "float64": "number", "[]interface {}": "array"}[fmt.Sprintf("%T", v)]
				if got != want && (got != "number" || want != "integer") {
					t.Fatalf("survey %d: key %s is a %s, the schema says %q", s.index, key, got, want)
				}
			}
		}
	}
}

func TestExport_AnonymousSurveysTellNobody(t *testing.T) {
	t.Parallel()
	w := testWorld(t, worldOptions{Surveys: 7, Responses: 2000, Contacts: 100})
	all := rows(t, w.listed()[6], exportQuery{})
	if len(all) == 0 {
		t.Fatal("the anonymous survey has no responses")
	}
	for _, r := range all {
		for _, key := range []string{"ipAddress", "locationLatitude", "recipientEmail", "recipientLastName", "externalDataReference"} {
			if r.Values[key] != nil {
				t.Fatalf("%s has %s", r.ResponseID, key)
			}
		}
	}
}
