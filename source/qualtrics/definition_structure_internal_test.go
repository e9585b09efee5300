package qualtrics

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// idsOf are the ids of the parts of a section, in order.
func idsOf(definition string, of DefinitionSection) (ids []string) {
	sections[of].parts(membersOf([]byte(definition)), func(part DefinitionPart) { ids = append(ids, part.ID()) })
	return ids
}

func TestSections_ReadEveryShapeOfDefinitions(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		name       string
		of         DefinitionSection
		definition string
		want       []string
	}{
		{"blocks in an object, in its order", BlockSection, `{"Blocks": {"BL_2": {"ID": "BL_2"}, "BL_1": {"ID": "BL_1"}}}`, []string{"BL_2", "BL_1"}},
		{"blocks by position", BlockSection, `{"Blocks": {"0": {"ID": "BL_2"}, "10": {"ID": "BL_3"}, "2": {}}}`, []string{"BL_2", "BL_3", "2"}},
		{"blocks in an array", BlockSection, `{"Blocks": [{"ID": "BL_2"}, {"ID": ""}, 7]}`, []string{"BL_2", "1", "2"}},
		{"blocks with the same id", BlockSection, `{"Blocks": [{"ID": "BL_2"}, {"ID": "BL_2"}]}`, []string{"BL_2", "#2"}},
		{"no blocks", BlockSection, `{"Blocks": []}`, nil},
		{"elements of blocks", ElementSection, `{"Blocks": [{"ID": "BL_1", "BlockElements": {"0": {"Type": "Question", "QuestionID": "QID1"}, "2": {"Type": "Page Break"}, "3": {"Type": "Question", "QuestionID": "QID1"}}}]}`, []string{"BL_1/QID1", "BL_1/#2", "BL_1/#3"}},
		{"a trash without elements", ElementSection, `{"Blocks": [{"ID": "BL_1", "Type": "Trash"}]}`, nil},
		{"a nested flow", FlowSection, `{"SurveyFlow": {"FlowID": "FL_1", "Flow": [{"FlowID": "FL_9", "Flow": [{"FlowID": "FL_3"}]}, {"FlowID": "FL_2"}]}}`, []string{"FL_1", "FL_9", "FL_3", "FL_2"}},
		{"a flow without ids", FlowSection, `{"SurveyFlow": {"Flow": {"0": {"Flow": [{}]}, "1": "FL_7"}}}`, []string{"1", "1.1", "1.1.1", "1.2"}},
		{"a flow that is a list", FlowSection, `{"SurveyFlow": [{"FlowID": "FL_2"}, {"FlowID": 3}]}`, []string{"FL_2", "3"}},
		{"a flow with an id twice", FlowSection, `{"SurveyFlow": {"FlowID": "FL_1", "Flow": [{"FlowID": "FL_2"}, {"FlowID": "FL_2"}, {"FlowID": "FL_1"}]}}`, []string{"FL_1", "FL_2", "FL_1.2", "FL_1.3"}},
		{"an empty flow", FlowSection, `{"SurveyFlow": []}`, nil},
		{
			"fields", FieldSection, `{"SurveyFlow": {"Flow": [{"FlowID": "FL_2", "EmbeddedData": [{"Field": "pid"}, {"Field": "PID"}, {"Description": "only this"}, {}, "text", {"Field": "a/b"}]}]}}`,
			[]string{"FL_2/pid", "FL_2/PID", "FL_2/only this", "FL_2/4", "FL_2/5", "FL_2/a/b"},
		},
		{"categories", ScoringSection, `{"Scoring": {"ScoringCategories": {"0": {"ID": "SC_1"}, "1": {"Name": "x"}}, "ScoringCategoryGroups": []}}`, []string{"SC_1", "2"}},
		{"no scoring", ScoringSection, `{"Scoring": []}`, nil},
		{"languages in an object", LanguageSection, `{"SurveyOptions": {"AvailableLanguages": {"EN": [], "DE": []}, "MetaDataTranslations": []}}`, []string{"DE", "EN"}},
		{"languages in an array", LanguageSection, `{"SurveyOptions": {"AvailableLanguages": ["EN", "DE"]}}`, []string{"EN", "DE"}},
		{"no list of languages", LanguageSection, `{"SurveyOptions": {"SurveyLanguage": "FR"}}`, []string{"FR"}},
		{"no language", LanguageSection, `{"SurveyOptions": []}`, nil},
	} {
		if diff := cmp.Diff(test.want, idsOf(test.definition, test.of)); diff != "" {
			t.Errorf("%s (-want +got):\n%s", test.name, diff)
		}
	}
}

