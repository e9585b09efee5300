package stream

import (
	"encoding/json"
	"slices"
	"time"

	"github.com/birdie-ai/source-qualtrics/source/answers"
	"github.com/birdie-ai/source-qualtrics/source/feed"
	"github.com/birdie-ai/source-qualtrics/source/frame"
	"github.com/birdie-ai/source-qualtrics/source/record"
)

// Answer is a row of answers: one answer of a response, or one of several choices that
// answer a question together.
type Answer struct {
	// Id of the survey (SV_…).
	SurveyID string `json:"survey_id"`
	// Id of the response (R_…), unique within its survey.
	ResponseID string `json:"response_id"`
	// Name of the answer in its response: the value key, and for one of several
	// choices its code, such as QID13_2/7. In a response without answers, and in a
	// deleted one, the only row has *.
	AnswerKey string `json:"answer_key"`
	// As in responses; all answers of a response have the same.
	LastModifiedDate time.Time `json:"last_modified_date"`
	// As in responses; deleted for a deleted response. Rows with another version
	// than the newest row of their response no longer count.
	ResponseVersion string `json:"response_version"`
	// As in responses.
	DeletedAt *time.Time `json:"deleted_at"`
	// As in responses.
	RecordedDate *time.Time `json:"recorded_date"`
	// Key of the value in the export, such as QID1_10_TEXT.
	ValueKey *string `json:"value_key"`
	// Kind of the answer: value, text, text_entry, nps_group, rank, group, file,
	// signature, heat_map, hot_spot, highlight, timing, browser, score, derived.
	// Also display_order, follow_up_prompt, topic, sentiment, emotion, effort,
	// actionability, system, and unknown.
	Kind *string `json:"kind"`
	// How well the meaning of such keys is known: recorded in real exports, used by
	// another client, or assumed. None: no rule covers the key.
	Certainty *string `json:"certainty"`
	// Id of the question (QID7). Null for scores and orders of blocks.
	QuestionID *string `json:"question_id"`
	// Name of the question in the columns of CSV exports, such as Q7. Names, types and
	// texts of questions are as they were when the response was read.
	QuestionTag *string `json:"question_tag"`
	// Type of the question, such as MC, Matrix or TE.
	QuestionType *string `json:"question_type"`
	// Variant of the type, such as NPS or SAVR.
	Selector *string `json:"selector"`
	// Text of the question without HTML.
	QuestionText *string `json:"question_text"`
	// Key of the loop that asked the question.
	LoopID *string `json:"loop_id"`
	// Id of the row of a matrix, the item, the field of a form, the region, or the
	// level of a drill-down.
	SubQuestionID *string `json:"sub_question_id"`
	// Text of that row or item without HTML.
	SubQuestionText *string `json:"sub_question_text"`
	// Column of a side-by-side question, from 1.
	ColumnID *string `json:"column_id"`
	// Text of that column without HTML.
	ColumnText *string `json:"column_text"`
	// Column of a matrix that has a value for each cell, or level of marked words.
	CellID *string `json:"cell_id"`
	// Text of that column or level without HTML.
	CellText *string `json:"cell_text"`
	// Number of the group of pick, group and rank, from 0.
	GroupID *string `json:"group_id"`
	// Name of that group.
	GroupText *string `json:"group_text"`
	// Id of the choice, as in question_choices. Null where the survey's definition does
	// not say it.
	ChoiceID *string `json:"choice_id"`
	// Text of the choice: as exported with the response, else by the response schema or
	// by the survey's definition.
	ChoiceText *string `json:"choice_text"`
	// Source of that text: record, response_schema or definition.
	ChoiceTextSource *string `json:"choice_text_source"`
	// Code of the choice, as exported.
	Recode *string `json:"recode"`
	// Place in an order, from 1.
	Rank *int64 `json:"rank_position"`
	// Position in a list of values, from 1. In display orders, the order of showing.
	Position *int64 `json:"position"`
	// Last word of the key, such as FILE_NAME, PAGE_SUBMIT or Topics.
	Detail *string `json:"detail"`
	// Id of the model that analyzed the text.
	ModelID *string `json:"model_id"`
	// Id of a score (SC_…), flow element (FL_…) or block (BL_…), or name of a value of
	// Qualtrics' own (Q_…).
	ObjectID *string `json:"object_id"`
	// Name of the column in CSV exports.
	ExportTag *string `json:"export_tag"`
	// The value as exported: a text, the digits of a number, or JSON.
	ValueText *string `json:"value_text"`
	// The value, if it is a number.
	ValueNumber *json.Number `json:"value_number"`
	// The value, if it is true or false.
	ValueBoolean *bool `json:"value_boolean"`
	// The value, if it is a date by the response schema.
	ValueDate *time.Time `json:"value_date"`
	// Whether the value is a text that was entered beside a choice.
	IsTextEntry *bool `json:"is_text_entry"`
}

