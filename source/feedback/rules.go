package feedback

import "github.com/birdie-ai/source-qualtrics/source/answers"

// A rule says which answers are feedback. The first rule that fits counts. A rule whose scale
// is not found does not fit.
type rule struct {
	name string
	// of lists the types of questions as Type, Type/Selector or Type/Selector/SubSelector. An
	// empty element of the three means any. "": any question, also an unknown one.
	of        string
	answer    answers.Kind
	per       per
	scale     source
	kind      Kind // "": by the wording of the question and of the choices, see wording.go
	certainty Certainty
}

// per says how many scores a question has.
type per int

const (
	either      per = iota
	perQuestion     // one: its key names no row
	perRow          // one for each row, item or slider
)

// source says where the scale of a score is found.
type source int

const (
	isText       source = iota // the answer is a text and has no scale
	unlabelled                 // the same, if the value is a text that is no code
	recommend                  // 0 to 10
	bySlider                   // the ends of the slider, if the survey says them
	numbered                   // the numbers in the texts of the choices: "1 - Poor" to "5 - Excellent"
	worded                     // the codes, where the choices lead from "Dissatisfied" to "Satisfied"
	consecutive                // the codes, if there are at least three and none is left out
	groupedByNPS               // 0 to 10, if the response also has the group of an NPS
)

const (
	singleChoice = "MC/SAVR MC/SAHR MC/SACOL MC/DL MC/SB"
	// The last three sub-selectors are seen in surveys, and not documented (API §2.2).
	singleMatrix = "Matrix/Likert/SingleAnswer Matrix/Likert/DL Matrix/CompactView/SingleAnswer " +
		"Matrix/Likert/SACV Matrix/Likert/SACH Matrix/Likert/SACCOL"
)

var rules = []rule{
	// Texts. The rules of answers tell texts of text questions, form fields, cells of text
	// matrices and texts beside choices from other values.
	{"text", "", answers.Text, either, isText, Comment, Recorded},
	{"text beside a choice", "", answers.TextEntry, either, isText, Comment, Recorded},

	// Scores whose question type says it all.
	{"NPS", "MC/NPS", answers.Value, perQuestion, recommend, NPS, Recorded},
	{"stars", "Slider/STAR", answers.Value, perRow, bySlider, Rating, Assumed},
	{"slider", "Slider", answers.Value, perRow, bySlider, "", Client},

	// Single choices are scores if their choices are a scale. Places, products and answers
	// such as yes and no are not.
	{"numbered choices", singleChoice, answers.Value, perQuestion, numbered, "", Assumed},
	{"worded choices", singleChoice, answers.Value, perQuestion, worded, "", Assumed},

	// Rows of matrices, and of columns of side-by-side questions.
	{"numbered matrix", singleMatrix, answers.Value, perRow, numbered, "", Assumed},
	{"worded matrix", singleMatrix, answers.Value, perRow, worded, "", Assumed},
	{"matrix", singleMatrix, answers.Value, perRow, consecutive, Rating, Assumed},
	{"bipolar matrix", "Matrix/Bipolar", answers.Value, perRow, consecutive, Rating, Assumed},

	// Questions that the definition lacks, or that could not be read. Labels come from the
	// response schema then.
	{"NPS by its group", unknownQuestion, answers.Value, perQuestion, groupedByNPS, NPS, Recorded},
	{"numbered labels", unknownQuestion, answers.Value, either, numbered, "", Assumed},
	{"worded labels", unknownQuestion, answers.Value, either, worded, "", Assumed},
	{"unlabelled text", unknownQuestion, answers.Value, either, unlabelled, Comment, Assumed},
}

// unknownQuestion stands for a question that the definition lacks.
const unknownQuestion = "?"
