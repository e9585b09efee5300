package source_test

import (
	"bytes"
	"encoding/json"
	"net/http"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/birdie-ai/source-qualtrics/integration_tests/testkit"
	"github.com/birdie-ai/source-qualtrics/source/sandbox"
)

// edited changes a member of a survey in the answers of the tenant, while a run
// reads or between two runs.
type edited struct {
	mu     sync.Mutex
	values map[string]json.RawMessage // by "survey/member"
}

func (tn *tenant) edited() *edited {
	e := &edited{values: make(map[string]json.RawMessage)}
	tn.shows(listingOf(surveyPath, func(elements []json.RawMessage) []json.RawMessage {
		e.mu.Lock()
		defer e.mu.Unlock()
		for i, element := range elements {
			members := make(map[string]json.RawMessage)
			if err := json.Unmarshal(element, &members); err != nil {
				panic(err)
			}
			for name := range members {
				if value := e.values[string(bytes.Trim(members["id"], `"`))+"/"+name]; value != nil {
					members[name] = value
				}
			}
			elements[i], _ = json.Marshal(members)
		}
		return elements
	}))
	return e
}

func (e *edited) set(survey, member, value string) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.values[survey+"/"+member] = json.RawMessage(value)
}

func (e *edited) undo() {
	e.mu.Lock()
	defer e.mu.Unlock()
	clear(e.values)
}

// A survey that leaves the selection by a change of its own is read a last time;
// when it comes back, its responses of the meantime are read.
func TestRead_ASurveyThatLeavesTheSelectionIsReadALastTime(t *testing.T) {
	for name, test := range map[string]struct {
		selection     map[string]any
		member, value string
		reason        string
		column        string
		many          bool // surveys than are all exported by every run
	}{
		"it is renamed":              {map[string]any{"include": []string{"*"}, "exclude": []string{"*(closed)"}}, "name", `"Old survey (closed)"`, "surveys.exclude matches its name", "name", false},
		"it is renamed, one of many": {map[string]any{"exclude": []string{"*(closed)"}}, "name", `"Old survey (closed)"`, "surveys.exclude matches its name", "name", true},
		"it is closed":               {map[string]any{"active_only": true}, "isActive", `false`, "surveys.active_only", "is_active", false},
		"it is given away":           {nil, "ownerId", `"UR_0000000000000zz"`, "surveys.owners", "owner_id", false},
	} {
		t.Run(name, func(t *testing.T) {
			insideBubble(t, func(t *testing.T) {
				tn := newTenant(t, small)
				if test.many {
					tn.sizes.ExportAll = 1
				}
				if test.selection == nil {
					owners := make(map[string]bool)
					for _, row := range tn.readComplete(t, nil, "surveys").records["surveys"] {
						owners[row["owner_id"].(string)] = true
					}
					var all []string
					for owner := range owners {
						all = append(all, owner)
					}
					test.selection = map[string]any{"owners": all}
				}
				tn.config["surveys"] = test.selection
				edits := tn.edited()
				first := tn.readComplete(t, nil, followed...)
				var leaving string
				for survey, rows := range bySurvey(first.records["responses"]) {
					if len(rows) > 3 && ofSurvey(first.records["surveys"], survey)[0]["is_active"] == true && (leaving == "" || survey < leaving) {
						leaving = survey
					}
				}
				tn.Advance(time.Hour, true)
				tn.RecordResponses(leaving, 3, tn.Now(), tn.Now())
				edits.set(leaving, test.member, test.value)
				r := tn.readComplete(t, first.states, followed...)
				if got := len(ofSurvey(r.records["responses"], leaving)); got != 3 {
					t.Errorf("the last read delivers %d responses, want 3", got)
				}
				rows := ofSurvey(r.records["surveys"], leaving)
				if len(rows) != 1 || string(testkit.Encode(rows[0][test.column])) != test.value {
					t.Errorf("got the rows %v of surveys, want one with %s %s", rows, test.column, test.value)
				}
				if row := auditOf(t, r, leaving); row["result"] != "complete" || row["reason"] != "left" {
					t.Errorf("sync_audit says %v", row)
				}
				r.says(t, "a survey left the selection", leaving, test.reason)

				tn.Advance(time.Hour, true)
				tn.RecordResponses(leaving, 2, tn.Now(), tn.Now())
				edits.set(leaving, "lastModified", `"2026-02-01T00:00:00Z"`)
				out := tn.readComplete(t, r.states, followed...)
				if len(ofSurvey(out.records["responses"], leaving))+len(ofSurvey(out.records["surveys"], leaving))+len(ofSurvey(out.records["sync_audit"], leaving)) > 0 {
					t.Errorf("it is read though it is not selected: %v", out.records)
				}
				if strings.Contains(strings.Join(out.logs, "\n"), "left the selection") {
					t.Error("the log tells of it once more")
				}
				out.holds(t, "responses", leaving, true)

				edits.undo()
				tn.Advance(time.Hour, true)
				back := tn.readComplete(t, out.states, followed...)
				if got := len(ofSurvey(back.records["responses"], leaving)); got != 2 {
					t.Errorf("%d responses came when it was selected again, want 2", got)
				}
				if len(ofSurvey(back.records["surveys"], leaving)) != 1 {
					t.Errorf("its row did not come again: %v", back.records["surveys"])
				}
				tn.compareTruth(t, "responses", merge(merge(merge(nil, first), r), back)["responses"])
			})
		})
	}
}

