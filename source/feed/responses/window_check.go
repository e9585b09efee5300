package responses

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/birdie-ai/source-qualtrics/source/qualtrics"
)

// wrongWindowError means that an export holds responses from before its window, as the file
// of another survey or of an older job does.
type wrongWindowError struct {
	survey qualtrics.SurveyID
	rows   int
	first  string // the id of one of them
	at     time.Time
}

func (e *wrongWindowError) Error() string {
	return fmt.Sprintf("the export of survey %s holds %d responses that were modified before its window, such as %s of %s", e.survey, e.rows, e.first, e.at)
}

// windowCheck looks for responses in an export that were modified before its window. Later
// ones are allowed: a response may be modified while it is exported.
type windowCheck struct {
	bound  time.Time // earlier rows are wrong
	found  wrongWindowError
	before wrongWindowError // in the previous file of the same window
}

// newWindowCheck returns the check for the files of a window. It returns nil for a window
// without a beginning, and for accounts that ignore it.
func (r *reader) newWindowCheck(from time.Time) *windowCheck {
	if from.IsZero() || r.learned.startDateNotStrict.Load() {
		return nil
	}
	return &windowCheck{bound: from.Add(-time.Second)}
}

func (c *windowCheck) see(one idRow) {
	if one.modified.IsZero() || !one.modified.Before(c.bound) {
		return
	}
	if c.found.rows++; c.found.rows == 1 {
		c.found.first, c.found.at = one.id, one.modified
	}
}

// inWindow ends the check of a file. Two exports in a row may contain the same early rows of
// this survey. Then startDate is not strict in this account (API §3.1), and such rows are
// accepted from then on.
func (r *reader) inWindow(ctx context.Context) error {
	c := r.window.check
	if c == nil || c.found.rows == 0 {
		return nil
	}
	found := c.found
	found.survey = r.survey
	if c.before == found {
		_, err := r.env.Client.Response(ctx, r.survey, qualtrics.ResponseID(found.first))
		if err == nil || errors.Is(err, qualtrics.ErrNotReady) || qualtrics.IsForbidden(err) {
			r.learned.startDateNotStrict.Store(true)
			r.env.Log.Warn("exports hold responses that were modified before their windows: they are delivered once more", "error", &found)
			r.window.check = nil
			return nil
		}
	}
	c.before = found
	return &found
}
