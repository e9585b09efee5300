package source_test

import (
	"bytes"
	"encoding/json"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
)

// tapCatalog is the catalog that the tap discovers, with some streams selected.
func (w *wideTenant) tapCatalog(t *testing.T, selected ...string) {
	t.Helper()
	got := w.run(t, "tap", "--config", "config.json", "--discover")
	if got.code != 0 {
		t.Fatalf("discover ended with code %d: %s", got.code, got.stderr)
	}
	var catalog struct {
		Streams []map[string]any `json:"streams"`
	}
	if err := json.Unmarshal([]byte(got.stdout), &catalog); err != nil {
		t.Fatal(err)
	}
	w.schemas, w.order = make(map[string]json.RawMessage), nil
	for _, entry := range catalog.Streams {
		name := entry["tap_stream_id"].(string)
		wide := strings.HasPrefix(name, "responses_wide__")
		whole := entry["metadata"].([]any)[0].(map[string]any)["metadata"].(map[string]any)
		if wide && whole["selected-by-default"] != true {
			t.Errorf("%s is not selected by default", name)
		}
		whole["selected"] = wide || slices.Contains(selected, name)
		if wide {
			w.schemas[name], _ = json.Marshal(entry["schema"])
			w.order = append(w.order, name)
		}
	}
	w.files["catalog.json"], _ = json.Marshal(catalog)
}

// The tap lists the wide streams, and delivers the rows of the catalog's columns. Lists can be
// text there.
func TestWide_TheTapDeliversTheColumnsOfItsCatalog(t *testing.T) {
	for name, nested := range map[string]bool{"lists": false, "lists as text": true} {
		t.Run(name, func(t *testing.T) {
			insideBubble(t, func(t *testing.T) {
				w := newWideTenant(t, map[string]any{"surveys": []string{"*"}})
				w.config["nested_as_text"] = nested
				w.tapCatalog(t, "responses")
				if len(w.order) != 3 {
					t.Fatalf("the catalog lists %v", w.order)
				}
				starts := w.starts()
				first := w.tap(t, "--config", "config.json", "--catalog", "catalog.json")
				if first.result.code != 0 || strings.Contains(first.stderr, "ignored") || strings.Contains(first.stderr, "left out") {
					t.Fatalf("code %d: %s", first.result.code, first.stderr)
				}
				if got := starts.Load(); got != 3 {
					t.Errorf("got %d exports of 3 surveys", got)
				}
				w.tables = merge(nil, first.reading)
				if lists := w.compareText(t, nested); (lists > 0) != nested {
					t.Errorf("%d lists are text", lists)
				}
				w.DeleteResponses(keysOfTruth(t, w.tenant, "surveys")[0], 3)
				for range 3 {
					w.Advance(26*time.Hour, true)
					w.files["state.json"] = first.state
					first = w.tap(t, "--config", "config.json", "--catalog", "catalog.json", "--state", "state.json")
					merge(w.tables, first.reading)
				}
				w.compareText(t, nested)
			})
		})
	}
}

// compareText compares the tables with the truth. Columns may hold JSON as text: it counts
// them.
func (w *wideTenant) compareText(t *testing.T, nested bool) (lists int) {
	t.Helper()
	if nested {
		for _, name := range w.order {
			for id, row := range w.tables[name] {
				parsed := maps.Clone(row)
				for column, value := range row {
					text, ok := value.(string)
					if !ok || !strings.HasPrefix(text, "[") && !strings.HasPrefix(text, "{") {
						continue
					}
					decoder := json.NewDecoder(strings.NewReader(text))
					decoder.UseNumber()
					var nested any
					if decoder.Decode(&nested) == nil {
						parsed[column] = nested
						lists++
					}
				}
				w.tables[name][id] = parsed
			}
		}
	}
	w.compareWide(t, "a run of the tap")
	return lists
}

// Without a catalog the tap reads the wide streams of the configuration.
func TestWide_TheTapReadsThemWithoutACatalog(t *testing.T) {
	insideBubble(t, func(t *testing.T) {
		w := newWideTenant(t, map[string]any{"surveys": []string{"*"}})
		w.discover(t)
		got := w.tap(t, "--config", "config.json")
		if got.result.code != 0 {
			t.Fatalf("code %d: %s", got.result.code, got.stderr)
		}
		w.tables = merge(nil, got.reading)
		w.compareWide(t, "a run of the tap")
	})
}

// exportRows are the rows of a stream in the files of a folder, in the order of the runs.
func exportRows(t *testing.T, folder, name string) (rows []map[string]any, schema json.RawMessage) {
	t.Helper()
	schema, err := os.ReadFile(filepath.Join(folder, "_schema", name+".json"))
	if err != nil {
		t.Fatal(err)
	}
	var object struct{ Properties map[string]any }
	if err := json.Unmarshal(schema, &object); err != nil {
		t.Fatal(err)
	}
	files, err := filepath.Glob(filepath.Join(folder, name, "*", "part-*"))
	if err != nil {
		t.Fatal(err)
	}
	slices.Sort(files)
	for _, file := range files {
		content, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		if filepath.Ext(file) == ".parquet" {
			rows = append(rows, parquetRows(t, content, object.Properties)...)
			continue
		}
		for line := range bytes.Lines(content) {
			rows = append(rows, parseRow(t, line))
		}
	}
	return rows, schema
}

// plainExport exports into files that a test with a clock of its own can write.
var plainExport = []string{"export", "--config", "config.json", "--format", "ndjson", "--compression", "none"}

