package source_test

import (
	"encoding/json"
	"maps"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/birdie-ai/source-qualtrics/integration_tests/testkit"
	"github.com/birdie-ai/source-qualtrics/source/airbyte/airbytetest"
	"github.com/birdie-ai/source-qualtrics/source/sandbox"
)

var wideTenantOptions = sandbox.Options{Seed: 78, Surveys: 3, Responses: 60, Contacts: 5, KeepSurveys: 3}

// wideTenant is a tenant whose configuration asks for wide streams.
type wideTenant struct {
	*tenant
	schemas map[string]json.RawMessage // by wide stream, as discovered last
	order   []string
	state   []byte
	tables  map[string]table
}

func newWideTenant(t *testing.T, settings map[string]any) *wideTenant {
	t.Helper()
	tn := newTenant(t, wideTenantOptions)
	tn.config["responses_wide"] = settings
	tn.config["deletions"] = map[string]any{"mode": "reconcile", "audit_days": 1}
	tn.Advance(time.Hour, true)
	return &wideTenant{tenant: tn}
}

// discover reads the schemas of the wide streams.
func (w *wideTenant) discover(t *testing.T) result {
	t.Helper()
	got := w.run(t, "discover", "--config", "config.json")
	if got.code != 0 {
		t.Fatalf("discover ended with code %d: %s", got.code, got.stdout)
	}
	w.schemas, w.order = make(map[string]json.RawMessage), nil
	for line := range strings.Lines(got.stdout) {
		var message struct {
			Type    string
			Catalog struct {
				Streams []struct {
					Name   string
					Schema json.RawMessage `json:"json_schema"`
				}
			}
		}
		if err := json.Unmarshal([]byte(line), &message); err != nil {
			t.Fatal(err)
		}
		for _, s := range message.Catalog.Streams {
			if strings.HasPrefix(s.Name, "responses_wide__") {
				w.schemas[s.Name], w.order = s.Schema, append(w.order, s.Name)
			}
		}
	}
	return got
}

// catalog configures the discovered wide streams, and others by their names.
func (w *wideTenant) catalog(others ...string) []byte {
	var catalog struct {
		Streams []map[string]any `json:"streams"`
	}
	if err := json.Unmarshal(testkit.Catalog(append(others, w.order...)...), &catalog); err != nil {
		panic(err)
	}
	for _, entry := range catalog.Streams {
		of := entry["stream"].(map[string]any)
		if schema := w.schemas[of["name"].(string)]; schema != nil {
			of["json_schema"] = schema
		}
	}
	return testkit.Encode(catalog)
}

// next reads what is new with the catalog of the last discover.
func (w *wideTenant) next(t *testing.T, others ...string) *reading {
	t.Helper()
	w.files["catalog.json"] = w.catalog(others...)
	args := []string{"read", "--config", "config.json", "--catalog", "catalog.json"}
	if w.state != nil {
		w.files["state.json"] = w.state
		args = append(args, "--state", "state.json")
	}
	r := parseReading(t, w.run(t, args...), w.state)
	if r.code != 0 {
		t.Fatalf("read ended with code %d: %v\n%s", r.code, r.errors, strings.Join(r.logs, "\n"))
	}
	for name, rows := range r.records {
		if schema := w.schemas[name]; schema != nil {
			validateRows(t, schema, name, rows)
		}
	}
	w.state, w.tables = r.states, merge(w.tables, r)
	return r
}

// validateRows checks that rows fit the schema that was discovered before they were read.
func validateRows(t *testing.T, text json.RawMessage, name string, rows []map[string]any) {
	t.Helper()
	schema := airbytetest.CompileSchema(t, text)
	for _, row := range rows {
		if err := schema.Validate(row); err != nil {
			t.Fatalf("a row of %s: %v", name, err)
		}
	}
}

var keyInDescription = regexp.MustCompile(`^Value key ([^,:]+)`)

