package responses

import (
	"context"
	"fmt"
	"time"

	"github.com/birdie-ai/source-qualtrics/source/feed"
	"github.com/birdie-ai/source-qualtrics/source/qualtrics"
)

var _ feed.Planner = Feed{}

// late is the delay of a daily export after which a survey is read before surveys that were
// read recently.
const late = 2 * time.Hour

// Plan returns the priority of a survey. It reads the counters of the survey unless the
// survey is dormant.
func (Feed) Plan(ctx context.Context, env *feed.Env, request feed.Request) feed.Plan {
	f := newSurveyFetch(env, request, nil)
	switch err := request.Understand(&f.position); {
	case request.Partition.Missing != nil, request.Partition.Left != "":
		return feed.Plan{Priority: feed.News} // it costs little, or is done once
	case err != nil:
		return feed.Plan{Priority: feed.News} // the read reports the error
	case exportsAll(env):
		return feed.Plan{Priority: feed.News}
	case f.position.Denied != 0:
		insisted := f.partition.Named || env.Selection.FailOnDenied
		if now, ok := env.Client.ServerTime(); ok && !insisted && !learnedBy(env).deniedAll && !f.dayPassed(f.position.Denied, now) {
			return feed.Plan{Priority: feed.None, Err: &feed.Skipped{Reason: fmt.Sprintf("survey %s may not be exported by this account; it is asked for once a day", f.partition)}}
		}
		return feed.Plan{Priority: feed.First}
	case f.position.Watermark == 0, f.position.Loading:
		if now, ok := env.Client.ServerTime(); ok && f.position.AttemptedAt != 0 && now.Sub(time.Unix(f.position.AttemptedAt, 0)) < sweepEvery {
			return feed.Plan{Priority: feed.Audit}
		}
		return feed.Plan{Priority: feed.First}
	}
	if f.schedule.dormant() {
		f.report.To, f.report.Reason = f.to, feed.Unchanged
		return feed.Plan{Priority: feed.None}
	}
	before := f.position.DormantSince
	f = newSurveyFetch(env, request, nil)
	if err := f.prepare(ctx, &request); err != nil {
		return feed.Plan{Priority: feed.None, Err: err}
	}
	if priority := f.schedule.priority(); priority != feed.None {
		if priority <= feed.News && f.names.defined {
			// It is read soon. The details of all other surveys would take much memory.
			f.learned.planned.Store(f.survey, plannedSurvey{f.names.detail, env.Clock()})
		}
		return feed.Plan{Priority: priority}
	}
	f.report.To, f.report.Reason = f.to, feed.Unchanged
	if f.position.DormantSince == before {
		return feed.Plan{Priority: feed.None}
	}
	position, err := f.state.encode()
	return feed.Plan{Priority: feed.None, Position: position, Err: err}
}

// priority returns the priority of a survey by its counters and its position.
func (s *schedule) priority() feed.Priority {
	p := &s.position
	since := s.to.Sub(time.Unix(p.Watermark, 0))
	switch {
	case p.Watermark == 0: // a watermark in the future was dropped
		return feed.First
	case s.resyncDue(), s.startMovedBack(), s.names.renamed, s.to.IsZero():
		return feed.News
	case s.idle() && !s.hasSingles():
		return feed.None
	case s.counters.change == moved:
		return feed.News
	case since >= sweepEvery+late:
		return feed.Overdue
	case s.hasSingles(), p.Changed != 0, p.Untrusted, s.counters.change == unreadable:
		return feed.Recheck
	case s.dailyExportDue():
		return feed.Sweep
	default:
		return feed.Audit
	}
}

// dormant reports whether a survey can be left unread without a call. It took no responses
// when its counters were read last, was not modified since, and has no other reason for an
// export. Reading the counters means reading the whole definition.
func (s *schedule) dormant() bool {
	survey := s.partition.Survey
	if survey == nil || !s.position.dormantSince(survey) {
		return false
	}
	to, ok := s.env.Client.ServerTime()
	if !ok {
		return false
	}
	s.to = to
	if s.env.AuditEvery > 0 {
		var err error
		if s.tracker, err = newTracker(s.position.Tracker, s.env.SurveyCount()); err != nil {
			return false
		}
	}
	return !s.resyncDue() && !s.startMovedBack() && s.idle() && !s.hasSingles()
}

func (p *surveyPosition) dormantSince(survey *qualtrics.Survey) bool {
	return survey.Inactive() && !survey.LastModified.IsZero() && p.DormantSince == survey.LastModified.Unix()
}

// hasSingles reports whether single responses have to be read by their own calls.
func (s *schedule) hasSingles() bool {
	if s.tracker == nil {
		return false
	}
	return len(s.tracker.inFlight)+len(s.tracker.Ripe(s.to, s.env.Lookback)) > 0
}
