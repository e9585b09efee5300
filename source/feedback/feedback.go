// Package feedback finds the texts and scores among the answers of a response. Their kinds are
// comments, NPS, customer satisfaction (CSAT), customer effort (CES) and other ratings. It also
// finds the scale of each score.
//
// The rules are a table, see rules.go. They stand on the rules of package answers, which
// says to which question a value belongs. The configuration can replace a rule for a
// question, see [Settings].
//
// Example: the question QID18 has the selector NPS. Then the value "QID18":9 is the score 9
// of the kind nps on the scale from 0 to 10, and "QID18_10_TEXT":"by a friend" is a comment.
package feedback

import (
	"github.com/birdie-ai/source-qualtrics/source/answers"
)

// Kind is the kind of a row of feedback. The configuration can name others.
type Kind string

// The kinds that rules find.
const (
	NPS     Kind = "nps"     // how likely somebody recommends, from 0 to 10
	CSAT    Kind = "csat"    // how satisfied somebody is
	CES     Kind = "ces"     // how easy something was
	Rating  Kind = "rating"  // any other score on a scale
	Comment Kind = "comment" // a text
)

// Certainty says how well it is known that an answer is feedback of its kind.
type Certainty string

// The certainties. The first three are those of package answers.
const (
	Recorded   = Certainty(answers.Recorded) // real exports have it in this form
	Client     = Certainty(answers.Client)   // a client in use relies on it
	Assumed    = Certainty(answers.Assumed)  // found by wording or form
	Configured = Certainty("configured")     // the configuration says so
)

// Scale is the range of a score. Digits are as the survey has them.
type Scale struct {
	// Low is the value of the worst answer and High that of the best one. A scale that is
	// coded in reverse has a Low above its High. "": not known.
	Low, High string
	// Fixed is set if a value outside is no score. Other scales are those of the survey as it
	// is now, and an older answer can lie outside.
	Fixed bool
	// points has the number of each code, if the texts of the choices are numbered. nil: the
	// value itself is the number.
	points map[string]string
	// none has the codes of choices such as "not applicable", which are no score.
	none map[string]bool
}

// Reading says how an answer is read.
type Reading struct {
	Kind      Kind
	Certainty Certainty
	Text      bool // the answer is a text, and else a score
	Scale     Scale
}
