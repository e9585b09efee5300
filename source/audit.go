package source

import (
	"context"
	"encoding/json"
	"errors"
	"time"

	"github.com/birdie-ai/source-qualtrics/source/feed"
	"github.com/birdie-ai/source-qualtrics/source/qualtrics"
)

// partitionRun is what a run does with one partition.
type partitionRun struct {
	report  feed.Report
	tally   qualtrics.Tally
	planned time.Duration // what the plan took
	begun   time.Time
	err     error // the first one
}

// tallied counts what is done under a context.
func (r *partitionRun) tallied(ctx context.Context) context.Context {
	return qualtrics.WithTally(ctx, &r.tally)
}

func (r *partitionRun) ended(err error) {
	if r.err == nil {
		r.err = err
	}
}

// auditors are the selected streams of what the run itself did.
func (e *engine) auditors() (auditors []*selected) {
	for _, s := range e.streams {
		if s.stream.Feed == feed.SyncAudit {
			auditors = append(auditors, s)
		}
	}
	return auditors
}

// audit tells the auditors what became of a survey.
func (e *engine) audit(ctx context.Context, partition feed.Partition, run *partitionRun) {
	auditors := e.auditors()
	if len(auditors) == 0 || partition.Kind != feed.Responses || ctx.Err() != nil {
		return
	}
	done := &feed.SurveyRun{
		Report: run.report, Run: e.runID, Result: "complete", Calls: run.tally.Calls(), Waited: run.tally.Waited(), Took: run.planned + time.Since(run.begun),
	}
	var skipped *feed.Skipped
	switch {
	case errors.As(run.err, &skipped) && skipped.Gone:
		done.Result = "gone"
	case errors.As(run.err, &skipped):
		done.Result = "no_access"
	case run.err != nil:
		done.Result, done.Problem = "incomplete", e.failure(run.err).Message
	}
	if done.Result != "complete" || done.Reason == feed.Unchanged {
		done.To = time.Time{} // nothing is promised
	}
	out := &partitionOut{engine: e, partition: partition, streams: auditors}
	err := guard(func() error {
		return out.Document(&feed.Document{Partition: partition, ID: partition.Key, Content: done, ReadAt: e.env.Now()})
	})
	if err != nil {
		e.fail(auditors, partition, err)
	}
}

// endAudit ends the auditors: they are complete whatever they tell of.
func (e *engine) endAudit(ctx context.Context) {
	auditors := e.auditors()
	if len(auditors) == 0 || ctx.Err() != nil {
		return
	}
	e.mu.Lock()
	for _, s := range auditors {
		position, _ := json.Marshal(map[string]string{"run": e.runID})
		s.state.Partitions[""], s.dirty = position, true
	}
	e.mu.Unlock()
	e.complete(auditors)
}