// An export has the wide streams of the configuration. Its folder keeps the columns of
// deleted questions, and gets those of new ones.
func TestWide_AFolderKeepsItsColumns(t *testing.T) {
	insideBubble(t, func(t *testing.T) {
		w, survey, key := wideSurvey(t, map[string]any{"column_names": "tags"})
		folder, name := t.TempDir(), w.order[0]
		column := columnsByKey(t, w.schemas[name])[key]
		export := func() result {
			got := w.run(t, append(plainExport, "--to", folder)...)
			if got.code != 0 || strings.Contains(got.stderr, "have no column") {
				t.Fatalf("code %d: %s", got.code, got.stderr)
			}
			return got
		}
		export()
		rows, schema := exportRows(t, folder, name)
		held := merge(nil, &reading{records: map[string][]map[string]any{name: rows}})
		if len(held[name]) == 0 || filled(rows, column) == 0 || columnsByKey(t, schema)[key] != column {
			t.Fatalf("got %d rows, of which %d have %s", len(held[name]), filled(rows, column), column)
		}
		edited := w.changingSchema(survey)
		for step, change := range map[string]func(properties map[string]any){
			"a renamed tag":      func(properties map[string]any) { properties[key].(map[string]any)["exportTag"] = "Renamed" },
			"another type":       func(properties map[string]any) { properties[key].(map[string]any)["type"] = "object" },
			"a deleted question": func(properties map[string]any) { delete(properties, key) },
			"a new question": func(properties map[string]any) {
				properties["QID9999"] = map[string]any{"dataType": "question", "type": "number", "exportTag": "New"}
			},
		} {
			edited.set(change)
			before, _ := exportRows(t, folder, name)
			w.renewed(survey)
			export()
			rows, schema := exportRows(t, folder, name)
			if filled(rows, column) <= filled(before, column) || columnsByKey(t, schema)[key] != column && step != "a deleted question" {
				t.Errorf("after %s, %s has %d values, and %d before", step, column, filled(rows, column), filled(before, column))
			}
			if step == "a new question" && columnsByKey(t, schema)["QID9999"] != "new__qid9999" {
				t.Errorf("the new question has no column: %s", schema)
			}
		}
		w.RemoveSurvey(survey)
		for range 3 {
			w.Advance(20*time.Minute, true)
			export()
		}
		rows, schema = exportRows(t, folder, name)
		if left := merge(nil, &reading{records: map[string][]map[string]any{name: rows}})[name]; len(left) != 0 || columnsByKey(t, schema)[key] == "" {
			t.Errorf("%d rows of the deleted survey are left", len(left))
		}
	})
}

// An export that names a wide stream reads it, also if the configuration does not ask for it.
func TestWide_AnExportNamesTheStream(t *testing.T) {
	insideBubble(t, func(t *testing.T) {
		w, _, _ := wideSurvey(t, map[string]any{})
		w.config["responses_wide"] = map[string]any{}
		folder := t.TempDir()
		got := w.run(t, append(plainExport, "--to", folder, "--streams", w.order[0])...)
		if rows, _ := exportRows(t, folder, w.order[0]); got.code != 0 || len(rows) == 0 {
			t.Errorf("got exit code %d and %d rows: %s", got.code, len(rows), got.stderr)
		}
		got = w.run(t, append(plainExport, "--to", folder, "--streams", "responses_wide__sv_nobody")...)
		if got.code != 1 || !strings.Contains(got.stdout+got.stderr, "no selected survey has it") {
			t.Errorf("got exit code %d and %s", got.code, got.stderr)
		}
	})
}

// Parquet files have the types of the columns, and the same rows. They are not written inside
// a bubble: the compression keeps channels for the process.
func TestWide_ParquetHasTypedColumns(t *testing.T) {
	t.Parallel()
	w, survey, _ := wideSurvey(t, map[string]any{})
	w.Advance(time.Hour, true)
	folder, name := t.TempDir(), w.order[0]
	got := w.run(t, "export", "--config", "config.json", "--to", folder, "--streams", name)
	if got.code != 0 {
		t.Fatalf("code %d: %s", got.code, got.stderr)
	}
	rows, schema := exportRows(t, folder, name)
	columns, types := columnsByKey(t, schema), make(map[string]bool)
	truth := make(map[string]map[string]any)
	exist, _ := w.Truth("responses")
	for line := range exist {
		if row := parseRow(t, bytes.Clone(line)); row["survey_id"] == survey {
			truth[row["response_id"].(string)] = row["answer_values"].(map[string]any)
		}
	}
	if len(rows) != len(truth) || len(rows) == 0 {
		t.Errorf("got %d rows, want %d", len(rows), len(truth))
	}
	for _, row := range rows {
		values := truth[row["response_id"].(string)]
		for key, column := range columns {
			switch value := row[column].(type) {
			case float64:
				types["number"] = true
				if want, err := values[key].(json.Number).Float64(); err != nil || want != value {
					t.Errorf("%s is %v, want %v", column, value, values[key])
				}
			case string:
				types["text"] = true
				if list, ok := values[key].([]any); ok {
					types["list"] = true
					if text, _ := json.Marshal(list); string(text) != strings.ReplaceAll(value, " ", "") {
						t.Errorf("%s is %s, want %s", column, value, text)
					}
				}
			case nil:
				if given := values[key]; given != nil && given != "" {
					t.Errorf("%s is null, want %v", column, given)
				}
			default:
				t.Errorf("%s has the type %T", column, value)
			}
		}
	}
	if !types["number"] || !types["text"] || !types["list"] {
		t.Errorf("the columns have only the types %v", types)
	}
}
