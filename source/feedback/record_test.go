package feedback_test

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/birdie-ai/source-qualtrics/source/feedback"
	"github.com/birdie-ai/source-qualtrics/source/qualtrics"
)

// The other fields of a text are all answers but itself, and the embedded data. Choices have
// their labels, and numbers that repeat their label stay numbers.
func TestOthers_HaveReadableNamesAndLabels(t *testing.T) {
	t.Parallel()
	s := survey{
		questions: []qualtrics.Question{
			ask("QID1", "MC", "SAVR", "Where?", "North", "South"), ask("QID2", "TE", "ML", "Why?"), ask("QID3", "MC", "NPS", "Likely?"),
			ask("QID4", "MC", "MAVR", "Which?", "Red", "Blue"),
		},
		schema:   map[string]qualtrics.Property{"SC_1": {ExportTag: "Total score"}},
		embedded: []string{"Region", "Orders", "Q1"},
	}
	items := s.read(t, `{"QID4":["1","2"],"QID2_TEXT":"so","QID1":2,"QID1_DO":["2","1"],"QID3":9,"1_QID2_TEXT":"again","QID5":["x"],"SC_1":3.5,"new":{"a":1},`+
		`"Region":"East","Orders":7,"Q1":"a field","QID7_TEXT":null}`, `{"QID1":"South\nside","QID3":"9","QID4":["Red",null]}`)
	got := make(map[string]string)
	for i := range items {
		got[items[i].Answer.Key] = string(s.book.Others(&items[i]))
	}
	const all = `"Q4":["Red","Blue"],%"Q1":"South\nside",%"1_Q2":"again",%"QID5":["x"],"Total score":3.5,"QID7_TEXT":null,"new":{"a":1},"Region":"East","Orders":7,"Q1 (embedded data)":"a field"}`
	parts := strings.Split(all, "%")
	want := map[string]string{
		"QID2_TEXT":   "{" + parts[0] + parts[1] + `"Q3":9,` + parts[2] + parts[3],
		"QID3":        "{" + parts[0] + `"Q2":"so",` + parts[1] + parts[2] + parts[3],
		"1_QID2_TEXT": "{" + parts[0] + `"Q2":"so",` + parts[1] + `"Q3":9,` + parts[3],
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

// A score that is no number stays in its other fields, so that its value is not lost.
func TestOthers_KeepAScoreThatIsNoNumber(t *testing.T) {
	t.Parallel()
	s := survey{questions: []qualtrics.Question{ask("QID1", "MC", "NPS", "Likely?")}}
	for values, want := range map[string]string{`{"QID1":"many"}`: `{"Q1":"many"}`, `{"QID1":15}`: `{"Q1":15}`, `{"QID1":5}`: `{}`} {
		items := s.read(t, values, "")
		if len(items) != 1 || string(s.book.Others(&items[0])) != want {
			t.Errorf("%s: got %d items, the first with %s, want %s", values, len(items), s.book.Others(&items[0]), want)
		}
	}
}

// A response with very many texts does not take memory for the square of them.
func TestOthers_AreBounded(t *testing.T) {
	t.Parallel()
	var values strings.Builder
	for i := range 5000 {
		fmt.Fprintf(&values, `,"QID%d_TEXT":"a text"`, i)
	}
	var s survey
	items := s.read(t, "{"+values.String()[1:]+"}", "")
	if len(items) != 5000 || s.book.Others(&items[0]) != nil {
		t.Errorf("%d texts have other fields of %d bytes each", len(items), len(s.book.Others(&items[0])))
	}
	if items = s.read(t, `{"QID1_TEXT":"a","QID2_TEXT":"b"}`, ""); string(s.book.Others(&items[0])) != `{"QID2_TEXT":"b"}` {
		t.Errorf("a later response has the other fields %s", s.book.Others(&items[0]))
	}
}

// Names of answers and embedded data differ, also without regard to case, and do not depend
// on the other values of a response.
func TestOthers_NamesDiffer(t *testing.T) {
	t.Parallel()
	tagged := func(id, tag string) qualtrics.Question {
		q := ask(id, "TE", "ML", "Why?")
		q.ExportTag = &tag
		return q
	}
	s := survey{
		questions: []qualtrics.Question{
			tagged("QID1", "Why"), tagged("QID2", "why"), tagged("QID3", "line\r\nbreak"), tagged("QID4", "Q4"), tagged("QID5", "Q4_1"), tagged("QID6", ""), tagged("QID7", " "),
		},
		embedded: []string{"city", "City", "CITY", "line break", "empty\x00name", ""},
	}
	const values = `{"QID1_TEXT":"a","QID2_TEXT":"b","QID3_TEXT":"c","QID4_1":"d","QID5_TEXT":"e","QID6_TEXT":"f","QID7_TEXT":"g","QID7_1":"h","Q8":"i","q8":"j",` +
		`"city":"1","City":"2","CITY":"3","line break":"4","empty\u0000name":"5","":"6","Why":"7"}`
	names := func(values string) map[string]string {
		items := s.read(t, values, "")
		if len(items) == 0 {
			t.Fatalf("%s has no feedback", values)
		}
		// The first text has the names of all others, and the second one that of the first.
		all := make(map[string]string)
		for i := range items {
			var others map[string]string
			if err := json.Unmarshal(s.book.Others(&items[i]), &others); err != nil {
				t.Fatal(err)
			}
			for name, value := range others {
				all[value] = name
			}
		}
		return all
	}
	got := names(values)
	want := map[string]string{
		"a": "Why (QID1_TEXT)", "b": "why (QID2_TEXT)", "c": "line break", "d": "Q4_1 (QID4_1)", "e": "Q4_1", "f": "QID6_TEXT", "g": "QID7_TEXT", "h": "QID7_1", "i": "Q8", "j": "q8 (2)",
		"1": "city (3)", "2": "City (2)", "3": "CITY", "4": "line break (embedded data)", "5": "empty name", "6": "(no name)", "7": "Why (embedded data)",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	alone := names(`{"QID2_TEXT":"b","QID4_1":"d","city":"1"}`)
	for value, name := range alone {
		if want[value] != name {
			t.Errorf("%s alone has the name %q, and %q beside others", value, name, want[value])
		}
	}
	var folded []string
	for _, name := range got {
		folded = append(folded, strings.ToLower(name))
	}
	slices.Sort(folded)
	if len(slices.Compact(folded)) != len(want) {
		t.Errorf("some names differ only in case: %q", folded)
	}
}

func TestEmbedded_ReturnsTheValueAsText(t *testing.T) {
	t.Parallel()
	s := survey{embedded: []string{"Account", "Number", "None", "Empty"}}
	const values = `{"Account":"A-1","Number":9007199254740993,"None":null,"Empty":"","QID1_TEXT":"so"}`
	s.read(t, values, "")
	got := parsed(t, values, "", s.embedded)
	for name, want := range map[string]string{"Account": "A-1", "Number": "9007199254740993", "None": "", "Empty": "", "account": "", "": ""} {
		if text, ok := s.book.Embedded(got, name); text != want || ok != (want != "") {
			t.Errorf("%q: got %q, %t, want %q", name, text, ok, want)
		}
	}
}

// Each record is read alone: a book does not mix two of them.
func FuzzRead(f *testing.F) {
	f.Add(`{"QID1":9,"QID1_NPS_GROUP":3,"QID2_TEXT":"so","QID3":["1","2"],"QID3_DO":["1"],"a":"b"}`, `{"QID3":["x","y"]}`)
	f.Add(`{"QID1":{"a":[1]},"QID1_1":[],"1_QID4_1":"\u0000","":""}`, `{"z":"label","QID1":[1]}`)
	f.Fuzz(func(t *testing.T, values, labels string) {
		if !json.Valid([]byte(`{"responseId":"R_1","values":`+values+`,"labels":`+labels+`}`)) || values == "" || values[0] != '{' || labels == "" || labels[0] != '{' {
			t.Skip()
		}
		s := survey{questions: []qualtrics.Question{ask("QID1", "MC", "NPS", "Likely?"), ask("QID3", "MC", "MAVR", "Which?", "1", "2", "3")}, embedded: []string{"a"}}
		items := s.read(t, values, labels)
		first := seen(items)
		for i := range items {
			if others := s.book.Others(&items[i]); !json.Valid(others) {
				t.Fatalf("the other fields are no JSON: %s", others)
			}
		}
		s.read(t, `{"QID9_TEXT":"between","QID3":["1"]}`, "")
		if diff := cmp.Diff(first, seen(s.read(t, values, labels))); diff != "" {
			t.Errorf("(-first +second):\n%s", diff)
		}
	})
}

func TestCounts_ByStatusAndEnd(t *testing.T) {
	t.Parallel()
	for status, want := range map[int64]bool{0: true, 1: false, 2: false, 4: true, 8: false, 9: false, 12: false, 16: true, 17: false, 20: true, 32: true, 36: true, 40: false, 48: true, 64: true, 256: false} {
		var settings *feedback.Settings
		if got := settings.Counts(&status, pointer(true)); got != want {
			t.Errorf("a response of the status %d counts: %t, want %t", status, got, want)
		}
		if settings.Counts(&status, pointer(false)) {
			t.Errorf("an unfinished response of the status %d counts", status)
		}
	}
	tests := &feedback.Settings{Statuses: []string{"test", "spam", feedback.Unfinished}}
	for status, want := range map[int64]bool{0: false, 2: true, 8: true, 10: true, 1: false, 4: false} {
		if got := tests.Counts(&status, pointer(false)); got != want {
			t.Errorf("with tests and spam, a response of the status %d counts: %t, want %t", status, got, want)
		}
	}
	if !tests.Counts(nil, nil) {
		t.Error("a response whose status is not known does not count")
	}
}

func TestParseQuestion_RefusesOtherForms(t *testing.T) {
	t.Parallel()
	for _, entry := range []string{
		"", "QID5", "QID5=", "=csat", "Q5=csat", "QID5=CSAT", "QID5=csat 5", "QID5=csat 1-", "QID5=csat 2-2", "QID5=skip 1-5", "QID5=a b", "SV_/QID5=csat", "SV_1=csat",
		"SV_1/SV_2/QID5=csat", "QID5_1=csat", "QID5=" + strings.Repeat("a", 41), "QID5=csat 1-5-9",
	} {
		if key, choice, err := feedback.ParseQuestion(entry); err == nil {
			t.Errorf("%q is %s with %+v", entry, key, choice)
		}
	}
	for entry, want := range map[string]feedback.Choice{
		" QID5 = csat ": {Kind: feedback.CSAT}, "SV_1/QID5=ces -3 to 3": {Kind: feedback.CES, Low: "-3", High: "3"}, "QID5=skip": {Skip: true}, "QID5#2=review 0.5–5": {Kind: "review", Low: "0.5", High: "5"},
	} {
		if _, got, err := feedback.ParseQuestion(entry); got != want || err != nil {
			t.Errorf("%q: got %+v, %v, want %+v", entry, got, err, want)
		}
	}
}

func TestReview_NamesUnknownQuestionsOnce(t *testing.T) {
	t.Parallel()
	settings := func() *feedback.Settings {
		return &feedback.Settings{Questions: map[string]feedback.Choice{"QID1": {}, "QID2": {}, "SV_1/QID3": {}, "SV_1/QID1": {}, "SV_9/QID4": {}}}
	}
	s := settings()
	has := func(question string) bool { return question == "QID1" }
	if got := s.Unknown(); got != nil {
		t.Errorf("without a survey, %v are unknown", got)
	}
	for _, want := range [][]string{{"QID3"}, nil} {
		if got := s.Review("SV_1", has); !slices.Equal(got, want) {
			t.Errorf("SV_1 lacks %v, want %v", got, want)
		}
	}
	if got := s.Unknown(); !slices.Equal(got, []string{"QID2"}) {
		t.Errorf("no survey has %v, want QID2", got)
	}
	s.Review("SV_2", nil)
	if got := s.Unknown(); got != nil {
		t.Errorf("beside a survey whose questions are not known, %v are unknown", got)
	}
	var none *feedback.Settings
	if none.Review("SV_1", has) != nil || none.Unknown() != nil {
		t.Error("no settings name a question")
	}
}
