package source_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/birdie-ai/source-qualtrics/integration_tests/thorough"
	"github.com/birdie-ai/source-qualtrics/source/sandbox"
)

// spoiled are ways in which the line of one record cannot become a row.
var spoiled = map[string]func(line string) string{
	"it is no JSON":    func(line string) string { return strings.Replace(line, `"values":`, `"values"`, 1) },
	"it holds NaN":     func(line string) string { return strings.Replace(line, `"values":{`, `"values":{"QID99":NaN,`, 1) },
	"it is cut":        func(line string) string { return line[:len(line)/2] },
	"it has no id":     withID("null"),
	"its id is empty":  withID(`""`),
	"its id is no id":  withID(`{"id":"R_1"}`),
	"its id is 1.5":    withID("1.5"),
	"its id is a flag": withID("true"),
}

// withID gives a record this id in both places.
func withID(id string) func(line string) string {
	return func(line string) string {
		at := strings.Index(line, `"responseId":"`) + len(`"responseId":"`)
		was := line[at : at+strings.IndexByte(line[at:], '"')]
		return strings.ReplaceAll(line, `"`+was+`"`, id)
	}
}

// spoiling damages the record with an id in every file of a survey.
func (tn *tenant) spoiling(t *testing.T, survey, id string, how func(line string) string) (downloads *int) {
	t.Helper()
	downloads = new(int)
	tn.damaging(survey, func(n int, file []byte) []byte {
		*downloads = n
		lines := recordsOf(t, file)
		for i, line := range lines {
			if strings.Contains(line, `"responseId":"`+id+`"`) {
				lines[i] = how(line)
			}
		}
		return archive(t, "survey.ndjson", strings.Join(lines, "\n")+"\n")
	})
	return downloads
}

// audited is the row of sync_audit about a survey.
func (r *reading) audited(t *testing.T, survey string) map[string]any {
	t.Helper()
	at := slices.IndexFunc(r.records["sync_audit"], func(row map[string]any) bool { return row["survey_id"] == survey })
	if at < 0 {
		t.Fatalf("sync_audit has no row of %s", survey)
	}
	return r.records["sync_audit"][at]
}

// rowsOf lists the ids of a survey's rows, sorted.
func (r *reading) rowsOf(survey string) (ids []string) {
	for _, row := range r.records["responses"] {
		if row["survey_id"] == survey {
			ids = append(ids, fmt.Sprint(row["response_id"]))
		}
	}
	slices.Sort(ids)
	return ids
}

// The other records come once, the survey is incomplete until the record can be
// read, and then nothing is missing.
func TestRead_LeavesOutARecordThatCannotBeDelivered(t *testing.T) {
	for name, how := range spoiled {
		for _, mode := range []string{"reconcile", "off"} {
			if strings.HasPrefix(name, "its id is") && name != "its id is empty" && !thorough.Asked() {
				continue // one id that is none is as good as another
			}
			t.Run(name+", deletions "+mode, func(t *testing.T) {
				insideBubble(t, func(t *testing.T) {
					tn := newTenant(t, small)
					tn.config["deletions"] = map[string]any{"mode": mode}
					survey := tn.surveyIDs(t)[0]
					good := tn.readComplete(t, nil, "responses")
					ids := good.rowsOf(survey)
					bad, others := ids[1], slices.Delete(slices.Clone(ids), 1, 2)
					downloads := tn.spoiling(t, survey, bad, how)

					first := tn.read(t, nil, "responses", "sync_audit")
					ending{
						code: 4, kinds: []string{"system_error"}, says: []string{"1 record of the export of " + survey, "cannot be delivered: record "}, statuses: map[string]string{"responses": "INCOMPLETE", "sync_audit": "COMPLETE"},
					}.compare(t, first)
					if got := first.rowsOf(survey); !slices.Equal(got, others) {
						t.Errorf("got the rows %v, want %v", got, others)
					}
					if row := first.audited(t, survey); fmt.Sprint(row["missing"]) != "1" || row["result"] != "incomplete" || !strings.Contains(fmt.Sprint(row["problem"]), ": record ") || row["window_to"] != nil {
						t.Errorf("sync_audit says %v", row)
					}
					want := 5 // the damage may be that of one export
					if strings.Contains(name, "id") {
						want = 1
					}
					if *downloads != want {
						t.Errorf("got %d downloads, want %d", *downloads, want)
					}

					// Where deletions are not followed, nothing looks at a file before its
					// rows go out: their hashes are kept from the second run on. Else the
					// second run meets the record in a list of ids.
					tables := merge(nil, first)
					again := tn.read(t, first.states, "responses")
					tables = merge(tables, again)
					before := *downloads
					second := tn.read(t, again.states, "responses", "sync_audit")
					if second.code != 4 || len(second.rowsOf(survey)) != 0 {
						t.Errorf("the next run ends with %d and repeats the rows %v", second.code, second.rowsOf(survey))
					}
					if row := second.audited(t, survey); fmt.Sprint(row["missing"]) != "1" {
						t.Errorf("sync_audit says %v", row)
					}
					// A first load that was not finished begins with a list of ids.
					if n := *downloads - before; n != 1 && (mode == "off" || n != 2) {
						t.Errorf("the next run makes %d exports of the survey", n)
					}

					tn.transport = tn.RoundTripper()
					third := tn.goesOn(t, tables, second, "responses")
					if got := third.rowsOf(survey); !slices.Equal(got, []string{bad}) {
						t.Errorf("got the rows %v when all can be read, want %s", got, bad)
					}
					fourth := tn.readComplete(t, third.states, "responses")
					if n := len(fourth.rowsOf(survey)); n != 0 {
						t.Errorf("a quiet run repeats %d rows", n)
					}
				})
			})
		}
	}
}

