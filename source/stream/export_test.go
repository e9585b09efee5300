package stream

// Prepare makes a stream ready that no list of streams holds.
func Prepare(s *Stream) *Stream {
	s.prepare()
	return s
}
