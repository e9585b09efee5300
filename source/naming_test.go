package source_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/birdie-ai/source-qualtrics/integration_tests/testkit"
)

// odd is a tenant in which every response of one survey has a value Q_Odd, whose
// name says answer, and one Odd, whose name says embedded data.
type odd struct {
	*tenant
	survey string
	status int               // of the response schema; 0: it answers
	types  map[string]string // what it says of the two
	flow   []string          // which of them the survey itself defines
	calls  int               // for the response schema
}

func newOdd(t *testing.T) *odd {
	t.Helper()
	tn := newTenant(t, larger)
	o := &odd{tenant: tn, survey: tn.surveyIDs(t)[0]}
	tn.damaging(o.survey, func(_ int, file []byte) []byte {
		text := strings.ReplaceAll(content(t, file), `"values":{`, `"values":{"Q_Odd":"1","Odd":"2",`)
		return archive(t, "survey.ndjson", text)
	})
	files := tn.transport
	tn.transport = tripper(func(r *http.Request) (*http.Response, error) {
		switch {
		case strings.HasSuffix(r.URL.Path, "/surveys/"+o.survey+"/response-schema"):
			o.calls++
			if o.status != 0 {
				return answer(r, o.status, errorBody(o.status, "TEST_1", "The sandbox was told to refuse this.")), nil
			}
			properties := make(map[string]any)
			for name, of := range o.types {
				properties[name] = map[string]any{"dataType": of}
			}
			schema := map[string]any{"properties": map[string]any{"values": map[string]any{"properties": properties}}}
			return answer(r, 200, string(testkit.Encode(map[string]any{"result": schema, "meta": map[string]any{"httpStatus": "200 - OK"}}))), nil
		case strings.HasSuffix(r.URL.Path, "/surveys/"+o.survey) && o.flow != nil:
			response, err := files.RoundTrip(r)
			if err != nil {
				return nil, err
			}
			var body struct {
				Result map[string]any `json:"result"`
				Meta   any            `json:"meta"`
			}
			if err := json.NewDecoder(response.Body).Decode(&body); err != nil {
				return nil, err
			}
			fields, _ := body.Result["embeddedData"].([]any)
			for _, name := range o.flow {
				fields = append(fields, map[string]any{"name": name})
			}
			body.Result["embeddedData"] = fields
			changed := answer(r, 200, string(testkit.Encode(body)))
			changed.Header.Set("Date", response.Header.Get("Date"))
			return changed, response.Body.Close()
		}
		return files.RoundTrip(r)
	})
	tn.SetActivity(40, 0, 0)
	return o
}

// places counts the rows of the survey by where the two values are.
func (o *odd) places(r *reading) map[string]int {
	places := make(map[string]int)
	for _, row := range r.records["responses"] {
		if row["survey_id"] != o.survey || row["deleted_at"] != nil {
			continue
		}
		at := ""
		for _, column := range []string{"answer_values", "embedded_data"} {
			members, _ := row[column].(map[string]any)
			for _, name := range []string{"Q_Odd", "Odd"} {
				if members[name] != nil {
					at += fmt.Sprintf("%s in %s ", name, column)
				}
			}
		}
		places[strings.TrimSpace(at)]++
	}
	return places
}

// exist counts the responses of the survey that exist and are visible now.
func (o *odd) exist(t *testing.T) (count int) {
	t.Helper()
	for _, key := range keysOfTruth(t, o.tenant, "responses") {
		if strings.HasPrefix(key, o.survey) {
			count++
		}
	}
	return count
}

// reads runs once, 20 minutes later, and returns what came of the survey.
func (o *odd) reads(t *testing.T, states []byte) *reading {
	t.Helper()
	o.Advance(20*time.Minute, false)
	return o.read(t, states, "responses", "sync_audit")
}

// only checks that every row of the survey has its values there.
func (o *odd) only(t *testing.T, r *reading, place string, least int) {
	t.Helper()
	if places := o.places(r); len(places) != 1 || places[place] < least {
		t.Errorf("got %v, want at least %d rows with %s", places, least, place)
	}
}

const (
	byForm   = "Q_Odd in answer_values Odd in embedded_data"
	bySchema = "Odd in answer_values Q_Odd in embedded_data"
)

// The meaning of a name is read before its row goes out; else the survey waits.
func TestRead_ASurveyWaitsForItsResponseSchema(t *testing.T) {
	insideBubble(t, func(t *testing.T) {
		o := newOdd(t)
		o.types = map[string]string{"Q_Odd": "embeddedData", "Odd": "question"}
		o.status = 503
		r := o.reads(t, nil)
		if got := o.places(r); r.code != 4 || len(got) != 0 || r.audited(t, o.survey)["result"] != "incomplete" {
			t.Errorf("the run ends with code %d and delivers %v", r.code, got)
		}
		ending{code: 4, kinds: []string{"transient_error"}, says: []string{"its response schema, which says what the names of its values mean, cannot be read"}, statuses: map[string]string{"responses": "INCOMPLETE", "sync_audit": "COMPLETE"}}.compare(t, r)
		if at := watermark(t, positions(t, r.states, "responses")[o.survey]); at != 0 {
			t.Errorf("the position moved to %d", at)
		}
		o.status = 0
		r = o.reads(t, r.states)
		o.only(t, r, bySchema, 10)
		if r.code != 0 {
			t.Errorf("the next run ends with code %d: %v", r.code, r.errors)
		}
	})
}

