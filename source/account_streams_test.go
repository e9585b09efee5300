package source_test

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/birdie-ai/source-qualtrics/integration_tests/thorough"
	"github.com/birdie-ai/source-qualtrics/source/sandbox"
)

// accountStreams are the streams of objects that the API lists around responses and
// contacts.
var accountStreams = append([]string{"directories", "mailing_lists", "mailing_list_memberships", "users", "survey_translations"}, definitionStreams...)

// structureStreams are made of the definitions of surveys, and are read if they are named.
var structureStreams = []string{
	"blocks", "block_questions", "survey_flow_elements", "embedded_data_fields", "scoring_categories", "survey_languages", "survey_definitions",
}

// definitionStreams are the streams of which one answer has all rows of a survey.
var definitionStreams = append([]string{"questions", "question_choices"}, structureStreams...)

// exactTruth compares tables with the tenant, and reports rows that do not exist.
func (tn *tenant) exactTruth(t *testing.T, tables map[string]table, streams ...string) {
	t.Helper()
	for _, name := range streams {
		tn.compareTruth(t, name, tables[name])
		exist := make(map[string]bool)
		for _, id := range keysOfTruth(t, tn, name) {
			exist[id] = true
		}
		extra := 0
		for id := range tables[name] {
			if !exist[id] {
				if extra++; extra <= 3 {
					t.Errorf("%s %s does not exist", name, id)
				}
			}
		}
	}
}

// after reads until nothing is left to confirm: an object that is missing from its
// list may be reported as deleted by a later run.
func (tn *tenant) after(t *testing.T, state []byte, tables map[string]table, streams ...string) []byte {
	t.Helper()
	for range 3 {
		tn.Advance(20*time.Minute, true)
		r := tn.readComplete(t, state, streams...)
		merge(tables, r)
		state = r.states
	}
	return state
}

// Every change of an object reaches its table, and so does its disappearance.
func TestRead_TheAccountsStreamsEqualTheTruth(t *testing.T) {
	insideBubble(t, func(t *testing.T) {
		tn := newTenant(t, sandbox.Options{Seed: 41, Surveys: 5, Responses: 20, Contacts: thorough.Number(150, 80), PageSize: 20})
		tn.Advance(time.Hour, true)
		first := tn.readComplete(t, nil, accountStreams...)
		tables := merge(nil, first)
		tn.exactTruth(t, tables, accountStreams...)
		state := tn.after(t, first.states, tables, accountStreams...)
		if again := tn.readComplete(t, state, accountStreams...); again.count() != 0 {
			t.Errorf("a read without any change emitted %d records", again.count())
		}
		for _, pause := range []time.Duration{24 * time.Hour, 6 * 24 * time.Hour, 30 * 24 * time.Hour} {
			tn.Advance(pause, false)
			state = tn.after(t, state, tables, accountStreams...)
			tn.exactTruth(t, tables, accountStreams...)
			if t.Failed() {
				t.Fatalf("after %s", pause)
			}
		}
	})
}

// Single edits of a survey reach the tables of questions and choices.
func TestRead_AnEditOfASurveyChangesQuestionsAndChoices(t *testing.T) {
	streams := []string{"questions", "question_choices"}
	insideBubble(t, func(t *testing.T) {
		tn := newTenant(t, sandbox.Options{Seed: 42, Surveys: 3, Responses: 5, Contacts: 1})
		tn.SetActivity(0, 0, 0)
		tn.Advance(time.Hour, true)
		first := tn.readComplete(t, nil, streams...)
		tables, state := merge(nil, first), first.states
		calls := tn.definitions()
		merge(tables, tn.readComplete(t, state, streams...))
		if got := tn.definitions() - calls; got != 0 {
			t.Errorf("%d definitions were read of surveys that did not change", got)
		}
		survey := keysOfTruth(t, tn, "surveys")[0]
		question := tn.AddQuestion(survey, "How likely are you to come back?")
		coded, added := "", ""
		for _, key := range keysOfTruth(t, tn, "question_choices") {
			if parts := strings.Split(key, "/"); parts[0] == survey && parts[2] == "choice" {
				coded = parts[1]
			}
		}
		for _, edit := range []struct {
			does string
			edit func() bool
		}{
			{"a new question", func() bool { return question != "" }},
			{"another text", func() bool { return tn.RewordQuestion(survey, question, "Will you come back?") }},
			{"a new choice", func() bool {
				added = tn.AddChoice(survey, coded, "choice", "None of these")
				return added != ""
			}},
			{"another choice", func() bool { return tn.RewordChoice(survey, coded, "choice", added, "Something else") }},
			{"a choice less", func() bool { return tn.RemoveChoice(survey, coded, "choice", added) }},
			{"a question in the trash", func() bool { return tn.TrashQuestion(survey, question) }},
			{"a question less", func() bool { return tn.RemoveQuestion(survey, question) }},
		} {
			if !edit.edit() {
				t.Fatalf("%s: the edit did nothing", edit.does)
			}
			tn.Advance(time.Minute, true)
			r := tn.readComplete(t, state, streams...)
			state = r.states
			merge(tables, r)
			tn.exactTruth(t, tables, streams...)
			if t.Failed() {
				t.Fatal(edit.does)
			}
		}
	})
}

