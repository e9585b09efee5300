package responses

import (
	"cmp"
	"fmt"
	"hash/fnv"
	"time"

	"github.com/birdie-ai/source-qualtrics/source/feed"
	"github.com/birdie-ai/source-qualtrics/source/feed/reconcile"
	"github.com/birdie-ai/source-qualtrics/source/qualtrics"
)

// scope holds the data of one read of one survey that all of its parts use.
type scope struct {
	env       *feed.Env
	learned   *learned
	partition feed.Partition
	survey    qualtrics.SurveyID
	report    *feed.Report
	to        time.Time // server time when the read began: later changes belong to the next read; zero: no answer carried a date
	mode      mode
	floor     int64     // start date of lists of ids, epoch seconds
	gap       time.Time // end of the time that an earlier start date adds; zero: nothing is added

	position surveyPosition
	tracker  *tracker // nil where deletions are not followed
	counters counters
	left     leftOut // records that cannot be delivered
}

// upperBound returns the server time. Responses that change later belong to the next
// read.
func (s *scope) upperBound() (at time.Time, known bool) { return s.env.Client.ServerTime() }

// from returns the beginning of the next window.
func (s *scope) from() time.Time {
	return time.Unix(s.position.Watermark, 0).Add(-s.env.Lookback)
}

// resync returns the time from which the survey is read again. It is not before the start
// date, because audits look at nothing before it.
func (s *scope) resync() time.Time {
	return reconcile.Later(s.env.Responses.Resync[string(s.survey)], time.Unix(s.floor, 0))
}

// resyncDue reports whether surveys.resync asks for a read that was not made yet.
func (s *scope) resyncDue() bool {
	resync := s.env.Responses.Resync[string(s.survey)]
	return !resync.IsZero() && resync.Unix() != s.position.Resynced
}

// startMovedBack reports whether the start date is earlier than in the previous run.
func (s *scope) startMovedBack() bool {
	return s.position.Floor != 0 && (s.env.Responses.Start.IsZero() || s.env.Responses.Start.Unix() < s.position.Floor)
}

// waited reports whether a look-back has passed since a moment, in epoch seconds.
func (s *scope) waited(since int64) bool { return reconcile.Waited(s.to, since, s.env.Lookback) }

// dayPassed reports whether the survey's own time of day lies between two moments. The
// hash of its id spreads the surveys evenly over the period of sweepEvery.
func (s *scope) dayPassed(since int64, now time.Time) bool {
	hash := fnv.New32a()
	_, _ = hash.Write([]byte(s.survey))
	every := int64(sweepEvery / time.Second)
	phase := int64(hash.Sum32()) % every
	return (since+phase)/every != (now.Unix()+phase)/every
}

// loadRows returns the number of rows in one window of a large first load.
func (s *scope) loadRows() int64 { return cmp.Or(s.env.Responses.LoadRows, 100_000) }

func (s *scope) unfinishedError(err error, format string, args ...any) error {
	return &feed.UnfinishedError{Survey: s.survey, Reason: fmt.Sprintf(format, args...), Err: err}
}