// A survey that is deleted while it is read, when its schema is needed, is gone: no
// permission is asked for.
func TestRead_ASurveyThatIsDeletedBeforeItsResponseSchemaIsRead(t *testing.T) {
	insideBubble(t, func(t *testing.T) {
		o := newOdd(t)
		o.types = map[string]string{"Q_Odd": "embeddedData", "Odd": "question"}
		first := o.reads(t, nil)
		next := o.transport
		o.transport = tripper(func(r *http.Request) (*http.Response, error) {
			if strings.HasSuffix(r.URL.Path, "/response-schema") {
				o.RemoveSurvey(o.survey)
				o.status = 404
			}
			return next.RoundTrip(r)
		})
		second := o.reads(t, first.states)
		if row := second.audited(t, o.survey); second.code != 0 || row["result"] != "gone" {
			t.Errorf("the run ends with %d: %v, sync_audit says %v", second.code, second.errors, row)
		}
	})
}

// A refused schema decides nothing, in every run. Once it can be read,
// all rows come again with their values in the right place; and when it is refused
// after that, the survey waits and nothing goes back.
func TestRead_DecidesByTheFormOfANameWhereTheSchemaIsRefused(t *testing.T) {
	for _, status := range []int{403, 404} {
		t.Run(fmt.Sprint(status), func(t *testing.T) {
			insideBubble(t, func(t *testing.T) {
				o := newOdd(t)
				o.types = map[string]string{"Q_Odd": "embeddedData", "Odd": "question"}
				o.status = status
				first := o.reads(t, nil)
				o.only(t, first, byForm, 10)
				second := o.reads(t, first.states)
				o.only(t, second, byForm, 1)
				if first.code != 0 || second.code != 0 {
					t.Errorf("the runs end with %d and %d: %v", first.code, second.code, second.errors)
				}
				o.status = 0
				third := o.reads(t, second.states)
				exist := o.exist(t)
				if third.code != 0 || third.audited(t, o.survey)["reason"] != "resync" || !strings.Contains(strings.Join(third.logs, "\n"), "the meaning of names in the survey has changed") {
					t.Errorf("the run ends with %d, sync_audit says %v", third.code, third.audited(t, o.survey))
				}
				o.only(t, third, bySchema, exist)
				fourth := o.reads(t, third.states)
				o.only(t, fourth, bySchema, 1)
				if n := o.places(fourth)[bySchema]; n >= exist || fourth.audited(t, o.survey)["reason"] != "window" {
					t.Errorf("all %d rows come once more", n)
				}
				o.status = status
				fifth := o.reads(t, fourth.states)
				ending{
					code: 4, kinds: []string{"config_error"}, says: []string{"which said what the names of its values mean, is refused now"},
					statuses: map[string]string{"responses": "INCOMPLETE", "sync_audit": "COMPLETE"},
				}.compare(t, fifth)
				if got := o.places(fifth); len(got) != 0 {
					t.Errorf("got %v while nobody says what the names mean", got)
				}
				o.status = 0
				o.only(t, o.reads(t, fifth.states), bySchema, 1)
			})
		})
	}
}

// When the survey itself starts to define a name, only a value that moves by that
// makes its rows come again, and only then is the schema asked for one more time.
func TestRead_ReadsASurveyAgainOnlyIfANewNameMovesAValue(t *testing.T) {
	for name, test := range map[string]struct {
		types  map[string]string
		before string
		resync bool
	}{
		"as the schema said before": {map[string]string{"Q_Odd": "embeddedData", "Odd": "question"}, bySchema, false},
		"otherwise":                 {map[string]string{"Odd": "embeddedData"}, byForm, true},
	} {
		t.Run(name, func(t *testing.T) {
			insideBubble(t, func(t *testing.T) {
				o := newOdd(t)
				o.types = test.types
				first := o.reads(t, nil)
				o.only(t, first, test.before, 10)
				o.flow = []string{"Q_Odd"}
				second := o.reads(t, first.states)
				reason := map[bool]string{true: "resync", false: "window"}[test.resync]
				if got := second.audited(t, o.survey)["reason"]; got != reason || second.code != 0 {
					t.Errorf("the run ends with %d, and sync_audit gives the reason %v, want %s", second.code, got, reason)
				}
				after := bySchema
				if test.resync {
					after = "Q_Odd in embedded_data Odd in embedded_data"
				}
				o.only(t, second, after, 1)
				calls := o.calls
				third := o.reads(t, second.states)
				if got := third.audited(t, o.survey)["reason"]; got != "window" || o.calls != calls+1 {
					t.Errorf("the next run gives the reason %v after %d calls for the schema", got, o.calls-calls)
				}
			})
		})
	}
}

// New names beside those of delivered rows do not move a value.
func TestRead_NamesThatKeepTheirPlaceMoveNothing(t *testing.T) {
	insideBubble(t, func(t *testing.T) {
		o := newOdd(t)
		o.types = map[string]string{"Q_Odd": "question", "Odd": "embeddedData"}
		first := o.reads(t, nil)
		o.only(t, first, byForm, 10)
		o.types = map[string]string{"Q_Odd": "question", "Odd": "embeddedData", "QID99": "question", "more": "embeddedData", "startDate": "metadata"}
		o.flow = []string{"more", "Odd"}
		second := o.reads(t, first.states)
		o.only(t, second, byForm, 1)
		if got := second.audited(t, o.survey)["reason"]; got != "window" {
			t.Errorf("sync_audit gives the reason %v, want window", got)
		}
	})
}
