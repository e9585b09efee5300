package source_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/birdie-ai/source-qualtrics/integration_tests/testkit"
)

// schemaChange changes the value keys of a survey's response schema, as an editor does.
type schemaChange struct {
	change atomic.Pointer[func(properties map[string]any)]
}

func (c *schemaChange) set(change func(properties map[string]any)) { c.change.Store(&change) }

func (w *wideTenant) changingSchema(survey string) *schemaChange {
	c := &schemaChange{}
	w.rewriting("/surveys/"+survey+"/response-schema", func(result map[string]any) any {
		if change := c.change.Load(); change != nil {
			values := result["properties"].(map[string]any)["values"].(map[string]any)
			(*change)(values["properties"].(map[string]any))
		}
		return result
	})
	return c
}

// wideSurvey is a tenant with a wide stream of one survey, and a value key that its responses
// often have.
func wideSurvey(t *testing.T, settings map[string]any) (w *wideTenant, survey, key string) {
	t.Helper()
	w = newWideTenant(t, settings)
	survey = keysOfTruth(t, w.tenant, "surveys")[0]
	settings["surveys"] = []string{survey}
	w.discover(t)
	columns := columnsByKey(t, w.schemas[w.order[0]])
	counts := make(map[string]int)
	exist, _ := w.Truth("responses")
	for line := range exist {
		row := parseRow(t, line)
		if row["survey_id"] != survey {
			continue
		}
		for name := range row["answer_values"].(map[string]any) {
			if counts[name]++; columns[name] != "" && (counts[name] > counts[key] || counts[name] == counts[key] && name < key) {
				key = name
			}
		}
	}
	if counts[key] < 5 {
		t.Fatalf("no value key is frequent: %v", counts)
	}
	return w, survey, key
}

// filled counts the rows with a value in a column.
func filled(rows []map[string]any, column string) (n int) {
	for _, row := range rows {
		if row[column] != nil {
			n++
		}
	}
	return n
}

// renewed makes new responses to a survey.
func (w *wideTenant) renewed(survey string) {
	w.RecordResponses(survey, 20, w.Now(), w.Now())
	w.Advance(20*time.Minute, true)
}

// A renamed tag renames no column: neither for the catalog in use, nor for a new one.
func TestWide_ARenamedTagKeepsTheColumn(t *testing.T) {
	for names, again := range map[string]bool{"ids": true, "tags": false} {
		t.Run(names, func(t *testing.T) {
			insideBubble(t, func(t *testing.T) {
				settings := map[string]any{"column_names": names}
				w, survey, key := wideSurvey(t, settings)
				schema := w.changingSchema(survey)
				column := columnsByKey(t, w.schemas[w.order[0]])[key]
				if first := w.next(t).records[w.order[0]]; filled(first, column) == 0 {
					t.Fatalf("no row of the first read has %s", column)
				}
				schema.set(func(properties map[string]any) {
					properties[key].(map[string]any)["exportTag"] = "Renamed Tag"
				})
				w.renewed(survey)
				r := w.next(t)
				if filled(r.records[w.order[0]], column) == 0 || slices.ContainsFunc(r.logs, isAboutColumns) {
					t.Errorf("no new row has %s; the log says %v", column, r.logs)
				}
				w.discover(t)
				if got := columnsByKey(t, w.schemas[w.order[0]])[key]; (got == column) != again {
					t.Errorf("a new discover names the column %s, before it was %s", got, column)
				}
			})
		})
	}
}

func isAboutColumns(line string) bool { return strings.Contains(line, "have no column") }

// Values of a new question have no column until the next discover. The log says so once.
func TestWide_ANewQuestionIsLoggedUntilTheNextDiscover(t *testing.T) {
	insideBubble(t, func(t *testing.T) {
		w, survey, key := wideSurvey(t, map[string]any{})
		schema := w.changingSchema(survey)
		schema.set(func(properties map[string]any) { delete(properties, key) })
		w.discover(t)
		name := w.order[0]
		if column := columnsByKey(t, w.schemas[name])[key]; column != "" {
			t.Fatalf("the schema has the column %s of a later question", column)
		}
		r := w.next(t)
		told := slices.DeleteFunc(slices.Clone(r.logs), func(line string) bool { return !isAboutColumns(line) })
		if len(told) != 1 || !strings.Contains(told[0], "refresh the schema") || !strings.Contains(told[0], key) {
			t.Errorf("got the lines %v, want one that names %s and advises to refresh the schema", told, key)
		}
		schema.set(func(map[string]any) {})
		w.discover(t)
		column := columnsByKey(t, w.schemas[name])[key]
		w.renewed(survey)
		if r := w.next(t); column == "" || filled(r.records[name], column) == 0 || slices.ContainsFunc(r.logs, isAboutColumns) {
			t.Errorf("no new row has the column %q; the log says %v", column, r.logs)
		}
		w.state, w.tables = nil, nil
		w.next(t)
		if rows := w.tables[name]; len(rows) == 0 {
			t.Error("nothing was read again")
		}
	})
}

