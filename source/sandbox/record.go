package sandbox

import "time"

// RecordResponses records so many responses of a survey at one moment and
// returns their ids; none where there is no such survey, or the moment lies
// before the end of what it began with. They show from another moment on: at
// once if that is not after now, else by the Advance that reaches it.
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
