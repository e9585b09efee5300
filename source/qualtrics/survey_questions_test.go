package qualtrics_test

import (
	"net/http"
	"testing"
)

func TestSurvey_QuestionsThatTakeTextAreKnown(t *testing.T) {
	t.Parallel()
	const head = `{"id":"SV_1","name":"n","isActive":true,"questions":{"QID1":`
	kind := func(name, selector, sub string) string {
		return `"questionType":{"type":"` + name + `","selector":"` + selector + `","subSelector":"` + sub + `"}`
	}
	for name, test := range map[string]struct {
		question string
		takes    bool
	}{
		"a text entry":            {"{" + kind("TE", "SL", "") + "}", true},
		"an unknown type":         {"{" + kind("Hologram", "X", "") + "}", true},
		"no type":                 {"{}", true},
		"a signature":             {"{" + kind("Draw", "Signature", "") + "}", true},
		"a choice":                {"{" + kind("MC", "SAVR", "TX") + `,"choices":{"1":{"choiceText":"a"}}}`, false},
		"a choice with a box":     {"{" + kind("MC", "SAVR", "TX") + `,"choices":{"1":{"choiceText":"a"},"2":{"textEntry":{}}}}`, true},
		"a matrix":                {"{" + kind("Matrix", "Likert", "SingleAnswer") + `,"subQuestions":{"1":{}},"choices":{"1":{}}}`, false},
		"a matrix of texts":       {"{" + kind("Matrix", "TE", "Short") + `,"subQuestions":{"1":{}}}`, true},
		"a matrix row with a box": {"{" + kind("Matrix", "Likert", "SingleAnswer") + `,"subQuestions":{"1":{"textEntry":{}}}}`, true},
		"side by side":            {"{" + kind("SBS", "SBSMatrix", "") + `,"columns":{"1":{` + kind("Matrix", "Likert", "SingleAnswer") + `}}}`, false},
		"side by side with texts": {"{" + kind("SBS", "SBSMatrix", "") + `,"columns":{"1":{` + kind("Matrix", "TE", "Short") + `}}}`, true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got, err := client(t, func(*http.Request) *http.Response { return ok(head + test.question + "}}") }).Survey(t.Context(), "SV_1")
			if err != nil || len(got.Questions) != 1 || got.Questions[0].TakesText != test.takes {
				t.Errorf("got %+v, %v, want %t", got.Questions, err, test.takes)
			}
		})
	}
}
