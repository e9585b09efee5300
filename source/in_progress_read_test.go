package source_test

import (
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/birdie-ai/source-qualtrics/integration_tests/thorough"
	"github.com/birdie-ai/source-qualtrics/source/sandbox"
)

const sessions = "responses_in_progress"

var sessionTenant = sandbox.Options{Seed: 81, Surveys: 12, Responses: 200, Contacts: 5, KeepSurveys: 12}

// Sessions grow, become responses and expire, and the table follows them.
func TestRead_SessionsEqualTheTruth(t *testing.T) {
	insideBubble(t, func(t *testing.T) {
		tn := newTenant(t, sessionTenant)
		tn.Advance(time.Hour, true)
		first := tn.readComplete(t, nil, sessions)
		tables, state := merge(nil, first), first.states
		tn.exactTruth(t, tables, sessions)
		changed, ended := 0, 0
		for day := range 10 {
			tn.Advance(24*time.Hour, false)
			before := len(tables[sessions])
			r := tn.readComplete(t, state, sessions)
			for _, row := range r.records[sessions] {
				switch _, known := tables[sessions][key(sessions, row)]; {
				case row["deleted_at"] != nil:
					ended++
				case known:
					changed++
				}
			}
			state = r.states
			merge(tables, r)
			if tn.exactTruth(t, tables, sessions); t.Failed() {
				t.Fatalf("after day %d, with %d sessions before", day+1, before)
			}
		}
		if changed < 10 || ended < 5 {
			t.Errorf("%d sessions changed, and %d ended", changed, ended)
		}
		if again := tn.readComplete(t, state, sessions); again.count() != 0 {
			t.Errorf("a read without any change emitted %d records", again.count())
		}
	})
}

// Only the session that changed is emitted again. One that is recorded appears in responses
// with another id.
func TestRead_OnlyChangedSessionsComeAgain(t *testing.T) {
	insideBubble(t, func(t *testing.T) {
		tn := newTenant(t, sessionTenant)
		tn.SetActivity(0, 0, 0)
		tn.Advance(time.Hour, true)
		survey := tn.surveyIDs(t)[0]
		var ids []string
		for range 4 {
			id, ok := tn.OpenSession(survey, 10)
			if !ok {
				t.Fatal("there is no such survey")
			}
			ids = append(ids, id)
		}
		slices.Sort(ids)
		r := tn.readComplete(t, nil, sessions, "responses")
		tn.Advance(time.Hour, true)
		recorded, _ := tn.RecordSession(survey, ids[1])
		if recorded == "" || !tn.ResumeSession(survey, ids[0], 60) || !tn.ExpireSession(survey, ids[2]) {
			t.Fatal("a session is not open")
		}
		tn.Advance(time.Minute, true)
		exports := tn.Requests()["POST /surveys/{id}/export-responses"]["200"]
		r = tn.readComplete(t, r.states, sessions, "responses")
		got := make(map[string]bool) // whether it ended
		for _, row := range r.records[sessions] {
			got[row["session_id"].(string)] = row["deleted_at"] != nil
			if row["deleted_at"] != nil && (row["progress"] != nil || row["answer_values"] != nil) {
				t.Errorf("a session that ended has values: %v", row)
			}
		}
		if len(got) != 3 || got[ids[0]] || !got[ids[1]] || !got[ids[2]] {
			t.Errorf("got %v, want %s that goes on, and %s that ended", got, ids[0], ids[1:3])
		}
		if !slices.ContainsFunc(r.records["responses"], func(row map[string]any) bool { return row["response_id"] == recorded }) {
			t.Errorf("the response %s of a recorded session did not come", recorded)
		}
		surveys := len(keysOfTruth(t, tn, "surveys"))
		if got := tn.Requests()["POST /surveys/{id}/export-responses"]["200"] - exports; got != 2*surveys {
			t.Errorf("%d exports for two streams of %d surveys", got, surveys)
		}
	})
}

// A survey whose export fails is incomplete. None of its sessions counts as ended, and the
// next run goes on.
func TestRead_AFailedExportOfSessionsLosesNothing(t *testing.T) {
	insideBubble(t, func(t *testing.T) {
		tn := newTenant(t, sessionTenant)
		tn.Advance(time.Hour, true)
		first := tn.readComplete(t, nil, sessions)
		tables := merge(nil, first)
		tn.Advance(24*time.Hour, false)
		failing := tn.surveyIDs(t)[0]
		tn.Intercept(refusing(http.MethodPost, failing+"/export-responses", http.StatusInternalServerError))
		got := tn.read(t, first.states, sessions)
		ending{
			code: 4, kinds: []string{"transient_error"}, says: []string{"Qualtrics fails to ", "1 of the stream's parts is not complete: " + failing},
			statuses: incomplete(sessions),
		}.compare(t, got)
		for _, row := range got.records[sessions] {
			if row["survey_id"] == failing {
				t.Errorf("a row of the survey that failed came: %v", row)
			}
		}
		tn.Intercept(nil)
		merge(tables, got)
		merge(tables, tn.readComplete(t, got.states, sessions))
		tn.exactTruth(t, tables, sessions)
	})
}

