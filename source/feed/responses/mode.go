package responses

// mode is the kind of a read.
type mode uint8

const (
	windowRead   mode = iota // responses modified since the previous read
	firstLoad                // all responses from the start date on
	startDateGap             // responses between an earlier start date and the previous one
	bucketSweep              // all responses, to find edits in an account that cannot sort exports
)

// isLoad reports whether the read also delivers responses that were modified before the
// window of the position.
func (m mode) isLoad() bool { return m != windowRead }