// A stream that was never read to its end is read by itself. The record that its read
// leaves out is no fault of the other stream, and is counted once.
func TestRead_ARecordThatOneOfTwoStreamsCannotDeliver(t *testing.T) {
	for _, mode := range []string{"reconcile", "off"} {
		t.Run(mode, func(t *testing.T) {
			insideBubble(t, func(t *testing.T) {
				tn := newTenant(t, small)
				tn.config["deletions"] = map[string]any{"mode": mode}
				survey := tn.surveyIDs(t)[0]
				bad := tn.readComplete(t, nil, "responses").rowsOf(survey)[1]
				tn.spoiling(t, survey, bad, spoiled["it is cut"])
				behind := tn.read(t, nil, "responses")
				tn.transport = tn.RoundTripper()
				ahead := tn.readComplete(t, behind.states, "response_deletions")
				tn.spoiling(t, survey, bad, spoiled["it is cut"])
				tn.Advance(time.Hour, true)

				second := tn.read(t, ahead.states, "responses", "response_deletions", "sync_audit")
				ending{
					code: 4, kinds: []string{"system_error"}, says: []string{"cannot be delivered: record "},
					statuses: map[string]string{"responses": "INCOMPLETE", "response_deletions": "COMPLETE", "sync_audit": "COMPLETE"},
				}.compare(t, second)
				if row := second.audited(t, survey); fmt.Sprint(row["missing"]) != "1" || row["result"] != "incomplete" {
					t.Errorf("sync_audit says %v", row)
				}
			})
		})
	}
}

// A survey of which a later window cannot be exported lacks more than the record: it
// is not said that all others were delivered.
func TestRead_ARecordOfASurveyThatIsNotReadToItsEnd(t *testing.T) {
	insideBubble(t, func(t *testing.T) {
		tn := newTenant(t, sandbox.Options{Seed: 9, Surveys: 2, Responses: 120, Contacts: 1, SmallSurveys: true, MaxExportBytes: 20_000})
		tn.config["deletions"] = map[string]any{"mode": "off"}
		oldest := tn.readComplete(t, nil, "responses").records["responses"][0]
		survey, shown := fmt.Sprint(oldest["survey_id"]), false
		tn.spoiling(t, survey, fmt.Sprint(oldest["response_id"]), func(line string) string {
			shown = true
			return spoiled["it has no id"](line)
		})
		next := tn.transport
		tn.transport = tripper(func(r *http.Request) (*http.Response, error) {
			if shown && r.Method == http.MethodPost && strings.HasSuffix(r.URL.Path, survey+"/export-responses") {
				return answer(r, 403, errorBody(403, "", "")), nil
			}
			return next.RoundTrip(r)
		})
		got := tn.read(t, nil, "responses")
		ending{
			code: 4, kinds: []string{"system_error"}, says: []string{"1 record of the export of " + survey, "cannot be delivered: record 1: "},
			statuses: map[string]string{"responses": "INCOMPLETE"},
		}.compare(t, got)
		if said := fmt.Sprint(got.errors); strings.Contains(said, "All others were delivered") {
			t.Errorf("the run says: %s", said)
		}
	})
}

