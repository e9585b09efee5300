package sandbox

// DeleteResponses deletes up to count visible responses of a survey, spread
// over all of them, and returns their ids.
func (s *Sandbox) DeleteResponses(surveyID string, count int) []string {
	return s.changeResponses(surveyID, count, (*overlay).delete)
}

// EmptyResponses edits up to count visible responses of a survey, spread over all of them:
// they lose all answers and embedded data. It returns their ids.
func (s *Sandbox) EmptyResponses(surveyID string, count int) []string {
	now := s.Now().UnixMilli()
	return s.changeResponses(surveyID, count, func(o *overlay, index int) { o.clear(index, now) })
}

// MarkResponsesAsSpam edits up to count visible responses of a survey, spread over all of them.
// It returns their ids.
func (s *Sandbox) MarkResponsesAsSpam(surveyID string, count int) []string {
	now := s.Now().UnixMilli()
	return s.changeResponses(surveyID, count, func(o *overlay, index int) { o.markSpam(index, now) })
}

func (s *Sandbox) changeResponses(surveyID string, count int, change func(o *overlay, index int)) []string {
	s.world.mutex.Lock()
	defer s.world.mutex.Unlock()
	for _, one := range s.world.listedLocked() {
		if one.ident == surveyID {
			return one.changeSome(count, change)
		}
	}
	return nil
}

func (s *survey) changeSome(count int, change func(o *overlay, index int)) []string {
	var ids []string
	total := s.responses.total()
	for i := range count {
		for index := i * total / count; index < (i+1)*total/count; index++ {
			if _, visible := s.responses.current(index); visible {
				change(&s.responses, index)
				ids = append(ids, s.world.responseIDs.format(s.index, index))
				break
			}
		}
	}
	return ids
}
