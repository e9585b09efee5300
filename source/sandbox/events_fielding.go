package sandbox

// The methods of this file make edits that are common while a survey is in the field. They
// follow the rules of the other edits: responses that were recorded before keep their codes,
// labels and keys.

// ArrangeSurvey makes one edit, which depends on the seed. It moves a block, adds a field of
// embedded data, recodes a choice, or gives a question another export tag.
func (s *Sandbox) ArrangeSurvey(surveyID string) bool {
	return s.editSurvey(surveyID, func(one *survey) *questionnaire {
		dice := newRandom(s.world.seed, kindArrangement, uint64(one.index), one.arrangements)
		one.arrangements++
		if !one.arrangeOnce(&dice) {
			return nil
		}
		return one.edited
	})
}

// RecodeChoice gives a choice of a multiple-choice question another code, a whole number.
func (s *Sandbox) RecodeChoice(surveyID, questionID, choiceID string, code int) bool {
	return s.editSurvey(surveyID, func(one *survey) *questionnaire {
		return one.questionnaireLocked().recode(questionID, choiceID, number(code-1))
	})
}

// RetagQuestion gives a question another export tag, which another one may have, too.
func (s *Sandbox) RetagQuestion(surveyID, questionID, tag string) bool {
	return s.editSurvey(surveyID, func(one *survey) *questionnaire {
		return one.questionnaireLocked().retag(questionID, tag)
	})
}

// MoveBlock puts a block at another position, from 0.
func (s *Sandbox) MoveBlock(surveyID, blockID string, position int) bool {
	return s.editSurvey(surveyID, func(one *survey) *questionnaire {
		return one.questionnaireLocked().move(blockID, position)
	})
}

// AddEmbeddedField declares a field of embedded data. Later responses have it. It returns
// false if the survey has a field or a value with this name.
func (s *Sandbox) AddEmbeddedField(surveyID, name string) bool {
	return s.editSurvey(surveyID, func(one *survey) *questionnaire {
		return one.questionnaireLocked().addField(one.kind, name, valueRegion)
	})
}