// columnsByKey maps value keys to the columns of a schema, by their descriptions.
func columnsByKey(t *testing.T, schema json.RawMessage) map[string]string {
	t.Helper()
	var object struct {
		Properties map[string]struct{ Description string }
	}
	if err := json.Unmarshal(schema, &object); err != nil {
		t.Fatal(err)
	}
	columns := make(map[string]string)
	for name, property := range object.Properties {
		if found := keyInDescription.FindStringSubmatch(property.Description); found != nil {
			columns[found[1]] = name
		}
	}
	return columns
}

// compareWide compares the tables of surveys with the responses that exist. Answers are put
// back under their value keys.
func (w *wideTenant) compareWide(t *testing.T, after string) {
	t.Helper()
	whole := make(table)
	for _, name := range w.order {
		columns := columnsByKey(t, w.schemas[name])
		for id, row := range w.tables[name] {
			whole[id] = narrow(columns, row)
		}
	}
	w.ignored, w.equal = []string{"answer_labels", "displayed_fields", "displayed_values"}, nil
	w.exactTruth(t, map[string]table{"responses": whole}, "responses")
	if t.Failed() {
		t.Fatal("after " + after)
	}
}

// narrow returns the row of responses that has the values of a wide row.
func narrow(columns map[string]string, row map[string]any) map[string]any {
	narrow, answers := maps.Clone(row), make(map[string]any)
	for key, column := range columns {
		if value := row[column]; value != nil {
			answers[key] = value
		}
		delete(narrow, column)
	}
	narrow["answer_values"] = answers
	return narrow
}

// The wide streams equal the truth, through edits and deletions. They share the exports of
// responses.
func TestWide_EqualsTheTruthAndSharesTheExports(t *testing.T) {
	insideBubble(t, func(t *testing.T) {
		w := newWideTenant(t, map[string]any{"surveys": []string{"*"}})
		w.discover(t)
		if len(w.order) != 3 || !slices.IsSorted(w.order) {
			t.Fatalf("discover lists %v", w.order)
		}
		starts := w.starts()
		w.next(t, "responses", "response_deletions")
		w.compareWide(t, "the first read")
		if got := starts.Load(); got != 3 {
			t.Errorf("got %d exports of 3 surveys, want one of each", got)
		}
		for _, survey := range keysOfTruth(t, w.tenant, "surveys") {
			w.DeleteResponses(survey, 3)
			w.EmptyResponses(survey, 2)
		}
		w.SetActivity(2, 0, 0)
		w.Advance(2*24*time.Hour, false)
		w.SetActivity(0, 0, 0)
		for range 4 {
			w.Advance(20*time.Minute, true)
			w.next(t, "responses", "response_deletions")
		}
		w.compareWide(t, "edits, deletions and new responses")
		starts.Store(0)
		w.Advance(20*time.Minute, true)
		if r := w.next(t, "responses", "response_deletions"); r.count() != 0 || starts.Load() != 3 {
			t.Errorf("got %d rows and %d exports of 3 surveys without news", r.count(), starts.Load())
		}
	})
}

// Only the surveys of the streams that a catalog selects are exported.
func TestWide_ReadsTheSurveysOfItsStreamsOnly(t *testing.T) {
	insideBubble(t, func(t *testing.T) {
		w := newWideTenant(t, nil)
		survey := keysOfTruth(t, w.tenant, "surveys")[0]
		w.config["responses_wide"] = map[string]any{"surveys": []string{survey}}
		w.discover(t)
		if want := "responses_wide__" + strings.ToLower(survey); !slices.Equal(w.order, []string{want}) {
			t.Fatalf("discover lists %v, want %s", w.order, want)
		}
		exported := make(map[string]bool)
		w.Intercept(func(r *http.Request) *http.Response {
			if found := regexp.MustCompile(`/surveys/(SV_\w+)/export-responses`).FindStringSubmatch(r.URL.Path); found != nil {
				exported[found[1]] = true
			}
			return nil
		})
		w.next(t, "sync_audit")
		if !maps.Equal(exported, map[string]bool{survey: true}) || len(w.tables[w.order[0]]) == 0 {
			t.Errorf("exported %v, and read %d rows", exported, len(w.tables[w.order[0]]))
		}
		if got := len(w.tables["sync_audit"]); got != 1 {
			t.Errorf("sync_audit has %d rows, want one", got)
		}
	})
}
