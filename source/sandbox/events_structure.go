package sandbox

import "slices"

// EditStructure makes one edit of a survey beside its questions, which depends on the
// seed. It adds, changes or deletes a block, an element of the flow, a language or a
// scoring category.
func (s *Sandbox) EditStructure(surveyID string) bool {
	return s.editSurvey(surveyID, func(one *survey) *questionnaire {
		dice := newRandom(s.world.seed, kindStructureEdit, uint64(one.index), one.changes)
		one.changes++
		if !one.changeOnce(&dice) {
			return nil
		}
		return one.edited
	})
}

// AddFlowElement adds an element of a type to the flow of a survey: WebService,
// EmbeddedData, Branch, BlockRandomizer or Group. It returns its id, or "" if the survey
// does not exist.
func (s *Sandbox) AddFlowElement(surveyID, kind string) (id string) {
	s.editSurvey(surveyID, func(one *survey) *questionnaire {
		form := one.questionnaireLocked().copied()
		added := form.made(kind, form.nextFlow)
		form.flow = append(form.flow, added)
		id = added.id
		return form
	})
	return id
}

// RemoveFlowElement deletes an element at the top of the flow, with all elements in it.
func (s *Sandbox) RemoveFlowElement(surveyID, flowID string) bool {
	return s.editSurvey(surveyID, func(one *survey) *questionnaire {
		form := one.questionnaireLocked().copied()
		at := slices.IndexFunc(form.flow, func(s step) bool { return s.id == flowID })
		if at < 0 {
			return nil
		}
		form.flow = slices.Delete(form.flow, at, at+1)
		return form
	})
}
