package answers

import (
	"cmp"

	"github.com/birdie-ai/source-qualtrics/source/qualtrics"
)

// Codebook decodes the answers of one survey. It keeps each decoded key, so that a key is
// decoded once per survey. It is not safe for concurrent use.
type Codebook struct {
	questions map[string]*qualtrics.Question
	schema    map[string]qualtrics.Property
	lists     map[list]*codes

	decoder
}

// list is a list of the definition: choices of a question, by their codes or their ids.
type list struct {
	question string
	kind     qualtrics.ChoiceKind
	ids      bool
}

// codes has the possible values of a field, by their text.
type codes map[string]*Code

// NewCodebook returns the codebook of a survey. The definition and the response schema are
// optional: without them, keys have their parts, but no texts, and labels are only those of
// the records. Neither may change afterwards.
func NewCodebook(definition *qualtrics.SurveyDefinition, schema map[string]qualtrics.Property) *Codebook {
	b := &Codebook{questions: make(map[string]*qualtrics.Question), schema: schema, lists: make(map[list]*codes)}
	b.known = make(map[string]*Field)
	if definition == nil {
		return b
	}
	for i := range definition.Questions {
		question := &definition.Questions[i]
		if b.questions[question.ID] == nil { // of two questions with an id the first one counts
			b.questions[question.ID] = question
		}
	}
	return b
}

// Field decodes a value key.
func (b *Codebook) Field(key string) *Field {
	f := &Field{Key: key, Kind: Unknown, Certainty: NoRule}
	b.decode(f, key)
	property := b.schema[key]
	f.ExportTag, f.QuestionTag, f.Format = property.ExportTag, property.QuestionTag, property.Format
	f.QuestionID = cmp.Or(f.QuestionID, property.QuestionID)
	f.LoopID = cmp.Or(f.LoopID, property.Loop)
	b.describe(f)
	f.codes = b.codesOf(f, property.Labels)
	return f
}

// describe adds the texts of the definition.
func (b *Codebook) describe(f *Field) {
	question := f.Question
	if question == nil {
		if question = b.questions[f.QuestionID]; question == nil {
			return
		}
		f.Question = question // the response schema named it
	}
	of := question
	if question.Parent != nil {
		if parent := b.questions[*question.Parent]; parent != nil {
			of = parent
		}
		f.ColumnText = PlainText(question.Text)
	}
	f.QuestionText = PlainText(of.Text)
	f.QuestionTag = cmp.Or(f.QuestionTag, valueOf(of.ExportTag))
	text := func(id string, kind qualtrics.ChoiceKind) string {
		if id == "" {
			return ""
		}
		found := (*b.listOf(question, kind, true))[id]
		if found == nil && of != question {
			found = (*b.listOf(of, kind, true))[id] // the rows of all columns
		}
		if found == nil {
			return ""
		}
		return found.Label
	}
	f.RowText = cmp.Or(text(f.RowID, choices), text(f.ChoiceID, choices))
	f.AnswerText, f.GroupText = text(f.AnswerID, scale), text(f.GroupID, qualtrics.GroupChoice)
}

// codesOf returns the possible values of a field. Labels of the response schema come before
// those of the definition.
func (b *Codebook) codesOf(f *Field, labels map[string]string) *codes {
	var base *codes
	if f.Question != nil && f.list != none {
		base = b.listOf(f.Question, f.list, f.Kind == DisplayOrder)
	}
	if len(labels) == 0 {
		return base
	}
	all := make(codes, len(labels))
	if base != nil {
		for code, one := range *base {
			all[code] = one
		}
	}
	for code, label := range labels {
		code = withoutZeros(code)
		one := Code{Recode: code, Label: label, Source: FromSchema}
		if known := all[code]; known != nil {
			one.ChoiceID = known.ChoiceID
		}
		all[code] = &one
	}
	return &all
}

// listOf returns a list of a question. Choices include those that are carried forward. By
// codes, two choices with the same code leave the choice unknown.
func (b *Codebook) listOf(question *qualtrics.Question, kind qualtrics.ChoiceKind, ids bool) *codes {
	of := list{question.ID, kind, ids}
	if known := b.lists[of]; known != nil {
		return known
	}
	all := make(codes)
	b.lists[of] = &all
	for i := range question.Choices {
		choice := &question.Choices[i]
		if !lists(kind, choice.Kind) {
			continue
		}
		one := Code{ChoiceID: choice.ID, Recode: codeOfChoice(choice), Source: FromDefinition}
		switch {
		case choice.VariableName != nil && *choice.VariableName != "" && !ids:
			one.Label = *choice.VariableName // exports have it in the place of the text (recorded)
		case choice.Display != nil:
			one.Label = PlainText(choice.Display)
		default:
			one.Source = NoSource
		}
		code := one.Recode
		if ids {
			code = choice.ID
		}
		switch before := all[code]; {
		case before == nil:
			all[code] = &one
		case before.ChoiceID != choice.ID:
			all[code] = &Code{Recode: code}
		}
	}
	return &all
}

func (c *codes) find(raw []byte) *Code {
	if c == nil || raw == nil {
		return nil
	}
	code := codeOf(raw)
	if found := (*c)[string(code)]; found != nil {
		return found
	}
	return (*c)[string(withoutZeros(code))]
}

func valueOf(text *string) string {
	if text == nil {
		return ""
	}
	return *text
}
