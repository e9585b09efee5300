package source_test

import (
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/birdie-ai/source-qualtrics/source/sandbox"
)

// Edits of everything beside questions reach the tables of a definition, and one call per
// changed survey is made for all of them.
func TestRead_AnEditOfTheStructureChangesItsTables(t *testing.T) {
	insideBubble(t, func(t *testing.T) {
		const surveys = 4
		tn := newTenant(t, sandbox.Options{Seed: 51, Surveys: surveys, Responses: 5, Contacts: 1})
		tn.SetActivity(0, 0, 0)
		tn.Advance(time.Hour, true)
		first := tn.readComplete(t, nil, definitionStreams...)
		if got := tn.definitions(); got != surveys {
			t.Errorf("%d definitions were read, want one of each of %d surveys", got, surveys)
		}
		tables, state := merge(nil, first), first.states
		tn.exactTruth(t, tables, definitionStreams...)
		if again := tn.readComplete(t, state, definitionStreams...); again.count() != 0 || tn.definitions() != surveys {
			t.Errorf("a read without any change emitted %d records and read %d definitions", again.count(), tn.definitions()-surveys)
		}
		survey := keysOfTruth(t, tn, "surveys")[0]
		deleted := make(map[string]bool)
		for round := range 40 {
			if !tn.EditStructure(survey) {
				t.Fatal("no edit was made")
			}
			tn.Advance(time.Hour, true)
			calls := tn.definitions()
			r := tn.readComplete(t, state, definitionStreams...)
			if got := tn.definitions() - calls; got != 1 {
				t.Fatalf("edit %d: %d definitions were read, want that of the changed survey", round, got)
			}
			for stream, rows := range r.records {
				for _, row := range rows {
					deleted[stream] = deleted[stream] || row["deleted_at"] != nil
				}
			}
			state = r.states
			merge(tables, r)
			if tn.exactTruth(t, tables, definitionStreams...); t.Failed() {
				t.Fatalf("after edit %d", round)
			}
		}
		for _, stream := range []string{"blocks", "survey_flow_elements", "embedded_data_fields", "scoring_categories", "survey_languages"} {
			if !deleted[stream] {
				t.Errorf("no row of %s was deleted in the test", stream)
			}
		}
	})
}

// A deleted survey takes the rows of all its tables along.
func TestRead_ADeletedSurveyTakesItsStructureAlong(t *testing.T) {
	insideBubble(t, func(t *testing.T) {
		tn := newTenant(t, sandbox.Options{Seed: 52, Surveys: 3, Responses: 5, Contacts: 1})
		tn.SetActivity(0, 0, 0)
		tn.Advance(time.Hour, true)
		first := tn.readComplete(t, nil, definitionStreams...)
		tables := merge(nil, first)
		if !tn.RemoveSurvey(keysOfTruth(t, tn, "surveys")[1]) {
			t.Fatal("no survey was deleted")
		}
		tn.after(t, first.states, tables, definitionStreams...)
		tn.exactTruth(t, tables, definitionStreams...)
	})
}

// Each stream has the position of its own rows, so that one which is selected later reads
// the definitions once, and the others do not.
func TestRead_AStreamOfDefinitionsThatIsSelectedLaterJoins(t *testing.T) {
	insideBubble(t, func(t *testing.T) {
		tn := newTenant(t, sandbox.Options{Seed: 53, Surveys: 3, Responses: 5, Contacts: 1})
		tn.SetActivity(0, 0, 0)
		tn.Advance(time.Hour, true)
		first := tn.readComplete(t, nil, "questions", "blocks")
		calls := tn.definitions()
		second := tn.readComplete(t, first.states, "questions", "blocks", "survey_languages")
		if got := tn.definitions() - calls; got != 3 {
			t.Errorf("%d definitions were read, want 3 for the new stream", got)
		}
		if len(second.records["survey_languages"]) == 0 || second.count() != len(second.records["survey_languages"]) {
			t.Errorf("got %d records, want those of the new stream", second.count())
		}
		tn.EditStructure(keysOfTruth(t, tn, "surveys")[0])
		tn.Advance(time.Minute, true)
		calls = tn.definitions()
		tables := merge(merge(nil, first), second)
		merge(tables, tn.readComplete(t, second.states, "questions", "blocks", "survey_languages"))
		if got := tn.definitions() - calls; got != 1 {
			t.Errorf("%d definitions were read after one edit", got)
		}
		tn.exactTruth(t, tables, "questions", "blocks", "survey_languages")
	})
}

