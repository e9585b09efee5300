package feed

import (
	"context"
	"errors"
	"fmt"
	"time"

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

// strays are looked for in the file of a window: a response may be modified while
// it is exported, and lie behind the end, but none lies before the beginning.
type strays struct {
	bound  time.Time // of what does not belong
	found  misfiledError
	before misfiledError // in the file that was exported before this one
}

// straysOf returns what looks at the files of a window; nil: nothing lies before
// it, or may.
func (f *responseFetch) straysOf(from time.Time) *strays {
	if from.IsZero() || f.env.loose.Load() {
		return nil
	}
	return &strays{bound: from.Add(-time.Second)}
}

func (s *strays) see(one present) {
	if one.modified.IsZero() || !one.modified.Before(s.bound) {
		return
	}
	if s.found.rows++; s.found.rows == 1 {
		s.found.first, s.found.at = one.id, one.modified
	}
}

// filed ends the look at a file. What one file before held as well, and is the
// survey's own, is let in: then a window means something else here than it is
// known to (API §3.1), and nothing is lost by that.
func (f *responseFetch) filed(ctx context.Context) error {
	s := f.strays
	if s == nil || s.found.rows == 0 {
		return nil
	}
	found := s.found
	found.survey = f.survey
	if s.before == found {
		_, err := f.env.Client.Response(ctx, f.survey, qualtrics.ResponseID(found.first))
		if err == nil || errors.Is(err, qualtrics.ErrNotReady) || qualtrics.IsForbidden(err) {
			f.env.loose.Store(true)
			f.env.Log.Warn("exports hold what was modified before their windows: it is delivered once more", "error", &found)
			f.strays = nil
			return nil
		}
	}
	s.before = found
	return &found
}
