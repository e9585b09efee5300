package sandbox

import (
	"iter"
	"time"
)

// tornOne is of how many responses a torn export misses one.
const tornOne = 6

// exportTorn is an export by a replica that lags behind or breaks off: it
// misses some responses. No response is missed twice, and for Options.Lag a
// read of its own does not find it, either (*assumed*, all of it).
func (s *survey) exportTorn(q exportQuery, roll uint64, now time.Time) iter.Seq[[]byte] {
	s.world.mutex.Lock()
	defer s.world.mutex.Unlock()
	shot, without := s.responses.snapshot(), make(map[int]bool)
	if s.torn == nil {
		s.torn = make(map[int]time.Time)
	}
	for f := range shot.query(q, s.world.doubt) {
		if _, before := s.torn[f.index]; !before && hash(roll, uint64(f.index))%tornOne == 0 {
			s.torn[f.index], without[f.index] = now, true
		}
	}
	return s.rows(shot, q, without)
}
