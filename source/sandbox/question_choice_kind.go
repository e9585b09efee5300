package sandbox

// ChoiceKind names a table of choices in a question.
type ChoiceKind string

// The tables of a question. Statements of a matrix are its choices, and scale
// points are its answers (API §2.2).
const (
	KindChoice        ChoiceKind = "choice"         // Choices
	KindAnswer        ChoiceKind = "answer"         // Answers
	KindGroup         ChoiceKind = "group"          // Groups, whose ids are positions from 0
	KindDynamicChoice ChoiceKind = "dynamic_choice" // DynamicChoicesData: carried forward from another question
)