var _ = Register(&Stream{
	Name:    "answers",
	Summary: "One row for each answer of a response, with question, choice and typed value; only if selected by its name",
	Record:  Answer{},
	Key:     []string{"survey_id", "response_id", "answer_key"},
	Cursor:  "last_modified_date",
	Feed:    feed.Responses,
	Scopes:  []string{"read:survey_responses", "read:surveys"},
	Safe:    true,
	Needs:   (feed.NeedDefinition | feed.NeedSchema).Optional(),
	Parent:  []string{"survey_id", "response_id"},
	Version: "response_version",
	Project: projectAnswers,
	Marker:  marker(markAnswer),

	ByName: true, // many rows per response, which responses has, too
})

func projectAnswers(doc *feed.Document, emit Emit) error {
	var c cells
	got, head, err := headOf(doc, &c)
	if err != nil {
		return err
	}
	facts := doc.Survey
	if facts == nil {
		facts = &feed.SurveyFacts{}
	}
	before := slices.Clip(c.changes)
	var row Answer // is copied when it is emitted
	for a := range facts.Codebook().Answers(got) {
		c.changes, row = before, answerOf(&head)
		c.answer(&row, a)
		changes := memberChanges(got, "answer_values", a.Raw,
			columnText{"value_key", row.ValueKey}, columnText{"value_text", row.ValueText}, columnText{"choice_text", row.ChoiceText})
		if err := emit(&row, append(c.changes, changes...)...); err != nil {
			return err
		}
	}
	return nil
}

func markAnswer(head *responseHead) Answer {
	row := answerOf(head)
	row.AnswerKey = record.MarkerKey
	return row
}

// answerOf returns an answer with the columns that all answers of a response share.
func answerOf(head *responseHead) Answer {
	return Answer{
		SurveyID: head.surveyID, ResponseID: head.responseID, LastModifiedDate: head.modified, ResponseVersion: head.version,
		DeletedAt: head.deleted, RecordedDate: head.recorded,
	}
}

// answer fills the columns of one answer. Texts of the field are shared with all rows.
func (c *cells) answer(row *Answer, a *answers.Answer) {
	row.AnswerKey = string(a.AppendKey(nil))
	row.ValueKey = &a.Key
	row.Kind, row.Certainty = (*string)(&a.Kind), (*string)(&a.Certainty)
	row.QuestionID, row.QuestionTag, row.QuestionText = nonempty(&a.QuestionID), nonempty(&a.QuestionTag), nonempty(&a.QuestionText)
	if a.Question != nil {
		row.QuestionType, row.Selector = a.Question.Type, a.Question.Selector
	}
	row.LoopID, row.ColumnID, row.ColumnText = nonempty(&a.LoopID), nonempty(&a.ColumnID), nonempty(&a.ColumnText)
	row.CellID, row.CellText = nonempty(&a.AnswerID), nonempty(&a.AnswerText)
	row.GroupID, row.GroupText = nonempty(&a.GroupID), nonempty(&a.GroupText)
	row.Detail, row.ModelID, row.ObjectID = nonempty(&a.Detail), nonempty(&a.ModelID), nonempty(&a.ObjectID)
	row.ExportTag = nonempty(&a.ExportTag)
	if row.SubQuestionID = nonempty(&a.RowID); row.SubQuestionID != nil {
		row.SubQuestionText = nonempty(&a.RowText)
	}
	c.choice(row, a)
	if a.Element != answers.Whole {
		row.Position = keep(c.integers[:], &c.taken.integers, int64(a.Element)+1)
	}
	if a.Kind == answers.Rank {
		row.Rank = c.integer("rank_position", a.Raw)
	}
	row.IsTextEntry = &isValue
	if a.Kind == answers.TextEntry {
		row.IsTextEntry = &isTextEntry
	}
	if frame.Kind(a.Raw) == 'n' || a.Raw == nil {
		return
	}
	row.ValueText = keep(c.texts[:], &c.taken.texts, a.Text())
	if digits, ok := a.Number(); ok {
		row.ValueNumber = keep(c.numbers[:], &c.taken.numbers, json.Number(c.word(digits)))
	}
	if is, ok := a.Boolean(); ok {
		row.ValueBoolean = &is
	}
	if at, ok := a.Date(); ok {
		row.ValueDate = keep(c.times[:], &c.taken.times, at)
		c.exact("value_date", *row.ValueText)
	}
}

// choice fills the columns of the choice: the chosen one, or the one with the text box.
func (c *cells) choice(row *Answer, a *answers.Answer) {
	if a.ChoiceID != "" {
		row.ChoiceID, row.ChoiceText = &a.ChoiceID, nonempty(&a.RowText)
		if row.ChoiceText != nil {
			row.ChoiceTextSource = (*string)(&fromDefinition)
		}
	}
	if a.Code != nil && a.Code.ChoiceID != "" {
		row.ChoiceID = &a.Code.ChoiceID
	}
	if label, source := a.Label(); source != answers.NoSource {
		row.ChoiceText, row.ChoiceTextSource = keep(c.texts[:], &c.taken.texts, label), (*string)(&source)
	}
	if code, ok := a.Recode(); ok {
		row.Recode = keep(c.texts[:], &c.taken.texts, code)
	}
}

// Values that rows point to.
var (
	fromDefinition       = answers.FromDefinition
	isValue, isTextEntry = false, true
)

// nonempty returns the text, null where it is empty. Unlike [known] it needs no memory.
func nonempty(text *string) *string {
	if *text == "" {
		return nil
	}
	return text
}