// Qualtrics may answer with the recorded responses instead. They are no sessions, and the
// sessions of the table stay.
func TestRead_AnExportOfResponsesIsNoExportOfSessions(t *testing.T) {
	insideBubble(t, func(t *testing.T) {
		tn := newTenant(t, sessionTenant)
		tn.Advance(time.Hour, true)
		tn.config["surveys"] = map[string]any{"ids": tn.surveyIDs(t)[:1]}
		first := tn.readComplete(t, nil, sessions)
		next := tn.transport
		tn.transport = tripper(func(r *http.Request) (*http.Response, error) {
			if r.Method == http.MethodPost && strings.HasSuffix(r.URL.Path, "/export-responses") {
				body, err := io.ReadAll(r.Body)
				if err != nil {
					return nil, err
				}
				body = bytes.Replace(body, []byte(`"exportResponsesInProgress":true`), []byte(`"exportResponsesInProgress":false`), 1)
				r.Body, r.ContentLength = io.NopCloser(bytes.NewReader(body)), int64(len(body))
			}
			return next.RoundTrip(r)
		})
		got := tn.read(t, first.states, sessions)
		ending{code: 3, kinds: []string{"transient_error"}, says: []string{"which is a recorded response"}, statuses: incomplete(sessions)}.compare(t, got)
		if got.count() > 0 {
			t.Errorf("got %d rows of a file without sessions", got.count())
		}
	})
}

// A record that cannot be read makes its survey incomplete. The other sessions are
// delivered, and none counts as ended.
func TestRead_AnUnreadableSessionHidesNoOther(t *testing.T) {
	insideRecording(t, func(t *testing.T) {
		one := func(id, text string) object {
			return object{"responseId": id, "values": object{"progress": 20, "finished": 0, "QID1_TEXT": text}, "labels": object{}, "displayedFields": []any{}, "displayedValues": object{}}
		}
		lines := recordLines(t, []any{one("FS_1", "a"), one("FS_2", "b")}, "")
		damaged := append(recordLines(t, []any{one("FS_3", "new")}, ""), `{"responseId":"FS_2","values":`+"\n"...)
		routes := conversation(t, zipped(t, "survey.json", lines))
		tn, served := replaying(t, routes)
		tn.config["surveys"] = map[string]any{"ids": []string{cxSurvey}}
		first := tn.readComplete(t, nil, sessions)
		if first.count() != 2 {
			t.Fatalf("got %d sessions, want 2", first.count())
		}
		for key, answers := range routes {
			if strings.HasSuffix(key, "/file") {
				answers[0].ResponseBody = zipped(t, "survey.json", damaged)
			}
		}
		served.calls = make(map[string]int)
		got := tn.read(t, first.states, sessions)
		ending{code: 4, kinds: []string{"system_error"}, says: []string{"no session counts as ended", "record 2"}, statuses: incomplete(sessions)}.compare(t, got)
		if rows := got.records[sessions]; len(rows) != 1 || rows[0]["session_id"] != "FS_3" {
			t.Errorf("got %v, want FS_3 alone", rows)
		}
		for key, answers := range routes {
			if strings.HasSuffix(key, "/file") {
				answers[0].ResponseBody = zipped(t, "survey.json", recordLines(t, []any{one("FS_2", "b"), one("FS_3", "new")}, ""))
			}
		}
		served.calls = make(map[string]int)
		third := tn.readComplete(t, got.states, sessions)
		if rows := third.records[sessions]; len(rows) != 1 || rows[0]["session_id"] != "FS_1" || rows[0]["deleted_at"] == nil {
			t.Errorf("got %v, want that FS_1 ended", rows)
		}
	})
}

// The scopes to list surveys and to read their responses are enough.
func TestRead_SessionsNeedTwoScopes(t *testing.T) {
	insideBubble(t, func(t *testing.T) {
		options := sessionTenant
		options.Scopes = []string{"read:survey_responses", "read:surveys"}
		tn := newTenant(t, options).withOAuth()
		tn.Advance(time.Hour, true)
		tn.exactTruth(t, merge(nil, tn.readComplete(t, nil, sessions)), sessions)
	})
}

