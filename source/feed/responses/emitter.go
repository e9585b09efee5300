package responses

import (
	"cmp"
	"fmt"
	"time"

	"github.com/birdie-ai/source-qualtrics/source/feed"
	"github.com/birdie-ai/source-qualtrics/source/feed/reconcile"
	"github.com/birdie-ai/source-qualtrics/source/frame"
	"github.com/birdie-ai/source-qualtrics/source/response"
)

// emitter delivers the responses that were not delivered before.
type emitter struct {
	*scope
	state    *checkpointer
	window   *openWindow
	versions versions                          // of the file that is being delivered
	facts    func() (*feed.SurveyFacts, error) // about the survey, as far as streams need them
	leftOut  int                               // values of exports that arrived although the privacy settings leave them out
	// uploads downloads the uploaded files of a response, if a stream needs them.
	uploads func(*feed.SurveyFacts, *response.Response) (map[string]feed.Upload, error)
}

// process delivers a row unless it was delivered before.
func (e *emitter) process(row *response.Response, value frame.Value) error {
	row.Repaired, row.Shortened = value.Repaired, value.Shortened
	e.leftOut += row.LeftOut
	if e.versions.outdated(row.ID, row.ModifiedAt) {
		e.report.Suppressed++
		e.env.Log.Warn("an export lists an older version of a response after a newer one: it is left out", "survey", e.survey, "record", value.Number)
		return nil
	}
	suppressed, err := e.suppresses(row)
	if err != nil {
		return err
	}
	recorded := row.Time(response.RecordedDate)
	if !suppressed {
		if err := e.emit(row, time.Time{}); err != nil {
			return err
		}
		if !recorded.Before(time.Unix(e.position.Watermark, 0)) {
			if recorded.Before(e.to.Add(-e.env.Lookback)) {
				e.counters.arrived++
			}
		} else if e.report.Reason == feed.Window && recorded.Before(e.report.From) {
			e.report.Edited++
		}
	} else {
		e.report.Suppressed++
	}
	if e.tracker != nil {
		e.tracker.record(row.ID, e.versionDate(row.ModifiedAt, recorded), recorded)
	}
	return nil
}

// suppresses reports whether the row was delivered before, and is not delivered again. The hash
// of a row that a later window reads again is kept.
func (e *emitter) suppresses(row *response.Response) (bool, error) {
	date := row.ModifiedAt
	if date.IsZero() { // each window reads it again
		date = reconcile.Later(row.Time(response.RecordedDate), e.window.keepFrom)
	}
	delivered, err := e.state.rows.WasDelivered(row.ID, date, e.window.keepFrom, row.Canonical)
	switch {
	case err != nil:
		return false, fmt.Errorf("survey %s: hashing a response: %w", e.survey, err)
	case delivered:
		return true, nil
	}
	return false, e.state.forgetRows(row.ModifiedAt)
}

// emit passes a response to the streams. A date other than zero stands in for its modified
// date.
func (e *emitter) emit(row *response.Response, datedAt time.Time) error {
	facts, err := e.facts()
	if err != nil {
		return err
	}
	uploads, err := e.uploads(facts, row)
	if err != nil {
		return err
	}
	e.report.Delivered++
	return e.state.out.Document(&feed.Document{
		Partition: e.partition, ID: row.ID, Content: row, ReadAt: cmp.Or(e.to, e.env.Now()), DatedAt: datedAt, Survey: facts, Uploads: uploads,
	})
}

// versionDate returns the date of a version for the tracker. Without a modified date, it is
// the recorded date during a load, because the snapshot holds the response. In other reads it
// is the time of the read.
func (e *emitter) versionDate(modified, recorded time.Time) time.Time {
	switch {
	case !modified.IsZero():
		return modified
	case e.mode.isLoad():
		return recorded
	default:
		return reconcile.Later(e.to, reconcile.Later(recorded, e.tracker.since))
	}
}
