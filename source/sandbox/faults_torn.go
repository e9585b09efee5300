package sandbox

import "time"

// tornOne sets the share of responses that a torn export omits: one of so many.
const tornOne = 6

// exportTorn returns an export of a replica that lags or fails: it omits some
// responses. It never omits a response twice. For Options.Lag, a read of the
// omitted response does not find it, either (*assumed*, all of it).
func (s *survey) exportTorn(q exportQuery, roll uint64, now time.Time) exported {
	s.world.mutex.Lock()
	defer s.world.mutex.Unlock()
	shot, without := s.snapshot(), make(map[int]bool)
	if s.torn == nil {
		s.torn = make(map[int]time.Time)
	}
	for f := range shot.query(q, s.world.doubt) {
		if _, before := s.torn[f.index]; !before && hash(roll, uint64(f.index))%tornOne == 0 {
			s.torn[f.index], without[f.index] = now, true
		}
	}
	return s.selected(shot, q, without)
}
