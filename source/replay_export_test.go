package source_test

import (
	"archive/zip"
	"bytes"
	"cmp"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	gocmp "github.com/google/go-cmp/cmp"
	"github.com/klauspost/compress/zstd"

	"github.com/birdie-ai/source-qualtrics/integration_tests/testkit"
	"github.com/birdie-ai/source-qualtrics/source/airbyte/airbytetest"
)

// conversation routes the recorded export with an archive in the place of the
// recorded one, which was left out.
func conversation(t *testing.T, archive []byte) map[string][]exchange {
	t.Helper()
	exchanges := payload[[]exchange](t, "export_conversation_csv.json")
	exchanges[len(exchanges)-1].ResponseBody = archive
	routes := map[string][]exchange{
		"GET /surveys/" + cxSurvey: {answered(payload[any](t, "survey_legacy_cx.json"))},
		// Nobody recorded a response schema; names that stay unclear without
		// it are told apart by what they look like.
		"GET /surveys/" + cxSurvey + "/response-schema": {recordedError(t, "UNF_9")},
	}
	for _, e := range exchanges {
		// The recording's client put a slash at the end of its first path.
		key := e.Method + " " + strings.TrimSuffix(strings.TrimPrefix(e.Path, "/API/v3"), "/")
		routes[key] = append(routes[key], e)
	}
	return routes
}

func zipped(t *testing.T, name string, content []byte) []byte {
	t.Helper()
	var archive bytes.Buffer
	writer := zip.NewWriter(&archive)
	file, err := writer.Create(name)
	if err == nil {
		_, err = file.Write(content)
	}
	if err := cmp.Or(err, writer.Close()); err != nil {
		t.Fatal(err)
	}
	return archive.Bytes()
}

// recordLines are response records as NDJSON.
func recordLines(t *testing.T, records []any, between string) (lines []byte) {
	t.Helper()
	for _, record := range records {
		lines = append(append(append(lines, testkit.Encode(record)...), '\n'), between...)
	}
	return lines
}

// responseRow is what the responses stream has to say of a record, as normal
// leaves it; embedded names the survey's embedded data.
func responseRow(t *testing.T, survey string, record any, embedded ...string) object {
	t.Helper()
	labels := maps.Clone(at[object](t, record, "labels"))
	values, fields := make(object), make(object)
	row := object{
		"survey_id": survey, "status_label": labels["status"], "displayed_fields": at[object](t, record)["displayedFields"],
		"displayed_values": at[object](t, record)["displayedValues"], "answer_values": values, "embedded_data": fields, "answer_labels": labels,
	}
	delete(labels, "status")
	delete(labels, "finished")
	for name, value := range at[object](t, record, "values") {
		column, metadata := testkit.MetadataColumns[name]
		switch {
		case slices.Contains(embedded, name):
			fields[name] = value
		case !metadata:
			values[name] = value
		case column == "finished":
			row[column] = value == json.Number("1")
		case strings.HasPrefix(column, "location_"):
			row[column] = json.Number(value.(string))
		default:
			row[column] = value
		}
	}
	if row["last_modified_date"] == nil {
		row["last_modified_date"] = row["recorded_date"]
	}
	return normal(row).(object)
}

func compareRows(t *testing.T, want []object, got []map[string]any) {
	t.Helper()
	var shown []object
	versions := make(map[string]bool)
	for _, row := range got {
		row := normal(row).(object)
		version, _ := row["response_version"].(string)
		if len(version) != 16 || versions[version] {
			t.Errorf("the version of %s is %q, want one of its own", row["response_id"], version)
		}
		versions[version] = true
		delete(row, "response_version") // a hash, which no recording has
		shown = append(shown, row)
	}
	if diff := gocmp.Diff(want, shown); diff != "" || len(want) == 0 {
		t.Errorf("records (-recorded +read):\n%s", diff)
	}
}

func syntheticRows(t *testing.T) (records []any, rows []object) {
	t.Helper()
	records = at[[]any](t, payload[any](t, "SYNTHETIC_json_response_records.json"), "responses")
	for _, record := range records {
		rows = append(rows, responseRow(t, cxSurvey, record, "SolutionRevision"))
	}
	return records, rows
}

