package sandbox

import "strconv"

// editQuestions makes up to three edits of questions. The caller moves the survey's
// modified date. The draws depend on the survey and the number of its edits only.
func (s *survey) editQuestions() {
	dice := newRandom(s.world.seed, kindQuestionEdit, uint64(s.index), s.edits)
	s.edits++
	for range dice.intn(4) {
		s.editOnce(&dice)
	}
}

// editOnce makes one possible edit, and reports whether there was one.
func (s *survey) editOnce(dice *random) bool {
	for range 12 {
		if next := s.questionnaireLocked().edit(dice, s.index); next != nil {
			s.edited = next
			return true
		}
	}
	return false
}

// edit draws one edit and returns its result. It returns nil if the edit does
// not apply to the drawn question.
func (f *questionnaire) edit(dice *random, owner int) *questionnaire {
	number := dice.between(2, 999)
	kind := dice.intn(100)
	if kind < 18 || len(f.questions) == 0 {
		to, position := blockID(owner), dice.intn(6)
		if open := f.openBlocks(); len(open) > 0 {
			to = pick(dice, open).id
		}
		return f.add(addedQuestion(dice), to, position)
	}
	q := pick(dice, f.questions)
	switch where := dice.intn(8); {
	case kind < 32:
		return f.with(q.id, func(q *question) bool { q.text = reworded(q.text, number); return true })
	case kind < 36:
		return f.retag(q.id, "Q"+strconv.Itoa(number)+".a")
	case kind < 44:
		return f.trash(q.id, trashID(owner))
	case kind < 52:
		trashed := f.trashed() // the editor deletes only these for good
		if len(trashed) == 0 {
			return nil
		}
		return f.remove(pick(dice, trashed))
	case !q.isEditable():
		return nil
	default:
		return f.with(q.id, func(q *question) bool { return q.editChoices(dice, kind, number, where) })
	}
}

// blockID and trashID return the ids of blocks that edits add to a survey. An
// edited survey gets at most one of each.
func blockID(owner int) string { return "BL_" + token(idDigits, kindQuestionEdit, uint64(owner), 0) }

func trashID(owner int) string { return "BL_" + token(idDigits, kindQuestionEdit, uint64(owner), 1) }

// openBlocks returns the blocks for new questions.
func (f *questionnaire) openBlocks() (open []block) {
	for _, b := range f.blocks {
		if b.kind != "Trash" && b.loops == nil {
			open = append(open, b)
		}
	}
	return open
}

// trashed returns the questions in the trash.
func (f *questionnaire) trashed() (ids []string) {
	for _, b := range f.blocks {
		if b.kind == "Trash" {
			ids = append(ids, b.questions...)
		}
	}
	return ids
}

// isEditable reports whether the author of the question writes its choices.
func (q *question) isEditable() bool {
	switch q.kind {
	case "MC", "Matrix", "RO", "CS", "SBS":
		return q.selector != "NPS" && q.carried == "" && len(q.choices) > 0
	}
	return false
}

// editChoices adds, removes, rewords, recodes, names or hides a choice, or an
// answer of a matrix. One choice always stays.
func (q *question) editChoices(dice *random, edit, number, position int) bool {
	kind := KindChoice
	if len(q.answers) > 0 && dice.chance(40) {
		kind = KindAnswer
	}
	choices, _ := q.choicesOf(kind)
	id := pick(dice, *choices).id
	switch {
	case edit < 68:
		return q.addChoice(kind, "Option "+strconv.Itoa(number)+" &amp; <b>more</b>", position)
	case edit < 80:
		return len(*choices) > 1 && q.removeChoice(kind, id)
	case edit < 90:
		return q.changeChoice(kind, id, func(c *choice) { c.text = reworded(c.text, number) })
	case edit < 95 && q.kind == "MC":
		q.recoded = true
		return q.changeChoice(kind, id, func(c *choice) { c.recode = strconv.Itoa(number) })
	case edit < 98 && q.kind == "MC":
		return q.changeChoice(kind, id, func(c *choice) { c.variable = "name_" + strconv.Itoa(number) })
	case q.kind == "MC" && q.isMultiple():
		return q.changeChoice(kind, id, func(c *choice) { c.mute = !c.mute })
	}
	return false
}

// addedQuestion returns a new question without its number.
func addedQuestion(dice *random) question {
	switch dice.intn(6) {
	case 0:
		q := single(0, "SAVR", "<p>Which of <strong>these</strong> is&nbsp;true?</p>", withCodes(options("Yes", "Rather", "No"), "2", "1", "0")).withNumbers()
		q.numeric = true
		return q
	case 1:
		q := multiple(0, "MAVR", "Pick all that apply", options("Red", "<img src=\"https://example.com/g.png\" alt=\"Green\">", "Blue", "None of these"))
		q.choices[3].exclusive = true
		return q
	case 2:
		q := matrix(0, "Likert", "SingleAnswer", "How do you rate these?", withEntry(options("Bus", "Train", "Other")),
			withVariables(withCodes(options("Bad", "Good", "n/a"), "1", "2", "-9"), "bad", "good", "not.applicable"))
		q.answers[2].mute, q.recoded, q.exported = true, true, true
		return q
	case 3:
		// The ids are 0..n, but shown in another order.
		return single(0, "SAHR", "Zero to three?", withIDs(options("Two", "Zero", "Three", "One"), "2", "0", "3", "1"))
	case 4:
		return entry(0, "ML", "Tell us more:<br>\n<em>as much as you like</em>")
	}
	return ask(0, "SS", "TA", "", "How strong is it?", numbers(0, 4)...)
}
