package answers_test

import (
	"encoding/json"
	"testing"

	"github.com/birdie-ai/source-qualtrics/source/answers"
	"github.com/birdie-ai/source-qualtrics/source/frame"
	"github.com/birdie-ai/source-qualtrics/source/qualtrics"
	"github.com/birdie-ai/source-qualtrics/source/response"
)

// Whatever values and labels a record has, and whatever question type the definition says,
// the answers have all of them, and their keys differ.
func FuzzAnswers(f *testing.F) {
	for _, seed := range [][4]string{
		{`{"QID1":5,"QID1_10_TEXT":"x","QID36":["1","7"]}`, `{"QID1":"a","QID36":["b","c"]}`, "MC", "MAVR"},
		{`{"1_QID13_2":["1","1"],"QID64_0_GROUP":[10.0,"10"],"QID64_G0_10_RANK":1}`, `{"QID9":"x","1_QID13_2":[1]}`, "PGR", ""},
		{`{"QID1#1_2":1,"a/b":1,"a":["b"],"":[{"x":1}],"*":[]}`, `{"*":["y"],"":null}`, "SBS", ""},
		{`{"QID1":1,"QID1":2,"\u0051ID1":3,"QID1_dup":4}`, `{"QID1_dup":"x"}`, "Matrix", "TE"},
		{`{"QID1_TEXT_72a02c576fa44110b0c20aa9Topics":["x"],"x_DERIVEDabcdefg":""}`, `{}`, "TE", "SL"},
	} {
		f.Add(seed[0], seed[1], seed[2], seed[3])
	}
	f.Fuzz(func(t *testing.T, values, labels, kind, selector string) {
		value, err := frame.Record([]byte(`{"responseId":"R_1","values":` + values + `,"labels":` + labels + `}`))
		if err != nil {
			return
		}
		var r response.Response
		if err := r.Parse(value.Object, response.NewKeys(nil, []string{"QID1"}, nil)); err != nil {
			return
		}
		choices := []qualtrics.Choice{{Kind: qualtrics.PlainChoice, ID: "1", Display: &selector}, {Kind: qualtrics.AnswerChoice, ID: "10", Recode: &kind, Display: &values}}
		definition := &qualtrics.SurveyDefinition{Questions: []qualtrics.Question{{ID: "QID1", Type: &kind, Selector: &selector, Text: &labels, Choices: choices}}}
		book := answers.NewCodebook(definition, map[string]qualtrics.Property{"QID1": {Labels: map[string]string{"1": labels}}})
		sameAgain(t, book, &r)
		for a := range book.Answers(&r) {
			if a.Raw != nil && !json.Valid(a.Raw) {
				t.Fatalf("the value of %s is %s", a.Key, a.Raw)
			}
			a.Label()
			a.Date()
		}
	})
}
