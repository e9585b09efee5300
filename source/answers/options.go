package answers

import (
	"cmp"
	"maps"
	"slices"

	"github.com/birdie-ai/source-qualtrics/source/qualtrics"
)

// Option is a possible value of a coded field.
type Option struct {
	Code string // as exported, without a fraction of zeros
	Text string // without HTML, as respondents see it
}

// Options returns the possible values of a coded field. They come from the survey's definition
// in its order, or else from the response schema in the order of the codes. Two options can
// have the same code.
func (f *Field) Options() (all []Option) {
	if f.Question != nil && f.list != none {
		for i := range f.Question.Choices {
			choice := &f.Question.Choices[i]
			if lists(f.list, choice.Kind) {
				all = append(all, Option{codeOfChoice(choice), PlainText(choice.Display)})
			}
		}
		return all
	}
	if f.codes == nil {
		return nil
	}
	byLength := func(a, b string) int { return cmp.Or(cmp.Compare(len(a), len(b)), cmp.Compare(a, b)) }
	for _, code := range slices.SortedFunc(maps.Keys(*f.codes), byLength) {
		label := (*f.codes)[code].Label
		all = append(all, Option{code, PlainText(&label)})
	}
	return all
}

// lists reports whether a list of a question has choices of a kind. Choices include those
// that are carried forward.
func lists(list, kind qualtrics.ChoiceKind) bool {
	return kind == list || list == choices && kind == qualtrics.DynamicChoice
}

// codeOfChoice returns the code that exports have for a choice.
func codeOfChoice(choice *qualtrics.Choice) string {
	return withoutZeros(cmp.Or(valueOf(choice.Recode), choice.ID))
}