// A last read that fails is made again by the next run.
func TestRead_ALastReadThatFailsIsMadeAgain(t *testing.T) {
	insideBubble(t, func(t *testing.T) {
		tn := newTenant(t, small)
		tn.config["surveys"] = map[string]any{"exclude": []string{"*(closed)"}}
		edits := tn.edited()
		first := tn.readComplete(t, nil, "responses", "sync_audit")
		leaving := tn.surveyIDs(t)[1]
		tn.Advance(time.Hour, true)
		tn.RecordResponses(leaving, 3, tn.Now(), tn.Now())
		edits.set(leaving, "name", `"(closed)"`)
		tn.Intercept(refusing(http.MethodPost, leaving+"/export-responses", http.StatusInternalServerError))
		r := tn.read(t, first.states, "responses", "sync_audit")
		if r.code != 4 {
			t.Errorf("got exit code %d, want 4", r.code)
		}
		tn.Intercept(nil)
		tn.Advance(time.Hour, true)
		next := tn.readComplete(t, r.states, "responses", "sync_audit")
		if got := len(ofSurvey(next.records["responses"], leaving)); got != 3 {
			t.Errorf("got %d responses, want 3", got)
		}
	})
}

// A survey that a changed configuration leaves out is not read a last time, nor
// one that was left out before and is renamed then.
func TestRead_AChangedConfigurationLeavesPositionsAsTheyAre(t *testing.T) {
	insideBubble(t, func(t *testing.T) {
		tn := newTenant(t, small)
		edits := tn.edited()
		first := tn.readComplete(t, nil, followed...)
		leaving := tn.surveyIDs(t)[1]
		name := ofSurvey(first.records["surveys"], leaving)[0]["name"].(string)
		states := first.states
		for _, exclude := range []string{name, "*(closed)", name} {
			if exclude == "*(closed)" {
				edits.set(leaving, "name", `"(closed)"`)
			} else {
				edits.undo()
			}
			tn.config["surveys"] = map[string]any{"exclude": []string{exclude}}
			for range 2 {
				tn.Advance(time.Hour, true)
				tn.RecordResponses(leaving, 3, tn.Now(), tn.Now())
				r := tn.readComplete(t, states, followed...)
				if len(ofSurvey(r.records["responses"], leaving))+len(ofSurvey(r.records["surveys"], leaving)) > 0 || strings.Contains(strings.Join(r.logs, "\n"), "left the selection") {
					t.Errorf("%q excluded: it is read: %v\n%s", exclude, r.records, strings.Join(r.logs, "\n"))
				}
				r.holds(t, "responses", leaving, true)
				states = r.states
			}
		}
		delete(tn.config, "surveys")
		edits.undo()
		r := tn.readComplete(t, states, followed...)
		if got := len(ofSurvey(r.records["responses"], leaving)); got != 18 {
			t.Errorf("%d responses came when it was selected again, want 18", got)
		}
	})
}

