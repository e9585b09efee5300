package source

import (
	"context"
	"errors"

	"github.com/birdie-ai/source-qualtrics/source/failures"
)

// interrupted names on stderr the rows and states that a command saved. The program
// that reads its messages may have ended, too.
func (r *invocation) interrupted(err error) {
	switch {
	case errors.Is(err, context.Canceled):
		if r.saved != nil {
			r.complain("interrupted: " + r.saved())
		}
	case r.people && failures.ExitCode(err) != failures.ExitConsumer: // and something failed, too
		r.complain(r.failure(err).Message)
	}
}
