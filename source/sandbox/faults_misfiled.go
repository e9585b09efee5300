package sandbox

import (
	"iter"
	"time"
)

// misfiled returns the export of another survey that ends before the window of a
// query begins, and holds something; nil if there is none, or if its rows would
// not tell by their dates that they do not belong (*assumed*, all of it).
func (s *Sandbox) misfiled(of *survey, q exportQuery) func() iter.Seq[[]byte] {
	if q.Start.IsZero() || !q.Sort || q.Questions != nil || s.options.Doubt.ModifiedKey != "" {
		return nil
	}
	q.Start, q.End = time.Time{}, q.Start.Add(-2*time.Second)
	for _, other := range s.world.listed() {
		if other == of {
			continue
		}
		for range other.export(q) {
			return func() iter.Seq[[]byte] { return other.export(q) }
		}
	}
	return nil
}
