package sandbox

// The methods of this file edit a survey at once, like its author. Each moves
// the survey's modified date to now, in whole seconds. So two edits within one
// second leave the same date. Each returns false if the object does not exist.

// EditSurvey makes one edit, which depends on the seed. It adds, rewords,
// deletes or restyles a question, or one of its choices.
func (s *Sandbox) EditSurvey(surveyID string) bool {
	return s.editSurvey(surveyID, func(one *survey) *questionnaire {
		dice := newRandom(s.world.seed, kindQuestionEdit, uint64(one.index), one.edits)
		one.edits++
		if !one.editOnce(&dice) {
			return nil
		}
		return one.edited
	})
}

// RewordQuestion replaces the text of a question. The text is HTML.
func (s *Sandbox) RewordQuestion(surveyID, questionID, text string) bool {
	return s.editQuestion(surveyID, questionID, func(q *question) bool { q.text = text; return true })
}

// AddQuestion adds a text question at the end of the first block. It returns
// its id, or "" if the survey does not exist.
func (s *Sandbox) AddQuestion(surveyID, text string) (id string) {
	s.editSurvey(surveyID, func(one *survey) *questionnaire {
		form := one.questionnaireLocked()
		to := blockID(one.index)
		if open := form.openBlocks(); len(open) > 0 {
			to = open[0].id
		}
		form = form.add(entry(0, "SL", text), to, len(form.questions))
		id = form.questions[len(form.questions)-1].id
		return form
	})
	return id
}

// TrashQuestion moves a question to the Trash block. It stays in the definition.
func (s *Sandbox) TrashQuestion(surveyID, questionID string) bool {
	return s.editSurvey(surveyID, func(one *survey) *questionnaire {
		return one.questionnaireLocked().trash(questionID, trashID(one.index))
	})
}

// RemoveQuestion deletes a question for good. Answers to it stay in exports
// (*assumed*).
func (s *Sandbox) RemoveQuestion(surveyID, questionID string) bool {
	return s.editSurvey(surveyID, func(one *survey) *questionnaire {
		return one.questionnaireLocked().remove(questionID)
	})
}

// AddChoice adds a choice or an answer at the end of a question that has
// choices or answers of the kind. It returns its id, or "" if there is no such
// question.
func (s *Sandbox) AddChoice(surveyID, questionID string, kind ChoiceKind, text string) (id string) {
	s.editQuestion(surveyID, questionID, func(q *question) bool {
		choices, _ := q.choicesOf(kind)
		if !q.writes(kind) || len(*choices) == 0 || !q.addChoice(kind, text, len(*choices)) {
			return false
		}
		choices, _ = q.choicesOf(kind)
		id = (*choices)[len(*choices)-1].id
		return true
	})
	return id
}

// RewordChoice replaces the text of a choice or an answer. The text is HTML.
func (s *Sandbox) RewordChoice(surveyID, questionID string, kind ChoiceKind, choiceID, text string) bool {
	return s.editQuestion(surveyID, questionID, func(q *question) bool {
		return q.writes(kind) && q.changeChoice(kind, choiceID, func(c *choice) { c.text = text })
	})
}

// RemoveChoice deletes a choice or an answer. Its id is never used again.
func (s *Sandbox) RemoveChoice(surveyID, questionID string, kind ChoiceKind, choiceID string) bool {
	return s.editQuestion(surveyID, questionID, func(q *question) bool {
		return q.writes(kind) && q.removeChoice(kind, choiceID)
	})
}

// writes reports whether the author of the question writes its choices of the
// kind.
func (q *question) writes(kind ChoiceKind) bool {
	return kind == KindChoice && q.carried == "" || kind == KindAnswer && q.kind != "PGR"
}

func (s *Sandbox) editQuestion(surveyID, questionID string, change func(*question) bool) bool {
	return s.editSurvey(surveyID, func(one *survey) *questionnaire {
		return one.questionnaireLocked().with(questionID, change)
	})
}

// editSurvey edits an existing survey. The edit returns nil if it found nothing
// to change.
func (s *Sandbox) editSurvey(surveyID string, edit func(*survey) *questionnaire) bool {
	edited := false
	s.changeSurvey(surveyID, func(one *survey) {
		if form := edit(one); form != nil {
			one.edited, edited = form, true
			one.modified = max(one.modified, s.Now().Unix())
			one.publish(s.Now().UnixMilli())
		}
	})
	return edited
}
