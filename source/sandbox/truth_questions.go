package sandbox

import (
	"iter"
	"strconv"
)

// asked is the questionnaire of a survey at one moment.
type asked struct {
	survey string
	form   *questionnaire
}

// asked returns the questionnaires of the surveys whose definition the account
// can read.
func (w *world) asked() []asked {
	w.mutex.RLock()
	defer w.mutex.RUnlock()
	var all []asked
	for _, s := range w.listedLocked() {
		if s.legible {
			all = append(all, asked{s.ident, s.questionnaireLocked()})
		}
	}
	return all
}

func (w *world) questionTruth() iter.Seq[[]byte] {
	all := w.asked()
	return func(yield func([]byte) bool) {
		var row rowWriter
		for _, one := range all {
			for q, parent := range one.form.everyQuestion() {
				row = row[:0]
				one.appendQuestion(&row, q, parent)
				if !yield(row.done()) {
					return
				}
			}
		}
	}
}

// everyQuestion yields the questions. The columns of a side-by-side question
// follow it, as questions with a parent.
func (f *questionnaire) everyQuestion() iter.Seq2[*question, string] {
	return func(yield func(*question, string) bool) {
		for i := range f.questions {
			q := &f.questions[i]
			if !yield(q, "") {
				return
			}
			for j := range q.columns {
				column := q.column(j)
				column.choices = q.choices
				column.exported = q.exported
				if !yield(&column, q.id) {
					return
				}
			}
		}
	}
}

func (a asked) appendQuestion(row *rowWriter, q *question, parent string) {
	placed := q.id
	if parent != "" {
		placed = parent
	}
	b, _ := a.form.blockOf(placed)
	row.text("survey_id", a.survey)
	row.text("question_id", q.id)
	row.textOrNull("parent_question_id", parent)
	row.textOrNull("block_id", b.id)
	row.textOrNull("block_type", b.kind)
	row.text("data_export_tag", q.tag)
	row.text("question_type", q.kind)
	row.textOrNull("selector", q.selector)
	row.textOrNull("sub_selector", q.sub)
	row.text("question_text", q.text)
	row.text("question_description", q.description())
}

func (w *world) choiceTruth() iter.Seq[[]byte] {
	all := w.asked()
	return func(yield func([]byte) bool) {
		var row rowWriter
		for _, one := range all {
			for q, parent := range one.form.everyQuestion() {
				for kind, choices := range q.tables() {
					for position, c := range choices {
						row = row[:0]
						row.text("survey_id", one.survey)
						row.text("question_id", q.id)
						q.appendChoice(&row, kind, c, position+1, parent != "")
						if !yield(row.done()) {
							return
						}
					}
				}
			}
		}
	}
}

// tables yields the tables of choices in the definition of the question.
func (q *question) tables() iter.Seq2[ChoiceKind, []choice] {
	choices, answers := KindChoice, KindAnswer
	if q.carried != "" {
		choices = KindDynamicChoice
	}
	if q.kind == "PGR" {
		answers = KindGroup
	}
	return func(yield func(ChoiceKind, []choice) bool) {
		_ = yield(choices, q.choices) && yield(answers, q.answers)
	}
}

// appendChoice writes a choice. Its position in ChoiceOrder or AnswerOrder
// begins with 1, and is null if the table has no order. Codes and names belong
// to the answers if the question has answers, else to its choices.
func (q *question) appendChoice(row *rowWriter, kind ChoiceKind, c choice, position int, column bool) {
	id := c.id
	if kind == KindGroup {
		id = strconv.Itoa(position - 1)
	}
	row.text("kind", string(kind))
	row.text("choice_id", id)
	row.text("display", c.text)
	if column || kind == KindGroup || kind == KindDynamicChoice || (kind == KindAnswer && q.kind == "DD") {
		row.null("position")
	} else {
		row.number("position", position)
	}
	recode, variable, mute := "", "", false
	if holder := q.answers != nil; !column && (q.kind == "MC" || q.recoded) && holder == (kind == KindAnswer) {
		variable, mute = c.variable, c.mute
		if q.recoded {
			recode = c.recode
		}
	}
	tag := ""
	if kind == KindChoice {
		tag = q.exportTag(c)
	}
	row.textOrNull("recode_value", recode)
	row.textOrNull("variable_name", variable)
	row.textOrNull("export_tag", tag)
	row.yes("text_entry", kind != KindGroup && (c.entry || q.kind == "Meta"))
	row.yes("exclusive_answer", kind != KindGroup && (c.exclusive || q.selector == "MaxDiff"))
	row.yes("analyzed", !mute)
}