// Every command names the parts of a selection that match nothing.
func TestEveryCommand_NamesThePartsOfTheSelectionThatMatchNothing(t *testing.T) {
	const unknown = "SV_zzzzzzzzzzzzzzz"
	for name, test := range map[string]struct {
		selection map[string]any
		says      []string
		fails     bool // of read and export
	}{
		"a pattern": {
			map[string]any{"include": []string{"Relationshipp survey", "con"}},
			[]string{`surveys.include: no survey of the account is named "Relationshipp survey"; the nearest are "Relationship survey"`},
			false,
		},
		"every pattern": {map[string]any{"include": []string{"nothing like it*"}}, []string{"surveys.include: no survey", "the selection matches none of the account's surveys"}, false},
		"an owner":      {map[string]any{"owners": []string{"UR_zzzzzzzzzzzzzzz"}}, []string{"surveys.owners: no survey of the account belongs to UR_zzzzzzzzzzzzzzz"}, false},
		"a name to exclude": {
			map[string]any{"exclude": []string{"Relation survey"}}, []string{`surveys.exclude: no survey of the account is named "Relation survey"; the nearest are "Relationship survey"`}, false,
		},
		"a survey to read again": {map[string]any{"resync": []string{unknown + "=2024-01-01T00:00:00Z"}}, []string{"surveys.resync names survey " + unknown + ", which does not exist"}, true},
	} {
		t.Run(name, func(t *testing.T) {
			insideBubble(t, func(t *testing.T) {
				tn := newTenant(t, small)
				tn.config["surveys"] = test.selection
				folder := filepath.Join(t.TempDir(), "data")
				tn.files["catalog.json"] = testkit.Catalog("responses")
				for command, args := range map[string][]string{
					"check": nil, "surveys": nil, "read": {"--catalog", "catalog.json"}, "tap": nil,
					"export": {"--to", folder, "--streams", "responses", "--format", "ndjson"},
				} {
					got := tn.run(t, append([]string{command, "--config", "config.json"}, args...)...)
					output := strings.ReplaceAll(got.stdout+got.stderr, `\"`, `"`)
					output = strings.ReplaceAll(output, `\"`, `"`)
					for _, text := range test.says {
						if !strings.Contains(output, text) {
							t.Errorf("%s does not say %q:\n%s", command, text, output)
						}
					}
					if fails := test.fails && command != "check"; (got.code != 0) != fails {
						t.Errorf("%s ends with %d", command, got.code)
					}
				}
			})
		})
	}
}

func TestSurveys_ProposesOnlyNamesThatResembleAPattern(t *testing.T) {
	insideBubble(t, func(t *testing.T) {
		tn := newTenant(t, small)
		tn.config["surveys"] = map[string]any{"include": []string{"Quarterly pulse of all regions"}}
		got := tn.run(t, "surveys", "--config", "config.json")
		if want := "warn: surveys.include: no survey of the account is named \"Quarterly pulse of all regions\"\n"; !strings.Contains(got.stderr, want) {
			t.Errorf("got %q, want %q", got.stderr, want)
		}
	})
}

func TestRead_NamesWhatDoesNotExistAndReadsTheRest(t *testing.T) {
	insideBubble(t, func(t *testing.T) {
		const survey, pool = "SV_zzzzzzzzzzzzzzz", "POOL_zzzzzzzzzzzzzzz"
		tn := newTenant(t, sandbox.Options{Seed: 7, Surveys: 5, Responses: 200, Contacts: 60})
		known := tn.readComplete(t, nil, "contacts").records["contacts"][0]["directory_id"].(string)
		tn.config["surveys"] = map[string]any{"ids": []string{tn.surveyIDs(t)[0], survey}}
		tn.config["directories"] = []string{known, pool}
		r := tn.read(t, nil, "responses", "contacts")
		if r.code != 4 || len(r.errors) != 2 || len(r.records["responses"]) == 0 || len(r.records["contacts"]) == 0 {
			t.Fatalf("got exit code %d, the errors %v, %d responses and %d contacts", r.code, r.errors, len(r.records["responses"]), len(r.records["contacts"]))
		}
		for _, e := range r.errors {
			want := map[string]string{"responses": "surveys.ids names survey " + survey, "contacts": "directories names directory " + pool}[e.stream]
			if e.kind != "config_error" || !strings.Contains(e.message, want) {
				t.Errorf("got %v, want a config_error that says %q", e, want)
			}
		}
		delete(tn.config, "surveys")
		ok, message := status(t, tn.run(t, "check", "--config", "config.json"))
		if ok || !strings.Contains(message, pool) || !strings.Contains(message, known) {
			t.Errorf("check: got %t, %q, want a failure that names %s, and %s as the nearest", ok, message, pool, known)
		}
	})
}

func TestRead_ASurveyToReadAgainThatIsNotSelectedIsNamed(t *testing.T) {
	insideBubble(t, func(t *testing.T) {
		tn := newTenant(t, small)
		survey := tn.surveyIDs(t)[1]
		tn.config["surveys"] = map[string]any{"ids": []string{tn.surveyIDs(t)[0]}, "resync": []string{survey + "=2024-01-01T00:00:00Z"}}
		tn.readComplete(t, nil, "responses").says(t, "surveys.resync names a survey that the selection leaves out", survey, "surveys.ids does not name it")
	})
}