func TestFlowParts_HaveTheirPlaceAndProperties(t *testing.T) {
	t.Parallel()
	definition := membersOf([]byte(`{"SurveyFlow": {"Type": "Root", "FlowID": "FL_1", "Flow": [
		{"Type": "Standard", "ID": "BL_1", "FlowID": "FL_2", "Autofill": []},
		{"Type": "BlockRandomizer", "FlowID": "FL_3", "SubSet": "2", "Flow": [{"Type": "ReferenceSurvey", "ID": "SV_2", "FlowID": "FL_4", "Description": "<b>x</b>"}]}]}}`))
	var got []FlowElement
	flowParts(definition, func(part DefinitionPart) { got = append(got, *part.Flow) })
	want := []FlowElement{
		{ID: "FL_1", Type: ptr("Root"), Position: 1},
		{ID: "FL_2", Type: ptr("Standard"), Parent: ptr("FL_1"), Depth: 1, Position: 1, BlockID: ptr("BL_1"), Properties: json.RawMessage(`{"Autofill":[]}`)},
		{ID: "FL_3", Type: ptr("BlockRandomizer"), Parent: ptr("FL_1"), Depth: 1, Position: 2, Properties: json.RawMessage(`{"SubSet":"2"}`)},
		{ID: "FL_4", Type: ptr("ReferenceSurvey"), Parent: ptr("FL_3"), Depth: 2, Position: 1, Description: ptr("<b>x</b>"), Properties: json.RawMessage(`{"ID":"SV_2"}`)},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
}

func TestFieldParts_ReadValuesOfEveryType(t *testing.T) {
	t.Parallel()
	definition := membersOf([]byte(`{"SurveyFlow": {"FlowID": "FL_1", "EmbeddedData": [
		{"Field": "a", "Description": "A", "Type": "Custom", "VariableType": "Scale", "Value": 2.50, "AnalyzeText": false, "FlowOnly": "true"},
		{"Field": "b", "Value": true}, {"Field": "c", "Value": ""}, {"Field": "Session-Token", "Value": "x"}]}}`))
	var got []EmbeddedField
	fieldParts(definition, func(part DefinitionPart) { got = append(got, *part.Field) })
	want := []EmbeddedField{
		{FlowID: "FL_1", Name: "a", Position: 1, Type: ptr("Custom"), Description: ptr("A"), VariableType: ptr("Scale"), Value: ptr("2.50"), AnalyzeText: ptr(false), FlowOnly: ptr(true)},
		{FlowID: "FL_1", Name: "b", Position: 2, Value: ptr("true")},
		{FlowID: "FL_1", Name: "c", Position: 3, Value: ptr("")},
		{FlowID: "FL_1", Name: "Session-Token", Position: 4, Value: ptr("[redacted]")},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
}

func TestScoringParts_KnowGroupsAndTheDefault(t *testing.T) {
	t.Parallel()
	definition := membersOf([]byte(`{"Scoring": {"ScoringCategories": [{"ID": "SC_1", "Name": "A", "Description": ""}, {"ID": "SC_2", "Name": "B"}], "DefaultScoringCategory": "SC_2",
		"ScoringCategoryGroups": [{"ID": "SCG_1", "Name": "<G>", "Categories": ["SC_1", "SC_2"]}, {"ID": "SCG_2", "Categories": {"0": "SC_2"}}, {"ID": "SCG_3", "Categories": []}]}}`))
	var got []ScoringCategory
	scoringParts(definition, func(part DefinitionPart) { got = append(got, *part.Scoring) })
	want := []ScoringCategory{
		{ID: "SC_1", Position: 1, Name: ptr("A"), Groups: json.RawMessage(`[{"id":"SCG_1","name":"\u003cG\u003e"}]`)},
		{ID: "SC_2", Position: 2, Name: ptr("B"), Default: true, Groups: json.RawMessage(`[{"id":"SCG_1","name":"\u003cG\u003e"},{"id":"SCG_2","name":null}]`)},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
}

func TestMasked_KeepsTheShapeAndNoCredential(t *testing.T) {
	t.Parallel()
	for _, test := range []struct{ name, in, want string }{
		{"headers", `{"Type":"WebService","Headers":[{"key":"Authorization","value":"s"}]}`, `{"Headers":[{"key":"Authorization","value":"[redacted]"}],"Type":"WebService"}`},
		{"a parameter that is named key", `{"Type":"WebService","Body":{"key":"s","n":7,"on":true,"none":null,"empty":""}}`, `{"Body":{"empty":"","key":"[redacted]","n":"[redacted]","none":null,"on":true},"Type":"WebService"}`},
		{"a parameter without a value", `{"RequestParams":[{"key":"s"},"s"]}`, `{"RequestParams":[{"key":"[redacted]"},"[redacted]"]}`},
		{"a key that is an object", `{"RequestParams":[{"key":{"a":"s"},"value":"s"}]}`, `{"RequestParams":[{"key":{"a":"[redacted]"},"value":"[redacted]"}]}`},
		{"a response map", `{"Type":"WebService","ResponseMap":[{"key":"a","value":"b"}],"SchemaVersion":1}`, `{"ResponseMap":[{"key":"a","value":"b"}],"SchemaVersion":1,"Type":"WebService"}`},
		{"an address", `{"URL":"https://u:p@example.com/a?b=s#c"}`, `{"URL":"https://example.com/[redacted]"}`},
		{"an address with piped text", `{"URL":"${e://Field/url}"}`, `{"URL":"[redacted]"}`},
		{"a host", `{"URL":"https://example.com","RefererURL":"http://"}`, `{"RefererURL":"http://","URL":"https://example.com"}`},
		{"a callback", `{"Quotas":[{"WebServiceOptions":{"URL":"https://example.com/s","Method":"s"},"Name":"q"}]}`, `{"Quotas":[{"Name":"q","WebServiceOptions":{"Method":"[redacted]","URL":"[redacted]"}}]}`},
		{"names of credentials", `{"API-Key":"s","client_secret":5,"Password":{"Token":"s","x":"y"}}`, `{"API-Key":"[redacted]","Password":{"Token":"[redacted]","x":"y"},"client_secret":"[redacted]"}`},
		{"an element in an element", `{"Type":"Authenticator","FlowID":"FL_1","Base":"s","Flow":[{"Type":"Group","Description":"d"}]}`, `{"Base":"[redacted]","Flow":[{"Description":"d","Type":"Group"}],"FlowID":"FL_1","Type":"Authenticator"}`},
		{"addresses of e-mails", `{"ToEmail":"a@example.com","to":"b@example.com, c@example.com","Email":"${m://Email1}","Text":"d@example.com"}`, `{"Email":"${m://Email1}","Text":"d@example.com","ToEmail":"[redacted]","to":"[redacted]"}`},
		{"numbers", `[1e400,12345678901234567890,1.50]`, `[1e400,12345678901234567890,1.50]`},
		{"nothing", ``, ``},
	} {
		got := string(masked(json.RawMessage(test.in)))
		if diff := cmp.Diff(test.want, got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", test.name, diff)
		}
	}
}

// A definition that is nested too deep to be decoded is not passed on unmasked.
func TestMasked_PassesNothingOnThatIsTooDeep(t *testing.T) {
	t.Parallel()
	deep := strings.Repeat(`{"a":`, 20_000) + `"secret"` + strings.Repeat("}", 20_000)
	if got := masked(json.RawMessage(deep)); got != nil {
		t.Errorf("got %d bytes", len(got))
	}
}

// Text that is no Unicode is replaced, and the part says so.
func TestParts_ReportTextThatIsRepaired(t *testing.T) {
	t.Parallel()
	for name, bad := range map[string]string{"a lone surrogate": `\ud83d`, "no UTF-8": "\xff", "a replacement that was sent": `\ufffd`, "plain text": "x"} {
		want := name == "a lone surrogate" || name == "no UTF-8"
		definition := membersOf([]byte(`{"SurveyID": "SV_1", "Questions": {"QID1": {"QuestionText": "` + bad + `"}}, "Blocks": [{"ID": "BL_1", "Options": {"a": "` + bad + `"}}],
			"SurveyFlow": {"FlowID": "FL_1", "Flow": [{"FlowID": "FL_2", "a": "` + bad + `"}, {"FlowID": "FL_3", "a": "x"}]}}`))
		altered := make(map[string]bool)
		for _, of := range []DefinitionSection{BlockSection, FlowSection, WholeSection} {
			sections[of].parts(definition, func(part DefinitionPart) {
				switch {
				case part.Block != nil:
					altered[part.ID()] = part.Block.Altered != nil
				case part.Flow != nil:
					altered[part.ID()] = part.Flow.Altered != nil
				default:
					altered[part.ID()] = part.Whole.Altered != nil
				}
			})
		}
		if diff := cmp.Diff(map[string]bool{"BL_1": want, "FL_1": false, "FL_2": want, "FL_3": false, "SV_1": want}, altered); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
	}
}
