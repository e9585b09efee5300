package feedback_test

import (
	"strconv"
	"testing"

	"github.com/birdie-ai/source-qualtrics/source/answers"
	"github.com/birdie-ai/source-qualtrics/source/feedback"
	"github.com/birdie-ai/source-qualtrics/source/frame"
	"github.com/birdie-ai/source-qualtrics/source/qualtrics"
	"github.com/birdie-ai/source-qualtrics/source/response"
)

func pointer[T any](value T) *T { return &value }

// ask returns a question with the tag Q1 for QID1. Its choices have the codes 1, 2 …
func ask(id, kind, selector, text string, choices ...string) qualtrics.Question {
	return asked(id, kind, selector, text, qualtrics.PlainChoice, choices)
}

// matrix returns a matrix with one row, and with the answers 1, 2 …
func matrix(id, selector, sub, text string, answers ...string) qualtrics.Question {
	q := asked(id, "Matrix", selector, text, qualtrics.AnswerChoice, answers)
	q.SubSelector = &sub
	q.Choices = append(q.Choices, qualtrics.Choice{Kind: qualtrics.PlainChoice, ID: "1", Display: pointer("Our service")})
	return q
}

func asked(id, kind, selector, text string, list qualtrics.ChoiceKind, texts []string) qualtrics.Question {
	q := qualtrics.Question{ID: id, ExportTag: pointer("Q" + id[3:]), Type: &kind, Selector: &selector, Text: &text}
	for i := range texts {
		q.Choices = append(q.Choices, qualtrics.Choice{Kind: list, ID: strconv.Itoa(i + 1), Display: &texts[i]})
	}
	return q
}

// recoded gives the choices other codes.
func recoded(q qualtrics.Question, codes ...string) qualtrics.Question {
	for i := range codes {
		q.Choices[i].Recode = &codes[i]
	}
	return q
}

// survey is a survey with its settings.
type survey struct {
	settings  *feedback.Settings
	questions []qualtrics.Question // nil: the definition is not known
	schema    map[string]qualtrics.Property
	embedded  []string
	book      *feedback.Book
}

// read reads the values and labels of a record.
func (s *survey) read(t testing.TB, values, labels string) []feedback.Item {
	t.Helper()
	if s.book == nil {
		var definition *qualtrics.SurveyDefinition
		if s.questions != nil {
			definition = &qualtrics.SurveyDefinition{Questions: s.questions}
		}
		s.book = feedback.NewBook(s.settings, "SV_1", answers.NewCodebook(definition, s.schema), definition, s.embedded)
	}
	return s.book.Read(parsed(t, values, labels, s.embedded))
}

// parsed takes a record apart.
func parsed(t testing.TB, values, labels string, embedded []string) *response.Response {
	t.Helper()
	if labels == "" {
		labels = "{}"
	}
	value, err := frame.Record([]byte(`{"responseId":"R_1","values":` + values + `,"labels":` + labels + `}`))
	if err != nil {
		t.Fatal(err)
	}
	got := new(response.Response)
	if err := got.Parse(value.Object, response.NewKeys(embedded, nil, nil)); err != nil {
		t.Fatal(err)
	}
	return got
}

// seen returns an item as text: kind, value, scale and certainty.
func seen(items []feedback.Item) (all []string) {
	for i := range items {
		one := &items[i]
		text := one.Answer.Key + " " + string(one.Reading.Kind)
		if one.Reading.Text {
			text += " " + strconv.Quote(one.Answer.Text())
		} else {
			text += " " + one.Digits + " of " + one.Low + ".." + one.High
		}
		all = append(all, text+" "+string(one.Reading.Certainty))
	}
	return all
}