// A definition that lacks a list leaves the tables of that list as they are, and the run is
// not complete. The tables of its other lists are read.
func TestRead_ADefinitionWithoutAListIsIncompleteForItsTables(t *testing.T) {
	for member, incomplete := range map[string][]string{
		"Blocks":        {"blocks", "block_questions", "survey_definitions"},
		"SurveyFlow":    {"survey_flow_elements", "embedded_data_fields", "survey_definitions"},
		"Scoring":       {"scoring_categories"},
		"SurveyOptions": {"survey_languages", "survey_definitions"},
	} {
		t.Run(member, func(t *testing.T) {
			insideBubble(t, func(t *testing.T) {
				tn := newTenant(t, sandbox.Options{Seed: 54, Surveys: 2, Responses: 5, Contacts: 1})
				tn.SetActivity(0, 0, 0)
				tn.Advance(time.Hour, true)
				first := tn.readComplete(t, nil, definitionStreams...)
				tables, survey := merge(nil, first), keysOfTruth(t, tn, "surveys")[0]
				for range 3 {
					tn.EditStructure(survey)
				}
				tn.Advance(time.Minute, true)
				healthy := tn.transport
				tn.rewriting("/survey-definitions/"+survey, func(definition map[string]any) any {
					delete(definition, member)
					return definition
				})
				got := tn.read(t, first.states, definitionStreams...)
				for _, stream := range definitionStreams {
					if want := slices.Contains(incomplete, stream); want != (got.statuses[stream] == "INCOMPLETE") || want && len(got.records[stream]) > 0 {
						t.Errorf("%s is %s with %d rows", stream, got.statuses[stream], len(got.records[stream]))
					}
				}
				if got.code != 4 {
					t.Errorf("got exit code %d, want 4", got.code)
				}
				tn.transport = healthy
				merge(tables, got)
				tn.after(t, got.states, tables, definitionStreams...)
				tn.exactTruth(t, tables, definitionStreams...)
			})
		})
	}
}

// Translations cost a call for each language of a changed survey, and one for their list.
func TestRead_TranslationsAreReadOfChangedSurveys(t *testing.T) {
	insideBubble(t, func(t *testing.T) {
		tn := newTenant(t, sandbox.Options{Seed: 57, Surveys: 3, Responses: 5, Contacts: 1})
		tn.SetActivity(0, 0, 0)
		tn.Advance(time.Hour, true)
		calls := 0
		next := tn.transport
		tn.transport = tripper(func(r *http.Request) (*http.Response, error) {
			if strings.Contains(r.URL.Path, "/translations/") || strings.HasSuffix(r.URL.Path, "/languages") {
				calls++
			}
			return next.RoundTrip(r)
		})
		surveys, languages := keysOfTruth(t, tn, "surveys"), len(keysOfTruth(t, tn, "survey_languages"))
		first := tn.readComplete(t, nil, "survey_translations")
		tables := merge(nil, first)
		if tn.exactTruth(t, tables, "survey_translations"); calls != languages+len(surveys) {
			t.Errorf("%d calls were made for %d languages of %d surveys", calls, languages, len(surveys))
		}
		for range 10 {
			tn.EditStructure(surveys[0])
		}
		tn.EditSurvey(surveys[0])
		tn.Advance(time.Hour, true)
		calls, languages = 0, 0
		for _, key := range keysOfTruth(t, tn, "survey_languages") {
			if strings.HasPrefix(key, surveys[0]+"/") {
				languages++
			}
		}
		second := tn.readComplete(t, first.states, "survey_translations")
		merge(tables, second)
		if tn.exactTruth(t, tables, "survey_translations"); calls != languages+1 {
			t.Errorf("%d calls were made for %d languages of the changed survey", calls, languages)
		}
		if third := tn.readComplete(t, second.states, "survey_translations"); third.count() != 0 || calls != languages+1 {
			t.Errorf("a read without any change emitted %d records and made %d calls", third.count(), calls-languages-1)
		}
	})
}

