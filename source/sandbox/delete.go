package sandbox

// DeleteResponses deletes so many visible responses of a survey, spread over
// all of them, and returns their ids; fewer where there are not so many.
func (s *Sandbox) DeleteResponses(surveyID string, count int) []string {
	s.world.mutex.Lock()
	defer s.world.mutex.Unlock()
	for _, one := range s.world.listedLocked() {
		if one.ident == surveyID {
			return one.deleteSome(count)
		}
	}
	return nil
}

func (s *survey) deleteSome(count int) []string {
	var ids []string
	total := s.responses.total()
	for i := range count {
		for index := i * total / count; index < (i+1)*total/count; index++ {
			if _, visible := s.responses.current(index); visible {
				s.responses.delete(index)
				ids = append(ids, s.world.responseIDs.format(s.index, index))
				break
			}
		}
	}
	return ids
}
