package stream

// Prepare makes a stream ready that no list of streams holds.
func Prepare(s *Stream) *Stream {
	if err := s.prepare(); err != nil {
		panic(err)
	}
	return s
}
