package feed

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/birdie-ai/source-qualtrics/source/frame"
	"github.com/birdie-ai/source-qualtrics/source/qualtrics"
)

// misfiledError says that an export holds what lies outside of its window, as
// the file of another survey does, or of an older job.
type misfiledError struct {
	survey qualtrics.SurveyID
	rows   int
	first  string // the id of one of them
	at     time.Time
}

func (e *misfiledError) Error() string {
	return fmt.Sprintf("the export of survey %s holds %d responses that were modified before its window, such as %s of %s", e.survey, e.rows, e.first, e.at)
}

// filed holds a window's file against its beginning: a response may be modified
// while it is exported, and lie behind the end, but none lies before the
// beginning. What one file before held as well, and is the survey's own, is
// let in: then a window means something else here than it is known to (API
// §3.1), and nothing is lost by that.
func (f *responseFetch) filed(ctx context.Context, file *frame.File, from time.Time, before *misfiledError) error {
	if from.IsZero() || f.env.loose.Load() {
		return nil
	}
	bound, found := from.Add(-time.Second), &misfiledError{survey: f.survey}
	err := scan(ctx, file, func(one present) {
		if one.modified.IsZero() || !one.modified.Before(bound) {
			return
		}
		if found.rows++; found.rows == 1 {
			found.first, found.at = one.id, one.modified
		}
	})
	if err != nil || found.rows == 0 {
		return err
	}
	if *before == *found {
		_, err := f.env.Client.Response(ctx, f.survey, qualtrics.ResponseID(found.first))
		if err == nil || errors.Is(err, qualtrics.ErrNotReady) || qualtrics.IsForbidden(err) {
			f.env.loose.Store(true)
			f.env.Log.Warn("exports hold what was modified before their windows: it is delivered once more", "error", found)
			return nil
		}
	}
	*before = *found
	return found
}
