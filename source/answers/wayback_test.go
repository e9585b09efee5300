package answers_test

import (
	"testing"
	"testing/synctest"

	"github.com/birdie-ai/source-qualtrics/source/answers"
)

// Every record of surveys with every question type comes back from its answers as it was.
// Each of its keys has a rule, and each of its coded values a label.
func TestAnswers_HaveEachRecordOfEveryQuestionType(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		rules, records := make(map[string]bool), 0
		for _, s := range everyKind(t, 600) {
			keys := s.keys()
			full, bare := answers.NewCodebook(s.definition, s.schema), answers.NewCodebook(nil, nil)
			for _, record := range s.records {
				records++
				r := parsed(t, record, keys)
				sameAgain(t, full, r)
				sameAgain(t, bare, r)
				for a := range full.Answers(r) {
					rules[a.Rule] = true
					label, source := a.Label()
					switch {
					case a.Kind == answers.Unknown:
						t.Errorf("no rule covers %s", a.Key)
					case a.QuestionID != "" && (a.Question == nil || a.QuestionText == "" || a.QuestionTag == "" || a.ExportTag == ""):
						t.Errorf("%s is described as %+v", a.Key, a.Field)
					case a.RecordLabel != nil && (label == "" || source != answers.FromRecord || a.Code == nil || a.Code.Label != label):
						t.Errorf("%s of %s is labeled %q by its %s, and %+v by the schema", a.Raw, a.Key, label, source, a.Code)
					}
				}
			}
		}
		if records < 500 {
			t.Errorf("read %d records", records)
		}
		for _, name := range []string{
			"multiple choice", "multiple choice, text entry", "NPS group", "text", "form field", "matrix row", "matrix text", "matrix rank",
			"matrix constant sum", "matrix row, text entry", "rank order", "constant sum", "slider", "drill-down", "group", "rank in a group",
			"group, text entry", "timing", "browser", "signature", "file", "heat map", "hot spot", "highlight", "display order",
			"answer display order", "follow-up prompt", "topics", "topic levels", "sentiment", "emotion", "effort", "actionability",
			"order of flow elements", "order of a block", "score", "derived field",
		} {
			if !rules[name] {
				t.Errorf("no record has an answer by the rule %q", name)
			}
			delete(rules, name)
		}
		for name := range rules {
			t.Errorf("an answer has the rule %q, which is not of its question type", name)
		}
	})
}