// definitions counts the definitions that were asked for.
func (tn *tenant) definitions() (calls int) {
	for endpoint, answers := range tn.Requests() {
		if strings.Contains(endpoint, "survey-definitions") {
			for _, n := range answers {
				calls += n
			}
		}
	}
	return calls
}

// Runs that are cut anywhere are followed by ones that bring the rest, changes and
// deletions of the meantime included.
func TestRead_TheAccountsStreamsGoOnAfterInterruptions(t *testing.T) {
	for name, test := range map[string]struct {
		options sandbox.Options
		between time.Duration
	}{
		"short lists": {sandbox.Options{Seed: 43, Surveys: 4, Responses: 10, Contacts: 60, PageSize: 20}, 15 * time.Hour},
		// Within this time no whole mailing list goes: its ids would not be in the state.
		"lists kept in a summary": {sandbox.Options{Seed: 32, Surveys: 2, Responses: 20, Contacts: 3000}, 5 * time.Hour},
	} {
		if test.options.Contacts > 1000 && !thorough.Asked() {
			continue // the feed has its own tests of summaries
		}
		t.Run(name, func(t *testing.T) {
			insideBubble(t, func(t *testing.T) {
				tn := newTenant(t, test.options)
				var state []byte
				tables, rounds := make(map[string]table), thorough.Number(8, 4)
				for round := range rounds {
					// The destination has a part of the output.
					whole := tn.readComplete(t, state, accountStreams...)
					lines := strings.SplitAfter(whole.output, "\n")
					cut := collectReading(t, result{stdout: strings.Join(lines[:len(lines)*round/rounds], "")}, state)
					merge(tables, cut)
					state = cut.states
					tn.Advance(test.between, false)
				}
				tn.after(t, state, tables, accountStreams...)
				tn.exactTruth(t, tables, accountStreams...)
			})
		})
	}
}

// A definition without its questions says nothing about them: no row is reported as
// deleted, and the run is not complete.
func TestRead_ADefinitionWithoutQuestionsIsIncomplete(t *testing.T) {
	streams := []string{"questions", "question_choices"}
	insideBubble(t, func(t *testing.T) {
		tn := newTenant(t, sandbox.Options{Seed: 44, Surveys: 2, Responses: 5, Contacts: 1})
		tn.SetActivity(0, 0, 0)
		tn.Advance(time.Hour, true)
		first := tn.readComplete(t, nil, streams...)
		survey := keysOfTruth(t, tn, "surveys")[0]
		tn.EditSurvey(survey)
		tn.Advance(time.Minute, true)
		healthy := tn.transport
		tn.rewriting("/survey-definitions/"+survey, func(definition map[string]any) any {
			delete(definition, "Questions")
			return definition
		})
		got := tn.read(t, first.states, streams...)
		if got.code != 4 || got.statuses["questions"] != "INCOMPLETE" || got.count() != 0 {
			t.Errorf("got exit code %d, %v and %d records, want an incomplete stream without rows", got.code, got.statuses, got.count())
		}
		tn.transport = healthy
		tables := merge(nil, first)
		tn.after(t, got.states, tables, streams...)
		tn.exactTruth(t, tables, streams...)
	})
}

// A survey whose definition the account may not read is left out, as one that it may
// not export. One that was read before is a failure.
func TestRead_ADefinitionThatIsRefusedIsLeftOut(t *testing.T) {
	insideBubble(t, func(t *testing.T) {
		tn := newTenant(t, sandbox.Options{Seed: 45, Surveys: 3, Responses: 5, Contacts: 1})
		tn.SetActivity(0, 0, 0)
		tn.Advance(time.Hour, true)
		survey := keysOfTruth(t, tn, "surveys")[0]
		healthy := tn.transport
		refuse := func() {
			next := tn.transport
			tn.transport = tripper(func(r *http.Request) (*http.Response, error) {
				if strings.HasSuffix(r.URL.Path, "/survey-definitions/"+survey) {
					return answer(r, http.StatusForbidden, `{"meta":{"httpStatus":"403 - Forbidden","requestId":"1","error":{"errorCode":"QMST_2.1","errorMessage":"The operation is forbidden."}}}`), nil
				}
				return next.RoundTrip(r)
			})
		}
		refuse()
		first := tn.readComplete(t, nil, "questions")
		if text := strings.Join(first.logs, "\n"); !strings.Contains(text, "may not read") || first.count() == 0 {
			t.Errorf("got %d records and the log %s", first.count(), text)
		}
		tn.transport = healthy
		tables := merge(nil, first)
		state := tn.after(t, first.states, tables, "questions")
		tn.exactTruth(t, tables, "questions")
		tn.EditSurvey(survey)
		tn.Advance(time.Minute, true)
		refuse()
		if got := tn.read(t, state, "questions"); got.code != 4 {
			t.Errorf("of a survey that was read before: got exit code %d, want 4", got.code)
		}
	})
}
