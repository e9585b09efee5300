package source_test

import (
	"fmt"
	"maps"
	"slices"
	"testing"
	"time"

	"github.com/birdie-ai/source-qualtrics/integration_tests/thorough"
	"github.com/birdie-ai/source-qualtrics/source/sandbox"
)

// fieldedStreams are the tables of definitions, and those with several rows of a response.
var (
	partStreams    = []string{"answers", "response_embedded_data"}
	fieldedStreams = append([]string{"survey_translations"}, definitionStreams...)
)

// Over some days, surveys are edited while responses arrive, are edited and are deleted. After
// the read of each day all tables equal the truth, and no row of an older version counts.
func TestRead_DefinitionsAndAnswersEqualTheTruthOverDays(t *testing.T) {
	for _, seed := range []uint64{80, 81}[:thorough.Number(2, 1)] {
		t.Run(fmt.Sprint(seed), func(t *testing.T) {
			insideBubble(t, func(t *testing.T) {
				tn := newTenant(t, sandbox.Options{Seed: seed, Surveys: thorough.Number(10, 3), Responses: thorough.Number(100, 16), Contacts: 1, KeepSurveys: 100, OddFields: true, SmallSurveys: !thorough.Asked()})
				tn.config["deletions"] = map[string]any{"mode": "reconcile", "audit_days": 1}
				for range 25 { // some rows of each table
					tn.EditStructure(keysOfTruth(t, tn, "surveys")[0])
				}
				tn.Advance(time.Hour, true)
				streams := append(slices.Clone(partStreams), fieldedStreams...)
				rows, tables, versions := make(map[string]partRows), make(map[string]table), make(map[string]int)
				var state []byte
				next := func(after string, streams []string, ignored ...string) {
					t.Helper()
					r := tn.readComplete(t, state, streams...)
					state = r.states
					for _, stream := range partStreams {
						rows[stream] = append(rows[stream], r.records[stream]...)
					}
					versions[after] = len(r.records["survey_definitions"])
					merge(tables, r)
					for _, stream := range partStreams {
						tables[stream] = rows[stream].live(t, stream)
					}
					tn.ignored = ignored
					if tn.exactTruth(t, tables, streams...); t.Failed() {
						t.Fatal("after " + after)
					}
				}
				next("the first read", streams)
				asRead := append([]string{"export_tag", "is_declared"}, ofDefinition...)
				for day := range thorough.Number(3, 2) {
					surveys := keysOfTruth(t, tn, "surveys")
					for i, survey := range surveys {
						edits := []func(string) bool{tn.EditSurvey, tn.EditStructure, tn.ArrangeSurvey}
						for _, edit := range edits[:1+(day+i)%3] {
							edit(survey)
						}
						tn.DeleteResponses(survey, 1)
						tn.EmptyResponses(survey, 1)
					}
					tn.SetActivity(1, 0, 1)
					tn.Advance(24*time.Hour, false)
					tn.SetActivity(0, 0, 0)
					tn.Advance(20*time.Minute, true)
					r := tn.readComplete(t, state, streams...)
					state = r.states
					for _, stream := range partStreams {
						rows[stream] = append(rows[stream], r.records[stream]...)
					}
					merge(tables, r)
					versions["the edits"] += len(r.records["survey_definitions"])
					if got := len(r.records["survey_definitions"]); got < len(surveys) {
						t.Errorf("day %d: %d of %d edited surveys have a new definition", day, got, len(surveys))
					}
					tn.Advance(20*time.Minute, true)
					next("a day of edits", streams, asRead...)
				}
				if versions["a day of edits"] != 0 {
					t.Errorf("%d definitions came again without an edit", versions["a day of edits"])
				}
				kinds := make(map[any]bool)
				for _, row := range rows["answers"] {
					kinds[row["kind"]] = true
				}
				if dead := len(rows["answers"]) - len(tables["answers"]); dead < 20 || len(kinds) < thorough.Number(15, 5) {
					t.Errorf("%d rows of answers count no more, and %d kinds came: %v", dead, len(kinds), slices.Collect(maps.Keys(kinds)))
				}
				state, rows, tables = nil, make(map[string]partRows), make(map[string]table)
				next("a first read after all edits", streams)
			})
		})
	}
}