// A question that is deleted keeps its column in a catalog.
func TestWide_ADeletedQuestionKeepsTheColumnOfTheCatalog(t *testing.T) {
	insideBubble(t, func(t *testing.T) {
		w, survey, key := wideSurvey(t, map[string]any{})
		column := columnsByKey(t, w.schemas[w.order[0]])[key]
		w.changingSchema(survey).set(func(properties map[string]any) { delete(properties, key) })
		if r := w.next(t); filled(r.records[w.order[0]], column) == 0 || slices.ContainsFunc(r.logs, isAboutColumns) {
			t.Errorf("no row has %s; the log says %v", column, r.logs)
		}
	})
}

// The rows of a deleted survey get tombstones, without another discover.
func TestWide_ADeletedSurveyLeavesTombstones(t *testing.T) {
	insideBubble(t, func(t *testing.T) {
		w, survey, _ := wideSurvey(t, map[string]any{})
		w.next(t)
		if len(w.tables[w.order[0]]) == 0 {
			t.Fatal("nothing was read")
		}
		w.RemoveSurvey(survey)
		for range 3 {
			w.Advance(20*time.Minute, true)
			w.next(t)
		}
		if left := len(w.tables[w.order[0]]); left != 0 {
			t.Errorf("%d rows of the deleted survey are left", left)
		}
		r := w.next(t)
		if says := "it does not exist any more"; r.count() != 0 || !strings.Contains(strings.Join(r.logs, "\n"), says) {
			t.Errorf("got %d rows and %v, want %q", r.count(), r.logs, says)
		}
	})
}

// A survey with too many columns has no wide stream. Others have theirs.
func TestWide_ASurveyWithTooManyColumnsIsRefused(t *testing.T) {
	insideBubble(t, func(t *testing.T) {
		w, survey, _ := wideSurvey(t, map[string]any{})
		w.config["responses_wide"] = map[string]any{"surveys": []string{"*"}}
		schema := w.changingSchema(survey)
		schema.set(func(properties map[string]any) {
			for i := range 1500 {
				properties[fmt.Sprintf("QID%d_TEXT", 5000+i)] = map[string]any{"dataType": "question", "type": "string"}
			}
		})
		refused := "responses_wide__" + strings.ToLower(survey)
		got := w.discover(t)
		if len(w.order) != 2 || w.schemas[refused] != nil || !strings.Contains(got.stdout, "select answers") {
			t.Errorf("discover lists %v", w.order)
		}
		r := w.read(t, nil, append([]string{refused, "responses"}, w.order...)...)
		if r.code != 4 || r.statuses[refused] != "INCOMPLETE" || len(r.errors) != 1 || r.errors[0].kind != "config_error" || !strings.Contains(r.errors[0].message, "select answers") {
			t.Errorf("got exit code %d, %v and %v", r.code, r.statuses, r.errors)
		}
		for _, name := range append(w.order, "responses") {
			if r.statuses[name] != "COMPLETE" || len(r.records[name]) == 0 {
				t.Errorf("%s is %s with %d rows", name, r.statuses[name], len(r.records[name]))
			}
		}
	})
}

// A discover that cannot read a schema at the moment fails: without a stream in the catalog a
// platform would remove its table. A refusal for good leaves out the stream.
func TestWide_DiscoverFailsIfASchemaCannotBeReadNow(t *testing.T) {
	for status, code := range map[int]int{http.StatusInternalServerError: 3, http.StatusForbidden: 0} {
		t.Run(http.StatusText(status), func(t *testing.T) {
			insideBubble(t, func(t *testing.T) {
				w := newWideTenant(t, map[string]any{"surveys": []string{"*"}})
				survey := keysOfTruth(t, w.tenant, "surveys")[0]
				w.Intercept(func(r *http.Request) *http.Response {
					if !strings.HasSuffix(r.URL.Path, survey+"/response-schema") {
						return nil
					}
					return answer(r, status, `{"meta":{"httpStatus":"`+http.StatusText(status)+`"}}`)
				})
				got := w.run(t, "discover", "--config", "config.json")
				listed := strings.Count(got.stdout, `"name":"responses_wide__`)
				if got.code != code || code == 0 && (listed != 2 || !strings.Contains(got.stdout, "has no wide stream")) || code != 0 && listed != 0 {
					t.Errorf("got exit code %d and %d streams, want %d", got.code, listed, code)
				}
			})
		})
	}
}

// A catalog that names a wide stream without its columns selects all of them.
func TestWide_ACatalogWithoutColumnsSelectsAll(t *testing.T) {
	insideBubble(t, func(t *testing.T) {
		w, _, _ := wideSurvey(t, map[string]any{})
		w.next(t)
		r := w.read(t, nil, w.order[0], "responses_wide__sv_nobody", "responses_wide__")
		if len(r.records[w.order[0]]) != len(w.tables[w.order[0]]) || len(r.records[w.order[0]][0]) != columnCount(t, w.schemas[w.order[0]]) {
			t.Errorf("got %d rows", len(r.records[w.order[0]]))
		}
		if r.code != 4 || r.statuses["responses_wide__sv_nobody"] != "INCOMPLETE" || len(r.errors) != 2 || !strings.Contains(r.errors[0].message+r.errors[1].message, "no selected survey has it") {
			t.Errorf("got exit code %d, %v and %v, want streams that do not exist", r.code, r.statuses, r.errors)
		}
	})
}

