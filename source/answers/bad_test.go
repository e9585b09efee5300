package answers_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/birdie-ai/source-qualtrics/source/answers"
	"github.com/birdie-ai/source-qualtrics/source/qualtrics"
)

// rows are the answers of a record in short: key, kind, text, choice and label.
func rows(b *answers.Codebook, values, labels string) (all []string) {
	for a := range b.Answers(answered(values, labels)) {
		label, source := a.Label()
		choice := ""
		if a.Code != nil {
			choice = a.Code.ChoiceID
		}
		all = append(all, strings.Join([]string{string(a.AppendKey(nil)), string(a.Kind), a.Text(), choice, label, string(source)}, "|"))
	}
	return all
}

func TestAnswers_OfOddRecordsStay(t *testing.T) {
	t.Parallel()
	schema := map[string]qualtrics.Property{
		"QID1": {QuestionID: "QID1", Labels: map[string]string{"5": "Sales by the schema", "77": "Only the schema", "10.0": "Ten"}},
		"qid1": {QuestionID: "QID1", DataType: "question"}, "QID27_TEXT": {Format: "date-time", QuestionTag: "Q27"},
	}
	full, bare := answers.NewCodebook(defined(t, questionnaire), nil), answers.NewCodebook(nil, nil)
	both := answers.NewCodebook(defined(t, questionnaire), schema)
	long := strings.Repeat("QID1_", 200)
	for name, test := range map[string]struct {
		book           *answers.Codebook
		values, labels string
		want           []string
	}{
		"nothing":                     {full, `{}`, `{}`, nil},
		"a coded value with zeros":    {full, `{"QID6_1":10.0,"QID6_3":"10.00","QID1":5.50}`, `{}`, []string{"QID6_1|value|10.0|2|Yes|definition", "QID6_3|value|10.00|2|Yes|definition", "QID1|value|5.50|||"}},
		"an unknown code":             {full, `{"QID1":77}`, `{}`, []string{"QID1|value|77|||"}},
		"a code only the schema has":  {both, `{"QID1":77}`, `{}`, []string{"QID1|value|77||Only the schema|response_schema"}},
		"a code of both":              {both, `{"QID1":5}`, `{}`, []string{"QID1|value|5|1|Sales by the schema|response_schema"}},
		"a code with zeros of both":   {both, `{"QID1":10}`, `{}`, []string{"QID1|value|10||Ten|response_schema"}},
		"the record has another text": {both, `{"QID1":5}`, `{"QID1":"As it was"}`, []string{"QID1|value|5|1|As it was|record"}},
		"a label with line breaks":    {full, `{"QID1":5}`, `{"QID1":"two\r\nlines\u2028and \"more\""}`, []string{"QID1|value|5|1|two\r\nlines\u2028and \"more\"|record"}},
		"a label of another kind":     {full, `{"QID1":5,"QID6_1":10}`, `{"QID1":["a"],"QID6_1":7}`, []string{`QID1|value|5|1|["a"]|record`, "QID6_1|value|10|2|7|record"}},
		"a label without a value":     {full, `{"QID1":5}`, `{"QID6_1":"Yes"}`, []string{"QID1|value|5|1|Sales & Service|definition", "QID6_1|value|||Yes|record"}},
		"fewer labels than elements": {full, `{"QID36":["1","7"]}`, `{"QID36":["Ropes"]}`, []string{
			"QID36/1|value|1|1|Ropes|definition", "QID36/7|value|7|7|Other|definition", `QID36|value|||["Ropes"]|record`,
		}},
		"one label of a list":          {full, `{"QID36":["1"]}`, `{"QID36":"Ropes"}`, []string{"QID36/1|value|1|1|Ropes|definition", "QID36|value|||Ropes|record"}},
		"an element twice":             {full, `{"QID36":["1","1",1.0]}`, `{}`, []string{"QID36/1|value|1|1|Ropes|definition", "QID36/#2|value|1|1|Ropes|definition", "QID36/#3|value|1.0|1|Ropes|definition"}},
		"an empty list":                {full, `{"QID36":[],"QID1":[ ]}`, `{}`, []string{"QID36|value|[]|||", "QID1|value|[ ]|||"}},
		"elements of other kinds":      {full, `{"QID36":[null,true,{"a":[1]},[2],"",7]}`, `{}`, []string{"QID36/null|value|null|||", "QID36/true|value|true|||", `QID36/#3|value|{"a":[1]}|||`, "QID36/#4|value|[2]|||", "QID36/#5|value||||", "QID36/7|value|7|7|Other|definition"}},
		"a list of a single choice":    {full, `{"QID1":["5",6]}`, `{"QID1":["a","b"]}`, []string{"QID1/5|value|5|1|a|record", "QID1/6|value|6|10|b|record"}},
		"one code of several choices":  {full, `{"QID36":"7"}`, `{}`, []string{"QID36|value|7|7|Other|definition"}},
		"values of other kinds":        {full, `{"QID27_TEXT":null,"QID10_1":{"a":1},"QID18":true,"QID6_1":""}`, `{}`, []string{"QID27_TEXT|text|null|||", `QID10_1|text|{"a":1}|||`, "QID18|value|true|||", "QID6_1|value||||"}},
		"another type than defined":    {full, `{"QID27":3,"QID1_2":4,"QID27_1_2":5,"QID18_TEXT":"x"}`, `{}`, []string{"QID27|value|3|||", "QID1_2|value|4|||", "QID27_1_2|value|5|||", "QID18_TEXT|text|x|||"}},
		"keys in odd case":             {full, `{"qid1":5,"Qid27_text":"x","QID27_text":"y","QID18_nps_group":1}`, `{}`, []string{"qid1|unknown|5|||", "Qid27_text|unknown|x|||", "QID27_text|unknown|y|||", "QID18_nps_group|unknown|1|||"}},
		"keys that look like no key":   {full, `{"":1,"*":2,"a/b":3,"a":["b"],"/":4,"QID":5,"QID1_":6,"x_QID1":7}`, `{}`, []string{"/|unknown|1|||", "/*|unknown|2|||", "a//b|unknown|3|||", "a/b|unknown|b|||", "//|unknown|4|||", "QID|unknown|5|||", "QID1_|unknown|6|||", "x_QID1|unknown|7|||"}},
		"keys with escapes":            {full, `{"QID1":5,"\u0051ID6_1":10,"a\nb":1}`, `{"Q\u0049D1":"x"}`, []string{"QID1|value|5|1|x|record", "QID6_1|value|10|2|Yes|definition", "a\nb|unknown|1|||"}},
		"a key that is far too long":   {full, `{"` + long + `":1}`, `{}`, []string{long + "|unknown|1|||"}},
		"no definition and no schema":  {bare, `{"QID1":5,"QID36":["1","7"],"SC_1":2}`, `{"QID36":["a","b"]}`, []string{"QID1|value|5|||", "QID36/1|value|1||a|record", "QID36/7|value|7||b|record", "SC_1|score|2|||"}},
		"a definition without columns": {answers.NewCodebook(defined(t, `[]`), nil), `{"QID8#1_2":1}`, `{}`, []string{"QID8#1_2|value|1|||"}},
		"two choices with one code": {
			answers.NewCodebook(defined(t, `{"QID1":{"QuestionType":"MC","Choices":{"1":{"Display":"a"},"2":{"Display":"b"},"3":[]},"RecodeValues":{"1":"4","2":4}}}`), nil),
			`{"QID1":4}`, `{}`,
			[]string{"QID1|value|4|||"},
		},
		"an empty derived field":   {full, `{"QID27_TEXT_DERIVED1234567":"","QID1_DERIVED12345678":""}`, `{}`, []string{"QID27_TEXT_DERIVED1234567|derived||||", "QID1_DERIVED12345678|derived||||"}},
		"piped text in a label":    {full, `{"QID1":5}`, `{"QID1":"${q://QID2/ChoiceTextEntryValue}"}`, []string{"QID1|value|5|1|${q://QID2/ChoiceTextEntryValue}|record"}},
		"a label for each version": {full, `{"QID36":["1","99"]}`, `{"QID36":["As it was","A deleted choice"]}`, []string{"QID36/1|value|1|1|As it was|record", "QID36/99|value|99||A deleted choice|record"}},
		"one tag of two questions": {
			answers.NewCodebook(defined(t, `{"QID1":{"DataExportTag":"Q1","QuestionType":"TE"},"QID2":{"DataExportTag":"Q1","QuestionType":"TE"},"QID3":{"DataExportTag":"q1","QuestionType":"TE"}}`), nil),
			`{"QID1_TEXT":"a","QID2_TEXT":"b","QID3_TEXT":"c"}`, `{}`,
			[]string{"QID1_TEXT|text|a|||", "QID2_TEXT|text|b|||", "QID3_TEXT|text|c|||"},
		},
		"a definition of other shapes": {
			answers.NewCodebook(defined(t, `{"QID1":{"QuestionType":7,"Choices":"x","Answers":3,"Groups":{}},"QID2":[],"QID3":null}`), map[string]qualtrics.Property{"QID2": {}}),
			`{"QID1":4,"QID2":1,"QID3_1":1}`, `{}`,
			[]string{"QID1|value|4|||", "QID2|value|1|||", "QID3_1|value|1|||"},
		},
	} {
		got := rows(test.book, test.values, test.labels)
		if diff := cmp.Diff(test.want, got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
		if name != "keys with escapes" { // the names of a response have none
			sameAgain(t, test.book, answered(test.values, test.labels))
		}
	}
	if f := both.Field("qid1"); f.QuestionID != "QID1" || f.QuestionText != "On which team?" || f.Kind != answers.Unknown {
		t.Errorf("a key in odd case, which the schema has, is read as %+v", f)
	}
}

// A key of displayedFields that has no value gives no answer.
func TestAnswers_OfShownQuestionsWithoutValues(t *testing.T) {
	t.Parallel()
	r := answered(`{"QID1":5}`, `{}`)
	r.DisplayedFields, r.DisplayedValues = []byte(`["QID1","QID1_10_TEXT","QID64_G0_13_RANK"]`), []byte(`{"QID36":["1"]}`)
	count := 0
	for a := range answers.NewCodebook(nil, nil).Answers(r) {
		if count++; a.Key != "QID1" {
			t.Errorf("got an answer to %s", a.Key)
		}
	}
	if count != 1 {
		t.Errorf("got %d answers", count)
	}
}

// A loop over answers can end early, and the next record begins anew.
func TestAnswers_CanEndEarly(t *testing.T) {
	t.Parallel()
	book := answers.NewCodebook(nil, nil)
	for _, values := range []string{`{"QID1":5,"QID2":[1,2]}`, `{"QID2":[1,2]}`, `{}`} {
		for range book.Answers(answered(values, `{"QID3":"x"}`)) {
			break
		}
	}
	if got := rows(book, `{"QID2":[1,2]}`, `{}`); len(got) != 2 {
		t.Errorf("got %q after loops that ended early", got)
	}
}

func TestAnswer_HasTypedValues(t *testing.T) {
	t.Parallel()
	book := answers.NewCodebook(nil, map[string]qualtrics.Property{"QID2_TEXT": {Format: "date-time"}})
	got := make(map[string]string)
	for a := range book.Answers(answered(`{"QID1":-1.50e3,"QID2_TEXT":"2026-01-15T12:00:00Z","QID3_TEXT":"2026-01-15T12:00:00Z","QID4":true,"QID5":false,"QID6_TEXT":"7","QID7":null}`, `{}`)) {
		number, isNumber := a.Number()
		boolean, isBoolean := a.Boolean()
		date, isDate := a.Date()
		var types []string
		if isNumber {
			types = append(types, "number "+string(number))
		}
		if isBoolean {
			types = append(types, map[bool]string{true: "true", false: "false"}[boolean])
		}
		if isDate {
			types = append(types, "date "+date.String())
		}
		got[a.Key] = strings.Join(types, ", ")
	}
	if diff := cmp.Diff(map[string]string{
		"QID1": "number -1.50e3", "QID2_TEXT": "date 2026-01-15 12:00:00 +0000 UTC", "QID3_TEXT": "", "QID4": "true", "QID5": "false", "QID6_TEXT": "", "QID7": "",
	}, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}