// A definition that cannot be read costs the tries of one call, whatever streams wait for it.
func TestRead_ADefinitionThatFailsIsAskedForOnce(t *testing.T) {
	insideBubble(t, func(t *testing.T) {
		calls := func(streams ...string) (calls int) {
			tn := newTenant(t, sandbox.Options{Seed: 55, Surveys: 1, Responses: 5, Contacts: 1})
			next := tn.transport
			tn.transport = tripper(func(r *http.Request) (*http.Response, error) {
				if strings.Contains(r.URL.Path, "/survey-definitions/") {
					calls++
					return answer(r, http.StatusInternalServerError, errorBody(500, "SD_1", "no")), nil
				}
				return next.RoundTrip(r)
			})
			if got := tn.read(t, nil, streams...); got.code == 0 || got.count() != 0 {
				t.Errorf("got exit code %d and %d records", got.code, got.count())
			}
			return calls
		}
		if one, all := calls("blocks"), calls(definitionStreams...); one == 0 || one != all {
			t.Errorf("%d calls were made for one stream and %d for all", one, all)
		}
	})
}

// The credentials that a survey sends to other systems are in its definition, and in no
// output of any stream.
func TestRead_CredentialsOfWebServicesAreInNoOutput(t *testing.T) {
	insideBubble(t, func(t *testing.T) {
		tn := newTenant(t, sandbox.Options{Seed: 56, Surveys: 3, Responses: 20, Contacts: 5})
		survey := keysOfTruth(t, tn, "surveys")[1]
		for _, kind := range []string{"WebService", "WebService", "EmbeddedData"} {
			if tn.AddFlowElement(survey, kind) == "" {
				t.Fatalf("no %s was added", kind)
			}
		}
		tn.Advance(time.Hour, true)
		places := make(map[string]bool)
		tn.rewriting("/survey-definitions/"+survey, func(definition map[string]any) any {
			// These are not in the sandbox: their form is documented only, or assumed.
			flow := definition["SurveyFlow"].(map[string]any)
			flow["Flow"] = append(flow["Flow"].([]any),
				object{"Type": "Authenticator", "FlowID": "FL_901", "AuthenticationType": object{"Server": sandbox.WebServiceSecret}},
				object{
					"Type": "WebService", "FlowID": "FL_902", "Description": "https://example.com/?key=" + sandbox.WebServiceSecret, "URL": "${e://Field/host}/" + sandbox.WebServiceSecret,
					"Body": sandbox.WebServiceSecret, "Headers": []any{sandbox.WebServiceSecret}, "RequestParams": object{"key": sandbox.WebServiceSecret}, "Extra": sandbox.WebServiceSecret,
				},
				object{"Type": "EndSurvey", "FlowID": "FL_903", "Options": object{"EOSRedirectURL": "https://u:" + sandbox.WebServiceSecret + "@example.com/"}},
			)
			definition["Quotas"] = []any{object{"ID": "QO_1", "WebServiceOptions": object{"URL": "https://example.com/" + sandbox.WebServiceSecret, "Params": []any{object{"name": "a", "value": sandbox.WebServiceSecret}}}}}
			definition["Workflows"] = object{"callbackURL": "https://example.com/" + sandbox.WebServiceSecret, "shared_key": sandbox.WebServiceSecret}
			encoded, _ := json.Marshal(definition)
			for _, place := range []string{`"Headers":[{"key":"Authorization","value":"Bearer `, `"RequestParams":[{"key":"api_key","value":"`, `"password":"`, `"Field":"api_key"`} {
				places[place] = places[place] || strings.Contains(string(encoded), place)
			}
			return definition
		})
		got := tn.readComplete(t, nil, append([]string{"surveys", "responses", "contacts", "directories", "users"}, definitionStreams...)...)
		if len(places) != 4 || slices.Contains(slices.Collect(maps.Values(places)), false) {
			t.Fatalf("the definitions have the credential in not all of these places: %v", places)
		}
		for _, output := range append([]string{got.output, string(got.states)}, got.logs...) {
			if at := strings.Index(output, sandbox.WebServiceSecret); at >= 0 {
				t.Errorf("the credential is in the output: %s", output[max(0, at-200):at+40])
			}
		}
		var masked []string
		for _, row := range got.records["survey_flow_elements"] {
			if row["survey_id"] == survey && (row["flow_type"] == "WebService" || row["flow_type"] == "Authenticator") {
				masked = append(masked, fmt.Sprint(row["properties"]))
			}
		}
		if len(masked) < 4 || slices.ContainsFunc(masked, func(properties string) bool { return !strings.Contains(properties, "[redacted]") }) {
			t.Errorf("got the web services %v, want each with masked credentials", masked)
		}
	})
}