func columnCount(t *testing.T, schema json.RawMessage) int {
	t.Helper()
	var object struct{ Properties map[string]any }
	if err := json.Unmarshal(schema, &object); err != nil {
		t.Fatal(err)
	}
	return len(object.Properties)
}

// A wide stream that is selected later reads its survey once, and then shares the exports.
func TestWide_AStreamThatIsSelectedLaterJoinsTheExports(t *testing.T) {
	insideBubble(t, func(t *testing.T) {
		w, _, _ := wideSurvey(t, map[string]any{})
		wide := w.order
		starts := w.starts()
		exports := func() int64 { defer starts.Store(0); return starts.Load() }
		w.order = nil
		w.next(t, "responses")
		alone := exports()
		w.order = wide
		w.Advance(time.Hour, true)
		w.next(t, "responses")
		both := exports()
		w.Advance(time.Hour, true)
		w.next(t, "responses")
		// In the run that adds it, only its own survey is exported more than once.
		if again := exports(); alone != 3 || both < 4 || both > 5 || again != 3 {
			t.Errorf("3 surveys took %d exports without the wide stream, %d in the run that adds it, and %d later", alone, both, again)
		}
	})
}

// A catalog leaves out columns of answers and of responses.
func TestWide_ACatalogLeavesOutColumns(t *testing.T) {
	insideBubble(t, func(t *testing.T) {
		w, _, key := wideSurvey(t, map[string]any{})
		name := w.order[0]
		column := columnsByKey(t, w.schemas[name])[key]
		var object map[string]any
		if err := json.Unmarshal(w.schemas[name], &object); err != nil {
			t.Fatal(err)
		}
		properties := object["properties"].(map[string]any)
		for _, left := range []string{column, "ip_address", "response_id"} {
			delete(properties, left)
		}
		properties["no_such_column"] = map[string]any{"type": "string"}
		w.schemas[name] = testkit.Encode(object)
		r := w.next(t)
		for _, row := range r.records[name] {
			_, dynamic := row[column]
			_, fixed := row["ip_address"]
			if dynamic || fixed || row["response_id"] == nil || len(row) != len(properties) {
				t.Fatalf("the row is %v", row)
			}
		}
		said := strings.Join(r.logs, "\n")
		for _, says := range []string{"a column that does not exist", "cannot be left out", "values have no column"} {
			if !strings.Contains(said, says) {
				t.Errorf("the log does not say %q: %s", says, said)
			}
		}
	})
}

// A pattern that matches no survey is named.
func TestWide_APatternWithoutASurveyIsNamed(t *testing.T) {
	insideBubble(t, func(t *testing.T) {
		w := newWideTenant(t, map[string]any{"surveys": []string{"No such survey*"}})
		for _, command := range []string{"discover", "check"} {
			got := w.run(t, command, "--config", "config.json")
			if says := `responses_wide.surveys: no survey of the account is named \"No such survey*\"`; got.code != 0 || strings.Count(got.stdout, says) != 1 {
				t.Errorf("%s: got exit code %d and %s, want %s", command, got.code, got.stdout, says)
			}
		}
		w.config["responses_wide"] = map[string]any{"surveys": []string{""}, "column_names": "both"}
		got := w.run(t, "discover", "--config", "config.json")
		for _, says := range []string{"responses_wide.surveys: an empty name", "responses_wide.column_names must be ids or tags"} {
			if got.code != 1 || !strings.Contains(got.stdout, says) {
				t.Errorf("got exit code %d and %s, want %s", got.code, got.stdout, says)
			}
		}
	})
}

// The state of a wide stream is explained, of a platform and of a folder.
func TestWide_ItsStateIsExplained(t *testing.T) {
	insideBubble(t, func(t *testing.T) {
		w, survey, _ := wideSurvey(t, map[string]any{})
		w.next(t)
		w.files["state.json"] = w.state
		folder := t.TempDir()
		if got := w.run(t, append(plainExport, "--to", folder, "--streams", w.order[0])...); got.code != 0 {
			t.Fatalf("code %d: %s", got.code, got.stderr)
		}
		for name, content := range contentBelow(t, folder) {
			w.files["data/"+name] = []byte(content)
		}
		for _, from := range []string{"state.json", "data", "data/_state"} {
			got := w.run(t, "state", from)
			if got.code != 0 || !strings.Contains(got.stdout, w.order[0]+"\n") || !strings.Contains(got.stdout, survey) {
				t.Errorf("%s: got exit code %d, %s and %s", from, got.code, got.stdout, got.stderr)
			}
		}
	})
}