// Windows of later runs begin where the record was left out, whatever else comes.
func TestRead_LeavesOutARecordOfALaterWindow(t *testing.T) {
	for _, mode := range []string{"reconcile", "off"} {
		t.Run(mode, func(t *testing.T) {
			insideBubble(t, func(t *testing.T) {
				tn := newTenant(t, small)
				tn.config["deletions"] = map[string]any{"mode": mode}
				survey := tn.surveyIDs(t)[0]
				first := tn.readComplete(t, nil, "responses")
				tables := merge(nil, first)
				tn.SetActivity(0, 0, 0) // nothing is deleted, the damaged response neither
				tn.Advance(time.Hour, false)
				tn.RecordResponses(survey, 12, tn.Now(), tn.Now())
				known, bad := first.rowsOf(survey), ""
				tn.damaging(survey, func(_ int, file []byte) []byte {
					lines := recordsOf(t, file)
					for i, line := range lines {
						if line == "{}" {
							continue
						}
						id := member(t, line, "responseId")
						if bad == "" && !slices.Contains(known, id) {
							bad = id
						}
						if id == bad {
							lines[i] = strings.Replace(line, `"values":`, `"values"`, 1)
						}
					}
					return archive(t, "survey.ndjson", strings.Join(lines, "\n"))
				})
				got, at := first, watermark(t, positions(t, first.states, "responses")[survey])
				var delivered []string
				for range 4 {
					got = tn.read(t, got.states, "responses")
					tables = merge(tables, got)
					if now := watermark(t, positions(t, got.states, "responses")[survey]); got.code != 4 || now != at {
						t.Errorf("the run ends with %d at %d, want 4 at %d", got.code, now, at)
					}
					for _, row := range got.records["responses"] {
						if row["survey_id"] == survey {
							delivered = append(delivered, fmt.Sprint(row["response_id"], row["response_version"]))
						}
					}
					tn.Advance(30*time.Minute, false)
					tn.RecordResponses(survey, 5, tn.Now(), tn.Now())
				}
				slices.Sort(delivered)
				if again := len(delivered) - len(slices.Compact(slices.Clone(delivered))); again > 0 || len(delivered) < 10 {
					t.Errorf("%d of %d rows came again", again, len(delivered))
				}
				tn.Advance(time.Hour, true)
				tn.transport = tn.RoundTripper()
				got = tn.goesOn(t, tables, got, "responses")
				if now := watermark(t, positions(t, got.states, "responses")[survey]); now <= at {
					t.Errorf("the position stays at %d when every record is read", now)
				}
			})
		})
	}
}

// A record whose id is a number has its digits for an id, in the list of ids, too.
func TestRead_AnIDThatIsANumberIsItsDigits(t *testing.T) {
	insideBubble(t, func(t *testing.T) {
		tn := newTenant(t, small)
		survey := tn.surveyIDs(t)[0]
		ids := tn.readComplete(t, nil, "responses").rowsOf(survey)
		tn.spoiling(t, survey, ids[0], withID("5"))
		first := tn.readComplete(t, nil, "responses")
		if got := first.rowsOf(survey); !slices.Contains(got, "5") || len(got) != len(ids) {
			t.Errorf("got the rows %v, want 5 and %v", got, ids[1:])
		}
		tn.Advance(8*24*time.Hour, true) // an audit finds it again
		if second := tn.readComplete(t, first.states, "responses"); slices.Contains(second.rowsOf(survey), "5") {
			t.Errorf("the audit delivers it once more: %v", second.rowsOf(survey))
		}
	})
}

// A control character that Qualtrics did not escape is data, and is counted as a
// repaired value.
func TestRead_RawControlCharactersAreDelivered(t *testing.T) {
	insideBubble(t, func(t *testing.T) {
		tn := newTenant(t, small)
		survey := tn.surveyIDs(t)[0]
		id := tn.readComplete(t, nil, "responses").rowsOf(survey)[0]
		downloads := tn.spoiling(t, survey, id, func(line string) string {
			return strings.Replace(line, `"values":{`, "\"values\":{\"note\":\"a\x1ab\tc\",", 1)
		})
		r := tn.readComplete(t, nil, "responses")
		at := slices.IndexFunc(r.records["responses"], func(row map[string]any) bool { return row["response_id"] == id })
		if at < 0 || *downloads != 1 {
			t.Fatalf("the record is missing after %d downloads", *downloads)
		}
		values, _ := json.Marshal(r.records["responses"][at])
		if !strings.Contains(string(values), `"note":"a\u001ab\tc"`) {
			t.Errorf("got %s", values)
		}
		if log := strings.Join(r.logs, "\n"); !strings.Contains(log, "values of responses.answer_values are not as Qualtrics sent them") {
			t.Errorf("the log does not count it:\n%s", log)
		}
	})
}

// A tap and an export say the same of a record that is left out.
func TestTapAndExport_LeaveOutARecordThatCannotBeDelivered(t *testing.T) {
	insideBubble(t, func(t *testing.T) {
		tn := newTenant(t, small)
		survey := tn.surveyIDs(t)[0]
		ids := tn.readComplete(t, nil, "responses").rowsOf(survey)
		tn.spoiling(t, survey, ids[1], spoiled["it has no id"])
		for name, args := range map[string][]string{
			"tap":    {"tap", "--config", "config.json"},
			"export": {"export", "--config", "config.json", "--to", t.TempDir(), "--format", "ndjson", "--streams", "responses,sync_audit"},
		} {
			got := tn.run(t, args...)
			said := got.stdout + got.stderr
			if got.code != 4 || !strings.Contains(said, "1 record of the export of "+survey) {
				t.Errorf("%s ends with code %d and says:\n%s", name, got.code, said[max(0, len(said)-2000):])
			}
		}
	})
}