func TestReplay_ReadsTheRecordedExport(t *testing.T) {
	for form, file := range map[string]func(t *testing.T, records []any) []byte{
		"lines":                            func(t *testing.T, records []any) []byte { return recordLines(t, records, "") },
		"lines among blank and empty ones": func(t *testing.T, records []any) []byte { return recordLines(t, records, "\r\n{}\n\n") },
	} {
		t.Run(form, func(t *testing.T) {
			insideRecording(t, func(t *testing.T) {
				records, want := syntheticRows(t)
				routes := conversation(t, zipped(t, "survey.json", file(t, records)))
				tn, served := replaying(t, routes)
				tn.config["surveys"] = map[string]any{"ids": []string{cxSurvey}}
				got := tn.readComplete(t, nil, "responses")
				compareRows(t, want, got.records["responses"])
				for key, answers := range routes {
					if strings.Contains(key, "export-responses") && served.calls[key] != len(answers) {
						t.Errorf("%s: got %d calls, want %d as recorded", key, served.calls[key], len(answers))
					}
				}
				if schema := "GET /surveys/" + cxSurvey + "/response-schema"; served.calls[schema] != 1 {
					t.Errorf("the response schema was asked for %d times, want once", served.calls[schema])
				}
				var position struct {
					Watermark int64 `json:"w"`
				}
				began, err := http.ParseTime(replayDate)
				if err := cmp.Or(err, json.Unmarshal(positions(t, got.states, "responses")[cxSurvey], &position)); err != nil {
					t.Fatal(err)
				}
				if position.Watermark > began.Unix() || position.Watermark < began.Add(-time.Minute).Unix() {
					t.Errorf("the position is %s, want what the server's clock said before the export, %s", time.Unix(position.Watermark, 0).UTC(), began)
				}
			})
		})
	}
}

func TestReplay_ExportsTheRecordedResponsesToFiles(t *testing.T) {
	insideRecording(t, func(t *testing.T) {
		records, want := syntheticRows(t)
		tn, _ := replaying(t, conversation(t, zipped(t, "survey.ndjson", recordLines(t, records, ""))))
		tn.config["surveys"] = map[string]any{"ids": []string{cxSurvey}}
		folder := t.TempDir()
		got := tn.run(t, "export", "--config", "config.json", "--to", folder, "--format", "ndjson", "--streams", "responses")
		if got.code != 0 || !strings.Contains(got.stdout, fmt.Sprintf("%d  complete", len(want))) {
			t.Fatalf("ended with code %d:\n%s%s", got.code, got.stdout, got.stderr)
		}
		files, err := filepath.Glob(filepath.Join(folder, "responses", "*", "*.zst"))
		if err != nil || len(files) != 1 {
			t.Fatalf("got the files %v, %v, want one", files, err)
		}
		content, err := os.ReadFile(files[0])
		if err != nil {
			t.Fatal(err)
		}
		decompressor, err := zstd.NewReader(nil)
		if err != nil {
			t.Fatal(err)
		}
		defer decompressor.Close()
		lines, err := decompressor.DecodeAll(content, nil)
		if err != nil {
			t.Fatal(err)
		}
		var rows []map[string]any
		for line := range bytes.Lines(lines) {
			decoder := json.NewDecoder(bytes.NewReader(line))
			decoder.UseNumber()
			var row map[string]any
			if err := decoder.Decode(&row); err != nil {
				t.Fatalf("%s: %v", line, err)
			}
			rows = append(rows, row)
		}
		compareRows(t, want, rows)

		// Nothing was asked for the catalog, and what it promises holds.
		tn.transport = &replay{t: t, calls: make(map[string]int)}
		var discovered struct {
			Streams []struct {
				Name   string          `json:"name"`
				Schema json.RawMessage `json:"json_schema"`
			} `json:"streams"`
		}
		for _, message := range airbytetest.Validate(t, []byte(tn.run(t, "discover", "--config", "config.json").stdout)) {
			if message.Catalog != nil {
				if err := json.Unmarshal(message.Catalog, &discovered); err != nil {
					t.Fatal(err)
				}
			}
		}
		checked := 0
		for _, s := range discovered.Streams {
			if s.Name != "responses" {
				continue
			}
			schema := airbytetest.CompileSchema(t, s.Schema)
			for line := range bytes.Lines(lines) {
				checked++
				if err := validate(t, schema, line); err != nil {
					t.Errorf("%v: %s", err, line)
				}
			}
		}
		if checked != len(want) {
			t.Errorf("%d of %d rows were validated", checked, len(want))
		}
	})
}

// progress routes an export of a survey that answers the recorded bodies of
// the running state and then an end.
func progress(t *testing.T, survey string, end any, archive []byte) map[string][]exchange {
	t.Helper()
	path := "/surveys/" + survey + "/export-responses"
	start := object{"result": object{"progressId": "ES_1", "percentComplete": json.Number("0.0"), "status": "inProgress"}}
	var polls []exchange
	for _, variant := range payload[[]any](t, "export_progress_variants.json") {
		if at[string](t, variant, "result", "status") == "inProgress" {
			polls = append(polls, answered(variant))
		}
	}
	routes := map[string][]exchange{
		"POST " + path:          {answered(start)},
		"GET " + path + "/ES_1": append(polls, answered(end)),
	}
	if file, ok := at[object](t, end, "result")["fileId"].(string); ok {
		routes["GET "+path+"/"+file+"/file"] = []exchange{answered(archive)}
	}
	return routes
}