// The recorded export of sessions of a survey with 96 questions, as NDJSON, makes rows with
// all of its values.
func TestReplay_ReadsTheRecordedSessions(t *testing.T) {
	insideRecording(t, func(t *testing.T) {
		const survey = "SV_yG8Q0My5ZMwt5vI"
		recorded := payload[struct {
			Columns []struct {
				Import struct{ ImportId, ChoiceId string }
			}
			Rows [][]string
		}](t, "export_csv_in_progress.json")
		var records []any
		for _, cells := range recorded.Rows {
			values := make(object)
			for i, column := range recorded.Columns {
				name := column.Import.ImportId
				if column.Import.ChoiceId != "" {
					name += "_" + column.Import.ChoiceId
				}
				switch {
				case cells[i] == "":
				case name == "startDate", name == "endDate":
					values[name] = strings.Replace(cells[i], " ", "T", 1) + "Z"
				case name == "progress", name == "duration":
					values[name] = json.Number(cells[i])
				case name == "finished":
					values[name] = json.Number("0")
				case name == "status":
					values[name] = json.Number("0")
				default:
					values[name] = cells[i]
				}
			}
			records = append(records, object{
				"responseId": values["_recordId"], "values": values, "labels": object{"status": "IP Address", "finished": "False"}, "displayedFields": []any{}, "displayedValues": object{},
			})
		}
		exchanges := payload[[]exchange](t, "export_conversation_in_progress.json")
		exchanges[len(exchanges)-1].ResponseBody = zipped(t, "2100001.json", recordLines(t, records, ""))
		routes := map[string][]exchange{
			"GET /surveys/" + survey:                      {answered(payload[any](t, "survey_legacy_in_progress.json"))},
			"GET /surveys/" + survey + "/response-schema": {recordedError(t, "UNF_9")},
		}
		for _, e := range exchanges {
			name := e.Method + " " + strings.TrimSuffix(strings.TrimPrefix(e.Path, "/API/v3"), "/")
			routes[name] = append(routes[name], e)
		}
		tn, _ := replaying(t, routes)
		tn.config["surveys"] = map[string]any{"ids": []string{survey}}
		got := tn.readComplete(t, nil, sessions).records[sessions]
		if len(got) != len(records) || len(recorded.Columns) < 1000 {
			t.Fatalf("got %d rows of %d records with %d columns", len(got), len(records), len(recorded.Columns))
		}
		embedded, answered := 0, 0
		for i, row := range got {
			values := at[object](t, records[i], "values")
			if row["session_id"] != values["_recordId"] || !strings.HasPrefix(row["session_id"].(string), "FS_") || row["finished"] != false || row["ip_address"] != nil {
				t.Errorf("got the row %v", row)
			}
			fields, answers := row["embedded_data"].(object), row["answer_values"].(object)
			embedded, answered = embedded+len(fields), answered+len(answers)
			columns := 0
			for name, value := range values {
				switch {
				case fields[name] != nil && fields[name] == value, answers[name] != nil && answers[name] == value:
				default:
					if columns++; columns > 10 {
						t.Errorf("the value of %s is lost", name)
					}
				}
			}
			if len(fields)+len(answers)+columns != len(values) {
				t.Errorf("%s has %d answers and %d fields of %d values", row["session_id"], len(answers), len(fields), len(values))
			}
		}
		if embedded < 100 || answered < 100 {
			t.Errorf("the sessions have %d answers and %d fields", answered, embedded)
		}
	})
}

// Of thousands of sessions of a survey only those that changed come again. Those of a deleted
// survey end, too.
func TestRead_ManySessionsOfASurvey(t *testing.T) {
	insideBubble(t, func(t *testing.T) {
		tn := newTenant(t, sandbox.Options{Seed: 84, Surveys: 3, Responses: 30, Contacts: 1, SmallSurveys: true, KeepSurveys: 3})
		tn.SetActivity(0, 0, 0)
		tn.Advance(time.Hour, true)
		surveys := tn.surveyIDs(t)
		var ids []string
		for range 2500 {
			id, _ := tn.OpenSession(surveys[0], 10)
			ids = append(ids, id)
		}
		first := tn.readComplete(t, nil, sessions)
		tables := merge(nil, first)
		tn.exactTruth(t, tables, sessions)
		deleted := 0
		for _, row := range tables[sessions] {
			if row["survey_id"] == surveys[1] {
				deleted++
			}
		}
		tn.ResumeSession(surveys[0], ids[1000], 90)
		for _, id := range ids[:400] {
			tn.ExpireSession(surveys[0], id)
		}
		if !tn.RemoveSurvey(surveys[1]) || len(tables[sessions]) < 2500 || deleted == 0 {
			t.Fatalf("there are %d sessions, %d of them of the deleted survey", len(tables[sessions]), deleted)
		}
		state, rows := first.states, 0
		for range 3 {
			tn.Advance(20*time.Minute, true)
			r := tn.readComplete(t, state, sessions)
			state, rows = r.states, rows+r.count()
			merge(tables, r)
		}
		if rows != 401+deleted {
			t.Errorf("%d rows came after %d changes", rows, 401+deleted)
		}
		tn.exactTruth(t, tables, sessions)
	})
}

// Damaged files, failing jobs and failing calls lose no session, and end none.
func TestRead_SessionsSurviveFaults(t *testing.T) {
	insideBubble(t, func(t *testing.T) {
		options := sessionTenant
		options.Faults = "default"
		tn := newTenant(t, options)
		tn.Advance(time.Hour, true)
		var (
			tables map[string]table
			state  []byte
		)
		for day := range thorough.Number(12, 4) {
			for try := 0; ; try++ {
				r := tn.read(t, state, sessions)
				tables, state = merge(tables, r), r.states
				if r.code == 0 {
					break
				}
				if try == 5 {
					t.Fatalf("day %d: read ended with code %d: %v", day, r.code, r.errors)
				}
			}
			if tn.exactTruth(t, tables, sessions); t.Failed() {
				t.Fatalf("on day %d", day)
			}
			tn.Advance(24*time.Hour, false)
		}
	})
}
