package sandbox

import "time"

// RecordResponses records count responses of a survey with the recorded date
// at, and returns their ids. It returns none if the survey does not exist, or
// if the date is before the end of the initial responses. The responses become
// visible at the time shown: at once if it has passed, else with the Advance
// that reaches it.
func (s *Sandbox) RecordResponses(surveyID string, count int, at, shown time.Time) []string {
	late := shown.After(s.Now())
	s.world.mutex.Lock()
	defer s.world.mutex.Unlock()
	for _, one := range s.world.listedLocked() {
		if one.ident == surveyID && at.UnixMilli() > one.responses.history.end {
			return one.recordSome(count, at.UnixMilli(), shown.UnixMilli(), late)
		}
	}
	return nil
}

func (s *survey) recordSome(count int, at, shown int64, late bool) []string {
	ids := make([]string, count)
	for i := range ids {
		end := at / second
		index := s.responses.arrive(arrival{start: end - 60, end: end, recorded: at, progress: 100}, late)
		if late {
			s.world.pending = append(s.world.pending, pendingChange{visibleAt: shown, survey: s, index: index, modified: at})
		} else {
			s.touch(at)
		}
		ids[i] = s.world.responseIDs.format(s.index, index)
	}
	return ids
}