// ended returns the recorded progress body of that status.
func ended(t *testing.T, status string) any {
	t.Helper()
	for _, variant := range payload[[]any](t, "export_progress_variants.json") {
		if at[string](t, variant, "result", "status") == status {
			return variant
		}
	}
	t.Fatalf("no export was recorded that is %s", status)
	return nil
}

// The survey itself, with all its instable types, says which names are
// answers and which are embedded data; no other call is needed.
func TestReplay_RecordedSurveysTellAnswersFromEmbeddedData(t *testing.T) {
	for _, name := range []string{"survey_legacy_cx.json", "survey_legacy_many_question_types.json"} {
		t.Run(name, func(t *testing.T) {
			insideRecording(t, func(t *testing.T) {
				detail := payload[any](t, name)
				survey := at[string](t, detail, "result", "id")
				values := object{"recordedDate": "2024-07-08T16:00:23.994Z", "_lastModifiedDate": "2024-07-08T16:00:23.994Z"}
				for question := range at[object](t, detail, "result", "questions") {
					for _, form := range []string{"%s", "%s_TEXT", "%s_1_2", "%s#1_2", "1_%s", "x1_%s_TEXT", "%s_DO"} {
						values[fmt.Sprintf(form, question)] = json.Number("1.0")
					}
				}
				var embedded []string
				for _, field := range at[[]any](t, detail, "result", "embeddedData") {
					embedded = append(embedded, at[string](t, field, "name"))
					values[at[string](t, field, "name")] = "2"
				}
				record := object{"responseId": "R_1", "values": values, "labels": object{}, "displayedFields": []any{}, "displayedValues": object{}}
				routes := progress(t, survey, ended(t, "complete"), zipped(t, "survey.ndjson", recordLines(t, []any{record}, "")))
				routes["GET /surveys/"+survey] = []exchange{answered(detail)}
				tn, _ := replaying(t, routes)
				tn.config["surveys"] = map[string]any{"ids": []string{survey}}
				want := responseRow(t, survey, record, embedded...)
				want["response_id"] = "R_1"
				compareRows(t, []object{want}, tn.readComplete(t, nil, "responses").records["responses"])
			})
		})
	}
}

// A failed export may be too large, so that its responses are to be read in parts.
// A first load needs the list of their ids before, and that export fails as well.
func TestReplay_ARecordedExportFailureMayPass(t *testing.T) {
	insideRecording(t, func(t *testing.T) {
		failed := ended(t, "failed")
		routes := progress(t, cxSurvey, failed, nil)
		routes["GET /surveys/"+cxSurvey] = []exchange{answered(payload[any](t, "survey_legacy_cx.json"))}
		tn, served := replaying(t, routes)
		tn.config["surveys"] = map[string]any{"ids": []string{cxSurvey}}
		var jobs []string // what each of them exports
		tn.transport = tripper(func(r *http.Request) (*http.Response, error) {
			if r.Method == http.MethodPost {
				body, err := io.ReadAll(r.Body)
				if err != nil {
					return nil, err
				}
				r.Body = io.NopCloser(bytes.NewReader(body))
				job := "responses"
				if _, ids := exportWidth(t, body, time.Now()); ids {
					job = "ids"
				}
				jobs = append(jobs, job)
			}
			return served.RoundTrip(r)
		})
		got := tn.read(t, nil, "responses")
		ending{
			code: 3, kinds: []string{"transient_error"}, statuses: map[string]string{"responses": "INCOMPLETE"},
			says: []string{
				cxSurvey, "listing the ids of its responses in one export", "deletions.mode",
				"3 jobs failed", "exporting them at once failed before",
			},
		}.compare(t, got)
		got.holds(t, "responses", cxSurvey, false)
		if want := []string{"responses", "responses", "responses", "ids", "ids", "ids"}; !slices.Equal(jobs, want) || got.count() != 0 {
			t.Errorf("got %d records and the jobs %v, want none and %v", got.count(), jobs, want)
		}
		// The request is for Qualtrics' support, and not for the user.
		request := at[string](t, failed, "meta", "requestId")
		if len(got.errors) == 1 && (strings.Contains(got.errors[0].message, request) || !strings.Contains(got.errors[0].internal, "request id "+request)) {
			t.Errorf("got the internal message %q, want the request id in it, and not in %q", got.errors[0].internal, got.errors[0].message)
		}
		told := func(line string) bool {
			return strings.HasPrefix(line, "not complete ") && strings.Contains(line, `detail="request id `+request)
		}
		if !slices.ContainsFunc(got.logs, told) {
			t.Errorf("no line of the log has the request id as its detail:\n%s", strings.Join(got.logs, "\n"))
		}
	})
}
